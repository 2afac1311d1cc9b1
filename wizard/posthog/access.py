"""A credential of the private API together with the PostHog it was given for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from wizard.posthog.hosts import Hosts

Kind = Literal["personal key", "login"]

Pause = Callable[[float, str], None]
"""Waits so many seconds; the text says, as a sentence for people, what for and for how long."""


def silently(seconds: float, why: str) -> None:
    """Waits without telling anybody."""
    time.sleep(seconds)


def aloud(say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> Pause:
    """Waits after having told `say` what for."""

    def pause(seconds: float, why: str) -> None:
        say(why)
        sleep(seconds)

    return pause


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and whom. `secret` is a personal API key (phx_) or an OAuth access token (pha_), never shown.

    `scopes` are the granted ones, None when nobody said. `projects` are the ids of those that the credential is limited
    to; empty means no limit is known. `pause` is how waits between two tries are spent: give `aloud(say)`, so that
    people know what is going on.
    """

    secret: str = field(repr=False)
    hosts: Hosts
    kind: Kind = "personal key"
    scopes: frozenset[str] | None = None
    projects: tuple[int, ...] = ()
    pause: Pause = field(default=silently, repr=False, compare=False)

    def may(self, scope: str) -> bool:
        """Does the credential reach as far as `scope`, for all that is known? `x:write` includes `x:read`."""
        if self.scopes is None or "*" in self.scopes:
            return True
        return scope in self.scopes or scope.replace(":read", ":write") in self.scopes

    @property
    def called(self) -> str:
        """What the credential is called in messages."""
        return "the personal API key" if self.kind == "personal key" else "the login"
