"""What to do after a set-up: few steps, each fit to the app, with the exact line or command and the page about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wizard.apps import App
from wizard.events import AppEvents, app_events
from wizard.events.first import first_event_lines
from wizard.existing.entries import is_aside
from wizard.packages import npm
from wizard.project import Project

MOST = 5

_DOCS = "https://posthog.com/docs"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `lines` are code, `where` is the place in the app they belong to, if it is known.

    `command` are the words after `posthog-wizard` that do it; whoever shows them adds the directory and the apps.
    """

    id: str
    title: str
    lines: tuple[str, ...] = ()
    where: str = ""
    docs: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Login:
    """How a library of logins shows who is there: packages that bring it, and the call that tells."""

    name: str
    packages: tuple[str, ...]
    call: str
    user: str = "user"


_LOGINS = (
    _Login("Auth.js", ("next-auth", "@auth/core"), r"\buseSession\s*\(", "session.user"),
    _Login("Better Auth", ("better-auth",), r"\buseSession\s*\(", "session.user"),
    _Login("Clerk", ("@clerk/nextjs", "@clerk/clerk-react", "@clerk/react", "@clerk/astro"), r"\buseUser\s*\("),
    _Login("Supabase", ("@supabase/supabase-js", "@supabase/ssr"), r"\.onAuthStateChange\s*\(", "session.user"),
    _Login("Firebase", ("firebase",), r"\bonAuthStateChanged\s*\("),
    _Login("Auth0", ("@auth0/auth0-react", "@auth0/nextjs-auth0"), r"\buse(?:Auth0|User)\s*\("),
)
"""Where posthog.identify belongs, by the library (docs of PostHog and of each: the hook that has the user)."""


def next_steps(app: App, *, verified: bool = False, lacking: Collection[str] = ()) -> tuple[Step, ...]:
    """The steps for an app as it is on disk, the most urgent first, at most 5.

    `verified`: an event was seen. `lacking` are the variables that deploy surfaces still need, when that is known.
    """
    events = app_events(app)
    found = [
        *_verify(verified),
        *_variables(app, lacking),
        *([] if events.own or not events.sites else [first_event(app, events)]),
        *_identify(app, events),
        *_dashboard(events),
        *_proxy(app, events),
        *_source_maps(app, events),
    ]
    return tuple(found[:MOST])


def first_event(app: App, events: AppEvents | None = None) -> Step:
    """Capture one event of the app's own."""
    lines = first_event_lines(app, (events or app_events(app)).sites)
    title = "Capture a first event of your own, where somebody signs up, buys, invites"
    return Step("first_event", title, lines.code, lines.where, f"{_DOCS}/product-analytics/capture-events")


def _verify(verified: bool) -> Iterator[Step]:
    if not verified:
        yield Step("verify", "See an event arrive", docs=f"{_DOCS}/libraries", command=("verify",))


def _variables(app: App, lacking: Collection[str]) -> Iterator[Step]:
    """What works here is silent in production as long as the variables are set only here."""
    if lacking:
        title = f"Set {_listed(sorted(set(lacking)))} where the app is deployed"
        yield Step("deploy_variables", title, docs=app.framework.docs, command=("status",))


def _identify(app: App, events: AppEvents) -> Iterator[Step]:
    if not events.sites or events.find("$identify"):
        return
    docs = f"{_DOCS}/product-analytics/identify"
    if app.framework.language == "python" and app.framework.runtime == "server":
        if place := _single(app.project, "**/*.py", r"\blogin_user\s*\(|^\s*(?:async )?def (?:get_)?current_user\w*\("):
            lines = ("from posthog import identify_context", "", "identify_context(str(user.id))")
            yield Step("identify", "Say whose events these are, once it is known who asks", lines, place, docs)
        return
    if app.framework.runtime != "browser":
        return
    declared = npm.declared(app.project)
    for login in _LOGINS:
        if any(package in declared for package in login.packages):
            where = _single(app.project, "**/*.{js,jsx,ts,tsx,mjs,vue,svelte,astro}", login.call)
            user = login.user
            code = (f"posthog.identify({user}.id, {{ email: {user}.email }});", "posthog.reset(); // at logout")
            yield Step("identify", f"Identify people once {login.name} knows them", code, where, docs)
            return
    if _has_login(app.project):
        code = ("posthog.identify(user.id, { email: user.email });", "posthog.reset(); // at logout")
        yield Step("identify", "Identify people right after login", code, "", docs)


def _has_login(project: Project) -> bool:
    words = re.compile(r"(?:^|[/_.-])(?:log-?in|sign-?in|auth)(?![a-z])", re.IGNORECASE)
    return any(words.search(path) for path in project.files("**/*.{js,jsx,ts,tsx,vue,svelte,astro}"))


def _single(project: Project, files: str, pattern: str) -> str:
    """`path:line` of the one place where the pattern is found; empty when there are several files, or none."""
    found = [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in project.sources(files)
        if not is_aside(path) and (match := re.search(pattern, text, re.MULTILINE))
    ]
    return found[0] if len(found) == 1 else ""


def _dashboard(events: AppEvents) -> Iterator[Step]:
    if events.own or events.sends("$pageview"):
        title = "Make a starter dashboard of these events (needs a login)"
        yield Step("dashboard", title, command=("dashboard",))


def _proxy(app: App, events: AppEvents) -> Iterator[Step]:
    """Ad blockers know PostHog's hosts; a path of one's own they do not."""
    browser = [site for site in events.sites if site.runtime == "browser" and site.set_up.options]
    hosts = [site.set_up.options.values.get("api_host", "") for site in browser if site.set_up.options]
    if not hosts or any(re.match(r"[\"'`]/", host) for host in hosts):
        return
    offered = "reverse_proxy" in app.framework.options
    command = ("--reverse-proxy",) if offered else ()
    title = "Send events through your own domain, so that ad blockers let them pass"
    yield Step("reverse_proxy", title, docs=f"{_DOCS}/advanced/proxy", command=command)


def _source_maps(app: App, events: AppEvents) -> Iterator[Step]:
    if events.sends("$exception") and any(site.runtime == "browser" for site in events.sites):
        title = "Upload source maps, so that errors show your code instead of the built one"
        yield Step("source_maps", title, docs=f"{_DOCS}/error-tracking/upload-source-maps")


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
