"""The proof itself: build, start, visit, listen, and say what was seen or why nothing was."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from wizard import programs
from wizard.emits.answering import Answered, listens, other_page, wait
from wizard.emits.browser import from_browser, from_user
from wizard.emits.chrome import find_chrome
from wizard.emits.complaints import Impatience
from wizard.emits.emission import FIXED_HOST, Emission, Stop, passed
from wizard.emits.expected import Expected
from wizard.emits.process import CannotStart, Running, running
from wizard.emits.reasons import why_token_is_wrong, why_way_is_wrong
from wizard.emits.server import LAST_LIMIT, from_script, from_server, probed
from wizard.emits.waiting import Say, Visited, alive, any_event, ended, printed
from wizard.framework import Launch
from wizard.sink import Sink

BUILD_LIMIT, PATIENCE = 600.0, 12.0
"""Seconds for a build, and for an app that tries to reach a database before it answers."""

Runtime = Literal["browser", "server"]


def emits(
    directory: Path,
    launch: Launch,
    runtime: Runtime,
    env: Mapping[str, str],
    *,
    host_variables: tuple[str, ...],
    say: Say,
    timeout: float = 60.0,
    chrome: str | None = None,
    open_by_user: bool = False,
    expected: Expected | None = None,
) -> Emission:
    """Start the app in `directory`, visit it, and wait for an event at a sink that `host_variables` point to.

    `env` holds variables that the app gets besides its own; `timeout` is in seconds, for each wait. With `open_by_user`
    no browser is started and the user is asked to open the page. What is `expected` of the event is held against it.
    Everything started is ended before this returns or raises.
    """
    expected = expected or Expected()
    browser = find_chrome(chrome) if runtime == "browser" and not open_by_user else None
    if runtime == "browser" and browser is None and not open_by_user:
        reason = f"there is no browser {chrome}" if chrome else "no Chrome or Chromium was found"
        return Emission("skipped", reason, cause="no-browser")
    if launch.url is not None and listens(launch.url):
        reason = f"something else already listens on {launch.url}; stop it and try again"
        return Emission("failed", reason, cause="port-taken")
    scratch = tempfile.TemporaryDirectory(prefix="posthog-wizard-", ignore_cleanup_errors=True)
    with scratch as name, Sink() as sink:
        trigger = Path(name) / "trigger"
        variables = _environment(env, launch, dict.fromkeys(host_variables, sink.url))
        if runtime == "server":
            variables |= probed(variables, sink.url, trigger)
        try:
            _build(directory, launch, variables, say)
            with _started(launch.argv, directory, variables, say) as app:
                there = _until_it_answers(app, launch, runtime, timeout, say)
                if there is None:
                    return _held(from_script(sink, trigger, expected), expected)
                visited = Visited(
                    app, there.url, there.status, sink, host_variables, expected, Path(name), timeout, say
                )
                if runtime == "server":
                    return _held(from_server(visited, trigger), expected)
                if browser is None:
                    return _held(from_user(visited), expected)
                return _held(from_browser(visited, browser, variables), expected)
        except Stop as stop:
            return _held(_despite(stop.emission, sink, runtime), expected)


def _despite(ending: Emission, sink: Sink, runtime: Runtime) -> Emission:
    """A server that ended in trouble may have told PostHog of it first, which is proof all the same."""
    event = sink.wait_for(any_event, LAST_LIMIT) if runtime == "server" and ending.status == "failed" else None
    if event is None:
        return ending
    return passed(event, f"But {ending.reason.splitlines()[0]}. {ending.hint}".strip())


def _held(emission: Emission, expected: Expected) -> Emission:
    """An event that arrived here must go to the right project in earnest, too."""
    if emission.status != "passed":
        return emission
    cause = why_token_is_wrong(emission.token, expected)
    if cause is None and emission.cause != FIXED_HOST:
        cause = why_way_is_wrong(expected)
    if cause is None:
        return emission
    return Emission("failed", cause.text, emission.event, emission.own, emission.token, cause.name, cause.hint)


def _environment(env: Mapping[str, str], launch: Launch, hosts: Mapping[str, str]) -> dict[str, str]:
    """The app's variables: ours win over the shell's and the project's, no browser window, no proxy for loopback.

    Turborepo 2 would keep all that turbo.json does not name from the app, ours too.
    """
    inherited = programs.variables()
    direct = ",".join(filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1,localhost,::1")))
    quiet = {"BROWSER": "none", "NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"}
    quiet["TURBO_ENV_MODE"] = "loose"
    return {**inherited, **quiet, **env, **launch.env, **hosts}


@contextmanager
def _started(argv: tuple[str, ...], directory: Path, env: Mapping[str, str], say: Say) -> Iterator[Running]:
    say(f"Starting: {' '.join(argv)}")
    with ExitStack() as stack:
        try:
            app = stack.enter_context(running(argv, directory, env))
        except CannotStart as error:
            raise Stop(f"the app could not be started: {error}", "cannot-start") from error
        yield app


def _build(directory: Path, launch: Launch, env: Mapping[str, str], say: Say) -> None:
    if not launch.build:
        return
    command = " ".join(launch.build)
    say(f"Building: {command} (at most {BUILD_LIMIT:.0f} s)")
    limit = time.monotonic() + BUILD_LIMIT
    try:
        with running(launch.build, directory, env) as build:
            while build.exit_code is None and time.monotonic() < limit:
                time.sleep(0.05)
            if build.exit_code is None:
                raise Stop(f"{command} did not end within {BUILD_LIMIT:.0f} s{printed(build)}", "build-failed")
            if build.exit_code:
                raise Stop(f"{command} failed with exit code {build.exit_code}{printed(build)}", "build-failed")
    except CannotStart as error:
        raise Stop(f"the app could not be built: {error}", "cannot-start") from error


class _Ended(Exception):
    """The process ended by itself, without an error and without ever listening."""


def _until_it_answers(app: Running, launch: Launch, runtime: Runtime, timeout: float, say: Say) -> Answered | None:
    """The app's first answer; None when it turned out to be a script that did its work and ended."""
    where = launch.url or "the app"
    say(f"Waiting until {where} answers (at most {timeout:.0f} s)")
    began, patience = time.monotonic(), Impatience(lambda: app.tail(200), PATIENCE)

    def still_alive() -> None:
        if app.exit_code == 0 and runtime == "server" and launch.url is None:
            raise _Ended
        alive(app, "before it answered")
        if trouble := patience.trouble(time.monotonic() - began):
            raise ended(app, "the app never answered", "app-ended", "", trouble)

    told = launch.env.get("PORT", "")
    port = int(told) if told.isdecimal() else None
    try:
        found = wait(app, launch.url, port, timeout, still_alive)
    except _Ended:
        return None
    if isinstance(found, Answered):
        return (found.status == 404 and runtime == "server" and other_page(found.url)) or found
    where = " or ".join(found) or "any port"
    hint = "Give it more time with --timeout, or say how it is started with --app-command and --app-url."
    raise ended(app, f"nothing answered on {where} within {timeout:.0f} s", "never-answered", hint)
