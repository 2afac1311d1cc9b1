"""Judging what was sent as PostHog's capture does: tokens, events, the v1 envelope, replays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from wizard.sink.wire import Unreadable

LONGEST_TOKEN = 64
V1_HEADERS = ("PostHog-Sdk-Info", "PostHog-Attempt", "PostHog-Request-Id", "PostHog-Request-Timestamp")

_UUID = re.compile(r"(?:urn:uuid:)?\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?\Z")
_LATEST = 1e15  # milliseconds; neither infinity nor a number of a thousand digits
_SECRET = ("phx_", "pha_", "phr_", "phs_")


def token_of(value: Any, authorization: str = "") -> str | None:
    """The project token of a body, an event or the `Authorization: Bearer` header, without blanks around it."""
    if isinstance(value, Mapping):
        for name in ("api_key", "token", "$token"):
            if isinstance(value.get(name), str) and value[name].strip():
                return str(value[name]).strip()
    scheme, _, bearer = authorization.strip().partition(" ")
    return bearer.strip() or None if scheme.lower() == "bearer" else None


def accepted(token: str | None) -> str:
    """The token, if capture takes it by its looks. Raises Unreadable (401), which never holds the token.

    Source: PostHog, rust/capture, token checks; the answer is plain text.
    """
    if not token:
        raise Unreadable("event submitted without an api_key", 401)
    if token[:4].lower() in _SECRET:
        raise Unreadable("API key is not valid: personal_api_key", 401, leak=True)
    for wrong, reason in (
        (len(token) > LONGEST_TOKEN, "too_long"),
        (not token.isascii(), "not_ascii"),
        ("\0" in token, "null_byte"),
    ):
        if wrong:
            raise Unreadable(f"API key is not valid: {reason}", 401)
    return token


def same_token(tokens: Sequence[str | None]) -> None:
    """One batch, one project. Raises Unreadable (401)."""
    if len({token for token in tokens if token}) > 1:
        raise Unreadable("batch submitted with inconsistent api_key values", 401)


def events(value: Any, *, lenient: bool = False) -> list[dict[str, Any]]:
    """The events in a body: one event, a list of them, or an envelope with `batch` (old SDKs: `data`).

    Each has `event`, `distinct_id`, `uuid`, `timestamp` and `properties`, and keeps whatever else it came with.
    Raises Unreadable if capture would refuse any of them; `lenient` leaves ids to the caller.
    """
    match value:
        case {"batch": list(items)} | {"data": list(items)}:
            envelope = value
        case list(items):
            envelope = {}
        case _:
            items, envelope = [value], {}
    if not items:
        raise Unreadable("request holds no event")
    sent = envelope.get("sent_at") or envelope.get("created_at")
    return [_event(item, sent, lenient) for item in items]


def _event(item: Any, sent: Any, lenient: bool) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Unreadable("failed to parse request: an event is not an object")
    name = item.get("event")
    if name is None and ("$set" in item or "$set_once" in item):
        name = "$set"
    if not isinstance(name, str) or not name:
        raise Unreadable("event submitted with an empty event name")
    properties = item.get("properties") or {}
    if not isinstance(properties, dict):
        raise Unreadable("failed to parse request: the properties of an event are not an object")
    who = item.get("distinct_id")
    if who is None:
        who = item.get("$distinct_id")
    if who is None:
        who = properties.get("distinct_id")
    if who is None or who == "" or isinstance(who, (dict, list)):
        if not lenient:
            raise Unreadable(f"event submitted without a distinct_id: {name[:60]!a}")
        who = None
    uuid = item.get("uuid") or None
    if uuid is not None and not lenient and not (isinstance(uuid, str) and _UUID.match(uuid)):
        raise Unreadable(f"failed to parse request: the uuid of {name[:60]!a} is no uuid")
    return {
        **item,
        "event": name,
        "distinct_id": who,
        "uuid": uuid,
        "timestamp": item.get("timestamp") or sent,
        "properties": properties,
    }


class V1Refused(Exception):
    """What capture v1 refuses, with its JSON answer. Source: PostHog, rust/capture, v1."""

    def __init__(self, error: str, description: str, status: int = 400, *, leak: bool = False) -> None:
        super().__init__(description)
        self.status = status
        self.leak = leak
        self.body = {
            "error": error,
            "error_description": description,
            "error_uri": "https://posthog.com/docs/api/capture",
        }


def check_v1(headers: Mapping[str, str], value: Any) -> list[dict[str, Any]]:
    """The events of a v1 request. Raises V1Refused as capture v1 does, Unreadable for what is no event."""
    if missing := [name for name in V1_HEADERS if not headers.get(name.lower(), "").strip()]:
        raise V1Refused("missing_required_headers", f"missing required headers: {', '.join(missing)}")
    if not isinstance(value, dict) or not isinstance(value.get("batch"), list):
        raise V1Refused("invalid_payload", "the body has no batch")
    if not isinstance(value.get("created_at"), str):
        raise V1Refused("invalid_payload", "the body has no created_at")
    if not value["batch"]:
        raise V1Refused("empty_batch", "request holds no event")
    found = events(value, lenient=True)
    seen: set[str] = set()
    for event in found:
        uuid = event["uuid"]
        if not isinstance(uuid, str) or not _UUID.match(uuid):
            raise V1Refused("invalid_event_uuid", "an event has no uuid, or one that is none")
        if uuid.lower() in seen:
            raise V1Refused("duplicate_event_uuid", f"the batch has the uuid {uuid} twice")
        seen.add(uuid.lower())
    return found


def results(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The v1 answer: every event by its uuid; what has no distinct id is dropped, as capture says then."""
    return {
        "results": {
            str(event["uuid"]): {"result": "ok"}
            if event["distinct_id"] is not None
            else {"result": "drop", "details": "missing_distinct_id"}
            for event in found
        }
    }


def replay(value: Any, size: int) -> dict[str, Any]:
    """What a replay body holds, in short: `session`, `snapshots`, `bytes` as sent, `seconds` from first to last.

    The body is one `$snapshot` event or a list of them. Raises Unreadable for anything else.
    """
    items = value.get("batch") if isinstance(value, dict) and isinstance(value.get("batch"), list) else None
    items = items if items is not None else value if isinstance(value, list) else [value]
    session, count, times = "", 0, []
    for item in items or []:
        properties = item.get("properties") if isinstance(item, dict) else None
        if not isinstance(properties, dict):
            raise Unreadable("replay event submitted without snapshot data")
        named = properties.get("$session_id")
        session = session or (named if isinstance(named, str) else "")
        data = properties.get("$snapshot_data")
        shots = data if isinstance(data, list) else [data] if data is not None else []
        count += len(shots)
        times += [
            t
            for shot in shots
            if isinstance(shot, dict) and isinstance(t := shot.get("timestamp"), (int, float)) and abs(t) < _LATEST
        ]
    if not session:
        raise Unreadable("replay event submitted without session id")
    seconds = round((max(times) - min(times)) / 1000, 3) if times else 0.0
    return {"session": session, "snapshots": count, "bytes": size, "seconds": seconds}
