"""Text and splice: nothing is lost on the way from bytes to bytes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.edits import Codemod, Edit, chain, insert, splice
from wizard.errors import CannotEdit
from wizard.text import decode, encode, indent_unit, line_end, newline, same_line


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
    assert line_end("ab\r\nc", 3) == 2


def test_splice_takes_the_majority_line_end() -> None:
    assert splice("a\r\nb\r\n", [insert(3, "x\ny\n")]) == "a\r\nx\r\ny\r\nb\r\n"


def test_splice_refuses_overlaps() -> None:
    with pytest.raises(CannotEdit):
        splice("abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")])


def test_insertions_at_one_place_keep_their_order() -> None:
    assert splice("ab", [insert(1, "1"), insert(1, "2")]) == "a12b"


SPLICES = {
    "line behind a line of the other kind": ("a\r\nb\nc\n", [insert(1, "\nx")], "a\r\nx\nb\nc\n"),
    "comma and line at one place": ("a\r\nb\nc\n", [insert(1, ","), insert(1, "\nx")], "a,\r\nx\nb\nc\n"),
    "two lines at one place": ("a\r\nb\nc\n", [insert(1, "\nx"), insert(1, "\ny")], "a\r\nx\ny\nb\nc\n"),
    "line in front": ("a\r\nb\nc\n", [insert(0, "x\n")], "x\na\r\nb\nc\n"),
    "behind a last line without an end": ("a\r\nb\r\nc", [insert(7, "\nx")], "a\r\nb\r\nc\r\nx"),
    "deletion and line at one place": ("ab\r\nc\n\n", [Edit(1, 2, ""), insert(2, "\nx")], "a\r\nx\nc\n\n"),
    "line ends of the file in what is added": ("a\r\nb\r\n", [insert(3, "x\r\ny\r\n")], "a\r\nx\r\ny\r\nb\r\n"),
    "carriage returns alone are no line ends": ("a\rb\n", [insert(4, "x\n")], "a\rb\nx\n"),
}


@pytest.mark.parametrize(("text", "edits", "after"), SPLICES.values(), ids=SPLICES)
def test_each_line_keeps_its_end(text: str, edits: list[Edit], after: str) -> None:
    assert splice(text, edits) == after


@pytest.mark.parametrize("edit", [insert(2, "x"), Edit(0, 2, ""), Edit(2, 3, "")])
def test_splice_tears_no_line_end(edit: Edit) -> None:
    with pytest.raises(CannotEdit):
        splice("a\r\nb\r\n", [edit])


def test_an_insertion_within_a_replacement_overlaps() -> None:
    with pytest.raises(CannotEdit):
        splice("abcde\nf\n", [Edit(3, 6, "x"), insert(5, "\nfoo")])


@pytest.mark.parametrize(
    ("before", "after", "line", "now"),
    [
        ("a\x0cb\nc\n", "new\na\x0cb\nc\n", 2, 3),
        ("a\u2028\nc\n", "a\u2028\nnew\nc\n", 2, 3),
        ("a\nb\n", "x\ny\n", 2, 2),
        ("a\nb\nc\nd\n", "a\nx\nc\ny\nd\n", 3, 3),
        ("\n" * 20_000 + "a\n", "x\n" + "\n" * 20_000 + "a\ny\n", 20_001, 20_002),
    ],
    ids=["form feed", "line separator", "gone", "between", "20,000 blank lines"],
)
def test_where_a_line_is_afterwards(before: str, after: str, line: int, now: int) -> None:
    assert same_line(before, after, line) == now


@given(st.text("ab\n"), st.lists(st.tuples(st.integers(0, 20), st.text("xy\n")), max_size=5))
def test_insertions_lose_nothing(text: str, inserts: list[tuple[int, str]]) -> None:
    edits = [insert(min(at, len(text)), new) for at, new in inserts]
    after = splice(text, edits)
    assert len(after) == len(text) + sum(len(e.text) for e in edits)
    rest = iter(after)
    assert all(char in rest for char in text)


def test_a_chain_that_refuses_names_the_line_as_it_was_given() -> None:
    def above(text: str) -> str:
        return splice(text, [insert(0, "new\nnew\n")])

    def refuses_at(word: str) -> Codemod:
        def run(text: str) -> str:
            raise CannotEdit("no", text.splitlines().index(word) + 1)

        return run

    for word, line in (("a", 1), ("c", 3), ("new", 1)):
        with pytest.raises(CannotEdit) as refused:
            chain(above, refuses_at(word))("a\nb\nc\n")
        assert refused.value.line == line
