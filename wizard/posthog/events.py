"""One test event: sent with the project token, looked for with a personal key."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from wizard.errors import UsageError, WizardError
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, place, send
from wizard.posthog.private_api import TIMEOUT, CannotRead, call, project_of, quoted
from wizard.posthog.tokens import Say, shape

TEST_EVENT = "posthog_wizard_test"

DELAYS = (3.0, 5.0, 8.0, 10.0, 15.0, 15.0, 15.0, 15.0)
"""Seconds before each look: an event is readable after seconds as a rule, at times after tens of seconds."""

LONGEST_PAUSE = 60.0
"""Seconds; a Retry-After is followed up to here."""

# The window is wide because PostHog corrects the time of an event by the clock of its sender.
_QUERY = (
    "select toString(uuid) from events where event = {event} and toString(uuid) = {uuid} "
    "and timestamp > now() - interval 2 day and timestamp < now() + interval 2 day limit 1"
)


class NotSent(WizardError):
    """Capture did not take the test event; `refused` when it was PostHog itself that refused the token."""

    def __init__(self, message: str, hint: str = "", *, refused: bool = False) -> None:
        super().__init__(message, hint)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Arrival:
    """Was the event readable? `waited` counts seconds; `reason` is a clause without keys.

    `failed`: PostHog refuses this key. `unclear`: who answers is not known to be PostHog, or nobody can be asked.
    """

    status: Literal["seen", "not seen yet", "failed", "unclear"]
    reason: str
    hint: str = ""
    waited: float = 0.0


def send_test_event(token: str, hosts: Hosts, *, timeout: float = 10.0) -> str:
    """Sends one anonymous event and returns its uuid; that capture took it proves nothing about the token.

    Raises UsageError for a token that cannot be one, NotSent with the reason when capture refuses. `timeout` in
    seconds. Source: https://posthog.com/docs/api/capture
    """
    shape(token)
    event, now = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    body = {
        "api_key": token.strip(),
        "event": TEST_EVENT,
        "distinct_id": f"posthog-wizard-{event}",
        "uuid": event,
        "timestamp": now,
        "sent_at": now,
        "properties": {"$process_person_profile": False, "$lib": "posthog-wizard"},
    }
    reply = send("POST", f"{hosts.ingest}/i/v0/e/", body=body, timeout=timeout)
    where = place(hosts.ingest)
    if isinstance(reply, NoReply):
        raise NotSent(f"the test event was not sent: {reply.reason}")
    if reply.status in (200, 204) and not reply.html:
        return event
    if reply.status == 401 and not reply.html:
        raise NotSent(f"{where} refused the project token (401)", "Check the token and the region.", refused=True)
    if reply.html or 300 <= reply.status < 400 or reply.status in (403, 404):
        raise NotSent(f"something between you and PostHog answers for {where} ({reply.status})")
    said = quoted(reply.body.decode("utf-8", "replace"), token.strip())
    raise NotSent(f"{where} did not take the test event ({reply.status}): {said}", "Try again later.")


def find_event(
    event: str,
    key: str,
    hosts: Hosts,
    project: int | None = None,
    *,
    token: str = "",
    name: str = TEST_EVENT,
    timeout: float = TIMEOUT,
) -> bool:
    """Is the event with the uuid `event` and the given name readable in the project, as of now and not of a cache?

    Without `project` (its id) the project is the one that has the project token `token`. Needs the scope query:read.
    Raises UsageError for a bad uuid, CannotRead with the reason otherwise.
    """
    try:
        event = str(uuid.UUID(event))
    except ValueError as error:
        raise UsageError(f"{event!r} is not the uuid of an event") from error
    if project is None:
        project = project_of(token.strip(), key, hosts, timeout=timeout)
    query = {"kind": "HogQLQuery", "query": _QUERY, "values": {"event": name, "uuid": event}}
    body = {"query": query, "refresh": "force_blocking", "name": "posthog-wizard verify"}
    answer = call("POST", f"/api/projects/{project}/query/", key, hosts, body=body, timeout=timeout)
    if said := answer.get("error"):
        raise CannotRead(f"the query failed: {quoted(said, key.strip())}")
    if "results" not in answer and "query_status" not in answer:
        raise CannotRead(f"{place(hosts.app)} does not answer like PostHog's query API")
    rows = answer.get("results") or []
    return any(str(cell).lower() == event for row in rows if isinstance(row, list) for cell in row)


def wait_for_event(
    event: str,
    key: str,
    hosts: Hosts,
    project: int | None = None,
    *,
    token: str = "",
    name: str = TEST_EVENT,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
    sleep: Callable[[float], None] = time.sleep,
    say: Say = lambda message: None,
) -> Arrival:
    """Looks for the event after each of `delays` (seconds) until it is there or they are used up.

    The project is looked up before the first wait. Lag is `not seen yet`, never a failure; a refused key, a lacking
    scope or a missing project is `failed` at once. Raises UsageError for a bad uuid.
    """
    waited, pause, trouble = 0.0, 0.0, ""
    for number, delay in enumerate((0.0, *delays)):
        if number == 1:
            say(f"Waiting until the test event is readable in PostHog (at most {sum(delays):.0f} s)")
        if pause > delay:
            say(f"PostHog asks to wait {pause:.0f} s before the next look")
        sleep(max(delay, pause))
        waited, pause = waited + max(delay, pause), 0.0
        try:
            project = project_of(token.strip(), key, hosts, timeout=timeout) if project is None else project
            if number and find_event(event, key, hosts, project, name=name, timeout=timeout):
                return Arrival("seen", f"the event is readable in project {project}", waited=waited)
            trouble = ""
        except CannotRead as error:
            if not error.passing:
                return Arrival("failed" if error.status else "unclear", error.message, error.hint, waited)
            trouble, pause = f"; at last {error.message}", min(error.wait or 0.0, LONGEST_PAUSE)
    reason = f"not seen yet after {waited:.0f} s{trouble}"
    return Arrival(
        "not seen yet", reason, "It often is a matter of time: look for it in PostHog under Activity.", waited
    )
