"""`dashboard`: one starter dashboard for each app, from the events that it sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard.answers import name_of
from wizard.apps import App
from wizard.commands.about_app import choices_of
from wizard.commands.choose import choose
from wizard.commands.choose_apps import Picked, choose_app, pick_apps
from wizard.commands.choose_project import Chosen
from wizard.commands.reached import Reached, reach
from wizard.commands.report import as_json, show_apps
from wizard.commands.typed import line
from wizard.console import Console
from wizard.dashboard import Outcome, create_for
from wizard.errors import Exit, WizardError
from wizard.next_steps import first_event
from wizard.workspace import list_tree

_CODES = {"created": Exit.OK, "found": Exit.OK, "incomplete": Exit.INCOMPLETE}


class DashboardSettings:
    """The command line of `dashboard`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.as_json: bool = options["as_json"]
        self.recreate: bool = options["recreate"]
        self.choices = choices_of(options)


def dashboard(settings: DashboardSettings) -> int:
    """Make or find the dashboards. Exit 3 when a chart lacks, 1 when there is none: deleted, or nothing to show."""
    console = Console(quiet=settings.as_json)
    choices = settings.choices
    tree = list_tree(choices.directory)
    picked = pick_apps(tree, choices)
    show_apps(console, picked.apps)
    projects = choose(picked.apps, choices, console).projects
    reached = [_reach(project, console, choices.may_ask) for project in projects]
    console.head("Dashboard")
    made: Made = []
    for project, there in zip(projects, reached, strict=True):
        token = project.answers.token
        chosen = replace(picked, apps=project.apps, names=picked.called(project.apps))
        made += make(
            choices.directory, chosen, token, there, console, may_ask=choices.may_ask, recreate=settings.recreate
        )
    code = max(_CODES.get(outcome.status, Exit.REFUSED) for _, outcome in made)
    if settings.as_json:
        report = {"schema": 1, "status": _worst(made), "exit_code": int(code), "dashboards": to_json(made)}
        as_json(console, report)
    return code


Made = list[tuple[App, Outcome]]


def _reach(project: Chosen, console: Console, may_ask: bool) -> Reached:
    if project.connection is not None:
        return Reached(project.connection.access, project.connection.project.id)
    return reach(project.answers, project.number, console, may_ask=may_ask, what="the dashboard")


def make(
    directory: Path,
    picked: Picked,
    token: str | None,
    reached: Reached,
    console: Console,
    *,
    may_ask: bool = False,
    recreate: bool = False,
) -> Made:
    """The dashboards of apps as they are on disk now, and what is worth saying about each."""
    access = reached.access
    made = []
    for app in picked.apps:
        if len(picked.apps) > 1:
            console.say(name_of(app, picked.apps), "bold")
        outcome = create_for(app, access, reached.project, token=token, say=console.progress, recreate=recreate)
        if outcome.status == "deleted" and may_ask and _again(outcome):
            outcome = create_for(app, access, reached.project, token=token, say=console.progress, recreate=True)
        show(console, app, outcome, line(directory, "dashboard", names=picked.called([app])))
        made.append((app, outcome))
    return made


def after_setup(
    directory: Path, picked: Picked, projects: Sequence[Chosen], console: Console, *, may_ask: bool
) -> list[dict[str, Any]]:
    """What `setup --dashboard` does once the files are written: never a failure of the set-up, which is done.

    Gives the `dashboards` of the JSON report.
    """
    tree = list_tree(directory)
    console.head("Dashboard")
    found: list[dict[str, Any]] = []
    for project in projects:
        now = tuple(choose_app(tree, app.id, app.path) for app in project.apps)
        chosen = Picked(now, picked.called(now))
        try:
            reached = _reach(project, console, may_ask)
            found += to_json(make(directory, chosen, project.answers.token, reached, console, may_ask=may_ask))
        except WizardError as error:
            console.item("!", f"No dashboard was made: {error.message}", "bold yellow")
            if error.hint:
                console.item(" ", error.hint)
            console.raw("    Then: " + line(directory, "dashboard", names=chosen.names))
            found += [
                {"path": app.path, "framework": app.id, "status": "failed", "reason": error.message}
                for app in project.apps
            ]
    return found


def to_json(made: Made) -> list[dict[str, Any]]:
    """The dashboards as JSON data, each with the path and the framework of its app."""
    return [{"path": app.path, "framework": app.id, **outcome.to_json()} for app, outcome in made]


def _worst(made: Made) -> str:
    order = ("found", "created", "nothing", "deleted", "incomplete")
    return max((outcome.status for _, outcome in made), key=order.index)


def _again(outcome: Outcome) -> bool:
    from wizard import prompts

    return prompts.confirm(f"Somebody deleted {outcome.name!r}. Make it again? (--recreate)", default=False)


def show(console: Console, app: App, outcome: Outcome, again: str = "posthog-wizard dashboard") -> None:
    """What was made, what lacks and why, and which charts wait for which event. `again` is the command for this app."""
    match outcome.status:
        case "nothing":
            step = first_event(app)
            console.item("!", "No dashboard: the app sends no event yet that a chart could show.", "bold yellow")
            console.item(" ", f"{step.title}:")
            for code in step.lines:
                console.raw(f"      {code}")
            console.raw(f"    Then: {again}")
            return
        case "deleted":
            console.item("!", f"Somebody deleted {outcome.name!r}: it was not made again.", "bold yellow")
            console.raw(f"    To have it back: {again} --recreate")
            return
        case "created":
            console.item("+", f"Made {outcome.name!r} with {_count(len(outcome.created))}.", "bold green")
        case "found" if outcome.created:
            console.item("+", f"Added to {outcome.name!r}: {', '.join(outcome.created)}.", "bold green")
        case "found":
            console.item("+", f"{outcome.name!r} is there; nothing was changed.", "bold green")
        case "incomplete":
            done = f"{_count(len(outcome.created))} made" + (f", {len(outcome.kept)} there" if outcome.kept else "")
            console.item("!", f"{outcome.name!r} is not complete: {done}.", "bold yellow")
    console.raw(f"    {outcome.url}")
    for name, reason in outcome.missing:
        console.item("-", f"{name} was not made: {reason}", "yellow")
    if outcome.failure is not None and outcome.failure.hint:
        console.item(" ", outcome.failure.hint)
    if outcome.status == "incomplete":
        console.raw(f"    What is there stays; to go on: {again}")
    if outcome.removed:
        console.item("-", f"Taken off by somebody, and left so: {', '.join(outcome.removed)} (--recreate adds them)")
    for event in dict.fromkeys(event for _, events in outcome.waiting for event in events):
        charts = [name for name, events in outcome.waiting if event in events]
        console.item("-", f"{event} has not arrived yet: {', '.join(charts)} will fill once it does.", "dim")
    for remark in outcome.remarks:
        console.item("-", remark, "dim")


def _count(number: int) -> str:
    return f"{number} chart{'' if number == 1 else 's'}"
