"""What the sink tells of: one thing that an SDK sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["event", "flags", "config", "replay", "other", "refused"]


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that an SDK sent. `event` (only for kind "event") has `event`, `distinct_id`, `uuid`, `timestamp` and
    `properties`; a batch becomes one `Received` per event.

    `refused` is what PostHog would refuse too, or no HTTP at all; `note` says why, and names what is no event.
    `status` is what the sink itself answers, `size` the bytes of the body as sent, `detail` the summary of a replay.
    `leak` is True when a secret stood where the project token belongs; it is never kept.
    """

    kind: Kind
    path: str
    token: str | None
    user_agent: str
    event: Mapping[str, Any] | None = None
    note: str = ""
    status: int = 200
    method: str = "POST"
    size: int = 0
    detail: Mapping[str, Any] | None = None
    leak: bool = False
