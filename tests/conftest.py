"""Every test gets a state directory of its own and an environment without the wizard's variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    for name in [n for n in os.environ if n.startswith("POSTHOG") and n != "POSTHOG_WIZARD_STATE_DIR"]:
        monkeypatch.delenv(name)


@pytest.fixture
def fixtures() -> Path:
    """The folder of fixture apps."""
    return Path(__file__).resolve().parent.parent / "fixtures"
