"""`.env` files: add or fill a variable, every other byte untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.edits import Codemod, Edit, insert, splice

_ENTRY = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*")
_PLAIN = re.compile(r"[\w.:/@%+,=~-]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One assignment: its name, its value without quotes, and where the written value lies in the text."""

    name: str
    value: str
    start: int
    end: int


def entries(text: str) -> Iterator[Entry]:
    """The assignments of an env file, in order. A quoted value may span lines; commented lines are none."""
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end == -1 else end
        if match := _ENTRY.match(text, position, end):
            start = match.end()
            quote = text[start : start + 1]
            close = _closing_quote(text, start) if quote and quote in "\"'`" else None
            if close is not None:
                yield Entry(match["name"], text[start + 1 : close], start, close + 1)
                end = text.find("\n", close)
                end = len(text) if end == -1 else end
            else:
                written = re.split(r"[ \t]+#|^#", text[start:end])[0].rstrip()
                start = start if written else text.index("=", match.end("name")) + 1
                yield Entry(match["name"], written, start, start + len(written))
        position = end + 1


def _closing_quote(text: str, start: int) -> int | None:
    quote, i = text[start], start + 1
    while i < len(text):
        if text[i] == "\\" and quote == '"':
            i += 1
        elif text[i] == quote:
            return i
        i += 1
    return None


def read(text: str) -> dict[str, str]:
    """Names and values of an env file; the last assignment of a name counts."""
    return {entry.name: entry.value for entry in entries(text)}


def quoted(value: str) -> str:
    """`value` as an env file writes it: bare when nothing in it means something, else in quotes."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'


def ensure_variable(name: str, value: str) -> Codemod:
    """`name` is assigned. A non-empty value stays as it is; an empty one is filled; a missing one is appended."""

    def codemod(text: str) -> str:
        same = [entry for entry in entries(text) if entry.name == name]
        if any(entry.value for entry in same) or (same and not value):
            return text
        if same:
            return splice(text, [Edit(same[-1].start, same[-1].end, quoted(value))])
        before = "" if not text or text.endswith("\n") else "\n"
        return splice(text, [insert(len(text), f"{before}{name}={quoted(value)}\n")])

    return codemod


def set_variable(name: str, value: str) -> Codemod:
    """`name` has this very value: every assignment of it is replaced, or one is appended."""

    def codemod(text: str) -> str:
        same = [entry for entry in entries(text) if entry.name == name]
        if not same:
            return ensure_variable(name, value)(text)
        return splice(text, [Edit(e.start, e.end, quoted(value)) for e in same if e.value != value])

    return codemod
