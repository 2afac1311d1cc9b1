"""Dashboards and insights in the fake PostHog."""

from __future__ import annotations

from typing import Any

from tests.fake_posthog.state import Ask, Canned, Refused, State, answer, error

_WIDE = {"two_column": 6, "full_width": 12}


def respond(fake: State, ask: Ask) -> Canned | None:
    """What is asked about dashboards and insights; None when it is about something else. Raises Refused."""
    match ask.method, *ask.parts:
        case method, "projects", number, "dashboards", *rest:
            ask.needs("dashboard:read" if method == "GET" else "dashboard:write")
            return _dashboards(fake, ask, int(number), rest)
        case method, "projects", number, "insights", *rest:
            ask.needs("insight:read" if method == "GET" else "insight:write")
            return _insights(fake, ask, int(number), rest)
    return None


def _dashboards(fake: State, ask: Ask, project: int, rest: list[str]) -> Canned | None:
    match ask.method, rest:
        case "GET", []:
            mine = [d for d in fake.dashboards.values() if d["team"] == project and not d["deleted"]]
            return fake.paged([{k: v for k, v in d.items() if k != "tiles"} for d in mine], ask)
        case "POST", []:
            return answer(_made(fake, project, ask.body), 201)
        case _, [identity, *further]:
            dashboard = fake.dashboards.get(int(identity))
            if dashboard is None or dashboard["team"] != project:
                return None
            return _dashboard(fake, ask, dashboard, further)
    return None


def _made(fake: State, project: int, body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("name") or len(body["name"]) > 400:
        raise Refused(error(400, "invalid", "Ensure this field has 1 to 400 characters.", "name"))
    number = 100 + len(fake.dashboards)
    made = {"id": number, "team": project, "deleted": False, "pinned": False, "description": "", **_tagged(fake, body)}
    fake.dashboards[number] = {**made, "tiles": []}
    return fake.dashboards[number]


def _dashboard(fake: State, ask: Ask, dashboard: dict[str, Any], further: list[str]) -> Canned | None:
    tiles: list[dict[str, Any]] = dashboard["tiles"]
    match ask.method, further:
        case "GET", []:
            return answer(dashboard)
        case "PATCH", []:
            dashboard.update(_tagged(fake, ask.body) if "tags" in ask.body else ask.body)
            return answer(dashboard)
        case "POST", ["create_text_tile"] if not fake.old:
            if not 0 < len(ask.body["body"]) <= 4000:
                raise Refused(error(400, "max_length", "Ensure this field has no more than 4000 characters.", "body"))
            _tile(fake, dashboard, text={"body": ask.body["body"]})
            return answer(dashboard, 201)
        case "POST", ["reorder_tiles"] if not fake.old:
            order = ask.body["tile_order"]
            if sorted(order) != sorted(tile["id"] for tile in tiles):
                raise Refused(error(400, "invalid", "tile_order must name each tile once.", "tile_order"))
            tiles.sort(key=lambda tile: order.index(tile["id"]))
            wide = _WIDE.get(ask.body.get("layout", "preserve"))
            for place, tile in enumerate(tiles):
                if wide:
                    row, column = divmod(place, 12 // wide)
                    tile["layouts"] = {"sm": {"x": column * wide, "y": row * 5, "w": wide, "h": 5}}
            return answer(dashboard)
    return None


def _tile(fake: State, dashboard: dict[str, Any], **content: Any) -> None:
    number = 9000 + sum(len(d["tiles"]) for d in fake.dashboards.values())
    dashboard["tiles"].append({"id": number, "layouts": {}, "color": None, "insight": None, "text": None, **content})


def _insights(fake: State, ask: Ask, project: int, rest: list[str]) -> Canned | None:
    match ask.method, rest:
        case "GET", []:
            mine = [i for i in fake.insights.values() if i["team"] == project and not i["deleted"]]
            if ask.query.get("saved") == "true" and not fake.unsaved_listed:
                mine = [i for i in mine if i["saved"]]
            if wanted := ask.query.get("search", "").lower():
                mine = [i for i in mine if wanted in i["name"].lower()]
            if short := ask.query.get("short_id"):
                mine = [i for i in mine if i["short_id"] == short]
            return fake.paged([_shown(fake, ask, i) for i in mine], ask)
        case "POST", []:
            return answer(_shown(fake, ask, _insight(fake, project, ask.body)), 201)
        case method, [identity]:
            found = [i for i in fake.insights.values() if identity in (str(i["id"]), i["short_id"])]
            if not found or found[0]["team"] != project:
                return None
            if method == "PATCH":
                found[0].update(ask.body)
            return answer(_shown(fake, ask, found[0])) if method in ("GET", "PATCH") else None
    return None


def _insight(fake: State, project: int, body: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "description"):
        if len(body.get(name) or "") > 400:
            raise Refused(error(400, "max_length", "Ensure this field has no more than 400 characters.", name))
    if not isinstance(body.get("query"), dict):
        raise Refused(error(400, "required", "This field is required.", "query"))
    for dashboard in body.get("dashboards") or []:
        if fake.dashboards.get(dashboard, {}).get("team") != project:
            raise Refused(error(400, "does_not_exist", "Dashboard not found.", "dashboards"))
    number = 500 + len(fake.insights)
    made = {"name": "", "description": "", "saved": False, "dashboards": [], "deleted": False, **_tagged(fake, body)}
    fake.insights[number] = {**made, "id": number, "short_id": f"s{number:07}", "team": project}
    for dashboard in made["dashboards"]:
        content = {k: fake.insights[number][k] for k in ("id", "short_id", "name", "description", "query")}
        _tile(fake, fake.dashboards[dashboard], insight=content)
    return fake.insights[number]


def _shown(fake: State, ask: Ask, insight: dict[str, Any]) -> dict[str, Any]:
    """Newer versions tell the dashboards of an insight only on request, and its tiles always."""
    tiles = [{"id": 1, "dashboard_id": d, "deleted": False} for d in insight["dashboards"]]
    told = {k: v for k, v in insight.items() if k != "dashboards"}
    if fake.tells_dashboards or ask.query.get("include_dashboards") == "true":
        told["dashboards"] = insight["dashboards"]
    return told if fake.tells_dashboards else {**told, "dashboard_tiles": tiles}


def _tagged(fake: State, body: dict[str, Any]) -> dict[str, Any]:
    if fake.tags == "refused" and body.get("tags"):
        raise Refused(error(402, "payment_required", "This feature is part of a paid plan."))
    return {**body, "tags": body.get("tags", []) if fake.tags == "kept" else []}
