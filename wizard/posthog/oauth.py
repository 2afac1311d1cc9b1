"""OAuth 2.0 as a public client speaks it: authorize with PKCE, exchange, refresh, revoke (RFC 6749, 7636, 7009)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.http import NoReply, place, send
from wizard.posthog.loose import mapping, number, numbers, text
from wizard.posthog.oauth_metadata import OTHER_WAYS, TIMEOUT, Endpoints

LIFETIME = 3600
"""Seconds that an access token is taken to live when the server does not say."""

_CODES = {
    "access_denied": "the login was refused in the browser",
    "invalid_client": "PostHog does not know the wizard's registration any more",
    "unauthorized_client": "PostHog does not let the wizard log in this way",
    "invalid_grant": "the code or the login is used up, expired or revoked",
    "invalid_scope": "PostHog does not give the scopes that were asked for",
    "invalid_request": "PostHog takes the request for malformed",
    "unsupported_response_type": "PostHog does not support this way to log in",
    "unsupported_grant_type": "PostHog does not support this way to log in",
    "server_error": "PostHog has a problem of its own",
    "temporarily_unavailable": "PostHog is too busy at the moment",
    "invalid_target": "PostHog does not give access to this",
}


@dataclass(frozen=True, slots=True)
class Pkce:
    """The secret of one login and its public half (S256)."""

    verifier: str = field(repr=False)

    @property
    def challenge(self) -> str:
        """What the browser may see."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. `lifetime` in seconds; `scopes` None when the answer names none.

    `region` and `base` are PostHog Cloud's words about itself, empty on other instances: not to be trusted as they are.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lifetime: int
    scopes: frozenset[str] | None
    projects: tuple[int, ...]
    region: str = ""
    base: str = ""


def new_pkce() -> Pkce:
    """A fresh pair: 32 random bytes, 43 characters."""
    return Pkce(secrets.token_urlsafe(32))


def new_state() -> str:
    """What tells the answer to our question from all others."""
    return secrets.token_urlsafe(32)


def authorize_url(
    endpoints: Endpoints, client: str, redirect: str, scopes: Iterable[str], pkce: Pkce, state: str
) -> str:
    """Where the person says yes. Which organization or project it is about is chosen there."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": redirect,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoints.authorize}{'&' if urlsplit(endpoints.authorize).query else '?'}{query}"


def exchange(endpoints: Endpoints, client: str, code: str, redirect: str, pkce: Pkce) -> Tokens:
    """The tokens for an authorization code. Raises ApiError, whose `code` is OAuth's."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "client_id": client,
        "code_verifier": pkce.verifier,
    }
    return _tokens(endpoints.token, form, code, pkce.verifier)


def refresh(token_url: str, client: str, token: str) -> Tokens:
    """The next pair; the old refresh token is dead from then on. Raises ApiError, `invalid_grant`: log in again."""
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client}
    return _tokens(token_url, form, token)


def revoke(url: str, client: str, token: str, kind: str) -> None:
    """Make a token worthless; `kind` is access_token or refresh_token. Raises ApiError when that is not sure."""
    form = {"token": token, "token_type_hint": kind, "client_id": client}
    reply = send("POST", url, form=form, timeout=TIMEOUT)
    if isinstance(reply, NoReply):
        raise ApiError(reply.reason, reply.hint, passing=True)
    if reply.status != 200 or reply.html:
        raise refusal(place(url), reply.status, reply.json(), token)


def refusal(where: str, status: int, answer: Any, *secret: str) -> ApiError:
    """A refusal of the authorization server `where` in words."""
    said = mapping(answer)
    code, detail = text(said.get("error")), quoted(text(said.get("error_description")), *secret)
    if re.fullmatch(r"[a-z_]{3,40}", code):
        return ApiError(in_words(code, detail), _hint(code), status=status, code=code, passing=code in _BUSY)
    if status == 429 or status >= 500:
        return ApiError(f"{where} cannot answer now ({status})", "Try again later.", status=status, passing=True)
    return ApiError(f"{where} does not answer like an authorization server ({status})", OTHER_WAYS, status=status)


_BUSY = ("server_error", "temporarily_unavailable")


def in_words(code: str, detail: str = "") -> str:
    """An error code of OAuth as a clause; `detail` is what the server said about it."""
    known = _CODES.get(code, f"PostHog refuses the login ({quoted(code)[:60]})")
    return f"{known}: {detail}" if detail else known


def _hint(code: str) -> str:
    if code in _BUSY:
        return "Try again later."
    return "Log in again: posthog-wizard login" if code in ("invalid_grant", "invalid_client") else OTHER_WAYS


def _tokens(url: str, form: Mapping[str, str], *secret: str) -> Tokens:
    reply = send("POST", url, form=form, timeout=TIMEOUT)
    if isinstance(reply, NoReply):
        raise ApiError(reply.reason, reply.hint, passing=True)
    answer = reply.json()
    if reply.status != 200 or not isinstance(answer, dict) or answer.get("error"):
        raise refusal(place(url), reply.status, answer, *secret)
    access = text(answer.get("access_token"))
    if not re.fullmatch(r"[\x21-\x7e]{8,4096}", access) or text(answer.get("token_type")).lower() != "bearer":
        raise ApiError(f"{place(url)} answered without a usable access token", OTHER_WAYS)
    fresh = text(answer.get("refresh_token"))
    scope = answer.get("scope")
    return Tokens(
        access,
        fresh if re.fullmatch(r"[\x21-\x7e]{8,4096}", fresh) else "",
        min(number(answer.get("expires_in")) or LIFETIME, 10 * 365 * 86400),
        frozenset(scope.split()) if isinstance(scope, str) else None,
        numbers(answer.get("scoped_teams")),
        text(answer.get("posthog_region")).lower(),
        text(answer.get("posthog_base_url")),
    )
