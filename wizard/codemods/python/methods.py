"""Statements at the end of a function or method, and methods that are missing."""

from __future__ import annotations

import libcst as cst

from wizard.codemods.python.scopes import subclasses
from wizard.codemods.python.tree import (
    Source,
    Statement,
    after,
    before,
    block_indent,
    body_of,
    one_level,
    parse,
    scope,
    statements,
    walk,
)
from wizard.edits import Codemod, Edit, splice
from wizard.errors import CannotEdit
from wizard.text import indented


def ensure_in_method(method: str, body: str, *bases: str, marker: str, class_name: str | None = None) -> Codemod:
    """`method(self)` of the one subclass of `bases` (dotted paths) ends in the lines `body`; created when missing.

    The lines stand below all statements that are there (so `super().method()` and guarded imports stay first) and
    above a closing `return`. A class whose code has the identifier `marker` is left as it is; so is one whose method
    imports or uses it. Refuses: no such class, several (unless `class_name` names one), a body on the line of its
    colon, a method that ends in `raise` or may return before its end.
    """

    def run(text: str) -> str:
        source = parse(text)
        owner = _only_class(source, bases, class_name)
        if _has(owner, marker):
            return text
        own = [s.node for s in statements(source, body_of(source, owner)) if isinstance(s.node, cst.FunctionDef)]
        found = next((node for node in own if node.name.value == method), None)
        if found is None:
            return splice(text, [_new_method(source, owner, method, body)])
        return splice(text, [at_end(source, found, body)])

    return run


def at_end(source: Source, function: cst.FunctionDef, code: str) -> Edit:
    """Insert lines below the last statement of a function, or above it when that is a `return`.

    Raises CannotEdit when the function ends in `raise`, may return earlier, or has its body on one line.
    """
    block = body_of(source, function)
    early = next((s for s in scope(source, block) if s.around and isinstance(s.node, cst.Return)), None)
    if early:
        raise source.refusal(f"{function.name.value} may return before its end", early.node)
    last = list(statements(source, block))[-1]
    indent = block_indent(source, block)
    if isinstance(last.node, cst.Raise):
        raise source.refusal(f"{function.name.value} ends in raise", last.node)
    if isinstance(last.node, cst.Return):
        return before(source, last.start, code, indent)
    return after(source, last.end, code, indent)


def _has(owner: cst.CSTNode, marker: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == marker for node in walk(owner))


def _only_class(source: Source, bases: tuple[str, ...], class_name: str | None) -> cst.ClassDef:
    found = [node for node in subclasses(source, bases) if class_name in (None, node.name.value)]
    if len(found) == 1:
        return found[0]
    name = bases[0].rpartition(".")[2]
    if not found:
        raise CannotEdit(f"has no {name} class" + (f" called {class_name}" if class_name else ""))
    raise source.refusal(f"has {len(found)} {name} classes", found[-1])


def _new_method(source: Source, owner: cst.ClassDef, method: str, body: str) -> Edit:
    block = body_of(source, owner)
    last: Statement = list(statements(source, block))[-1]
    typed = any(isinstance(n, cst.FunctionDef) and n.returns for n in walk(source.module))
    lines = f"def {method}(self){' -> None' if typed else ''}:\n" + indented(body, one_level(source))
    return after(source, last.end, "\n" + lines, block_indent(source, block))
