"""Event definitions: which events a project knows, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import flag, moment, text, texts
from wizard.posthog.private_api import TRIES, call, call_without, listed, segment


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """`last_seen_at` lags behind and is None for an event that never came, or when the answer does not say."""

    name: str
    last_seen_at: datetime | None = None
    created_at: datetime | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    verified: bool | None = None
    id: str = ""


def event_definitions(access: Access, project: int, search: str = "") -> tuple[EventDefinition, ...]:
    """The events of a project, those that match `search`. Needs event_definition:read; raises ApiError."""
    asked = {"search": search} if search else {}
    return tuple(found for found in map(_read, listed(_path(project), access, asked)) if found)


def definition(access: Access, project: int, name: str) -> EventDefinition | None:
    """The event of this very name; None when there is none. Needs event_definition:read; raises ApiError."""
    try:
        return _read(call("GET", f"{_path(project)}by_name/?{urlencode({'name': name})}", access))
    except ApiError as error:
        # an old instance takes by_name for an id and answers 404 too, or 400
        if error.status not in (400, 404):
            raise
    return next((found for found in event_definitions(access, project, name) if found.name == name), None)


def describe(access: Access, project: int, name: str, description: str, *, tags: Sequence[str] = ()) -> EventDefinition:
    """Gives an event a description, before its first arrival too; a description that is there is kept.

    Needs event_definition:read and event_definition:write; raises ApiError, with status 402 where the plan has no
    descriptions.
    """
    known = definition(access, project, name)
    if known and known.description:
        return known
    body = {"description": description, "tags": list(dict.fromkeys([*(known.tags if known else ()), *tags]))}
    if known and known.id:
        answer = call_without(
            ("tags",), "PATCH", f"{_path(project)}{segment(known.id)}/", access, body=body, tries=TRIES
        )
    else:
        answer = call_without(("tags",), "POST", _path(project), access, body={"name": name, **body})
    if found := _read(answer):
        return found
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (an event without name)")


def _read(answer: Mapping[str, Any]) -> EventDefinition | None:
    name = text(answer.get("name"))
    if not name:
        return None
    return EventDefinition(
        name,
        moment(answer.get("last_seen_at")),
        moment(answer.get("created_at")),
        text(answer.get("description")),
        texts(answer.get("tags")),
        flag(answer.get("verified")),
        text(answer.get("id")),
    )


def _path(project: int) -> str:
    return f"/api/projects/{segment(project)}/event_definitions/"
