"""What a refusal of the private API means: each kind in a sentence, with the next step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wizard.errors import WizardError
from wizard.posthog.access import Access
from wizard.posthog.http import Reply, place
from wizard.posthog.loose import line, mapping, text
from wizard.posthog.masking import redact
from wizard.posthog.obstacles import obstacle

KEY_PAGE = "Personal API keys are made in PostHog under Settings, Personal API keys."

LOG_IN = "Log in again: posthog-wizard login"

_KEYS = "/settings/user-api-keys"

_ACCOUNT = r"\bSSO\b|single sign|SAML|2FA|two.factor|\bMFA\b|inactive|disabled|deactivated"
"""What a 401 is about when the credential itself is right."""

_DENIALS = (
    (
        r"(no scopes)",
        "{called} was granted nothing (no scopes)",
        f"{LOG_IN}, and leave the permissions on that it asks for.",
    ),
    (
        r"(not support personal api key)",
        "PostHog offers this to browsers only, not to {called}",
        "Do it on {site} in a browser.",
    ),
    (
        r"access to the requested project(?:: ID (\d{1,12}))?",
        "{called} has no access to the project {found}",
        "{wider} Or take another project with --project-id.",
    ),
    (
        r"access to the requested organization(?:: ID ([\w-]{1,60}))?",
        "{called} has no access to the organization {found}",
        "{wider}",
    ),
    (
        r"(scoped projects are only supported)",
        "{called} is limited to projects, and this is about the whole organization",
        "Name the project with --project-id. Or: {wider}",
    ),
    (
        r"(organization.{0,300}personal api keys?)",
        "the organization does not allow personal API keys",
        "Use posthog-wizard login instead, or ask an admin to allow them under {site}/settings/organization.",
    ),
    (
        r"(have access to the project\b)",
        "your account has no access to the project",
        "Ask an admin of the organization for it, or take another project with --project-id.",
    ),
    (
        r"do not have (\w{1,20}) access to this resource",
        "your account lacks the access level {found} for this",
        "Ask an admin of the organization for it.",
    ),
    (
        r"(access level is insufficient|admin access|organization admin|membership level)",
        "only admins of the organization may do this",
        "Ask an admin of the organization.",
    ),
    (
        r"(maximum limit of allowed projects|limit of .{0,40}projects|upgrade .{0,60}plan)",
        "the plan of this PostHog organization has no room for another project",
        "Use a project that is there, or see {site}/organization/billing.",
    ),
    (
        r"feature flag '?([\w-]{1,60})",
        "PostHog has not enabled this for the organization (flag {found})",
        "Go on without it; PostHog's support can enable it.",
    ),
)
"""(a part of the detail, message, hint); `found` is the last group of the pattern."""


class ApiError(WizardError):
    """The private API gives no answer. `passing` failures may be gone at the next try, after `wait` seconds.

    `status` is the HTTP status PostHog refused with; 0 when it is not known that PostHog refused. `scope` is the one
    that the credential lacks, or empty; `code` and `attr` (the name of a bad field) are PostHog's own words, or empty.
    The message never holds a key.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        passing: bool = False,
        status: int = 0,
        wait: float | None = None,
        scope: str = "",
        code: str = "",
        attr: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.passing = passing
        self.status = status
        self.wait = wait
        self.scope = scope
        self.code = code
        self.attr = attr


def quoted(said: Any, *secrets: str) -> str:
    """What a server said, fit for a message: one line of ASCII, at most 300 characters, without secrets."""
    return line(redact(str(said), *secrets))


def failure(reply: Reply, access: Access, key: str) -> ApiError:
    """The failure that an answer of the private API means; `key` is kept out of it."""
    where, status = place(access.hosts.app), reply.status
    answer = reply.json()
    if status == 429 or (status >= 500 and status != 511):
        what = "is limiting requests" if status == 429 else "has a problem of its own"
        said = "" if status == 429 else _said(answer, key)
        message = f"{where} {what} ({status}){said}"
        return ApiError(message, "Try again later.", passing=True, status=status, wait=reply.retry_after)
    if not isinstance(answer, dict) or status < 400 or status in (407, 511):
        return _stranger(reply, access, key)
    detail, code, attr = (quoted(text(answer.get(name)), key) for name in ("detail", "code", "attr"))
    words = _words(_Refusal(status, detail, code[:60], attr[:60]), access)
    scope = _lacking(detail) if status == 403 else ""
    return ApiError(*words, status=status, scope=scope, code=code[:60], attr=attr[:60])


def _stranger(reply: Reply, access: Access, key: str) -> ApiError:
    """Answers that PostHog's private API does not give: web pages, redirects, no JSON."""
    headers = {name: redact(value, key) for name, value in reply.headers.items()}
    clean = Reply(reply.status, headers, reply.body.replace(key.encode(), b"..."))
    if found := obstacle(clean, access.hosts.app):
        return ApiError(found.reason, found.hint)
    hint = "" if access.hosts.region else "When it is a reverse proxy of PostHog Cloud, name the region with --region."
    return ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API ({reply.status})", hint)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A refusal in the shape of the private API, its words made fit for a message."""

    status: int
    detail: str
    code: str
    attr: str

    @property
    def said(self) -> str:
        return f": {self.detail}" if self.detail else ""


def _words(refusal: _Refusal, access: Access) -> tuple[str, str]:
    """Message and hint."""
    where, called, site, said = place(access.hosts.app), access.called, _site(access), refusal.said
    match refusal.status:
        case 401:
            return _unaccepted(refusal, access)
        case 402:
            hint = f"See {site}/organization/billing, or go on without it."
            return f"the plan of this PostHog organization does not include this (402){said}", hint
        case 403:
            return _denied(refusal, access)
        case 404:
            hint = "Check the number of the project and which projects the key is limited to."
            if access.kind == "login":
                hint = "Check the number of the project and whether the login was granted for it."
            return f"{where} has no such thing, or {called} may not see it (404){said}", hint
        case 405:
            return f"{where} does not offer this (405){said}", "Its version of PostHog may be too old for it."
        case 409:
            hint = "If the organization has approvals, ask an admin to approve it in PostHog; nothing is tried again."
            return f"{where} does not do this now (409){said}", hint
    field = f", field {refusal.attr}" if refusal.attr else ""
    return f"{where} refuses the request ({refusal.status}{field}){said}", ""


def _unaccepted(refusal: _Refusal, access: Access) -> tuple[str, str]:
    """401: the credential is wrong, or the account may not do anything as it is."""
    where, called, site, said = place(access.hosts.app), access.called, _site(access), refusal.said
    if refusal.code == "not_authenticated":
        hint = "Something between you and PostHog may drop the Authorization header: try from another network."
        return f"{where} says that it got no credential, though one was sent (401)", hint
    if re.search("current project to be set", refusal.detail, re.IGNORECASE):
        return f"your account has no current project (401){said}", f"Open {site} and choose or create a project."
    if re.search(_ACCOUNT, refusal.detail, re.IGNORECASE):
        hint = f"Log in on {site} with a browser and do what it asks for, or ask an admin; then try again."
        return f"{where} wants more of your account than a credential (401){said}", hint
    again = f"Make another one on {site}{_KEYS}." if access.kind == "personal key" else f"{LOG_IN}."
    return (
        f"{where} does not accept {called}{said}",
        f"It may be revoked, expired, or of another region (--region). {again}",
    )


def _denied(refusal: _Refusal, access: Access) -> tuple[str, str]:
    """403 in PostHog's own words (posthog/permissions.py), each with the way out."""
    called, site, personal = access.called, _site(access), access.kind == "personal key"
    if scope := _lacking(refusal.detail):
        add = f"Add {scope} to the key on {site}{_KEYS}." if personal else f"{LOG_IN} --scope {scope}"
        return f"{called} lacks the scope {scope}", add
    wider = f"Change what the key may reach on {site}{_KEYS}." if personal else f"{LOG_IN}, and choose what is needed."
    for pattern, message, hint in _DENIALS:
        if found := re.search(pattern, refusal.detail, re.IGNORECASE):
            words = {"called": called, "site": site, "wider": wider, "found": found[found.re.groups] or "it asked for"}
            return message.format(**words), hint.format(**words)
    hint = "The rights of your account in PostHog decide this: ask an admin of the organization."
    return f"{place(site)} does not permit this to {called}{refusal.said}", hint


def _lacking(detail: str) -> str:
    found = re.search(r"scope\W+([a-z_]{1,60}:(?:read|write))", detail)
    return found[1] if found else ""


def _site(access: Access) -> str:
    """The address of the app for people, without a password that may be in it."""
    return f"{urlsplit(access.hosts.app).scheme}://{place(access.hosts.app)}"


def _said(answer: Any, key: str) -> str:
    detail = quoted(text(mapping(answer).get("detail")), key)
    return f": {detail}" if detail else ""
