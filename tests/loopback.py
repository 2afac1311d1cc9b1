"""HTTP servers on loopback that live as long as a `with` block, and the tunnel that a proxy makes."""

from __future__ import annotations

import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

Owner = TypeVar("Owner")


class Handler(BaseHTTPRequestHandler, Generic[Owner]):
    """Answers the requests to the server of an `Owner`, which it knows; says nothing on stderr."""

    server: _Server

    @property
    def owner(self) -> Owner:
        """Whose server it is."""
        owner: Owner = self.server.owner
        return owner

    def log_message(self, format: str, *args: Any) -> None:
        return


class Loopback:
    """A server on a port of its own, with a thread for each connection. `handler` answers."""

    handler: ClassVar[type[BaseHTTPRequestHandler]]

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), self.handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])


class _Server(ThreadingHTTPServer):
    owner: Any
    daemon_threads = True
    block_on_close = False


def shuttle(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes between the two until one of them ends."""
    ends = {one: other, other: one}
    while ready := select.select(list(ends), [], [], 60)[0]:
        for end in ready:
            try:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)
            except OSError:
                return
