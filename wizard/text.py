"""Bytes to text and back without losing anything: encoding, BOM, line ends, indentation."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from wizard.errors import CannotEdit

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MANY_PAIRS = 4_000_000  # of lines: difflib is quadratic


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's text is stored: codec name and the byte order mark in front (maybe empty)."""

    codec: str = "utf-8"
    bom: bytes = b""


def decode(data: bytes) -> tuple[str, Encoding]:
    """Text of a file and how to store it again; line ends stay as they are.

    Raises CannotEdit for binary or undecodable content.
    """
    bom, codec = next(((b, c) for b, c in _BOMS if data.startswith(b)), (b"", "utf-8"))
    try:
        text = data[len(bom) :].decode(codec)
    except UnicodeDecodeError as error:
        raise CannotEdit(f"is not valid {codec} (byte {error.start})") from error
    if "\0" in text:
        raise CannotEdit("is a binary file")
    return text, Encoding(codec, bom)


def encode(text: str, encoding: Encoding) -> bytes:
    """The inverse of `decode`. Raises CannotEdit for half a surrogate pair, which no file can hold."""
    try:
        return encoding.bom + text.encode(encoding.codec)
    except UnicodeEncodeError as error:
        raise CannotEdit(f"cannot be written as {encoding.codec}", line_number(text, error.start)) from error


def newline(text: str) -> str:
    """The line end that most lines of `text` have; `\\n` when there is none."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf * 2 > text.count("\n") else "\n"


def line_number(text: str, position: int) -> int:
    """1-based line of an offset."""
    return text.count("\n", 0, position) + 1


def common_start(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many items (characters, bytes, lines) at the beginning are the same."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def same_line(before: str, after: str, line: int) -> int:
    """Where the 1-based `line` of `before` is in `after`; `line` itself when it is not there any more."""
    old, new = before.split("\n"), after.split("\n")
    first, shift = common_start(old, new), len(new) - len(old)
    if line <= first:
        return line
    last = len(old) - common_start(old[first:][::-1], new[first:][::-1])
    if line > last:
        return line + shift
    if (last - first) * (last + shift - first) <= _MANY_PAIRS:
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(None, old[first:last], new[first : last + shift], autojunk=False)
        for start, now, size in matcher.get_matching_blocks():
            if start < line - first <= start + size:
                return now + line - start
    elif old.count(old[line - 1]) == new.count(old[line - 1]) == 1:
        return new.index(old[line - 1]) + 1
    return line


def line_start(text: str, position: int) -> int:
    """Offset of the first character of the line that holds `position`."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """Offset just before the line end (`\\n` or `\\r\\n`) of the line that holds `position`."""
    end = text.find("\n", position)
    if end == -1:
        return len(text)
    return end - 1 if end and text[end - 1] == "\r" else end


def next_line(text: str, position: int) -> int:
    """Offset of the line after the one that holds `position`, or the end of the text."""
    end = text.find("\n", position)
    return len(text) if end == -1 else end + 1


def indent_at(text: str, position: int) -> str:
    """The leading blanks of the line that holds `position`."""
    start = line_start(text, position)
    match = re.compile(r"[ \t]*").match(text, start)
    return match.group() if match else ""


def indent_unit(text: str, default: str = "  ") -> str:
    """One level of indentation as the file does it: a tab, or the commonest step in spaces."""
    leads = [m.group(1) for m in re.finditer(r"^([ \t]+)(?=[^\s*])", text, re.MULTILINE)]
    if not leads:
        return default
    if sum(lead.startswith("\t") for lead in leads) * 2 > len(leads):
        return "\t"
    widths = [0, *(len(lead) for lead in leads if not lead.startswith("\t"))]
    steps = Counter(b - a for a, b in pairwise(widths) if 1 < b - a <= 8)
    return " " * min(steps, key=lambda s: (-steps[s], s)) if steps else default


def indented(block: str, indent: str) -> str:
    """`block` with `indent` in front of each of its non-blank lines."""
    return "\n".join(indent + line if line.strip() else line for line in block.split("\n"))
