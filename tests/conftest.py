"""Every test gets a state directory of its own and an environment without the wizard's variables."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

_numbers = count()


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # names only: making two folders for every test, and removing them, costs more than most tests
    own = tmp_path_factory.getbasetemp() / f"own{next(_numbers)}"
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", f"{own}-state")
    monkeypatch.setenv("POSTHOG_WIZARD_CONFIG_DIR", f"{own}-config")
    ours = ("POSTHOG_WIZARD_STATE_DIR", "POSTHOG_WIZARD_CONFIG_DIR")
    for name in [n for n in os.environ if n.startswith("POSTHOG") and n not in ours]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "fsync", os.fstat)  # the disk need not turn: what a test kills is a process


@pytest.fixture
def fixtures() -> Path:
    """The folder of fixture apps."""
    return Path(__file__).resolve().parent.parent / "fixtures"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a line at the end of the test run: a seed, a figure. Also from another process (pytest-xdist)."""
    return lambda line: record_property("told", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests told."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    lines = [value for r in reports for name, value in getattr(r, "user_properties", ()) if name == "told"]
    if lines:
        terminalreporter.section("figures")
        for line in dict.fromkeys(lines):
            terminalreporter.write_line(str(line))
