"""From a request to what it brought and what its SDK expects to hear."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from wizard.posthog.tokens import redact
from wizard.sink import capture, replies, wire
from wizard.sink.http1 import Answer, Request
from wizard.sink.received import Kind, Received
from wizard.sink.wire import Route, Unreadable

_OK = Answer(200, b'{"status": "Ok"}')
_NO_CONTENT = Answer(204)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request brought (built one by one, a batch may be large), and the sink's own answer."""

    items: Iterator[Received]
    answer: Answer


def take(request: Request) -> Taken:
    """Read a request as PostHog would; nothing that is in it can make this raise."""
    if request.method == "OPTIONS":
        return Taken(iter(()), _NO_CONTENT)
    if request.method not in ("GET", "POST", "HEAD", "PUT"):
        return _refused(request, f"{request.method} is no method of PostHog's ingestion", Answer(405))
    found = wire.route(request.path)
    try:
        return _other(request, None) if found is None else _taken(request, found)
    except capture.V1Refused as error:
        return _refused(request, str(error), _json(error.body, error.status), leak=error.leak)
    except Unreadable as error:
        if found and found.versioned:
            name = {401: "invalid_api_token", 413: "payload_too_large", 415: "unsupported_encoding"}
            v1 = capture.V1Refused(name.get(error.status, "invalid_payload"), error.reason, error.status)
            return _refused(request, error.reason, _json(v1.body, error.status), leak=error.leak)
        return _refused(request, error.reason, _text(error.reason, error.status), leak=error.leak)


def _taken(request: Request, found: Route) -> Taken:
    match found.kind:
        case "config":
            return _config(request, found.token or "", found.script)
        case "event":
            return _events(request, found)
        case "flags":
            return _flags(request, found)
        case "replay":
            return _replay(request)
    return _other(request, found)


def _config(request: Request, token: str, script: bool) -> Taken:
    capture.accepted(token)
    note = "remote config as a script" if script else "remote config"
    if script:
        body = replies.config_script(token).encode()
        answer = Answer(200, body, "text/javascript; charset=utf-8")
    else:
        answer = _json(replies.config(token))
    return _one(request, "config", token, note, answer)


def _events(request: Request, found: Route) -> Taken:
    bearer = request.headers.get("authorization", "")
    if request.method in ("GET", "HEAD") and "data=" not in request.query:
        return _one(request, "other", None, "no event: a GET without data", _OK)
    value = _payload(request)
    if found.versioned:
        token = capture.accepted(capture.token_of({}, bearer))
        events = capture.check_v1(request.headers, value)
        return Taken(_each(request, events, [token] * len(events)), _json(capture.results(events)))
    events = capture.events(value)
    outer = capture.token_of(value, bearer)
    tokens = [capture.token_of(e) or capture.token_of(e["properties"]) or outer for e in events]
    for each in set(tokens):
        capture.accepted(each)
    capture.same_token([outer, *tokens])
    beacon = "beacon=1" in request.query.split("&")
    return Taken(_each(request, events, tokens), _NO_CONTENT if beacon else _OK)


def _each(request: Request, events: Sequence[Mapping[str, Any]], tokens: Sequence[str | None]) -> Iterator[Received]:
    path, agent, method = redact(request.target), _agent(request), request.method
    size = len(request.body)
    for event, token in zip(events, tokens, strict=True):
        yield Received("event", path, token, agent, event, "", 200, method, size)


def _flags(request: Request, found: Route) -> Taken:
    version = parse_qs(request.query).get("v", ["1" if found.name == "/decide" else "2"])[0]
    if request.method in ("GET", "HEAD") and not request.query.count("data="):
        return _one(request, "flags", None, "a GET, which proves nothing", _json({"config": {}, "flags": {}}))
    value = _payload(request)
    token = capture.accepted(capture.token_of(value, request.headers.get("authorization", "")))
    who = value.get("distinct_id", value.get("$distinct_id")) if isinstance(value, dict) else None
    if who is None:
        raise Unreadable("flags requested without a distinct_id")
    return _one(request, "flags", token, f"for {str(who)[:200]}", _json(replies.flags(token, version)))


def _replay(request: Request) -> Taken:
    value = _payload(request, wire.LARGEST_REPLAY)
    first = value[0] if isinstance(value, list) and value else value
    properties = first.get("properties") if isinstance(first, dict) else None
    token = capture.token_of(first) or capture.token_of(properties) or capture.token_of({}, "")
    capture.accepted(token)
    detail = capture.replay(value, len(request.body))
    shots = detail["snapshots"]
    note = (
        f"{shots} snapshot{'' if shots == 1 else 's'}, {len(request.body) / 1024:.1f} kB, "
        f"{detail['seconds']:.1f} s of session {detail['session']}"
    )
    return _one(request, "replay", token, note, _OK, detail)


def _other(request: Request, found: Route | None) -> Taken:
    query = parse_qs(request.query)
    named = query.get("token", [""])[0] or capture.token_of({}, request.headers.get("authorization", "")) or ""
    token = named if named.startswith("phc_") else None
    if found is None:
        note = replies.asset(request.path)
        if request.path == "/":
            return _one(request, "other", None, "a look at the host", Answer(200, b"capture", "text/plain"))
        answer = _text("not found", 404)
        return _one(request, "other", token, note or "no path of PostHog's ingestion", answer)
    note, value = replies.named(found.name, request.method)
    return _one(request, "other", token, note, _json(value))


def _payload(request: Request, limit: int = wire.LARGEST_EVENTS) -> Any:
    headers = request.headers
    encoding, kind = headers.get("content-encoding", ""), headers.get("content-type", "")
    value = wire.payload(request.body, encoding, request.query, kind, limit)
    # snapshots are trees of pages as deep as those, and only counted
    return value if limit == wire.LARGEST_REPLAY else wire.shallow(value)


def _one(
    request: Request,
    kind: Kind,
    token: str | None,
    note: str,
    answer: Answer,
    detail: Mapping[str, Any] | None = None,
) -> Taken:
    return Taken(iter((received(request, kind, token, note, answer.status, detail),)), answer)


def _refused(request: Request, reason: str, answer: Answer, *, leak: bool = False) -> Taken:
    return Taken(iter((received(request, "refused", None, reason, answer.status, leak=leak),)), answer)


def received(
    request: Request | None,
    kind: Kind,
    token: str | None,
    note: str,
    status: int,
    detail: Mapping[str, Any] | None = None,
    leak: bool = False,
) -> Received:
    """What is told of a request that is no event; of None when it was no request at all. Secrets are masked."""
    if request is None:
        return Received(kind, "", token, "", None, redact(note), status, "", 0, detail, leak)
    path, size = redact(request.target), len(request.body)
    return Received(kind, path, token, _agent(request), None, redact(note), status, request.method, size, detail, leak)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _text(text: str, status: int) -> Answer:
    return Answer(status, text.encode("utf-8", "replace"), "text/plain; charset=utf-8")
