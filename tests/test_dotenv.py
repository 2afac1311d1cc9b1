"""Env files: one variable, every other byte as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws import check, check_keeps
from wizard.codemods.dotenv import ensure_variable, entries, quoted, read, set_variable

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
    "two final newlines": ("A=1\n\n", "A=1\n\nKEY=new\n"),
}
KEEPS = {
    "has a value": "KEY=old\n",
    "quoted": "KEY='old'\n",
    "export": "export KEY=old\n",
    "spaces": "KEY = old\n",
    "a later empty one does not matter": "KEY=old\nKEY=\n",
    "no final newline": "A=1\nKEY=old",
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, after: str) -> None:
    check(ensure_variable("KEY", "new"), before, after, only_adds='""' not in before)


@pytest.mark.parametrize("text", KEEPS.values(), ids=KEEPS)
def test_keeps(text: str) -> None:
    check_keeps(ensure_variable("KEY", "new"), text)


def test_example_files_get_the_bare_name() -> None:
    assert ensure_variable("KEY", "")("A=\n") == "A=\nKEY=\n"
    check_keeps(ensure_variable("KEY", ""), "KEY=\n")


def test_replacing_is_another_verb() -> None:
    assert set_variable("KEY", "new")("A=1\nKEY='old' # why\nKEY=x\n") == "A=1\nKEY=new # why\nKEY=new\n"
    assert set_variable("KEY", "new")("A=1") == "A=1\nKEY=new\n"


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_written_is_read_back(value: str) -> None:
    written = ensure_variable("KEY", value or "x")("A=1\r\n")
    assert written.startswith("A=1\r\n")
    assert written.endswith("\r\n")
    found = read(written)["KEY"]
    if quoted(value)[:1] != '"':
        assert found == (value or "x")


def test_entries_know_their_place() -> None:
    text = "A=1 # c\nB='2'\n"
    assert [(e.name, e.value, text[e.start : e.end]) for e in entries(text)] == [("A", "1", "1"), ("B", "2", "'2'")]
