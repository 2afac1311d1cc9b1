"""Why no event came: what the probes reported and what else was heard, in words that say what to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.sink import Received


@dataclass(frozen=True, slots=True)
class Client:
    """A live SDK client that a probe found: where it sends, and whether it has a token and is not disabled."""

    host: str
    enabled: bool

    def speaks_to(self, url: str) -> bool:
        """Would an event of it arrive at `url`?"""
        return self.enabled and f"{self.host}/".startswith(f"{url}/")


def found_clients(trigger: Path) -> tuple[list[Client], list[str]]:
    """What the probes of all processes wrote beside their trigger file: the clients, and their own errors."""
    reports = [json.loads(path.read_text("utf-8")) for path in sorted(trigger.parent.glob(f"{trigger.name}.*.json"))]
    clients = [Client(str(c["host"]), bool(c["enabled"])) for report in reports for c in report["clients"]]
    return clients, [str(report["error"]) for report in reports if report["error"]]


def all_unusable(trigger: Path, url: str) -> bool:
    """Clients were found, and none of them sends to `url`: waiting longer changes nothing."""
    clients, _ = found_clients(trigger)
    return bool(clients) and not any(client.speaks_to(url) for client in clients)


def why_no_client_spoke(trigger: Path, url: str, host_variables: tuple[str, ...]) -> str:
    """The reason for a server, from what its probes found."""
    clients, errors = found_clients(trigger)
    detail = f" ({errors[0]})" if errors else ""
    if any(client.speaks_to(url) for client in clients):
        return "the app's PostHog client was asked to send an event, and none arrived" + detail
    if elsewhere := sorted({client.host for client in clients if client.enabled}):
        hosts = ", ".join(elsewhere)
        return f"the app's PostHog client sends to {hosts}: it does not take its host from {_or(host_variables)}"
    if clients:
        return "the app's PostHog client is disabled, or its project token is empty"
    return "the app started but never created a PostHog client" + detail


def why_page_was_silent(received: Sequence[Received], host_variables: tuple[str, ...]) -> str:
    """The reason for a page, from the requests other than events that it made."""
    if any(item.kind in ("config", "flags") for item in received):
        return (
            "the page loaded PostHog but sent no event: the visitor is opted out or was not asked for consent yet, "
            "capture_pageview is off, or the browser was taken for a bot"
        )
    return (
        "the page sent nothing to PostHog: its init did not run, its token is missing from the bundle, its host does "
        f"not come from {_or(host_variables)}, or a Content-Security-Policy blocks it"
    )


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names) or "a variable"
