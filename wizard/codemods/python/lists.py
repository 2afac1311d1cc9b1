"""Lists that a file assigns to a name: one more element, at the place where it takes effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from wizard.codemods.python.literals import Display, has_string, insert_element, literal, quote, quoted
from wizard.codemods.python.scopes import dotted, module_scope
from wizard.codemods.python.tree import (
    Source,
    Statement,
    after,
    body_of,
    classes,
    parse,
    scope,
    statements,
    string_value,
)
from wizard.edits import Codemod, splice
from wizard.errors import CannotEdit


def ensure_in_list(variable: str, element: str, *, behind: str | None = None, in_class: str | None = None) -> Codemod:
    """The list or tuple `variable` of a module (or of the class `in_class`) holds `element`, given as source.

    It goes right behind the string element `behind` when a literal part of the list has it, else to the end of the
    last literal part. Parts are the operands of `A + [...]`, `*A`, `A` itself when the file assigns it a literal, and
    unconditional `+= [...]`. With no assignment at module level, the one class attribute of that name is taken
    (django-configurations). A string element that the file has anywhere outside comments is a no-op.

    Refuses, with the line: no assignment, a second one or one under `if` or `try` that replaces the list, a computed
    value, a value that is only extended here (its home is another file).
    """

    def run(text: str) -> str:
        source = parse(text)
        value = literal(element)
        if value is not None and has_string(source, value):
            return text
        place = _definition(source, variable, in_class)
        parts = _parts(source, variable, place)
        if value is None and any(_has_code(source, part, element) for part in parts):
            return text
        for part in parts if behind is not None else ():
            for index, item in enumerate(part.elements):
                if string_value(item.value) == behind:
                    return splice(text, insert_element(source, part, index + 1, element))
        target = _last_part(source, variable, place, parts)
        return splice(text, insert_element(source, target, len(target.elements), element))

    return run


def ensure_in_every_list(variable: str, element: str, *, behind: str, in_class: str | None = None) -> Codemod:
    """Each list or tuple that a module (or the class `in_class`) assigns to `variable`, one per branch, has `element`.

    It goes behind the string element `behind`, else to the end. Refuses, with the line, when one of them is computed.
    """

    def run(text: str) -> str:
        source = parse(text)
        owner = next((node for node in classes(source) if node.name.value == in_class), None)
        block = body_of(source, owner) if owner else source.module.body
        edits = []
        for assignment in _assignments(source, variable, block):
            parts = list(_literals(assignment.value)) if assignment.replaces else []
            if assignment.replaces and not parts:
                raise source.refusal(f"assigns {variable} more than once", assignment.at.node)
            items = [(part, index, string_value(e.value)) for part in parts for index, e in enumerate(part.elements)]
            if not parts or any(value == literal(element) for _, _, value in items):
                continue
            part, index = next(
                ((p, i + 1) for p, i, value in items if value == behind), (parts[-1], len(parts[-1].elements))
            )
            edits += insert_element(source, part, index, element)
        return splice(text, edits)

    return run


def ensure_extended(variable: str, element: str) -> Codemod:
    """`variable += [element]` in a file that gets the list by `from x import *` or by name (a leaf of settings).

    An unconditional `+= [...]` of the file is used when there is one. Refuses when nothing imports the list.
    """

    def run(text: str) -> str:
        source = parse(text)
        value = literal(element)
        if value is not None and has_string(source, value):
            return text
        found = _assignments(source, variable, source.module.body)
        if any(a.replaces for a in found):
            return ensure_in_list(variable, element)(text)
        parts = [part for a in found if not a.at.around for part in _literals(a.value)]
        if value is None and any(_has_code(source, part, element) for part in parts):
            return text
        if parts:
            return splice(text, insert_element(source, parts[-1], len(parts[-1].elements), element))
        if not any(_may_import(s.node, variable) for s in module_scope(source)):
            raise CannotEdit(f"neither assigns nor imports {variable}")
        last = list(statements(source, source.module.body))[-1]
        code = quoted(f"{variable} += [{element}]", quote(source))
        return splice(text, [after(source, last.end, f"\n{code}")])

    return run


@dataclass(frozen=True, slots=True)
class _Assignment:
    at: Statement
    value: cst.BaseExpression
    replaces: bool


@dataclass(frozen=True, slots=True)
class _Definition:
    base: _Assignment
    all: tuple[_Assignment, ...]
    block: Sequence[cst.BaseStatement]


def _definition(source: Source, variable: str, in_class: str | None) -> _Definition:
    if in_class is None and _assignments(source, variable, source.module.body):
        return _in_block(source, variable, source.module.body)
    owners = [
        node
        for node in classes(source)
        if isinstance(node.body, cst.IndentedBlock)
        and in_class in (None, node.name.value)
        and _assignments(source, variable, node.body.body)
    ]
    if not owners:
        where = f" in class {in_class}" if in_class else ""
        raise CannotEdit(f"does not assign {variable}{where}")
    bases = [n for n in owners if not any(dotted(b.value) in {o.name.value for o in owners} for b in n.bases)]
    if len(bases) != 1:
        raise source.refusal(f"{len(owners)} classes assign {variable}", owners[-1])
    return _in_block(source, variable, body_of(source, bases[0]))


def _in_block(source: Source, variable: str, block: Sequence[cst.BaseStatement]) -> _Definition:
    found = _assignments(source, variable, block)
    bases = [a for a in found if a.replaces]
    if not bases:
        raise source.refusal(f"only extends {variable}, which is assigned elsewhere", found[0].at.node)
    if len(bases) > 1:
        raise source.refusal(f"assigns {variable} more than once", bases[-1].at.node)
    if bases[0].at.around:
        raise source.refusal(f"assigns {variable} under a condition", bases[0].at.node)
    return _Definition(bases[0], tuple(found), block)


def _assignments(source: Source, variable: str, block: Sequence[cst.BaseStatement]) -> list[_Assignment]:
    found = []
    for at in scope(source, block):
        node = at.node
        if isinstance(node, cst.Assign):
            targets: list[cst.BaseExpression] = [t.target for t in node.targets]
        elif isinstance(node, cst.AnnAssign | cst.AugAssign):
            targets = [node.target]
        else:
            continue
        value = node.value
        if value is not None and any(isinstance(t, cst.Name) and t.value == variable for t in targets):
            extends = isinstance(node, cst.AugAssign) or variable in _operand_names(value)
            found.append(_Assignment(at, value, not extends))
    return found


def _operand_names(value: cst.BaseExpression) -> set[str]:
    return {node.value for node in _operands(value) if isinstance(node, cst.Name)}


def _operands(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The operands of `+`; a display comes before the starred parts in it."""
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add):
        yield from _operands(value.left)
        yield from _operands(value.right)
        return
    yield value
    if isinstance(value, cst.List | cst.Tuple):
        for element in value.elements:
            if isinstance(element, cst.StarredElement):
                yield from _operands(element.value)


def _literals(value: cst.BaseExpression) -> Iterator[Display]:
    return (node for node in _operands(value) if isinstance(node, cst.List | cst.Tuple))


def _parts(source: Source, variable: str, place: _Definition) -> list[Display]:
    """The literal parts of the list: its base first, then what extends it without a condition."""
    parts: list[Display] = []
    seen = {variable}

    def collect(value: cst.BaseExpression) -> None:
        for operand in _operands(value):
            if isinstance(operand, cst.List | cst.Tuple):
                parts.append(operand)
            elif isinstance(operand, cst.Name) and operand.value not in seen:
                seen.add(operand.value)
                own = _assignments(source, operand.value, place.block)
                if len(own) == 1 and not own[0].at.around:
                    collect(own[0].value)

    for assignment in sorted(place.all, key=lambda a: not a.replaces):
        if not assignment.at.around:
            collect(assignment.value)
    return parts


def _last_part(source: Source, variable: str, place: _Definition, parts: Sequence[Display]) -> Display:
    """The last part of the base, when the base provably is a list."""
    own = list(_operands(place.base.value))
    if not any(isinstance(o, cst.List | cst.Tuple | cst.Name) for o in own) or not parts:
        raise source.refusal(f"computes {variable}", place.base.at.node)
    if any(isinstance(e, cst.StarredElement) for o in own if isinstance(o, cst.List | cst.Tuple) for e in o.elements):
        raise source.refusal(f"unpacks other lists into {variable}", place.base.at.node)
    count = len([p for p in parts if p in own])
    return parts[count - 1] if count else parts[-1]


def _has_code(source: Source, part: Display, element: str) -> bool:
    return any(_squeezed(source.code(item.value)) == _squeezed(element) for item in part.elements)


def _squeezed(code: str) -> str:
    return "".join(quoted(code, '"').split()).replace(",)", ")")


def _may_import(node: cst.CSTNode, name: str) -> bool:
    if not isinstance(node, cst.ImportFrom):
        return False
    return isinstance(node.names, cst.ImportStar) or any(
        (a.evaluated_alias or a.evaluated_name) == name for a in node.names
    )
