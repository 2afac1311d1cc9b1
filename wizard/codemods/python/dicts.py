"""Dicts that a file assigns to a name: one more key."""

from __future__ import annotations

import libcst as cst

from wizard.codemods.python.literals import quote, quoted
from wizard.codemods.python.scopes import bindings, mentions
from wizard.codemods.python.tree import Source, parse, string_value
from wizard.edits import Codemod, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item


def ensure_key(variable: str, key: str, value: str) -> Codemod:
    """The dict display assigned to `variable` at module level has `key`, else gets it last, with `value` (source).

    A key that is there, or set by `variable["key"] = ...`, keeps its value. Refuses: no assignment or several, one
    under a condition, a value that is no dict display, one that unpacks others (`**base`) or has computed keys.
    """

    def run(text: str) -> str:
        source = parse(text)
        node = _display(source, variable)
        keys = [string_value(e.key) if isinstance(e, cst.DictElement) else None for e in node.elements]
        if key in keys or any(_sets(source, s, variable, key) for s in source.module.body):
            return text
        if None in keys:
            raise source.refusal(f"{variable} has keys that cannot be read", node)
        style = quote(source, node)
        item = quoted(f'"{key}": {value}', style)
        opened, closed = source.span(node.lbrace)[0], source.span(node.rbrace)[1] - 1
        items = [source.span(element) for element in node.elements]
        return splice(text, insert_item(text, opened, closed, items, len(items), item, ("#",), unit="    "))

    return run


def _display(source: Source, variable: str) -> cst.Dict:
    found = bindings(source, variable)
    if not found:
        raise CannotEdit(f"does not assign {variable}")
    if len(found) > 1:
        raise source.refusal(f"assigns {variable} more than once", found[-1].node)
    if found[0].around:
        raise source.refusal(f"assigns {variable} under a condition", found[0].node)
    value = getattr(found[0].node, "value", None)
    if not isinstance(value, cst.Dict):
        raise source.refusal(f"computes {variable}", found[0].node)
    return value


def _sets(source: Source, node: cst.CSTNode, variable: str, key: str) -> bool:
    """Is it a line `variable["key"] = ...`?"""
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    return any(
        isinstance(small, cst.Assign)
        and isinstance(small.targets[0].target, cst.Subscript)
        and mentions(source, variable, small.targets[0].target.value)
        and key in source.code(small.targets[0].target)
        for small in node.body
    )
