"""Parse to locate, splice to edit: replacements of spans, applied at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from wizard.errors import CannotEdit
from wizard.text import line_number, newline, same_line

Codemod = Callable[[str], str]
"""A pure function from a file's text to its new text.

Returns the same string when the work is already done; raises CannotEdit when it does not understand the text.
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]` (character offsets) by `text`, whose line ends are written as `\\n`."""

    start: int
    end: int
    text: str


def insert(position: int, text: str) -> Edit:
    """An edit that only adds."""
    return Edit(position, position, text)


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply non-overlapping edits; inserted line ends take the style that most of the file has.

    Two insertions at one offset keep the order in which they are given.
    """
    eol = newline(text)
    ordered = sorted(edits, key=lambda e: (e.start, e.end))
    _check(text, ordered)
    parts: list[str] = []
    position = 0
    for edit in _past_line_ends(text, ordered):
        parts += text[position : edit.start], re.sub(r"\r?\n", eol, edit.text)
        position = edit.end
    return "".join([*parts, text[position:]])


def _check(text: str, ordered: Sequence[Edit]) -> None:
    position = 0
    for edit in ordered:
        if not position <= edit.start <= edit.end <= len(text):
            raise CannotEdit("two edits of one file overlap")
        position = edit.end
        if any(text[at - 1 : at + 1] == "\r\n" for at in (edit.start, edit.end) if at):
            raise CannotEdit("an edit would tear a line end apart", line_number(text, edit.start))


def _past_line_ends(text: str, ordered: Sequence[Edit]) -> Iterator[Edit]:
    """Lines added behind a line are added behind its end: in a file with mixed ends each old line keeps its own."""
    for place, group in groupby(ordered, key=lambda e: e.start):
        edits = list(group)
        end = next((e for e in ("\r\n", "\n") if text.startswith(e, place)), "")
        added = "".join(edit.text for edit in edits)
        if end and "\n" in added and all(edit.end == place for edit in edits):
            same_line, _, more = added.partition("\n")
            yield insert(place, same_line.removesuffix("\r"))
            yield insert(place + len(end), more + "\n")
        else:
            yield from edits


def chain(*codemods: Codemod) -> Codemod:
    """One codemod that applies several, all or none. A refusal names the line of the text as it was given."""

    def run(text: str) -> str:
        given = text
        for codemod in codemods:
            try:
                text = codemod(text)
            except CannotEdit as error:
                if error.line is None or text == given:
                    raise
                line = min(same_line(text, given, error.line), given.count("\n") + 1)
                raise CannotEdit(error.reason, line) from error
        return text

    return run
