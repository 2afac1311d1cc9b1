"""Whose credential it is, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wizard.posthog.access import Access
from wizard.posthog.failures import LOG_IN, ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import numbers, objects, text, texts
from wizard.posthog.private_api import call
from wizard.posthog.projects import Organization, Project, read_organization, read_project


@dataclass(frozen=True, slots=True)
class User:
    """`organization` and `project` are the current ones in the browser, not those a credential is limited to."""

    email: str
    name: str
    organization: Organization | None = None
    project: Project | None = None
    organizations: tuple[Organization, ...] = ()


def me(access: Access) -> User:
    """The user of the credential. Needs user:read; raises ApiError."""
    answer = call("GET", "/api/users/@me/", access)
    if not {"email", "uuid", "distinct_id", "team", "organization", "organizations"} & answer.keys():
        raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (a user without fields)")
    current = read_organization(answer.get("organization"))
    known = (read_organization(found) for found in objects(answer.get("organizations")))
    several = tuple(dict.fromkeys(o for o in known if o))
    names = [text(answer.get("first_name")).strip(), text(answer.get("last_name")).strip()]
    return User(
        text(answer.get("email")),
        " ".join(name for name in names if name),
        current,
        read_project(answer.get("team")),
        several or ((current,) if current else ()),
    )


def limits(access: Access) -> Access:
    """The same access with its scopes and projects, as far as PostHog tells them; what is unknown stays so.

    Raises ApiError only when PostHog does not accept the credential.
    """
    try:
        answer = _asked(access)
    except ApiError as error:
        if error.status == 401:
            raise
        return access
    # personal keys of old list no scopes and may do everything; logins without scopes may do nothing
    scopes = _scopes(answer) if access.kind == "login" else _scopes(answer) or frozenset("*")
    projects = numbers(answer.get("scoped_teams"))
    return replace(
        access,
        scopes=access.scopes if scopes is None else scopes,
        projects=projects or access.projects,
    )


def _asked(access: Access) -> dict[str, Any]:
    if access.kind == "personal key":
        return call("GET", "/api/personal_api_keys/@current/", access)
    form = {"token": access.secret.strip()}
    try:
        answer = call("POST", "/oauth/introspect/", access, form=form, tries=2)
    except ApiError as error:
        if error.status != 404:
            raise
        answer = call("POST", "/oauth/introspect", access, form=form, tries=2)
    if answer.get("active") is False:
        raise ApiError(f"{access.called} is no longer valid", LOG_IN, status=401)
    return answer


def _scopes(answer: dict[str, Any]) -> frozenset[str] | None:
    """Personal keys list them, OAuth (RFC 7662) writes them into one string."""
    if isinstance(found := answer.get("scopes"), list):
        return frozenset(texts(found))
    if isinstance(line := answer.get("scope"), str):
        return frozenset(line.split())
    return None
