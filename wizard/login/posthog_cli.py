"""The key that `@posthog/cli` keeps in the home directory: looked at only to offer it, used only on a yes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from wizard.disk import snapshot
from wizard.errors import WizardError
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.hosts import Hosts
from wizard.posthog.loose import mapping, text


@dataclass(frozen=True, slots=True)
class CliKey:
    """A personal API key and the PostHog it is for."""

    secret: str = field(repr=False)
    hosts: Hosts


def cli_key(home: Path) -> CliKey | None:
    """What ~/.posthog/credentials.json holds; None when it is not there or not as `@posthog/cli` writes it."""
    try:
        found = mapping(json.loads(snapshot(home / ".posthog" / "credentials.json") or b"{}"))
        secret, host = text(found.get("token")).strip(), text(found.get("host")).strip()
        if not secret.startswith("phx_"):
            return None
        return CliKey(secret, posthog_hosts.of(host or "https://us.posthog.com"))
    except (WizardError, ValueError, RecursionError):
        return None
