"""The diff is accepted by `git apply` and gives the very bytes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixture_case import run_git
from wizard.diff import file_diff, shown_diff

CASES: dict[str, tuple[str, bytes | None, bytes | None]] = {
    "new file": ("a.txt", None, b"one\ntwo\n"),
    "new file without newline": ("a.txt", None, b"one"),
    "new empty file": ("a.txt", None, b""),
    "in the middle": (
        "dir/a.txt",
        b"".join(b"%d\n" % i for i in range(30)),
        b"".join(b"%d\n" % i for i in (*range(9), 99, *range(9, 30))),
    ),
    "two hunks": (
        "a",
        b"".join(b"%d\n" % i for i in range(40)),
        b"x\n" + b"".join(b"%d\n" % i for i in range(40)) + b"y\n",
    ),
    "newline added at the end": ("a", b"one", b"one\ntwo\n"),
    "newline lost at the end": ("a", b"one\ntwo\n", b"one\ntwo"),
    "crlf": ("a", b"one\r\ntwo\r\n", b"one\r\nnew\r\ntwo\r\n"),
    "mixed line ends": ("a", b"one\r\ntwo\nthree\r\n", b"one\r\ntwo\nnew\r\nthree\r\n"),
    "lone carriage return": ("a", b"a\rb\n", b"a\rb\nc\n"),
    "form feed and line separator": ("a", b"a\x0cb\n\xe2\x80\xa8c\n", b"a\x0cb\n\xe2\x80\xa8c\nd\n"),
    "latin-1 bytes": ("a", b"h\xe9\n", b"h\xe9\nx\n"),
    "utf-16": ("r.txt", "a\r\n".encode("utf-16"), "a\r\nb\r\n".encode("utf-16")),
    "new binary": ("a.bin", None, bytes(range(256)) * 3),
    "removed": ("a/b.txt", b"one\ntwo", None),
    "removed binary": ("a.bin", bytes(range(256)), None),
    "removed empty": ("a", b"", None),
    "space in the name": ("my app/a b.txt", b"1\n", b"1\n2\n"),
    "other alphabet in the name": ("stra\u00dfe/\u4e2d.txt", b"1\n", b"1\n2\n"),
    "quote in the name": ('a"b.txt', b"1\n", b"1\n2\n"),
    "bracketed route": ("app/[slug]/(group)/page.tsx", b"1\n", b"2\n"),
}


def _apply(root: Path, path: str, before: bytes | None, after: bytes | None) -> None:
    run_git(root, "init", "-q")
    target = root / path
    if before is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(before)
    run_git(root, "apply", "--whitespace=nowarn", "-", stdin=file_diff(path, before, after))
    assert (target.read_bytes() if target.exists() else None) == after


@pytest.mark.parametrize(("path", "before", "after"), CASES.values(), ids=CASES)
def test_git_applies_it(tmp_path: Path, path: str, before: bytes | None, after: bytes | None) -> None:
    _apply(tmp_path, path, before, after)


PRIVATE = {
    "last line without an end": (b"A=other", b"A=other\nKEY=ours\n"),
    "empty value filled in the middle": (b"A=other\nKEY=\nB=other\n", b"A=other\nKEY=ours\nB=other\n"),
    "value replaced": (b"KEY=other\nB=other\n", b"KEY=ours\nB=other\n"),
    "behind a single line": (b"A=other\n", b"A=other\nKEY=ours\n"),
    "behind several lines": (b"A=other\nB=other\n", b"A=other\nB=other\nKEY=ours\n"),
    "old value over lines": (b'A="other\nother"\nKEY=', b'A="other\nother"\nKEY=ours'),
    "carriage returns alone": (b"A=other\rB=other\r", b"A=other\rB=other\rKEY=ours\n"),
    "long": (b"A=other\n" * 20_000 + b"KEY=\nB=other", b"A=other\n" * 20_000 + b"KEY=ours\nB=other"),
    "taken out again": (b"A=other\nB=other\nKEY=ours\n", b"A=other\nB=other\n"),
    "emptied": (b"KEY=ours", b""),
    "utf-16": ("A=other\n".encode("utf-16"), "A=other\nKEY=ours\n".encode("utf-16")),
}


@pytest.mark.parametrize(("before", "after"), PRIVATE.values(), ids=PRIVATE)
def test_a_private_diff_shows_no_value_that_was_there(tmp_path: Path, before: bytes, after: bytes) -> None:
    patch, shown = (diff(".env", before, after, private=True) for diff in (file_diff, shown_diff))
    assert b"other" not in patch.replace(b"\0", b"")
    assert b"other" not in shown
    assert b"KEY=" in shown
    run_git(tmp_path, "init", "-q")
    (tmp_path / ".env").write_bytes(before)
    run_git(tmp_path, "apply", "--whitespace=nowarn", "-", stdin=patch)
    assert (tmp_path / ".env").read_bytes() == after


def test_git_takes_the_private_diff_of_an_emptied_binary(tmp_path: Path) -> None:
    patch = file_diff(".env", b"\0other", b"", private=True)
    assert b"other" not in patch
    run_git(tmp_path, "init", "-q")
    (tmp_path / ".env").write_bytes(b"\0other")
    run_git(tmp_path, "apply", "-", stdin=patch)
    assert (tmp_path / ".env").read_bytes() == b""


def test_what_a_person_sees_of_a_private_file() -> None:
    before, after = b"A=1\nKEY=\nB=2", b"A=1\nKEY=ours\nB=2\nHOST=h\n"
    assert shown_diff(".env", before, after, private=True).decode() == (
        "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -2,2 +2,3 @@\n-KEY=\n-B=***\n"
        "\\ No newline at end of file\n+KEY=ours\n+B=***\n+HOST=h\n"
    )
    assert shown_diff("a", before, after) == file_diff("a", before, after)


def test_many_equal_lines_take_no_time() -> None:
    before = b"\n" * 50_000 + b"a\n" + b"}\n" * 50_000
    after = b"x\n" + before.replace(b"a\n", b"a\nnew\n")
    started = time.process_time()
    diff = file_diff("a", before, after)
    assert time.process_time() - started < 2
    assert [line for line in diff.split(b"\n") if line[:1] == b"+" and line[:3] != b"+++"] == [b"+x", b"+new"]


def test_no_change_no_diff() -> None:
    assert file_diff("a", b"x\n", b"x\n") == b""


def test_the_same_diff_as_git(tmp_path: Path) -> None:
    before = b"".join(b"line %d\n" % i for i in range(50))
    after = before.replace(b"line 20\n", b"line 20\nnew\n")
    (tmp_path / "a").write_bytes(before)
    (tmp_path / "b").write_bytes(after)
    theirs = subprocess.run(["git", "diff", "--no-index", "a", "b"], cwd=tmp_path, capture_output=True).stdout
    ours = file_diff("a", before, after)
    assert ours.split(b"@@")[2] == theirs.split(b"@@")[2].replace(b" line 17", b"", 1)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes) -> None:
    if before != after:
        _apply(tmp_path_factory.mktemp("d"), "f", before, after)
