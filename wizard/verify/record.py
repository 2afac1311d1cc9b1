"""What the last `verify` of an app found: its verdicts, kept outside of the repository. No token is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wizard.disk import keep_record
from wizard.errors import Exit, WizardError
from wizard.posthog.tokens import redact
from wizard.shelves import shelf
from wizard.verify.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Verified:
    """The verdicts of one run as `(link, status, reason)`; `time` is ISO 8601 in UTC."""

    time: str
    exit_code: int
    links: tuple[tuple[str, str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Its part of the JSON contract."""
        links = [{"link": link, "status": status, "reason": reason} for link, status, reason in self.links]
        return {"time": self.time, "exit_code": self.exit_code, "links": links}


def remember(app: Path, framework: str, verdicts: Sequence[Verdict], code: Exit) -> None:
    """Keep them instead of those of an earlier run; nothing is kept where they cannot be written: nobody needs them."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = Verified(now, int(code), tuple((v.link, v.status, redact(v.reason)) for v in verdicts))
    with suppress(WizardError):
        keep_record(_file(app, framework), said.to_json())


def last_verified(app: Path, framework: str) -> Verified | None:
    """What was kept of the app; None when there is nothing, or nothing that can be read."""
    try:
        kept = json.loads(_file(app, framework).read_bytes())
        links = tuple((str(v["link"]), str(v["status"]), str(v["reason"])) for v in kept["links"])
        return Verified(str(kept["time"]), int(kept["exit_code"]), links)
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _file(app: Path, framework: str) -> Path:
    return shelf(app.resolve()) / f"verified-{framework}.json"
