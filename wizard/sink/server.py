"""The loopback HTTP server itself: requests in, `Received` out; nothing that arrives can stop it."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self

from wizard.errors import WizardError
from wizard.sink import wire
from wizard.sink.wire import Kind, Route, Unreadable

IDLE = 75.0
"""Seconds until a kept-alive connection that says nothing is closed."""


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that an SDK sent. `event` (only for kind "event") has `event`, `distinct_id`, `uuid`, `timestamp` and
    `properties`; a batch becomes one `Received` per event."""

    kind: Kind
    path: str
    token: str | None
    user_agent: str
    event: Mapping[str, Any] | None = None


class Sink:
    """Listens on 127.0.0.1 from its creation, answers inside `with`. Port 0 takes a free one; `url` has no final slash.

    `on_receive` is called once per `Received`, never twice at the same time. Raises WizardError for a taken port.
    """

    def __init__(self, port: int = 0, on_receive: Callable[[Received], None] | None = None) -> None:
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._on_receive = on_receive
        try:
            self._server = _Server(self, port)
        except OSError as error:
            raise WizardError(
                f"cannot listen on port {port}: {error.strerror}", "Choose another one with --port."
            ) from error
        except OverflowError as error:
            raise WizardError(f"{port} is not a port", "Ports go from 0 to 65535.") from error
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sink", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def received(self) -> list[Received]:
        """Everything so far, in order of arrival; a copy."""
        with self._changed:
            return list(self._received)

    def wait_for(self, accept: Callable[[Received], bool], timeout: float) -> Received | None:
        """The first thing, past or to come within `timeout` seconds, that `accept` takes; None if none came."""
        limit, seen = time.monotonic() + timeout, 0
        while True:
            with self._changed:
                left = limit - time.monotonic()
                if len(self._received) == seen and left > 0:
                    self._changed.wait(left)
                fresh = self._received[seen:]
            if not fresh and left <= 0:
                return None
            seen += len(fresh)
            for item in fresh:
                if accept(item):
                    return item

    def record(self, items: list[Received]) -> None:
        """Keep what a request brought; called by the server's threads."""
        with self._changed:
            for item in items:
                self._received.append(item)
                if self._on_receive is not None:
                    self._on_receive(item)
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    # On Windows this option would let another process take the port over.
    allow_reuse_address = os.name != "nt"

    def __init__(self, sink: Sink, port: int) -> None:
        self.sink = sink
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for our name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is the client's affair; anything else is our bug and must be seen."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "posthog-wizard", ""
    timeout = IDLE
    # Headers and body leave in one packet; otherwise delayed ACKs cost 40 ms per request.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        try:
            body = self._body()
            match wire.route(path):
                case None:
                    self._record([self._received("other")])
                    self._answer(404, {"error": "not found"})
                case Route("config", token, script) if token:
                    self._record([self._received("config", token)])
                    self._answer(200, wire.config_script(token) if script else wire.config(token))
                case found:
                    self._answer(200, self._taken(found, body, query))
        except Unreadable as error:
            self.close_connection = self.close_connection or error.status == 413
            self._answer(error.status, {"type": "validation_error", "detail": error.reason})

    do_POST = do_PUT = do_HEAD = do_GET

    def do_OPTIONS(self) -> None:
        """A preflight: whatever is asked for is allowed."""
        self._answer(204, "")

    def _taken(self, found: Route, body: bytes, query: str) -> dict[str, Any]:
        """Record what the request brought and say what its SDK expects to hear. Raises Unreadable."""
        bearer = self.headers.get("Authorization", "")
        encoding = self.headers.get("Content-Encoding", "")
        if found.kind == "event":
            value = wire.payload(body, encoding, query)
            arrived = wire.events(value)
            outer = wire.token_of(value, bearer)
            self._record(
                [
                    self._received("event", wire.token_of(e) or wire.token_of(e["properties"]) or outer, e)
                    for e in arrived
                ]
            )
            return wire.results(arrived) if found.versioned else {"status": "Ok"}
        if found.kind == "flags":
            token = wire.token_of(wire.payload(body, encoding, query) if body else {}, bearer)
            self._record([self._received("flags", token)])
            return wire.flags(token or "")
        self._record([self._received(found.kind, wire.token_of({}, bearer))])
        if self.command == "GET":
            return {"flags": [], "group_type_mapping": {}, "cohorts": {}, "surveys": []}
        return {"status": "Ok"}

    def _received(self, kind: Kind, token: str | None = None, event: Mapping[str, Any] | None = None) -> Received:
        return Received(kind, self.path, token, self.headers.get("User-Agent", ""), event)

    def _record(self, items: list[Received]) -> None:
        self.server.sink.record(items)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        text = self.headers.get("Content-Length", "0").strip()
        if not (text.isascii() and text.isdigit()):
            self.close_connection = True
            raise Unreadable("Content-Length is not a number")
        return self._read(int(text[:20]))

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            try:
                size = int(self.rfile.readline(200).split(b";")[0].strip(), 16)
            except ValueError as error:
                self.close_connection = True
                raise Unreadable("a chunk has no size") from error
            if size <= 0:
                break
            if size + sum(map(len, parts)) > wire.LARGEST_BODY:
                raise Unreadable("the body is too large", 413)
            parts.append(self._read(size))
            self.rfile.readline(3)
        while self.rfile.readline(65537).strip():
            pass
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        if size > wire.LARGEST_BODY:
            raise Unreadable("the body is too large", 413)
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError("the client left in the middle of its body")
        return body

    def _answer(self, status: int, answer: dict[str, Any] | str) -> None:
        kind = "text/javascript" if isinstance(answer, str) else "application/json"
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        for name, value in self._cross_origin():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)
        self.wfile.flush()

    def _cross_origin(self) -> list[tuple[str, str]]:
        origin = self.headers.get("Origin")
        headers = [("Access-Control-Allow-Origin", origin or "*"), ("Vary", "Origin")]
        if origin:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if self.command == "OPTIONS":
            asked = self.headers.get("Access-Control-Request-Headers", "*")
            headers += [
                ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
                ("Access-Control-Allow-Headers", asked),
                ("Access-Control-Allow-Private-Network", "true"),
                ("Access-Control-Max-Age", "600"),
            ]
        return headers

    def log_message(self, format: str, *args: Any) -> None:
        """The default would write to stderr, which belongs to the console."""
