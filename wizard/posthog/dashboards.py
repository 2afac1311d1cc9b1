"""Dashboards: found again, made, described by a text and put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import mapping, number, objects, text, texts
from wizard.posthog.private_api import call, call_without, listed, segment

LONGEST_NAME = 400
"""Characters, of a name and of the description of an insight (PostHog's schema)."""

LONGEST_TEXT = 4000
"""Characters of a text tile (PostHog's schema)."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on a dashboard: an insight (its id and name), or a text."""

    id: int
    insight: int | None = None
    name: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`tags` may be empty though we gave some: plans without tags drop them. `url` is for people."""

    id: int
    name: str
    tags: tuple[str, ...]
    tiles: tuple[Tile, ...]
    url: str
    description: str = ""


def find(access: Access, project: int, name: str, tag: str = "") -> Dashboard | None:
    """The dashboard of this very name that has the tag, with its tiles; None when there is none.

    Where tags do not stick, one counts whose description has the tag as a word. Needs dashboard:read; raises ApiError.
    """
    for found in listed(_path(project), access):
        dashboard = _read(found, access, project)
        if dashboard and dashboard.name == name and not found.get("deleted") and _marked(dashboard, tag):
            return get(access, project, dashboard.id)
    return None


def get(access: Access, project: int, id: int) -> Dashboard:
    """One dashboard with its tiles. Needs dashboard:read; raises ApiError, with status 404 for a deleted one."""
    answer = call("GET", f"{_path(project)}{segment(id)}/", access)
    if answer.get("deleted") is True:
        raise ApiError(f"the dashboard {id} was deleted", status=404)
    return _dashboard(answer, access, project)


def create(access: Access, project: int, name: str, description: str = "", tags: Sequence[str] = ()) -> Dashboard:
    """Makes a dashboard, without the tags where the plan has none. Needs dashboard:write; raises ApiError."""
    body = {"name": name[:LONGEST_NAME], "description": description, "tags": list(tags)}
    return _dashboard(call_without(("tags",), "POST", _path(project), access, body=body), access, project)


def add_text(access: Access, project: int, id: int, body: str) -> bool:
    """Adds a tile with a text (Markdown); False where PostHog is too old for it. Needs dashboard:write."""
    return _known("POST", f"{_path(project)}{segment(id)}/create_text_tile/", access, {"body": body[:LONGEST_TEXT]})


def arrange(access: Access, project: int, id: int, tiles: Sequence[int], layout: str = "two_column") -> bool:
    """Puts the tiles (ids of tiles, not of insights) in this order; False where PostHog is too old for it.

    `layout` is two_column, full_width or preserve. Needs dashboard:write; raises ApiError.
    """
    body = {"tile_order": list(tiles), "layout": layout}
    return _known("POST", f"{_path(project)}{segment(id)}/reorder_tiles/", access, body)


def _known(method: Any, path: str, access: Access, body: Any) -> bool:
    try:
        call(method, path, access, body=body)
    except ApiError as error:
        if error.status in (404, 405):
            return False
        raise
    return True


def _marked(dashboard: Dashboard, tag: str) -> bool:
    return not tag or tag in dashboard.tags or (not dashboard.tags and tag in dashboard.description.split())


def _dashboard(answer: Any, access: Access, project: int) -> Dashboard:
    if found := _read(answer, access, project):
        return found
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (a dashboard without id)")


def _read(answer: Any, access: Access, project: int) -> Dashboard | None:
    found = mapping(answer)
    if (identity := number(found.get("id"))) is None:
        return None
    return Dashboard(
        identity,
        text(found.get("name")),
        texts(found.get("tags")),
        tuple(tile for tile in map(_tile, objects(found.get("tiles"))) if tile),
        f"{access.hosts.app}/project/{project}/dashboard/{identity}",
        text(found.get("description")),
    )


def _tile(answer: dict[str, Any]) -> Tile | None:
    if (identity := number(answer.get("id"))) is None or answer.get("deleted") is True:
        return None
    insight = mapping(answer.get("insight"))
    body = text(mapping(answer.get("text")).get("body"))
    return Tile(identity, number(insight.get("id")), text(insight.get("name")), body)


def _path(project: int) -> str:
    return f"/api/projects/{segment(project)}/dashboards/"
