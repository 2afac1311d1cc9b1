"""Organizations and projects: which there are, and making one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import flag, mapping, number, text
from wizard.posthog.private_api import call, listed, segment
from wizard.posthog.settings import Settings, add_app_url, settings, switch, switch_on

__all__ = [
    "Organization",
    "Project",
    "Settings",
    "add_app_url",
    "create",
    "organizations",
    "project",
    "projects",
    "settings",
    "switch",
    "switch_on",
]

ADMIN = 8
"""The level from which a member may create projects wherever the organization does not let everybody."""


@dataclass(frozen=True, slots=True)
class Organization:
    """`level` is the user's: 1 member, 8 admin, 15 owner; None when nobody said."""

    id: str
    name: str
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """`token` is the public one (phc_), empty when the answer had none. `organization` is an id, or empty.

    `has_events` tells whether any event ever came; None when unknown.
    """

    id: int
    name: str
    token: str = field(repr=False)
    organization: str = ""
    has_events: bool | None = None
    is_demo: bool = False
    timezone: str = ""


def read_organization(answer: Any) -> Organization | None:
    """An organization out of an answer; None when it has no id."""
    found = mapping(answer)
    name = text(found.get("id"))
    return Organization(name, text(found.get("name")) or name, number(found.get("membership_level"))) if name else None


def read_project(answer: Any) -> Project | None:
    """A project out of an answer, whose other fields are dropped, for some are secret; None when it has no id."""
    found = mapping(answer)
    identity = number(found.get("id"))
    if identity is None:
        return None
    return Project(
        identity,
        text(found.get("name")) or f"project {identity}",
        text(found.get("api_token")).strip(),
        text(found.get("organization")) or text(mapping(found.get("organization")).get("id")),
        flag(found.get("ingested_event")),
        flag(found.get("is_demo")) is True,
        text(found.get("timezone")),
    )


def organizations(access: Access) -> tuple[Organization, ...]:
    """The organizations that the credential may see. Needs organization:read; raises ApiError."""
    read = map(read_organization, listed("/api/organizations/", access))
    return tuple(organization for organization in read if organization)


def projects(access: Access, organization_id: str = "@current") -> tuple[Project, ...]:
    """The projects of an organization that the credential may see. Needs project:read; raises ApiError.

    A credential that is limited to projects cannot list an organization: then they are read one by one.
    """
    try:
        read = map(read_project, listed(f"/api/organizations/{segment(organization_id)}/projects/", access))
        return tuple(found for found in read if found)
    except ApiError as error:
        if error.status != 403 or error.scope or not access.projects:
            raise
    several = (project(access, number) for number in access.projects)
    return tuple(p for p in several if organization_id in ("@current", p.organization, ""))


def project(access: Access, id: int | Literal["@current"]) -> Project:
    """One project. Needs project:read; raises ApiError."""
    return _project(call("GET", f"/api/projects/{segment(id)}/", access), access)


def create(access: Access, organization_id: str, name: str) -> Project:
    """Creates a project. Needs project:write and a credential that is not limited to projects; raises ApiError."""
    path = f"/api/organizations/{segment(organization_id)}/projects/"
    return _project(call("POST", path, access, body={"name": name}), access)


def _project(answer: Mapping[str, Any], access: Access) -> Project:
    if found := read_project(answer):
        return found
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (a project without id)")
