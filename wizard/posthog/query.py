"""HogQL queries, also those whose answer comes later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.http import place
from wizard.posthog.loose import flag, mapping, text, texts
from wizard.posthog.private_api import TIMEOUT, TRIES, call, segment

DELAYS = (0.5, 1.0, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0, 10.0)
"""Seconds before each look for an answer that comes later."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The result of a query; a cell is whatever JSON holds. `more`: the server has rows beyond the limit."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False


def run(
    access: Access,
    project: int,
    sql: str,
    values: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
    name: str = "posthog-wizard",
    timeout: float = TIMEOUT,
    tries: int = TRIES,
) -> Rows:
    """Runs `sql`, in which {x} stands for values["x"]; 100 rows unless it has a limit of its own.

    `fresh` computes it anew, where otherwise an answer of some minutes ago may come. `name` shows in PostHog's query
    log; `timeout` in seconds is that of each request. Needs query:read; raises ApiError.
    """
    query = {"kind": "HogQLQuery", "query": sql, "values": dict(values or {})}
    body = {"query": query, "refresh": "force_blocking" if fresh else "blocking", "name": name}
    path = f"/api/projects/{segment(project)}/query/"
    answer = call("POST", path, access, body=body, timeout=timeout, tries=tries)
    for waited in DELAYS:
        status = mapping(answer.get("query_status"))
        if not status or "results" in answer or flag(status.get("complete")) is not False:
            break
        access.pause(waited, f"PostHog computes the query; looking again in {waited:g} s")
        answer = call("GET", f"{path}{segment(text(status.get('id')))}/", access, timeout=timeout, tries=tries)
    return _rows(answer, access)


def _rows(answer: Mapping[str, Any], access: Access) -> Rows:
    status = mapping(answer.get("query_status"))
    if flag(status.get("complete")) is False and not flag(status.get("error")):
        raise ApiError("PostHog did not finish the query in time", "Try again later.", passing=True)
    if said := answer.get("error") or status.get("error_message") or (status.get("error") and "it says no reason"):
        raise ApiError(f"the query failed: {quoted(said, access.secret.strip())}")
    found = answer if "results" in answer else mapping(status.get("results"))
    if not isinstance(rows := found.get("results"), list):
        raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's query API")
    return Rows(
        texts(found.get("columns")),
        tuple(tuple(row) for row in rows if isinstance(row, list)),
        flag(found.get("hasMore")) is True,
    )
