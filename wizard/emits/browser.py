"""The proof for a page: opened in a real browser and watched, or by the user where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from wizard.emits.chrome import tidy, visit
from wizard.emits.devtools import NoDevtools, Page, opened
from wizard.emits.emission import FIXED_HOST, PROBE_EVENT, Emission, failed, passed
from wizard.emits.policies import has_policy, judge
from wizard.emits.process import CannotStart, Running, running
from wizard.emits.reasons import wants_script, what_policy_limits, why_page_was_silent, why_policy_blocks
from wizard.emits.waiting import Visited, alive, printed
from wizard.emits.watch import Watch
from wizard.sink import Received, Sink

SILENT_LIMIT, QUIET_LIMIT, KNOWN_LIMIT, ASKED_LIMIT = 8.0, 10.0, 4.0, 5.0
"""Seconds for an event after PostHog has loaded, after the page's last request (less when a variable is known to be
missing), and when its client was asked."""


def from_user(visited: Visited) -> Emission:
    """The user opens the page."""
    visited.say(f"Open {visited.url} in your browser; waiting for an event (at most {visited.timeout:.0f} s)")
    event = visited.event(_from_page, visited.timeout)
    return passed(_pageview_rather(event, visited.sink)) if event else _unseen(visited)


def _unseen(visited: Visited) -> Emission:
    """No event from a page that nobody could look into."""
    if wants_script(visited.sink.received):
        reason = "the page loads posthog-js from its PostHog host, where only the sink of this proof answered"
        hint = "With Chrome or Chromium installed this can be watched."
        return Emission("skipped", reason, cause="sdk-script", hint=hint)
    return visited.failed(why_page_was_silent(visited.sink.received, visited.host_variables, visited.expected))


def from_browser(visited: Visited, browser: str, env: Mapping[str, str]) -> Emission:
    """Chrome opens the page. One that cannot be watched still shows whether an event comes."""
    limit = f"at most {visited.timeout:.0f} s"
    visited.say(f"Opening {visited.url} in {Path(browser).stem} and waiting for an event ({limit})")
    try:
        try:
            return _watched(visited, browser, env)
        except NoDevtools:
            if visited.app.exit_code is not None:
                alive(visited.app, "before it sent an event")
            visited.say(f"The browser cannot be watched; opening the page once more ({limit})")
            return _unwatched(visited, browser, env)
    except CannotStart as error:
        return Emission("skipped", f"{browser} could not run: {error}", cause="no-browser")


def _watched(visited: Visited, browser: str, env: Mapping[str, str]) -> Emission:
    sink, expected = visited.sink, visited.expected
    profile = visited.scratch / "watched"
    watch = Watch(sink.url, expected.hosts)
    command = visit(browser, profile, "about:blank", watched=True, insecure=visited.url.startswith("https:"))
    with (
        running(command, visited.scratch, tidy(env, visited.scratch)) as window,
        opened(profile, lambda: window.exit_code is None, watch.hear) as page,
    ):
        watch.start(page, visited.url)
        limit = time.monotonic() + visited.timeout
        loaded = _since_posthog_loaded(sink, window)
        event = None
        while event is None and time.monotonic() < limit and not (loaded() or _is_settled(visited, watch)):
            page.listen(0.1)
            alive(visited.app, "before it sent an event")
            event = sink.wait_for(_from_page, 0)
        if event is None:
            return _silent(visited, page, watch)
        event = _pageview_rather(event, sink, lambda: page.listen(0.1))
        return _judged(visited, page, watch, event)


def _silent(visited: Visited, page: Page, watch: Watch) -> Emission:
    """No event by itself: the page's client is asked for one, and if it has none to give, looked at."""
    clients = watch.clients(PROBE_EVENT)
    if any(client.loaded and not client.out for client in clients) and not watch.elsewhere:
        visited.say(f"Asking the page's PostHog client to send one (at most {ASKED_LIMIT:.0f} s)")
        limit, event = time.monotonic() + ASKED_LIMIT, None
        while event is None and time.monotonic() < limit and not watch.elsewhere:
            page.listen(0.1)
            event = visited.sink.wait_for(_from_page, 0)
        if event is not None:
            off = not all(client.pageview for client in clients if client.loaded)
            why = "capture_pageview is off: nothing is sent until your code calls capture()." if off else ""
            return _judged(visited, page, watch, event, why)
    return visited.failed(
        why_page_was_silent(
            visited.sink.received,
            visited.host_variables,
            visited.expected,
            clients,
            tuple(watch.elsewhere),
            (*watch.errors, *visited.app.tail(60).splitlines()),
        )
    )


def _judged(visited: Visited, page: Page, watch: Watch, event: Received, warning: str = "") -> Emission:
    """An event came although the page's policy was off: would it leave with the policy on, for the user's own host?"""
    hosts = visited.expected.hosts
    cause = ""
    if watch.relayed and not watch.direct and visited.host_variables:
        names, cause = " or ".join(visited.host_variables), FIXED_HOST
        if visited.expected.reads_host:
            warning = warning or f"The host is written in the code: {names} changes nothing."
    if hosts is None or not (watch.direct or watch.relayed) or not has_policy(page, watch):
        return passed(event, warning, cause)
    visited.say(f"Checking the page's Content-Security-Policy against {hosts.ingest}")
    judged = judge(page, watch, hosts)
    if blocks := why_policy_blocks(judged, visited.expected):
        return failed(blocks, event)
    return passed(event, warning or what_policy_limits(judged), cause)


def _unwatched(visited: Visited, browser: str, env: Mapping[str, str]) -> Emission:
    sink, profile = visited.sink, visited.scratch / "profile"
    command = visit(browser, profile, visited.url, insecure=visited.url.startswith("https:"))
    with running(command, visited.scratch, tidy(env, visited.scratch)) as window:
        event = visited.event(_from_page, visited.timeout, enough=_since_posthog_loaded(sink, window))
        if event is None and window.exit_code and not sink.received:
            return Emission("skipped", f"{browser} could not run{printed(window)}", cause="no-browser")
        if event is not None:
            return passed(_pageview_rather(event, sink))
    return _unseen(visited)


def _from_page(item: Received) -> bool:
    """Not one of the server's, which a full-stack app sends too."""
    return item.event is not None and not item.event["properties"].get("$is_server")


def _pageview_rather(event: Received, sink: Sink, meanwhile: Callable[[], None] = lambda: None) -> Received:
    """posthog-js may speak of the person first; what a user looks for is the page view just behind."""

    def pageview(item: Received) -> bool:
        return _from_page(item) and item.event is not None and item.event["event"] == "$pageview"

    limit = time.monotonic() + 1.0
    while not pageview(event) and time.monotonic() < limit:
        meanwhile()
        event = sink.wait_for(pageview, 0.1) or event
    return event


def _since_posthog_loaded(sink: Sink, window: Running) -> Callable[[], bool]:
    """True once the browser has gone, or PostHog has been loaded for long and still said nothing."""
    loaded: list[float] = []

    def enough() -> bool:
        if not loaded and any(item.kind in ("config", "flags") for item in sink.received):
            loaded.append(time.monotonic())
        return window.exit_code is not None or bool(loaded and time.monotonic() - loaded[0] > SILENT_LIMIT)

    return enough


def _is_settled(visited: Visited, watch: Watch) -> bool:
    """The page has sent what is refused, has gone elsewhere, or is loaded and asks for nothing: nothing new begins."""
    now = time.monotonic()
    if any(item.kind == "refused" for item in visited.sink.received):
        return True
    if watch.elsewhere and watch.loaded_at is not None and now - watch.loaded_at > KNOWN_LIMIT:
        return True
    known = visited.expected.variable and not watch.direct and not watch.relayed
    quiet = now - max(watch.loaded_at or 0.0, watch.active_at)
    return watch.loaded_at is not None and quiet > (KNOWN_LIMIT if known else QUIET_LIMIT)
