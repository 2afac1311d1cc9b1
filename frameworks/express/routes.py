"""Places in an Express app: below its construction once env files are loaded, and behind its routes."""

from __future__ import annotations

import re

from tree_sitter import Node

from frameworks.express.dotenv import env_call
from wizard.codemods.js import anchors
from wizard.codemods.js.statements import Locate, Place
from wizard.codemods.js.tree import FUNCTIONS, Script, arguments, named, statement_of

_USES = r"\.(use|get|post|put|patch|delete|all|route)"


def below_construction(callee: str) -> Locate:
    """Right behind `app = express()`, or behind the statement that loads an env file if that comes later."""

    def locate(script: Script) -> Place:
        creation = anchors.created(callee)(script)
        if creation is None:
            return "after", None
        statement, routes = statement_of(creation), None
        loads_env = env_call(script.text)
        for node in _following(statement):
            source = script.source(node)
            if loads_env.search(source) and not _defines(node):
                if routes is not None:
                    raise script.refuse("loads its env file after it has added routes", node)
                return "after", node
            if routes is None and next(script.calls(rf".*{_USES}", under=node), None) and not _defines(node):
                routes = node
        return "after", creation

    return locate


def behind_routes(callee: str) -> Locate:
    """Behind the routes, but before a last middleware that only makes a 404 of what no route took."""
    return before_404(anchors.end_of_routes(callee))


def before_404(end: Locate) -> Locate:
    """The place `end`, or above the middleware right before it that only make a 404.

    What follows an error middleware and fails goes past it, so that visits of unknown addresses are no exceptions.
    """

    def locate(script: Script) -> Place:
        side, node = end(script)
        last = node if side == "after" else _previous(node)
        while last is not None and _only_404(script, last):
            side, node = "before", last
            last = _previous(last)
        return side, node

    return locate


def _only_404(script: Script, statement: Node) -> bool:
    """Is a statement `app.use((req, res, next) => next(createError(404)))`, whatever the style?"""
    call = named(statement)[0] if statement.type == "expression_statement" and named(statement) else None
    given = arguments(call) if call is not None and call.type == "call_expression" else []
    if call is None or len(given) != 1 or call not in script.calls(r"[\w$.]+\.use"):
        return False
    source = script.source(given[0])
    if given[0].type in ("identifier", "member_expression"):
        return re.search(r"404|not_?found", source, re.IGNORECASE) is not None
    return given[0].type in FUNCTIONS and (
        re.search(r"\b404\b|not_?found", source, re.IGNORECASE) is not None
        and re.search(r"\bnext\(\s*\w", source) is not None
    )


def _following(statement: Node) -> list[Node]:
    found, node = [], statement.next_named_sibling
    while node is not None:
        found.append(node)
        node = node.next_named_sibling
    return found


def _previous(node: Node | None) -> Node | None:
    previous = statement_of(node).prev_named_sibling if node is not None else None
    while previous is not None and previous.type == "comment":
        previous = previous.prev_named_sibling
    return previous


def _defines(node: Node) -> bool:
    return node.type in FUNCTIONS or node.type == "class_declaration"
