"""One client's connection: bytes in, requests out, answers back; whatever a client does costs only itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol, cast

from wizard.sink import http1
from wizard.sink.http1 import Answer, Malformed, Request
from wizard.sink.wire import LARGEST_BODY

IDLE = 75.0
"""Seconds until a kept-alive connection that says nothing is closed."""

HEAD_LIMIT = 10.0
"""Seconds from the first byte of a request to the end of its headers."""

STALL_LIMIT = 20.0
"""Seconds in which a body must go on, and an answer must be taken."""

LINGER = 2.0
"""Seconds that a refused client has to take its answer."""

MOST_CONNECTIONS = 512
"""At most; fewer where the system allows a process fewer files (256 on macOS)."""

MOST_BUFFERED = 256 * 1024 * 1024
"""Bytes of unfinished requests, of all connections together."""


class Service(Protocol):
    """What answers requests; `refused` hears of what is none."""

    def answer(self, request: Request) -> Answer | Awaitable[Answer]: ...
    def refused(self, reason: str, status: int, request: Request | None) -> None: ...


@dataclass(eq=False)
class Clients:
    """All open connections, and what they may use together."""

    service: Service
    open: dict[Connection, None] = field(default_factory=dict)
    buffered: int = 0
    most: int = field(default_factory=lambda: _room())

    def sweep(self) -> None:
        """Close the connections that have kept still for too long."""
        now = time.monotonic()
        for connection in [c for c in self.open if now > c.deadline]:
            connection.drop()

    def make_room(self) -> None:
        """At the limit, the one that has gone longest without a whole request makes room for the next."""
        while len(self.open) >= self.most:
            next(iter(self.open)).drop()

    def used(self, connection: Connection) -> None:
        """It has sent a whole request."""
        if connection in self.open:
            del self.open[connection]
            self.open[connection] = None


def _room() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return MOST_CONNECTIONS
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(16, min(MOST_CONNECTIONS, allowed - 64)) if allowed > 0 else MOST_CONNECTIONS


class Connection(asyncio.Protocol):
    """Parses as the bytes come; one request at a time, in order."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._buffer = bytearray()
        self._request: Request | None = None
        self._left = 0
        self._chunked: bytearray | None = None
        self._counted = 0
        self._busy = self._finished = self._full = False
        self._task: asyncio.Task[None] | None = None
        self.deadline = time.monotonic() + IDLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._clients.make_room()
        self._clients.open[self] = None

    def connection_lost(self, error: Exception | None) -> None:
        self._clients.open.pop(self, None)
        self._count(0)
        self._finished = True
        if self._task:
            self._task.cancel()

    def drop(self) -> None:
        """End it now, whatever is under way."""
        self._finished = True
        self._clients.open.pop(self, None)
        self._count(0)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._finished:
            return
        if not self._buffer and self._request is None:
            self.deadline = time.monotonic() + HEAD_LIMIT
        elif self._request is not None:
            self.deadline = time.monotonic() + STALL_LIMIT
        self._buffer += data
        self._advance()

    def eof_received(self) -> bool:
        # a client that has said all it has to say may still wait for the answer
        if not self._busy:
            return False
        self._finished = True
        return True

    def pause_writing(self) -> None:
        self._full = True
        self._transport.pause_reading()
        self.deadline = time.monotonic() + STALL_LIMIT

    def resume_writing(self) -> None:
        self._full = False
        self._transport.resume_reading()
        self._advance()

    def _advance(self) -> None:
        try:
            while not (self._busy or self._full or self._finished) and self._step():
                pass
            if (self._busy or self._full) and len(self._buffer) > http1.LARGEST_HEAD:
                self._transport.pause_reading()
            self._count(len(self._buffer) + len(self._chunked or b""))
        except Malformed as error:
            self._clients.service.refused(error.reason, error.status, self._request)
            self._end(error)

    def _end(self, error: Malformed) -> None:
        self._finished = True
        if error.status:
            text = error.reason.encode("ascii", "replace")
            answer = Answer(error.status, text, "text/plain; charset=utf-8")
            self._transport.write(http1.render(answer, self._request, alive=False))
        self._buffer.clear()
        self._chunked = None
        self._count(0)
        # closing while the client still sends would reset the connection and lose the answer: what comes is dropped
        self.deadline = time.monotonic() + LINGER
        self._transport.write_eof()

    def _step(self) -> bool:
        """Take the next piece out of the buffer; False when it is not whole yet."""
        if self._request is None:
            return self._head()
        return self._body() if self._chunked is None else self._chunk(self._chunked)

    def _head(self) -> bool:
        buffer = self._buffer
        while buffer and buffer[0] in b"\r\n":
            del buffer[:1]
        if not buffer:
            return False
        if other := http1.stranger(bytes(buffer[:8])):
            raise Malformed(other, 0 if buffer[0] < 32 or buffer[0] > 126 else 400)
        end, gap = buffer.find(b"\r\n\r\n", 0, http1.LARGEST_HEAD), 4
        if end < 0:
            end, gap = buffer.find(b"\n\n", 0, http1.LARGEST_HEAD), 2
        if end < 0:
            if len(buffer) >= http1.LARGEST_HEAD:
                raise Malformed("the headers are larger than 64 KB", 431)
            return False
        request = http1.parse(bytes(buffer[:end]))
        self._request = request
        del buffer[: end + gap]
        size = http1.length(request, LARGEST_BODY)
        self._left, self._chunked = size or 0, bytearray() if size is None else None
        if (size is None or size > len(buffer)) and request.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _body(self) -> bool:
        if len(self._buffer) < self._left:
            return False
        body = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._take(body)
        return True

    def _chunk(self, sofar: bytearray) -> bool:
        end = self._buffer.find(b"\n", 0, 300)
        if end < 0:
            if len(self._buffer) >= 300:
                raise Malformed("a chunk has no size")
            return False
        digits = bytes(self._buffer[:end]).split(b";")[0].strip()
        if not digits or len(digits) > 12 or digits.strip(b"0123456789abcdefABCDEF"):
            raise Malformed("a chunk has no size")
        size = int(digits, 16)
        if size + len(sofar) > LARGEST_BODY:
            raise Malformed("the body is too large", 413)
        if not size:
            return self._trailer(end + 1, sofar)
        if len(self._buffer) < end + 1 + size + 2:
            return False
        if self._buffer[end + 1 + size : end + 3 + size] != b"\r\n":
            raise Malformed("a chunk does not end where it says")
        sofar += self._buffer[end + 1 : end + 1 + size]
        del self._buffer[: end + 3 + size]
        return True

    def _trailer(self, start: int, body: bytearray) -> bool:
        """The lines behind the last chunk, up to an empty one."""
        while (end := self._buffer.find(b"\n", start)) >= 0:
            if not bytes(self._buffer[start:end]).strip():
                self._chunked = None
                del self._buffer[: end + 1]
                self._take(bytes(body))
                return True
            start = end + 1
        if len(self._buffer) > http1.LARGEST_HEAD:
            raise Malformed("the trailer is too large", 431)
        return False

    def _take(self, body: bytes) -> None:
        request = self._request
        assert request is not None
        request.body = body
        self._count(len(self._buffer))
        self._clients.used(self)
        self._busy = True
        answer = self._clients.service.answer(request)
        if isinstance(answer, Answer):
            self._send(answer)
        else:
            self.deadline = float("inf")
            self._task = asyncio.ensure_future(self._later(answer))

    async def _later(self, answer: Awaitable[Answer]) -> None:
        found = await answer
        self._task = None
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._send(found)
            self._advance()

    def _send(self, answer: Answer) -> None:
        request, self._request, self._busy = self._request, None, False
        assert request is not None
        self.deadline = time.monotonic() + IDLE
        alive = request.keep_alive and not self._finished
        self._transport.write(http1.render(answer, request, alive))
        if not alive:
            self._finished = True
            self._transport.close()

    def _count(self, size: int) -> None:
        """Keep the sum of what waits in memory. Raises Malformed when all connections together hold too much."""
        self._clients.buffered += size - self._counted
        self._counted = size
        if size and self._clients.buffered > MOST_BUFFERED:
            raise Malformed("too many large requests at once", 503)
