"""What runs when an ASGI application stops: behind the `yield` of its lifespan, or in its shutdown handlers."""

from __future__ import annotations

from typing import Literal

import libcst as cst

from wizard.codemods.python.calls import calls, decorated_with, keyword
from wizard.codemods.python.literals import quote
from wizard.codemods.python.methods import at_end
from wizard.codemods.python.scopes import dotted
from wizard.codemods.python.tree import (
    Block,
    Source,
    Statement,
    after,
    before,
    block_indent,
    body_of,
    extent,
    functions,
    one_level,
    parse,
    scope,
    statements,
    string_value,
    walk,
    whole_lines,
)
from wizard.edits import Codemod, Edit, splice
from wizard.errors import CannotEdit

_MANAGER = "contextlib.asynccontextmanager"
_NAMING = cst.Attribute | cst.Arg
Style = Literal["lifespan", "imported", "on_event", "add_event_handler", "none"]


def shutdown_style(text: str, *paths: str) -> Style:
    """How the application that the file constructs with one of `paths` (`fastapi.FastAPI`) stops.

    `lifespan`: a context manager function of this file; `imported`: a lifespan from elsewhere or of another shape;
    `on_event`: handlers of this file; `add_event_handler`: those that a call names; `none`: nothing runs. A file
    without the constructor's call is judged by its functions.
    """
    source = parse(text)
    given = [value for call in calls(source, *paths) if (value := keyword(call, "lifespan")) is not None]
    if given:
        return "lifespan" if all(_meant(source, value) for value in given) else "imported"
    if not calls(source, *paths) and _managers(source):
        return "lifespan"
    if _handlers(source, "shutdown") or _handlers(source, "startup"):
        return "on_event"
    return "add_event_handler" if _added(source) else "none"


def ensure_after_yield(code: str, *paths: str, marker: str) -> Codemod:
    """The lifespan runs the lines `code` first of all when the application stops.

    The lifespan is the `@asynccontextmanager` function given as `lifespan=` to the one call of `paths`, or the only one
    for an app where a call combines several; in a file without that call its only such function. The lines become the
    first ones of the innermost `finally` around the `yield`, else stand right behind the `yield`, inside the
    `async with` it is in, but below a `try` without `finally`. A function that has the identifier `marker` is left as
    it is. Refuses: a lifespan that is imported or no such function, no `yield` or several, a `yield` in a loop or in an
    expression.
    """

    def run(text: str) -> str:
        source = parse(text)
        function = _lifespan(source, paths)
        if any(isinstance(node, cst.Name) and node.value == marker for node in walk(function)):
            return text
        return splice(text, [_behind_yield(source, function, code)])

    return run


def ensure_on_shutdown(name: str, code: str, *, marker: str) -> Codemod:
    """The last `@app.on_event("shutdown")` function ends in the lines `code`.

    With startup handlers only, a shutdown handler called `name` is added below the last of them. Code in a handler
    that has the identifier `marker` is left as it is. Refuses when the file has no `on_event` handler.
    """

    def run(text: str) -> str:
        source = parse(text)
        stops, starts = _handlers(source, "shutdown"), _handlers(source, "startup")
        if any(isinstance(node, cst.Name) and node.value == marker for f in stops for node in walk(f)):
            return text
        if stops:
            return splice(text, [at_end(source, stops[-1], code)])
        if not starts:
            raise CannotEdit("has no on_event handler")
        return splice(text, [_new_handler(source, starts[-1], name, code)])

    return run


def ensure_added_on_shutdown(handler: str, *, marker: str) -> Codemod:
    """`app.add_event_handler("shutdown", handler)` stands below the last such call of the file.

    Below the last one for `startup` when there is no other. Calls that have the identifier `marker` are left as they
    are. Refuses when the file calls no `add_event_handler`.
    """

    def run(text: str) -> str:
        source = parse(text)
        found = _added(source)
        if any(isinstance(node, cst.Name) and node.value == marker for at, _ in found for node in walk(at.node)):
            return text
        if not found:
            raise CannotEdit("calls no add_event_handler")
        at, call = found[-1]
        style = quote(source, call)
        line = f"{source.code(call.func)}({style}shutdown{style}, {handler})"
        return splice(text, [after(source, at.end, line, block_indent(source, whole_lines(source, at)))])

    return run


def _added(source: Source) -> list[tuple[Statement, cst.Call]]:
    """Statements `app.add_event_handler("shutdown", ...)`, else those for `startup`, top down."""
    bodies = [f.body.body for f in functions(source) if isinstance(f.body, cst.IndentedBlock)]
    found: dict[str | None, list[tuple[Statement, cst.Call]]] = {}
    for block in (source.module.body, *bodies):
        for at in statements(source, block):
            match at.node:
                case cst.Expr(
                    value=cst.Call(
                        func=cst.Attribute(attr=cst.Name(value="add_event_handler")), args=[first, _]
                    ) as call
                ):
                    found.setdefault(string_value(first.value), []).append((at, call))
    return sorted(found.get("shutdown") or found.get("startup") or [], key=lambda pair: pair[0].start)


def _managers(source: Source) -> list[cst.FunctionDef]:
    return [f for f in functions(source) if f.asynchronous and decorated_with(source, f, _MANAGER)]


def _meant(source: Source, given: cst.BaseExpression) -> cst.FunctionDef | None:
    """The function that is given, or the only one for an app where `given` combines several: `merged(own, of.sub)`."""
    own = _managers(source)
    found = [f for f in own if f.name.value == dotted(given)]
    if not found and isinstance(given, cst.Call):
        nodes = list(walk(source.module))
        others = {id(n.attr if isinstance(n, cst.Attribute) else n.keyword) for n in nodes if isinstance(n, _NAMING)}
        names = [n.value for n in nodes if isinstance(n, cst.Name) and id(n) not in others]
        top = [f for f in own if f in source.module.body]
        found = [f for f in top if _is_for_an_app(f) and names.count(f.name.value) > 1]
    return found[0] if len(found) == 1 else None


def _is_for_an_app(function: cst.FunctionDef) -> bool:
    match function.params.params:
        case [cst.Param(name=name, annotation=annotation)]:
            kind = dotted(annotation.annotation) if annotation else None
            return name.value == "app" or (kind or "").rpartition(".")[2] in ("FastAPI", "Starlette")
    return False


def _lifespan(source: Source, paths: tuple[str, ...]) -> cst.FunctionDef:
    own = _managers(source)
    constructors = calls(source, *paths)
    given = [value for call in constructors if (value := keyword(call, "lifespan")) is not None]
    if len(given) > 1:
        raise source.refusal(f"gives a lifespan to {len(given)} applications", given[-1])
    if given:
        found = _meant(source, given[0])
        if found is None:
            raise source.refusal("has a lifespan that is no @asynccontextmanager function of this file", given[0])
        return found
    if constructors:
        raise source.refusal("has no lifespan", constructors[0])
    if len(own) != 1:
        raise source.refusal(f"has {len(own)} @asynccontextmanager functions", own[-1] if own else None)
    return own[0]


def _behind_yield(source: Source, function: cst.FunctionDef, code: str) -> Edit:
    found = [s for s in scope(source, body_of(source, function)) if _is_yield(s)]
    everywhere = [n for n in walk(function) if isinstance(n, cst.Yield)]
    if len(found) != 1 or len(everywhere) != 1:
        words = "no plain yield" if not found else "several yields"
        raise source.refusal(f"{function.name.value} has {words}", everywhere[-1] if everywhere else function)
    target = found[0]
    if any(isinstance(node, cst.For | cst.While) for node in target.around):
        raise source.refusal("yields inside a loop", target.node)
    for node in reversed(target.around):
        if isinstance(node, cst.Try | cst.TryStar) and node.finalbody and _within(source, target, node.body):
            block = _indented(source, node.finalbody.body)
            return before(source, extent(source, block[0])[0], code, block_indent(source, block))
    for index, node in enumerate(target.around):
        if isinstance(node, cst.Try | cst.TryStar):
            outer = _block_of(source, function, target.around[:index])
            return after(source, extent(source, node)[1], code, block_indent(source, outer))
    return after(source, target.end, code, block_indent(source, whole_lines(source, target)))


def _is_yield(statement: Statement) -> bool:
    node = statement.node
    return isinstance(node, cst.Expr | cst.Assign) and isinstance(node.value, cst.Yield)


def _within(source: Source, statement: Statement, suite: cst.BaseSuite) -> bool:
    start, end = extent(source, suite)
    return start <= statement.start <= end


def _indented(source: Source, suite: cst.BaseSuite) -> Block:
    if isinstance(suite, cst.IndentedBlock):
        return suite.body
    raise source.refusal("has a block on the line of its colon", suite)


def _block_of(source: Source, function: cst.FunctionDef, around: tuple[cst.BaseCompoundStatement, ...]) -> Block:
    return _indented(source, around[-1].body if around else function.body)


def _handlers(source: Source, event: str) -> list[cst.FunctionDef]:
    found = [f for f in functions(source) if any(_is_on(d, event) for d in f.decorators)]
    return sorted(found, key=source.span)


def _is_on(decorator: cst.Decorator, event: str) -> bool:
    """Is it `@app.on_event("startup")`?"""
    call = decorator.decorator
    if not isinstance(call, cst.Call) or not call.args or not (dotted(call.func) or "").endswith(".on_event"):
        return False
    return string_value(call.args[0].value) == event


def _new_handler(source: Source, beside: cst.FunctionDef, name: str, code: str) -> Edit:
    start, end = extent(source, beside)
    decorator = next(d for d in beside.decorators if _is_on(d, "startup"))
    assert isinstance(decorator.decorator, cst.Call)
    (opened, closed), (first, last) = source.span(decorator), source.span(decorator.decorator.args[0].value)
    style = quote(source, decorator)
    line = f"{source.text[opened:first]}{style}shutdown{style}{source.text[last:closed]}"
    returns = " -> None" if beside.returns else ""
    indent = source.text[source.text.rfind("\n", 0, start) + 1 : start]
    blank = "\n\n" if not indent else "\n"
    body = "\n".join(one_level(source) + part if part.strip() else part for part in code.split("\n"))
    return after(source, end, f"{blank}{line}\ndef {name}(){returns}:\n{body}", indent)
