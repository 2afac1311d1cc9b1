"""Queries, event definitions, annotations and health issues in the fake PostHog."""

from __future__ import annotations

from typing import Any

from tests.fake_posthog.state import Ask, Canned, Refused, State, answer, error


def respond(fake: State, ask: Ask) -> Canned | None:
    """What is asked about data; None when it is about something else. Raises Refused."""
    match ask.method, *ask.parts:
        case "POST", "projects", number, "query":
            ask.needs("query:read")
            return _query(fake, int(number), ask.body)
        case "GET", "projects", _, "query", identity:
            ask.needs("query:read")
            return _pending(fake, identity)
        case method, "projects", _, "event_definitions", *rest:
            return _definitions(fake, ask, method, rest)
        case "POST", "projects", _, "annotations":
            ask.needs("annotation:write")
            fake.annotations.append({"id": len(fake.annotations) + 1, **ask.body})
            return answer(fake.annotations[-1], 201)
        case "GET", "projects", _, "health_issues" if not fake.old:
            ask.needs("health_issue:read")
            return fake.paged(fake.health, ask)
    return None


def _query(fake: State, project: int, body: Any) -> Canned:
    sql = body["query"]["query"]
    for part, (columns, rows) in fake.query_answers.items():
        if part in sql:
            result = {"columns": columns, "results": rows}
            break
    else:
        result = {"columns": ["toString(uuid)"], "results": _events(fake, project, body)}
    whole = {**result, "types": [], "hasMore": False, "limit": 100, "offset": 0, "is_cached": False, "error": None}
    if not fake.later:
        return answer(whole)
    identity = f"q{len(fake.pending)}"
    fake.pending[identity] = [fake.later, whole]
    return answer({"query_status": {"id": identity, "complete": False, "error": False, "results": None}}, 202)


def _pending(fake: State, identity: str) -> Canned:
    if identity not in fake.pending:
        raise Refused(error(404, "not_found", "Query not found."))
    fake.pending[identity][0] -= 1
    left, whole = fake.pending[identity]
    status = {"id": identity, "complete": left <= 0, "error": False, "results": whole if left <= 0 else None}
    return answer({"query_status": status}, 200 if left <= 0 else 202)


def _events(fake: State, project: int, body: Any) -> list[list[Any]]:
    values = body["query"].get("values", {})
    if "uuid" not in values:
        return []
    found = [
        [e.get("uuid")]
        for p, e in fake.events
        if p == project and e.get("uuid") == values["uuid"] and values.get("event") in (None, e.get("event"))
    ]
    if fake.lag > 0 or body.get("refresh") != "force_blocking":
        fake.lag -= 1
        return []
    return found


def _definitions(fake: State, ask: Ask, method: str, rest: list[str]) -> Canned | None:
    match method, rest:
        case "GET", []:
            ask.needs("event_definition:read")
            wanted = ask.query.get("search", "").lower()
            return fake.paged([d for d in fake.definitions if wanted in str(d.get("name")).lower()], ask)
        case "GET", ["by_name"] if not fake.old:
            ask.needs("event_definition:read")
            found = [d for d in fake.definitions if d.get("name") == ask.query.get("name")]
            return answer(found[0]) if found else error(404, "not_found", "Not found.")
        case "POST", []:
            ask.needs("event_definition:write")
            if any(d.get("name") == ask.body["name"] for d in fake.definitions):
                raise Refused(error(400, "unique", "Event definition with this name already exists.", "name"))
            made = {"id": f"0190-{len(fake.definitions)}", "last_seen_at": None, **_tagged(fake, ask.body)}
            fake.definitions.append(made)
            return answer(made, 201)
        case "PATCH", [identity]:
            ask.needs("event_definition:write")
            for known in fake.definitions:
                if known.get("id") == identity:
                    known.update(_tagged(fake, ask.body))
                    return answer(known)
    return None


def _tagged(fake: State, body: dict[str, Any]) -> dict[str, Any]:
    if fake.tags == "refused" and body.get("tags"):
        raise Refused(error(402, "payment_required", "This feature is part of a paid plan."))
    return {**body, "tags": body.get("tags", []) if fake.tags == "kept" else []}
