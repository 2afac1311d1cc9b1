"""`detect`: which apps are here, why, and what of PostHog they have."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizard.apps import App, Ignored, find_apps
from wizard.commands.report import as_json as print_json
from wizard.commands.report import show_apps
from wizard.console import Console
from wizard.errors import Exit, UsageError
from wizard.existing import existing
from wizard.packages import family
from wizard.workspace import list_tree

_STATES = {"absent": "PostHog is not set up", "partial": "PostHog is set up in part", "installed": "PostHog is set up"}
_NAMED = 6
"""How many of the directories that share a reason are named at most."""


def detect(directory: Path, as_json: bool) -> int:
    """Print what was found; exit 1 when there is no app."""
    console = Console(quiet=as_json)
    tree = list_tree(directory)
    found = find_apps(tree)
    if as_json:
        report = {
            "schema": 1,
            "root": str(tree.root),
            "apps": [describe(app) for app in found.apps],
            "ignored": [{"path": i.path, "reason": i.reason} for i in found.ignored],
            "workspaces": [{"path": w.path, "kind": w.kind, "members": list(w.members)} for w in found.workspaces],
        }
        print_json(console, report)
        return Exit.OK if found.apps else Exit.REFUSED
    states = [existing(app.project, app.framework.language) for app in found.apps]
    for app, state in zip(found.apps, states, strict=True):
        show_apps(console, [app])
        console.item(" ", f"{app.role.kind}: {app.role.reason}")
        if beside := [other.framework.name for other in found.apps if other.path == app.path and other.id != app.id]:
            console.item(" ", f"in the same directory as {' and '.join(beside)}: each is set up for itself")
        console.item(" ", _STATES[state.state])
        for line in state.evidence:
            console.item(" ", f"  {line}", "dim")
    if found.workspaces:
        console.head("Workspaces")
    for workspace in found.workspaces:
        # turbo.json names none: they are those of the package manager
        members = f", {_count(len(workspace.members), 'member')}" if workspace.members else ""
        console.item("-", f"{workspace.path}: {workspace.kind}{members}", "dim")
    show_ignored(console, found.ignored)
    if found.apps:
        console.say()
        done = all(state.state == "installed" for state in states)
        command = "Check events: posthog-wizard verify" if done else "Set it up: posthog-wizard"
        console.raw(command + ("" if str(directory) == "." else f" {shlex.quote(str(directory))}"))
    else:
        console.say()
        console.say("No app that the wizard supports. See: posthog-wizard frameworks")
    return Exit.OK if found.apps else Exit.REFUSED


def show_ignored(console: Console, ignored: Sequence[Ignored]) -> None:
    """Which directories are no apps to set up, those with the same reason together, a few of many by name."""
    groups: dict[str, list[str]] = {}
    for each in ignored:
        groups.setdefault(each.reason, []).append(each.path)
    if groups:
        console.head(f"Left alone: {_count(len(ignored), 'directory')}")
    for reason, paths in groups.items():
        if len(paths) == 1:
            console.item("-", f"{paths[0]}: {reason}", "dim")
            continue
        shown = paths if len(paths) <= _NAMED + 1 else paths[:_NAMED]
        more = f", and {len(paths) - len(shown)} more" if len(shown) < len(paths) else ""
        console.item("-", f"{len(paths)} x {reason}", "dim")
        console.item(" ", f"{', '.join(shown)}{more}", "dim")
    if any(len(paths) > _NAMED + 1 for paths in groups.values()):
        console.say("  All of them: posthog-wizard detect --json", "dim")


def _count(number: int, of: str) -> str:
    return f"1 {of}" if number == 1 else f"{number} {of.removesuffix('y') + 'ies' if of.endswith('y') else of + 's'}"


def describe(app: App) -> dict[str, Any]:
    """One app of the `detect --json` contract."""
    state = existing(app.project, app.framework.language)
    return {
        "path": app.path,
        "framework": app.id,
        "variant": app.variant,
        "role": {"kind": app.role.kind, "reason": app.role.reason},
        "language": app.framework.language,
        "version": app.version,
        "package_manager": manager_name(app),
        "evidence": [{"strength": e.strength.name.lower(), "reason": e.reason} for e in app.evidence],
        "posthog": {"state": state.state, "evidence": list(state.evidence)},
    }


def manager_name(app: App) -> str | None:
    """The app's package manager, or None when it is ambiguous."""
    try:
        return family(app.framework.language).manager_name(app.project, None)
    except UsageError:
        return None
