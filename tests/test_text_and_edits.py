"""Text and splice: nothing is lost on the way from bytes to bytes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.edits import Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import decode, encode, indent_unit, line_end, newline


@pytest.mark.parametrize(
    ("bom", "codec"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
@given(text=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\ufeff")))
def test_decode_and_encode_are_inverse(bom: bytes, codec: str, text: str) -> None:
    data = bom + text.encode(codec)
    if bom or not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF8)):
        decoded, encoding = decode(data)
        assert decoded == text
        assert encode(decoded, encoding) == data


@pytest.mark.parametrize("data", [b"\xff\x00\x80", b"a\0b", "h\xe9".encode("latin-1")])
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(CannotEdit):
        decode(data)


@pytest.mark.parametrize(
    ("text", "eol"), [("", "\n"), ("a\n", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\r\nb\nc\n", "\n"), ("a", "\n")]
)
def test_majority_line_end(text: str, eol: str) -> None:
    assert newline(text) == eol


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "  "),
        ("a\n    b\n", "    "),
        ("a\n  b\n    c\n  d\n", "  "),
        ("a\n\tb\n\t\tc\n", "\t"),
        ("a\n   b\n      c\n", "   "),
        ("/**\n * doc\n */\na\n    b\n", "    "),
    ],
)
def test_indent_unit(text: str, unit: str) -> None:
    assert indent_unit(text) == unit


def test_line_end_excludes_both_characters() -> None:
    assert line_end("ab\r\nc", 0) == 2
    assert line_end("ab\nc", 0) == 2
    assert line_end("ab", 0) == 2


def test_splice_takes_the_majority_line_end() -> None:
    assert splice("a\r\nb\r\n", [insert(3, "x\ny\n")]) == "a\r\nx\r\ny\r\nb\r\n"


def test_splice_refuses_overlaps() -> None:
    with pytest.raises(CannotEdit):
        splice("abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")])


def test_insertions_at_one_place_keep_their_order() -> None:
    assert splice("ab", [insert(1, "1"), insert(1, "2")]) == "a12b"


@given(st.text("ab\n"), st.lists(st.tuples(st.integers(0, 20), st.text("xy\n")), max_size=5))
def test_insertions_lose_nothing(text: str, inserts: list[tuple[int, str]]) -> None:
    edits = [insert(min(at, len(text)), new) for at, new in inserts]
    after = splice(text, edits)
    assert len(after) == len(text) + sum(len(e.text) for e in edits)
    rest = iter(after)
    assert all(char in rest for char in text)
