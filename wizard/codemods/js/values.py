"""What expressions stand for: the literal behind names, casts, wrappers and functions, as far as this file tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tree_sitter import Node

from wizard.codemods.js.tree import FUNCTIONS, Script, ancestors, arguments, descend, named, own_nodes, require_sound

_CASTS = (
    "parenthesized_expression",
    "satisfies_expression",
    "as_expression",
    "non_null_expression",
    "await_expression",
)
_MOST_STEPS = 60
_WRAPPER = re.compile(r"(?:[\w$]+\.)*(?:define|with)[A-Z][\w$]*")
"""Callees whose first argument is the config: `defineConfig(c)`, `withSentryConfig(c, options)`."""


def config_object(script: Script) -> Node:
    """The object literal behind `export default` or `module.exports`, or the empty arguments of `defineConfig()`.

    Follows names, casts, `withX(...)` wrappers and functions with one return. Raises CannotEdit for anything else.
    """
    exported = list(_exported(script))
    if not exported:
        raise script.refuse("exports no configuration this tool can find")
    found = _config(script, exported[-1], exported[:-1])
    require_sound(script, found)
    return found


def exported_function(script: Script) -> Node:
    """The function that the file exports by default, also by name or as the last argument of `memo(f)` or the like."""
    exported = list(_exported(script))
    if len(exported) != 1:
        raise script.refuse("has no single default export")
    node = bare(exported[0])
    for _ in range(_MOST_STEPS):
        if node.type == "identifier":
            node = bare(declared(script, node))
        elif node.type == "call_expression" and (given := arguments(node)):
            node = bare(given[-1])
        else:
            break
    if node.type not in FUNCTIONS:
        raise script.refuse(f"exports {described(node)} where this tool needs a function", node)
    return node


def literal(script: Script, node: Node, kind: str, *, seen: tuple[int, ...] = ()) -> Node:
    """The `object` or `array` literal that an expression is: itself, cast, or a name declared in this file."""
    node = bare(node)
    if node.type == kind:
        return node
    if node.type == "identifier" and node.id not in seen and len(seen) < _MOST_STEPS:
        return literal(script, declared(script, node), kind, seen=(*seen, node.id))
    # `[a, condition && b].filter(Boolean)` is how optional plugins are written
    if kind == "array" and len(seen) < _MOST_STEPS and re.search(r"\]\s*\.filter\(Boolean\)$", script.source(node)):
        return literal(script, node.named_children[0].named_children[0], kind, seen=(*seen, node.id))
    raise script.refuse(f"has {described(node)} where this tool needs an {kind} literal", node)


def declared(script: Script, name: Node) -> Node:
    """The value that an identifier has where it is used: its initializer, or the function declaration of that name.

    Raises CannotEdit when it comes from elsewhere or is assigned again.
    """
    text = script.source(name)
    for assignment in _assignments(script).get(text, ()):
        right = assignment.child_by_field_name("right")
        if not (right and _wraps(script, right, text)):
            raise script.refuse(f"assigns {text} again", assignment)
    for scope in ancestors(name):
        parameters = scope.child_by_field_name("parameters") or scope.child_by_field_name("parameter")
        if scope.type in FUNCTIONS and parameters and re.search(rf"\b{re.escape(text)}\b", script.source(parameters)):
            raise script.refuse(f"gets {text} as a parameter", name)
        if scope.type in ("program", "statement_block") and (value := _declarations(script, scope).get(text)):
            return value
    raise script.refuse(f"takes {text} from somewhere else", name)


@lru_cache(maxsize=4)
def _assignments(script: Script) -> dict[str, list[Node]]:
    """Every assignment by the source of what is assigned to."""
    found: dict[str, list[Node]] = {}
    for assignment in script.find("assignment_expression", "augmented_assignment_expression"):
        if left := assignment.child_by_field_name("left"):
            found.setdefault(script.source(left), []).append(assignment)
    return found


@lru_cache(maxsize=32)
def _declarations(script: Script, scope: Node) -> dict[str, Node]:
    """What the statements of a block or file declare: the initializer, or the function, of each name."""
    found: dict[str, Node] = {}
    for statement in scope.named_children:
        declaration = statement.child_by_field_name("declaration") or statement
        for node in [declaration, *named(declaration)]:
            target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if target and (node.type in FUNCTIONS or value):
                found.setdefault(script.source(target), value or node)
    return found


def only_return(script: Script, function: Node) -> Node:
    """What a function returns, when there is exactly one place where it does. Raises CannotEdit otherwise."""
    results = returned(script, function)
    if len(results) != 1:
        raise script.refuse(f"has a function with {len(results)} returns where this tool needs one", function)
    return results[0]


def returned(script: Script, function: Node) -> list[Node]:
    """Everything a function returns, one expression per return. Raises CannotEdit for one without a value."""
    body = function.child_by_field_name("body")
    if body is None or any(child.type == "*" for child in function.children):
        raise script.refuse("has a generator where this tool needs a function", function)
    if body.type != "statement_block":
        return [body]
    returns = [node for node in own_nodes(body) if node.type == "return_statement"]
    empty = next((node for node in returns if not named(node)), None)
    if empty:
        raise script.refuse("has a function that returns nothing where this tool needs a value", empty)
    return [named(node)[0] for node in returns]


def _exported(script: Script) -> Iterator[Node]:
    """What the file exports by default, in order; several are assignments to `module.exports`."""
    for node in script.root.named_children:
        if node.type == "export_statement":
            specifiers = script.find("export_specifier", under=node)
            renamed = [s for s in specifiers if len(named(s)) == 2 and script.source(named(s)[-1]) == "default"]
            if renamed and not node.child_by_field_name("source"):
                yield named(renamed[0])[0]
            elif any(child.type in ("default", "=") for child in node.children):
                value = node.child_by_field_name("value") or node.child_by_field_name("declaration")
                yield value or named(node)[-1]
    for node in descend(script.root, stop=lambda n: n.type in FUNCTIONS):
        left = node.child_by_field_name("left") if node.type == "assignment_expression" else None
        if left and re.fullmatch(r"module\.exports(\.default)?|exports\.default", script.source(left)):
            if node.parent is None or node.parent.parent is None or node.parent.parent.type != "program":
                raise script.refuse("exports its configuration under a condition", node)
            if right := node.child_by_field_name("right"):
                yield right


def _config(script: Script, node: Node, earlier: list[Node], seen: tuple[int, ...] = ()) -> Node:
    node = bare(node)
    if node.id in seen:
        raise script.refuse("has a configuration that refers to itself", node)
    if len(seen) > _MOST_STEPS:
        raise script.refuse("wraps its configuration too often for this tool", node)
    seen = (*seen, node.id)
    if node.type == "object":
        return node
    if node.type == "identifier":
        return _config(script, declared(script, node), earlier, seen)
    if node.type in FUNCTIONS:
        return _config(script, only_return(script, node), earlier, seen)
    if node.type == "assignment_expression" and (right := node.child_by_field_name("right")):
        return _config(script, right, earlier, seen)
    if node.type == "member_expression" and script.source(node) == "module.exports" and earlier:
        return _config(script, earlier[-1], earlier[:-1], seen)
    if node.type == "call_expression" and (inner := _wrapped(script, node)):
        return inner if inner.type == "arguments" else _config(script, inner, earlier, seen)
    raise script.refuse(f"has {described(node)} where this tool needs an object literal", node)


def _wrapped(script: Script, call: Node) -> Node | None:
    """The config among the arguments of a wrapper call; the empty arguments themselves for `defineConfig()`."""
    function = call.child_by_field_name("function")
    given = arguments(call)
    if function is None:
        return None
    name = re.sub(r"\s", "", script.source(function))
    if function.type == "call_expression":
        return given[0] if len(given) == 1 else None
    if name.endswith(".reduce") and len(given) == 2:
        return given[1]
    if not _WRAPPER.fullmatch(name):
        return None
    if not given and name.startswith("define"):
        found = call.child_by_field_name("arguments")
        return found if found and not found.named_children else None
    return given[0] if given and given[0].type != "array" else None


def _wraps(script: Script, node: Node, name: str) -> bool:
    """Whether an expression is `withX(name)`, any number of times."""
    while node.type == "call_expression" and (inner := _wrapped(script, node)):
        node = bare(inner)
        if script.source(node) == name:
            return True
    return False


def bare(node: Node) -> Node:
    """An expression without its parentheses, casts, `satisfies` and `await`."""
    while node.type in _CASTS and named(node):
        node = named(node)[0]
    return node


def described(node: Node) -> str:
    """What kind of code a node is, for a message: `a ternary expression`."""
    words = node.type.replace("_", " ")
    return ("an " if words[0] in "aeiou" else "a ") + words
