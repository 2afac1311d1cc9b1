"""Whose project a token is: of the one that the user means, or of another."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.posthog import private_api
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.private_api import call, segment
from wizard.posthog.projects import Project, read_project
from wizard.posthog.settings import Settings, read_settings
from wizard.posthog.users import limits, me


@dataclass(frozen=True, slots=True)
class Owner:
    """`project` has the token; `wanted` is the one that the user named when it is another, `current` the user's own
    choice in the browser when it is another. `settings` are those of `project`, None when they cannot be read.
    """

    project: Project
    settings: Settings | None = None
    wanted: Project | None = None
    current: Project | None = None


def owner_of(token: str | None, number: int | None, access: Access, *, timeout: float) -> Owner:
    """The project that has the token, or without a token the one with the number. `timeout` in seconds per call.

    A credential that may not read projects is no failure as long as the number is given: it is believed then. Raises
    ApiError.
    """
    token = token.strip() if token else None
    if number is None:
        assert token is not None, "a token or a number is needed"
        return _found(token, access, timeout)
    try:
        named, settings = _read(number, access, timeout)
    except ApiError as error:
        if error.status != 403:
            raise
        return Owner(Project(number, f"project {number}", token or ""))
    if token is None or not named.token or named.token == token:
        return Owner(named, settings)
    try:
        return Owner(*_read(private_api.project_of(token, access, timeout=timeout), access, timeout), wanted=named)
    except ApiError as error:
        if error.passing:
            raise
        # that it is not the token of the named project is proven; whose it is stays open
        return Owner(Project(0, "another project", token), wanted=named)


def _found(token: str, access: Access, timeout: float) -> Owner:
    current = None
    try:
        current = me(access).project
    except ApiError as error:
        if error.status != 403:
            raise
    number = current.id if current and current.token == token else None
    if number is None:
        number = _looked_up(token, access, timeout)
    elsewhere = current if current and current.id != number else None
    try:
        project, settings = _read(number, access, timeout)
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        known = current if current and current.id == number else Project(number, f"project {number}", token)
        return Owner(known, None, current=elsewhere)
    return Owner(project, settings, current=elsewhere)


def _looked_up(token: str, access: Access, timeout: float) -> int:
    try:
        return private_api.project_of(token, access, timeout=timeout)
    except ApiError as error:
        if error.passing or error.status not in (0, 403):
            raise
        reach = limits(access).projects
        if not reach:
            raise
        names = ", ".join(quoted(_named(number, access, timeout)) for number in reach[:5])
        raise ApiError(
            f"the token belongs to none of the projects that {access.called} is limited to: {names}",
            "Take the token of that project, or a credential for the token's project: posthog-wizard login",
        ) from error


def _named(number: int, access: Access, timeout: float) -> str:
    """`project 7 (Shop)`, or the number alone where the name cannot be had."""
    try:
        return f"project {number} ({_read(number, access, timeout)[0].name})"
    except ApiError:
        return f"project {number}"


def _read(number: int, access: Access, timeout: float) -> tuple[Project, Settings]:
    answer = call("GET", f"/api/projects/{segment(number)}/", access, timeout=timeout)
    return read_project(answer) or Project(number, f"project {number}", ""), read_settings(answer)
