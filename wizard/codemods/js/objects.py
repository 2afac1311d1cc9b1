"""Properties of the object literal that a config file exports, and items of the lists in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

from tree_sitter import Node

from wizard.codemods.js.statements import Present, is_present
from wizard.codemods.js.style import restyle, style_of
from wizard.codemods.js.tree import Script, ancestors, arguments, named, parse
from wizard.codemods.js.values import bare, config_object, declared, literal
from wizard.edits import Codemod, Edit, splice
from wizard.lists import insert_item
from wizard.text import indent_at, indented

_TRANSPARENT = ("parenthesized_expression", "as_expression", "satisfies_expression")
"""What an object literal may stand in without becoming another value."""


def ensure_property(path: str | Sequence[str], value: str, *, over_spread: bool = False) -> Codemod:
    """The exported config has the property `path` (`server.proxy`, or its keys); one there is never changed.

    `value` is an expression in prettier's default style. `over_spread`: add it although a spread whose keys are not
    in this file may have it already (ours comes last and wins); without, that is refused.
    """

    def run(text: str) -> str:
        script = parse(text)
        return splice(text, _property(script, config_object(script), _keys(path), value, over_spread))

    return run


def append_to_list(path: str | Sequence[str], item: str, present: Present, *, over_spread: bool = False) -> Codemod:
    """The list at `path` of the exported config ends with `item`; a list that is not there is made."""

    def run(text: str) -> str:
        if is_present(text, present):
            return text
        script = parse(text)
        *parents, key = _keys(path)
        target: Node | None = config_object(script)
        for parent in parents:
            found = member(script, target, parent, over_spread=over_spread) if target else None
            target = literal(script, value_of(script, found), "object") if found else None
        found = member(script, target, key, over_spread=over_spread) if target else None
        if target is None or found is None:
            return splice(text, _property(script, config_object(script), _keys(path), f"[{item}]", over_spread))
        array = literal(script, value_of(script, found), "array")
        return splice(text, add_items(script, array, item))

    return run


def member(script: Script, obj: Node, key: str, *, over_spread: bool = False) -> Node | None:
    """The member `key` of an object literal; None when it surely has none. Raises CannotEdit when that is open."""
    found = None
    _require_not_set_later(script, obj, key)
    for one in named(obj):
        name = key_of(script, one)
        if name == key:
            found = one
        elif name is None and one.type == "spread_element":
            keys = _spread_keys(script, one)
            if keys is None and not over_spread:
                raise script.refuse(f"spreads {script.source(one)[3:43]!r}, which may set {key}", one)
            if keys and key in keys:
                raise script.refuse(f"gets {key} from a spread", one)
        elif name is None:
            raise script.refuse(f"has a computed key, which may be {key}", one)
    return found


def _require_not_set_later(script: Script, obj: Node, key: str) -> None:
    """Refuses an object that gets `key` further down: `config.rewrites = ...`, `Object.assign(config, ...)`."""
    holder = next((a for a in ancestors(obj) if a.type not in _TRANSPARENT), None)
    target = holder and (holder.child_by_field_name("name") or holder.child_by_field_name("left"))
    if target is None or target.type not in ("identifier", "member_expression"):
        return
    name = re.escape(re.sub(r"\s", "", script.source(target)))
    for node in script.find("assignment_expression"):
        left = node.child_by_field_name("left")
        written = re.sub(r"\s", "", script.source(left)) if left else ""
        if re.fullmatch(rf"{name}(?:\.{re.escape(key)}|\[[\"']{re.escape(key)}[\"']\])(?:[.\[].*)?", written):
            raise script.refuse(f"sets {key} by an assignment", node)
    for node in script.calls(r"Object\.assign"):
        given = [script.source(one) for one in arguments(node)]
        if given[:1] == [script.source(target)]:
            raise script.refuse(f"has an Object.assign, which may set {key}", node)


def key_of(script: Script, one: Node) -> str | None:
    """The key of a member of an object literal; None for spreads and computed keys."""
    node = one.child_by_field_name("key") or one.child_by_field_name("name")
    if one.type == "shorthand_property_identifier":
        node = one
    if node is None or node.type == "computed_property_name":
        return None
    return script.source(node).strip("'\"")


def value_of(script: Script, one: Node) -> Node:
    """The value expression of a member; a shorthand `{ a }` gives what `a` is declared as."""
    if one.type == "shorthand_property_identifier":
        return declared(script, one)
    return one.child_by_field_name("value") or one


def add_member(script: Script, obj: Node, source: str) -> list[Edit]:
    """Edits that append a member (our style, without comma) to an object literal or to empty call arguments."""
    text = script.text
    style = style_of(text)
    written = restyle(source, style, "members")
    start, end = script.span(obj)
    if obj.type == "arguments":
        outer = indent_at(text, start)
        return [Edit(start + 1, end - 1, "{\n" + indented(written, outer + style.indent) + ",\n" + outer + "}")]
    _require_no_holes(script, obj)
    items = [_extent(one) for one in named(obj)]
    return insert_item(text, start, end - 1, items, len(items), written, unit=style.indent, pad=" ")


def add_items(script: Script, array: Node, source: str, index: int | None = None) -> list[Edit]:
    """Edits that put an expression (our style; several joined by `,\\n`) into an array literal, last by default."""
    _require_no_holes(script, array)
    style = style_of(script.text)
    written = restyle(f"[{source}]", style, "expression")[1:-1]
    start, end = script.span(array)
    items = [_extent(one) for one in named(array)]
    where = len(items) if index is None else index
    return insert_item(script.text, start, end - 1, items, where, written, unit=style.indent)


def _extent(item: Node) -> tuple[int, int]:
    """The span of an item up to its last token.

    The grammar takes a comment behind the `}` of a function for a part of it, which a comma must not follow.
    """
    last = item
    while code := [child for child in last.children if child.type != "comment"]:
        last = code[-1]
    return item.start_byte, last.end_byte


def _require_no_holes(script: Script, literal: Node) -> None:
    """Raise CannotEdit for `[a, , b]`: its commas are items too."""
    tokens = [child for child in literal.children if child.type != "comment"]
    for before, after in pairwise(tokens):
        if after.type == "," and before.type in (",", "[", "{"):
            raise script.refuse("has a list with empty places", after)


def _property(script: Script, obj: Node, path: list[str], value: str, over_spread: bool) -> list[Edit]:
    key, *rest = path
    found = None if obj.type == "arguments" else member(script, obj, key, over_spread=over_spread)
    if found is None:
        source = value
        for inner in reversed(rest):
            source = "{\n" + indented(f"{_key(inner)}: {source}", "  ") + ",\n}"
        return add_member(script, obj, f"{_key(key)}: {source}")
    return (
        _property(script, literal(script, value_of(script, found), "object"), rest, value, over_spread) if rest else []
    )


def _spread_keys(script: Script, spread: Node) -> set[str] | None:
    """Keys a spread can bring: those of object literals in it or behind its name; None when that is unknown."""
    pending, keys = [named(spread)[0]], set[str]()
    while pending:
        node = bare(pending.pop())
        match node.type:
            case "object":
                names = [key_of(script, one) for one in named(node)]
                if None in names:
                    return None
                keys |= {name for name in names if name}
            case "ternary_expression":
                pending += named(node)[1:]
            case "binary_expression" if any(child.type in ("&&", "||", "??") for child in node.children):
                pending.append(named(node)[-1])
                if not any(child.type == "&&" for child in node.children):
                    pending.append(named(node)[0])
            case "identifier":
                return None if keys or pending else _keys_of_name(script, node)
            case "undefined" | "null" | "false" | "true":
                pass
            case _:
                return None
    return keys


def _keys_of_name(script: Script, name: Node) -> set[str] | None:
    for declarator in script.find("variable_declarator"):
        target, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
        if target and value and script.source(target) == script.source(name) and bare(value).type == "object":
            names = [key_of(script, one) for one in named(bare(value))]
            return None if None in names else {one for one in names if one}
    return None


def _keys(path: str | Sequence[str]) -> list[str]:
    return path.split(".") if isinstance(path, str) else list(path)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)
