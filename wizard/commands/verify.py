"""`verify`: three links of the chain, each with its own verdict."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from wizard.answers import Answers
from wizard.apps import App
from wizard.commands.choose import Choices, choose_answers, choose_apps
from wizard.commands.report import as_json, show_apps
from wizard.console import Console
from wizard.emits import Emission, emits
from wizard.errors import Exit, WizardError
from wizard.registry import load_launch
from wizard.verify import Verdict, exit_code, to_json
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
            framework=options["framework"],
            target=options["target"],
            replace_token=True,
        )


def verify(settings: VerifySettings) -> int:
    """Check every app; exit 4 when a link failed or nothing was confirmed."""
    console = Console(quiet=settings.as_json)
    tree = list_tree(settings.choices.directory)
    apps = choose_apps(tree, settings.choices, console)
    show_apps(console, apps)
    answers = choose_answers(apps, settings.choices, console)
    checked = check_apps(apps, answers, console, settings.choices.may_ask, settings.timeout)
    show(console, checked)
    code = worst(checked)
    if settings.as_json:
        status = "unverified" if code else "verified"
        report = {"schema": 1, "status": status, "exit_code": int(code), "verification": links(checked)}
        as_json(console, report)
    return code


def check_apps(
    apps: Sequence[App], answers: Answers, console: Console, may_ask: bool, timeout: float = 60.0
) -> Checked:
    """The verdicts for each app; `timeout` is the limit for its start and its event, in seconds."""
    console.head("Verifying")
    return [
        (
            app.path,
            check(
                answers.token,
                answers.hosts,
                _starter(app, answers, console, may_ask, timeout),
                env=os.environ,
                say=console.progress,
                host_read=answers.host_read,
            ),
        )
        for app in apps
    ]


def _starter(
    app: App, answers: Answers, console: Console, may_ask: bool, timeout: float
) -> Callable[[], Emission] | str:
    """What starts the app, or the reason why nothing can."""
    names = app.framework.names(app.project)
    try:
        launch = load_launch(app.id)(app.project, _free_port())
    except WizardError as error:
        return f"{error.message}. {error.hint}" if error.hint else error.message
    return partial(
        emits,
        app.project.root,
        launch,
        app.framework.runtime,
        {names.token: answers.token or "phc_verify"},
        host_variables=(names.host,),
        say=console.progress,
        timeout=timeout,
        open_by_user=may_ask,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def links(checked: Checked) -> list[dict[str, Any]]:
    """All verdicts as JSON data, each with the path of its app."""
    return [{"path": path, **verdict} for path, verdicts in checked for verdict in to_json(verdicts)]


def worst(checked: Checked) -> Exit:
    """The exit code of the app that is worst off."""
    return max((exit_code(verdicts) for _, verdicts in checked), default=Exit.OK)


def show(console: Console, checked: Checked) -> None:
    """One row per link, and what to do about those that are not proven."""
    marks = {"passed": ("+", "bold green"), "failed": ("x", "bold red"), "skipped": ("-", "dim")}
    titles = {"token": "Token and host", "app": "The app's own code", "readable": "Event in the project"}
    for path, verdicts in checked:
        for verdict in verdicts:
            mark, style = marks[verdict.status]
            where = "" if path == "." else f"{path}: "
            console.item(mark, f"{where}{titles[verdict.link]}: {verdict.status}. {verdict.reason}", style)
            if hint := verdict.detail.get("hint"):
                console.item(" ", str(hint), "dim")
            if verdict.detail.get("warning"):
                console.item(" ", str(verdict.detail["warning"]), "yellow")
