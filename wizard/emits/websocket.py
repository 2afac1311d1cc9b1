"""The little of RFC 6455 that speaks with a browser on this machine: text messages, whole or in parts."""

from __future__ import annotations

import base64
import os
import socket
import struct
import time

LARGEST = 64 * 1024 * 1024
"""Bytes of one message; the pages of a visit send far less."""

_GREETING = 16_384


class Broken(Exception):
    """The connection is gone or was never a WebSocket."""


class WebSocket:
    """A connection to `ws://127.0.0.1:port/path`. Raises Broken from every method once it does not work."""

    def __init__(self, port: int, path: str, timeout: float) -> None:
        self._data = b""
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout)
            key = base64.b64encode(os.urandom(16)).decode()
            lines = (
                f"GET {path} HTTP/1.1",
                f"Host: 127.0.0.1:{port}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13",
            )
            self._socket.sendall("\r\n".join((*lines, "", "")).encode())
            self._greeted(time.monotonic() + timeout)
        except OSError as error:
            raise Broken(str(error)) from error

    def _greeted(self, limit: float) -> None:
        while b"\r\n\r\n" not in self._data:
            if len(self._data) > _GREETING or not self._more(limit - time.monotonic()):
                raise Broken("no answer to the greeting")
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Broken("the greeting was refused")

    def send(self, text: str) -> None:
        """One text message."""
        body, mask = text.encode(), os.urandom(4)
        size = len(body)
        if size < 126:
            head = struct.pack("!BB", 0x81, 0x80 | size)
        elif size < 65_536:
            head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
        self._write(head + mask + _masked(body, mask))

    def receive(self, timeout: float) -> str | None:
        """The next text message; None when none came within `timeout` seconds."""
        limit, parts = time.monotonic() + timeout, b""
        while True:
            frame = self._frame()
            if frame is None:
                # a message that has begun is read to its end, however late that is
                if not self._more(limit - time.monotonic()) and not parts:
                    return None
                continue
            final, kind, body = frame
            if kind == 8:
                raise Broken("the browser closed the connection")
            if kind == 9:
                mask = os.urandom(4)
                self._write(struct.pack("!BB", 0x8A, 0x80 | len(body)) + mask + _masked(body, mask))
            elif kind in (0, 1, 2):
                parts += body
                if len(parts) > LARGEST:
                    raise Broken("a message is too large")
                if final:
                    return parts.decode("utf-8", "replace")

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """`(is the last one, opcode, body)` of the first frame that is complete."""
        data = self._data
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if size > LARGEST:
            raise Broken("a frame is too large")
        if len(data) < start + size:
            return None
        self._data = data[start + size :]
        return bool(data[0] & 0x80), data[0] & 0x0F, data[start : start + size]

    def _more(self, timeout: float) -> bool:
        """Read what is there, waiting for it at most `timeout` seconds; False when nothing came."""
        try:
            self._socket.settimeout(max(0.001, timeout))
            data = self._socket.recv(1 << 18)
        except TimeoutError:
            return False
        except OSError as error:
            raise Broken(str(error)) from error
        if not data:
            raise Broken("the browser has gone")
        self._data += data
        return True

    def _write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(10)
            self._socket.sendall(data)
        except OSError as error:
            raise Broken(str(error)) from error

    def close(self) -> None:
        """End the connection without ceremony."""
        self._socket.close()


def _masked(body: bytes, mask: bytes) -> bytes:
    size = len(body)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(body, "big") ^ key).to_bytes(size, "big")
