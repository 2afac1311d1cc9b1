"""`key: value` entries of a YAML mapping: at their alphabetical place, quoted as the ones around them are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from wizard.codemods.yaml import Node, added_key, descend, end_of, events, indentation, only_added, read
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.lists import alphabetical_place, insert_item
from wizard.text import indent_unit, line_end, line_number, line_start

_PLAIN = re.compile(r"[\^~]\d[\d.]*|[a-z]+[a-z\d]*[-/.][a-z\d./-]*[a-z\d]")


def ensure_entry(path: Sequence[str], key: str, value: str) -> Codemod:
    """The mapping at `path` has `key`: with `value` if it is new, else as it is. A missing or empty mapping is made.

    Among keys in alphabetical order the new one takes its place, otherwise it comes last.
    """

    def run(text: str) -> str:
        parent, node = descend(text, path)
        after = _with_entry(text, path, parent, node, key, value)
        if after != text and read(after).text(*path, key) != value:
            raise _unknown(text, parent)
        return after

    return run


def _with_entry(text: str, path: Sequence[str], parent: Node, node: Node | None, key: str, value: str) -> str:
    entry = f"{_scalar(text, key, ())}: {_scalar(text, value, ())}"
    if node is None:
        return added_key(text, parent, path[-1], [entry])
    if node.kind == "map" and node.children:
        _refuse_composed(text, node, key)
        return text if node.own(key) is not None else _inserted(text, node, key, value)
    if node.kind == "map":
        return _in_braces(text, parent, node, entry)
    if node.kind == "scalar" and not text[node.start : node.end].strip():
        return _below(text, parent, node, entry)
    raise CannotEdit(f"{path[-1]} is not a mapping", line_number(text, node.start))


def _unknown(text: str, node: Node) -> CannotEdit:
    return CannotEdit("the layout is one that we do not know", line_number(text, node.start))


def _refuse_composed(text: str, node: Node, key: str) -> None:
    """Only a mapping whose entries are all written out in it is known to hold what it seems to hold."""
    names = [k.value for k in node.keys]
    if names.count(key) > 1:
        raise CannotEdit(f"{key} is there twice", line_number(text, node.start))
    inside = (
        node.start <= k.start <= k.end <= c.start <= node.end for k, c in zip(node.keys, node.children, strict=True)
    )
    if "<<" in names or not all(inside):
        raise CannotEdit("it is put together by merge keys or aliases", line_number(text, node.start))


def _inserted(text: str, node: Node, key: str, value: str) -> str:
    entry = f"{_scalar(text, key, node.keys)}: {_scalar(text, value, node.children)}"
    index = alphabetical_place([k.value or "" for k in node.keys], key)
    if node.flow:
        spans = [(k.start, end_of(text, c)) for k, c in zip(node.keys, node.children, strict=True)]
        pad = " " if text[node.start + 1] == " " else ""
        edits = insert_item(text, node.start, node.end - 1, spans, index, entry, ("#",), pad=pad, trailing_comma=False)
    elif index:
        indent = indentation(text, node, node.keys[index - 1])
        edits = [insert(line_end(text, end_of(text, node.children[index - 1])), f"\n{indent}{entry}")]
    else:
        indent = indentation(text, node, node.keys[0])
        edits = [insert(_above_comments(text, node.keys[0].start), f"{indent}{entry}\n")]
    after = splice(text, edits)
    if not only_added(text, after, node):
        raise _unknown(text, node)
    return after


def _above_comments(text: str, position: int) -> int:
    """The start of the line at `position`, or of the comments right above it, which are about it."""
    start = line_start(text, position)
    while start and text[line_start(text, start - 1) : start].lstrip().startswith("#"):
        start = line_start(text, start - 1)
    return start


def _in_braces(text: str, parent: Node, node: Node, entry: str) -> str:
    """The first entry in `{}`: below the key, if that stands in lines of its own."""
    between = text[node.start + 1 : node.end - 1]
    if between.strip():
        raise CannotEdit("there is a comment in the braces", line_number(text, node.start))
    if parent.flow:
        return splice(text, [Edit(node.start, node.end, f"{{ {entry} }}")])
    before = text[: node.start].rstrip(" ")
    after = splice(
        text, [Edit(len(before), node.end, ""), insert(line_end(text, node.end), _line(text, parent, node, entry))]
    )
    if not only_added(text, after, node):
        raise _unknown(text, node)
    return after


def _below(text: str, parent: Node, node: Node, entry: str) -> str:
    """The first entry of a mapping whose key has nothing behind it."""
    key = next(k for k, c in zip(parent.keys, parent.children, strict=True) if c is node)
    after = splice(text, [insert(line_end(text, key.end), _line(text, parent, node, entry))])
    old, new = events(text), events(after)
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    if parent.flow or len(new) != len(old) + 3 or old[at + 1 :] != new[at + 4 :]:
        raise _unknown(text, node)
    return after


def _line(text: str, parent: Node, node: Node, entry: str) -> str:
    key = next(k for k, c in zip(parent.keys, parent.children, strict=True) if c is node)
    return f"\n{indentation(text, parent, key)}{indent_unit(text).replace(chr(9), '  ')}{entry}"


def _scalar(text: str, value: str, around: Sequence[Node]) -> str:
    """A string as its neighbours write theirs: in their quotes if it needs some, or most that need none have some."""
    marks = Counter(text[node.start : node.start + 1] for node in around)
    free = [text[node.start] in "\"'" for node in around if _is_plain(node.value or "")]
    if _is_plain(value) and sum(free) * 2 <= len(free):
        return value
    marks = marks if marks["'"] + marks['"'] else Counter(text)
    return f'"{value}"' if marks['"'] > marks["'"] else f"'{value}'"


def _is_plain(value: str) -> bool:
    """Is it read as this very string without quotes, also within braces?"""
    import yaml

    if value.startswith(("@", ">", "*")) or not value.isprintable():
        return False
    if _PLAIN.fullmatch(value):
        return True
    try:
        return bool(yaml.safe_load(f"[{value}]") == [value] and yaml.safe_load(f"{value}: {value}") == {value: value})
    except yaml.YAMLError:
        return False
