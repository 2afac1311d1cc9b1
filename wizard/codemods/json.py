"""JSON and JSONC (comments, trailing commas): members and items added without touching the layout around them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wizard.edits import Codemod, Edit, splice
from wizard.errors import CannotEdit
from wizard.lists import alphabetical_place, insert_item
from wizard.text import indent_at, indent_unit, indented, line_number

_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORD = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_BLANKS = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Node:
    """A value at `text[start:end]`. `keys` (objects only) are the decoded names, `starts` where each key begins."""

    start: int
    end: int
    kind: str
    keys: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    children: tuple[Node, ...] = ()


@lru_cache(maxsize=2)
def scan(text: str) -> Node:
    """The spans of a whole document. Raises CannotEdit, with the line, where it is not JSON with comments."""
    node, position = _value(text, _skip(text, 0), 0)
    position = _skip(text, position)
    if position < len(text):
        raise _unexpected(text, position)
    return node


def member(text: str, path: Sequence[str]) -> Any | None:
    """The value at a path of object keys; None when there is none. Raises CannotEdit."""
    node = _descend(text, scan(text), path)
    return None if node is None else _decoded(text, node)


def peek(text: str, path: Sequence[str]) -> Any | None:
    """The same; None too for a text that does not parse."""
    try:
        return member(text, path)
    except CannotEdit:
        return None


def ensure_member(path: Sequence[str], key: str, value: object, *, alphabetical: bool = False) -> Codemod:
    """`key` exists in the object at `path`: with `value` if it is new, else as it is. Missing objects are made.

    `alphabetical`: among keys that are in alphabetical order the new one takes its place, otherwise it comes last.
    """

    def run(text: str) -> str:
        node, missing = _deepest(text, scan(text), path)
        if not missing and key in node.keys:
            _child(text, node, key)
            return text
        new: object = value
        for name in reversed([*missing, key][1:]):
            new = {name: new}
        return splice(text, _add_member(text, node, [*missing, key][0], new, alphabetical and not missing))

    return run


def ensure_item(path: Sequence[str], item: object) -> Codemod:
    """The array at `path` holds `item`: at its place in an alphabetical list of names, else as the last one.

    An array that is missing is made with it as its only item.
    """

    def run(text: str) -> str:
        node, missing = _deepest(text, scan(text), path[:-1])
        if missing or path[-1] not in node.keys:
            return ensure_member(path[:-1], path[-1], [item])(text)
        array = _child(text, node, path[-1])
        if array.kind != "[":
            raise CannotEdit(f"{'.'.join(path)} is not a list", line_number(text, array.start))
        names = [_decoded(text, child) for child in array.children]
        if item in names:
            return text
        spans = [(child.start, child.end) for child in array.children]
        index = len(spans)
        if isinstance(item, str) and len(names) > 1 and all(isinstance(name, str) for name in names):
            index = alphabetical_place(names, item)
        new = json.dumps(item, ensure_ascii=False)
        unit = indent_unit(text)
        return splice(
            text, insert_item(text, array.start, array.end - 1, spans, index, new, unit=unit, trailing_comma=False)
        )

    return run


def _add_member(text: str, node: Node, key: str, value: object, alphabetical: bool) -> list[Edit]:
    unit = indent_unit(text)
    inline = "\n" not in text.strip() and bool(node.children)
    written = json.dumps(value, ensure_ascii=False, indent=None if inline else unit)
    new = f"{json.dumps(key, ensure_ascii=False)}: {written}"
    content = text[node.start + 1 : node.end - 1]
    if not content.strip():
        outer = indent_at(text, node.start)
        return [Edit(node.start + 1, node.end - 1, f"\n{indented(new, outer + unit)}\n{outer}")]
    spans = [(start, child.end) for start, child in zip(node.starts, node.children, strict=True)]
    index = alphabetical_place(node.keys, key) if alphabetical else len(spans)
    return insert_item(text, node.start, node.end - 1, spans, index, new, unit=unit, pad=" ", trailing_comma=False)


def _deepest(text: str, node: Node, path: Sequence[str]) -> tuple[Node, list[str]]:
    """The last object of `path` that exists, and the keys that are missing below it."""
    for depth, key in enumerate([*path, None]):
        if node.kind != "{":
            where = ".".join(path[:depth]) or "the document"
            raise CannotEdit(f"{where} is not an object", line_number(text, node.start))
        if key is None:
            break
        if key not in node.keys:
            return node, list(path[depth:])
        node = _child(text, node, key)
    return node, []


def _descend(text: str, node: Node, path: Sequence[str]) -> Node | None:
    for key in path:
        if node.kind != "{" or key not in node.keys:
            return None
        node = _child(text, node, key)
    return node


def _child(text: str, node: Node, key: str) -> Node:
    if node.keys.count(key) > 1:
        last = len(node.keys) - 1 - node.keys[::-1].index(key)
        raise CannotEdit(f"{key} is there twice", line_number(text, node.starts[last]))
    return node.children[node.keys.index(key)]


def _decoded(text: str, node: Node) -> Any:
    match node.kind:
        case "{":
            return {key: _decoded(text, child) for key, child in zip(node.keys, node.children, strict=True)}
        case "[":
            return [_decoded(text, child) for child in node.children]
        case _:
            try:
                return json.loads(text[node.start : node.end])
            except ValueError as error:  # more digits than Python turns into a number
                raise CannotEdit("a number is too long", line_number(text, node.start)) from error


def _value(text: str, position: int, depth: int) -> tuple[Node, int]:
    opening = text[position : position + 1]
    if opening in ("{", "[") and depth < _DEEPEST:
        return _container(text, position, depth, opening, "}" if opening == "{" else "]")
    match = _STRING.match(text, position) or _WORD.match(text, position)
    if match is None:
        raise _unexpected(text, position)
    return Node(position, match.end(), "scalar"), match.end()


def _container(text: str, start: int, depth: int, kind: str, closing: str) -> tuple[Node, int]:
    keys: list[str] = []
    starts: list[int] = []
    children: list[Node] = []
    position = _skip(text, start + 1)
    while not text.startswith(closing, position):
        if kind == "{":
            starts.append(position)
            key, position = _key(text, position)
            keys.append(key)
        child, position = _value(text, position, depth + 1)
        children.append(child)
        position = _skip(text, position)
        if text.startswith(",", position):
            position = _skip(text, position + 1)
        elif not text.startswith(closing, position):
            raise _unexpected(text, position)
    return Node(start, position + 1, kind, tuple(keys), tuple(starts), tuple(children)), position + 1


def _key(text: str, position: int) -> tuple[str, int]:
    match = _STRING.match(text, position)
    colon = _skip(text, match.end()) if match else position
    if match is None or not text.startswith(":", colon):
        raise _unexpected(text, colon)
    return str(json.loads(match.group())), _skip(text, colon + 1)


def _skip(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _unexpected(text: str, position: int) -> CannotEdit:
    what = "ends too early" if position >= len(text) else "is not JSON"
    return CannotEdit(f"the file {what}", line_number(text, min(position, len(text))))
