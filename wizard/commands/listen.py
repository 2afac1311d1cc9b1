"""`listen`: shows on stdout everything that an app sends to PostHog, live; relays it there too on `--forward`.

With `--json`, one object per line, whose keys stay: `schema` (1), `time` (UTC, ISO 8601), `kind` (event, flags,
config, replay, other, refused), `status` (what is answered here), `method`, `path`, `token`, `user_agent`, `size`
(bytes of the body as sent), `note` (why it is refused, what it is), `leak` (a secret key stood in place of the token),
`event` (null, or event, distinct_id, uuid, timestamp, properties and whatever else came), `replay` (null, or session,
snapshots, bytes, seconds). New keys may come. Secret keys are masked everywhere.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wizard.console import Console
from wizard.errors import Exit, UsageError
from wizard.sink import Received, Sink, shown

if TYPE_CHECKING:
    from wizard.posthog.relay import Upstream
    from wizard.sink.forward import Exchange, Forwarder

MOST_UNSHOWN = 2_000
MOST_UNSHOWN_BYTES = 32 * 1024 * 1024
"""Rows, and bytes of their requests, that wait for a slow reader; then the clients wait: nothing may be lost."""

DRAIN = 5.0
"""Seconds that what is being relayed gets at the end."""

_LEAK = (
    "a secret key came in place of the project token: whoever opens the app can read it",
    "Delete that key in PostHog, and give the SDK the project token (phc_...).",
)


def listen(
    port: int,
    as_json: bool,
    stop: threading.Event | None = None,
    *,
    filters: Sequence[str] = (),
    forward: str | None = None,
) -> int:
    """Show what is received, until Ctrl-C or `stop`; port 0 takes a free one. Returns the exit code.

    `filters` are read by `shown.matches`; `forward` is us, eu or a URL. Raises UsageError, WizardError.
    """
    stop = stop or threading.Event()
    printer = _Printer(Console(), as_json, filters, stop)
    upstream, onward = _onward(forward, printer.remark) if forward else (None, None)
    try:
        if upstream is not None:
            _refuse_loop(upstream.hosts.ingest, port)
        with Sink(port, printer.take, keep=0, onward=onward) as sink:
            _introduce(printer.console, sink.url, upstream, filters)
            printer.start()
            try:
                # A wait without a limit cannot be interrupted on Windows.
                while not stop.wait(0.5):
                    pass
            finally:
                stop.set()  # whoever waits for a slow reader waits no longer
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(KeyboardInterrupt):  # a second Ctrl-C only ends the waiting
            _finish(printer, upstream, onward)
    return Exit.OK


def _introduce(console: Console, url: str, upstream: Upstream | None, filters: Sequence[str]) -> None:
    console.say(f"Listening on {url} (Ctrl-C ends it)", "bold")
    console.say("Point an app at it:")
    console.raw(f"  POSTHOG_HOST={url}")
    if upstream is not None:
        console.say(f"Relaying everything to {upstream.hosts.ingest}; flags and settings are the real ones.")
    else:
        console.say("Nothing leaves this machine.", "dim")
    if filters:
        console.say(f"Shown is only what has {' or '.join(map(repr, filters))}.", "dim")


def _onward(host: str, trouble: Callable[[str], None]) -> tuple[Upstream, Forwarder]:
    from wizard.posthog import relay
    from wizard.sink.forward import Forwarder

    upstream = relay.Upstream(relay.named(host), mark := f"posthog-wizard-{secrets.token_hex(4)}")
    return upstream, Forwarder(_exchange(upstream, mark), trouble)


def _exchange(upstream: Upstream, mark: str) -> Exchange:
    from wizard.posthog.http import NoReply
    from wizard.sink import wire
    from wizard.sink.http1 import Answer, Request

    def exchange(request: Request) -> Answer | str:
        if mark in request.headers.get("via", ""):
            return f"{upstream.hosts.ingest} leads back to this very port: nothing is relayed"
        if not wire.of_sdks(request.method, request.path):
            return "what no SDK sends is not relayed (any page in the browser can send something here)"
        found = upstream.relay(request.method, request.target, request.raw, request.body)
        if isinstance(found, NoReply):
            return f"{found.reason}. {found.hint}".removesuffix(". ")
        return Answer(found.status, found.body, found.content_type, found.headers)

    return exchange


def _refuse_loop(base: str, port: int) -> None:
    from wizard.posthog.http import is_loopback

    parts = urlsplit(base)
    if is_loopback(base) and (parts.port or {"https": 443}.get(parts.scheme, 80)) == port:
        raise UsageError(
            f"--forward {base} is where this command listens itself", "Forward to PostHog: --forward us, or eu."
        )


def _finish(printer: _Printer, upstream: Upstream | None, onward: Forwarder | None) -> None:
    left = 0
    if onward is not None and upstream is not None:
        if onward.pending:
            printer.remark(f"{onward.pending} requests are still being relayed (at most {DRAIN:g} s)")
        left = onward.close(DRAIN)
        upstream.close()
    if printer.finish():
        printer.console.say(f"Received: {shown.counted(printer.kinds)}.")
        if printer.hidden:
            printer.console.say(f"Not shown because of --filter: {printer.hidden}.")
        if onward is not None:
            lost = f"; {onward.lost + left} not" if onward.lost + left else ""
            refused = f" ({onward.rejected} of them refused there)" if onward.rejected else ""
            printer.console.say(f"Relayed: {onward.relayed} requests{refused}{lost}.")


class _Printer:
    """Writes rows from a thread of its own, as many at a time as there are."""

    def __init__(self, console: Console, as_json: bool, filters: Sequence[str], stop: threading.Event) -> None:
        self.console = console
        self.kinds: Counter[str] = Counter()
        self.hidden = 0
        self._filters, self._stop, self._as_json = filters, stop, as_json
        dumb = os.environ.get("TERM") == "dumb"
        self._table = console.stdout_is_terminal and not dumb and not as_json
        # a Windows console understands colours only in Windows Terminal, or when a program has asked for it
        able = os.name != "nt" or "WT_SESSION" in os.environ
        self._colour = self._table and "NO_COLOR" not in os.environ and able
        self._queue: queue.SimpleQueue[tuple[float, Received | str, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="printer", daemon=True)
        self._width = 0
        self._leaked = False
        self._last_path = ""
        self._bytes_taken = self._bytes_shown = 0

    def take(self, item: Received) -> None:
        """Called by the sink, which waits while the reader of stdout is too far behind."""
        while self._behind() and not self._stop.is_set():
            time.sleep(0.002)
        # the events of one request share its path: its size counts once
        weight = item.size if item.path is not self._last_path else 0
        self._last_path = item.path
        self._bytes_taken += weight
        self._queue.put((time.time(), item, weight))

    def _behind(self) -> bool:
        return self._queue.qsize() >= MOST_UNSHOWN or self._bytes_taken - self._bytes_shown > MOST_UNSHOWN_BYTES

    def remark(self, text: str) -> None:
        """A sentence for the person, in its turn."""
        self._queue.put((time.time(), text, 0))

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def finish(self) -> bool:
        """Write what is left; False when the thread never ran."""
        if not self._thread.is_alive():
            return False
        self._queue.put(None)
        self._thread.join(DRAIN)
        return True

    def _work(self) -> None:
        while True:
            batch = [self._queue.get()]
            with suppress(queue.Empty):
                while len(batch) < 500:
                    batch.append(self._queue.get_nowait())
            lines: list[str] = self._titled()
            for entry in batch:
                if entry is None:
                    self._write(lines)
                    return
                when, item, weight = entry
                self._bytes_shown += weight
                if isinstance(item, str):
                    self._write(lines)
                    lines = []
                    self.console.say(item, "yellow")
                else:
                    lines += self._lines(item, when)
            self._write(lines)

    def _titled(self) -> list[str]:
        """The heading, at the start and when the terminal has another width."""
        width = shutil.get_terminal_size().columns if self._table else 0
        if width == self._width:
            return []
        self._width = width
        title = shown.heading(width)
        return [f"\x1b[1m{title}\x1b[0m" if self._colour else title] if title else []

    def _lines(self, item: Received, when: float) -> list[str]:
        self.kinds[item.kind] += 1
        if item.leak and not self._leaked:
            self._leaked = True
            self.console.error(*_LEAK)
        if not shown.matches(item, self._filters) and not item.leak:
            self.hidden += 1
            return []
        if self._as_json:
            return [shown.as_json(item, when)]
        if not self._table:
            return [shown.plain(item, when)]
        return [shown.row(item, when, self._width, self._colour)]

    def _write(self, lines: list[str]) -> None:
        if not lines:
            return
        try:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            # `listen | head`: the reader has gone, so there is nobody left to tell
            self._stop.set()
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
