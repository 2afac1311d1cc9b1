"""Where an Express app is made, started and listened with: read off the source text, without a parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from frameworks.express.entry import SOURCES, entries, imported
from wizard.asides import ASIDE
from wizard.detect import Evidence, Strength
from wizard.packages import npm
from wizard.project import Project
from wizard.text import line_number

_NAMED = re.compile(
    r"""(?:import\s+(?!type\s)(?:\*\s+as\s+)?(?P<esm>\w+)(?:\s*,\s*(?:\{[^{}]*\}|\*\s*as\s+\w+))?\s*\bfrom\s*|(?:\b(?:const|let|var)\s+|,\s*)(?P<cjs>\w+)\s*=\s*require\s*\(\s*|"""
    r"""import\s+(?P<ts>\w+)\s*=\s*require\s*\(\s*)["']express["'](?!\s*\)\s*\()"""
)
_REQUIRED = r"""require\s*\(\s*["']express["']\s*\)"""
_NOTHING = r"\s*\(\s*(?:/\*[^*\n]*\*/\s*)?\)"
"""No arguments, a comment at most."""
_TEST_FILE = re.compile(r"(\.(test|spec|stories)\.|\.d\.[cm]?ts$|\.min\.js$|^(jest|vitest)\.)")
_TOOLING = frozenset(("scripts", "tools"))
"""Directories whose servers help to build or to try out the app, unless one of them is what is started."""
_FOR_BUILDS = re.compile(
    r"""(?:\bfrom\s*|\brequire\s*\(\s*|\bimport\s*\(?\s*)["'](?:webpack|vite|rollup|esbuild|browser-sync|@rspack)\b"""
)
"""What loads a build tool: the server shows the pages of another app while somebody works on them."""
_LISTENS = re.compile(r"^(?![ \t]*(?://|\*|/\*))(?:(?!(?<!:)//)[^\n])*?\.\s*listen\s*\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """One `name = express()`: the file, the variable, what the file calls `express`, and whether a function does it."""

    path: str
    name: str
    callee: str
    in_function: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The file that is run (None when nothing tells), all files it loads, the app, and the files that `listen`."""

    entry: str | None
    reached: tuple[str, ...]
    app: Made
    listens: str | None


def own_sources(project: Project, holding: str = "") -> list[tuple[str, str]]:
    """The app's own code, without tests and examples; with what is started though it has no suffix (`bin/www`).

    With a word only the files that it is in.
    """
    started = [path for path in entries(project) if not PurePosixPath(path).suffix]
    return [
        (path, text)
        for path, text in project.sources(SOURCES, *started, holding=holding)
        if ASIDE.isdisjoint(PurePosixPath(path).parts[:-1]) and not _TEST_FILE.search(PurePosixPath(path).name)
    ]


def made(project: Project) -> list[Made]:
    """Every `name = express()` in the app's own code, short paths first."""
    if made not in project.memo:
        found = (_made(path, text) for path, text in own_sources(project, "express"))
        project.memo[made] = sorted(filter(None, found), key=lambda m: (m.path.count("/"), m.path))
    return list(project.memo[made])


def _made(path: str, text: str) -> Made | None:
    named = _NAMED.search(text)
    callee = next(filter(None, named.groups())) if named else _REQUIRED
    if re.search(rf"(?:{callee})(?:\.default)?{_NOTHING}", text) is None:
        return None
    # the lists of old: `var express = require("express")`, on the next line `, app = express()`
    declared = r"(?:[^\n]*[,;]\s*)?(?:export\s+)?(?:(?:const|let|var)\s+)?"
    target = declared + r"(?P<name>[\w$.]+)\s*(?::[^=\n]+)?=\s*(?:[\w$.]+\s*=\s*)?"
    # `express.default()` is what TypeScript makes of a namespace import
    match = re.search(rf"^([ \t]*){target}(?:{callee})(?P<whole>\.default)?{_NOTHING}", text, re.MULTILINE)
    if match is None:
        return None
    callee = callee.replace(r"\s*", "") + (r"\.default" if match["whole"] else "")
    return Made(path, match["name"], callee, bool(match[1]))


def read(project: Project) -> Layout | None:
    """The app that the entry file loads first; without an entry the only one there is. None when that is open."""
    apps = {app.path: app for app in made(project)}
    for entry in entries(project):
        reached = tuple(imported(project, entry))
        if app := next((apps[path] for path in reached if path in apps), None):
            return Layout(entry, reached, app, _listens(project, (app.path, *reached)))
    if len(apps) == 1:
        app = next(iter(apps.values()))
        return Layout(None, (app.path,), app, _listens(project, (app.path,)))
    return None


def chained(project: Project) -> list[str]:
    """`path:line` of every `express().use(...).listen(...)`, an app that no variable holds."""
    found = []
    for path, text in own_sources(project, "express"):
        named = _NAMED.search(text)
        callee = next(filter(None, named.groups())) if named else _REQUIRED
        pattern = rf"^[ \t]*(?:module\.exports\s*=\s*|export\s+default\s+)?(?:{callee})\s*\(\s*\)\s*\."
        found += [f"{path}:{line_number(text, m.start())}" for m in re.finditer(pattern, text, re.MULTILINE)]
    return found


def _listens(project: Project, paths: tuple[str, ...]) -> str | None:
    return next((path for path in paths if _LISTENS.search(project.read(path) or "")), None)


def variant(project: Project) -> str:
    """`typescript`, `esm` or `commonjs` by the file that makes the app; `-factory` when a function makes it.

    `chained` when no variable holds the app.
    """
    layout = read(project)
    apps = [layout.app] if layout else made(project)
    if not apps:
        return "chained"
    kind = "typescript" if apps[0].path.endswith("ts") else "esm" if is_esm(project, apps[0].path) else "commonjs"
    return f"{kind}-factory" if apps[0].in_function else kind


def is_esm(project: Project, path: str) -> bool:
    """Is a file an ES module: by its extension, else by its own syntax, else by what package.json says?"""
    if path.endswith((".mjs", ".cjs")):
        return path.endswith(".mjs")
    text = project.read(path) or ""
    if re.search(r"^\s*(?:import\s*[\w{*\"']|export\s)", text, re.MULTILINE):
        return True
    return "require(" not in text and project.json("package.json").get("type") == "module"


def comes_along(project: Project) -> tuple[Evidence, ...]:
    """The app's code is typed against Express, and another of its packages brings Express itself along."""
    listed = npm.declared(project)
    if "express" in {**listed, **npm.hoisted(project)[1]} or "@types/express" not in listed:
        return ()
    return (Evidence(Strength.LIKELY, f"{npm.manifest_path(project)} lists @types/express"),)


def runs_express(project: Project) -> tuple[Evidence, ...]:
    """Express is a dependency of the app itself, not of its tooling or its users, and the code makes an app.

    Listed among the tools, or by its types alone, it is the app's own when that is what gets started, and is no server
    that a build tool answers through.
    """
    manifest = npm.manifest(project)
    sections = (manifest.get(name) for name in ("dependencies", "optionalDependencies"))
    listed = any(isinstance(section, dict) and "express" in section for section in sections)
    if not made(project):
        chains = chained(project)[:1] if listed else []
        return tuple(Evidence(Strength.LIKELY, f"{place} makes the app") for place in chains)
    layout = read(project)
    started = layout.app.path if layout and layout.entry else ""
    apps = [app for app in made(project) if app.path == started or not _TOOLING & {*PurePosixPath(app.path).parts[:-1]}]
    if not listed:
        reached = layout.reached if layout and layout.listens else ()
        is_tool = any(_FOR_BUILDS.search(project.read(path) or "") for path in reached)
        apps = [app for app in apps if app.path == started and reached and not is_tool]
    return tuple(Evidence(Strength.LIKELY, f"{app.path} makes the app") for app in apps[:1])
