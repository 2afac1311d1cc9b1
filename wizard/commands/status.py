"""`status`: what is set up, what is left, which deploy surface still lacks what. Asks nobody, uses no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard.answers import name_of
from wizard.commands.choices import Choices
from wizard.commands.choose_apps import choose_apps, found_apps
from wizard.commands.report import as_json as print_json
from wizard.commands.report import moment, show_finding
from wizard.commands.show_verdicts import TITLES
from wizard.commands.typed import line, place
from wizard.console import Console
from wizard.errors import Exit
from wizard.status import AppStatus, last_applied, statuses
from wizard.workspace import list_tree

_STATES = {"set_up": "PostHog is set up", "incomplete": "PostHog is set up in part", "absent": "PostHog is not set up"}


class StatusSettings:
    """The command line of `status`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.directory: Path = options["directory"]
        self.as_json: bool = options["as_json"]
        self.named = bool(options["target"] or options["framework"])
        self.choices = Choices(
            directory=self.directory,
            ci=True,
            framework=options["framework"],
            target=options["target"],
            token_required=False,
        )


def status(settings: StatusSettings) -> int:
    """Look at every app; exit 3 when something is known to be left, 0 when not."""
    console = Console(quiet=settings.as_json)
    tree = list_tree(settings.directory)
    apps = choose_apps(tree, settings.choices) if settings.named else found_apps(tree)
    found = statuses(tree, apps, named=settings.named, place=place(settings.directory))
    code = Exit.INCOMPLETE if any(app.remaining for app in found) else Exit.OK
    applied = last_applied(tree)
    if settings.as_json:
        undo = {"time": applied.time, "files": [f.path for f in applied.files]} if applied else None
        report = {"schema": 1, "status": "incomplete" if code else "done", "exit_code": int(code)}
        print_json(console, {**report, "apps": [app.to_json() for app in found], "undo": undo})
        return code
    for app in found:
        name = name_of(app.app, apps)
        _show(console, app, line(settings.directory, "verify", names=[] if name == "." else [name]))
    console.say()
    if any(finding.state == "unseen" for app in found for finding in app.deploy):
        console.say("? is kept where it cannot be seen from here: set it there once.", "dim")
    left = sum(len(app.remaining) for app in found)
    console.say(
        f"{left} thing{'' if left == 1 else 's'} left to do." if left else "Nothing is left to do here.", "bold"
    )
    if applied:
        console.raw(f"Set up {moment(applied.time)}. Take it back: {line(settings.directory, 'undo')}")
    return code


def _show(console: Console, app: AppStatus, verify: str) -> None:
    console.head(f"{app.app.framework.name} in {app.app.path}: {_STATES[app.state]}")
    for step in app.steps:
        if step.kind == "deploy":
            continue
        mark, style = ("+", "green") if step.done else ("!", "bold yellow") if app.counts else ("-", "dim")
        # what is to be set up is in the title above, and nothing stands behind a command
        where = f"  [{step.where}]" if step.where and step.kind != "setup" else ""
        console.item(mark, step.title + where, style)
    if app.deploy:
        console.say()
    for finding in app.deploy:
        show_finding(console, finding)
    if app.state != "absent":
        _show_verified(console, app, verify)


def _show_verified(console: Console, app: AppStatus, verify: str) -> None:
    verified = app.verified
    console.say()
    if verified is None:
        console.raw(f"Never verified on this machine: {verify}")
        return
    console.say(f"Verified {moment(verified.time)}:")
    for link, status, reason in verified.links:
        mark, style = {"passed": ("+", "green"), "failed": ("!", "bold yellow")}.get(status, ("-", "dim"))
        console.item(mark, f"{next((title for name, title in TITLES.items() if name == link), link)}: {reason}", style)
