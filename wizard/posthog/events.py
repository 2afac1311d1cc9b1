"""One test event: sent with the project token, looked for with a personal key."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from wizard import version
from wizard.errors import UsageError, WizardError
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, Reply, place, send
from wizard.posthog.loose import mapping, texts
from wizard.posthog.obstacles import obstacle, unexpected
from wizard.posthog.private_api import TIMEOUT, ApiError, project_of, quoted
from wizard.posthog.query import run
from wizard.posthog.tokens import Say, shape

TEST_EVENT = "posthog_wizard_test"

DELAYS = (3.0, 5.0, 8.0, 10.0, 15.0, 15.0, 15.0, 15.0)
"""Seconds before each look: an event is readable after seconds as a rule, at times after tens of seconds."""

SEND_PAUSES = (1.0, 3.0)
"""Seconds before the event is sent again."""

LONGEST_PAUSE = 60.0
"""Seconds; a Retry-After is followed up to here."""

# The window is wide because PostHog corrects the time of an event by the clock of its sender.
_QUERY = (
    "select toString(uuid) from events where event = {event} and toString(uuid) = {uuid} "
    "and timestamp > now() - interval 2 day and timestamp < now() + interval 2 day limit 1"
)


class NotSent(WizardError):
    """Capture did not take the test event; `refused`: PostHog itself refused the token; `passing`: may be gone soon."""

    def __init__(self, message: str, hint: str = "", *, refused: bool = False, passing: bool = False) -> None:
        super().__init__(message, hint)
        self.refused = refused
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Arrival:
    """Was the event readable? `waited` counts seconds; `reason` is a clause without keys.

    `failed`: PostHog refuses this key. `unclear`: who answers is not known to be PostHog, or nobody can be asked.
    """

    status: Literal["seen", "not seen yet", "failed", "unclear"]
    reason: str
    hint: str = ""
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A test event that capture took, which proves nothing about the token; `quota` names what PostHog drops."""

    uuid: str
    quota: tuple[str, ...] = ()


def send_test_event(
    token: str,
    hosts: Hosts,
    *,
    timeout: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
    say: Say = lambda message: None,
) -> Sent:
    """Sends one anonymous event, again with the same uuid and time when PostHog or the way there is in trouble.

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
        "properties": {"$process_person_profile": False, "$lib": "posthog-wizard", "$lib_version": version.current()},
    }
    for tried, pause in enumerate((*SEND_PAUSES, 0.0), 1):
        sent_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        url = f"{hosts.ingest}/i/v0/e/"
        reply = send("POST", url, body={**body, "sent_at": sent_at}, timeout=timeout)
        taken = _taken(reply, url, event, token.strip())
        if isinstance(taken, Sent):
            return taken
        if not taken.passing or tried > len(SEND_PAUSES):
            raise taken
        asked = (reply.retry_after if isinstance(reply, Reply) else None) or 0.0
        wait = min(max(pause, asked), LONGEST_PAUSE)
        say(f"{taken.message}; sending the same event again in {wait:.0f} s")
        sleep(wait)
    raise AssertionError("an event is sent at least once")


def _taken(reply: Reply | NoReply, url: str, event: str, token: str) -> Sent | NotSent:
    where = place(url)
    if isinstance(reply, NoReply):
        hint = obstacle(reply, url)
        passing = reply.kind in ("timeout", "broken")
        return NotSent(f"the test event was not sent: {reply.reason}", hint.hint if hint else "", passing=passing)
    if reply.status in (200, 204) and not reply.html:
        answer = mapping(reply.json())
        return Sent(event, texts(answer.get("quota_limited")) or texts(answer.get("quotaLimited")))
    if reply.status == 401 and not reply.html:
        return NotSent(f"{where} refused the project token (401)", "Check the token and the region.", refused=True)
    if (found := obstacle(reply, url)) and found.kind not in ("down", "busy"):
        return NotSent(f"the test event was not sent: {found.reason}", found.hint)
    if reply.status == 404:
        found = unexpected(reply, url)
        return NotSent(f"the test event was not sent: {found.reason}", found.hint)
    said = quoted(reply.body[:2000].decode("utf-8", "replace"), token)
    message = f"{where} did not take the test event ({reply.status}){': ' if said else ''}{said}"
    return NotSent(message, "Try again later.", passing=reply.status == 429 or reply.status >= 500)


def find_event(
    event: str,
    access: Access,
    project: int | None = None,
    *,
    token: str = "",
    name: str = TEST_EVENT,
    timeout: float = TIMEOUT,
) -> bool:
    """Is the event with the uuid `event` and the given name readable in the project, as of now and not of a cache?

    Without `project` (its id) the project is the one that has the project token `token`. Needs the scope query:read.
    Raises UsageError for a bad uuid, ApiError with the reason otherwise.
    """
    try:
        event = str(uuid.UUID(event))
    except ValueError as error:
        raise UsageError(f"{event!r} is not the uuid of an event") from error
    if project is None:
        project = project_of(token.strip(), access, timeout=timeout, tries=1)
    found = run(
        access,
        project,
        _QUERY,
        {"event": name, "uuid": event},
        fresh=True,
        name="posthog-wizard verify",
        timeout=timeout,
        tries=1,
    )
    return any(str(cell).lower() == event for row in found.rows for cell in row)


def wait_for_event(
    event: str,
    access: Access,
    project: int | None = None,
    *,
    token: str = "",
    name: str = TEST_EVENT,
    delays: Sequence[float] = DELAYS,
    timeout: float = TIMEOUT,
    sleep: Callable[[float], None] = time.sleep,
    say: Say = lambda message: None,
    at_once: bool = False,
) -> Arrival:
    """Looks for the event after each of `delays` (seconds) until it is there or they are used up.

    With `at_once` (it was sent long ago) the first look comes before any wait.

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
            project = project_of(token.strip(), access, timeout=timeout, tries=1) if project is None else project
            if (number or at_once) and find_event(event, access, project, name=name, timeout=timeout):
                return Arrival("seen", f"the event is readable in project {project}", waited=waited)
            trouble = ""
        except ApiError as error:
            if not error.passing:
                return Arrival("failed" if error.status else "unclear", error.message, error.hint, waited)
            trouble, pause = f"; at last {error.message}", min(error.wait or 0.0, LONGEST_PAUSE)
    reason = f"not seen yet after {waited:.0f} s{trouble}"
    return Arrival("not seen yet", reason, "It often is a matter of time.", waited)
