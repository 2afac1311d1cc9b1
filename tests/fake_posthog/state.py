"""What the fake PostHog knows and how it behaves, and the shapes of its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that replaces the real behaviour of an endpoint; `delay` in seconds."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


TOKEN = "phc_" + "aB3dE6gH9jK2" * 3
KEY = "phx_" + "S3cretS3cret" * 3
LIMIT = 2.0
"""Seconds for a request in tests: far more than loopback takes."""

BUSY = Canned(429, '{"type": "validation_error"}', {"Retry-After": "7", "Content-Type": "application/json"})
DOWN = Canned(503, "upstream unavailable", {"Content-Type": "text/plain"})
HTML = Canned(200, "<!doctype html><title>Sign in</title>", {"Content-Type": "text/html; charset=utf-8"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; `json` is the body, of a form too, and None when there is none."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Any


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of the private API, taken apart: `parts` of the path after /api/, `secret` of the bearer."""

    method: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    body: Any
    secret: str
    scopes: frozenset[str]

    def needs(self, *scopes: str) -> None:
        """Raises Refused (403) unless the credential has one of `scopes`; `x:write` counts as `x:read`."""
        for scope in scopes:
            if {"*", scope, scope.replace(":read", ":write")} & self.scopes:
                return
        raise Refused(error(403, "permission_denied", f"API key missing required scope '{scopes[0]}'"))


class Refused(Exception):
    """The endpoint answers this and does nothing."""

    def __init__(self, canned: Canned) -> None:
        super().__init__(canned.body)
        self.canned = canned


def answer(value: Any, status: int = 200) -> Canned:
    """JSON."""
    return Canned(status, json.dumps(value), {"Content-Type": "application/json"})


def text(status: int, body: str) -> Canned:
    """Plain text, as capture and flags report errors."""
    return Canned(status, body, {"Content-Type": "text/plain"})


_TYPES = {400: "validation_error", 401: "authentication_error", 429: "throttled_error"}


def error(status: int, code: str, detail: str, attr: str | None = None) -> Canned:
    """A refusal in the shape of the private API."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request")
    headers = {"Content-Type": "application/json"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer resource_metadata="https://us.posthog.com/.well-known/oauth"'
    return Canned(status, json.dumps({"type": kind, "code": code, "detail": detail, "attr": attr}), headers)


@dataclass
class State:
    """All knobs, with defaults that work. `tokens`, `keys` and `current` are what most tests need.

    Accounts: `tokens` maps known project tokens to project ids. `keys` maps secrets (phx_ and pha_ alike) to their
    scopes, {"*"} for all. `scoped` are the projects they are limited to, if any. `current` is the user's current
    project, 0 for none. `user` and `project_fields[id]` override fields of the answers; a PATCH lands in the latter.
    `organizations` are {id, name, membership_level}; `in_organization` maps project ids to an organization's id, the
    first one being the default. `forbids_keys`: the organization forbids personal keys.

    Gates of project creation: `scoped`, `members_may_create` with the membership level, `projects_allowed` (None: no
    limit), names unique regardless of case.

    Capture: `enforce`: it answers 401 for unknown tokens, as newer versions may; otherwise 200, as ever. An event is
    readable after `lag` queries. `events` are (project id, event) as they came.

    Queries: `query_answers` maps a part of the SQL to (columns, rows); what matches none selects the uuid of an event.
    `later`: so many looks are answered 202 before each result.

    Versions: `old`: no product_enablement, text tiles, reorder_tiles, by_name, health issues, remote config.
    `tags`: "kept", "ignored" (dropped in silence), "refused" (402). `tells_dashboards`: insights tell their dashboards
    without include_dashboards. `unsaved_listed`: insights made without `saved` are listed too. `page` is the most that
    a list answers at once.

    `health`, `definitions`, `annotations`, `dashboards`, `insights` hold what there is, by project where needed.
    `canned` maps prefixes of paths (an optional method and blank before it) to answers; a list is used up one by one.
    """

    tokens: dict[str, int] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    scoped: list[int] = field(default_factory=list)
    current: int = 0
    user: dict[str, Any] = field(default_factory=dict)
    organizations: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": "org", "name": "Org", "membership_level": 15}]
    )
    in_organization: dict[int, str] = field(default_factory=dict)
    project_fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    forbids_keys: bool = False
    members_may_create: bool = False
    projects_allowed: int | None = None
    enforce: bool = False
    lag: int = 0
    later: int = 0
    query_answers: dict[str, tuple[list[str], list[list[Any]]]] = field(default_factory=dict)
    old: bool = False
    tags: Literal["kept", "ignored", "refused"] = "kept"
    tells_dashboards: bool = True
    unsaved_listed: bool = False
    page: int = 2
    health: list[dict[str, Any]] = field(default_factory=list)
    definitions: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    dashboards: dict[int, dict[str, Any]] = field(default_factory=dict)
    insights: dict[int, dict[str, Any]] = field(default_factory=dict)
    canned: dict[str, Canned | list[Canned]] = field(default_factory=dict)
    prefix: str = ""
    requests: list[Request] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    pending: dict[str, list[Any]] = field(default_factory=dict)

    def paged(self, items: list[Any], ask: Ask) -> Canned:
        """A page of a list. `next` leads to another host, where nobody may follow it with a key."""
        start, size = int(ask.query.get("offset", 0)), min(int(ask.query.get("limit", 100)), self.page)
        further = f"https://elsewhere.invalid/?offset={start + size}" if start + size < len(items) else None
        return answer({"count": len(items), "next": further, "previous": None, "results": items[start : start + size]})
