"""Parse to locate, splice to edit: replacements of spans, applied at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wizard.errors import CannotEdit
from wizard.text import newline

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
    ordered = _past_line_ends(text, sorted(edits, key=lambda e: (e.start, e.end)))
    parts: list[str] = []
    position = 0
    for edit in ordered:
        if not position <= edit.start <= edit.end <= len(text):
            raise CannotEdit("two edits of one file overlap")
        parts += text[position : edit.start], edit.text.replace("\n", eol)
        position = edit.end
    return "".join([*parts, text[position:]])


def _past_line_ends(text: str, ordered: Sequence[Edit]) -> list[Edit]:
    """Lines added behind a line are added behind its end: in a file with mixed ends each old line keeps its own."""
    inside = {edit.start for edit in ordered if edit.end > edit.start or not edit.text.startswith("\n")}
    moved = []
    for edit in ordered:
        end = next((e for e in ("\r\n", "\n") if text.startswith(e, edit.start)), "")
        if end and edit.start not in inside:
            edit = insert(edit.start + len(end), edit.text[1:] + "\n")
        moved.append(edit)
    return moved


def chain(*codemods: Codemod) -> Codemod:
    """One codemod that applies several, all or none."""

    def run(text: str) -> str:
        for codemod in codemods:
            text = codemod(text)
        return text

    return run
