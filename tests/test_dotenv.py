"""Env files: one variable, every other byte as it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.dotenv import ensure_variable, entries, read, set_variable
from wizard.errors import CannotEdit

CHANGES = {
    "empty file": ("", "KEY=new\n"),
    "appended": ("A=1\n", "A=1\nKEY=new\n"),
    "last line without newline": ("API_KEY=abc", "API_KEY=abc\nKEY=new\n"),
    "empty value is filled": ("KEY=\nB=2\n", "KEY=new\nB=2\n"),
    "empty quoted value is filled": ('KEY=""\nB=2\n', "KEY=new\nB=2\n"),
    "export form is filled": ("export KEY=\n", "export KEY=new\n"),
    "empty value with comment": ("KEY= # the key\n", "KEY=new # the key\n"),
    "commented out is not an assignment": ("# KEY=old\n", "# KEY=old\nKEY=new\n"),
    "name inside a multi-line value": ('P="x\nKEY=no\n"\n', 'P="x\nKEY=no\n"\nKEY=new\n'),
    "longer name": ("MY_KEY=1\nKEY_2=2\n", "MY_KEY=1\nKEY_2=2\nKEY=new\n"),
    "odd values around": ("A=$&x#y\\\nB='#'\n", "A=$&x#y\\\nB='#'\nKEY=new\n"),
    "old Mac line ends": ("A=1\rKEY_2=2\r", "A=1\rKEY_2=2\rKEY=new\n"),
    "name in a value that an escaped quote leaves open": ("P='it\\'s\nKEY=no\n'\n", "P='it\\'s\nKEY=no\n'\nKEY=new\n"),
    "quote that is never closed": ('A="x\nB=2\n', 'A="x\nB=2\nKEY=new\n'),
    "quote closed by the one of a later line": ('A="x\nB="y"\n', 'A="x\nB="y"\nKEY=new\n'),
    "something behind a quote": ('A="x" y\nKEY=\n', 'A="x" y\nKEY=new\n'),
    "name that begins with a digit": ('1P="x\nKEY=no\n"\n', '1P="x\nKEY=no\n"\nKEY=new\n'),
    "backslash before the closing quote": ('P="C:\\dir\\"\nQ="x"\n', 'P="C:\\dir\\"\nQ="x"\nKEY=new\n'),
    "two final newlines": ("A=1\n\n", "A=1\n\nKEY=new\n"),
}
KEEPS = {
    "has a value": "KEY=old\n",
    "quoted": "KEY='old'\n",
    "export": "export KEY=old\n",
    "spaces": "KEY = old\n",
    "a later empty one does not matter": "KEY=old\nKEY=\n",
    "no final newline": "A=1\nKEY=old",
    "old Mac line ends": "A=1\rKEY=old\rB=2\r",
    "behind a quote that is never closed": 'A="x\nKEY=old\n',
}
REFUSES = {
    "last line that takes ours for its value in node": ("A=1\nB:\n", "not all readers", 2),
    "empty here, filled in a way that only node reads": ("KEY=\nKEY: old\n", "not all readers", 2),
    "comment that Python reads as the value": ("KEY=#note\n", "a comment to others", 1),
    "colon that node reads and Python does not": ("A=1\nKEY: old\n", "not all readers", 2),
    "quoted name that Python reads and node does not": ("'KEY'=old\n", "not all readers", 1),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, after: str) -> None:
    check(ensure_variable("KEY", "new"), before, after, only_adds='""' not in before)


@pytest.mark.parametrize("text", KEEPS.values(), ids=KEEPS)
def test_keeps(text: str) -> None:
    check_keeps(ensure_variable("KEY", "new"), text)


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int) -> None:
    check_refuses(ensure_variable("KEY", "new"), text, reason, line)


@pytest.mark.parametrize("value", ["a$b", "a\nb", "a\\", "`id`", "'\"", "a\x00", "a\u2028b", "\ud800"])
def test_values_that_readers_disagree_about_are_refused(value: str) -> None:
    check_refuses(ensure_variable("KEY", value), "A=1\n", "read differently")
    check_refuses(set_variable("KEY", value), "KEY=1\n", "read differently")


def test_a_value_with_an_open_quote_is_not_replaced() -> None:
    check_refuses(set_variable("KEY", "new"), 'A=1\nKEY="\nB=2\nC="x"\n', "not closed", 2)


def test_our_quotes_close_no_quote_of_the_file() -> None:
    check_refuses(ensure_variable("KEY", "a b"), "A='x\n", "not closed")
    check_refuses(ensure_variable("KEY", "a b"), "A=1\n'\n", "not closed")
    check(ensure_variable("KEY", "a b"), "A='x'\n", "A='x'\nKEY='a b'\n")


def test_example_files_get_the_bare_name() -> None:
    assert ensure_variable("KEY", "")("A=\n") == "A=\nKEY=\n"
    check_keeps(ensure_variable("KEY", ""), "KEY=\n")


def test_replacing_is_another_verb() -> None:
    assert set_variable("KEY", "new")("A=1\nKEY='old' # why\nKEY=x\n") == "A=1\nKEY=new # why\nKEY=new\n"
    assert set_variable("KEY", "new")("A=1") == "A=1\nKEY=new\n"


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_written_is_read_back(value: str) -> None:
    try:
        written = ensure_variable("KEY", value or "x")("A=1\r\n")
    except CannotEdit:
        assert re.search(r"[\\$`]|['\"].*['\"]|[\u2028\u2029]", value)
        return
    assert written.startswith("A=1\r\n")
    assert written.endswith("\r\n")
    assert read(written)["KEY"] == (value or "x")


def test_entries_know_their_place() -> None:
    text = "A=1 # c\nB='2'\n"
    assert [(e.name, e.value, text[e.start : e.end]) for e in entries(text)] == [("A", "1", "1"), ("B", "2", "'2'")]
