"""A started app under watch: waiting for its event, and noticing that it has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wizard.emits.emission import Cause, Emission, Stop, failed
from wizard.emits.expected import Expected
from wizard.emits.process import Running
from wizard.posthog.tokens import redact
from wizard.sink import Received, Sink

Say = Callable[[str], None]

_TAKEN = re.compile(
    r"EADDRINUSE|address (?:is )?already in use|port \S+ is (?:already )?(?:in use|taken)", re.IGNORECASE
)

_NO_SDK = re.compile(r"(?:Cannot find (?:module|package)|No module named) ['\"](?:posthog|@posthog/)")


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
        """A failure; an app that answers with an error has a problem of its own, which its output tells."""
        if self.status < 500:
            return failed(cause)
        text = f"{cause.text} (GET {self.url} answered {self.status}){printed(self.app)}"
        return failed(Cause("app-error", text, "Mend the app's own error first, then verify again."))


def any_event(item: Received) -> bool:
    """Is it an event, of whatever SDK?"""
    return item.kind == "event"


def alive(app: Running, when: str) -> None:
    """Raises Stop once the app has ended, with its last lines."""
    if (code := app.exit_code) is None:
        return
    if _TAKEN.search(app.tail(100)):
        reason = f"the app ended with exit code {code} {when}: its port is already taken{printed(app)}"
        raise Stop(reason, "port-taken", "Stop what uses the port (an earlier start of the app?), then verify again.")
    if _NO_SDK.search(app.tail(100)):
        reason = f"the app ended with exit code {code} {when}: the PostHog SDK is not installed{printed(app)}"
        raise Stop(reason, "sdk-import", "Install the app's packages, then verify again.")
    raise Stop(f"the app ended with exit code {code} {when}{printed(app)}", "app-ended")


def printed(command: Running) -> str:
    """The last lines of a command, for the end of a sentence."""
    text = redact(command.tail())
    return f"\n{text}" if text else ""
