"""What PostHog's SDKs put on the wire, read: paths, compressions, forms and the shapes of a body."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

Kind = Literal["event", "flags", "config", "replay", "other"]

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes after decompression; PostHog itself refuses batches above 20 MB."""

_EVENTS = r"e|capture|track|engage|batch|i/v0/e|i/v0/ai/batch|i/v1/analytics/events"
_ROUTES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("config", re.compile(r"/array/(?P<token>[^/]+)/config(?P<script>\.js)?")),
    ("event", re.compile(rf"/(?:{_EVENTS})")),
    ("flags", re.compile(r"/(?:flags|decide)")),
    ("replay", re.compile(r"/s")),
    ("other", re.compile(r"/(?:i/v[01]/[\w/]+|flags/definitions|api/\w[\w/]*)")),
)


class Unreadable(Exception):
    """A request that no PostHog SDK sends; `status` is the HTTP status to answer."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Route:
    """What a path asks for. `token` and `script` (config.js rather than JSON) are known for `config` only."""

    kind: Kind
    token: str | None = None
    script: bool = False
    versioned: bool = False


def route(path: str) -> Route | None:
    """The meaning of a path without its query; a prefix (`/ingest`) and a final slash are tolerated.

    None for what is no ingestion path, such as `/static/recorder.js`.
    """
    bare = "/" + path.strip("/")
    for kind, pattern in _ROUTES:
        match = re.search(rf"{pattern.pattern}\Z", bare)
        if match and "/static/" not in bare:
            groups = match.groupdict()
            token = unquote(groups["token"]) if groups.get("token") else None
            return Route(kind, token, bool(groups.get("script")), "/i/v1/analytics/" in match[0])
    return None


def payload(body: bytes, encoding: str, query: str) -> Any:
    """The JSON value in a request body, whatever it is wrapped in; `encoding` is the Content-Encoding header.

    gzip is also recognised by its magic bytes, base64 by the `data=` form or `compression=base64`. A body that is
    empty may have its data in the query (`GET /e/?data=`). Raises Unreadable.
    """
    options = parse_qs(query)
    body = _decompressed(body, encoding.strip().lower())
    if not body and "data" in options:
        return _json(_json_or_base64(options["data"][-1]))
    if body.startswith(b"data=") or b"&data=" in body[:200]:
        form = parse_qs(body.decode("latin-1"))
        if "data" not in form:
            raise Unreadable("the form has no data")
        return _json(_json_or_base64(form["data"][-1]))
    if options.get("compression") == ["base64"]:
        return _json(_json_or_base64(body.decode("utf-8", "replace")))
    return _json(body)


def _decompressed(body: bytes, encoding: str) -> bytes:
    if body.startswith(b"\x1f\x8b"):
        return _inflated(body, 31)
    if encoding == "deflate":
        return _inflated(body, zlib.MAX_WBITS)
    if encoding in ("", "identity", "gzip", "x-gzip"):
        return body
    raise Unreadable(f"cannot read Content-Encoding {encoding!r}", 415)


def _inflated(body: bytes, window: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        data = stream.decompress(body, LARGEST_BODY)
    except zlib.error as error:
        raise Unreadable(f"the compressed body is damaged: {error}") from error
    if stream.unconsumed_tail:
        raise Unreadable("the body is too large", 413)
    if not stream.eof:
        raise Unreadable("the compressed body is cut off")
    return data


def _json_or_base64(text: str) -> bytes:
    return text.encode() if text.lstrip()[:1] in ("{", "[") else _base64(text)


def _base64(text: str) -> bytes:
    # A raw + of base64 reads as a blank in a form.
    text = "".join(text.replace(" ", "+").split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise Unreadable("the base64 data is damaged") from error
    return _decompressed(data, "")


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error


def token_of(value: Any, authorization: str = "") -> str | None:
    """The project token of a body, an event or the `Authorization: Bearer` header."""
    if isinstance(value, Mapping):
        for name in ("api_key", "token", "$token"):
            if isinstance(value.get(name), str) and value[name]:
                return str(value[name])
    scheme, _, bearer = authorization.strip().partition(" ")
    return bearer.strip() or None if scheme.lower() == "bearer" else None


def events(value: Any) -> list[dict[str, Any]]:
    """The events in a body: one event, a list of them, or an envelope with `batch` (old SDKs: `data`).

    Each has `event`, `distinct_id`, `uuid`, `timestamp` and `properties`, and keeps whatever else it came with.
    Raises Unreadable if any of them is no event.
    """
    match value:
        case {"batch": list(items)} | {"data": list(items)}:
            return [_event(item, value) for item in items]
        case list(items):
            return [_event(item, {}) for item in items]
        case _:
            return [_event(value, {})]


def _event(item: Any, envelope: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Unreadable("an event is not an object")
    name = item.get("event")
    if name is None and any(key in item for key in ("$set", "$set_once")):
        name = "$set"
    properties = item.get("properties") or {}
    if not isinstance(name, str) or not name or not isinstance(properties, dict):
        raise Unreadable("an event has no name, or its properties are not an object")
    who = (item.get("distinct_id"), item.get("$distinct_id"), properties.get("distinct_id"))
    return {
        **item,
        "event": name,
        "distinct_id": next((w for w in who if w is not None), None),
        "uuid": item.get("uuid"),
        "timestamp": item.get("timestamp") or envelope.get("sent_at") or envelope.get("created_at"),
        "properties": properties,
    }


def config(token: str) -> dict[str, Any]:
    """Remote config of a project with every optional product off, so that an SDK sends events and nothing else.

    Source: posthog-js `RemoteConfig`.
    """
    return {
        "token": token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "autocaptureExceptions": False,
        "captureDeadClicks": False,
        "capturePerformance": False,
        "elementsChainAsString": True,
        "heatmaps": False,
        "sessionRecording": False,
        "siteApps": [],
        "surveys": False,
        "toolbarParams": {},
        "isAuthenticated": False,
    }


def config_script(token: str) -> str:
    """`config` as the script that posthog-js loads first."""
    answer = json.dumps({"config": config(token), "siteApps": []}).replace("<", "\\u003c")
    name = json.dumps(token).replace("<", "\\u003c")
    return (
        "(function(){var all=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f"all[{name}]={answer};}})();\n"
    )


def flags(token: str) -> dict[str, Any]:
    """The answer of `/flags` and, for old SDKs, of `/decide`: no flags at all."""
    return {
        **config(token),
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
        "quotaLimited": [],
    }


def results(received: list[dict[str, Any]]) -> dict[str, Any]:
    """The v1 answer: every event by its uuid, all accepted."""
    return {"results": {str(event["uuid"]): {"result": "ok"} for event in received if event["uuid"] is not None}}
