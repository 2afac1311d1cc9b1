"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import RealApp
from wizard.sink import Sink


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder is an end-to-end test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """PostHog on this machine."""
    with Sink() as running:
        yield running


@pytest.fixture
def app(tmp_path: Path) -> RealApp:
    """An empty directory for an app, with a state directory of its own."""
    root, state = tmp_path / "app", tmp_path / "state"
    root.mkdir()
    state.mkdir()
    return RealApp(root, state)
