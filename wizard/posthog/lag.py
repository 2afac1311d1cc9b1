"""Why an event may be late or gone: what PostHog itself says about the intake of a project."""

from __future__ import annotations

from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.health import HealthIssue, health_issues
from wizard.posthog.query import run

# PostHog's own table of what went wrong with single events
_WARNINGS = (
    "select type, count(), max(timestamp) from system.ingestion_warnings "
    "where timestamp > now() - interval 1 hour group by type order by count() desc limit 5"
)


def explanations(access: Access, project: int, *, timeout: float) -> tuple[str, ...]:
    """Sentences about lag and warnings of the project's intake; none when there are none, or they cannot be read.

    `timeout` in seconds for the query. Never raises ApiError: an explanation is no condition.
    """
    return (*_issues(access, project), *_warnings(access, project, timeout))


def _issues(access: Access, project: int) -> tuple[str, ...]:
    if not access.may("health_issue:read"):
        return ()
    try:
        found = health_issues(access, project)
    except ApiError:
        return ()
    page = f"{access.hosts.app}/project/{project}/data-management/ingestion-warnings"
    told = {
        "ingestion_lag": "PostHog reports that its intake lags behind{more}: events come, but later than usual.",
        "ingestion_warning": f"PostHog reports warnings about events it took in{{more}}: {page}",
    }
    return tuple(told[issue.kind].format(more=_more(issue)) for issue in found if issue.kind in told)


def _more(issue: HealthIssue) -> str:
    since = f" since {issue.created_at:%Y-%m-%d %H:%M %Z}".rstrip() if issue.created_at else ""
    facts = [f"{name} {_short(value)}" for name, value in issue.payload.items() if isinstance(value, str | int | float)]
    said = ", ".join([_short(issue.severity), *map(_short, facts[:4])]).strip(", ")
    return f"{since} ({said})" if said else since


def _warnings(access: Access, project: int, timeout: float) -> tuple[str, ...]:
    try:
        rows = run(access, project, _WARNINGS, fresh=True, name="posthog-wizard verify", timeout=timeout, tries=1).rows
    except ApiError:
        return ()
    kinds = [f"{_short(row[0])} ({_short(row[1])} times)" for row in rows if len(row) >= 2]
    if not kinds:
        return ()
    page = f"{access.hosts.app}/project/{project}/data-management/ingestion-warnings"
    return (f"Events of the last hour that PostHog complained about: {', '.join(kinds)}. See {page}",)


def _short(value: Any) -> str:
    return quoted(value)[:60]
