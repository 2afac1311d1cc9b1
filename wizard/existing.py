"""What of PostHog is already in a project: dependencies, calls in code, snippets, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from wizard.packages import npm, pypi
from wizard.project import Project
from wizard.text import line_number
from wizard.workspace import ASIDE

Runtime = Literal["browser", "server"]

NPM_PACKAGES = (
    "posthog-js @posthog/react posthog-node @posthog/next @posthog/nuxt nuxt-posthog posthog-react-native "
    "posthog-js-lite gatsby-plugin-posthog posthog-docusaurus astro-posthog"
).split()
PYPI_PACKAGES = ("posthog", "posthoganalytics")

_JAVASCRIPT = "**/*.{js,jsx,ts,tsx,mjs,cjs,mts,cts,vue,svelte,astro,html}"
_PYTHON = "**/*.py"
_TEST_FILE = re.compile(r"(^test_|_test\.|\.(test|spec|stories)\.|^conftest\.py$|\.d\.ts$|\.min\.js$)")

_INTEGRATION = re.compile(
    r"""["'](?:@posthog/(?:next|nuxt)|nuxt-posthog|gatsby-plugin-posthog|posthog-docusaurus|astro-posthog)(?:/[\w-]+)?["']"""
)

_SIGNS: dict[str, tuple[tuple[Runtime, str, re.Pattern[str]], ...]] = {
    "javascript": (
        ("browser", "initialises posthog-js", re.compile(r"\b[Pp]ost[hH]og\w*\s*\.\s*init\s*\(")),
        ("browser", "a PostHogProvider that initialises", re.compile(r"<PostHogProvider\b[^>]*\bapiKey=")),
        ("browser", "loads the HTML snippet", re.compile(r"/static/(?:\d[^/\s]*/)?array\.js|window\.posthog\s*=")),
        ("browser", "uses an integration of the SDK", _INTEGRATION),
        ("server", "creates a posthog-node client", re.compile(r"\bnew\s+PostHog\s*\(")),
    ),
    "python": (
        ("server", "creates a PostHog client", re.compile(r"(?<![\w])(?:Async)?Posthog\s*\(")),
        ("server", "configures the module-level client", re.compile(r"\bposthog\s*\.\s*(?:project_)?api_key\s*=(?!=)")),
        ("server", "uses an integration of the SDK", re.compile(r"posthog\.integrations\.\w+")),
    ),
}
_COMMENTS = {
    "javascript": re.compile(r"/\*.*?\*/|<!--.*?-->|(?<![:\"'`\w/])//[^\n]*", re.DOTALL),
    "python": re.compile(r"(?m)#[^\n\"']*$"),
}


@dataclass(frozen=True, slots=True)
class Site:
    """One place in the code that sets PostHog up; `line` is 1-based, `path` relative to the app."""

    path: str
    line: int
    runtime: Runtime
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.reason}"


@dataclass(frozen=True, slots=True)
class Existing:
    """What is there: `state` is `absent`, `partial` (a dependency or code, not both) or `installed`."""

    packages: tuple[str, ...]
    sites: tuple[Site, ...]

    @property
    def state(self) -> Literal["absent", "partial", "installed"]:
        """The three cases a user distinguishes."""
        snippet = any("snippet" in site.reason for site in self.sites)
        if self.sites and (self.packages or snippet):
            return "installed"
        return "partial" if self.sites or self.packages else "absent"

    @property
    def evidence(self) -> tuple[str, ...]:
        """One line for each thing found."""
        return (*self.packages, *map(str, self.sites))


def existing(project: Project, language: str) -> Existing:
    """Look at manifests and code of one language; tests, stories and examples do not count."""
    if language == "javascript":
        declared = npm.declared(project)
        packages = [f"package.json lists {name} {declared[name]}" for name in NPM_PACKAGES if name in declared]
    else:
        found = pypi.declared(project)
        packages = [f"{found[name].where} lists {name}" for name in PYPI_PACKAGES if name in found]
    return Existing(tuple(packages), tuple(_sites(project, language)))


def sites(project: Project, language: str, runtime: Runtime, besides: tuple[str, ...] = ()) -> tuple[Site, ...]:
    """Where PostHog is set up for a runtime, in files other than `besides` (those that the plan itself owns)."""
    return tuple(s for s in _sites(project, language) if s.runtime == runtime and s.path not in besides)


def _sites(project: Project, language: str) -> Iterator[Site]:
    for path in project.files(_PYTHON if language == "python" else _JAVASCRIPT):
        parts = PurePosixPath(path).parts
        if not ASIDE.isdisjoint(parts[:-1]) or _TEST_FILE.search(parts[-1]):
            continue
        data = project.bytes(path)
        if data is None or b"osthog" not in data.replace(b"\0", b"").replace(b"ostHog", b"osthog"):
            continue
        text = project.read(path) or ""
        code = _COMMENTS[language].sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        for runtime, reason, pattern in _SIGNS[language]:
            if match := pattern.search(code):
                yield Site(path, line_number(code, match.start()), runtime, reason)
