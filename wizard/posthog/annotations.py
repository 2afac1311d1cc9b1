"""Annotations: marks in time, for a release for example."""

from __future__ import annotations

from datetime import UTC, datetime

from wizard.posthog.access import Access
from wizard.posthog.loose import number
from wizard.posthog.private_api import call, segment

LONGEST = 8192
"""Characters (PostHog's schema)."""


def annotate(access: Access, project: int, content: str, at: datetime | None = None) -> int | None:
    """Marks a moment of the project (now, unless `at` says when, with its time zone) and returns the mark's id.

    Needs annotation:write; raises ApiError.
    """
    when = (at or datetime.now(UTC)).astimezone(UTC)
    body = {
        "content": content[:LONGEST],
        "date_marker": when.isoformat(timespec="seconds"),
        "scope": "project",
        "creation_type": "GIT",
    }
    return number(call("POST", f"/api/projects/{segment(project)}/annotations/", access, body=body).get("id"))
