"""Relaying beside the showing: a bounded queue and a few workers, so that a slow PostHog holds nobody up."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from wizard.sink.http1 import Answer, Request

WORKERS = 8
MOST_WAITING = 1000
MOST_BYTES = 64 * 1024 * 1024

PATIENCE = 5.0
"""Seconds that an SDK waits for the real answer before it gets ours; most SDKs give up after 3 to 15."""

Exchange = Callable[[Request], Answer | str]
"""The answer of the far end, or in words why there is none."""


class Forwarder:
    """Hands each request to `exchange` in a thread of its own. `trouble` hears each kind of failure once.

    `relayed` counts answers of the far end (`rejected` those of them from 400 on), `lost` requests without one.
    """

    def __init__(
        self,
        exchange: Exchange,
        trouble: Callable[[str], None],
        *,
        patience: float = PATIENCE,
        workers: int = WORKERS,
        most: int = MOST_WAITING,
    ) -> None:
        self._exchange = exchange
        self._trouble = trouble
        self._patience = patience
        self._queue: queue.Queue[tuple[Request, asyncio.Future[Answer | None]] | None] = queue.Queue(most)
        self._guard = threading.Lock()
        self._bytes = self._pending = 0
        self._told: set[str] = set()
        self.relayed = self.rejected = self.lost = 0
        self._threads = [threading.Thread(target=self._work, name="relay", daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def relay(self, request: Request) -> Awaitable[Answer | None]:
        """The far end's answer; None when it fails, or takes longer than the SDK should wait (it goes on then)."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        with self._guard:
            full = self._bytes + len(request.body) > MOST_BYTES
            if not full:
                try:
                    self._queue.put_nowait((request, future))
                except queue.Full:
                    full = True
                else:
                    self._bytes += len(request.body)
                    self._pending += 1
        if full:
            self._fail("requests come faster than they can be relayed; some stay here")
            future.set_result(None)
        return self._within(future)

    def close(self, limit: float) -> int:
        """Wait for what is under way, at most `limit` seconds; returns how many requests stayed behind."""
        end = time.monotonic() + limit
        while self._pending and time.monotonic() < end:
            time.sleep(0.01)
        left = self._pending
        with suppress(queue.Full):
            for _ in self._threads:
                self._queue.put_nowait(None)
        return left

    @property
    def pending(self) -> int:
        """Requests that wait or are under way."""
        return self._pending

    async def _within(self, future: asyncio.Future[Answer | None]) -> Answer | None:
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._patience)
        except TimeoutError:
            self._tell(f"no answer within {self._patience:g} s; the app gets the answer of this machine meanwhile")
            return None

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            request, future = job
            found = self._exchange(request)
            answer = found if isinstance(found, Answer) else None
            if isinstance(found, str):
                self._fail(found)
            else:
                self._count(found)
            with self._guard:
                self._bytes -= len(request.body)
                self._pending -= 1
            # the loop may be closed by now: then nobody waits any more
            with suppress(RuntimeError):
                future.get_loop().call_soon_threadsafe(_settle, future, answer)

    def _count(self, answer: Answer) -> None:
        with self._guard:
            self.relayed += 1
            self.rejected += answer.status >= 400
        if answer.status >= 400:
            plain = answer.content_type.startswith("text/plain") and answer.body.isascii()
            said = f": {answer.body[:200].decode('ascii')}" if plain else ""
            self._tell(f"PostHog answers {answer.status}{said}")

    def _fail(self, reason: str) -> None:
        with self._guard:
            self.lost += 1
        self._tell(f"not relayed: {reason}")

    def _tell(self, reason: str) -> None:
        with self._guard:
            new = reason not in self._told and len(self._told) < 20
            self._told.add(reason) if new else None
        if new:
            self._trouble(reason)


def _settle(future: asyncio.Future[Answer | None], answer: Answer | None) -> None:
    if not future.done():
        future.set_result(answer)
