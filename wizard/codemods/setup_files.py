"""install_requires of setup.cfg and setup.py: one requirement added in the layout that is there."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from itertools import accumulate

from wizard.codemods.requirements import ensure_requirement
from wizard.edits import Codemod, insert, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item
from wizard.text import line_number

_CFG_SECTION = re.compile(r"^\[options\][ \t]*\r?\n((?:(?!\[).*(?:\n|$))*?)(?=\[|\Z)", re.MULTILINE)
_CFG_KEY = re.compile(r"^install_requires[ \t]*=[ \t]*\r?\n((?:[ \t]+\S.*(?:\r?\n|$))+)", re.MULTILINE)


def ensure_in_setup_cfg(name: str, specifier: str) -> Codemod:
    """install_requires of setup.cfg lists `name`; refuses anything but one requirement per line."""

    def run(text: str) -> str:
        section = _CFG_SECTION.search(text)
        key = _CFG_KEY.search(text, section.start(1), section.end(1)) if section else None
        if key is None:
            raise CannotEdit("install_requires is not written one per line")
        block = key[1]
        indent = re.match(r"[ \t]+", block)
        plain = re.sub(r"^[ \t]+", "", block, flags=re.MULTILINE)
        if ensure_requirement(name, specifier)(plain) == plain:
            return text
        end = key.start(1) + len(block.rstrip())
        return splice(text, [insert(end, f"\n{indent.group() if indent else '    '}{name}{specifier}")])

    return run


def ensure_in_setup_py(name: str, specifier: str) -> Codemod:
    """The literal list install_requires=[...] in setup.py lists `name`; refuses one that is computed."""

    def run(text: str) -> str:
        value = _literal_list(_parsed(text))
        listed = "".join(f"{ast.literal_eval(item)}\n" for item in value.elts)
        if listed and ensure_requirement(name, specifier)(listed) == listed:
            return text
        place = _place_of(text)
        spans = [place(item) for item in value.elts]
        start, end = place(value)
        quote = text[spans[0][0]] if spans and text[spans[0][0]] in "\"'" else '"'
        new = f"{quote}{name}{specifier}{quote}"
        if text[start] != "[":
            raise CannotEdit("install_requires is written in a way we do not know", line_number(text, start))
        after = splice(text, insert_item(text, start, end - 1, spans, len(spans), new, ("#",), unit="    "))
        items = [ast.literal_eval(item) for item in value.elts]
        if _items(after) != [*items, name + specifier]:
            raise CannotEdit("install_requires is written in a way we do not know", value.lineno)
        return after

    return run


def _items(text: str) -> list[object]:
    try:
        return [ast.literal_eval(item) for item in _literal_list(_parsed(text)).elts]
    except CannotEdit:
        return []


def _literal_list(tree: ast.Module) -> ast.List:
    found = [n.value for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg == "install_requires"]
    if len(found) != 1:
        raise CannotEdit("there is not exactly one install_requires")
    value = found[0]
    if not isinstance(value, ast.List) or not all(isinstance(item, ast.Constant) for item in value.elts):
        raise CannotEdit("install_requires is computed", value.lineno)
    return value


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes: not ours to tell
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotEdit("the file is not valid Python") from error


def _place_of(text: str) -> Callable[[ast.expr], tuple[int, int]]:
    """The character offsets of a node; ast counts columns in UTF-8 bytes."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    starts = list(accumulate(map(len, lines), initial=0))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    return lambda node: (
        offset(node.lineno, node.col_offset),
        offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
    )
