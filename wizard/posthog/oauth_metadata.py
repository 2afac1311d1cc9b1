"""Where an authorization server does what: its metadata (RFC 8414), held against the site that was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, is_loopback, place, send
from wizard.posthog.loose import text, texts

TIMEOUT = 20.0
"""Seconds for one request to an authorization server."""

FRONT = "https://oauth.posthog.com"
"""The front of PostHog Cloud that leads to either region."""

OTHER_WAYS = "A personal API key works too: posthog-wizard login --key"

_WELL_KNOWN = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one authorization server. `register` and `revoke` are empty when it has none.

    `names_itself` says that each answer at the callback carries the issuer (RFC 9207). `scopes` are those that the
    server knows; empty means that it does not say.
    """

    issuer: str
    authorize: str
    token: str
    register: str = ""
    revoke: str = ""
    names_itself: bool = False
    scopes: frozenset[str] = frozenset()

    @property
    def is_cloud(self) -> bool:
        """Is it PostHog Cloud's?"""
        return is_cloud(self.issuer)

    def offered(self, scopes: Sequence[str]) -> list[str]:
        """Those that the server knows: an older instance would refuse the whole login for one that it does not."""
        return [scope for scope in scopes if scope in self.scopes] or list(scopes)


def is_cloud(url: str) -> bool:
    """Is it an https address of PostHog Cloud?"""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and (parts.hostname or "").endswith(".posthog.com")


def discover(hosts: Hosts | None) -> Endpoints:
    """The endpoints for `hosts`, or for the front of PostHog Cloud; by the known paths where there is no metadata.

    Raises ApiError when nobody answers, or when the metadata leads to another site or to no encrypted connection.
    Source: https://oauth.posthog.com/.well-known/oauth-authorization-server; Django wants the slash at the end.
    """
    issuer = FRONT if hosts is None else hosts.app
    if not is_safe(issuer):
        raise ApiError(
            f"the connection to {place(issuer)} is not encrypted; logging in there would give the login away",
            "Give an https:// address with --host.",
        )
    parts = urlsplit(issuer)
    reply = send("GET", f"{parts.scheme}://{parts.netloc}{_WELL_KNOWN}{parts.path}", timeout=TIMEOUT)
    if isinstance(reply, NoReply):
        raise ApiError(reply.reason, reply.hint, passing=True)
    if reply.status >= 500 or reply.status == 429:
        raise ApiError(
            f"{place(issuer)} has a problem of its own ({reply.status})",
            "Try again later.",
            passing=True,
            status=reply.status,
        )
    found = reply.json() if reply.status == 200 else None
    if isinstance(found, dict) and found.get("authorization_endpoint"):
        return _checked(found, issuer)
    base = FRONT if hosts is not None and hosts.region else issuer
    authorize, token, register, revoke = (f"{base}/oauth/{p}/" for p in ("authorize", "token", "register", "revoke"))
    return Endpoints(base, authorize, token, register, revoke)


def _checked(found: Mapping[str, Any], meant: str) -> Endpoints:
    where = place(meant)
    issuer = text(found.get("issuer")) or meant
    names = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint")
    urls = {name: text(found.get(name)) for name in names}
    for name, url in {"issuer": issuer, **urls}.items():
        if url and not same_site(url, meant):
            raise ApiError(f"the metadata of {where} leads to another site ({name}: {quoted(url)})", OTHER_WAYS)
        if url and not is_safe(url):
            raise ApiError(
                f"the metadata of {where} names an address that is not safe ({name}: {quoted(url)})", OTHER_WAYS
            )
    if not urls["token_endpoint"]:
        raise ApiError(f"the metadata of {where} names no token endpoint", OTHER_WAYS)
    methods = texts(found.get("code_challenge_methods_supported"))
    if methods and "S256" not in methods:
        raise ApiError(f"{where} does not support PKCE with S256, without which a login is not safe", OTHER_WAYS)
    named = found.get("authorization_response_iss_parameter_supported") is True
    authorize, token, register, revoke = urls.values()
    known = frozenset(texts(found.get("scopes_supported")))
    return Endpoints(issuer.rstrip("/"), authorize, token, register, revoke, named, known)


def same_site(url: str, meant: str) -> bool:
    """Does `url` belong to whom `meant` belongs to: the same origin, a host below it, or both PostHog Cloud?"""
    if is_cloud(meant):
        return is_cloud(url)
    try:
        one, other = urlsplit(url), urlsplit(meant)
        if is_loopback(meant):
            return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
    except ValueError:
        return False
    name = one.hostname or ""
    return bool(name) and (name == other.hostname or name.endswith(f".{other.hostname}"))


def is_safe(url: str) -> bool:
    """Is it an address that may be opened and sent secrets: https, or this very machine, and nothing hidden in it?"""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return False
    # for browsers a backslash ends the host
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in url) or parts.username or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
