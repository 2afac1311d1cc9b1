"""What the sink says in PostHog's place: a project with every optional product off."""

from __future__ import annotations

import json
import re
from typing import Any


def config(token: str) -> dict[str, Any]:
    """Remote config of a new project with every optional product off: an SDK sends events and nothing else.

    Source: posthog-js `RemoteConfig`.
    """
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "autocapture_opt_out": False,
        "autocaptureExceptions": False,
        "captureDeadClicks": False,
        "capturePerformance": False,
        "elementsChainAsString": True,
        "heatmaps": False,
        "sessionRecording": False,
        "siteApps": [],
        "surveys": False,
        "toolbarParams": {},
        "isAuthenticated": False,
    }


def config_script(token: str) -> str:
    """`config` as the script that posthog-js loads first."""
    answer = json.dumps({"config": config(token), "siteApps": []}).replace("<", "\\u003c")
    name = json.dumps(token).replace("<", "\\u003c")
    return (
        "(function(){var all=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f"all[{name}]={answer};}})();\n"
    )


def flags(token: str, version: str = "") -> dict[str, Any]:
    """The answer of `/flags` and, for old SDKs, of `/decide`: no flags at all.

    `/decide` without a version is the oldest, whose flags are a list of names.
    """
    return {
        **config(token),
        "flags": {},
        "featureFlags": [] if version == "1" else {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "quotaLimited": [],
    }


_NAMED: tuple[tuple[str, str, Any], ...] = (
    (
        r"flags/definitions|feature_flag/local_evaluation",
        "local evaluation: flag definitions",
        {"flags": [], "group_type_mapping": {}, "cohorts": {}},
    ),
    (r"/api/surveys", "surveys", {"surveys": [], "survey_config": None}),
    (r"/api/early_access_features", "early access features", {"earlyAccessFeatures": []}),
    (r"/api/web_experiments", "web experiments", {"experiments": []}),
    (r"/api/product_tours", "product tours", {"product_tours": []}),
    (r"/remote_config", "a flag's remote config", None),
    (r"/i/v[01]/(?:ai/)?logs|/i/v1/logs", "logs (OTLP)", {}),
    (r"/i/v1/metrics", "metrics (OTLP)", {}),
    (r"/otel|/traces", "traces (OTLP)", {}),
    (r"push_subscriptions", "push subscription", {"status": "Ok"}),
    (r"readiness|liveness", "health check", {"status": "Ok"}),
)


def named(name: str, method: str) -> tuple[str, Any]:
    """What a path that brings no events is called, and what its SDK expects to hear."""
    for pattern, label, answer in _NAMED:
        if re.search(pattern, name):
            return label, answer
    return "", {} if method == "GET" else {"status": "Ok"}


def asset(path: str) -> str:
    """What a script is that the sink does not have."""
    last = path.rstrip("/").rpartition("/")[2]
    if last.startswith("array") and last.endswith(".js"):
        return "posthog-js itself: not served here, so the page cannot send events (--forward us relays it)"
    if "/static/" in path and last.endswith((".js", ".css", ".map")):
        return f"{last}: a part of posthog-js that is not served here (--forward us relays it)"
    return ""
