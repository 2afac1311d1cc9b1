"""Undo on every fixture after its files were reformatted or edited: the original in that style, or nothing at all."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from tests.fixture_case import Case, cases
from tests.variants.plans import files_of, plan_of
from tests.variants.styles import GENERAL
from wizard.codemods.syntax import parses
from wizard.errors import CannotEdit
from wizard.merge import hunks
from wizard.plan import Plan
from wizard.text import decode
from wizard.undo import take_out

SEED = int(os.environ.get("WIZARD_SEED", "7"))


def quotes(path: str, text: str, random: Random) -> str:
    """Single quotes become double ones, as formatters have it."""
    return text.replace("'", '"')


def semicolons(path: str, text: str, random: Random) -> str:
    """Statements that end in a parenthesis get a semicolon."""
    return "\n".join(line + ";" if line.endswith(")") else line for line in text.split("\n"))


STYLES = {s.name: s.restyle for s in GENERAL if "mixed" not in s.name and "mostly" not in s.name}
STYLES |= {"quotes": quotes, "semicolons": semicolons}


@cache
def changes(case: Case) -> list[tuple[str, bytes, bytes]]:
    """Path, before and after of every file that the plan edits."""
    plan = plan_of(case, files_of(case))
    return [(f.path, f.before, f.after) for f in plan.files if f.before is not None] if isinstance(plan, Plan) else []


def judge_styles(case: Case, count: Counter[str]) -> None:
    for path, before, after in changes(case):
        for name, style in STYLES.items():
            try:
                old, new = (style(path, decode(side)[0], Random(0)) for side in (before, after))
            except CannotEdit:
                continue
            if old is None or new is None or not parses(path, new):
                continue
            result = take_out(path, before, after, new.encode())
            if result.conflicts:
                assert result.content == new.encode()
            else:
                # a last line of ours took its missing line end along
                same = bytes.rstrip if name == "no-final-newline" else bytes
                assert same(result.content) == same(old.encode()), f"{case.name} {path} {name}"
            count["left" if result.conflicts else "undone"] += 1
            assert not (result.conflicts and name == "crlf"), f"{case.name} {path}: converted by git only"


def judge_edits(case: Case, count: Counter[str], random: Random, rounds: int) -> None:
    for path, before, after in changes(case):
        lines = after.splitlines(keepends=True)
        ours = _lines_of(before, after)
        for _ in range(rounds):
            at = random.randrange(len(lines) + 1)
            mine = b"# %d mine\n" % random.randrange(10**6)
            is_inside = at in ours and at - 1 in ours
            found = b"".join([*lines[:at], mine, *lines[at:]])
            result = take_out(path, before, after, found)
            if result.conflicts:
                assert result.content == found
                assert is_inside, f"{case.name} {path}:{at + 1}: nobody touched our lines"
                count["left"] += 1
                continue
            count["undone"] += 1
            without = result.content.replace(mine, b"")
            assert mine in result.content, f"{case.name} {path}: a line of the user is lost"
            # what follows an entry decides about its comma, and about the line end of what was the last line
            bare = [re.sub(rb",?\r?\n?$", b"", line) if is_inside else line for line in without.splitlines(True)]
            wanted = [re.sub(rb",?\r?\n?$", b"", line) if is_inside else line for line in before.splitlines(True)]
            wanted[-1:] = [
                line + b"\n" * (not before.endswith(b"\n") and bare[-1].endswith(b"\n")) for line in wanted[-1:]
            ]
            assert bare == wanted, f"{case.name} {path}:{at + 1}"


def _lines_of(before: bytes, after: bytes) -> set[int]:
    """Indexes of the lines of `after` that are ours."""
    found: set[int] = set()
    shift = 0
    for hunk in hunks(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        found |= set(range(hunk.start + shift, hunk.start + shift + len(hunk.lines)))
        shift += len(hunk.lines) - (hunk.end - hunk.start)
    return found


FRAMEWORKS = sorted({case.wanted["framework"] for case in cases()})


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_some_fixtures(framework: str) -> None:
    count: Counter[str] = Counter()
    mine = [case for case in cases() if case.wanted["framework"] == framework]
    mine = [case for case in mine if b"\n--- a/" in case.expected_diff.read_bytes()]
    for case in mine[:: max(1, len(mine) // 2)]:
        judge_styles(case, count)
        judge_edits(case, count, Random(SEED), 5)
    assert count["undone"] > 3 * count["left"]


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_fixture(framework: str, tell: Callable[[str], None]) -> None:
    styles: Counter[str] = Counter()
    edits: Counter[str] = Counter()
    for case in (case for case in cases() if case.wanted["framework"] == framework):
        judge_styles(case, styles)
        judge_edits(case, edits, Random(SEED), 200)
    tell(
        f"undo {framework}: seed {SEED}, {styles.total()} reformatted files ({styles['left']} left to the user), "
        f"{edits.total()} edits ({edits['left']} between our lines, left to the user)"
    )
