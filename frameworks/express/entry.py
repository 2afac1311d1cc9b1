"""Which file Node is started with, and the files that one loads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from wizard.project import Project, normal

SOURCES = "**/*.{js,mjs,cjs,ts,mts,cts,jsx,tsx}"

_SUFFIXES = (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")
_SCRIPTS = ("start", "dev", "start:dev", "start:prod", "serve", "server", "develop", "watch")
_USUAL = [f"{folder}{name}" for name in ("index", "server", "app", "main") for folder in ("", "src/", "server/")]
_BUILT = ("dist", "build", "out", "lib", ".build")
_LOADS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"'\n]+)["']""")
_MOST_FILES = 500


def entries(project: Project) -> Iterator[str]:
    """Files that the app may be started with, likeliest first: scripts, `main`, the usual names."""
    data = project.json("package.json")
    scripts = data.get("scripts")
    for word in _words(scripts) if isinstance(scripts, dict) else ():
        if found := resolve(project, word):
            yield found
    for path in (data.get("main"), *_USUAL):
        if isinstance(path, str) and (found := resolve(project, path)):
            yield found


def _words(scripts: Mapping[str, object]) -> Iterator[str]:
    """The words that may name a file, of the scripts that start something and of those that they call in turn."""
    pending, seen = [*_SCRIPTS], {*_SCRIPTS}
    while pending:
        script = scripts.get(pending.pop(0))
        for written in re.split(r"[\s;&|]+", script) if isinstance(script, str) else ():
            word = written.strip("\"'")
            if word and not word.startswith("-") and "=" not in word:
                yield word
            name = re.sub(r"^(?:npm|pnpm|yarn|bun):", "", word)  # as concurrently and npm-run-all write it
            if name in scripts and name not in seen:
                seen.add(name)
                pending.append(name)


def resolve(project: Project, path: str) -> str | None:
    """The source file that Node, a TypeScript runner or a build makes of `path`; None when there is none."""
    path = normal(path)
    if path.startswith(("..", "/")):
        return None
    if found := _source(project, path):
        return found
    first, _, rest = path.partition("/")
    if first in _BUILT and rest:
        inside = rest.removeprefix("src/")
        return _source(project, f"src/{inside}") or _source(project, rest)
    return None


def _source(project: Project, path: str) -> str | None:
    stem = re.sub(r"\.[cm]?jsx?$", "", path)
    if project.exists(path) and (path.endswith(_SUFFIXES) or "node" in (project.read(path) or "").partition("\n")[0]):
        return path
    typescript = [stem + suffix for suffix in (".ts", ".mts", ".cts", ".tsx")] if stem != path else []
    below = "" if path == "." else f"{path}/"
    return project.first(*typescript, *(path + s for s in _SUFFIXES), *(f"{below}index{s}" for s in _SUFFIXES))


def imported(project: Project, entry: str) -> Iterator[str]:
    """`entry` and the files of the project that it loads, nearest first."""
    pending, seen = [entry], {entry}
    for path in pending[:]:
        yield path
    while pending and len(seen) < _MOST_FILES:
        path = pending.pop(0)
        for found in loads(project, path):
            if found not in seen:
                seen.add(found)
                pending.append(found)
                yield found


def loads(project: Project, path: str) -> Iterator[str]:
    """The files of the project that one file loads by relative paths and by aliases of its configuration, in order."""
    for match in _LOADS.finditer(project.read(path) or ""):
        if re.match(r"\.{1,2}(?:/|$)", match[1]):
            found = _source(project, normal(str(PurePosixPath(path).parent / match[1])))
        else:
            found = _aliased(project, path, match[1])
        if found:
            yield found


def _aliased(project: Project, importer: str, specifier: str) -> str | None:
    """The one file of the project behind a name like `@/server`; None for a package's."""
    from wizard.existing.modules import JavaScriptModules  # detection on its own needs none of its parsers

    if _aliased not in project.memo:
        project.memo[_aliased] = JavaScriptModules(project, project.tree.known)
    found: tuple[str, ...] = project.memo[_aliased].resolve(project.within(importer), specifier)
    own = {project.within(path): path for path in project.files(SOURCES)} if found else {}
    return own.get(found[0]) if len(found) == 1 else None
