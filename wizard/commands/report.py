"""What a run says about apps and plans, in words and as JSON."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wizard.console import Console

if TYPE_CHECKING:  # what detects needs no plan
    from wizard.apps import App
    from wizard.deploy.surface import Finding
    from wizard.packages.command import Command
    from wizard.plan import Plan


def as_json(console: Console, report: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    console.data((json.dumps(report, indent=2) + "\n").encode())


def show_apps(console: Console, apps: Iterable[App]) -> None:
    """What was detected and why."""
    for app in apps:
        version = f" {app.version}" if app.version else ""
        variant = f" ({app.variant})" if app.variant else ""
        console.item("*", f"{app.framework.name}{version}{variant} in {app.path}", "bold green")
        for evidence in app.evidence:
            console.item(" ", evidence.reason, "dim")


def show_plan(console: Console, plan: Plan, title: str = "Plan") -> None:
    """All that is to be agreed on: the diff, the install commands, the manual steps and the notes, and its size."""
    console.head(title)
    console.diff(plan.shown())
    show_rest(console, plan)
    console.say()
    console.say(summary(plan), "bold")


def show_rest(console: Console, plan: Plan) -> None:
    """All of a plan but its diff."""
    if plan.installs:
        console.head("Then runs")
        for call, where in calls(plan.installs):
            console.raw(f"  {call}{where}")
        if any(command.is_first for command in plan.installs):
            console.say("Nothing is installed here yet: this brings all packages, not just the new ones.", "dim")
    show_left_out(console, plan)
    if plan.manual:
        console.head(f"Left to you: {len(by_hand(plan))}")
        for (title, body), places in by_hand(plan).items():
            console.item("!", title + (f"  [{', '.join(places)}]" if places else ""), "bold yellow")
            console.say()
            for line in body.splitlines():
                console.raw("      " + line)
            console.say()
    show_deploy(console, plan)
    if plan.notes:
        console.head("Good to know")
    for (title, body), names in _remarks(plan).items():
        about = f"{', '.join(names)}: " if len(names) < len(plan.apps) else ""
        console.item("-", about + title)
        for line in body.splitlines():
            console.raw("      " + line)


def _remarks(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """The notes, `(title, body)`, each once with the names of the apps that it is about."""
    from wizard.answers import name_of

    apps = [planned.app for planned in plan.apps]
    found: dict[tuple[str, str], list[str]] = {}
    for planned in plan.apps:
        for note in planned.notes:
            names = found.setdefault((note.title, note.body), [])
            names += [name for name in [name_of(planned.app, apps)] if name not in names]
    return found


def by_hand(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """The manual steps, `(title, body)`, each once with the places it is for: several apps often need the same."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in plan.manual:
        places = found.setdefault((step.title, step.body), [])
        places += [step.where] if step.where else []
    return found


def show_deploy(console: Console, plan: Plan) -> None:
    """Where else the apps are built or run, and what is to be done there: no part of the set-up of this machine."""
    if not plan.deploy:
        return
    console.head("Where it is deployed")
    for finding in plan.deploy:
        show_finding(console, finding)


def show_finding(console: Console, finding: Finding) -> None:
    """One deploy surface: what it lacks, and the lines that mend it."""
    from wizard.deploy.surface import lacking

    lack = lacking(finding.variables)
    where = f"{finding.title} [{finding.where}]"
    if not lack:
        console.item("+", f"{where}: has {', '.join(v.name for v in finding.variables)}")
        return
    verb = "lacks" if finding.state == "missing" else "needs"
    console.item("!" if finding.state == "missing" else "?", f"{where} {verb} {', '.join(lack)}", "yellow")
    for line in finding.how:
        console.raw("      " + line)
    if finding.then:
        console.item(" ", finding.then, "dim")


def show_left_out(console: Console, plan: Plan) -> None:
    """The edits that were not chosen, and by what."""
    if not plan.left_out:
        return
    console.head(f"Left out: {len(plan.left_out)}")
    for edit in plan.left_out:
        console.item("-", f"{edit.id} ({edit.reason})")
    if any(edit.reason == "refused earlier" for edit in plan.left_out):
        console.item(" ", "--reconsider offers what was refused earlier again")


def moment(time: str) -> str:
    """`2026-11-21 11:57 UTC` of an ISO 8601 time in UTC, which is how times are kept."""
    return f"{time[:10]} {time[11:16]} UTC"


def calls(commands: Iterable[Command], directory: str = ".") -> list[tuple[str, str]]:
    """The package manager's calls as one would type them, each with where to run it (empty for here).

    `directory` is the root as the user called it.
    """
    found = []
    for command in commands:
        cwd = os.path.normpath(f"{directory}/{command.cwd}")
        where = f"  (in {cwd})" if cwd != "." else ""
        found += [(shlex.join(argv), where) for argv in command.calls]
    return found


def summary(plan: Plan) -> str:
    """`3 files, +14 -0`."""
    added, removed = plan.altered()
    count = len(plan.files)
    return f"{count} file{'s' if count != 1 else ''}, +{added} -{removed} lines"
