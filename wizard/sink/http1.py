"""HTTP/1.1 as bytes: heads into requests, answers into bytes, and which strangers speak something else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

LARGEST_HEAD = 64 * 1024
"""Bytes of the request line and the headers together; node's default is 16 KB, most servers' 8 to 64 KB."""

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
"""Headers that concern one connection only (RFC 9110, 7.6.1)."""

_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) ([^\s\x00-\x1f\x7f]+) HTTP/1\.([01])\Z")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


class Malformed(Exception):
    """No HTTP request; `status` is what to answer, 0 for not a word."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(slots=True)
class Request:
    """One request. Names of `headers` are lower-case, `raw` has them as they came; `target` is path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    raw: Sequence[tuple[bytes, bytes]]
    keep_alive: bool
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path without the query; of an absolute target (`GET http://host/e/`) too."""
        return _path(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]


def _path(target: str) -> str:
    if target.startswith("/"):
        return target
    absolute = re.match(r"[a-z]+://[^/]*(/.*)?\Z", target, re.IGNORECASE)
    return (absolute[1] if absolute else target) or "/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `headers` are added to those that every answer has."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def stranger(start: bytes) -> str:
    """What speaks on this port that is not HTTP/1, by its first bytes; "" when they may be a request's."""
    if start[:1] in (b"\x16", b"\x80") and (len(start) < 2 or start[1:2] in (b"\x03", b"\x2e", b"\x80")):
        return "a TLS connection: this port speaks plain http, so the host must start with http://, not https://"
    if start[:3] == b"PRI":
        return "an HTTP/2 connection: this port speaks HTTP/1.1"
    if start[:1] and not (b"A" <= start[:1] <= b"Z" or start[:1] in b"\r\n"):
        return "bytes that are no HTTP"
    return ""


def parse(head: bytes) -> Request:
    """A request without its body, from all bytes before the empty line. Raises Malformed."""
    first, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    line = _REQUEST_LINE.match(first)
    if not line:
        raise Malformed("the request line is not HTTP/1")
    raw: list[tuple[bytes, bytes]] = []
    headers: dict[str, str] = {}
    for each in lines:
        name, colon, value = each.partition(b":")
        if not colon or not _NAME.match(name) or b"\r" in value or b"\0" in value:
            raise Malformed("a header is malformed")
        value = value.strip(b" \t")
        raw.append((name, value))
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        if key == "content-length" and headers.get(key, text) != text:
            raise Malformed("two lengths of the body")
        headers[key] = text
    connection = headers.get("connection", "").lower()
    alive = "close" not in connection if line[3] == b"1" else "keep-alive" in connection
    return Request(line[1].decode(), line[2].decode("latin-1"), headers, raw, alive)


def length(request: Request, largest: int) -> int | None:
    """Bytes of the body; None when it comes in chunks. Raises Malformed for what is no length, or too much."""
    if coding := request.headers.get("transfer-encoding"):
        if coding.lower().rpartition(",")[2].strip() != "chunked":
            raise Malformed("a Transfer-Encoding other than chunked", 501)
        return None
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise Malformed("Content-Length is not a number")
    if len(text) > 15 or int(text) > largest:
        raise Malformed(f"the body is larger than {largest >> 20} MB", 413)
    return int(text)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def render(answer: Answer, request: Request | None, alive: bool) -> bytes:
    """The bytes of an answer, open to any origin; without its body for HEAD and 204."""
    bodiless = answer.status in (204, 304)
    parts = [_status_line(answer.status)]
    if not bodiless:
        parts.append(b"Content-Type: %b\r\nContent-Length: %d\r\n" % (answer.content_type.encode(), len(answer.body)))
    parts += [b"%b: %b\r\n" % header for header in answer.headers]
    parts.append(_cross_origin(request.headers, request.method) if request else b"")
    parts.append(b"Connection: keep-alive\r\n\r\n" if alive else b"Connection: close\r\n\r\n")
    if not bodiless and not (request and request.method == "HEAD"):
        parts.append(answer.body)
    return b"".join(parts)


def _cross_origin(headers: Mapping[str, str], method: str) -> bytes:
    """Whatever a page asks for is allowed: the sink holds nothing that a page could steal."""
    origin = headers.get("origin")
    if origin is None and method != "OPTIONS":
        return b"Access-Control-Allow-Origin: *\r\n"
    lines = [f"Access-Control-Allow-Origin: {origin or '*'}", "Vary: Origin"]
    if origin:
        lines.append("Access-Control-Allow-Credentials: true")
    if method == "OPTIONS":
        asked = headers.get("access-control-request-method", "")
        lines.append(f"Access-Control-Allow-Methods: {asked if asked.isalpha() else 'GET, POST, HEAD, OPTIONS'}")
        # with credentials a star would be taken for a name
        lines.append(f"Access-Control-Allow-Headers: {headers.get('access-control-request-headers') or '*'}")
        lines.append("Access-Control-Allow-Private-Network: true")
        lines.append("Access-Control-Max-Age: 600")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
