"""A thousand events a second through `listen`, whose figures `tests/benchmarks/listen.py` measures at length."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks import listen as load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and chooses processors"),
]


@pytest.mark.parametrize("output", ["json", "plain", "table"])
@pytest.mark.parametrize(("size", "fresh"), [(1, False), (1, True), (50, False)], ids=["kept", "new", "batches"])
def test_loses_no_event(output: str, size: int, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "SECONDS", 3)
    load.measure(output, size, fresh, 1000.0)


def test_garbage_from_all_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "QUICK", True)
    load.garbage()
