"""The private API: calls with their retries, lists with their pages, and whose project a token is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from wizard.posthog.access import Access, Pause
from wizard.posthog.failures import KEY_PAGE, LOG_IN, ApiError, failure, quoted
from wizard.posthog.http import Method, NoReply, Reply, is_loopback, place, send
from wizard.posthog.loose import mapping, numbers, objects, text
from wizard.posthog.masking import redact

__all__ = ["TIMEOUT", "ApiError", "call", "call_without", "check_access", "listed", "project_of", "quoted", "segment"]

TIMEOUT = 45.0
"""Seconds for one call; the server itself queues a query for up to about 30 s."""

TRIES = 3
"""How often a read is tried."""

LONGEST_PAUSE = 60.0
"""Seconds; a Retry-After is followed up to here."""

_BACKOFF = (1.0, 3.0)
"""Seconds before the second and the third try, when the server names no time of its own."""

_PASSING = ("dns", "timeout", "refused", "broken")
"""Kinds of silence that may be over at the next try; filters and bad addresses stay."""

_PAGES = 50
"""Pages of a list (100 each) that are read before giving up."""


def check_access(access: Access) -> str:
    """The secret without blanks around it. Raises ApiError for what is none, or must not travel to these hosts."""
    key, hosts, called = access.secret.strip(), access.hosts, access.called
    another = KEY_PAGE if access.kind == "personal key" else f"{LOG_IN}."
    if not key:
        raise ApiError(f"{called} is empty", another)
    if key.startswith("phc_"):
        raise ApiError("this is a project token, not a personal API key; it cannot read events", KEY_PAGE)
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ApiError(f"{called} has blanks or characters that no key has", another)
    if urlsplit(hosts.app).scheme != "https" and not is_loopback(hosts.app):
        raise ApiError(
            f"{called} was not sent to {place(hosts.app)}, because the connection is not encrypted",
            "Give an https:// address with --host.",
        )
    return key


def call(
    method: Method,
    path: str,
    access: Access,
    *,
    body: Any = None,
    form: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    tries: int | None = None,
    sleep: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """The JSON object that `path` (with its trailing slash) of the app host answers; {} where it answers nothing.

    A read is tried up to 3 times when the server is busy or breaks down, a write only when the server says that it did
    not look at it (429), unless `tries` says that it may be repeated; 1 means that the caller has its own way. Waits
    go through `access.pause`, or in silence through `sleep`. Raises ApiError.
    """
    answer = _ask(method, path, access, body, form, timeout, tries, sleep)
    if isinstance(answer, dict):
        return answer
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (no JSON object)")


def call_without(
    optional: Sequence[str],
    method: Method,
    path: str,
    access: Access,
    *,
    body: dict[str, Any],
    tries: int | None = None,
) -> dict[str, Any]:
    """As `call`; a field of `optional` that the server refuses (no such field, not in the plan) is left out.

    Some versions name the field, others only say that the plan does not have it (402). Raises ApiError.
    """
    for name in (*optional, ""):
        try:
            return call(method, path, access, body=body, tries=tries)
        except ApiError as error:
            refused = error.attr if error.attr in optional else name if error.status == 402 else ""
            if error.status not in (400, 402, 403) or refused not in body:
                raise
            body = {field: value for field, value in body.items() if field != refused}
    raise AssertionError("the last try has nothing left to leave out")


def _ask(
    method: Method,
    path: str,
    access: Access,
    body: Any,
    form: Mapping[str, str] | None,
    timeout: float,
    tries: int | None,
    sleep: Callable[[float], None] | None,
) -> Any:
    key, pause = check_access(access), _pause(access, sleep)
    repeatable = method == "GET" or (tries or 1) > 1
    for left in reversed(range(tries or TRIES)):
        reply = send(method, access.hosts.app + path, body=body, form=form, bearer=key, timeout=timeout)
        if isinstance(reply, Reply) and 200 <= reply.status < 300:
            answer = {} if not reply.body.strip() else reply.json()
            if answer is not None:
                return answer
        error = _refusal(reply, access, key)
        again = repeatable and error.passing and (error.status > 0 or _broke_off(reply))
        if not left or not (again or error.status == 429):
            raise error
        _wait(pause, error, (tries or TRIES) - left)
    raise AssertionError("a call is tried at least once")


def _refusal(reply: Reply | NoReply, access: Access, key: str) -> ApiError:
    if isinstance(reply, NoReply):
        return ApiError(redact(reply.reason, key), reply.hint, passing=reply.kind in _PASSING)
    return failure(reply, access, key)


def _broke_off(reply: Reply | NoReply) -> bool:
    return isinstance(reply, NoReply) and reply.kind == "broken"


def _pause(access: Access, sleep: Callable[[float], None] | None) -> Pause:
    return access.pause if sleep is None else lambda seconds, why: sleep(seconds)


def _wait(pause: Pause, error: ApiError, tried: int) -> None:
    seconds = min(_BACKOFF[min(tried, len(_BACKOFF)) - 1] if error.wait is None else error.wait, LONGEST_PAUSE)
    pause(seconds, f"{error.message}; trying again in {seconds:.0f} s")


def listed(
    path: str,
    access: Access,
    query: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT,
    tries: int | None = None,
) -> Iterator[dict[str, Any]]:
    """All objects of a list, page by page. Raises ApiError.

    The next page is asked for by its offset: following the address in `next` could carry the key to another host.
    """
    offset, before = 0, None
    for _ in range(_PAGES):
        asked = urlencode({**(query or {}), "limit": 100, "offset": offset})
        answer = _ask("GET", f"{path}?{asked}", access, None, None, timeout, tries, None)
        found = answer if isinstance(answer, list) else mapping(answer).get("results")
        if not isinstance(found, list):
            raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (no list)")
        if found == before:
            return
        yield from objects(found)
        if not found or isinstance(answer, list) or not answer.get("next"):
            return
        offset, before = offset + len(found), found


def segment(value: str | int) -> str:
    """An id as a part of a path. Raises ApiError for what would lead to somewhere else."""
    if re.fullmatch(r"@?[A-Za-z0-9_-]{1,100}", str(value)):
        return str(value)
    raise ApiError(f"{quoted(value)[:60]!r} is not an id that PostHog gives")


def project_of(token: str, access: Access, *, timeout: float = TIMEOUT, tries: int | None = None) -> int:
    """The id of the project that has this project token, among those the key may see.

    Looks at the user's current project, at the projects the key is limited to, then at each organization's list; a
    scope that one way lacks is no failure as long as another way leads there. Raises ApiError.
    """
    lacking: list[str] = []
    for project in _visible(access, timeout, tries, lacking):
        if project.get("api_token") == token and isinstance(project.get("id"), int):
            return int(project["id"])
    if lacking:
        raise ApiError(
            f"cannot find the project of the token: {'; '.join(dict.fromkeys(lacking))}",
            "Set POSTHOG_WIZARD_PROJECT_ID, or give the key the scopes user:read and project:read.",
            status=403,
        )
    raise ApiError(
        f"no project that {access.called} may see on {place(access.hosts.app)} has this project token",
        "Use a key of the organization that owns the project.",
    )


def _visible(access: Access, timeout: float, tries: int | None, lacking: list[str]) -> Iterator[dict[str, Any]]:
    """Projects as `{id, api_token, ...}`, cheapest first, some twice; other fields are secret, never log them."""

    def get(path: str) -> dict[str, Any]:
        with _tolerant(lacking):
            return call("GET", path, access, timeout=timeout, tries=tries)
        return {}

    me = get("/api/users/@me/")
    yield from objects([me.get("team")])
    key = get("/api/personal_api_keys/@current/") if access.kind == "personal key" else {}
    for project in numbers(key.get("scoped_teams")) or access.projects:
        yield get(f"/api/projects/{project}/")
    organizations = [text(o.get("id")) for o in objects(me.get("organizations"))]
    for organization in [o for o in organizations if o] or ["@current"]:
        path = f"/api/organizations/{segment(organization)}/projects/"
        with _tolerant(lacking):
            yield from listed(path, access, timeout=timeout, tries=tries)


@contextmanager
def _tolerant(lacking: list[str]) -> Iterator[None]:
    """What is not permitted or not there is no failure, but noted."""
    try:
        yield
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        if error.status == 403:
            lacking.append(error.message)
