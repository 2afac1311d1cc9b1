"""What a directory with a framework in it is for: an app that somebody deploys, or a library, documentation, tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from wizard import nx
from wizard.framework import Framework
from wizard.packages import npm, pypi
from wizard.project import BrokenFile, Project
from wizard.python_factories import distribution, starts_an_app

Kind = Literal["app", "command", "documentation", "library", "storybook", "tests"]

LISTED: Collection[Kind] = ("app", "command", "documentation")
"""What somebody may want to set up: libraries, tests and storybooks are not."""


@dataclass(frozen=True, slots=True)
class Role:
    """What the directory is, and what says so. A `command` is installed by others, and may still serve pages."""

    kind: Kind
    reason: str


_DOCUMENTATION = ("nextra", "@astrojs/starlight", "vitepress", "@docusaurus/core", "vocs")
_DOCUMENTATION_PARTS = ("fumadocs-core", "contentlayer", "@mintlify/cli", "rspress", "@next/mdx")
"""What a site of another purpose may have a section of: they count in a directory called docs."""

_ROUTES = "{,src/}{app/**/page,pages/**/*}.{js,jsx,ts,tsx,astro}"
_FEW_ROUTES = 10
"""Pages in code that a site of documentation has at most: its front page, a blog, a showcase."""

_TESTS = ("@playwright/test", "cypress", "@nx/cypress", "@nx/playwright", "nightwatch", "webdriverio")
_BUILDS = re.compile(r"\b(?:vite|next|astro) build\b")
_SERVES = ("dev", "start", "serve", "develop", "preview", "deploy")
_DEPLOYED = (
    "vercel.json",
    "netlify.toml",
    "fly.toml",
    "render.yaml",
    "railway.json",
    "railway.toml",
    "wrangler.toml",
    "wrangler.json",
    "wrangler.jsonc",
    "Dockerfile",
    "Procfile",
    "app.yaml",
    "firebase.json",
    "amplify.yml",
)


def role(project: Project, depended_on: Collection[str], framework: Framework | None = None) -> Role:
    """What a directory is for, seen from the `framework` found in it: a front end says nothing of its back end.

    `depended_on` are the names of packages that others of the same tree depend on. Raises BrokenFile for a manifest
    that does not parse.
    """
    told: Role | None = None
    if framework is None or framework.language == "python":
        told = _made_for_others_in_python(project, depended_on, framework)
    if framework is None or framework.language == "javascript":
        told = told or next(_other_than_an_app(project, depended_on, framework), None)
    return told or Role("app", _why_app(project, framework))


def _other_than_an_app(project: Project, depended_on: Collection[str], framework: Framework | None) -> Iterator[Role]:
    manifest = project.json("package.json")
    told_by_nx = nx.declaration(project)
    if told_by_nx.get("projectType") == "library":
        yield Role("library", f"{nx.where(project)} says projectType library")
    served = _serving_script(manifest)
    tested = [name for name in _TESTS if name in npm.declared(project)]
    if tested and re.search(r"(?:^|[-/])e2e$", project.path):
        yield Role("tests", f"package.json lists {tested[0]}, and the directory is called e2e")
    if manifest and not served and told_by_nx.get("projectType") != "application":
        scripts = manifest.get("scripts")
        commands = [str(command) for command in scripts.values()] if isinstance(scripts, dict) else []
        builds_pages = framework is not None and any(_BUILDS.search(command) for command in commands)
        if not builds_pages and any(re.search(r"\bstorybook\b", command) for command in commands):
            yield Role("storybook", "its only scripts that serve are Storybook's")
        if manifest.get("name") in depended_on:
            yield Role("library", "other packages here depend on it, and no script serves it")
        if (entry := next((key for key in ("exports", "module", "types") if key in manifest), None)) is not None:
            yield Role("library", f"package.json has {entry}, and no script serves it")
    if manifest and (published := _published(project, manifest, depended_on, framework)):
        yield published
    called = re.search(r"(?:^|[-/])(?:docs?|documentation|handbook|wiki)$", project.path)
    documents = (*_DOCUMENTATION, *_DOCUMENTATION_PARTS) if called else _DOCUMENTATION
    found = next((name for name in documents if name in npm.declared(project)), None)
    if found and (called or len(project.files(_ROUTES)) <= _FEW_ROUTES):
        yield Role("documentation", f"package.json lists {found}")


def _published(
    project: Project, manifest: dict[str, Any], depended_on: Collection[str], framework: Framework | None
) -> Role | None:
    """A package that has a script that serves it, for trying it out, and is made for others all the same."""
    if project.first(*_DEPLOYED):
        return None
    entry = next((key for key in ("exports", "main", "module", "types") if key in manifest), None)
    if manifest.get("private") is not True:
        if "bin" in manifest:
            return Role("command", "package.json publishes a bin")
        if "files" in manifest and entry:
            return Role("library", f"package.json publishes files with {entry}")
    in_packages = re.search(r"(?:^|/)(?:packages|libs)/", project.path)
    has_routes = framework is not None and framework.serves and project.files(_ROUTES)
    if in_packages and not has_routes and "exports" in manifest and manifest.get("name") in depended_on:
        return Role("library", "package.json has exports, and other packages here depend on it")
    return None


def _why_app(project: Project, framework: Framework | None) -> str:
    python = framework is not None and framework.language == "python"
    if not python and (served := _serving_script(project.json("package.json"))):
        return f"script {served[0]}: {served[1]}"
    if nx.declaration(project).get("projectType") == "application":
        return f"{nx.where(project)} says projectType application"
    if deployed := project.first(*_DEPLOYED):
        return f"{deployed} deploys it"
    if python and (manage := project.first("manage.py")):
        return f"{manage} runs it"
    return "its own code starts it"


def _serving_script(manifest: dict[str, Any]) -> tuple[str, str] | None:
    """The script that serves the package, but for Storybook's: `(name, command)`; `dev` before `with-env:dev`."""
    scripts = manifest.get("scripts")
    table = scripts if isinstance(scripts, dict) else {}
    found = [
        (str(name), str(command))
        for name, command in table.items()
        if any(word in _SERVES for word in re.split(r"[:\-]", str(name)))
        and not re.search(r"storybook|--watch\b|\btsc\b|\btsup\b", f"{name} {command}")
    ]
    return min(found, key=lambda script: script[0] not in _SERVES, default=None)


_SITE = re.compile(
    r"[\"']DJANGO_SETTINGS_MODULE[\"']\s*,\s*f?[\"'](?!\w*(?:test|example|demo|sandbox|sample))[\w.]+[\"']"
)
"""In a `manage.py` that runs a site; a library's runs its tests or an example."""


def _made_for_others_in_python(
    project: Project, depended_on: Collection[str], framework: Framework | None
) -> Role | None:
    """A distribution that plugs into a framework, or brings it along only for those who ask for that."""
    if project.first(*_DEPLOYED) or _SITE.search(project.read("manage.py") or ""):
        return None
    depended = f"pypi:{distribution(project)}" in depended_on
    if depended and not starts_an_app(project):
        return Role("library", "other packages here depend on it, and nothing in it starts an app")
    data = project.toml("pyproject.toml")
    tool = data.get("tool")
    tables = (data.get("project"), tool.get("poetry") if isinstance(tool, dict) else None)
    table = {key: value for each in reversed(tables) if isinstance(each, dict) for key, value in each.items()}
    classifiers = _strings(table.get("classifiers"))
    if any(name.startswith("Private ::") for name in classifiers):
        return None
    if found := next((name for name in classifiers if name.startswith("Framework ::")), None):
        commands = table.get("scripts")
        if isinstance(commands, dict) and commands:
            return Role("command", f"pyproject.toml publishes the command {next(iter(commands))}")
        return Role("library", f"pyproject.toml has the classifier {found}")
    listed = table.get("optional-dependencies")
    extras = listed if isinstance(listed, dict) else {}
    package = framework.package if framework else ""
    extra = next((name for name, lines in extras.items() if package and _asks_for(package, lines)), None)
    if extra and not _asks_for(package, table.get("dependencies")):
        return Role("library", f"pyproject.toml lists {package} only as an extra ({extra})")
    return None


def _asks_for(package: str, lines: object) -> bool:
    return any(re.match(rf"{re.escape(package)}(?![\w.-])", line, re.IGNORECASE) for line in _strings(lines))


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def depended_on(projects: Collection[Project]) -> frozenset[str]:
    """The names of packages that another package among `projects` depends on at run time or to be built.

    Those of Python begin with `pypi:`.
    """
    names: dict[str, str] = {}
    wanted: set[str] = set()
    for project in projects:
        try:
            manifest = project.json("package.json")
            own = f"pypi:{distribution(project)}"
            asked = pypi.declared(project)
        except BrokenFile:
            continue
        wanted.update({f"pypi:{name}" for name in asked} - {own})
        names[own] = project.path
        if isinstance(name := manifest.get("name"), str):
            names[name] = project.path
        for section in ("dependencies", "devDependencies", "peerDependencies"):
            if isinstance(listed := manifest.get(section), dict):
                wanted.update(listed)
    return frozenset(names.keys() & wanted)
