"""The rules of an authorization server, as the RFCs have them: registration, PKCE, rotation, revocation, devices."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.fake_posthog import Canned, Request

CODE_LIFETIME = 300.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass
class Grant:
    """What one consent gave, and all tokens that came of it: they die together."""

    client: str
    scope: list[str]
    redirect: str = ""
    challenge: str = ""
    made: float = 0.0
    code_used: bool = False
    access: set[str] = field(default_factory=set)
    refresh: str = ""
    spent: set[str] = field(default_factory=set)
    revoked: bool = False


@dataclass
class Device:
    """A device login: `said` is what the person did."""

    user_code: str
    made: float
    interval: float = 5.0
    said: str = "nothing"
    last_poll: float | None = None
    handed_out: bool = False


@dataclass
class Rules:
    """The server. `consent`: allow, deny, or the only scopes that the person leaves ticked. `clock` is its time.

    `metadata` replaces or (None) removes entries; `extra` goes into the token answer; `any_port` off: the callback's
    port must match; `canned` maps path prefixes to answers, a list being used up one by one. `keys` maps personal keys
    to their scopes.
    """

    consent: str | list[str] = "allow"
    metadata: dict[str, Any] | None = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    any_port: bool = True
    send_iss: str | None = None
    state_sent_back: Callable[[str], str | None] = str
    clock: Callable[[], float] = time.monotonic
    canned: dict[str, Canned | list[Canned]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    clients: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    lock: Any = field(default_factory=threading.RLock)

    def asked(self, prefix: str) -> list[Request]:
        """The requests to paths that start with `prefix`."""
        return [request for request in self.requests if request.path.startswith(prefix)]

    def grant_of(self, token: str) -> Grant | None:
        """Whom a living access or refresh token belongs to."""
        return next((g for g in self.codes.values() if not g.revoked and token in (*g.access, g.refresh)), None)

    def approve(self, said: str = "yes") -> None:
        """The person at the page of the device login says yes or no."""
        for device in self.devices.values():
            device.said = said

    def described(self) -> dict[str, Any] | None:
        """The metadata document."""
        if self.metadata is None:
            return None
        paths = {"authorization": "authorize", "token": "token", "registration": "register", "revocation": "revoke"}
        whole = {
            "issuer": self.url,
            **{f"{name}_endpoint": f"{self.url}/oauth/{path}/" for name, path in paths.items()},
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            **self.metadata,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def registered(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """RFC 7591, with PostHog's rule for names."""
        name, redirects = str(body.get("client_name", "")), body.get("redirect_uris")
        if name.lower().startswith("posthog") or re.search(r"official|verified|trusted", name, re.IGNORECASE):
            return 400, {"error": "invalid_client_metadata", "error_description": "this name is not for you"}
        if body.get("token_endpoint_auth_method") != "none":
            return 400, {"error": "invalid_client_metadata", "error_description": "public clients only"}
        if not isinstance(redirects, list) or not redirects or not all(map(self._registrable, redirects)):
            return 400, {"error": "invalid_redirect_uri", "error_description": "https, or loopback"}
        client = secrets.token_urlsafe(12)
        self.clients[client] = redirects
        return 201, {**body, "client_id": client}

    def _registrable(self, uri: str) -> bool:
        parts = urlsplit(uri)
        if parts.scheme == "https":
            return True
        return parts.scheme == "http" and parts.hostname in LOOPBACK and (self.any_port or parts.port is not None)

    def _matches(self, client: str, redirect: str) -> bool:
        """Exactly a registered one; a loopback address without a port matches on every port (RFC 8252, 7.3)."""
        asked = urlsplit(redirect)
        for uri in self.clients[client]:
            kept = urlsplit(uri)
            if uri == redirect:
                return True
            bare = kept.port is None and kept.hostname in LOOPBACK and kept.scheme == "http"
            same = (kept.hostname, kept.path, kept.scheme) == (asked.hostname, asked.path, asked.scheme)
            if self.any_port and bare and same:
                return True
        return False

    def authorized(self, query: dict[str, str]) -> tuple[int, str]:
        """Status and where the browser is sent, or the words of an error page: those are never sent to the client."""
        client, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
        if client not in self.clients:
            return 400, "unknown client"
        if not self._matches(client, redirect):
            return 400, "redirect_uri does not match"
        back: dict[str, str] = {}
        if query.get("response_type") != "code":
            back = {"error": "unsupported_response_type"}
        elif query.get("code_challenge_method") != "S256" or not re.fullmatch(
            r"[\w-]{43}", query.get("code_challenge", "")
        ):
            back = {"error": "invalid_request", "error_description": "PKCE with S256 is required"}
        elif self.consent == "deny":
            back = {"error": "access_denied", "error_description": "The user said no"}
        else:
            asked = query.get("scope", "").split()
            granted = asked if self.consent == "allow" else [s for s in asked if s in self.consent]
            code = secrets.token_urlsafe(24)
            self.codes[code] = Grant(client, granted, redirect, query["code_challenge"], self.clock())
            back = {"code": code}
        if (state := self.state_sent_back(query.get("state", ""))) is not None:
            back["state"] = state
        if self.send_iss is not None:
            back["iss"] = self.send_iss or self.url
        return 302, f"{redirect}?{urlencode(back)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint, for both kinds of grant."""
        with self.lock:
            if form.get("client_id") not in self.clients:
                return 401, {"error": "invalid_client"}
            if form.get("grant_type") == "authorization_code":
                return self._from_code(form)
            if form.get("grant_type") == "refresh_token":
                return self._from_refresh(form)
            return 400, {"error": "unsupported_grant_type"}

    def _from_code(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        grant = self.codes.get(form.get("code", ""))
        if grant is None:
            return 400, {"error": "invalid_grant", "error_description": "no such code"}
        if grant.code_used:
            grant.revoked = True  # RFC 6749, 4.1.2: a replayed code takes all tokens with it
            return 400, {"error": "invalid_grant", "error_description": "the code was used"}
        grant.code_used = True
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant.client != form["client_id"] or grant.redirect != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant", "error_description": "another client or redirect_uri"}
        if challenge != grant.challenge:
            return 400, {"error": "invalid_grant", "error_description": "the verifier does not match"}
        if self.clock() - grant.made > CODE_LIFETIME:
            return 400, {"error": "invalid_grant", "error_description": "the code has expired"}
        return self._pair(grant)

    def _from_refresh(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        token = form.get("refresh_token", "")
        for grant in self.codes.values():
            if token in grant.spent:
                grant.revoked = True  # rotation: somebody uses a stolen one
            elif token and token == grant.refresh and grant.client == form["client_id"] and not grant.revoked:
                grant.spent.add(token)
                return self._pair(grant)
        return 400, {"error": "invalid_grant"}

    def _pair(self, grant: Grant) -> tuple[int, dict[str, Any]]:
        access, grant.refresh = f"pha_{secrets.token_urlsafe(24)}", f"phr_{secrets.token_urlsafe(24)}"
        grant.access = {access}
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": " ".join(grant.scope),
            "refresh_token": grant.refresh,
            "scoped_teams": [],
            **self.extra,
        }
        return 200, {name: value for name, value in answer.items() if value is not None}

    def revoke(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """RFC 7009: an unknown token is fine too; a refresh token takes the whole grant with it."""
        if form.get("client_id") not in self.clients:
            return 401, {"error": "invalid_client"}
        if grant := self.grant_of(form.get("token", "")):
            if form["token"] == grant.refresh:
                grant.revoked = True
            grant.access.discard(form["token"])
        return 200, {}

    def device_code(self) -> tuple[int, dict[str, Any]]:
        """The first step of the device login."""
        code = secrets.token_urlsafe(24)
        self.devices[code] = device = Device("ABCD-1234", self.clock())
        return 200, {
            "device_code": code,
            "user_code": device.user_code,
            "verification_uri": f"{self.url}/cli/authorize",
            "verification_uri_complete": f"{self.url}/cli/authorize?code={device.user_code}",
            "expires_in": 600,
            "interval": 5,
        }

    def poll(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A poll; one that comes before the interval is over lengthens it (RFC 8628, 3.5)."""
        device, now = self.devices.get(str(body.get("device_code"))), self.clock()
        if device is None or device.handed_out or now - device.made > 600:
            return 400, {"error": "expired_token"}
        early = device.last_poll is not None and now - device.last_poll < device.interval
        device.last_poll = now
        if early:
            device.interval += 5
            return 400, {"error": "slow_down"}
        match device.said:
            case "yes":
                device.handed_out = True
                key = f"phx_{secrets.token_urlsafe(24)}"
                self.keys[key] = ["event_definition:read"]
                return 200, {
                    "status": "authorized",
                    "personal_api_key": key,
                    "label": "CLI",
                    "project_id": 7,
                    "scopes": self.keys[key],
                }
            case "no":
                return 400, {"error": "access_denied"}
        return 202, {"status": "pending"}
