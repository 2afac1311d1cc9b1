"""Where an Express app is made and how it is started: read off manifests and source text, without a parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from wizard.project import Project
from wizard.workspace import ASIDE

CALLEE = r"express|require\(['\"]express['\"]\)"
"""What is called to make an app, as a regex on source text."""

_MADE = re.compile(r"\b(?:express|require\(['\"]express['\"]\))\s*\(\s*\)")
_TEST = re.compile(r"\.(test|spec|d)\.|^(jest|vitest)\.")
_BUILT = re.compile(r"^(?:\./)?(?:dist|build|lib|out)/")
_SOURCES = "**/*.{js,mjs,cjs,ts,mts,cts}"


def candidates(project: Project) -> list[str]:
    """The project's own files that make an Express app."""
    found = []
    for path, text in project.sources(_SOURCES):
        parts = PurePosixPath(path).parts
        if ASIDE.isdisjoint(parts[:-1]) and not _TEST.search(parts[-1]) and _MADE.search(_code(text)):
            found.append(path)
    return found


def app_file(project: Project) -> str | None:
    """The file that makes the app: the only one, or the one that is started; None when nobody can tell."""
    found = candidates(project)
    if len(found) < 2:
        return found[0] if found else None
    return next((path for path in entries(project) if path in found), None)


def entries(project: Project) -> Iterator[str]:
    """The source files that `main` and the start scripts of package.json name; compiled files by their source."""
    manifest = project.json("package.json")
    scripts = manifest.get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    words = [w for name in ("dev", "start", "serve") for w in str(scripts.get(name, "")).split()]
    for word in [*words, str(manifest.get("main", ""))]:
        yield from (path for path in _sources_of(word) if project.exists(path))


def _sources_of(word: str) -> Iterator[str]:
    """`dist/server.js` may be `src/server.ts` or `server.ts` before it is compiled."""
    if not re.search(r"\.[cm]?[jt]s$", word):
        return
    path = word.removeprefix("./")
    stem = path.rpartition(".")[0]
    yield path
    for base in (stem, _BUILT.sub("src/", stem), _BUILT.sub("", stem)):
        yield from (f"{base}{suffix}" for suffix in (".ts", ".mts", ".js", ".mjs"))


def variant(project: Project) -> str:
    """`typescript`, `esm` or `commonjs`, by the file that makes the app."""
    path = app_file(project) or next(iter(candidates(project)), "")
    if PurePosixPath(path).suffix in (".ts", ".mts", ".cts"):
        return "typescript"
    return "esm" if is_esm(project, path) else "commonjs"


def is_esm(project: Project, path: str) -> bool:
    """Is a JavaScript file an ES module: by its extension, its own syntax, or the nearest package.json?"""
    suffix = PurePosixPath(path).suffix
    if suffix in (".mjs", ".cjs"):
        return suffix == ".mjs"
    text = project.read(path) or ""
    if re.search(r"^\s*(import\s+[\w{*'\"]|export\s)", text, re.MULTILINE):
        return True
    if re.search(r"\brequire\s*\(|\bmodule\.exports\b", text):
        return False
    return project.json("package.json").get("type") == "module"


def handles_signals(project: Project, besides: str) -> str | None:
    """`path:line` of a handler of SIGTERM or SIGINT in the project's own code."""
    pattern = re.compile(
        r"process\s*\.\s*(?:on|once|addListener)\s*\(\s*['\"](?:SIGTERM|SIGINT)|createTerminus|http-terminator"
    )
    listed = re.compile(r"\[\s*['\"]SIG(?:TERM|INT)['\"]")
    for path, text in project.sources(_SOURCES):
        if path != besides and ASIDE.isdisjoint(PurePosixPath(path).parts[:-1]):
            code = _code(text)
            if match := pattern.search(code) or listed.search(code):
                return f"{path}:{code.count(chr(10), 0, match.start()) + 1}"
    return None


def loads_env_file(project: Project) -> bool:
    """Does anything load `.env` when the app is started?"""
    manifest = project.json("package.json")
    if "--env-file" in str(manifest.get("scripts", "")) or "dotenv" in str(manifest.get("scripts", "")):
        return True
    pattern = re.compile(r"['\"](?:dotenv(?:-\w+)?|@dotenvx/dotenvx|env-cmd)(?:/[\w-]+)?['\"]|loadEnvFile\s*\(")
    return any(pattern.search(_code(text)) for _, text in project.sources(_SOURCES))


def _code(text: str) -> str:
    """The text with its comments blanked out."""
    return re.sub(
        r"/\*.*?\*/|(?<![:\"'`\w/])//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.DOTALL
    )
