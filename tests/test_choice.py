"""Choosing edits: what the patterns mean, and that a plan with any of its edits left out is as sound as the whole."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path, PurePosixPath
from random import Random

import pytest

from tests.fixture_case import Case, cases, snapshot
from tests.in_process import GIVEN, report, wizard
from tests.variants.plans import files_of, plan_of
from wizard.choice import Selection, edit_id, matches
from wizard.codemods.syntax import parses
from wizard.errors import UsageError
from wizard.plan import Plan
from wizard.text import decode

ID = "app/[locale]/layout.tsx#gives-all-pages-the-provider"


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (ID, True),
        ("app/[locale]/layout.tsx", True),
        ("app/*", True),
        ("*#gives-all-pages*", True),
        ("*.tsx", True),
        ("app", False),
        ("layout.tsx", False),
        ("app/[locale]/layout.tsx#gives", False),
        ("", False),
    ],
)
def test_patterns(pattern: str, named: bool) -> None:
    assert matches(pattern, ID) is named


@pytest.mark.parametrize(
    ("why", "name"),
    [
        ("declares posthog-js", "a.json#declares-posthog-js"),
        ("gives the app VITE_PUBLIC_POSTHOG_HOST", "a.json#gives-the-app-vite-public-posthog-host"),
        (
            "starts PostHog before (!) the app renders: one two three four five six seven",
            "a.json#starts-posthog-before-the-app-renders-one-two-three-four-five-six",
        ),
    ],
)
def test_ids_are_words(why: str, name: str) -> None:
    assert edit_id("a.json", why) == name


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        (Selection(), None),
        (Selection(skip=("app/*",)), "skipped"),
        (Selection(only=("app/*",)), None),
        (Selection(only=("src/*",)), "not in --only"),
        (Selection(only=("app/*",), skip=(ID,)), "skipped"),
        (Selection(refused=frozenset({ID})), "refused earlier"),
        (Selection(only=(ID,), refused=frozenset({ID})), None),
    ],
)
def test_what_is_against_an_edit(selection: Selection, reason: str | None) -> None:
    assert selection.against(ID) == reason


def test_a_pattern_that_names_nothing_is_told_with_the_ids() -> None:
    with pytest.raises(UsageError, match=r"(?s)--skip src/\*.*app/\[locale\]/layout"):
        Selection(skip=("src/*",)).check([ID])
    Selection(skip=("src/*",)).check([])  # nothing to change, nothing to name


def chosen(case: Case, selection: Selection) -> Plan:
    plan = plan_of(case, files_of(case), selection)
    assert isinstance(plan, Plan), plan
    return plan


CASES = [case for case in cases() if case.expected_diff.read_bytes()]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES[::15]])
def test_a_plan_without_one_of_its_edits_is_sound(case: Case) -> None:
    leave_out_each(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES])
def test_every_plan_without_any_of_its_edits_is_sound(case: Case) -> None:
    leave_out_each(case)
    random = Random(case.name)
    whole = chosen(case, Selection())
    ids = list(dict.fromkeys(e.id for f in whole.files for e in f.edits))
    for _ in range(8):
        leave_out(case, whole, tuple(random.sample(ids, random.randint(1, len(ids)))))


def leave_out_each(case: Case) -> None:
    whole = chosen(case, Selection())
    for name in dict.fromkeys(e.id for f in whole.files for e in f.edits):
        leave_out(case, whole, (name,))
        only = chosen(case, Selection(only=(name,)))
        assert {e.id for f in only.files for e in f.edits} <= {name}


def leave_out(case: Case, whole: Plan, names: tuple[str, ...]) -> None:
    """What is left holds together; what is missing is said; remembering comes to the same as skipping."""
    ids = dict.fromkeys(e.id for f in whole.files for e in f.edits)
    part = chosen(case, Selection(skip=names))
    left = {e.id for f in part.files for e in f.edits}
    assert left.isdisjoint(names)
    assert left <= ids.keys(), f"without {names} come edits that were not planned: {left - ids.keys()}"
    assert ids.keys() - left == {e.id for e in part.left_out}
    made = {f.path for f in whole.files if f.before is None}
    _imports_nothing_that_is_not_there(part, made - {f.path for f in part.files}, names)
    for change in part.files:
        before = decode(change.before)[0] if change.before is not None else ""
        assert parses(change.path, decode(change.after)[0]) or not parses(change.path, before)
    assert chosen(case, Selection(refused=frozenset(names))).diff() == part.diff()


def _imports_nothing_that_is_not_there(plan: Plan, absent: set[str], left_out: tuple[str, ...]) -> None:
    """No added line names a file that the whole plan would have made and this one does not."""
    for path in (path for path in absent if not PurePosixPath(path).name.startswith(".")):
        stem = re.escape(PurePosixPath(path).name.partition(".")[0])
        imports = re.compile(rf"\b(?:import|from|require)\b.*[./]{stem}(?:[\"'.]|\b.* import)")
        for change in plan.files:
            for line in added_lines(change.before or b"", change.after):
                assert not imports.search(line), f"without {left_out}: {line}"


def added_lines(before: bytes, after: bytes) -> list[str]:
    old, new = decode(before)[0].splitlines(), decode(after)[0].splitlines()
    return [line[1:] for line in unified_diff(old, new, lineterm="", n=0) if line[:1] == "+"]


def test_ids_are_told_apart() -> None:
    """Edits of one file with one reason are one choice: no fixture has them by accident."""
    doubled: Mapping[str, list[str]] = {
        case.name: names
        for case in CASES[::8]
        if len(set(names := [e.id for f in chosen(case, Selection()).files for e in f.edits])) != len(names)
    }
    assert doubled == {}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


def test_skipped_edits_stay_out_until_they_are_wanted(app: Path) -> None:
    before = (app / "app.py").read_bytes()
    run = (app, "--ci", *GIVEN, "--offline")
    done = wizard(*run, "--skip", "app.py")
    assert done.returncode == 3
    assert "left out: app.py#" in done.stderr
    assert "--skip app.py" in done.stderr.splitlines()[-1]
    assert wizard(*run).returncode == 0
    assert wizard(app, "--check").returncode == 0
    assert "refused earlier" in wizard(app, "--dry-run", *GIVEN).stderr
    assert (app / "app.py").read_bytes() == before
    assert wizard(app, "--check", "--reconsider").returncode == 5
    assert wizard(app, "--check").returncode == 0, "a check changes nothing of what is remembered"
    assert wizard(*run, "--only", "app.py").returncode == 0
    assert b"posthog" in (app / "app.py").read_bytes()
    assert "refused earlier" not in wizard(app, "--dry-run", *GIVEN).stderr


def test_reconsider_offers_all_again(app: Path) -> None:
    wizard(app, "--ci", *GIVEN, "--offline", "--skip", "app.py")
    assert wizard(app, "--ci", *GIVEN, "--offline", "--reconsider").returncode == 0
    assert b"posthog" in (app / "app.py").read_bytes()


def test_only_is_no_refusal_of_the_rest(app: Path) -> None:
    wizard(app, "--ci", *GIVEN, "--offline", "--only", "requirements.txt")
    assert wizard(app, "--check").returncode == 5


def test_a_skipped_dependency_is_left_to_the_user(app: Path) -> None:
    done = wizard(app, "--json", *GIVEN, "--skip", "requirements.txt", "--no-verify")
    found = report(done)
    assert done.returncode == 3
    assert any("Install posthog" in step["title"] for step in found["apps"][0]["manual"])
    assert found["apps"][0]["left_out"][0]["reason"] == "skipped"
    assert found["apps"][0]["installs"] == []
    assert "posthog" not in (app / "requirements.txt").read_text()


def test_an_edit_that_is_not_planned_is_a_usage_error(app: Path) -> None:
    before = snapshot(app)
    done = wizard(app, "--ci", *GIVEN, "--skip", "src/nothing.py")
    assert done.returncode == 2
    assert "requirements.txt#declares-posthog" in done.stderr
    assert snapshot(app) == before


def test_a_damaged_record_of_refusals_is_told(app: Path) -> None:
    wizard(app, "--ci", *GIVEN, "--offline", "--skip", "app.py")
    (record,) = Path(os.environ["POSTHOG_WIZARD_STATE_DIR"]).glob("*/refused.json")
    assert record.stat().st_mode & 0o777 == 0o600
    record.write_text("{")
    done = wizard(app, "--ci", *GIVEN, "--offline")
    assert done.returncode == 1
    assert "--reconsider" in done.stderr
    assert wizard(app, "--ci", *GIVEN, "--offline", "--reconsider").returncode == 0
