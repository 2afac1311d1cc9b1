"""What must hold for a codemod on any Python text: it parses, nothing is lost, and only our nodes are added."""

from __future__ import annotations

import ast
import contextlib
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

from tests.fuzz.python import OURS
from wizard.codemods.syntax import parses
from wizard.edits import Codemod
from wizard.errors import CannotEdit

SECONDS = 2.0
"""The longest that one codemod may take on one file."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def holds(codemod: Codemod, text: str, ours: str | None = OURS) -> str:
    """`changed`, `kept` or `refused`; an AssertionError or any other exception is a defect."""
    started = time.perf_counter()
    try:
        after = codemod(text)
    except CannotEdit as refusal:
        _spoken(refusal, text)
        in_time(started)
        return "refused"
    in_time(started)
    if after == text:
        return "kept"
    with contextlib.suppress(CannotEdit):  # then no plan makes the first edit either
        assert codemod(after) == after, "the second pass changes it again"
    unharmed(text, after, ours)
    return "changed"


def _spoken(refusal: CannotEdit, text: str) -> None:
    assert refusal.reason.isascii()
    assert refusal.line is None or 1 <= refusal.line <= text.count("\n") + 1, refusal.line


def looks(function: Callable[[str], object], text: str) -> str:
    """The same for a function that only looks."""
    started = time.perf_counter()
    try:
        function(text)
    except CannotEdit:
        return "refused"
    finally:
        in_time(started)
    return "kept"


def in_time(started: float) -> None:
    took = time.perf_counter() - started
    assert took < SECONDS, f"took {took:.1f} s"


def unharmed(before: str, after: str, ours: str | None = None) -> None:
    """All of the old text but blanks is there in order; it parses; its tree is the old one with nodes of ours."""
    rest = iter(after)
    for offset, char in enumerate(before):
        assert char.isspace() or char in rest, f"lost {before[offset : offset + 60]!r}"
    ends, new = (set(re.findall(r"\r\n|\n|\r", text)) for text in (before, after))
    assert not ends or new <= ends, f"line ends {ends} became {new}"
    assert parses("a.py", after), "does not parse any more"
    old = compiled(before)
    if old is None:
        return
    now = compiled(after)
    assert now is not None, "does not compile any more"
    for node in added(old, now):
        assert ours is None or re.search(ours, ast.unparse(node)), f"added {ast.unparse(node)!r}"


def compiled(text: str) -> ast.Module | None:
    """The tree that Python itself reads; None when it refuses the text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "a.py", "exec", dont_inherit=True)
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def added(old: ast.AST, new: ast.AST) -> Iterator[ast.AST]:
    """The nodes of `new` that `old` does not have. Raises AssertionError when something else than that differs."""
    assert type(old) is type(new), f"{ast.unparse(old)!r} became {ast.unparse(new)!r}"
    if isinstance(old, _DOCUMENTED) and isinstance(new, _DOCUMENTED):
        assert ast.get_docstring(old, clean=False) == ast.get_docstring(new, clean=False), "the docstring changed"
    for (name, one), (_, other) in zip(ast.iter_fields(old), ast.iter_fields(new), strict=True):
        if isinstance(one, ast.AST):
            yield from added(one, other)
        elif isinstance(one, list):
            yield from _added_to(one, other)
        else:
            assert one == other, f"{name} {one!r} became {other!r}"


def _added_to(old: Sequence[object], new: Sequence[object]) -> Iterator[ast.AST]:
    """The same for two lists, of which the old one must be a part of the new one, in order."""
    first, last = 0, 0
    while first < min(len(old), len(new)) and _same(old[first], new[first]):
        first += 1
    while last < min(len(old), len(new)) - first and _same(old[-1 - last], new[-1 - last]):
        last += 1
    rest = list(new[first : len(new) - last])
    for one in old[first : len(old) - last]:
        while True:
            assert rest, f"lost {ast.unparse(one) if isinstance(one, ast.AST) else one!r}"
            other = rest.pop(0)
            try:
                yield from list(added(one, other)) if isinstance(one, ast.AST) and isinstance(other, ast.AST) else ()
                assert isinstance(one, ast.AST) or one == other
                break
            except AssertionError:
                if isinstance(other, ast.AST):
                    yield other
    yield from (node for node in rest if isinstance(node, ast.AST))


def _same(one: object, other: object) -> bool:
    if isinstance(one, ast.AST) and isinstance(other, ast.AST):
        return ast.dump(one) == ast.dump(other)
    return one == other
