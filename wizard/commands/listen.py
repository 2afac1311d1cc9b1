"""`listen`: shows on stdout everything that an app sends to PostHog, with nothing leaving the machine."""

from __future__ import annotations

import json
import sys
import threading
from datetime import datetime
from typing import Any

from wizard.errors import Exit
from wizard.sink import Received, Sink


def listen(port: int, as_json: bool, stop: threading.Event | None = None) -> int:
    """Print a line per thing received, until Ctrl-C or `stop`; port 0 takes a free one. Returns the exit code."""
    stop = stop or threading.Event()

    def show(item: Received) -> None:
        try:
            print(_json(item) if as_json else _line(item), flush=True)
        except (BrokenPipeError, ValueError):
            # `listen | head`: the reader has gone, so there is nobody left to tell
            stop.set()

    try:
        with Sink(port, on_receive=show) as sink:
            print(f"Listening on {sink.url} (Ctrl-C ends it)", file=sys.stderr, flush=True)
            print(f"Point an app at it: POSTHOG_HOST={sink.url}", file=sys.stderr, flush=True)
            # A wait without a limit cannot be interrupted on Windows.
            while not stop.wait(0.5):
                pass
    except KeyboardInterrupt:
        return Exit.OK
    return Exit.OK


def _line(item: Received) -> str:
    now = datetime.now().strftime("%H:%M:%S")
    if item.event is None:
        return _ascii(f"{now}  ({item.kind})  {item.path.partition('?')[0]}")
    properties = item.event["properties"]
    library = " ".join(str(properties[key]) for key in ("$lib", "$lib_version") if key in properties)
    where = properties.get("$current_url") or properties.get("$request_path") or ""
    parts = (now, item.event["event"], item.event["distinct_id"], library or item.user_agent, where)
    return "  ".join(_ascii(str(part)) for part in parts if part)


def _json(item: Received) -> str:
    value: dict[str, Any] = {
        "kind": item.kind,
        "path": item.path,
        "token": item.token,
        "user_agent": item.user_agent,
        "event": item.event,
    }
    return json.dumps(value)


def _ascii(text: str) -> str:
    """One line that any terminal can show, without the control characters of a stranger."""
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text)
