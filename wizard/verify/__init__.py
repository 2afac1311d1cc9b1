"""The proof, link by link: the token, the app's own code, the event in the project. Never merged into one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from wizard.errors import Exit, UsageError
from wizard.login.credentials import KEY_VARIABLES, personal_key
from wizard.posthog import tokens
from wizard.posthog.hosts import Hosts
from wizard.posthog.loose import mapping
from wizard.verify.readable import readable_link
from wizard.verify.token import Connection, token_link
from wizard.verify.verdicts import Say, Status, Verdict, Waits, Wanted, filled

__all__ = [
    "KEY_VARIABLES",
    "Connection",
    "Status",
    "Verdict",
    "Waits",
    "Wanted",
    "app_link",
    "exit_code",
    "personal_key",
    "project_id",
    "readable_link",
    "to_json",
    "token_link",
    "verify",
]

PROJECT_VARIABLES = ("POSTHOG_WIZARD_PROJECT_ID", "POSTHOG_PROJECT_ID")


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
    @property
    def cause(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def warning(self) -> str: ...


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
    started; the rest as in `Wanted`. Raises UsageError for a token that cannot be one.
    """
    wanted = Wanted(token, hosts, env, say, regions, waits or Waits(), host_read, project_id(env))
    connection = token_link(wanted)
    return connection.verdict, app_link(app), readable_link(connection, wanted)


def app_link(app: Callable[[], Emission] | str) -> Verdict:
    """Starts the app, or says why it is not started."""
    if isinstance(app, str):
        return Verdict("app", "skipped", app)
    emission = app()
    detail = {"event": emission.event, "own": emission.own, "cause": emission.cause}
    detail |= {"hint": emission.hint, "warning": emission.warning, "notes": _marked(emission.event)}
    return Verdict("app", emission.status, emission.reason, filled(detail))


def _marked(event: Any) -> list[str]:
    """posthog-js marks visitors of localhost, which hides them from charts; people look for them there in vain."""
    properties = mapping(mapping(event).get("properties"))
    places = (properties, mapping(properties.get("$set")), mapping(mapping(event).get("$set")))
    if not any(place.get("$internal_or_test_user") is True for place in places):
        return []
    return [
        "The SDK marks this visitor as internal, because the page is on localhost: charts with 'Filter out internal "
        "and test users' on leave such events out."
    ]


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
