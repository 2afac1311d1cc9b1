"""What a project has switched on, as browsers are told: no credential needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wizard.posthog.hosts import Hosts
from wizard.posthog.http import Reply, send
from wizard.posthog.loose import flag, mapping

TIMEOUT = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """None where the answer does not say. A change in the settings may take minutes to show here (CDN)."""

    autocapture: bool | None = None
    session_replay: bool | None = None
    error_tracking: bool | None = None
    web_vitals: bool | None = None
    heatmaps: bool | None = None
    surveys: bool | None = None
    dead_clicks: bool | None = None
    has_feature_flags: bool | None = None


def remote_config(token: str, hosts: Hosts, *, timeout: float = TIMEOUT) -> RemoteConfig | None:
    """The configuration of the project that has this token; None when it cannot be had, for whatever reason.

    `timeout` in seconds. Source: GET <assets>/array/<token>/config, as posthog-js asks for it.
    """
    reply = send("GET", f"{hosts.assets}/array/{quote(token.strip(), safe='')}/config", timeout=timeout)
    if not isinstance(reply, Reply) or reply.status != 200 or not isinstance(answer := reply.json(), dict):
        return None
    if not {"token", "supportedCompression", "sessionRecording", "autocapture_opt_out"} & answer.keys():
        return None
    return read_remote_config(answer)


def read_remote_config(answer: Mapping[str, Any]) -> RemoteConfig:
    """The configuration out of an answer of `/array/<token>/config`, or of `/flags/?config=true`."""
    out = flag(answer.get("autocapture_opt_out"))
    errors, performance = answer.get("errorTracking"), answer.get("capturePerformance")
    exceptions = flag(mapping(errors).get("autocaptureExceptions"))
    return RemoteConfig(
        autocapture=None if out is None else not out,
        session_replay=_on(answer.get("sessionRecording")),
        error_tracking=_on(answer.get("autocaptureExceptions")) if exceptions is None else exceptions,
        web_vitals=flag(mapping(performance).get("web_vitals")) if isinstance(performance, dict) else flag(performance),
        heatmaps=flag(answer.get("heatmaps")),
        surveys=_on(answer.get("surveys")),
        dead_clicks=flag(answer.get("captureDeadClicks")),
        has_feature_flags=flag(answer.get("hasFeatureFlags")),
    )


def _on(value: Any) -> bool | None:
    """Products are false, or true, or their settings: an object, or (surveys) a list."""
    return True if isinstance(value, dict | list) and value else False if value == [] else flag(value)
