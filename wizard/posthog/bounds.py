"""What a stranger's answer may cost: seconds and bytes, whatever the stranger does."""

from __future__ import annotations

import queue
import time
import zlib
from collections.abc import Callable, Iterable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

_LOOK = 0.2  # seconds; on Windows Ctrl-C is heard only between two waits


class TooMuch(Exception):
    """More bytes than were allowed, or more seconds."""


class Unreadable(Exception):
    """Bytes that are not what their Content-Encoding says, or one that nobody asked for."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives, or raises. Raises TimeoutError after so many seconds; the thread is left to itself then.

    The limits of sockets count from byte to byte, and looking up a name has none: a server that sends its headers
    drop by drop, or `103 Early Hints` for ever, would hold us for days.
    """
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits for it
            done.put((None, error))

    Thread(target=run, name="exchange", daemon=True).start()
    deadline = time.monotonic() + seconds
    while True:
        try:
            result, error = done.get(timeout=max(0.0, min(_LOOK, deadline - time.monotonic())))
        except queue.Empty:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            continue
        if error is not None:
            raise error
        return result  # type: ignore[return-value]


def decoded(chunks: Iterable[bytes], encoding: str, largest: int, deadline: float) -> bytes:
    """The body in `chunks` as they came over the wire, unpacked: at most `largest` bytes, until `deadline` (monotonic).

    `encoding` is the Content-Encoding. Raises TooMuch, TimeoutError and Unreadable. A library that unpacks what it is
    given has no such limits: two kilobytes that were packed twice are a gigabyte.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Unreadable
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    content = bytearray()
    for chunk in chunks:
        try:
            content += chunk if stream is None else stream.decompress(chunk, largest + 1 - len(content))
        except zlib.error as error:
            raise Unreadable from error
        if len(content) > largest:
            raise TooMuch
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(content)
