"""Compiled requirement files (pip-tools, `uv pip compile`): their sources, and the call that compiles them again."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from wizard.codemods.requirements import is_compiled
from wizard.packages.pypi_manifests import home, includes, requirement_files
from wizard.project import Project

_CALL = re.compile(r"^#\s+((?:pip-compile|uv pip compile|python3? -m piptools compile)\b.*)$", re.MULTILINE)
_VALUED = {
    "-o", "--output-file", "--resolver", "--annotation-style", "--python-version", "-p", "--python", "--extra",
    "--python-platform", "-c", "--constraint", "--group", "--unsafe-package",
}  # fmt: skip
_PLAIN = {
    "--generate-hashes", "--strip-extras", "--no-strip-extras", "--allow-unsafe", "--no-emit-index-url", "--universal",
    "--no-emit-trusted-host", "--no-annotate", "--no-header", "--all-extras", "--quiet", "-q", "--no-emit-find-links",
    "--no-emit-options", "--reuse-hashes", "--no-allow-unsafe", "--verbose", "-v",
}  # fmt: skip
_UPGRADES = {"-U", "--upgrade"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled file, its sources (relative to the app), and how it is compiled: argv (None: unknown) and cwd."""

    path: str
    sources: tuple[str, ...]
    argv: tuple[str, ...] | None
    cwd: str


def compiled_files(project: Project) -> list[Compiled]:
    """All compiled requirement files of the app."""
    texts = ((path, project.read(path) or "") for path in requirement_files(project) if path.endswith(".txt"))
    return [_compiled(project, path, text) for path, text in texts if is_compiled(text)]


def affected(project: Project, source: str) -> list[Compiled]:
    """The compiled files that a change of `source` reaches, directly or through `-r`; the base ones first."""
    found = []
    for file in compiled_files(project):
        if source in file.sources or any(source in includes(project, one) for one in file.sources):
            found.append(file)
    return sorted(found, key=lambda file: source not in file.sources)


def _compiled(project: Project, path: str, text: str) -> Compiled:
    match = _CALL.search(text)
    words = _split(match[1]) if match else []
    options, names = _parsed(words)
    for cwd in (home(project), dirname(path) or "."):
        sources = tuple(normpath(join(cwd, name)) for name in names)
        if sources and all(project.exists(source) for source in sources):
            return Compiled(path, sources, options and (*options, *names), cwd)
    beside = f"{path.removesuffix('.txt')}.in"
    return Compiled(path, (beside,) if project.exists(beside) else (), None, home(project))


def _split(call: str) -> list[str]:
    try:
        return shlex.split(call)
    except ValueError:
        return []


def _parsed(words: list[str]) -> tuple[tuple[str, ...] | None, list[str]]:
    """The call without its sources, and the sources; no call when it has an option that we do not know.

    A header is text of the repository: only options that name files and formats are passed on.
    """
    count = {"pip-compile": 1, "uv": 3}.get(words[0] if words else "", 4)
    call, names, known = list(words[:count]), [], bool(words)
    rest = iter(words[count:])
    for word in rest:
        if word in _VALUED:
            call += word, next(rest, "")
        elif word.partition("=")[0] in _VALUED or word in _PLAIN:
            call.append(word)
        elif word.startswith("-"):
            known = known and word in _UPGRADES
        else:
            names.append(word)
    return tuple(call) if known else None, names
