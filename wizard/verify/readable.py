"""The link `readable`: a test event of our own, sent with the project token and read back out of the project."""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from wizard.errors import UsageError, WizardError
from wizard.login.credentials import KEY_VARIABLES
from wizard.posthog import events
from wizard.posthog.access import Access
from wizard.posthog.failures import quoted
from wizard.posthog.hosts import login_line
from wizard.posthog.http import place
from wizard.posthog.lag import explanations
from wizard.posthog.projects import Project
from wizard.verify.token import Connection, titled
from wizard.verify.verdicts import Status, Verdict, Wanted, filled

SCOPES = "query:read, user:read and project:read"

_STATUS: Mapping[str, Status] = MappingProxyType(
    {"seen": "passed", "failed": "failed", "not seen yet": "skipped", "unclear": "skipped"}
)


def uuid_of(text: str) -> str:
    """The uuid of a test event as `--resume` takes it. Raises UsageError."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not the uuid of an event", "It is in what an earlier posthog-wizard verify printed."
        ) from error


def readable_link(connection: Connection, wanted: Wanted) -> Verdict:
    """Sends the event, unless an earlier one is meant, and looks for it. Lag is never a failure."""
    if impossible := _impossible(connection, wanted):
        return impossible
    access, owner = connection.access, connection.owner
    assert access is not None
    if connection.trouble is not None:
        error = connection.trouble
        return _unread(error, proven=bool(error.status) and not error.passing)
    assert owner is not None
    sent = events.Sent(uuid_of(wanted.resume)) if wanted.resume else None
    if sent is None:
        assert wanted.token is not None
        wanted.say(f"Sending the test event {events.TEST_EVENT} to {connection.hosts.ingest}")
        try:
            sent = events.send_test_event(
                wanted.token, connection.hosts, timeout=wanted.waits.request, sleep=wanted.waits.sleep, say=wanted.say
            )
        except events.NotSent as error:
            return _unread(error, proven=error.refused)
    arrival = events.wait_for_event(
        sent.uuid, access, owner.project.id, delays=wanted.waits.looks, timeout=wanted.waits.query,
        sleep=wanted.waits.sleep, say=wanted.say, at_once=wanted.resume is not None,
    )  # fmt: skip
    detail: dict[str, Any] = {
        "uuid": sent.uuid,
        "event": events.TEST_EVENT,
        "project": owner.project.id,
        "project_name": owner.project.name,
        "activity": activity(access, owner.project.id),
        "waited": round(arrival.waited, 1),
        "hint": arrival.hint,
    }
    if arrival.status == "seen":
        notes = _hidden(owner.settings.test_account_filters if owner.settings else ())
        reason = f"the test event is readable in {titled(owner.project)}, {arrival.waited:.0f} s after it was sent"
        if wanted.resume:
            reason = f"the test event is readable in {titled(owner.project)}"
        return Verdict("readable", "passed", reason, filled({**detail, "notes": notes}))
    if arrival.status == "not seen yet":
        quota = tuple(dict.fromkeys((*connection.quota, *sent.quota)))
        return _late(Verdict("readable", "skipped", arrival.reason, detail), quota, access, owner.project, wanted)
    return Verdict("readable", _STATUS[arrival.status], arrival.reason, filled(detail))


def activity(access: Access, project: int) -> str:
    """The page of PostHog that shows events as they come in."""
    return f"{access.hosts.app}/project/{project}/activity/explore"


def _impossible(connection: Connection, wanted: Wanted) -> Verdict | None:
    """Why nothing is sent and nothing looked for."""
    if connection.verdict.status == "failed":
        return Verdict("readable", "skipped", "no event can arrive with this token and host")
    if not wanted.token and not (wanted.resume and wanted.project):
        hint = "Give the token, or with --resume the project: --project-id." if wanted.resume else ""
        return Verdict("readable", "skipped", "no project token was given", filled({"hint": hint}))
    if connection.access is not None:
        return None
    login, reason = login_line(connection.hosts), "nobody is logged in and no personal API key was given"
    if wanted.host_read and connection.hosts.region is None:
        # no next command: whoever follows it without a thought gives a stranger's host the key, or the password
        if connection.refused:
            reason, login = _clause(connection.refused), f"{wanted.again} --host {shlex.quote(connection.hosts.app)}"
        where = place(connection.hosts.app)
        hint = f"It is the project alone that names {where}. Only if that is your PostHog: {login}"
        return Verdict("readable", "skipped", reason, {"hint": hint})
    if connection.refused:
        detail = {"hint": f"Log in again: {login}", "next": login}
        return Verdict("readable", "skipped", _clause(connection.refused), detail)
    hint = f"Log in, or set {KEY_VARIABLES[0]} to a personal API key with {SCOPES}."
    return Verdict("readable", "skipped", reason, {"hint": hint, "next": f"{login} && {wanted.again}"})


def _clause(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".") if sentence else ""


def _late(verdict: Verdict, quota: tuple[str, ...], access: Access, project: Project, wanted: Wanted) -> Verdict:
    """Not seen yet: what PostHog says about it, and the command that looks again."""
    wanted.say("Asking PostHog whether its intake lags behind")
    notes = list(explanations(access, project.id, timeout=wanted.waits.query))
    if "events" in quota:
        notes.insert(
            0, "The project's quota for events is used up: PostHog takes events and drops them until it is raised."
        )
    look = f"{wanted.again} --resume {verdict.detail['uuid']}"
    hint = f"It often is a matter of time. Look again: {look}\nIn PostHog: {verdict.detail['activity']}"
    return replace(verdict, detail=filled({**verdict.detail, "next": look, "hint": hint, "notes": notes}))


def _hidden(filters: Iterable[Mapping[str, Any]]) -> list[str]:
    """Do the project's filters leave out what comes from this machine?"""
    keys = [str(one.get("key", "")) for one in filters if _hides_localhost(one)]
    if not keys:
        return []
    named = " and ".join(quoted(key)[:40] for key in dict.fromkeys(keys))
    return [
        "Charts with 'Filter out internal and test users' on leave out what you do on localhost: the project's "
        f"filter on {named} hides it. It is there all the same, under Activity."
    ]


def _hides_localhost(one: Mapping[str, Any]) -> bool:
    if one.get("key") == "$internal_or_test_user":
        return True
    negative = str(one.get("operator", "")).startswith(("not_", "is_not"))
    return negative and any(name in str(one.get("value", "")) for name in ("localhost", "127.0.0.1", "127\\.0\\.0\\.1"))


def _unread(error: WizardError, *, proven: bool) -> Verdict:
    return Verdict("readable", "failed" if proven else "skipped", error.message, filled({"hint": error.hint}))
