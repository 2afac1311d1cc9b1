"""What of PostHog each step of the wizard needs, and what a narrower grant leaves out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

STEPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "choosing the project": ("user:read", "organization:read", "project:read"),
        "creating a project": ("project:write",),
        "confirming that an event arrived": ("query:read",),
        "the starter dashboard": ("dashboard:read", "dashboard:write", "insight:read", "insight:write"),
        "switching features on in the project": ("product_enablement:write",),
        "describing events": ("event_definition:read", "event_definition:write"),
        "marking deploys": ("annotation:write",),
        "the doctor": ("health_issue:read", "query:read", "project:read"),
    }
)
"""Steps in the order in which people meet them, each with its scopes (services.md, C.11)."""

_ON_REQUEST = ("creating a project", "switching features on in the project")

DEFAULT = tuple(dict.fromkeys(s for step, scopes in STEPS.items() if step not in _ON_REQUEST for s in scopes))
"""What a login asks for; writing to projects is asked for only by whom wants it."""


def covers(granted: Collection[str] | None, scope: str) -> bool:
    """Is `scope` granted? `x:write` includes `x:read`; None means that nobody said, so that it may be."""
    if granted is None or "*" in granted or scope in granted:
        return True
    return scope.replace(":read", ":write") in granted


def lacking(wanted: Iterable[str], granted: Collection[str] | None) -> dict[str, list[str]]:
    """The steps that will not work, each with the wanted scopes it lacks; scopes of no step are under their name."""
    missing = [scope for scope in dict.fromkeys(wanted) if not covers(granted, scope)]
    steps = {step: [s for s in scopes if s in missing] for step, scopes in STEPS.items()}
    named = {scope for scopes in steps.values() for scope in scopes}
    return {step: lack for step, lack in steps.items() if lack} | {s: [s] for s in missing if s not in named}
