"""Where the statements of a TOML document are: what tomllib understands but does not locate."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from wizard.errors import CannotEdit
from wizard.text import line_number

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}#][^,\]}#\n]*")
_DEEPEST = 50
_LARGEST = 100_000  # characters; the second opinion takes seconds beyond

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """`path` is table plus key; `start` begins its key; the value is `text[value:end]`."""

    path: Path
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A `[table]` header, or the top of the file with the path `()`; `end` is where its header ends.

    `many` is an element of an array of tables (`[[table]]`).
    """

    path: Path
    end: int
    statements: tuple[Statement, ...]
    many: bool = False


def sections(text: str) -> list[Section]:
    """All sections in order. Raises CannotEdit for what does not parse."""
    if len(text) > _LARGEST:
        raise CannotEdit("the file is too large")
    try:
        tomllib.loads(text)
    except ValueError as error:  # a number of too many digits is one, too
        raise CannotEdit(f"the file is not valid TOML: {ascii(str(error))[1:-1]}") from error
    except RecursionError as error:
        raise CannotEdit("the file is nested too deeply") from error
    found: list[Section] = []
    path: Path = ()
    end, many = 0, False
    statements: list[Statement] = []
    position = _skip(text, 0)
    while position < len(text):
        if text[position] == "[":
            found.append(Section(path, end, tuple(statements), many))
            many = text.startswith("[[", position)
            path, position = _keys(text, position + 1 + many)
            position += 1 + many
            end, statements = position, []
        else:
            start = position
            keys, position = _keys(text, position)
            value = _skip(text, position + 1)
            position = _value_end(text, value, 0)
            statements.append(Statement((*path, *keys), start, value, position))
        position = _skip(text, position)
    return [*found, Section(path, end, tuple(statements), many)]


def array_items(text: str, start: int) -> list[tuple[int, int]]:
    """The spans of the items of the array whose `[` is at `start`."""
    items = []
    position = _skip(text, start + 1)
    while text[position] != "]":
        end = _value_end(text, position, 0)
        items.append((position, end))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return items


def _keys(text: str, position: int) -> tuple[Path, int]:
    keys: list[str] = []
    while True:
        match = _KEY.match(text, position)
        if match is None:
            raise CannotEdit("a key is written in a way we do not know", line_number(text, position))
        if len(keys) > _DEEPEST:
            raise CannotEdit("the file is nested too deeply", line_number(text, position))
        keys.append(next(iter(tomllib.loads(f"{match[1]} = 0"))))
        position = match.end()
        if not text.startswith(".", position):
            return tuple(keys), position
        position += 1


def _value_end(text: str, position: int, depth: int) -> int:
    if depth > _DEEPEST:
        raise CannotEdit("the file is nested too deeply", line_number(text, position))
    if text[position] in "[{":
        closing = "]" if text[position] == "[" else "}"
        position = _skip(text, position + 1)
        while text[position] != closing:
            if closing == "}":
                _, position = _keys(text, position)
                position = _skip(text, position + 1)
            position = _skip(text, _value_end(text, position, depth + 1))
            if text[position] == ",":
                position = _skip(text, position + 1)
        return position + 1
    match = _STRING.match(text, position) or _SCALAR.match(text, position)
    if match is None:
        raise CannotEdit("a value is written in a way we do not know", line_number(text, position))
    return position + len(match.group().rstrip())


def _skip(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position
