"""What changes in a React app built by Vite: the entry file of each page, and the variables it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from frameworks.react_vite import layout as places
from frameworks.react_vite.shell import shell
from frameworks.react_vite.typings import declares_variables
from wizard import csp, react_entry
from wizard.answers import IN_BROWSER, Answers
from wizard.asides import ASIDE
from wizard.changes import Change, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.js.jsx import handed_to
from wizard.codemods.js.tree import has_code
from wizard.environment import Names
from wizard.existing.offers import kept, remarks, standing
from wizard.packages import npm
from wizard.project import Project, normal
from wizard.templates import template
from wizard.typescript import typed

_JS = Install("posthog-js", "^1.434.0", oldest="1.335")
_REACT = Install("@posthog/react", "^1.11.0")
_HASH_ROUTER = r"<HashRouter\b|\b(?:createHashRouter|createHashHistory|useHashLocation)\s*(?:\(|\})"

Source = tuple[str, str]
"""Path and text of a file."""


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/react and builds with Vite 8 and React 19."""
    scripts = [entry.script for entry in places.entries(project)]
    own = tuple(path for path in scripts if react_entry.TOKEN in (project.read(path) or ""))
    there = standing(project, "javascript", "browser", besides=own, starts=tuple(scripts))
    if there.elsewhere:
        if there.inside:
            yield _JS
        folder = places.env_directory(project)
        yield from kept(there, answers, "" if folder == "." else f"{folder}/.env.local")
        return
    if too_old := _too_old(project):
        yield too_old
        return
    prefix = places.env_prefix(project)
    names = places.names(project)
    sources = list(_own_sources(project))
    source = typed(_source(sources, answers, names), project, answers.host)
    if not scripts:
        yield Manual("Start PostHog in the entry file: found no page with a module script", source, "index.html")
        return
    yield _JS
    yield _REACT
    yield from _variables(project, answers, names, prefix)
    wrapped = any(react_entry.is_wrapped(text) for _, text in sources)
    for path in scripts:
        yield react_entry.starts(path, source)
        if not wrapped:
            yield from _wraps(project, _renderer(sources, path), path, answers)
    yield from declares_variables(project, names)
    yield from remarks(there, answers)
    yield from csp.note(project, answers)


def _wraps(project: Project, path: str, entry: str, answers: Answers) -> Iterator[EditFile]:
    """The provider around what is rendered: by the app, or by a package that the entry hands it to."""
    errors, found = answers.wants("error_tracking"), shell(project, entry) if path == entry else None
    if found is None:
        yield react_entry.wraps(path, error_tracking=errors, needs=(entry,))
    elif not react_entry.is_wrapped(project.read(found.path) or ""):
        locate = handed_to(*found.names)
        yield react_entry.wraps(path, error_tracking=errors, needs=(entry,), locate=locate, renderer=found.path)


def _renderer(sources: list[Source], entry: str) -> str:
    """The file that renders: the entry, or the one it loads (`import("./bootstrap")` of module federation)."""
    text = dict(sources).get(entry, "")
    if "react-dom" in text:
        return entry
    folder = PurePosixPath(entry).parent
    loaded = [str(folder / name) for name in re.findall(r"[\"']\./([\w./-]+)[\"']", text)]
    found = [p for p, code in sources if p.rpartition(".")[0] in loaded and "react-dom" in code]
    return found[0] if len(found) == 1 else entry


def _source(sources: list[Source], answers: Answers, names: Names) -> str:
    flags = {option for option in IN_BROWSER if answers.wants(option)}
    # what is behind the # is a path there, and the default counts only real ones
    if any(has_code(text, _HASH_ROUTER) for _, text in sources):
        flags.add("hash_router")
    replace = {"VITE_PUBLIC_POSTHOG_PROJECT_TOKEN": names.token, "VITE_PUBLIC_POSTHOG_HOST": names.host}
    return template("react-vite/posthog.ts", replace, flags)


def _variables(project: Project, answers: Answers, names: Names, prefix: str | None) -> Iterator[Change]:
    """Token and host, in the directory where Vite looks for env files."""
    values = {names.token: answers.token or "", names.host: answers.host}
    folder = places.env_directory(project)
    lines = "\n".join(f"{name}={value}" for name, value in values.items())
    if places.computes_env_directory(project):
        title = f"Set {names.token} in the .env.local of the directory that envDir is: it is computed"
        yield Manual(title, lines, places.config(project) or "")
        return
    if normal(f"{project.path}/{folder}").startswith(".."):
        yield Manual(f"Set {names.token} in {folder}/.env.local, which is outside of this directory", lines)
        return
    file = "" if folder == "." else f"{folder}/.env.local"
    for name, value in values.items():
        yield SetEnv(name, value, file)
    if prefix is None:
        yield Note(f"See that envPrefix lets {names.token} through: it is computed", "envPrefix: 'VITE_'")


def _own_sources(project: Project) -> Iterator[Source]:
    """Sources that are part of the app, not of its tests or examples."""
    for path, text in project.sources(places.SCRIPTS):
        parts = PurePosixPath(path).parts
        if ASIDE.isdisjoint(parts[:-1]) and not any(mark in parts[-1] for mark in (".test.", ".spec.", ".stories.")):
            yield path, text


def _too_old(project: Project) -> Manual | None:
    """The step for an app whose React or posthog-js cannot run, or type check, what this plan writes."""
    if not npm.at_least(project, "react", "16.8"):
        return Manual(f"Upgrade React: {npm.version(project, 'react')} has no hooks", "react ^16.8.0", "package.json")
    # the type of `defaults` knows 2026-01-30 since then, and @posthog/react wants 1.257
    if npm.is_declared(project, "posthog-js") and not npm.at_least(project, "posthog-js", "1.335"):
        title = f"Upgrade posthog-js: {npm.version(project, 'posthog-js')} is too old for this set-up"
        return Manual(title, f"posthog-js {_JS.requirement}", "package.json")
    return None
