"""How a JavaScript file is written (quotes, semicolons, indent), and our code written the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from wizard.codemods.js.tree import Script, parse
from wizard.edits import Edit, splice
from wizard.errors import Bug
from wizard.lists import skip_blanks
from wizard.text import indent_unit, line_start

_ENDED_BY_SEMICOLON = (
    "import_statement",
    "lexical_declaration",
    "variable_declaration",
    "expression_statement",
    "return_statement",
    "throw_statement",
    "export_statement",
)
_WRAP = {"statements": ("", ""), "members": ("({\n", "\n})"), "expression": ("(", ")")}


@dataclass(frozen=True, slots=True)
class Style:
    """`quote` of plain strings, whether statements end in semicolons, and one level of indentation."""

    quote: Literal["'", '"'] = '"'
    semicolons: bool = True
    indent: str = "  "


def style_of(text: str) -> Style:
    """The style that most of `text` has; prettier's default where it shows none."""
    script = parse(text)
    quotes = {"'": 0, '"': 0}
    ended = open_ended = 0
    for node in script.find("string", *_ENDED_BY_SEMICOLON):
        source = script.source(node)
        if node.type == "export_statement" and node.child_by_field_name("declaration"):
            continue
        if node.type != "string":
            ended += source.endswith(";")
            open_ended += not source.endswith(";")
        elif not _in_jsx_attribute(node) and not re.search("['\"]", source[1:-1]):
            quotes[source[0]] += 1
    return Style(
        quote="'" if quotes["'"] > quotes['"'] else '"',
        semicolons=ended >= open_ended,
        indent=indent_unit(text),
    )


def restyle(source: str, style: Style, kind: Literal["statements", "members", "expression"] = "statements") -> str:
    """Our `source` (prettier's default style: double quotes, semicolons, two blanks) in another style.

    `kind` says what the source is: statements, members of an object literal, or one expression. Strings that hold
    the other quote, template literals and JSX attributes stay; so do semicolons that the next line needs.
    """
    before, after = _WRAP[kind]
    script = parse(before + source + after)
    if script.root.has_error:
        raise Bug("a piece of our own code does not parse: " + source.strip().splitlines()[0])
    edits = list(_quotes(script, style)) if style.quote == "'" else []
    if not style.semicolons:
        edits += _semicolons(script)
    if style.indent != "  ":
        edits += _indents(script, style.indent)
    return splice(script.text, edits).removeprefix(before).removesuffix(after)


def _quotes(script: Script, style: Style) -> list[Edit]:
    plain = [
        script.span(node)
        for node in script.find("string")
        if not _in_jsx_attribute(node) and not re.search("['\"\\\\]", script.source(node)[1:-1])
    ]
    return [Edit(at, at + 1, style.quote) for span in plain for at in (span[0], span[1] - 1)]


def _semicolons(script: Script) -> list[Edit]:
    edits = []
    for node in _tokens(script.root, ";"):
        parent = node.parent
        start, end = script.span(node)
        own_line = re.match(r"[ \t]*(//[^\n]*)?(\n|$|\})", script.text[end:])
        ends = parent is not None and parent.type not in ("for_statement", "empty_statement") and own_line
        if ends and not needs_semicolon(script.text[end:]):
            edits.append(Edit(start, end, ""))
    return edits


def _indents(script: Script, unit: str) -> list[Edit]:
    literal = [script.span(node) for node in script.find("template_string", "jsx_text")]
    edits = []
    for match in re.finditer(r"^( +)(?=\S)", script.text, re.MULTILINE):
        at = line_start(script.text, match.start())
        inside = any(start < at < end and script.text[start] == "`" for start, end in literal)
        if not inside:
            width = len(match[1])
            edits.append(Edit(match.start(), match.end(), unit * (width // 2) + " " * (width % 2)))
    return edits


def _tokens(node: Node, kind: str) -> list[Node]:
    found: list[Node] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == kind:
            found.append(current)
        pending.extend(current.children)
    return sorted(found, key=lambda token: token.start_byte)


def _in_jsx_attribute(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "jsx_attribute"


def needs_semicolon(following: str) -> bool:
    """Whether code before `following` must end in a semicolon even in a file without them.

    Source: ECMA-262, "Rules of Automatic Semicolon Insertion".
    """
    following = following.replace("\ufeff", " ")
    return following.startswith(tuple("([`+-/<"), skip_blanks(following, 0, len(following), ("//", "/*")))
