"""A page of a running Chrome, watched and asked through its DevTools protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wizard.emits.websocket import Broken, WebSocket

OPENING, ANSWER = 20.0, 20.0
"""Seconds for a browser to say where it listens, and for one answer."""


class NoDevtools(Exception):
    """The browser does not let itself be watched, or no longer does."""


class Page:
    """The first tab of a browser. `on_event(method, parameters)` hears everything that happens on it."""

    def __init__(self, connection: WebSocket, on_event: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._connection, self._on_event = connection, on_event
        self._number = 0
        self._session: str | None = None
        targets = self.call("Target.getTargets")["targetInfos"]
        tab = next((target["targetId"] for target in targets if target["type"] == "page"), None)
        if tab is None:
            raise NoDevtools("the browser opened no page")
        self._session = str(self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"])

    def tell(self, method: str, **parameters: Any) -> int:
        """Give an order without waiting; returns its number."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        try:
            self._connection.send(json.dumps({**order, "sessionId": self._session} if self._session else order))
        except Broken as error:
            raise NoDevtools(str(error)) from error
        return self._number

    def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Give an order and return its answer; events that come meanwhile are heard. Raises NoDevtools."""
        number, limit = self.tell(method, **parameters), time.monotonic() + ANSWER
        while (left := limit - time.monotonic()) > 0:
            message = self._next(left)
            if message is not None and message.get("id") == number:
                if "error" in message:
                    raise NoDevtools(f"{method}: {message['error'].get('message')}")
                result = message.get("result")
                return result if isinstance(result, dict) else {}
        raise NoDevtools(f"{method} was not answered within {ANSWER:.0f} s")

    def evaluate(self, expression: str) -> Any:
        """The JSON value of an expression in the page, promises awaited; None when it threw."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, timeout=10_000
        )
        return None if "exceptionDetails" in answer else answer.get("result", {}).get("value")

    def listen(self, seconds: float) -> None:
        """Hear events for at most `seconds`; returns early after one of them."""
        self._next(max(0.0, seconds))

    def _next(self, timeout: float) -> Mapping[str, Any] | None:
        try:
            text = self._connection.receive(timeout)
            message = json.loads(text) if text is not None else None
        except (Broken, ValueError) as error:
            raise NoDevtools(str(error)) from error
        if not isinstance(message, dict):
            return None
        if isinstance(method := message.get("method"), str):
            self._on_event(method, message.get("params") or {})
        return message


@contextmanager
def opened(
    profile: Path, is_running: Callable[[], bool], on_event: Callable[[str, Mapping[str, Any]], None]
) -> Iterator[Page]:
    """The page of the browser that was started with this `profile` and `--remote-debugging-port=0`.

    Raises NoDevtools. Source: https://chromedevtools.github.io/devtools-protocol/#endpoints
    """
    port, path = _address(profile / "DevToolsActivePort", is_running)
    try:
        connection = WebSocket(port, path, ANSWER)
    except Broken as error:
        raise NoDevtools(str(error)) from error
    try:
        yield Page(connection, on_event)
    finally:
        connection.close()


def _address(file: Path, is_running: Callable[[], bool]) -> tuple[int, str]:
    limit = time.monotonic() + OPENING
    while is_running() and time.monotonic() < limit:
        lines = file.read_text("ascii", "replace").split() if file.is_file() else []
        if len(lines) == 2 and lines[0].isdecimal():
            return int(lines[0]), lines[1]
        time.sleep(0.02)
    raise NoDevtools("the browser did not say where it listens")
