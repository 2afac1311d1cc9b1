"""`verify`: three links of the chain, each with its own verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from wizard import environment
from wizard.apps import App
from wizard.commands.choose import Choices, choose_answers, choose_apps
from wizard.commands.report import as_json, show_apps
from wizard.console import Console
from wizard.posthog.hosts import Hosts
from wizard.verify import Target, Verdict, exit_code, to_json
from wizard.verify import verify as check
from wizard.workspace import list_tree

Checked = list[tuple[str, tuple[Verdict, ...]]]


class VerifySettings:
    """The command line of `verify`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.as_json: bool = options["as_json"]
        self.timeout: float = options["timeout"]
        self.choices = Choices(
            directory=options["directory"],
            ci=options["ci"] or options["as_json"],
            token=options["token"],
            region=options["region"],
            host=options["host"],
            target=options["target"],
            replace_token=True,
        )


def verify(settings: VerifySettings) -> int:
    """Check every app; exit 4 when a link failed or the chain was not confirmed."""
    console = Console(quiet=settings.as_json)
    tree = list_tree(settings.choices.directory)
    apps = choose_apps(tree, settings.choices, console)
    show_apps(console, apps)
    answers = choose_answers(apps, settings.choices, console)
    may_ask = settings.choices.may_ask
    checked = check_apps(apps, answers.token or "", answers.hosts, console, may_ask, settings.timeout)
    show(console, checked)
    code = max((exit_code(found) for _, found in checked), default=0)
    if settings.as_json:
        links = [{"path": path, **v} for path, found in checked for v in to_json(found)]
        report = {"schema": 1, "status": "unverified" if code else "verified", "exit_code": code, "verification": links}
        as_json(console, report)
    return code


def check_apps(
    apps: Sequence[App], token: str, hosts: Hosts, console: Console, may_ask: bool, timeout: float = 60.0
) -> Checked:
    """The verdicts for each app."""
    console.head("Verifying")
    key = os.environ.get("POSTHOG_WIZARD_PERSONAL_KEY") or os.environ.get("POSTHOG_PERSONAL_API_KEY")
    out: Checked = []
    for app in apps:
        names = environment.names(app.project, app.framework.env_prefix)
        target = Target(app.id, app.project, app.framework.runtime, names.token, (names.host,))
        out.append((app.path, check(target, token, hosts, key, console.progress, open_by_user=may_ask, timeout=timeout)))
    return out


def show(console: Console, checked: Checked) -> None:
    """One row per link."""
    marks = {"passed": ("+", "bold green"), "failed": ("x", "bold red"), "skipped": ("-", "dim")}
    titles = {"token": "token and host", "app": "the app's own code", "readable": "event in the project"}
    for path, verdicts in checked:
        for verdict in verdicts:
            mark, style = marks[verdict.status]
            where = "" if path == "." else f"{path}: "
            console.item(mark, f"{where}{titles[verdict.link]}: {verdict.status}. {verdict.reason}", style)
