"""The events that an app really sends: those that its code captures, and those that the SDK sends by itself there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from wizard.apps import App
from wizard.events.in_javascript import Capture, Read, Wrapper
from wizard.existing import Site, survey
from wizard.existing.entries import SCRIPTS, is_aside
from wizard.existing.graph import loaded, relative_to_app
from wizard.existing.modules import JavaScriptModules, PythonModules
from wizard.project import Project

Source = Literal["code", "sdk"]

_SCRIPTS = "**/*.{" + ",".join((*SCRIPTS, "html")) + "}"
_CALLS = re.compile(r"\b(?:capture|identify)\w*\s*\(|\.group\s*\(|\bgroup_?[iI]dentify\b")
LONGEST = 400_000
"""Bytes; a longer file is generated, and no person's code."""

_SWITCHED_OFF: Mapping[str, Mapping[str, str]] = {
    "$pageview": {"capture_pageview": "false"},
    "$pageleave": {"capture_pageleave": "false"},
    "$autocapture": {"autocapture": "false"},
    "$web_vitals": {"capture_performance": "false"},
    "$exception": {"capture_exceptions": "false"},
}
"""Events of posthog-js to the options of `init` that end them (posthog-js configuration, facts of 1.449)."""

_EXCEPTIONS = ("capture_exceptions", "enableExceptionAutocapture", "enable_exception_autocapture")
_BY_PROJECT: Mapping[str, str] = {"$exception": "error_tracking", "$web_vitals": "web_vitals"}
"""Events that posthog-js sends when a setting of the project is on and no option says otherwise."""


@dataclass(frozen=True, slots=True)
class AppEvent:
    """One event that the app sends; `place` is `path:line`, relative to the app, of the first code that causes it.

    `source` says whether its own code captures it or the SDK sends it by itself; `setting` is what has to be on in the
    project for it (`error_tracking`), if anything.
    """

    name: str
    place: str
    source: Source
    places: int = 1
    setting: str = ""

    def to_json(self) -> dict[str, Any]:
        """The event as JSON data."""
        return {"name": self.name, "place": self.place, "source": self.source, "setting": self.setting or None}


@dataclass(frozen=True, slots=True)
class AppEvents:
    """All events of one app, its own ones first, each once, in the order of the code."""

    events: tuple[AppEvent, ...]
    sites: tuple[Site, ...]

    @property
    def own(self) -> tuple[AppEvent, ...]:
        """Those that the app's code captures under names of its own."""
        return tuple(event for event in self.events if event.source == "code" and not event.name.startswith("$"))

    def find(self, name: str) -> AppEvent | None:
        """The event of this name."""
        return next((event for event in self.events if event.name == name), None)

    def sends(self, name: str) -> bool:
        """Is it sent, whatever the project's settings are?"""
        found = self.find(name)
        return found is not None and not found.setting

    def given(self, on: Mapping[str, bool | None]) -> AppEvents:
        """The events in a project where these features are on (True), off (False), or not known."""
        kept = []
        for event in self.events:
            feature = event.setting or ("autocapture" if event.name == "$autocapture" else "")
            if event.source == "sdk" and feature and on.get(feature) is False:
                continue
            kept.append(replace(event, setting="") if event.setting and on.get(event.setting) else event)
        return replace(self, events=tuple(kept))


def app_events(app: App) -> AppEvents:
    """Read the app's code. Files that it does not load, tests and stories do not count; writes and asks nothing."""
    project = app.project
    sites = survey(project, app.framework.language).sites
    if app.framework.language != "javascript":
        # pages of a server framework carry the snippet
        pages = survey(project, "javascript")
        sites += tuple(site for site in (*pages.sites, *pages.idle) if site.set_up.kind == "snippet")
    found: dict[str, list[str]] = {}
    for path, capture in captured(project, app.framework.language, sites):
        found.setdefault(capture.name, []).append(f"{relative_to_app(project, path)}:{capture.line}")
    events = [AppEvent(name, places[0], "code", len(places)) for name, places in found.items()]
    own = sorted(events, key=lambda event: event.name.startswith("$"))
    automatic = [event for event in _automatic(app, sites) if event.name not in found]
    return AppEvents((*own, *automatic), sites)


def _automatic(app: App, sites: tuple[Site, ...]) -> Iterator[AppEvent]:
    """What the SDK sends by itself where it is set up, as far as its options tell."""
    emits = app.framework.emits
    seen: dict[str, AppEvent] = {}
    for site in sites:
        values = site.set_up.options.values if site.set_up.options else {}
        if site.runtime == "browser":
            names = emits if app.framework.runtime == "browser" else BROWSER
            found = list(_in_browser(site, names, values))
        else:
            found = list(_on_server(app, site, emits, values))
        for event in found:
            known = seen.get(event.name)
            if known is None or (known.setting and not event.setting):
                seen[event.name] = event
    yield from seen.values()


BROWSER = ("$pageview", "$pageleave", "$autocapture")
"""What posthog-js sends by itself with its own defaults."""


def _in_browser(site: Site, names: Iterable[str], values: Mapping[str, str]) -> Iterator[AppEvent]:
    for name in (*names, *_BY_PROJECT):
        ends = _SWITCHED_OFF.get(name, {})
        if any(values.get(option, "").strip() == value for option, value in ends.items()):
            continue
        # "if_capture_pageview" is the default: https://posthog.com/docs/libraries/js/config
        if name == "$pageleave" and values.get("capture_pageview") == "false" and "capture_pageleave" not in values:
            continue
        on = name not in _BY_PROJECT or _is_on(values.get(_EXCEPTIONS[0], ""))
        if name == "$web_vitals":
            chosen = re.search(r"\bweb_vitals\s*:\s*(true|false)", values.get("capture_performance", ""))
            if chosen and chosen[1] == "false":
                continue
            on = chosen is not None
        yield AppEvent(name, site.place, "sdk", setting="" if on else _BY_PROJECT[name])


def _on_server(app: App, site: Site, emits: Iterable[str], values: Mapping[str, str]) -> Iterator[AppEvent]:
    if any(_is_on(values.get(option, "")) for option in _EXCEPTIONS[1:]):
        yield AppEvent("$exception", site.place, "sdk")
    elif site.set_up.kind == "integration" and app.framework.runtime == "server":
        off = re.compile(r"^\s*POSTHOG_MW_CAPTURE_EXCEPTIONS\s*=\s*False", re.MULTILINE)
        for name in emits:
            if not any(off.search(text) for _, text in app.project.sources("**/*.py")):
                yield AppEvent(name, site.place, "sdk")


def _is_on(value: str) -> bool:
    return value.strip() in ("true", "True") or value.strip().startswith("{")


def captured(project: Project, language: str, sites: Iterable[Site] = ()) -> Iterator[tuple[str, Capture]]:
    """Each capture in the files that the app loads, with its path relative to the tree, files in order.

    `sites` are the set-ups: what comes from their files is PostHog, whatever it is called.
    """
    found: dict[str, list[Capture]] = {}
    makers = frozenset(project.within(site.path) for site in sites)
    scripts = [project.within(path) for path in project.files(_SCRIPTS) if not is_aside(path)]
    _collect(project, _JavaScript(project, makers), scripts, found)
    if language == "python":
        modules = [project.within(path) for path in project.files("**/*.py") if not is_aside(path)]
        _collect(project, _Python(project, makers), modules, found)
    graph = loaded(project, language) if found else None
    for path in sorted(found):
        served = language == "python" and not path.endswith(".py")
        if graph is None or served or graph.has(path):
            yield from ((path, capture) for capture in found[path])


def _collect(
    project: Project, reader: _JavaScript | _Python, paths: list[str], found: dict[str, list[Capture]]
) -> None:
    """Read the files that may capture, then those that use a wrapper which one of them declares."""
    wrappers: dict[str, tuple[Wrapper, ...]] = {}
    texts = {path: text for path in paths if (text := _text(project, path)) is not None}
    for path, text in texts.items():
        if _CALLS.search(text):
            read = reader.read(path, text)
            if read.captures:
                found.setdefault(path, []).extend(read.captures)
            if read.wrappers:
                wrappers[path] = read.wrappers
    if not wrappers:
        return
    words = {word for all_of in wrappers.values() for one in all_of for word in reader.words(one)}
    for path, text in texts.items():
        if any(word in text for word in words) and (used := reader.used(path, text, wrappers)):
            found.setdefault(path, []).extend(used)


def _text(project: Project, path: str) -> str | None:
    return project.read(relative_to_app(project, path)) if (project.tree.size(path) or 0) <= LONGEST else None


class _JavaScript:
    """Reads scripts and pages; `makers` are the files that set PostHog up."""

    def __init__(self, project: Project, makers: frozenset[str]) -> None:
        self.modules, self.makers = JavaScriptModules(project, frozenset(project.tree.paths)), makers

    def read(self, path: str, text: str) -> Read:
        from wizard.events.in_javascript import read_script

        return read_script(path, text, lambda source, name: not self.makers.isdisjoint(self._targets(path, source)))

    def words(self, wrapper: Wrapper) -> Iterator[str]:
        """What a file that uses the wrapper has in it: a default export is called anything."""
        yield "import" if wrapper.name == "default" else wrapper.name.partition(".")[0]

    def used(self, path: str, text: str, wrappers: Mapping[str, tuple[Wrapper, ...]]) -> tuple[Capture, ...]:
        from wizard.events.in_javascript import imported_calls, imports_of

        sources = {
            (specifier, wrapper.name): wrapper
            for specifier in imports_of(path, text)
            for target in self._targets(path, specifier)
            for wrapper in wrappers.get(target, ())
            if target != path
        }
        return imported_calls(path, text, sources) if sources else ()

    def _targets(self, path: str, specifier: str) -> tuple[str, ...]:
        return self.modules.resolve(path, specifier) if re.match(r"[.@~#$/\w]", specifier) else ()


class _Python:
    """Reads Python modules; `makers` are the files that set PostHog up."""

    def __init__(self, project: Project, makers: frozenset[str]) -> None:
        self.modules, self.makers = PythonModules(project, frozenset(project.tree.paths)), makers

    def read(self, path: str, text: str) -> Read:
        from wizard.events.in_python import read_module

        def follow(module: str, name: str) -> bool:
            return not self.makers.isdisjoint(self.modules.resolve(path, module)[-1:])

        return read_module(text, follow)

    def words(self, wrapper: Wrapper) -> Iterator[str]:
        """What a file that uses the wrapper has in it."""
        yield wrapper.name

    def used(self, path: str, text: str, wrappers: Mapping[str, tuple[Wrapper, ...]]) -> tuple[Capture, ...]:
        from wizard.events.in_python import imported_calls, imports_of

        sources = {
            (module, wrapper.name): wrapper
            for module in imports_of(text)
            for target in self.modules.resolve(path, module)[-1:]
            for wrapper in wrappers.get(target, ())
            if target != path
        }
        return imported_calls(text, sources) if sources else ()
