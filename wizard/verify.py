"""The proof, link by link: the token, the app's own code, the event in the project. Never merged into one verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

from wizard.errors import Exit, UsageError, WizardError
from wizard.posthog import events, private_api, tokens
from wizard.posthog.hosts import Hosts

Say = Callable[[str], None]

KEY_VARIABLES = ("POSTHOG_WIZARD_PERSONAL_KEY", "POSTHOG_PERSONAL_API_KEY")
"""Where the personal key comes from; there is no flag, because argv is visible to every process."""

PROJECT_VARIABLES = ("POSTHOG_WIZARD_PROJECT_ID", "POSTHOG_PROJECT_ID")

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known about one link. `failed` is proven failure, `skipped` proves nothing; `detail` is JSON data."""

    link: Literal["token", "app", "readable"]
    status: Status
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class Emission(Protocol):
    """What starting the app showed (`wizard.emits.Emission`)."""

    @property
    def status(self) -> Status: ...
    @property
    def reason(self) -> str: ...
    @property
    def event(self) -> Any: ...
    @property
    def own(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Waits:
    """Limits: seconds for a request to the public hosts, for one query, and before each look at the project."""

    request: float = tokens.TIMEOUT
    query: float = private_api.TIMEOUT
    looks: Sequence[float] = events.DELAYS
    sleep: Callable[[float], None] = time.sleep


def personal_key(env: Mapping[str, str]) -> str | None:
    """The personal API key of the environment; None when there is none."""
    return next((env[name].strip() for name in KEY_VARIABLES if env.get(name, "").strip()), None)


def project_id(env: Mapping[str, str]) -> int | None:
    """The project id of the environment; None when there is none. Raises UsageError for what is no number."""
    for name in PROJECT_VARIABLES:
        if value := env.get(name, "").strip():
            if not (value.isascii() and value.isdecimal()):
                raise UsageError(
                    f"{name} is not the number of a project", "It is in the address of the project's pages."
                )
            return int(value)
    return None


def verify(
    token: str | None,
    hosts: Hosts,
    app: Callable[[], Emission] | str,
    *,
    env: Mapping[str, str],
    say: Say,
    regions: Mapping[str, Hosts] = tokens.CLOUD,
    waits: Waits | None = None,
    host_read: bool = False,
) -> tuple[Verdict, ...]:
    """The verdicts on `token`, `app` and `readable`, in this order; each link is tried whatever the others say.

    `app` starts the app and looks for its event (`functools.partial(emits, ...)`), or is the reason why it is not
    started. The personal key and the project id are read from `env`. `say` hears what is waited for and how long at
    most. With `host_read` nobody but the project named `hosts`: whoever wrote it could collect personal keys, so that
    ours goes to PostHog Cloud only. Raises UsageError for a token that cannot be one.
    """
    waits = waits or Waits()
    number = project_id(env)
    first = _token(token, hosts, regions, waits, say)
    second = _app(app)
    key = personal_key(env)
    if key is not None and host_read and hosts.region is None:
        reason = f"your personal API key is not sent to {hosts.app}, which only the project names"
        hint = f"If that is your PostHog, name it yourself: --host {hosts.app}"
        return first, second, Verdict("readable", "skipped", reason, {"hint": hint})
    return first, second, _readable(token, first, hosts, key, number, waits, say)


def _token(token: str | None, hosts: Hosts, regions: Mapping[str, Hosts], waits: Waits, say: Say) -> Verdict:
    if token is None:
        return Verdict("token", "skipped", "no project token was given", {"hint": tokens.WHERE})
    warning = tokens.shape(token)
    found = tokens.check_token(token, hosts, regions=regions, timeout=waits.request, say=say)
    detail = {"host": hosts.ingest, "region": found.region, "hint": found.hint, "warning": warning}
    return Verdict("token", found.status, found.reason, _filled(detail))


def _app(app: Callable[[], Emission] | str) -> Verdict:
    if isinstance(app, str):
        return Verdict("app", "skipped", app)
    emission = app()
    return Verdict("app", emission.status, emission.reason, _filled({"event": emission.event, "own": emission.own}))


def _readable(
    token: str | None, checked: Verdict, hosts: Hosts, key: str | None, project: int | None, waits: Waits, say: Say
) -> Verdict:
    if key is None:
        hint = f"Set {KEY_VARIABLES[0]} to a personal API key with the scopes query:read, user:read and project:read."
        return Verdict("readable", "skipped", "no personal API key was given", {"hint": hint})
    if token is None or checked.status == "failed":
        reason = "no project token was given" if token is None else "no event can arrive with this token and host"
        return Verdict("readable", "skipped", reason)
    try:
        if project is None:
            say("Looking up the project of the token with the personal API key")
            project = private_api.project_of(token.strip(), key, hosts, timeout=waits.query)
        event = events.send_test_event(token, hosts, timeout=waits.request)
    except private_api.CannotRead as error:
        return _unread(error, proven=bool(error.status) and not error.passing)
    except events.NotSent as error:
        return _unread(error, proven=error.refused)
    arrival = events.wait_for_event(
        event, key, hosts, project, delays=waits.looks, timeout=waits.query, sleep=waits.sleep, say=say
    )
    detail = {"uuid": event, "project": project, "waited": arrival.waited, "hint": arrival.hint}
    return Verdict("readable", _STATUS[arrival.status], arrival.reason, _filled(detail))


_STATUS: Mapping[str, Status] = MappingProxyType(
    {"seen": "passed", "failed": "failed", "not seen yet": "skipped", "unclear": "skipped"}
)


def _unread(error: WizardError, *, proven: bool) -> Verdict:
    return Verdict("readable", "failed" if proven else "skipped", error.message, _filled({"hint": error.hint}))


def _filled(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if value not in (None, "")}


def to_json(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """The verdicts as JSON data: `[{"link", "status", "reason", "detail"}, ...]`, in the order given."""
    return [{"link": v.link, "status": v.status, "reason": v.reason, "detail": dict(v.detail)} for v in verdicts]


def exit_code(verdicts: Iterable[Verdict]) -> Exit:
    """UNVERIFIED (4) when any link failed, or when none passed; else OK.

    A skipped link alone is no failure: lag is normal, and neither the app nor the key is everybody's to give. One
    link that passed is enough, because a readable event proves the token as well.
    """
    statuses = [verdict.status for verdict in verdicts]
    return Exit.UNVERIFIED if "failed" in statuses or "passed" not in statuses else Exit.OK
