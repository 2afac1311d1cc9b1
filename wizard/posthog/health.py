"""The problems that PostHog itself sees in a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.loose import mapping, moment, text
from wizard.posthog.private_api import listed, segment

_ORDER = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class HealthIssue:
    """`kind` as ingestion_lag or sdk_outdated, `severity` as critical, warning or info; the payload is per kind."""

    kind: str
    severity: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


def health_issues(access: Access, project: int) -> tuple[HealthIssue, ...]:
    """The active ones that nobody dismissed, the worst first. Needs health_issue:read.

    Raises ApiError, with status 404 where PostHog is too old for it (or the project is not visible).
    """
    path = f"/api/projects/{segment(project)}/health_issues/"
    found = [
        HealthIssue(
            text(issue["kind"]),
            text(issue.get("severity")),
            mapping(issue.get("payload")),
            moment(issue.get("created_at")),
        )
        for issue in listed(path, access, {"status": "active", "dismissed": "false"})
        if text(issue.get("kind")) and not issue.get("dismissed") and issue.get("status", "active") == "active"
    ]
    return tuple(sorted(found, key=lambda issue: _ORDER.get(issue.severity, len(_ORDER))))
