"""Layout of lists: what one more item looks like in every layout people write."""

from __future__ import annotations

import re

import pytest

from wizard.edits import splice
from wizard.lists import insert_item, skip_blanks

# The items of these samples are the words a..e; everything else between the outermost brackets is layout.
_ITEM = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?\*/|(?P<item>\b[a-e]\b(?:\(\{[^}]*\}\))?)", re.DOTALL)


def inserted(text: str, new: str = "new", index: int | None = None, **style: object) -> str:
    start = min(text.find(char) for char in "[({" if char in text)
    end = max(text.rfind(char) for char in "])}")
    spans = [m.span("item") for m in _ITEM.finditer(text, start, end) if m["item"]]
    markers = ("#",) if "#" in text else ("//", "/*")
    where = len(spans) if index is None else index
    return splice(text, insert_item(text, start, end, spans, where, new, markers, **style))  # type: ignore[arg-type]


APPEND = {
    "empty": ("x = []", "x = [new]"),
    "empty_blank": ("x = [ ]", "x = [new]"),
    "empty_two_lines": ("x = [\n]\n", "x = [\n  new,\n]\n"),
    "only_a_comment": ("  x = {\n    // why\n  }\n", "  x = {\n    // why\n    new,\n  }\n"),
    "only_a_comment_behind_open": ("x = { // why\n}\n", "x = { // why\n  new,\n}\n"),
    "only_a_block_comment_inline": ("x = { /* why */ }", "x = { /* why */ new }"),
    "inline": ("x = [a, b]", "x = [a, b, new]"),
    "inline_padded": ("x = { a, b }", "x = { a, b, new }"),
    "inline_trailing_comma": ("x = [a, b,]", "x = [a, b, new,]"),
    "inline_comment_on_last": ("x = [a /* y */]", "x = [a /* y */, new]"),
    "tuple_of_one": ("x = (a,)", "x = (a, new)"),
    "tuple_of_one_lines": ("x = (\n    a,\n)\n", "x = (\n    a,\n    new,\n)\n"),
    "hugging": ("x = [a({\n  k: 1\n})]\n", "x = [a({\n  k: 1\n}), new]\n"),
    "lines_trailing_comma": ("x = [\n  a,\n  b,\n]\n", "x = [\n  a,\n  b,\n  new,\n]\n"),
    "lines_no_trailing_comma": ("x = [\n  a,\n  b\n]\n", "x = [\n  a,\n  b,\n  new\n]\n"),
    "lines_tabs": ("\tx = [\n\t\ta,\n\t]\n", "\tx = [\n\t\ta,\n\t\tnew,\n\t]\n"),
    "comment_on_last": ("x = [\n  a, // one\n]\n", "x = [\n  a, // one\n  new,\n]\n"),
    "comment_on_last_no_comma": ("x = [\n  a // one, two\n]\n", "x = [\n  a, // one, two\n  new\n]\n"),
    "comment_below_last": ("x = [\n  a,\n  // b,\n]\n", "x = [\n  a,\n  // b,\n  new,\n]\n"),
    "comment_below_last_no_comma": ("x = [\n  a\n  // b\n]\n", "x = [\n  a,\n  // b\n  new\n]\n"),
    "comment_before_comma": ("x = [\n  a /* y */,\n]\n", "x = [\n  a /* y */,\n  new,\n]\n"),
    "first_on_open_line_with_comment": ("x = [a // y\n]\n", "x = [a, // y\n  new\n]\n"),
    "close_on_last_line": ("x = [\n  a,\n  b]\n", "x = [\n  a,\n  b,\n  new]\n"),
    "several_per_line": ("x = [\n  a, b,\n  c, d,\n]\n", "x = [\n  a, b,\n  c, d, new,\n]\n"),
    "python_comments": ("x = [\n    a,  # it's, here\n]\n", "x = [\n    a,  # it's, here\n    new,\n]\n"),
    "blank_line_before_close": ("x = [\n  a,\n\n]\n", "x = [\n  a,\n  new,\n\n]\n"),
}


@pytest.mark.parametrize(("before", "after"), APPEND.values(), ids=APPEND)
def test_append(before: str, after: str) -> None:
    assert inserted(before) == after
    assert inserted(before.replace("\n", "\r\n")) == after.replace("\n", "\r\n")


INSERT = {
    "inline_first": ("x = [a, b]", 0, "x = [new, a, b]"),
    "inline_middle": ("x = [a, b]", 1, "x = [a, new, b]"),
    "lines_first": ("x = [\n  a,\n]\n", 0, "x = [\n  new,\n  a,\n]\n"),
    "lines_first_keeps_comment_with_its_item": ("x = [\n  // one\n  a,\n]\n", 0, "x = [\n  new,\n  // one\n  a,\n]\n"),
    "lines_first_behind_comment_on_open": ("x = [ // all\n  a,\n]\n", 0, "x = [ // all\n  new,\n  a,\n]\n"),
    "lines_middle": ("x = [\n  a, // one\n  // two\n  b\n]\n", 1, "x = [\n  a, // one\n  new,\n  // two\n  b\n]\n"),
    "comma_first": ("x = [\n    a\n  , b\n]\n", 1, "x = [\n    a\n  , new, b\n]\n"),
    "python_middle": ("x = [\n    a,  # 1\n    b,\n]\n", 1, "x = [\n    a,  # 1\n    new,\n    b,\n]\n"),
    "comment_over_lines_behind_the_previous": (
        "x = [\n  a, /* one\n  two */\n  b\n]\n",
        1,
        "x = [\n  a, /* one\n  two */\n  new,\n  b\n]\n",
    ),
    "comment_over_lines_behind_open": (
        "x = [ /* one\n  two */\n  b\n]\n",
        0,
        "x = [ /* one\n  two */\n  new,\n  b\n]\n",
    ),
    "comma_inside_comment": ("x = [\n  a /* , */,\n  b\n]\n", 1, "x = [\n  a /* , */,\n  new,\n  b\n]\n"),
}


@pytest.mark.parametrize(("before", "index", "after"), INSERT.values(), ids=INSERT)
def test_insert(before: str, index: int, after: str) -> None:
    assert inserted(before, index=index) == after
    assert inserted(before.replace("\n", "\r\n"), index=index) == after.replace("\n", "\r\n")


def test_items_of_several_lines_are_indented_where_they_land() -> None:
    new = "{\n  k: 1,\n}"
    assert inserted("\tx = []", new, unit="\t") == "\tx = [\n\t\t{\n\t\t  k: 1,\n\t\t},\n\t]"
    assert inserted("x = [\n  a,\n]\n", new) == "x = [\n  a,\n  {\n    k: 1,\n  },\n]\n"
    assert inserted("  x = [a({\n  })]", new) == "  x = [a({\n  }), {\n    k: 1,\n  }]"
    assert inserted("  x = [\n    a,\n  ]", new, index=0) == "  x = [\n    {\n      k: 1,\n    },\n    a,\n  ]"


def test_one_line_lists_open_up_for_an_item_of_several_lines() -> None:
    new = "m() {\n  k;\n}"
    assert inserted("  x = { a, b }", new) == "  x = {\n    a,\n    b,\n    m() {\n      k;\n    },\n  }"
    assert inserted("x = [a, b]", new, index=1) == "x = [\n  a,\n  m() {\n    k;\n  },\n  b,\n]"
    assert inserted("x = [a, ]", new, trailing_comma=False) == "x = [\n  a,\n  m() {\n    k;\n  }\n]"
    assert inserted("x = [a /* why */]", new) == "x = [a /* why */, m() {\n  k;\n}]"
    assert inserted("  x = { /* why */ }", new) == "  x = {\n    /* why */\n    m() {\n      k;\n    },\n  }"
    assert inserted("x = { a, /* b */ b }", new) == "x = {\n  a,\n  /* b */ b,\n  m() {\n    k;\n  },\n}"


def test_style_of_lists_that_show_none() -> None:
    assert inserted("x = {}", pad=" ") == "x = { new }"
    assert inserted("x = ()", lone_comma=True) == "x = (new,)"
    assert inserted("x = {\n}", trailing_comma=False) == "x = {\n  new\n}"
    assert inserted("x = [\n]", unit="\t") == "x = [\n\tnew,\n]"


def test_skip_blanks_knows_comments() -> None:
    assert skip_blanks("  /* a, */ // b\n , c", 0, 19, ("//", "/*")) == 17
    assert skip_blanks("  # a ]\n]", 0, 9, ("#",)) == 8
    assert skip_blanks("  // never ends", 0, 15, ("//",)) == 15
    assert skip_blanks("  /* never ends", 0, 15, ("/*",)) == 15
    assert skip_blanks("// a\rb", 0, 6, ("//",)) == 5


def test_comments_in_front_of_many_items_take_no_time() -> None:
    assert "new" in inserted("x = [" + "/* y */ " * 40 + "a ]", "new\nline")
