"""Where statements go in a file: after the imports, before or after an anchor, at its indent, in the file's style."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from tree_sitter import Node

from wizard.codemods.js.style import needs_semicolon, restyle, style_of
from wizard.codemods.js.tree import (
    FUNCTIONS,
    Script,
    after_line,
    ancestors,
    has_code,
    named,
    parse,
    require_sound,
    statement_of,
)
from wizard.edits import Codemod, Edit, insert, splice
from wizard.text import indent_at, indented, line_start, next_line

Present = str | Callable[[str], bool]
"""How to see that the work is done: a regex on the code without comments and strings, or a predicate on the text."""
Find = Callable[[Script], Node | None]
"""Where an edit belongs; None when the file has no such place."""

Place = tuple[Literal["before", "after"], Node | None]
"""An anchor and the side of it where a snippet goes."""
Locate = Callable[[Script], Place]

_HEADER = re.compile(r"licen[sc]e|copyright|spdx|@ts-|eslint|prettier|@flow|@jsx|biome|istanbul|^/\*!", re.IGNORECASE)


def is_present(text: str, present: Present) -> bool:
    """Whether the file already has what a snippet would add."""
    return has_code(text, present) if isinstance(present, str) else present(text)


def ensure_after_imports(snippet: str, present: Present, declares: str = "") -> Codemod:
    """`snippet` as a paragraph of its own after the imports (or leading requires), else at the top of the code.

    `declares` is a regex of the names that the snippet gives values to: a statement among or above the imports that
    uses one gets it before itself.
    """

    def run(text: str) -> str:
        if is_present(text, present):
            return text
        script = parse(text)
        last = last_import(script)
        if last is None:
            return splice(text, [at_top(script, snippet)])
        require_sound(script, last)
        use = next((node for node in script.root.named_children if _mentions(script, node, declares)), None)
        if use and use.start_byte < last.start_byte:
            require_sound(script, use)
            return splice(text, [_above(script, use, snippet, spaced=True)])
        return splice(text, [_below(script, last, snippet, spaced=True)])

    return run


def _mentions(script: Script, statement: Node, names: str) -> bool:
    found = script.find("identifier", under=statement) if names else ()
    return any(re.fullmatch(names, script.source(node)) for node in found)


def ensure_after(find: Find, snippet: str, present: Present, *, spaced: bool | None = None) -> Codemod:
    """`snippet` right after the statement that holds the anchor; `spaced` by blank lines (default: if it has lines)."""
    return ensure_at(lambda script: ("after", find(script)), snippet, present, spaced=spaced)


def ensure_before(find: Find, snippet: str, present: Present, *, spaced: bool | None = None) -> Codemod:
    """`snippet` right before the statement that holds the anchor, above the comments that belong to it."""
    return ensure_at(lambda script: ("before", find(script)), snippet, present, spaced=spaced)


def ensure_at(locate: Locate, snippet: str, present: Present, *, spaced: bool | None = None) -> Codemod:
    """`snippet` on the side of an anchor that `locate` says. Raises CannotEdit when there is no anchor."""
    spaced = "\n" in snippet.strip() if spaced is None else spaced

    def run(text: str) -> str:
        if is_present(text, present):
            return text
        script = parse(text)
        side, node = locate(script)
        anchor = _anchor(script, node)
        edit = _below(script, anchor, snippet, spaced) if side == "after" else _above(script, anchor, snippet, spaced)
        return splice(text, [edit])

    return run


def last_import(script: Script) -> Node | None:
    """The last `import`, or the last of the leading run of `require` statements; None when the file has neither."""
    imports = [node for node in script.root.children if node.type == "import_statement"]
    if imports:
        return imports[-1]
    last = None
    for node in script.root.named_children:
        if is_require(script, node):
            last = node
        elif last and node.type != "comment":
            break
    return last


def is_require(script: Script, statement: Node) -> bool:
    """Whether a top level statement only loads modules: `const a = require("b")(c)`, `require("d").config()`."""
    match statement.type:
        case "lexical_declaration" | "variable_declaration":
            declarators = [child for child in statement.named_children if child.type == "variable_declarator"]
            values = [declarator.child_by_field_name("value") for declarator in declarators]
        case "expression_statement":
            values = list(statement.named_children[:1])
        case _:
            return False
    return bool(values) and all(value and re.match(r"require\s*\(", script.source(value)) for value in values)


def in_style_of(script: Script, snippet: str, following: str) -> str:
    """`snippet` (our style) as the file would write it in front of `following`, which must not continue it."""
    code = restyle(snippet.strip("\n"), style_of(script.text))
    ended = snippet.rstrip().endswith(";") and not code.endswith(";")
    return code + ";" if ended and needs_semicolon(following) else code


def at_top(script: Script, snippet: str) -> Edit:
    """The edit that makes `snippet` the first statement: below shebang, licence comments and directives."""
    text = script.text
    place, nodes = 0, list(script.root.children)
    index = _headers(script, nodes)
    if script.root.is_error or index < len(nodes):
        require_sound(script, nodes[min(index, len(nodes) - 1)])
    if index:
        place = next_line(text, after_line(script, nodes[index - 1]))
    head, rest = text[:place], text[place:]
    code = in_style_of(script, snippet, rest)
    if not rest.strip():
        above = "" if not head else "\n" if head.endswith("\n") else "\n\n"
        return insert(place, above + code + "\n")
    body = len(text) - len(rest.lstrip())
    start = line_start(text, body)
    code = indented(code, indent_at(text, body))
    return insert(start, ("" if start > place or not head else "\n") + code + "\n\n")


def _headers(script: Script, nodes: list[Node]) -> int:
    """How many of the file's first nodes stay above our code."""
    index = 0
    while index < len(nodes):
        if nodes[index].type == "hash_bang_line" or is_directive(script, nodes[index]):
            index += 1
        elif end := _header_comments(script, nodes, index):
            index = end
        else:
            break
    return index


def _header_comments(script: Script, nodes: list[Node], index: int) -> int | None:
    """Where the comments end that begin at `index` and are about the file, not about the code below; None without."""
    end = None
    while index < len(nodes) and nodes[index].type == "comment":
        comment, following = nodes[index], nodes[index + 1] if index + 1 < len(nodes) else None
        index += 1
        directive = following is not None and is_directive(script, following)
        code = following is not None and following.type != "comment" and not directive
        if code and following is not None and following.start_point.row == comment.end_point.row:
            return end
        gap = script.text[script.end(comment) : script.start(following)] if following is not None else "\n\n"
        about = _HEADER.search(script.source(comment)) or gap.count("\n") > 1
        if about or directive:
            end = index
    return end


def is_directive(script: Script, node: Node) -> bool:
    """`"use client"` and the like."""
    return node.type == "expression_statement" and [child.type for child in named(node)] == ["string"]


def _anchor(script: Script, node: Node | None) -> Node:
    if node is None:
        raise script.refuse("does not have the code this edit belongs next to")
    statement = statement_of(node)
    parent = statement.parent
    if parent is not None and parent.type not in ("program", "statement_block"):
        raise script.refuse("has the place to edit inside an expression", node)
    if any(ancestor.type == "class_body" for ancestor in ancestors(node)):
        raise script.refuse("has the place to edit inside a class", node)
    for inner in (node, *ancestors(node)):
        if inner == statement:
            break
        if inner.type in FUNCTIONS:
            raise script.refuse("has the place to edit inside a function without a body of its own", node)
    require_sound(script, statement)
    return statement


def _below(script: Script, anchor: Node, snippet: str, spaced: bool) -> Edit:
    text = script.text
    place = after_line(script, anchor)
    indent = indent_at(text, script.start(anchor))
    rest = text[place:]
    code = in_style_of(script, snippet, rest)
    gap = "\n\n" if spaced else "\n"
    ends_block = rest.lstrip().startswith("}") or not rest.strip()
    blank_follows = re.match(r"\r?\n[ \t]*(\r?\n|$)", rest) is not None
    below = "\n" if spaced and not ends_block and not blank_follows else ""
    return insert(place, gap + indented(code, indent) + below)


def _above(script: Script, anchor: Node, snippet: str, spaced: bool) -> Edit:
    text = script.text
    first = anchor
    while (previous := first.prev_sibling) and previous.type == "comment":
        between = text[script.end(previous) : script.start(first)]
        if between.count("\n") != 1 or not _alone(text, script.start(previous)):
            break
        first = previous
    start = script.start(first)
    if not _alone(text, start):
        raise script.refuse("has several statements on one line", anchor)
    code = in_style_of(script, snippet, script.source(first))
    return insert(line_start(text, start), indented(code, indent_at(text, start)) + ("\n\n" if spaced else "\n"))


def _alone(text: str, position: int) -> bool:
    return not text[line_start(text, position) : position].strip()
