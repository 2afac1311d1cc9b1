"""What to do after a run: the next steps of each app as it is on disk now, and how they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.answers import Key, key, name_of
from wizard.apps import App
from wizard.console import Console
from wizard.deploy.map import deploy_map
from wizard.deploy.surface import lacking
from wizard.errors import WizardError
from wizard.next_steps import Step, next_steps
from wizard.project import Project
from wizard.workspace import candidates, list_tree

_SHOWN = 3

Typed = Callable[[Sequence[str], Sequence[App]], str]
"""The words of a command as they are typed for these apps."""


@dataclass(frozen=True, slots=True)
class Todo:
    """A step of an app that is called `name`; `lines` are its code, or its command for this app alone."""

    app: App
    name: str
    step: Step
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The step as JSON data."""
        return {
            "path": self.app.path,
            "framework": self.app.id,
            "id": self.step.id,
            "title": self.step.title,
            "lines": list(self.lines),
            "where": self.step.where or None,
            "docs": self.step.docs or None,
        }


def steps_after(apps: Sequence[App], typed: Typed, *, proven: Collection[Key]) -> list[Todo]:
    """For each app as it is now, `proven` or not. A file that cannot be read ends no run that is done."""
    found = []
    for planned in apps:
        try:
            tree = list_tree(planned.project.tree.root)
            project = next((p for p in candidates(tree) if p.path == planned.path), Project(tree, planned.path))
            app = App(project, planned.id, planned.evidence)
            for step in next_steps(app, verified=key(app) in proven, lacking=_not_deployed(app)):
                lines = (typed(step.command, [app]),) if step.command else step.lines
                found.append(Todo(app, name_of(app, apps), step, lines))
        except WizardError:
            continue
    return found


def _not_deployed(app: App) -> list[str]:
    """The variables that some place where the app is built or run has not, for all that can be seen."""
    names = app.framework.names(app.project)
    surfaces = deploy_map(app.project, (names.token, names.host), app.framework)
    return [name for surface in surfaces for name in lacking(surface.variables)]


def _grouped(todos: Sequence[Todo]) -> list[tuple[Step, list[Todo]]]:
    """Each step once, with all apps that it is for."""
    grouped: dict[Step, list[Todo]] = {}
    counted: Counter[Key] = Counter()
    for todo in todos:
        counted[key(todo.app)] += 1
        if counted[key(todo.app)] <= _SHOWN:
            grouped.setdefault(replace(todo.step, where=""), []).append(todo)
    return list(grouped.items())


def show_steps(console: Console, todos: Sequence[Todo], typed: Typed) -> None:
    """What to do next: the title, the exact lines, the page about it; what is the same for several apps once.

    The first three of each app: what comes after them can wait, and is in the JSON report.
    """
    if not todos:
        return
    console.head("What to do next")
    everywhere = {todo.name for todo in todos}
    for step, its in _grouped(todos):
        names = list(dict.fromkeys(todo.name for todo in its))
        places = ", ".join(todo.step.where for todo in its if todo.step.where)
        where = f"  [{places}]" if places else ""
        console.item(">", ("" if everywhere == set(names) else f"{', '.join(names)}: ") + step.title + where)
        for line in [typed(step.command, [todo.app for todo in its])] if step.command else step.lines:
            console.raw(f"      {line}".rstrip())
        if step.docs:
            console.raw(f"    {step.docs}")
