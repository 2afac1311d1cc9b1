"""Killed, or failed by the system, at every call that changes the disk: nothing is ever lost or half done unnoticed.

The quick run strikes at some of the calls; `pytest -m slow tests/test_faults.py` at each of them, in every scenario, on
a fixture of each framework.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fault_scenarios import SCENARIOS, Attack, Scenario
from tests.faults import ERRORS, INTERRUPTS, KILLS, Kind
from tests.fixture_case import Case, cases

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and modes")

KINDS: tuple[Kind, ...] = (*KILLS, *ERRORS, "ENOSPC from then on", "short", *INTERRUPTS)
FEWER: tuple[Kind, ...] = (*KILLS, "ENOSPC", "ENOSPC from then on", "short", "interrupt before")
QUICK = "flask-demo"


def one_per_framework() -> list[Case]:
    """Of each framework the fixture whose plan has the most files."""
    best: dict[str, Case] = {}
    for case in cases():
        if case.expected_diff.is_file():
            known = best.get(case.wanted["framework"])
            if known is None or _files(case) > _files(known):
                best[case.wanted["framework"]] = case
    return list(best.values())


def _files(case: Case) -> int:
    return case.expected_diff.read_bytes().count(b"diff --git")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_some_calls(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = Attack(Case(QUICK), scenario, tmp_path, monkeypatch)
    assert not attack.missed
    for number, kind in enumerate(KINDS):
        points = attack.points(kind)
        for at in points[number * 11 % len(points) :: 149]:
            attack.strike(kind, at)


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.wanted["framework"]) for case in one_per_framework()])
def test_every_call(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]) -> None:
    struck: Counter[Kind] = Counter()
    for scenario in SCENARIOS:
        where = tmp_path / scenario.name
        where.mkdir()
        attack = Attack(case, scenario, where, monkeypatch)
        assert not attack.missed
        for kind in KINDS if scenario.name in ("apply", "undo") else FEWER:
            for at in attack.points(kind):
                attack.strike(kind, at)
                struck[kind] += 1
    kills = sum(struck[kind] for kind in KILLS)
    errors = struck.total() - kills
    tell(f"faults {case.name}: {kills} kill points, {errors} injected errors, {len(SCENARIOS)} scenarios")
