"""The endpoints of the fake PostHog that need only a project token: capture, flags, remote config."""

from __future__ import annotations

from typing import Any

from tests.fake_posthog import accounts
from tests.fake_posthog.state import Canned, State, answer, text


def respond(fake: State, method: str, path: str, body: Any) -> Canned:
    """What the public endpoints answer."""
    match method, path.partition("?")[0].strip("/").split("/"):
        case "POST", ["flags"] if not _token(body):
            return text(401, "No API key provided")
        case "POST", ["flags"] if not body.get("distinct_id"):
            return text(400, "missing distinct_id")
        case "POST", ["flags"] if (token := _token(body)) in fake.tokens:
            flags = {"flags": {}, "errorsWhileComputingFlags": False, "requestId": "r"}
            return answer({**flags, **(_config(fake, token) if "config=true" in path else {})})
        case "POST", ["flags"]:
            return text(401, "The provided API key is invalid or has expired.")
        case "GET", ["flags"]:
            return answer({})
        case "GET", ["array", token, "config"] if token in fake.tokens and not fake.old:
            return answer(_config(fake, token))
        case "POST", ["i", "v0", "e"] | ["e"] | ["capture"] if (token := _token(body)) in fake.tokens:
            fake.events.append((fake.tokens[token], body))
            return answer({"status": "Ok"})
        case "POST", ["batch"] if (token := _token(body)) in fake.tokens:
            fake.events += [(fake.tokens[token], event) for event in body.get("batch", [])]
            return answer({"status": "Ok"})
        case "POST", ["i", "v0", "e"] | ["e"] | ["capture"] | ["batch"]:
            return text(401, "unknown token; check the project API key") if fake.enforce else answer({"status": "Ok"})
    return text(404, "not found")


def _token(body: Any) -> str:
    return str(body.get("api_key") or body.get("token") or "") if isinstance(body, dict) else ""


def _config(fake: State, token: str) -> dict[str, Any]:
    """Remote config as the project's settings make it."""
    project = accounts.project(fake, fake.tokens[token])
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "captureDeadClicks": bool(project["capture_dead_clicks"]),
        "capturePerformance": {
            "network_timing": True,
            "web_vitals": bool(project["autocapture_web_vitals_opt_in"]),
            "web_vitals_allowed_metrics": None,
        },
        "autocapture_opt_out": bool(project["autocapture_opt_out"]),
        "autocaptureExceptions": bool(project["autocapture_exceptions_opt_in"]),
        "analytics": {"endpoint": "/i/v0/e/"},
        "elementsChainAsString": True,
        "errorTracking": {"autocaptureExceptions": bool(project["autocapture_exceptions_opt_in"])},
        "sessionRecording": {"endpoint": "/s/"} if project["session_recording_opt_in"] else False,
        "heatmaps": bool(project["heatmaps_opt_in"]),
        "surveys": bool(project["surveys_opt_in"]),
        "defaultIdentifiedOnly": True,
        "siteApps": [],
    }
