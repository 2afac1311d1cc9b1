"""What a proof found out, and how it is cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wizard.posthog.tokens import redact
from wizard.sink import Received

Status = Literal["passed", "failed", "skipped"]

PROBE_EVENT = "posthog_wizard_verify"
"""What a probe makes the app's own SDK client send; its name is also written in `wizard/probes`."""

FIXED_HOST = "fixed-host"
"""The cause of what is odd about a client whose host is the right one and is written in the code."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why no event can arrive: `name` for programs (`wrong-prefix`), `text` and `hint` for people."""

    name: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Emission:
    """What was seen. `own` is False when a probe asked the app's SDK client to speak; `token` came with the event.

    `cause` is the name of what is wrong or odd, `hint` what to do about it, `warning` what does not keep events from
    arriving.
    """

    status: Status
    reason: str
    event: Mapping[str, Any] | None = None
    own: bool = False
    token: str | None = field(default=None, repr=False)
    cause: str = ""
    hint: str = ""
    warning: str = ""

    @property
    def summary(self) -> dict[str, str]:
        """The event as it arrived, in few words: its name, who sent it, from which page, about whom."""
        if self.event is None:
            return {}
        properties = self.event.get("properties") or {}
        shown = {
            "event": self.event.get("event"),
            "distinct_id": self.event.get("distinct_id"),
            **{name: properties.get(name) for name in ("$lib", "$lib_version", "$current_url")},
        }
        return {name: str(value)[:300] for name, value in shown.items() if value not in (None, "")}


class Stop(Exception):
    """The proof cannot go on; carries its result."""

    def __init__(
        self, reason: str, cause: str, hint: str = "", status: Literal["failed", "skipped"] = "failed"
    ) -> None:
        self.emission = Emission(status, reason, cause=cause, hint=hint)


def failed(cause: Cause, event: Received | None = None) -> Emission:
    """A failure whose cause is known; the event that arrived although, if one did."""
    token = event.token if event else None
    return Emission("failed", cause.text, event.event if event else None, False, token, cause.name, cause.hint)


def passed(item: Received, warning: str = "", cause: str = "") -> Emission:
    """An event of the app's own, or of its client when asked."""
    assert item.event is not None
    own = item.event["event"] != PROBE_EVENT
    warning = warning or _trouble(item.event)
    reason = "the app's own code sent an event" if own else "the app's own PostHog client sent an event when asked"
    return Emission("passed", reason, item.event, own, item.token, cause, warning=warning)


def _trouble(event: Mapping[str, Any]) -> str:
    """What an event tells of that is an error of the app."""
    if event.get("event") != "$exception":
        return ""
    properties = event.get("properties") or {}
    listed = properties.get("$exception_list")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], Mapping) else {}
    words = [str(first[name]) for name in ("type", "value") if isinstance(first.get(name), str)]
    line = redact(" ".join(": ".join(words).encode("ascii", "replace").decode().split()))[:200]
    return f"What it sent is an error of the app itself{f': {line}' if line else ''}."
