"""What PostHog's SDKs put on the wire, read: paths, compressions, forms and multipart bodies."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote

from wizard.sink.received import Kind

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of a body as sent; PostHog asks proxies to let 64 MB through."""

LARGEST_EVENTS = 20 * 1024 * 1024
"""Bytes of events after decompression; PostHog refuses more (capture, /batch)."""

LARGEST_REPLAY = 25 * 1024 * 1024
"""Bytes of replay snapshots after decompression; PostHog refuses more (capture, /s)."""

MOST_VALUES = 4_000_000
"""Values in a body: what a few MB of `[],[],[]` may cost in memory has a limit too."""

DEEPEST = 128
"""Levels of a body that PostHog reads (serde_json); what is deeper Python may read, but not write again."""

_EVENTS = r"e|capture|track|engage|batch|i/v0/e|i/v0/ai(?:/batch)?|i/v1/analytics/events"
_ROUTES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("config", re.compile(r"/array/(?P<token>[^/]+)/config(?P<script>\.js)?\Z")),
    ("event", re.compile(rf"/(?:{_EVENTS})\Z")),
    ("flags", re.compile(r"/(?:flags|decide)\Z")),
    ("replay", re.compile(r"/s\Z")),
    ("other", re.compile(r"/(?:i/v[01]/[\w/]+|flags/definitions|api/[\w@][\w@/.-]*|_?readiness|_?liveness)\Z")),
)


class Unreadable(Exception):
    """A request that PostHog refuses; `status` is the HTTP status to answer."""

    def __init__(self, reason: str, status: int = 400, *, leak: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.leak = leak


@dataclass(frozen=True, slots=True)
class Route:
    """What a path asks for. `token` and `script` (config.js rather than JSON) are known for `config` only."""

    kind: Kind
    token: str | None = None
    script: bool = False
    versioned: bool = False
    name: str = ""


@lru_cache(maxsize=256)
def route(path: str) -> Route | None:
    """The meaning of a path without its query; a prefix (`/ingest`) and a final slash are tolerated.

    None for what is no ingestion path, such as `/static/recorder.js`.
    """
    bare = "/" + path.strip("/")
    if "/static/" in bare:
        return None
    for kind, pattern in _ROUTES:
        if match := pattern.search(bare):
            groups = match.groupdict()
            token = unquote(groups["token"]) if groups.get("token") else None
            return Route(kind, token, bool(groups.get("script")), "/i/v1/analytics/" in match[0], match[0])
    return None


def of_sdks(method: str, path: str) -> bool:
    """May it come from an SDK? Pages of PostHog, its administration and writing calls of its API may not."""
    bare = "/" + path.strip("/")
    if "/static/" in bare or "/array/" in bare:
        return method in ("GET", "HEAD")
    found = route(path)
    return found is not None and (not found.name.startswith("/api/") or method in ("GET", "HEAD"))


def payload(body: bytes, encoding: str, query: str, content_type: str = "", limit: int = LARGEST_EVENTS) -> Any:
    """The JSON value in a request body, whatever it is wrapped in; `encoding` is the Content-Encoding header.

    gzip is also recognised by its magic bytes, base64 by the `data=` form or `compression=base64`. A body that is
    empty may have its data in the query (`GET /e/?data=`). Raises Unreadable.
    """
    options = parse_qs(query) if query else {}
    body = decompressed(body, encoding.strip().lower(), limit)
    if not body and "data" in options:
        return _json(_json_or_base64(options["data"][-1], limit), limit)
    if content_type.startswith("multipart/form-data"):
        return multipart(body, content_type)
    if body.startswith(b"data=") or b"&data=" in body[:200]:
        form = parse_qs(body.decode("latin-1"))
        if "data" not in form:
            raise Unreadable("the form has no data")
        return _json(_json_or_base64(form["data"][-1], limit), limit)
    match options.get("compression"):
        case ["base64"]:
            return _json(_json_or_base64(body.decode("utf-8", "replace"), limit), limit)
        case ["lz64"]:
            raise Unreadable("the body is compressed as lz64, which no SDK sends since 2021: update the SDK", 415)
    return _json(body, limit)


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """The bytes inside; at most `limit` of them. Raises Unreadable."""
    if body[:2] == b"\x1f\x8b":
        return _inflated(body, 31, limit)
    if encoding == "deflate":
        return _inflated(body, zlib.MAX_WBITS, limit)
    if encoding == "zstd" or body[:4] == b"\x28\xb5\x2f\xfd":
        return _from_zstd(body, limit)
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Unreadable(f"cannot read Content-Encoding {encoding[:40]!r}", 415)
    if len(body) > limit:
        raise Unreadable(f"the body is larger than PostHog takes ({limit >> 20} MB)", 413)
    return body


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        data = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unreadable(f"the compressed body is damaged: {error}") from error
    if len(data) > limit:
        raise Unreadable(f"the body is larger than PostHog takes ({limit >> 20} MB after decompression)", 413)
    if not stream.eof:
        raise Unreadable("the compressed body is cut off")
    return data


def _from_zstd(body: bytes, limit: int) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise Unreadable("zstd cannot be read here: only with Python 3.14 or later", 415) from error
    stream = zstd.ZstdDecompressor()
    try:
        data = bytes(stream.decompress(body, limit + 1))
    except zstd.ZstdError as error:
        raise Unreadable("the zstd body is damaged") from error
    if len(data) > limit:
        raise Unreadable(f"the body is larger than PostHog takes ({limit >> 20} MB after decompression)", 413)
    if not stream.eof:
        raise Unreadable("the compressed body is cut off")
    return data


def _json_or_base64(text: str, limit: int) -> bytes:
    return text.encode("utf-8", "replace") if text.lstrip()[:1] in ("{", "[") else _base64(text, limit)


def _base64(text: str, limit: int) -> bytes:
    # A raw + of base64 reads as a blank in a form.
    text = "".join(text.replace(" ", "+").split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise Unreadable("the base64 data is damaged") from error
    return decompressed(data, "", limit)


def _json(data: bytes, limit: int) -> Any:
    if not data.strip():
        raise Unreadable("request missing data payload")
    if len(data) > MOST_VALUES and sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Unreadable(f"the body holds more than {MOST_VALUES} values", 413)
    try:
        return json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("failed to parse request: the body is not JSON") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def shallow(value: Any) -> Any:
    """The very value. Raises Unreadable for one that is nested deeper than PostHog reads."""
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        inside = (v for each in level for v in (each.values() if isinstance(each, dict) else each))
        level = [v for v in inside if isinstance(v, (dict, list))]
        if not level:
            return value
    raise Unreadable(f"failed to parse request: the body is nested more than {DEEPEST} levels deep")


def multipart(body: bytes, content_type: str) -> Any:
    """The event of an LLM call: part `event`, part `event.properties`, and blobs that become properties in short."""
    boundary = re.search(r'boundary=(?:"([^"]+)"|([^\s;]+))', content_type)
    if not boundary:
        raise Unreadable("the multipart body has no boundary")
    found: dict[str, Any] = {}
    for part in body.split(b"--" + (boundary[1] or boundary[2]).encode("latin-1"))[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if separator and name:
            content = content.removesuffix(b"\r\n")
            mime = re.search(rb"(?i)content-type:\s*([\w/+.-]+)", head)
            found[name[1].decode("utf-8", "replace")] = (mime[1].decode() if mime else "", content)
    if "event" not in found:
        raise Unreadable("the multipart body has no part named event")
    event = _json(found["event"][1], LARGEST_EVENTS)
    properties = _json(found["event.properties"][1], LARGEST_EVENTS) if "event.properties" in found else {}
    if not isinstance(event, dict) or not isinstance(properties, dict):
        raise Unreadable("a part of the multipart body is not an object")
    blobs = {
        name.removeprefix("event.properties."): f"({mime or 'blob'}, {len(content)} bytes)"
        for name, (mime, content) in found.items()
        if name.startswith("event.properties.")
    }
    own = event.get("properties")
    return {**event, "properties": {**(own if isinstance(own, dict) else {}), **properties, **blobs}}
