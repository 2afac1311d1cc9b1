"""Python literals as text: string quotes in the file's style, items of list and tuple displays."""

from __future__ import annotations

import re
from collections import Counter

import libcst as cst

from wizard.codemods.python.tree import Source, Span, one_level, string_value, walk
from wizard.edits import Edit
from wizard.lists import insert_item

_STRING = re.compile(r"""'{3}.*?'{3}|"{3}.*?"{3}|(['"])((?:\\.|(?!\1)[^\\\n])*)\1""", re.DOTALL)
Display = cst.List | cst.Tuple


def quote(source: Source, within: cst.CSTNode | None = None) -> str:
    """The quote that most one-line strings in a node (else the whole file) have; `\"` when there is none."""
    for node in (within, source.module):
        if node is not None:
            found = Counter(n.quote for n in walk(node) if isinstance(n, cst.SimpleString) and len(n.quote) == 1)
            if found:
                return "'" if found["'"] > found['"'] else '"'
    return '"'


def quoted(code: str, style: str) -> str:
    """`code` with its plain strings in the quote `style`; those with escapes or other quotes stay."""

    def other(match: re.Match[str]) -> str:
        return match[0] if match[2] is None or set(match[2]) & set("'\"\\") else style + match[2] + style

    return _STRING.sub(other, code)


def literal(code: str) -> str | None:
    """The value of `code` when it is one plain string literal."""
    match = _STRING.fullmatch(code)
    return match[2] if match and match[2] is not None and "\\" not in match[2] else None


def has_string(source: Source, value: str) -> bool:
    """Is `value` a string literal of the file (a comment or a longer string does not count)?"""
    return value in source.text and any(string_value(node) == value for node in walk(source.module))


def brackets(source: Source, node: Display) -> Span | None:
    """Offsets of the opening and the closing bracket; None for a tuple without parentheses."""
    if isinstance(node, cst.List):
        return source.span(node.lbracket)[0], source.span(node.rbracket)[1] - 1
    if node.lpar and node.rpar:
        return source.span(node.lpar[-1])[0], source.span(node.rpar[0])[1] - 1
    return None


def insert_element(source: Source, node: Display, index: int, code: str) -> list[Edit]:
    """Make `code` (in the quotes of its neighbours) the element number `index` of a display.

    Raises CannotEdit for a tuple without parentheses.
    """
    ends = brackets(source, node)
    if ends is None:
        raise source.refusal("is a tuple without parentheses", node)
    items = [source.span(element) for element in node.elements]
    code = quoted(code, quote(source, node))
    lone = isinstance(node, cst.Tuple)
    return insert_item(source.text, *ends, items, index, code, ("#",), unit=one_level(source), lone_comma=lone)
