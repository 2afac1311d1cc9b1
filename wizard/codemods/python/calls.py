"""Constructor calls and their keywords: find `Flask(...)`, put an element first in `middleware=[...]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from wizard.codemods.python.literals import insert_element
from wizard.codemods.python.scopes import is_any, mentions, module_scope
from wizard.codemods.python.tree import Source, Statement, functions, parse, scope, walk
from wizard.edits import Codemod, Edit, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item


@dataclass(frozen=True, slots=True)
class Constructed:
    """`variable = Constructor(...)`; `function` is the innermost function around it, None at module level."""

    variable: str
    call: cst.Call
    at: Statement
    function: cst.FunctionDef | None


def calls(source: Source, *paths: str) -> list[cst.Call]:
    """All calls of one of the dotted `paths` (`flask.Flask`), resolved through the file's imports, top down."""
    found = [n for n in walk(source.module) if isinstance(n, cst.Call) and is_any(source, n.func, paths)]
    return sorted(found, key=source.span)


def constructed(source: Source, *paths: str) -> list[Constructed]:
    """The assignments `name = Constructor(...)` of a file, in any scope, top down."""
    found = []
    for function, statement in _all_statements(source):
        node = statement.node
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name)), *_], value=cst.Call() as call):
                pass  # `application = app = Flask(...)`: any of the names will do
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.Call() as call):
                pass
            case _:
                continue
        if is_any(source, call.func, paths):
            found.append(Constructed(name, call, statement, function))
    return sorted(found, key=lambda c: c.at.start)


def only_constructed(source: Source, *paths: str, variable: str | None = None) -> Constructed:
    """The one assignment of a constructor call (to `variable`, if given). Raises CannotEdit for none or several."""
    name = paths[0].rpartition(".")[2]
    found = [c for c in constructed(source, *paths) if variable in (None, c.variable)]
    if len(found) == 1:
        return found[0]
    if found:
        raise source.refusal(f"calls {name}(...) {len(found)} times", found[-1].call)
    bare = calls(source, *paths)
    if bare:
        raise source.refusal(f"does not assign {name}(...) to a plain name", bare[0])
    raise CannotEdit(f"has no {name}(...) call")


def app_variables(text: str, *paths: str) -> list[tuple[str, str | None]]:
    """`(variable, function)` of each `variable = Constructor(...)`; function is None at module level."""
    found = constructed(parse(text), *paths)
    return [(c.variable, c.function.name.value if c.function else None) for c in found]


def keyword(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The value given to a keyword."""
    return next((arg.value for arg in call.args if arg.keyword and arg.keyword.value == name), None)


def has_keyword(text: str, name: str, *paths: str) -> bool:
    """Is a call of one of the `paths` given the keyword `name`?"""
    return any(keyword(call, name) is not None for call in calls(parse(text), *paths))


def prepend_to_keyword_list(name: str, element: str, *paths: str, marker: str, variable: str | None = None) -> Codemod:
    """The list given to the keyword `name` of the one call of `paths` starts with `element`; added when missing.

    `marker` is an identifier of `element` that no other code uses: code that has it is left as it is. `variable` picks
    one of several calls by what it is assigned to. Refuses: no call or several, a value that is not a list or tuple
    display, `**kwargs` that may hold the keyword.
    """

    def run(text: str) -> str:
        source = parse(text)
        if mentions(source, marker):
            return text
        call = _only_call(source, paths, variable)
        value = keyword(call, name)
        if isinstance(value, cst.List | cst.Tuple):
            return splice(text, insert_element(source, value, 0, element))
        if value is not None:
            raise source.refusal(f"computes {name}", value)
        return splice(text, _new_keyword(source, call, f"{name}=[{element}]"))

    return run


def ensure_keyword(name: str, value: str, *paths: str, variable: str | None = None) -> Codemod:
    """The one call of `paths` is given the keyword `name`; a value that is there stays.

    `variable` picks one of several calls by what it is assigned to. Refuses: no call or several, `**kwargs` that may
    hold the keyword.
    """

    def run(text: str) -> str:
        source = parse(text)
        call = _only_call(source, paths, variable)
        if keyword(call, name) is not None:
            return text
        return splice(text, _new_keyword(source, call, f"{name}={value}"))

    return run


def _only_call(source: Source, paths: tuple[str, ...], variable: str | None) -> cst.Call:
    found = calls(source, *paths)
    if variable is not None and len(found) > 1:
        return only_constructed(source, *paths, variable=variable).call
    if len(found) == 1:
        return found[0]
    words = f"{len(found)} calls" if found else "no call"
    raise source.refusal(f"has {words} of {paths[0].rpartition('.')[2]}(...)", found[-1] if found else None)


def _new_keyword(source: Source, call: cst.Call, code: str) -> list[Edit]:
    if any(arg.star == "**" for arg in call.args):
        raise source.refusal("unpacks keywords whose names cannot be read", call)
    opened, closed = source.text.index("(", source.span(call.func)[1]), source.span(call)[1] - 1
    items = [source.span(arg) for arg in call.args]
    return insert_item(source.text, opened, closed, items, len(items), code, ("#",), unit="    ")


def _all_statements(source: Source) -> Iterator[tuple[cst.FunctionDef | None, Statement]]:
    yield from ((None, s) for s in module_scope(source))
    for function in functions(source):
        yield from ((function, s) for s in scope(source, function.body.body))


def decorated_with(source: Source, function: cst.FunctionDef, path: str) -> bool:
    """Has a function the decorator `path` (a dotted path), called or bare?"""
    for decorator in function.decorators:
        node = decorator.decorator
        if is_any(source, node.func if isinstance(node, cst.Call) else node, (path,)):
            return True
    return False
