"""A started app under watch: waiting for its event, and noticing that it has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wizard.emits.complaints import complaint
from wizard.emits.emission import Cause, Emission, Stop, failed
from wizard.emits.expected import Expected
from wizard.emits.process import Running
from wizard.posthog.tokens import redact
from wizard.sink import Received, Sink

Say = Callable[[str], None]

_FRAME = re.compile(r"^ +at [^\n]*\n?", re.MULTILINE)
"""A line of a stack of Node: twenty of them hide the message."""


_NOTHING_SEEN = ("no-init", "silent", "page-broken", "loaded-but-silent", "not-sent")


@dataclass(frozen=True, slots=True)
class Visited:
    """The app once it answers, and what is needed to watch it. `scratch` is ours and goes with the proof."""

    app: Running
    url: str
    status: int
    sink: Sink
    host_variables: tuple[str, ...]
    expected: Expected
    scratch: Path
    timeout: float
    say: Say

    def event(
        self, accept: Callable[[Received], bool], timeout: float, enough: Callable[[], bool] = lambda: False
    ) -> Received | None:
        """The first accepted event in `timeout` seconds; None earlier when `enough`. Raises Stop if the app ends."""
        limit = time.monotonic() + timeout
        while True:
            if event := self.sink.wait_for(accept, max(0.0, min(0.25, limit - time.monotonic()))):
                return event
            if time.monotonic() >= limit or enough():
                return None
            alive(self.app, "before it sent an event")

    def failed(self, cause: Cause) -> Emission:
        """A failure; an app that answers with an error has a problem of its own, which its output tells.

        What was seen of PostHog itself stays the cause; that nothing was seen is explained by the error.
        """
        if self.status < 500 or cause.name not in _NOTHING_SEEN:
            return failed(cause)
        trouble = complaint(self.app.tail(200))
        if trouble is not None:
            text = f"GET {self.url} answered {self.status}: {trouble.text}{printed(self.app)}"
            return failed(Cause(trouble.name, text, trouble.hint))
        text = f"{cause.text} (GET {self.url} answered {self.status}){printed(self.app)}"
        return failed(Cause("app-error", text, "Mend the app's own error first, then verify again."))


def any_event(item: Received) -> bool:
    """Is it an event, of whatever SDK?"""
    return item.kind == "event"


def alive(app: Running, when: str) -> None:
    """Raises Stop once the app has ended, with its last lines."""
    if (code := app.exit_code) is None:
        return
    raise ended(app, f"the app ended with exit code {code} {when}", "app-ended")


def ended(app: Running, what: str, name: str, hint: str = "", trouble: Cause | None = None) -> Stop:
    """What cuts a proof short: `what` happened, the `trouble` that the app's output tells of, and its last lines."""
    if trouble := trouble or complaint(app.tail(200)):
        return Stop(f"{what}: {trouble.text}{printed(app)}", trouble.name, trouble.hint)
    return Stop(f"{what}{printed(app)}", name, hint or "Mend what the app itself says, then verify again.")


def printed(command: Running) -> str:
    """The last lines of a command, for the end of a sentence."""
    text = redact("\n".join(_FRAME.sub("", command.tail(100)).splitlines()[-20:]))
    return f"\n{text}" if text else ""
