"""What of PostHog is already in a project: dependencies, set-ups in code that the app loads, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Literal, cast

from wizard.errors import CannotEdit
from wizard.existing.entries import SCRIPTS
from wizard.existing.set_up import WRAPPER, Runtime, SetUp
from wizard.existing.signs import in_python, in_script, mentioned
from wizard.packages import npm, pypi
from wizard.project import LARGEST_SOURCE, Project
from wizard.text import decode

if TYPE_CHECKING:  # most apps have nothing of PostHog yet, and nothing in them is followed
    from wizard.existing.graph import Loaded
    from wizard.existing.modules import JavaScriptModules

NPM_PACKAGES = (
    "posthog-js @posthog/react posthog-node @posthog/next @posthog/nuxt nuxt-posthog posthog-react-native "
    "posthog-js-lite gatsby-plugin-posthog posthog-docusaurus astro-posthog"
).split()
PYPI_PACKAGES = ("posthog", "posthoganalytics")

_JAVASCRIPT = "**/*.{" + ",".join((*SCRIPTS, "html")) + "}"
_PYTHON = "**/*.py"
_RE_EXPORTS = 6
"""How many modules a name is followed through."""


@dataclass(frozen=True, slots=True)
class Site:
    """One place in the code that sets PostHog up; `line` is 1-based, `path` relative to the app."""

    path: str
    set_up: SetUp

    @property
    def line(self) -> int:
        """Where it is."""
        return self.set_up.line

    @property
    def runtime(self) -> Runtime:
        """What it runs in."""
        return self.set_up.runtime

    @property
    def reason(self) -> str:
        """What it does, in words."""
        return self.set_up.reason

    @property
    def place(self) -> str:
        """`path:line`."""
        return f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place} {self.reason}"


@dataclass(frozen=True, slots=True)
class Existing:
    """What is there: `state` is `absent`, `partial` (a dependency or code, not both) or `installed`."""

    packages: tuple[str, ...]
    sites: tuple[Site, ...]

    @property
    def state(self) -> Literal["absent", "partial", "installed"]:
        """The three cases a user distinguishes."""
        snippet = any(site.set_up.kind == "snippet" for site in self.sites)
        if self.sites and (self.packages or snippet):
            return "installed"
        return "partial" if self.sites or self.packages else "absent"

    @property
    def evidence(self) -> tuple[str, ...]:
        """One line for each thing found."""
        return (*self.packages, *map(str, self.sites))


@dataclass(frozen=True, slots=True)
class Survey:
    """The set-ups of an app: those in files that it loads, the `idle` ones in files that it does not, and doubles."""

    sites: tuple[Site, ...] = ()
    idle: tuple[Site, ...] = ()
    doubles: tuple[tuple[Site, Site], ...] = ()


def existing(project: Project, language: str) -> Existing:
    """Look at manifests and code of one language; tests, stories, examples and dead code do not count."""
    if language == "javascript":
        declared = npm.declared(project)
        names = [*NPM_PACKAGES, *(name for name in declared if name not in NPM_PACKAGES and WRAPPER.fullmatch(name))]
        packages = [f"package.json lists {name} {declared[name]}" for name in names if name in declared]
    else:
        found = pypi.declared(project)
        packages = [f"{found[name].where} lists {name}" for name in PYPI_PACKAGES if name in found]
    return Existing(tuple(packages), survey(project, language).sites)


def sites(
    project: Project, language: str, runtime: Runtime, besides: tuple[str, ...] = (), starts: tuple[str, ...] = ()
) -> tuple[Site, ...]:
    """Where PostHog is set up for a runtime, in files other than `besides` (those that the plan itself owns).

    `starts` are files that start the app, relative to it, when the framework knows more than their names tell.
    """
    found = survey(project, language, starts).sites
    return tuple(site for site in found if site.runtime == runtime and site.path not in besides)


def survey(project: Project, language: str, starts: tuple[str, ...] = (), unused: tuple[str, ...] = ()) -> Survey:
    """All set-ups of an app, and which of them run together. Reads files; parses those that can hold a set-up.

    `starts` are files that start the app, `unused` such that only seem to.
    """
    key = (survey, language, starts, unused)
    if key not in project.memo:
        project.memo[key] = _survey(project, language, starts, unused)
    return cast(Survey, project.memo[key])


def _survey(project: Project, language: str, starts: tuple[str, ...], unused: tuple[str, ...]) -> Survey:
    if _found not in project.memo:
        project.memo[_found] = {}
    kept: dict[str, list[Site]] = project.memo[_found]
    if language not in kept:
        kept[language] = list(_found(project, language))
    found = kept[language]
    if not found:
        return Survey()
    from wizard.existing.graph import loaded

    graph = loaded(project, language, starts, unused)
    active = [site for site in found if _is_loaded(project, graph, site)]
    idle = [site for site in found if site not in active and is_own(project, site)]
    return Survey(tuple(active), tuple(idle), tuple(_doubles(project, graph, active)))


def _is_loaded(project: Project, graph: Loaded, site: Site) -> bool:
    path = project.within(site.path)
    # that some import is computed says nothing about the repository's other packages
    return path in graph.paths or (is_own(project, site) and graph.has(path))


def is_own(project: Project, site: Site) -> bool:
    """Is a set-up in the app itself, not in another package of the repository?"""
    path = project.within(site.path)
    return not site.path.startswith("../") and not any(path.startswith(f"{nested}/") for nested in project.nested)


def _doubles(project: Project, graph: Loaded, active: list[Site]) -> Iterator[tuple[Site, Site]]:
    """Pairs of set-ups in different files that one page or process loads; each instance with a name is meant so."""
    packaged = {site.path for site in active if site.set_up.kind == "integration" and site.runtime == "browser"}
    units: dict[tuple[str, str], Site] = {}
    for site in active:
        # an integration of the server's SDK works with a client that is made somewhere
        companion = site.runtime == "server" and site.set_up.kind == "integration"
        if site.set_up.bound and not site.set_up.own and not companion:
            units.setdefault((site.runtime, "" if site.path in packaged else site.path), site)
    for one, other in combinations(units.values(), 2):
        paths = [project.within(one.path), project.within(other.path)]
        if one.runtime == other.runtime and graph.together(paths):
            yield one, other


def _found(project: Project, language: str) -> Iterator[Site]:
    tree = project.tree
    if language == "python":
        for path in map(project.within, project.files(_PYTHON)):
            yield from (Site(_as_seen(project, path), one) for one in tree.reading(path, _in_python) or ())
        return
    from wizard.existing.modules import JavaScriptModules, libraries

    own = map(project.within, project.files(_JAVASCRIPT))
    if not (telling := [path for path in (*own, *libraries(project)) if tree.reading(path, _in_script)]):
        return
    from wizard.existing.init import set_ups

    modules = JavaScriptModules(project, tree.known)
    for path in telling:
        follow = partial(_follow, project, modules, path, 0)
        text = _text(tree.bytes(path) or b"") or ""
        yield from (Site(_as_seen(project, path), one) for one in set_ups(path, text, follow))


def _as_seen(project: Project, path: str) -> str:
    from wizard.existing.graph import relative_to_app

    return relative_to_app(project, path)


def _in_python(data: bytes) -> tuple[SetUp, ...]:
    text = _text(data) if mentioned(data) else None
    if text is None or not in_python(text):
        return ()
    from wizard.existing.python import set_ups

    return tuple(set_ups(text))


def _in_script(data: bytes) -> bool:
    text = _text(data) if mentioned(data) else None
    return text is not None and in_script(text)


def _text(data: bytes) -> str | None:
    if len(data) > LARGEST_SOURCE:
        return None
    try:
        return decode(data)[0]
    except CannotEdit:
        return None


def _follow(project: Project, modules: JavaScriptModules, importer: str, depth: int, source: str, name: str) -> bool:
    """Does `name` of the module `source`, seen from `importer`, stand for the SDK?"""
    from wizard.existing.bindings import exports_posthog

    if depth >= _RE_EXPORTS or not re.match(r"[.@~#$/\w]", source):
        return False
    for target in modules.resolve(importer, source):
        text = _text(project.tree.bytes(target) or b"")
        if text and "export" in text:
            follow = partial(_follow, project, modules, target, depth + 1)
            if exports_posthog(text, name, follow):
                return True
    return False
