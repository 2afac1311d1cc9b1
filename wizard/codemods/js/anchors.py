"""Places in server code: where the app is made, where its routes end, where it starts to listen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from wizard.codemods.js.statements import Find, Locate, Place
from wizard.codemods.js.tree import FUNCTIONS, Script, ancestors, arguments, named, parse, statement_of
from wizard.codemods.js.values import bare, declared
from wizard.errors import CannotEdit

_ERROR_HANDLER = re.compile(
    r"err(or)?s?_?(handl|middleware|convert)\w*$|\b(handle|log|on|catch)_?\w*err(or)?s?$"
    # `errorHandlers.production`, but what answers unknown addresses takes no errors
    r"|\berr(or)?s?\.(handle|convert)\w*$|\berr(or)?s?_?(handl\w*|middlewares?)\.(?!not_?found|\w*404)\w+$",
    re.IGNORECASE,
)
_PATTERNS = ("shorthand_property_identifier_pattern",)
_ROUTES = "use|get|post|put|patch|delete|options|head|all|route|mount|register"


def created(callee: str) -> Find:
    """The one call of `callee` (a regex: `express`, `new Hono`) whose result is given a name.

    The finder returns None when there is none and raises CannotEdit when there are several.
    """

    def find(script: Script) -> Node | None:
        found = _created(script, callee)
        return found[1] if found else None

    return find


def variable_of(text: str, callee: str) -> str | None:
    """The name that the result of the one `callee()` gets (`app` in `const app = express()`); None without one."""
    found = _created(parse(text), callee)
    return found[0] if found else None


def call_of(callee: str) -> Find:
    """The first call whose callee matches the regex `callee` (`app\\\\.listen`); None without one."""
    return lambda script: next(script.calls(callee), None)


def end_of_routes(callee: str) -> Locate:
    """Behind all routes of the app that `callee()` makes, and before its error middleware and its `listen`.

    Raises CannotEdit when no such place exists in the block where the app is made.
    """

    def locate(script: Script) -> Place:
        found = _created(script, callee)
        if found is None:
            raise CannotEdit(f"does not create an app by {callee}()")
        app, creation = found
        if any(parent.type == "class_body" for parent in ancestors(creation)):
            raise script.refuse("has the place to edit inside a class", _last_of(script, app) or creation)
        return _end(script, app, statement_of(creation))

    return locate


def end_of_routes_of(name: str) -> Locate:
    """The same for an app that the file imports as `name`."""

    def locate(script: Script) -> Place:
        loads = [node for node in script.root.named_children if _binds(script, node, name)]
        if len(loads) != 1:
            raise CannotEdit(f"does not import {name} once")
        return _end(script, name, loads[0])

    return locate


def before_errors_of(name: str) -> Locate:
    """Before the first error middleware of the app that the file calls `name`, wherever that gets it."""

    def locate(script: Script) -> Place:
        calls = script.calls(rf"{re.escape(name)}\.use")
        found = next((call for call in calls if any(_is_error_handler(script, a) for a in arguments(call))), None)
        return "before", found

    return locate


def _last_of(script: Script, app: str) -> Node | None:
    """The first error middleware that an app gets anywhere in the file, else the last thing that it gets."""
    calls = _routes(script, script.root, re.escape(app))
    handlers = (call for call in calls if any(_is_error_handler(script, a) for a in arguments(call)))
    return next(handlers, calls[-1] if calls else None)


def _end(script: Script, app: str, statement: Node) -> Place:
    """Behind the routes that follow `statement` in its block."""
    block = statement.parent
    later = [n for n in named(block) if n.start_byte > statement.start_byte] if block else []
    for node in later:
        if _handles_errors(script, node, app):
            return "before", node
    last, start = statement, None
    for node in later:
        if _stops(script, node, app):
            start = start or node
        elif _adds_routes(script, node, app):
            last, start = node, None
    return ("before", start) if start else ("after", last)


def _binds(script: Script, statement: Node, name: str) -> bool:
    """Whether a statement imports or requires something as `name`."""
    source = script.source(statement)
    if statement.type != "import_statement" and not re.search(r"=\s*require\s*\(", source):
        return False
    return any(script.source(n) == name for n in script.find("identifier", *_PATTERNS, under=statement))


def _created(script: Script, callee: str) -> tuple[str, Node] | None:
    found = []
    for call in _calls(script, callee):
        holder = call
        for parent in ancestors(call):
            if parent.type not in ("variable_declarator", "assignment_expression", "parenthesized_expression"):
                break
            holder = parent
        target = holder.child_by_field_name("name") or holder.child_by_field_name("left")
        if holder != call and target:
            found.append((script.source(target), call))
    if len(found) > 1:
        raise script.refuse(f"calls {callee}() {len(found)} times", found[1][1])
    return found[0] if found else None


def _calls(script: Script, callee: str) -> Iterator[Node]:
    if not callee.startswith("new "):
        yield from script.calls(callee)
        return
    for node in script.find("new_expression"):
        constructor = node.child_by_field_name("constructor")
        if constructor and re.fullmatch(callee.removeprefix("new "), script.source(constructor)):
            yield node


def _handles_errors(script: Script, statement: Node, app: str) -> bool:
    """Whether a statement is `app.use(f)`, `f` of four parameters or named so, or `addErrorHandlers(app)`."""
    if statement.type != "expression_statement":
        return False
    call = bare(named(statement)[0]) if named(statement) else statement
    callee = call.child_by_field_name("function") if call.type == "call_expression" else None
    if callee is not None and _ERROR_HANDLER.search(script.source(callee)):
        # the one of PostHog or Sentry reports errors and answers none
        reports = script.source(callee).endswith("setupExpressErrorHandler")
        return not reports and any(script.source(argument) == app for argument in arguments(call))
    if call not in list(script.calls(rf"{re.escape(app)}\.use", under=statement)):
        return False
    return any(_is_error_handler(script, argument) for argument in arguments(call))


def _is_error_handler(script: Script, node: Node) -> bool:
    node = bare(node)
    function = node
    if node.type == "identifier":
        try:
            function = bare(declared(script, node))
        except CannotEdit:
            function = node
    if function.type in FUNCTIONS:
        parameters = function.child_by_field_name("parameters")
        return parameters is not None and len(named(parameters)) == 4
    # it comes from another file: only its name tells
    if node.type == "call_expression":
        given, node = arguments(node), node.child_by_field_name("function") or node
        # `catchErrors(controller)` and `handleErrors(async () => ...)` wrap a handler of requests
        wraps = re.search(r"\bcatch\w*$", script.source(node)) is not None
        if given and (wraps or any(bare(argument).type in FUNCTIONS for argument in given)):
            return False
    return node.type in ("identifier", "member_expression") and _ERROR_HANDLER.search(script.source(node)) is not None


def _stops(script: Script, statement: Node, app: str) -> bool:
    """Whether the app is complete here: it listens, is returned or exported. Refuses if the same adds routes."""
    name = re.escape(app)
    listens = next(script.calls(r"(?s:.*\.)?listen|serve", under=statement), None) is not None
    source = script.source(statement).rstrip(";")
    hands_over = rf"(return|export\s+default|export\s*=|module\.exports(\.\w+)?\s*=|exports\.\w+\s*=)\s*\(?{name}\)?"
    if re.fullmatch(hands_over, source) or re.fullmatch(rf"(module\.)?exports.*\{{.*\b{name}\b.*\}}", source, re.S):
        return True
    if statement.type == "export_statement" and re.fullmatch(rf"export\s*\{{[^}}]*\b{name}\b[^}}]*\}}", source):
        return True
    inside = _routes(script, statement, name)
    deferred = [call for call in [*inside, *_handed_over(script, statement, name)] if _in_function(call, statement)]
    if deferred and (listens or _defines_function(statement)):
        raise script.refuse(f"adds routes to {app} inside a function", deferred[0])
    return listens


def _adds_routes(script: Script, statement: Node, app: str) -> bool:
    """Whether a statement calls a method of the app, or hands the app to something that may."""
    name = re.escape(app)
    if statement.type in FUNCTIONS or _defines_function(statement):
        return False
    if _routes(script, statement, name):
        return True
    given = (a for call in script.find("call_expression", under=statement) for a in arguments(call))
    return any(re.search(rf"\b{name}\b", script.source(a)) and a.type in ("identifier", "object") for a in given)


def _routes(script: Script, statement: Node, app: str) -> list[Node]:
    """Calls that add something to the app; `app.get("port")` only reads a setting."""
    calls = script.calls(rf"{app}\.({_ROUTES})(\(.*)?", under=statement)
    return [call for call in calls if len(arguments(call)) > 1 or not re.match(rf"{app}\.get\b", script.source(call))]


def _handed_over(script: Script, statement: Node, app: str) -> list[Node]:
    """Calls that get the app and may add routes: `registerRoutes(app)`, `server.applyMiddleware({ app })`."""
    return [
        call
        for call in script.calls(
            r"(?!(?:\w+\.)*(?:createServer|serverless\w*|log|info|debug|listen|\w*[Ss]hutdown)\b).*", under=statement
        )
        if any(re.fullmatch(rf"{app}|\{{.*\b{app}\b.*\}}", script.source(a), re.S) for a in arguments(call))
    ]


def _defines_function(statement: Node) -> bool:
    if statement.type in FUNCTIONS:
        return True
    declaration = statement.child_by_field_name("declaration") or statement
    values = [child.child_by_field_name("value") for child in named(declaration)]
    return declaration.type in FUNCTIONS or any(value is not None and value.type in FUNCTIONS for value in values)


def _in_function(node: Node, limit: Node) -> bool:
    for parent in ancestors(node):
        if parent.type in FUNCTIONS:
            return True
        if parent == limit:
            break
    return False
