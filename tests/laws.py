"""The laws that hold for every row of every codemod table (design: "Laws")."""

from __future__ import annotations

import codecs
import difflib
import re

import pytest

from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.text import decode, encode

_COMMENT = re.compile(r"(?:^|(?<=\s))(?:(?://|#)[ \t][^\n]*|/\*.*?\*/|<!--.*?-->)", re.MULTILINE | re.DOTALL)


def check(codemod: Codemod, before: str, after: str, *, only_adds: bool = True) -> None:
    """`codemod` turns `before` into `after`, is idempotent, keeps comments, and works alike on CRLF and BOM files.

    `only_adds`: every character of `before` is still there, in order; a row that replaces something says False.
    """
    _equal(codemod(before), after)
    assert before != after, "this row changes nothing: it belongs to check_keeps"
    check_keeps(codemod, after)
    if "\n" in before:
        _equal(codemod(_crlf(before)), _crlf(after))
    data = codecs.BOM_UTF8 + before.encode()
    text, encoding = decode(data)
    assert encode(codemod(text), encoding) == codecs.BOM_UTF8 + after.encode()
    if only_adds:
        _survives(before, after)
    _comments_survive(before, after)


def check_keeps(codemod: Codemod, text: str) -> None:
    """The work is already done in `text`: not a byte changes."""
    _equal(codemod(text), text)
    _equal(codemod(_crlf(text)), _crlf(text))


def check_refuses(codemod: Codemod, text: str, reason: str = "", line: int | None = None) -> CannotEdit:
    """`codemod` raises CannotEdit with `reason` in its words (a regex), at `line` when given."""
    for variant in (text, _crlf(text)):
        with pytest.raises(CannotEdit) as caught:
            codemod(variant)
        assert re.search(reason, caught.value.reason), caught.value.reason
        if line is not None:
            assert caught.value.line == line, f"line {caught.value.line}, expected {line}"
    assert caught.value.reason.isascii()
    return caught.value


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _equal(actual: str, expected: str) -> None:
    if actual != expected:
        lines = difflib.ndiff(expected.splitlines(True), actual.splitlines(True))
        pytest.fail("expected (-) and actual (+) differ:\n" + "".join(repr(line)[1:-1] + "\n" for line in lines))


def _survives(before: str, after: str) -> None:
    rest = iter(after)
    for offset, char in enumerate(before):
        assert char in rest, f"lost from the original: {before[offset : offset + 60]!r}"


def _comments_survive(before: str, after: str) -> None:
    position = 0
    for comment in _COMMENT.findall(before):
        found = after.find(comment.rstrip("\r"), position)
        assert found != -1, f"lost or moved comment: {comment!r}"
        position = found + len(comment)
