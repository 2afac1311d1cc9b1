"""What is wanted of a proof, and what is known about each of its links."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from wizard.posthog import events, private_api, tokens
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts

Say = Callable[[str], None]
Status = Literal["passed", "failed", "skipped"]
Link = Literal["token", "app", "readable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about one link. `failed` is proven failure, `skipped` proves nothing; `detail` is JSON data."""

    link: Link
    status: Status
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """Limits: seconds for a request to the public hosts, for one query, and before each look at the project."""

    request: float = tokens.TIMEOUT
    query: float = private_api.TIMEOUT
    looks: Sequence[float] = events.DELAYS
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Wanted:
    """The connection to prove, and what it may be proven with.

    Credentials are read from `env` or from what a login saved. With `host_read` nobody but the project named `hosts`:
    whoever wrote it could collect credentials, so that ours go to PostHog Cloud only. `project` is the number that the
    user named. `resume` is the uuid of a test event that was sent earlier: none is sent then. `fresh`: the project was
    made a moment ago. `again` is the command line that repeats all this, `host_set` says where the app's host is set.
    `access` is what the user logged in with in this run.
    """

    token: str | None
    hosts: Hosts
    env: Mapping[str, str] = field(repr=False)
    say: Say
    regions: Mapping[str, Hosts] = field(default_factory=lambda: tokens.CLOUD)
    waits: Waits = field(default_factory=Waits)
    host_read: bool = False
    project: int | None = None
    resume: str | None = None
    fresh: bool = False
    again: str = "posthog-wizard verify"
    host_set: str = ""
    access: Access | None = None


def filled(detail: Mapping[str, Any]) -> dict[str, Any]:
    """`detail` without what has nothing in it."""
    return {name: value for name, value in detail.items() if value not in (None, "", (), [])}
