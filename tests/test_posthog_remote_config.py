"""Remote config: recorded answers of old and new versions, and what is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_posthog import LIMIT, TOKEN, Canned, FakePostHog, closed_port, complete
from wizard.posthog.hosts import of
from wizard.posthog.remote_config import RemoteConfig, remote_config


@pytest.fixture
def fake() -> Iterator[FakePostHog]:
    with complete() as running:
        yield running


CONFIG = {"token": TOKEN, "supportedCompression": ["gzip"]}
CONFIGS: dict[str, tuple[Any, RemoteConfig | None]] = {
    "all on": (
        {
            **CONFIG,
            "hasFeatureFlags": True,
            "captureDeadClicks": True,
            "capturePerformance": {"network_timing": True, "web_vitals": True},
            "autocapture_opt_out": False,
            "errorTracking": {"autocaptureExceptions": True},
            "sessionRecording": {"endpoint": "/s/"},
            "heatmaps": True,
            "surveys": [{"id": "s"}],
        },
        RemoteConfig(True, True, True, True, True, True, True, True),
    ),
    "all off": (
        {
            **CONFIG,
            "hasFeatureFlags": False,
            "captureDeadClicks": False,
            "capturePerformance": False,
            "autocapture_opt_out": True,
            "autocaptureExceptions": False,
            "sessionRecording": False,
            "heatmaps": False,
            "surveys": [],
        },
        RemoteConfig(False, False, False, False, False, False, False, False),
    ),
    "exceptions in the old place": (
        {**CONFIG, "autocaptureExceptions": {"endpoint": "/e/"}},
        RemoteConfig(error_tracking=True),
    ),
    "says nothing": (CONFIG, RemoteConfig()),
    "odd types": (
        {**CONFIG, "heatmaps": 1, "surveys": "x", "capturePerformance": [], "sessionRecording": None},
        RemoteConfig(),
    ),
    "some other JSON": ({"hello": "world"}, None),
    "no object": ([CONFIG], None),
    "no JSON": ("<html>", None),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_remote_config(name: str, fake: FakePostHog) -> None:
    answer, expected = CONFIGS[name]
    fake.canned["/array/"] = Canned(200, answer if isinstance(answer, str) else json.dumps(answer))
    assert remote_config(TOKEN, fake.hosts(), timeout=LIMIT) == expected


def test_remote_config_of_an_unknown_token_is_none(fake: FakePostHog) -> None:
    assert remote_config("phc_unknown", fake.hosts(), timeout=LIMIT) is None
    off = RemoteConfig(True, False, False, False, False, False, False, False)
    assert remote_config(TOKEN, fake.hosts(), timeout=LIMIT) == off


def test_remote_config_of_a_host_that_does_not_answer_is_none() -> None:
    assert remote_config(TOKEN, of(f"http://127.0.0.1:{closed_port()}"), timeout=LIMIT) is None


def test_remote_config_tells_the_settings_of_the_project(fake: FakePostHog) -> None:
    fake.project_fields[42] = {"session_recording_opt_in": True, "autocapture_opt_out": True, "heatmaps_opt_in": True}
    found = remote_config(TOKEN, fake.hosts(), timeout=LIMIT)
    assert found
    assert (found.session_replay, found.autocapture, found.heatmaps, found.surveys) == (True, False, True, False)
