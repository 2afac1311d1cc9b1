"""The sink itself: a loopback HTTP server on its own thread; nothing that arrives can stop it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Protocol, Self

from wizard.errors import WizardError
from wizard.sink import intake
from wizard.sink.connection import Clients, Connection
from wizard.sink.http1 import Answer, Request
from wizard.sink.received import Received

BACKLOG = 1024
"""Connections that the system keeps while this process is busy."""


class Onward(Protocol):
    """Where requests are relayed to. `relay` gives the answer of the far end, or None when there is none in time."""

    def relay(self, request: Request) -> Awaitable[Answer | None]: ...


class Sink:
    """Listens on 127.0.0.1 (and ::1 where it can) from its creation, answers inside `with`. Port 0 takes a free one;
    `url` has no final slash.

    `on_receive` is called once per `Received`, never twice at the same time; while it waits, clients wait. `keep` is
    how many of the latest are remembered in `received` (None for all of them). Raises WizardError for a taken port.
    """

    def __init__(
        self,
        port: int = 0,
        on_receive: Callable[[Received], None] | None = None,
        *,
        keep: int | None = None,
        onward: Onward | None = None,
    ) -> None:
        self._changed = threading.Condition()
        self._received: deque[Received] = deque(maxlen=keep)
        self._count = 0
        self._on_receive = on_receive
        self._onward = onward
        self._clients = Clients(self)
        try:
            self._sockets = _loopback(port)
        except OSError as error:
            raise WizardError(
                f"cannot listen on port {port}: {error.strerror}",
                f"Take another one: --port {port + 1 if port < 65535 else 8010}, or --port 0 for a free one.",
            ) from error
        except OverflowError as error:
            raise WizardError(f"{port} is not a port", "Ports go from 0 to 65535.") from error
        self.port: int = self._sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._thread.start()
        # a stop that comes while the servers are being made would be lost
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def received(self) -> list[Received]:
        """Everything so far (as far as it is kept), in order of arrival; a copy."""
        with self._changed:
            return list(self._received)

    def wait_for(self, accept: Callable[[Received], bool], timeout: float) -> Received | None:
        """The first thing, past or to come within `timeout` seconds, that `accept` takes; None if none came."""
        limit, seen = time.monotonic() + timeout, 0
        while True:
            with self._changed:
                left = limit - time.monotonic()
                if self._count == seen and left > 0:
                    self._changed.wait(left)
                fresh = list(self._received)[max(0, len(self._received) - (self._count - seen)) :]
                seen_now = self._count
            if not fresh and left <= 0:
                return None
            seen = seen_now
            for item in fresh:
                if accept(item):
                    return item

    def answer(self, request: Request) -> Answer | Awaitable[Answer]:
        """Record what a request brought and say what goes back; called by its connection."""
        taken = intake.take(request)
        self._record(taken.items)
        if self._onward is None or request.method == "OPTIONS":
            return taken.answer
        return self._relayed(self._onward, request, taken.answer)

    async def _relayed(self, onward: Onward, request: Request, own: Answer) -> Answer:
        return await onward.relay(request) or own

    def refused(self, reason: str, status: int, request: Request | None) -> None:
        """Record what was no request; called by its connection."""
        self._record((intake.received(request, "refused", None, reason, status),))

    def _record(self, items: Iterable[Received]) -> None:
        keep = self._received.maxlen != 0
        for item in items:
            if keep:
                with self._changed:
                    self._received.append(item)
                    self._count += 1
            if self._on_receive is not None:
                self._on_receive(item)
        if keep:
            with self._changed:
                self._changed.notify_all()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers: list[asyncio.Server] = []
        try:
            for each in self._sockets:
                serving = self._loop.create_server(lambda: Connection(self._clients), sock=each, backlog=BACKLOG)
                servers.append(self._loop.run_until_complete(serving))
            self._sweep()
            self._loop.call_soon(self._ready.set)
            self._loop.run_forever()
        finally:
            self._ready.set()
            for server in servers:
                server.close()
            for connection in list(self._clients.open):
                connection.drop()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def _sweep(self) -> None:
        self._clients.sweep()
        self._loop.call_later(1.0, self._sweep)


def _loopback(port: int) -> list[socket.socket]:
    """The same port on 127.0.0.1 and, where there is IPv6, on ::1. Raises OSError, also when only one of them is free:

    "localhost" is ::1 first for many clients, which would find another program there.
    """
    for tries in reversed(range(1 if port else 5)):
        first = _listening("127.0.0.1", port)
        try:
            return [first, _listening("::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [first]
            first.close()
            if not tries:
                raise
    raise AssertionError("the last try returns or raises")


def _listening(address: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        # On Windows this option would let another process take the port over.
        if os.name != "nt":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((address, port))
        found.listen(BACKLOG)
        found.setblocking(False)
    except BaseException:
        found.close()
        raise
    return found


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A connection that broke off is the client's affair; anything else is our bug and must be seen."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)
