"""The proof itself: build, start, visit, listen, and say what was seen or why nothing was."""

from __future__ import annotations

import http.client
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from wizard import programs
from wizard.emits.chrome import find_chrome, user_agent, visit
from wizard.emits.process import CannotStart, Running, running
from wizard.emits.reasons import all_unusable, why_no_client_spoke, why_page_was_silent
from wizard.framework import Launch
from wizard.sink import Received, Sink

PROBE_EVENT = "posthog_wizard_verify"
"""What a probe makes the app's own SDK client send; its name is also written in `wizard/probes`."""

PROBES = Path(__file__).parent.parent / "probes"
BUILD_LIMIT, OWN_LIMIT, PROBE_LIMIT, SILENT_LIMIT = 600.0, 3.0, 10.0, 10.0
"""Seconds for a build, for an event without being asked, for one when asked, and for one after PostHog has loaded."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Emission:
    """What was seen. `own` is False when a probe asked the app's SDK client to speak; `token` came with the event."""

    status: Literal["passed", "failed", "skipped"]
    reason: str
    event: Mapping[str, Any] | None = None
    own: bool = False
    token: str | None = None


class _Stop(Exception):
    """The proof cannot go on; carries its result."""

    def __init__(self, reason: str, status: Literal["failed", "skipped"] = "failed") -> None:
        self.emission = Emission(status, reason)


@dataclass(frozen=True, slots=True)
class _Visited:
    """The app once it answers, and what is needed to watch it."""

    app: Running
    url: str
    status: int
    sink: Sink
    host_variables: tuple[str, ...]
    say: Say


def emits(
    directory: Path,
    launch: Launch,
    runtime: Literal["browser", "server"],
    env: Mapping[str, str],
    *,
    host_variables: tuple[str, ...],
    say: Say,
    timeout: float = 60.0,
    chrome: str | None = None,
    open_by_user: bool = False,
) -> Emission:
    """Start the app in `directory`, visit it, and wait for an event at a sink that `host_variables` point to.

    `env` holds the project's PostHog variables; `timeout` is in seconds, for each wait. With `open_by_user` no browser
    is started and the user is asked to open the page. Everything started is ended before this returns or raises.
    """
    browser = find_chrome(chrome) if runtime == "browser" and not open_by_user else None
    if runtime == "browser" and browser is None and not open_by_user:
        return Emission("skipped", f"there is no browser {chrome}" if chrome else "no Chrome or Chromium was found")
    if _listens(launch.url):
        return Emission("failed", f"something else already listens on {launch.url}; stop it and try again")
    scratch = tempfile.TemporaryDirectory(prefix="posthog-wizard-", ignore_cleanup_errors=True)
    with scratch as name, Sink() as sink:
        trigger = Path(name) / "trigger"
        variables = _environment(env, launch, dict.fromkeys(host_variables, sink.url))
        if runtime == "server":
            variables |= _probed(variables, sink.url, trigger)
        try:
            _build(directory, launch, variables, say)
            with _started(launch.argv, directory, variables, say) as app:
                status = _until_it_answers(app, launch.url, timeout, say)
                visited = _Visited(app, launch.url, status, sink, host_variables, say)
                if runtime == "server":
                    return _from_server(visited, trigger)
                if browser is None:
                    return _from_user(visited, timeout)
                return _from_browser(visited, browser, Path(name), variables, timeout)
        except _Stop as stop:
            return stop.emission


def _environment(env: Mapping[str, str], launch: Launch, hosts: Mapping[str, str]) -> dict[str, str]:
    """The app's variables: ours win over the shell's and the project's, no browser window, no proxy for loopback."""
    inherited = programs.variables()
    direct = ",".join(filter(None, (inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1,localhost,::1")))
    quiet = {"BROWSER": "none", "NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1"}
    return {**inherited, **quiet, **env, **launch.env, **hosts}


def _probed(variables: Mapping[str, str], sink_url: str, trigger: Path) -> dict[str, str]:
    """The variables that load our probes into every Python and Node process below the command."""
    node = (PROBES / "node.cjs").as_posix()
    require = f'--require "{node}"' if " " in node else f"--require {node}"
    return {
        "POSTHOG_WIZARD_PROBE": str(trigger),
        "POSTHOG_WIZARD_SINK": sink_url,
        "NODE_OPTIONS": " ".join(filter(None, (variables.get("NODE_OPTIONS"), require))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROBES / "python"), variables.get("PYTHONPATH")))),
    }


@contextmanager
def _started(argv: tuple[str, ...], directory: Path, env: Mapping[str, str], say: Say) -> Iterator[Running]:
    say(f"Starting: {' '.join(argv)}")
    with ExitStack() as stack:
        try:
            app = stack.enter_context(running(argv, directory, env))
        except CannotStart as error:
            raise _Stop(f"the app could not be started: {error}") from error
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
                raise _Stop(f"{command} did not end within {BUILD_LIMIT:.0f} s{_printed(build)}")
            if build.exit_code:
                raise _Stop(f"{command} failed with exit code {build.exit_code}{_printed(build)}")
    except CannotStart as error:
        raise _Stop(f"the app could not be built: {error}") from error


def _until_it_answers(app: Running, url: str, timeout: float, say: Say) -> int:
    """HTTP status of the app's first answer; a 503 (still starting up) is asked again while there is time."""
    say(f"Waiting until {url} answers (at most {timeout:.0f} s)")
    limit = time.monotonic() + timeout
    status: int | None = None
    while (left := limit - time.monotonic()) > 0:
        _alive(app, "before it answered")
        status = _request(url, left) or status
        if status is not None and status != 503:
            return status
        time.sleep(0.1)
    if status is None:
        raise _Stop(f"nothing answered on {url} within {timeout:.0f} s{_printed(app)}")
    return status


def _from_server(visited: _Visited, trigger: Path) -> Emission:
    url, sink, say = visited.url, visited.sink, visited.say
    say(f"Requested {url} (status {visited.status}); waiting for an event of the app's own (at most {OWN_LIMIT:.0f} s)")
    if event := _event(visited, _any_event, OWN_LIMIT):
        return _passed(event)
    say(f"Asking the app's PostHog client to send one (at most {PROBE_LIMIT:.0f} s)")
    trigger.touch()
    if event := _event(visited, _any_event, PROBE_LIMIT, enough=lambda: all_unusable(trigger, sink.url)):
        return _passed(event)
    return _failed(visited, why_no_client_spoke(trigger, sink.url, visited.host_variables))


def _from_user(visited: _Visited, timeout: float) -> Emission:
    visited.say(f"Open {visited.url} in your browser; waiting for an event (at most {timeout:.0f} s)")
    return _seen_on_page(visited, _event(visited, _from_page, timeout))


def _from_browser(visited: _Visited, browser: str, scratch: Path, env: Mapping[str, str], timeout: float) -> Emission:
    sink, url = visited.sink, visited.url
    visited.say(f"Opening {url} in {Path(browser).stem} and waiting for an event (at most {timeout:.0f} s)")
    try:
        with running(visit(browser, scratch / "profile", url), scratch, env) as window:
            event = _event(visited, _from_page, timeout, enough=_since_posthog_loaded(sink, window))
            if event is None and window.exit_code and not sink.received:
                return Emission("skipped", f"{browser} could not run{_printed(window)}")
            return _seen_on_page(visited, event)
    except CannotStart as error:
        return Emission("skipped", f"{browser} could not run: {error}")


def _seen_on_page(visited: _Visited, event: Received | None) -> Emission:
    if event is None:
        return _failed(visited, why_page_was_silent(visited.sink.received, visited.host_variables))
    return _passed(_pageview_rather(event, visited.sink))


def _failed(visited: _Visited, reason: str) -> Emission:
    """An app that answers with an error has a problem of its own, which its output tells."""
    if visited.status >= 500:
        reason += f" (GET {visited.url} answered {visited.status}){_printed(visited.app)}"
    return Emission("failed", reason)


def _event(
    visited: _Visited,
    accept: Callable[[Received], bool],
    timeout: float,
    enough: Callable[[], bool] = lambda: False,
) -> Received | None:
    """The first accepted event within `timeout` seconds; None earlier when `enough`. Raises _Stop if the app ends."""
    limit = time.monotonic() + timeout
    while True:
        if event := visited.sink.wait_for(accept, max(0.0, min(0.25, limit - time.monotonic()))):
            return event
        if time.monotonic() >= limit or enough():
            return None
        _alive(visited.app, "before it sent an event")


def _any_event(item: Received) -> bool:
    return item.kind == "event"


def _from_page(item: Received) -> bool:
    """Not one of the server's, which a full-stack app sends too."""
    return item.event is not None and not item.event["properties"].get("$is_server")


def _pageview_rather(event: Received, sink: Sink) -> Received:
    """posthog-js may speak of the person first; what a user looks for is the page view just behind."""

    def pageview(item: Received) -> bool:
        return _from_page(item) and item.event is not None and item.event["event"] == "$pageview"

    return event if pageview(event) else sink.wait_for(pageview, 1.0) or event


def _passed(item: Received) -> Emission:
    assert item.event is not None
    own = item.event["event"] != PROBE_EVENT
    reason = "the app's own code sent an event" if own else "the app's own PostHog client sent an event when asked"
    return Emission("passed", reason, item.event, own, item.token)


def _since_posthog_loaded(sink: Sink, window: Running) -> Callable[[], bool]:
    """True once the browser has gone, or PostHog has been loaded for long and still said nothing."""
    loaded: list[float] = []

    def enough() -> bool:
        if not loaded and any(item.kind in ("config", "flags") for item in sink.received):
            loaded.append(time.monotonic())
        return window.exit_code is not None or bool(loaded and time.monotonic() - loaded[0] > SILENT_LIMIT)

    return enough


def _alive(app: Running, when: str) -> None:
    if (code := app.exit_code) is not None:
        raise _Stop(f"the app ended with exit code {code} {when}{_printed(app)}")


def _printed(command: Running) -> str:
    text = command.tail()
    return f"\n{text}" if text else ""


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=1):
            return True
    except OSError:
        return False


def _request(url: str, timeout: float) -> int | None:
    """Status of a GET without following redirects; None when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"User-Agent": user_agent(), "Accept": "text/html,*/*"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
