"""Insights: found again, and made on a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import number, numbers, objects, text
from wizard.posthog.private_api import call_without, listed, segment

LONGEST = 400
"""Characters of a name and of a description; longer ones are refused."""


@dataclass(frozen=True, slots=True)
class Insight:
    """`dashboards` are the ids of those it is on, empty when the answer does not say. `url` is for people."""

    id: int
    short_id: str
    name: str
    dashboards: tuple[int, ...] = ()
    url: str = ""


def create(
    access: Access,
    project: int,
    name: str,
    description: str,
    query: Mapping[str, Any],
    dashboard: int | None = None,
    *,
    tags: Sequence[str] = (),
) -> Insight:
    """Makes an insight, on the dashboard when one is given. Needs insight:write, dashboard:write; raises ApiError."""
    body: dict[str, Any] = {
        "name": name[:LONGEST],
        "description": description[:LONGEST],
        "query": dict(query),
        # without it older versions do not list the insight; newer ones do not mind
        "saved": True,
    }
    if dashboard is not None:
        body["dashboards"] = [dashboard]
    if tags:
        body["tags"] = list(tags)
    answer = call_without(("tags", "saved"), "POST", f"{_path(project)}?include_dashboards=true", access, body=body)
    if found := _read(answer, access, project):
        return found
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (an insight without id)")


def find(access: Access, project: int, name: str, dashboard: int | None = None) -> Insight | None:
    """The saved insight of this very name, on the dashboard when one is given; None when there is none.

    Needs insight:read; raises ApiError.
    """
    asked = {"search": name, "saved": "true", "basic": "true", "include_dashboards": "true"}
    for answer in listed(_path(project), access, asked):
        found = _read(answer, access, project)
        if not found or found.name != name or answer.get("deleted") is True:
            continue
        if dashboard is None or dashboard in found.dashboards:
            return found
    return None


def _read(answer: Mapping[str, Any], access: Access, project: int) -> Insight | None:
    if (identity := number(answer.get("id"))) is None:
        return None
    # `dashboards` is being withdrawn in favour of `dashboard_tiles`
    tiles = [tile.get("dashboard_id") for tile in objects(answer.get("dashboard_tiles"))]
    dashboards = dict.fromkeys([*numbers(answer.get("dashboards")), *numbers(tiles)])
    short = text(answer.get("short_id"))
    url = f"{access.hosts.app}/project/{project}/insights/{short}" if short else ""
    return Insight(identity, short, text(answer.get("name")), tuple(dashboards), url)


def _path(project: int) -> str:
    return f"/api/projects/{segment(project)}/insights/"
