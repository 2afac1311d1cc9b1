"""What to do after a run: the next steps of each app as it is on disk now, and how they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from wizard.apps import App
from wizard.console import Console
from wizard.deploy.map import deploy_map
from wizard.deploy.surface import lacking
from wizard.errors import WizardError
from wizard.next_steps import Step, next_steps
from wizard.project import Project
from wizard.workspace import candidates, list_tree

_SHOWN = 3


def steps_after(apps: Sequence[App], place: str, *, verified: bool) -> list[tuple[str, Step]]:
    """For each app, with its path; `place` is the directory as commands take it, with a blank in front.

    A file that cannot be read ends no run that is done.
    """
    found = []
    for planned in apps:
        try:
            tree = list_tree(planned.project.tree.root)
            project = next((p for p in candidates(tree) if p.path == planned.path), Project(tree, planned.path))
            app = App(project, planned.id, planned.evidence)
            steps = next_steps(app, verified=verified, place=place, lacking=_not_deployed(app))
            found += [(app.path, step) for step in steps]
        except WizardError:
            continue
    return found


def _not_deployed(app: App) -> list[str]:
    """The variables that some place where the app is built or run has not, for all that can be seen."""
    names = app.framework.names(app.project)
    surfaces = deploy_map(app.project, (names.token, names.host), app.framework)
    return [name for surface in surfaces for name in lacking(surface.variables)]


def _grouped(steps: Sequence[tuple[str, Step]]) -> list[tuple[Step, dict[str, str]]]:
    """Each step once, with the apps it is for and where it belongs there."""
    grouped: dict[Step, dict[str, str]] = {}
    counted: Counter[str] = Counter()
    for path, step in steps:
        counted[path] += 1
        if counted[path] <= _SHOWN:
            grouped.setdefault(replace(step, where=""), {})[path] = step.where
    return list(grouped.items())


def show_steps(console: Console, steps: Sequence[tuple[str, Step]]) -> None:
    """What to do next: the title, the exact lines, the page about it; what is the same for several apps once.

    The first three of each app: what comes after them can wait, and is in the JSON report.
    """
    if not steps:
        return
    console.head("What to do next")
    everywhere = {path for path, _ in steps}
    for step, places in _grouped(steps):
        where = f"  [{', '.join(filter(None, places.values()))}]" if any(places.values()) else ""
        console.item(">", ("" if everywhere == places.keys() else f"{', '.join(places)}: ") + step.title + where)
        for line in step.lines:
            console.raw(f"      {line}".rstrip())
        if step.docs:
            console.raw(f"    {step.docs}")
