"""Compiled requirement files (pip-tools, `uv pip compile`): their sources, and the call that compiles them again."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from posixpath import basename, dirname, isabs, join, normpath

from wizard.codemods.requirements import is_compiled
from wizard.packages.pypi_manifests import home, includes, requirement_files
from wizard.project import Project

_CALL = re.compile(r"^#\s+((?:pip-compile|uv pip compile|python3? -m piptools compile)\b.*)$", re.MULTILINE)
_VALUED = {
    "--resolver", "--annotation-style", "--python-version", "-p", "--python", "--extra", "--python-platform", "-c",
    "--constraint", "--group", "--unsafe-package",
}  # fmt: skip
_OUTPUT = {"-o", "--output-file"}
_INTERPRETER = {"-p", "--python"}
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
    options, names, output = _parsed(words)
    for cwd in (home(project), dirname(path) or "."):
        sources = tuple(normpath(join(cwd, name)) for name in names)
        if sources and all(project.exists(source) for source in sources):
            other = output is not None and normpath(join(cwd, output)) != normpath(path)
            return Compiled(path, sources, None if other else options and (*options, *names), cwd)
    # a path of the machine that compiled it: /home/me/shop/pyproject.toml
    elsewhere = tuple(normpath(join(home(project), basename(name))) for name in names if isabs(name))
    if elsewhere and len(elsewhere) == len(names) and all(project.exists(source) for source in elsewhere):
        return Compiled(path, elsewhere, None, home(project))
    beside = f"{path.removesuffix('.txt')}.in"
    return Compiled(path, (beside,) if project.exists(beside) else (), None, home(project))


def _split(call: str) -> list[str]:
    try:
        return shlex.split(call)
    except ValueError:
        return []


def _parsed(words: list[str]) -> tuple[tuple[str, ...] | None, list[str], str | None]:
    """The call without its sources, the sources, and the output file; no call for an option that we do not know.

    A header is text of the repository: only options that name formats and what is read are passed on, and an output
    file is the caller's to judge. A path for an interpreter would be a program to start.
    """
    count = {"pip-compile": 1, "uv": 3}.get(words[0] if words else "", 4)
    call, names, known, output = list(words[:count]), [], bool(words), None
    rest = iter(words[count:])
    for word in rest:
        option, equals, value = word.partition("=")
        if option in _VALUED | _OUTPUT:
            value = value if equals else next(rest, "")
            call += [word] if equals else [word, value]
            output = value if option in _OUTPUT else output
            known = known and not (option in _INTERPRETER and re.search(r"[^\w.]", value))
        elif word in _PLAIN:
            call.append(word)
        elif word.startswith("-"):
            known = known and word in _UPGRADES
        else:
            names.append(word)
    return tuple(call) if known else None, names, output
