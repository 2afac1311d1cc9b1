"""An authorization server on loopback over real HTTP, by the rules of `oauth_rules`.

It is also the PostHog that takes its tokens, as far as logging in asks: who am I, what may this key do.
"""

from __future__ import annotations

import json
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl

from tests.fake_posthog import Request
from tests.loopback import Handler, Loopback
from tests.oauth_rules import Rules
from wizard.posthog.hosts import Hosts, of


class FakeOAuth(Rules, Loopback):
    """The server while it runs; see `Rules` for what can be told to it."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    @property
    def hosts(self) -> Hosts:
        """As an own instance."""
        return of(self.url)


class _Handler(Handler[FakeOAuth]):
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an ACK

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            return self._serve(json.loads(raw))
        return self._serve(dict(parse_qsl(raw.decode(), strict_parsing=bool(raw))))

    def _serve(self, body: dict[str, Any]) -> None:
        fake = self.owner
        fake.requests.append(Request(self.command, self.path, dict(self.headers), body))
        for prefix, canned in fake.canned.items():
            if self.path.startswith(prefix) and canned != []:
                found = canned.pop(0) if isinstance(canned, list) else canned
                return self._answer(found.status, found.body.encode(), **found.headers)
        path, _, query = self.path.partition("?")
        match self.command, path.strip("/"):
            case "GET", ".well-known/oauth-authorization-server":
                described = fake.described()
                return self._json(404 if described is None else 200, described or {})
            case "POST", "oauth/register":
                return self._json(*fake.registered(body))
            case "GET", "oauth/authorize":
                status, where = fake.authorized({k: v[0] for k, v in parse_qs(query).items()})
                return self._answer(status, where.encode(), **({"Location": where} if status == 302 else {}))
            case "POST", "oauth/token":
                return self._json(*fake.token(body))
            case "POST", "oauth/revoke":
                return self._json(*fake.revoke(body))
            case "POST", "api/cli-auth/device-code":
                return self._json(*fake.device_code())
            case "POST", "api/cli-auth/poll":
                return self._json(*fake.poll(body))
            case "GET", ("api/users/@me" | "api/personal_api_keys/@current") as asked:
                return self._json(*self._private(asked))
        return self._json(404, {"detail": "Not found."})

    def _private(self, asked: str) -> tuple[int, dict[str, Any]]:
        fake, token = self.owner, self.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = fake.grant_of(token)
        scopes = grant.scope if grant else fake.keys.get(token)
        if scopes is None:
            return 401, {"type": "authentication_error", "code": "authentication_failed", "detail": "Invalid key."}
        if asked.endswith("@current"):
            return 200, {"scopes": scopes, "scoped_teams": []}
        if "user:read" not in scopes:
            detail = "API key missing required scope 'user:read'"
            return 403, {"type": "authentication_error", "code": "permission_denied", "detail": detail}
        return 200, {"email": "ann@example.com", "distinct_id": "x", "organizations": []}

    def _json(self, status: int, value: Any) -> None:
        self._answer(status, json.dumps(value).encode(), **{"Content-Type": "application/json"})

    def _answer(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


FakeOAuth.handler = _Handler
