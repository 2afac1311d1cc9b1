"""One variable of a compose file, of the repository's workflows or of a store, where several apps get it from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from wizard.changes import Note
from wizard.deploy.surface import Finding, Variable

_SOURCE = re.compile(r"\$\{?(\w+)|\b(?:vars|secrets|env)\.(\w+)")
_KEPT_BY_APP = frozenset({"docker", "turbo", "nx", "moon", "wireit", "rush"})
"""Surfaces that hold no values: what they are given is told by others."""


def one_value(
    apps: Sequence[tuple[str, Mapping[str, str | None], Sequence[Finding]]], line_of: Callable[[str], str]
) -> Iterator[tuple[str, Note]]:
    """`(app, note)` where a place gives one value of a variable to apps that want different ones.

    `apps` are their paths, the value that each wants for a variable, and the findings, with paths relative to the tree;
    `line_of` is the text of a `path:line`.
    """
    seen: dict[tuple[str, str, str], tuple[str, str | None]] = {}
    for app, wants, findings in apps:
        for finding in findings:
            for variable in finding.variables if finding.surface not in _KEPT_BY_APP else ():
                source = _source(variable, line_of)
                if source is None:
                    continue
                place, wanted = _place(finding), wants.get(variable.name)
                other, there = seen.setdefault((finding.surface, place, source), (app, wanted))
                if there != wanted:
                    title = f"{place} gives {other} and {app} one {source}, but they send to different projects"
                    yield app, Note(title, f"Give {app} another one there, for example {_own(source, app)}.")


def _source(variable: Variable, line_of: Callable[[str], str]) -> str | None:
    """The variable that the value comes from; None for a value that is written out."""
    line = line_of(variable.where) if ":" in variable.where else ""
    if source := _SOURCE.search(line):
        return source[1] or source[2]
    value = re.search(rf"{re.escape(variable.name)}[\"']?\s*[:=]\s*[\"']?[^\s\"']", line)
    return None if value and variable.state == "there" else variable.name


def _place(finding: Finding) -> str:
    """Where the value is kept: beside a compose file, with all workflows of the repository, else where it was found."""
    path = finding.where.rpartition(":")[0] if re.search(r":\d+$", finding.where) else finding.where
    match finding.surface:
        case "github":
            return str(PurePosixPath(path).parent)
        case _:
            return path


def _own(name: str, app: str) -> str:
    return f"{re.sub(r'[^A-Z0-9]+', '_', PurePosixPath(app).name.upper())}_{name}"
