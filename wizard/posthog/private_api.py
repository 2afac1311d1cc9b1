"""The private API as a personal key sees it: calls, their failures in words, and whose project a token is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from wizard.errors import WizardError
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, Reply, is_loopback, place, send
from wizard.posthog.tokens import redact

TIMEOUT = 45.0
"""Seconds for one call; the server itself queues a query for up to about 30 s."""

KEY_PAGE = "Personal API keys are made in PostHog under Settings, Personal API keys."

_PAGES = 20
"""Pages of projects (100 each) that are read per organization before giving up."""


class CannotRead(WizardError):
    """The private API gives no answer. `passing` failures may be gone at the next try, after `wait` seconds.

    `status` is the HTTP status PostHog refused with; 0 when it is not known that PostHog refused. The message never
    holds a key.
    """

    def __init__(
        self, message: str, hint: str = "", *, passing: bool = False, status: int = 0, wait: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.passing = passing
        self.status = status
        self.wait = wait


def check_key(key: str, hosts: Hosts) -> str:
    """The key without blanks around it. Raises CannotRead for what is no personal key or must not travel to `hosts`."""
    key = key.strip()
    if not key:
        raise CannotRead("the personal API key is empty", KEY_PAGE)
    if key.startswith("phc_"):
        raise CannotRead("this is a project token, not a personal API key; it cannot read events", KEY_PAGE)
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise CannotRead("the personal API key has blanks or characters that no key has", KEY_PAGE)
    if urlsplit(hosts.app).scheme != "https" and not is_loopback(hosts.app):
        raise CannotRead(
            f"the personal API key was not sent to {place(hosts.app)}, because the connection is not encrypted",
            "Give an https:// address with --host.",
        )
    return key


def call(
    method: Literal["GET", "POST"], path: str, key: str, hosts: Hosts, *, body: Any = None, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """The JSON object that `path` (with its trailing slash) of the app host answers. Raises CannotRead."""
    key = check_key(key, hosts)
    reply = send(method, hosts.app + path, body=body, bearer=key, timeout=timeout)
    if isinstance(reply, NoReply):
        raise CannotRead(redact(reply.reason, key), passing=reply.kind not in ("url", "tls"))
    answer = reply.json()
    if reply.status in (200, 202) and isinstance(answer, dict):
        return answer
    raise _failure(reply, answer, key, hosts)


def quoted(said: Any, *secrets: str) -> str:
    """What a server said, fit for a message: one line of ASCII, at most 300 characters, without secrets."""
    line = " ".join(redact(str(said), *secrets).split())
    return line[:300].encode("ascii", "replace").decode()


def _failure(reply: Reply, answer: Any, key: str, hosts: Hosts) -> CannotRead:
    where, status = place(hosts.app), reply.status
    said = f": {quoted(answer['detail'], key)}" if isinstance(answer, dict) and answer.get("detail") else ""
    match status:
        case 401 if not reply.html:
            return CannotRead(
                f"{where} does not accept the personal API key{said}",
                f"It may be revoked or of another region. {KEY_PAGE}",
                status=status,
            )
        case 403 if scope := re.search(r"scope\W+([a-z_]+:(?:read|write))", said):
            return CannotRead(
                f"the personal API key lacks the scope {scope[1]}",
                f"Add {scope[1]} to the key on {hosts.app}/settings/user-api-keys.",
                status=status,
            )
        case 403 if isinstance(answer, dict):
            return CannotRead(f"{where} does not permit this to the personal API key{said}", status=status)
        case 404 if isinstance(answer, dict):
            return CannotRead(
                f"{where} has no such project, or the personal API key may not see it{said}",
                "Check POSTHOG_WIZARD_PROJECT_ID and which projects the key is limited to.",
                status=status,
            )
        case 429:
            message = f"{where} is limiting requests (429)"
            return CannotRead(message, "Try again later.", passing=True, status=status, wait=reply.retry_after)
        case _ if status >= 500:
            message = f"{where} has a problem of its own ({status}){said}"
            return CannotRead(message, "Try again later.", passing=True, status=status)
        case _ if isinstance(answer, dict):
            return CannotRead(f"{where} refuses the request ({status}){said}", status=status)
    hint = "" if hosts.region else "When it is a reverse proxy of PostHog Cloud, name the region with --region."
    return CannotRead(f"{where} does not answer like PostHog's private API ({status})", hint)


def project_of(token: str, key: str, hosts: Hosts, *, timeout: float = TIMEOUT) -> int:
    """The id of the project that has this project token, among those the key may see.

    Looks at the user's current project, at the projects the key is limited to, then at each organization's list; a
    scope that one way lacks is no failure as long as another way leads there. Raises CannotRead.
    """
    lacking: list[str] = []
    for project in _visible(key, hosts, timeout, lacking):
        if project.get("api_token") == token and isinstance(project.get("id"), int):
            return int(project["id"])
    if lacking:
        raise CannotRead(
            f"cannot find the project of the token: {'; '.join(dict.fromkeys(lacking))}",
            "Set POSTHOG_WIZARD_PROJECT_ID, or give the key the scopes user:read and project:read.",
            status=403,
        )
    raise CannotRead(
        f"no project that the personal API key may see on {place(hosts.app)} has this project token",
        "Use a key of the organization that owns the project.",
    )


def _visible(key: str, hosts: Hosts, timeout: float, lacking: list[str]) -> Iterator[dict[str, Any]]:
    """Projects as `{id, api_token, ...}`, cheapest first, some twice; other fields are secret, never log them."""

    def get(path: str) -> dict[str, Any]:
        try:
            return call("GET", path, key, hosts, timeout=timeout)
        except CannotRead as error:
            if error.status not in (403, 404):
                raise
            if error.status == 403:
                lacking.append(error.message)
            return {}

    me = get("/api/users/@me/")
    yield from _objects([me.get("team")])
    for project in get("/api/personal_api_keys/@current/").get("scoped_teams") or ():
        if isinstance(project, int):
            yield get(f"/api/projects/{project}/")
    organizations = [str(o["id"]) for o in _objects(me.get("organizations")) if "id" in o]
    for organization in organizations or ["@current"]:
        for page in range(_PAGES):
            listed = get(f"/api/organizations/{organization}/projects/?limit=100&offset={100 * page}")
            yield from _objects(listed.get("results"))
            if not listed.get("next"):
                break


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
