"""Members of a TypeScript interface, such as the variables that `ImportMetaEnv` declares."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from wizard.codemods.js.style import style_of
from wizard.codemods.js.tree import Script, named, parse, require_sound
from wizard.edits import Codemod, Edit, insert, splice
from wizard.text import indent_at, line_end, line_start


def ensure_interface_members(interface: str, members: Mapping[str, str]) -> Codemod:
    """The interface has a property for each name in `members`, of the type given; those that are there stay.

    A new one is written as its last sibling is: `readonly` or not, ended by a semicolon, a comma or nothing. Without
    siblings it is `readonly`. Raises CannotEdit when the file does not have that interface exactly once.
    """

    def run(text: str) -> str:
        script = parse(text)
        body = _body(script, interface)
        there = {_key(script, member) for member in named(body)}
        missing = [f"{name}: {kind}" for name, kind in members.items() if name not in there]
        return splice(text, _appended(script, body, missing)) if missing else text

    return run


def _body(script: Script, interface: str) -> Node:
    found = [
        node
        for node in script.find("interface_declaration")
        if (name := node.child_by_field_name("name")) and script.source(name) == interface
    ]
    if len(found) != 1:
        raise script.refuse(f"declares the interface {interface} {len(found)} times where this tool needs one")
    require_sound(script, found[0])
    body = found[0].child_by_field_name("body")
    if body is None:
        raise script.refuse(f"has an interface {interface} without a body", found[0])
    return body


def _key(script: Script, member: Node) -> str | None:
    name = member.child_by_field_name("name")
    return script.source(name).strip("'\"") if name else None


def _appended(script: Script, body: Node, members: list[str]) -> list[Edit]:
    text, style = script.text, style_of(script.text)
    end = script.end(body)
    properties = [node for node in named(body) if node.type == "property_signature"]
    siblings = named(body)
    if not siblings:
        return _first(script, body, [f"readonly {member}{';' if style.semicolons else ''}" for member in members])
    last = siblings[-1]
    after = re.match(r"[ \t]*([;,])", text[script.end(last) : end - 1])
    readonly = "readonly " if not properties or script.source(properties[-1]).startswith("readonly") else ""
    if text[line_start(text, script.start(last)) : script.start(last)].strip():
        separator = after[1] if after else ";"
        place = script.end(last) + (after.end() if after else 0)
        joined = f"{separator} ".join(readonly + member for member in members)
        return [insert(place, ("" if after else separator) + " " + joined + (separator if after else ""))]
    ending = after[1] if after else ""
    # a member without an end is ended by its line, unless the siblings are set apart by commas
    if not after and any(child.type in (",", ";") for child in body.children):
        ending = next(child.type for child in body.children if child.type in (",", ";"))
        edits = [insert(script.end(last), ending)]
    else:
        edits = []
    lines = "".join(f"\n{indent_at(text, script.start(last))}{readonly}{member}{ending}" for member in members)
    place = line_end(text, script.end(last))
    if place >= end:
        raise script.refuse("has an interface that ends on the line of its last member", last)
    return [*edits, insert(place, lines)]


def _first(script: Script, body: Node, lines: list[str]) -> list[Edit]:
    """Members of a body that has none, one per line, below its comments."""
    text, (start, end) = script.text, script.span(body)
    outer = indent_at(text, start)
    unit = style_of(text).indent
    comments = [child for child in body.named_children if child.type == "comment"]
    if not comments:
        inner = "".join(f"{outer}{unit}{line}\n" for line in lines)
        return [Edit(start + 1, end - 1, "\n" + inner + outer)]
    last = comments[-1]
    alone = not text[line_start(text, script.start(last)) : script.start(last)].strip()
    indent = indent_at(text, script.start(last)) if alone else outer + unit
    own_end = "\n" in text[script.end(last) : end]
    return [
        insert(script.end(last), "".join(f"\n{indent}{line}" for line in lines) + ("" if own_end else "\n" + outer))
    ]
