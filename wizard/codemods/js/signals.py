"""Handlers of SIGTERM and SIGINT: what a process does before it exits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from wizard.codemods.js.statements import Present, in_style_of, is_present
from wizard.codemods.js.tree import (
    FUNCTIONS,
    Script,
    after_line,
    ancestors,
    arguments,
    descend,
    named,
    parse,
    require_sound,
    statement_of,
)
from wizard.codemods.js.values import bare, declared
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import indent_at, indented, line_start

SIGNAL = re.compile(r"""["'`](?:SIGTERM|SIGINT)["'`]""")
_MOST_EXITS = 4


def ensure_before_exit(expression: str, present: Present) -> Codemod:
    """Handlers of SIGTERM and SIGINT await the promise `expression` (no semicolon) before each of their exits.

    A handler that never calls `process.exit` awaits it at its end. Functions become async where needed. An exit in a
    `setTimeout` is the handler's own last resort and stays. Raises CannotEdit for handlers that are made elsewhere.
    """

    def run(text: str) -> str:
        if is_present(text, present):
            return text
        script = parse(text)
        handlers = {node.id: node for node in _handlers(script)}
        if not handlers:
            raise CannotEdit("has no handler of SIGTERM or SIGINT that this tool understands")
        exits = {node.id: node for handler in handlers.values() for node in _exits(script, handler)}
        if len(exits) > _MOST_EXITS:
            raise script.refuse(f"exits in {len(exits)} places", next(iter(exits.values())))
        edits = list(_before(script, list(exits.values()), expression))
        for handler in handlers.values():
            if not any(True for _ in _exits(script, handler)):
                edits += _at_end(script, handler, expression)
        return splice(text, {(e.start, e.end, e.text): e for e in edits}.values())

    return run


def _handlers(script: Script) -> Iterator[Node]:
    """The functions that run on a signal; one that only calls another function of this file stands for that one."""
    for call in script.calls(r"process\.(on|once|addListener|prependListener)"):
        given = arguments(call)
        if len(given) != 2:
            continue
        event = script.source(given[0])
        looped = given[0].type in ("identifier", "as_expression") and SIGNAL.search(script.source(_top(call)))
        if SIGNAL.fullmatch(event) or looped:
            require_sound(script, call)
            yield _followed(script, _function(script, given[1]))


def _function(script: Script, node: Node) -> Node:
    node = bare(node)
    if node.type == "call_expression" and re.fullmatch(r"\w+\.bind", script.source(node.named_children[0])):
        node = node.named_children[0].named_children[0]
    function = bare(declared(script, node)) if node.type == "identifier" else node
    if function.type not in FUNCTIONS:
        raise script.refuse("handles a signal by a function that is not in this file", node)
    return function


def _followed(script: Script, handler: Node) -> Node:
    if next(_exits(script, handler), None) is not None:
        return handler
    for call in script.find("call_expression", under=handler):
        name = call.child_by_field_name("function")
        if name is not None and name.type == "identifier" and "process.exit" in script.text:
            try:
                target = bare(declared(script, name))
            except CannotEdit:
                continue
            if target.type in FUNCTIONS and next(_exits(script, target), None) is not None:
                return target
    return handler


def _exits(script: Script, function: Node) -> Iterator[Node]:
    """Calls of `process.exit` in a function and in those inside it, but not in a `setTimeout`."""
    for node in descend(function, stop=lambda n: _is_timeout(script, n)):
        callee = node.child_by_field_name("function") if node.type == "call_expression" else None
        if callee is not None and script.source(callee) == "process.exit":
            yield node


def _is_timeout(script: Script, node: Node) -> bool:
    callee = node.child_by_field_name("function") if node.type == "call_expression" else None
    return callee is not None and re.fullmatch(r"(?:\w+\.)?setTimeout", script.source(callee)) is not None


def _before(script: Script, exits: list[Node], expression: str) -> Iterator[Edit]:
    for call in exits:
        parent = call.parent
        if parent is not None and parent.type == "arrow_function":
            yield insert(script.start(call), f"{expression}.then(() => ")
            yield insert(script.end(call), ")")
            continue
        statement = statement_of(call)
        simple = statement.type in ("expression_statement", "return_statement") and named(statement)[:1] == [call]
        if not simple or statement.parent is None or statement.parent.type not in ("statement_block", "switch_case"):
            raise script.refuse("exits inside another expression or statement", call)
        yield from _async(script, _around(script, call))
        start = script.start(statement)
        if script.text[line_start(script.text, start) : start].strip():
            yield insert(start, f"await {expression}; ")
        else:
            code = in_style_of(script, f"await {expression};", script.source(statement))
            yield insert(line_start(script.text, start), indented(code, indent_at(script.text, start)) + "\n")


def _at_end(script: Script, handler: Node, expression: str) -> Iterator[Edit]:
    body = handler.child_by_field_name("body")
    statements = named(body) if body is not None and body.type == "statement_block" else []
    if not statements or any(node.type == "return_statement" for node in statements):
        raise script.refuse("handles a signal in a way this tool cannot extend", handler)
    last = statements[-1]
    if script.text[line_start(script.text, script.start(last)) : script.start(last)].strip():
        raise script.refuse("handles a signal on one line", handler)
    yield from _async(script, handler)
    place = after_line(script, last)
    code = in_style_of(script, f"await {expression};", script.text[place:])
    yield insert(place, "\n" + indented(code, indent_at(script.text, script.start(last))))


def _async(script: Script, function: Node) -> Iterator[Edit]:
    if function.type == "method_definition" or "generator" in function.type:
        raise script.refuse("exits in a method", function)
    if any(child.type == "async" for child in function.children):
        return
    returns = function.child_by_field_name("return_type")
    if returns is not None:
        raise script.refuse("exits in a function whose declared result is no promise", function)
    yield insert(script.start(function), "async ")


def _around(script: Script, node: Node) -> Node:
    found = next((parent for parent in ancestors(node) if parent.type in FUNCTIONS), None)
    if found is None:
        raise script.refuse("exits outside of a function", node)
    return found


def _top(node: Node) -> Node:
    return next((n for n in [node, *ancestors(node)] if n.parent is not None and n.parent.parent is None), node)
