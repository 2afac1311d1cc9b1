"""What starts an app for its proof, or the reason why nothing can."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from wizard.answers import Answers
from wizard.apps import App
from wizard.console import Console
from wizard.emits import Emission, commands, emits
from wizard.emits.chrome import find_chrome
from wizard.emits.expected import Expected, expected, file_value, prefix_of
from wizard.errors import UsageError, WizardError
from wizard.framework import Launch
from wizard.registry import load_launch


def starter(
    app: App,
    answers: Answers,
    console: Console,
    may_ask: bool,
    timeout: float,
    command: str | None = None,
    url: str | None = None,
) -> Callable[[], Emission] | str:
    """What starts the app, or the reason why nothing can.

    `command` and `url` are the user's own words (`--app-command`, `--app-url`). The app runs with its own variables:
    that they are there is part of what is proven. Raises UsageError for a command or URL that means nothing.
    """
    try:
        launch = _launch(app, console, command, url)
    except UsageError:
        raise
    except WizardError as error:
        return f"{error.message}. {error.hint}" if error.hint else error.message
    runtime = app.framework.runtime
    asks = _expected(app, answers)
    return partial(
        emits,
        app.project.root,
        launch,
        runtime,
        _variables(app) if runtime == "server" else {},
        host_variables=asks.host_variables,
        say=console.progress,
        timeout=timeout,
        open_by_user=may_ask and find_chrome() is None,
        expected=asks,
    )


def _launch(app: App, console: Console, command: str | None, url: str | None) -> Launch:
    """The user's command, else the framework's own, else one that the project names. Raises WizardError."""
    port = commands.url_port(url) if url else _free_port()
    if command is not None:
        return commands.given(command, url, port)
    try:
        launch = load_launch(app.id)(app.project, port)
    except WizardError as error:
        found = commands.found(app.project, port)
        if found is None:
            raise commands.nothing(error.message, error.hint, app.project) from error
        console.progress(f"Using {found.where}: {' '.join(found.launch.argv)}")
        launch = found.launch
    return replace(launch, url=url) if url else launch


def _expected(app: App, answers: Answers) -> Expected:
    names = app.framework.names(app.project)
    folder = app.framework.env_folder(app.project)
    prefix = prefix_of(names, app.framework.env_prefix)
    return expected(app.project, names, folder, prefix, answers.hosts, answers.token, os.environ)


def _variables(app: App) -> dict[str, str]:
    """The token from the project's env files, which something else than the app may load (a shell, a container)."""
    name = app.framework.names(app.project).token
    value = file_value(app.project, name, app.framework.env_folder(app.project))
    return {name: value} if value and not os.environ.get(name) else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
