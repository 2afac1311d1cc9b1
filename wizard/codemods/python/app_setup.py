"""Statements that follow the construction of an application object: behind its configuration, before its routes."""

from __future__ import annotations

import re
from collections.abc import Callable

import libcst as cst

from wizard.codemods.python.calls import Constructed, constructed, only_constructed
from wizard.codemods.python.env_reader import loads_environment
from wizard.codemods.python.scopes import dotted, mentions
from wizard.codemods.python.tree import (
    Source,
    Statement,
    after,
    block_indent,
    functions,
    parse,
    statements,
    walk,
    whole_lines,
)
from wizard.edits import Codemod, Edit, splice
from wizard.text import next_line

_CONFIGURES = re.compile(r"config|setting|load_?env|dotenv|secret|logging", re.IGNORECASE)


def ensure_after_construction(
    *paths: str, snippet: Callable[[str], str], marker: str, variable: str | None = None
) -> Codemod:
    """Below `app = Constructor(...)` and what configures it stand the lines `snippet("app")`.

    `paths` are the dotted paths of the constructor (`flask.Flask`). The app may be at module level or in a factory.
    The lines go below the last statement of the same block that touches `app.config`, loads settings or calls
    `x.init_app(app)`, unless routes come before it: a function decorated by the app, a blueprint, a router, another
    call that is given the app, `return`. Code that has the identifier `marker` is left as it is. Refuses: no
    construction, several (unless `variable` names one), one that is not assigned to a plain name, an env file that is
    loaded further below (the lines would read the environment too early).
    """

    def run(text: str) -> str:
        source = parse(text)
        if mentions(source, marker):
            return text
        return splice(text, [_behind_setup(source, paths, variable, snippet)])

    return run


def ensure_beside_init_app(
    *paths: str, snippet: Callable[[str], str], marker: str, variable: str | None = None
) -> Codemod:
    """The lines `snippet("app")` stand below the `x.init_app(app)` calls, or as `ensure_after_construction` says.

    When all that run without a condition stand in one function of their own (`def register_extensions(app)`), the
    lines go there. Code that has the identifier `marker` is left as it is. Refuses as `ensure_after_construction` does.
    """

    def run(text: str) -> str:
        source = parse(text)
        if mentions(source, marker):
            return text
        found = _init_calls(source)
        places = {(id(statement.block), name) for statement, name in found}
        apart = not any(c.at.block is s.block for c in constructed(source, *paths) for s, _ in found)
        if len(places) != 1 or not apart:
            return splice(text, [_behind_setup(source, paths, variable, snippet)])
        last, app = found[-1]
        return splice(text, [after(source, last.end, snippet(app), block_indent(source, last.block))])

    return run


def _init_calls(source: Source) -> list[tuple[Statement, str]]:
    """Each `x.init_app(app)` that stands right in a function or the module, with the name that it is given."""
    blocks = [f.body.body for f in functions(source) if isinstance(f.body, cst.IndentedBlock)]
    found = []
    for block in (source.module.body, *blocks):
        for statement in statements(source, block):
            match statement.node:
                case cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name(value="init_app")), args=[first, *_])):
                    if isinstance(first.value, cst.Name):
                        found.append((statement, first.value.value))
    return sorted(found, key=lambda pair: pair[0].start)


def _behind_setup(source: Source, paths: tuple[str, ...], variable: str | None, snippet: Callable[[str], str]) -> Edit:
    app = only_constructed(source, *paths, variable=variable)
    whole_lines(source, app.at)
    last = _last_setup(source, app)
    _check_loaded(source, app, last.end)
    return _lines_below(source, last, snippet(app.variable))


def refuse_late_environment(*paths: str, variable: str | None = None) -> Codemod:
    """Changes nothing; refuses when the one construction stands above the loading of an env file.

    For code in the arguments of the constructor. Refuses no construction and several as `ensure_after_construction`.
    """

    def run(text: str) -> str:
        source = parse(text)
        app = only_constructed(source, *paths, variable=variable)
        _check_loaded(source, app, app.at.end)
        return text

    return run


def _check_loaded(source: Source, app: Constructed, end: int) -> None:
    """Does the module, or the factory around the app, load an env file only below the offset `end`?"""
    for statement in statements(source, app.at.block if app.function else source.module.body):
        if statement.start > end and loads_environment(statement):
            raise source.refusal("loads its env file further below", statement.node)


def _last_setup(source: Source, app: Constructed) -> Statement:
    last = app.at
    for statement in statements(source, app.at.block):
        if statement.start <= app.at.start:
            continue
        if _opens_routes(statement, app.variable):
            break
        if _sets_up(source, statement, app.variable):
            last = statement
    return last


def _sets_up(source: Source, statement: Statement, app: str) -> bool:
    if isinstance(statement.node, cst.FunctionDef | cst.ClassDef):
        return False
    for node in walk(statement.node):
        path = dotted(node) or ""
        if path.startswith((f"{app}.config", f"{app}.secret_key")):
            return True
        if isinstance(node, cst.Call):
            name = _callee(node)
            if name.endswith((".init_app", "load_dotenv")) or (_given(node, app) and _CONFIGURES.search(name)):
                return True
    return False


def _opens_routes(statement: Statement, app: str) -> bool:
    node = statement.node
    if isinstance(node, cst.Return):
        return True
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        return any((dotted(_called(d.decorator)) or "").startswith(f"{app}.") for d in node.decorators)
    for call in _calls(node):
        name = _callee(call)
        method = name.removeprefix(f"{app}.") if name.startswith(f"{app}.") else ""
        if method and re.match(
            r"register_|add_|include_|mount|route|run$|before_|after_|errorhandler|middleware", method
        ):
            return True
        if _given(call, app) and not name.endswith(".init_app") and not _CONFIGURES.search(name):
            return True
    return isinstance(node, cst.If) and "__name__" in {n.value for n in walk(node.test) if isinstance(n, cst.Name)}


def _calls(node: cst.CSTNode) -> list[cst.Call]:
    return [n for n in walk(node) if isinstance(n, cst.Call)]


def _callee(call: cst.Call) -> str:
    """`a.b.init_app` of a call; `?.init_app` for a method of anything that is no plain name (`config[name]`)."""
    if isinstance(call.func, cst.Attribute):
        return dotted(call.func) or f"?.{call.func.attr.value}"
    return dotted(call.func) or ""


def _called(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.func if isinstance(node, cst.Call) else node


def _given(call: cst.Call, app: str) -> bool:
    return any(isinstance(arg.value, cst.Name) and arg.value.value == app for arg in call.args)


def _lines_below(source: Source, statement: Statement, code: str) -> Edit:
    """One line goes right below; several get a blank line around them where there is none."""
    if "\n" in code:
        rest = source.text[next_line(source.text, statement.end) :].partition("\n")[0]
        code = "\n" + code + ("\n" if rest.strip() else "")
    return after(source, statement.end, code, block_indent(source, statement.block))
