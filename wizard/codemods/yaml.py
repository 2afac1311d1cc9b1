"""YAML: where things are, read through anchors and merge keys; entries added without touching what is around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wizard.edits import Codemod, insert, splice
from wizard.errors import CannotEdit
from wizard.text import line_end, line_number, line_start

_LARGEST = 300_000  # characters; longer files are generated
_DEEPEST = 100
_MERGE = "<<"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value at `text[start:end]`; an alias is the node that it stands for. `flow`: written with brackets or braces.

    `value` is the text of a scalar (None for null). `keys` and `children` belong together in a mapping.
    """

    kind: str
    start: int
    end: int
    flow: bool = False
    value: str | None = None
    keys: tuple[Node, ...] = ()
    children: tuple[Node, ...] = ()

    def own(self, key: str) -> Node | None:
        """The value of a key that is written in this very mapping; the last one counts."""
        found = [c for k, c in zip(self.keys, self.children, strict=True) if k.value == key] if self.keys else []
        return found[-1] if found else None

    def get(self, key: str) -> Node | None:
        """The value of a key, its own or a merged one."""
        found, merged = self.own(key), self.own(_MERGE)
        if found is not None or merged is None:
            return found
        sources = merged.children if merged.kind == "list" else (merged,)
        return next((n for s in sources if s.kind == "map" and (n := s.get(key)) is not None), None)

    def names(self) -> tuple[str, ...]:
        """The keys of a mapping, those of merged ones too."""
        merged = self.own(_MERGE)
        sources = () if merged is None else merged.children if merged.kind == "list" else (merged,)
        own = [k.value or "" for k in self.keys if k.value != _MERGE]
        return tuple(dict.fromkeys([*own, *(name for s in sources if s.kind == "map" for name in s.names())]))

    def text(self, *path: str | int) -> str | None:
        """The scalar at a path."""
        node = self.at(*path)
        return node.value if node is not None and node.kind == "scalar" else None

    def at(self, *path: str | int) -> Node | None:
        """The value at a path of keys and indices."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.children[step] if node.kind == "list" and step < len(node.children) else None
            else:
                node = node.get(step) if node.kind == "map" else None
        return node

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; of anything else none."""
        return self.children if self.kind == "list" else ()


@lru_cache(maxsize=64)
def read(text: str) -> Node:
    """The one document of a file. Raises CannotEdit, with the line, for what is not YAML or holds several documents."""
    import yaml  # 40 ms, for a repository that has such a file

    if len(text) > _LARGEST:
        raise CannotEdit("the file is too long")
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1, text.count("\n") + 1) if mark else None
        raise CannotEdit("the file is not YAML that we can read", line) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CannotEdit("the file is not YAML that we can read") from error
    return Node("scalar", 0, 0) if root is None else _converted(root, {}, 0)


def _converted(node: Any, known: dict[int, Node | None], depth: int) -> Node:
    if id(node) in known:
        there = known[id(node)]
        if there is None:
            raise CannotEdit("an alias holds itself", node.start_mark.line + 1)
        return there
    if depth > _DEEPEST:
        raise CannotEdit("values are nested too deeply", node.start_mark.line + 1)
    known[id(node)] = None
    start, end = node.start_mark.index, node.end_mark.index
    if node.id == "scalar":
        found = Node("scalar", start, end, value=None if node.tag.endswith(":null") else node.value)
    elif node.id == "sequence":
        items = tuple(_converted(item, known, depth + 1) for item in node.value)
        found = Node("list", start, end, bool(node.flow_style), children=items)
    else:
        pairs = [(_converted(k, known, depth + 1), _converted(v, known, depth + 1)) for k, v in node.value]
        keys, values = tuple(k for k, _ in pairs), tuple(v for _, v in pairs)
        found = Node("map", start, end, bool(node.flow_style), keys=keys, children=values)
    known[id(node)] = found
    return found


def ensure_name(path: Sequence[str | int], name: str) -> Codemod:
    """The variables at `path` name one: `- NAME` in a list, `NAME:` in a mapping; missing variables become a list.

    What is there, with or without a value, stays.
    """

    def run(text: str) -> str:
        parent, node = descend(text, path)
        if node is None:
            return added_key(text, parent, str(path[-1]), [f"- {name}"])
        if node.kind == "list":
            if any((item.value or "").split("=", 1)[0].strip() == name for item in node.items):
                return text
            return _appended(text, node, [f"- {name}"])
        if node.kind == "map":
            return text if name in node.names() else _appended(text, node, [f"{name}:"])
        raise CannotEdit(f"{path[-1]} is neither a list nor a mapping", line_number(text, node.start))

    return _read_again(run)


def ensure_record(path: Sequence[str | int], key: str, name: str, rest: Sequence[str] = ()) -> Codemod:
    """The list of mappings at `path` has one whose `key` is `name`; a new one gets the lines `rest` too."""

    def run(text: str) -> str:
        parent, node = descend(text, path)
        lines = [f"- {key}: {name}", *(f"  {line}" for line in rest)]
        if node is None:
            return added_key(text, parent, str(path[-1]), lines)
        if node.kind != "list":
            raise CannotEdit(f"{path[-1]} is not a list", line_number(text, node.start))
        if any(item.text(key) == name for item in node.items):
            return text
        return _appended(text, node, lines)

    return _read_again(run)


def _read_again(run: Codemod) -> Codemod:
    """The same, but refuses where what it adds would be read as more of a text block above it."""

    def checked(text: str) -> str:
        after = run(text)
        if after != text and run(after) != after:
            raise CannotEdit("what is added here would be read as part of something else")
        return after

    return checked


def descend(text: str, path: Sequence[str | int]) -> tuple[Node, Node | None]:
    """The mapping that holds (or shall hold) what `path` names, and that. Refuses what others share."""
    parent = node = read(text)
    for depth, step in enumerate(path):
        parent, last = node, depth == len(path) - 1
        found = parent.at(step)
        if isinstance(step, str) and parent.kind == "map" and [k.value for k in parent.keys].count(step) > 1:
            raise CannotEdit(f"{step} is there twice", line_number(text, parent.start))
        if found is None:
            if last and parent.kind == "map":
                return parent, None
            raise CannotEdit(f"there is no {step}", line_number(text, parent.start))
        if not parent.start <= found.start <= found.end <= parent.end:
            raise CannotEdit(f"{step} is an alias or merged from elsewhere", line_number(text, parent.start))
        if text[found.start : found.start + 1] in ("&", "!"):
            raise CannotEdit(f"{step} has an anchor or a tag", line_number(text, found.start))
        node = found
    return parent, node


def added_key(text: str, parent: Node, key: str, lines: Sequence[str]) -> str:
    """`key:` with `lines` below it, behind the last entry of the block mapping `parent`."""
    if parent.own(_MERGE) is not None:
        raise CannotEdit(f"a {key} of its own would hide a merged one", line_number(text, parent.start))
    return _appended(text, parent, [f"{key}:", *(f"  {line}" for line in lines)])


def _appended(text: str, node: Node, lines: Sequence[str]) -> str:
    """`lines` behind the last entry of a block mapping or list, at its entries' indentation."""
    if node.flow or not node.children:
        raise CannotEdit("it is written in brackets or has no entries", line_number(text, node.start))
    first = node.keys[-1] if node.kind == "map" else node.children[-1]
    indent = indentation(text, node, first)
    place = line_end(text, end_of(text, node))
    after = splice(text, [insert(place, "".join(f"\n{indent}{line}" for line in lines))])
    if not only_added(text, after, node):
        raise CannotEdit("the layout is one that we do not know", line_number(text, place))
    return after


def indentation(text: str, node: Node, first: Node) -> str:
    """What stands before an entry that begins with `first`."""
    start = line_start(text, first.start)
    before = text[start : first.start]
    if node.kind == "list":
        if before.strip() != "-":
            raise CannotEdit("the list is laid out in a way we do not know", line_number(text, first.start))
        return before[: before.index("-")]
    if before.strip() not in ("", "-"):
        raise CannotEdit("the mapping is laid out in a way we do not know", line_number(text, first.start))
    return " " * len(before)


def end_of(text: str, node: Node) -> int:
    """Where the text of a value really ends: block collections are said to end where the next thing begins."""
    if node.kind == "scalar" or node.flow or not node.children:
        return max(node.start, len(text[: node.end].rstrip()))
    child = node.children[-1]
    inside = node.start <= child.start < node.end or (child.start == child.end == node.end)
    if not inside:
        raise CannotEdit("the last entry is an alias", line_number(text, node.start))
    return end_of(text, child)


def events(text: str) -> list[tuple[Any, ...]]:
    """What a parser sees, one thing after the other, without its layout."""
    import yaml

    try:
        return [
            (type(e).__name__, getattr(e, "value", None), getattr(e, "anchor", None), getattr(e, "tag", None))
            for e in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        ]
    except (yaml.YAMLError, ValueError) as error:
        raise CannotEdit("the layout is one that we do not know") from error


def only_added(before: str, after: str, node: Node) -> bool:
    """Does a reader see what it saw, and one run of scalars, mappings or lists more?"""
    old, new = events(before), events(after)
    added = len(new) - len(old)
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    return added > 0 and any(
        old[at:] == new[at + added :] and old[:at] == new[:at] and _balanced(new[at : at + added], node)
        for at in range(max(0, same - added), same + 1)
    )


def _balanced(events: Sequence[tuple[Any, ...]], node: Node) -> bool:
    """Are the events whole values: one for a list, a key and its value for a mapping?"""
    depth = count = 0
    for name, *_ in events:
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth < 0:
            return False
        count += depth == 0
    return depth == 0 and count == (1 if node.kind == "list" else 2)
