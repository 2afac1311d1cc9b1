"""Texts that would end the process or never end: refused before they are parsed; what people write is not."""

from __future__ import annotations

import sys
import time

import pytest

from wizard.codemods.python.limits import BLOCKS, BRACKETS, CHAIN, LENGTH, PATTERN_BRACKETS, TOKENS, check
from wizard.codemods.python.settings import Setting, ensure_assignments
from wizard.codemods.python.tree import parse
from wizard.errors import CannotEdit

MANY = 20_000
SET = ensure_assignments([Setting("POSTHOG", "POSTHOG")], "PostHog")


def nested(opened: str, closed: str, count: int, inner: str = "1") -> str:
    return "x = " + opened * count + inner + closed * count + "\n"


def blocks(count: int, opened: str = "if a:\n") -> str:
    return "".join(" " * depth + opened for depth in range(count)) + " " * count + "pass\n"


def case(pattern: str) -> str:
    return f"match x:\n    case {pattern}:\n        pass\n"


TOO_DEEP = {
    "parentheses": nested("(", ")", MANY),
    "never_closed": "x = " + "([{" * MANY,
    "calls": nested("f(", ")", MANY),
    "comprehensions": nested("[", " for a in b]", MANY),
    "walrus": nested("(a := ", ")", MANY),
    "annotations": "def f(a: " + "X[" * MANY + "]" * MANY + "): pass\n",
    "targets": "(" * MANY + "a" + ")" * MANY + " = 1\n",
    "f_string": "x = f'{" + "(" * MANY + "1" + ")" * MANY + "}'\n",
    "f_string_formats": "x = f'" + "{a:" * MANY + "1" + "}" * MANY + "'\n",
    "not": "x = " + "not " * MANY + "1\n",
    "minus": "x = " + "-" * MANY + "1\n",
    "sum": "x = " + "+".join("1" * MANY) + "\n",
    "attributes": "x = a" + ".b" * MANY + "\n",
    "chained_calls": "x = (a\n" + "    .b()\n" * MANY + ")\n",
    "subscripts": "x = a" + "[0]" * MANY + "\n",
    "lambdas": "x = " + "lambda: " * MANY + "1\n",
    "conditions": "x = " + "1 if a else " * MANY + "1\n",
    "strings": "x = (" + " 'a'\n" * MANY + ")\n",
    "elif": "if a:\n    pass\n" + "elif a:\n    pass\n" * 15_000,
    "elif_continued": "if a:\n    pass\n" + "\\\nelif a:\n    pass\n" * 15_000,
    "ifs": blocks(400),
    "functions": blocks(400, "def f():\n"),
    "chains_in_brackets": nested("(" + "not " * 50, ")", 40),
    "chains_behind_brackets": nested("(", ")" + ".b" * 50, 40),
    "pattern": case("(" * 20 + "1" + ")" * 20),
    "pattern_of_dicts": case("{1:" * 20 + "1" + "}" * 20),
    "pattern_of_classes": case("A(1, b=" * 20 + "1" + ")" * 20),
    "pattern_continued": "match x:\n    \\\ncase " + "(" * 20 + "1" + ")" * 20 + ":\n        pass\n",
}
LONG = {
    "list": "x = [\n" + "".join(f"    'item{n}',\n" for n in range(50_000)) + "]\n",
    "lines": "a = 1\n" * 50_000,
    "decorators": "@a\n" * 50_000 + "def f(): pass\n",
    "string": "x = '" + "a" * LENGTH + "'\n",
    "never_closed_strings": "x = " + "'''\"\"\"\\" * 200_000,
}
FINE = {
    "brackets": nested("[", "]", BRACKETS),
    "blocks": blocks(BLOCKS),
    "sum": "x = " + "+".join("1" * CHAIN) + "\n",
    "elif": "if a:\n    pass\n" + "elif a:\n    pass\n" * CHAIN + "if b:\n    pass\nelif c:\n    pass\n",
    "many_short_ones": "x = [\n" + "    a.b(c + d),\n" * 3000 + "]\n",
    "dicts_in_lists": "x = [\n" + "    {'a': [1, 2], 'b': f(c=(d,))},\n" * 1000 + "]\n",
    "a_pattern": case("[" * PATTERN_BRACKETS + "1" + "]" * PATTERN_BRACKETS),
    "a_body_on_the_line_of_its_pattern": "match x:\n    case [a] if f((((((1)))))): g((((((((1))))))))\n",
    "case_as_a_name": "case = 1\nx = case\n",
    "brackets_in_strings_and_comments": "x = '" + "(" * 99 + "'  # " + "(" * 99 + "\ny = '''\n" + "[" * 99 + "\n'''\n",
    "raw_strings": "x = r'\\'\ny = rb'\\\\'\nz = f'{a!r:>{b}}'\n",
}


@pytest.mark.parametrize("text", TOO_DEEP.values(), ids=TOO_DEEP)
def test_too_deep(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(CannotEdit, match="nested too deeply"):
        SET(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_too_long(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(CannotEdit, match=r"are read at most|nested too deeply|does not parse"):
        SET(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_fine(text: str) -> None:
    check(text)


def test_what_python_cannot_walk_is_refused() -> None:
    """Within the limits for the parser, and still too deep for code that walks the tree by recursion."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        with pytest.raises(CannotEdit, match="nested too deeply"):
            parse(nested("a[", "]", BRACKETS))
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.slow
def test_the_longest_file_takes_seconds() -> None:
    text = "a = 1\n" * (TOKENS // 4)
    started = time.perf_counter()
    parse(text)
    assert time.perf_counter() - started < 3
