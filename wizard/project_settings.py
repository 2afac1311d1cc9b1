"""What a project in PostHog has switched on, held against what the code tells the SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Thread
from types import MappingProxyType

from wizard.answers import IN_BROWSER
from wizard.posthog import projects
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts
from wizard.posthog.remote_config import RemoteConfig, remote_config

TIMEOUT = 2.0
"""Seconds that a question may wait for what the project says."""

FORCED = frozenset({"error_tracking"})
"""What posthog-js does when the code says so, whatever the project says; for all else the project has the last word.

Source: `isEnabled` of its parts in posthog-js 1.434.18. Left out of the code, each is what the project says.
"""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "autocapture": "autocapture",
        "session_replay": "session replay",
        "error_tracking": "error tracking",
        "heatmaps": "heatmaps",
        "web_vitals": "web vitals",
        "surveys": "surveys",
    }
)
"""The features as a sentence calls them."""

_WITHOUT: Mapping[str, str] = MappingProxyType(
    {
        "autocapture": "no clicks are captured",
        "session_replay": "nothing is recorded",
        "heatmaps": "none are collected",
        "web_vitals": "none are sent",
        "surveys": "none are shown",
    }
)


def off(there: Mapping[str, bool]) -> tuple[str, ...]:
    """The features that the project has off, where nothing the code says can help."""
    return tuple(feature for feature in IN_BROWSER if there.get(feature) is False and feature not in FORCED)


def public(token: str, hosts: Hosts, *, timeout: float = TIMEOUT) -> dict[str, bool] | None:
    """What is on and off, as browsers are told, without any key; None when the project does not say.

    `timeout` in seconds. A feature that nobody ever decided on, or that the answer leaves out, is missing.
    """
    answers: list[RemoteConfig | None] = []

    def ask() -> None:
        answers.append(remote_config(token, hosts, timeout=timeout))

    # a thread, because looking up a name knows no limit: nobody shall wait for what only saves a key or two
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    found = answers[0] if answers else None
    return None if found is None else _known(found)


def private(access: Access, project: int) -> dict[str, bool] | None:
    """The same as the project itself says, not minutes old; None when the access does not reach that far."""
    try:
        return _known(projects.settings(access, project))
    except ApiError:
        return None


def _known(found: RemoteConfig | projects.Settings) -> dict[str, bool]:
    every = {feature: getattr(found, feature) for feature in IN_BROWSER}
    return {feature: on for feature, on in every.items() if on is not None}


def disagreements(options: Mapping[str, bool], there: Mapping[str, bool]) -> Iterator[str]:
    """A sentence for each feature of `options` for which the code says one thing and the project another."""
    for feature, wanted in options.items():
        if feature not in there or there[feature] == wanted:
            continue
        name = NAMES[feature]
        if feature in FORCED:
            yield (
                f"The SDK will report uncaught exceptions although {name} is off in the project"
                if wanted
                else f"The code leaves {name} to the project, where it is on: exceptions are reported"
            )
        elif wanted:
            yield f"The code allows {name}, but the project has it off, so {_WITHOUT[feature]}"
        else:
            yield f"The project has {name} on, but the code switches it off for this app"
