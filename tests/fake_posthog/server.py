"""The HTTP side of the fake PostHog: one server per region or own instance, on a port of its own."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.fake_posthog import accounts, analytics, boards, public
from tests.fake_posthog.state import KEY, TOKEN, Ask, Canned, Refused, Request, State, error, text
from tests.loopback import Handler, Loopback
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts, of


@dataclass
class FakePostHog(State, Loopback):
    """One region or one own instance; `State` tells its knobs."""

    @property
    def url(self) -> str:
        """Where it is, with its path prefix, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def hosts(self, region: str | None = None) -> Hosts:
        """Its hosts, as an own instance or as a region of the Cloud."""
        return Hosts(self.url, self.url, self.url, region) if region else of(self.url)

    def access(self, secret: str = KEY, region: str | None = None, **fields: Any) -> Access:
        """A credential for it; waits take no time."""
        return Access(secret, self.hosts(region), **{"pause": lambda seconds, why: None, **fields})

    def asked(self, prefix: str, method: str = "") -> list[Request]:
        """The requests to paths that start with `prefix`."""
        return [r for r in self.requests if r.path.startswith(prefix) and method in ("", r.method)]


class _Handler(Handler[FakePostHog]):
    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _body(self) -> Any:
        raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            return dict(parse_qsl(raw.decode(), keep_blank_values=True))
        return json.loads(raw) if raw else None

    def _serve(self) -> None:
        fake, body = self.owner, self._body()
        if not self.path.startswith(fake.prefix):
            return self._answer(text(404, "outside of the prefix"))
        path = self.path.removeprefix(fake.prefix)
        fake.requests.append(Request(self.command, path, dict(self.headers), body))
        for prefix, canned in fake.canned.items():
            if f"{self.command} {path}".startswith((prefix, f"{self.command} {prefix}")) and canned != []:
                return self._answer(canned.pop(0) if isinstance(canned, list) else canned)
        if path.startswith(("/api/", "/oauth/introspect")):
            return self._answer(_private(fake, self.command, path, body, self.headers.get("Authorization", "")))
        return self._answer(public.respond(fake, self.command, path, body))

    def _answer(self, canned: Canned) -> None:
        time.sleep(canned.delay)
        try:
            self.send_response(canned.status)
            for name, value in canned.headers.items():
                self.send_header(name, value)
            data = canned.body.encode()
            if "Content-Length" not in canned.headers:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return


FakePostHog.handler = _Handler


def _private(fake: FakePostHog, method: str, path: str, body: Any, authorization: str) -> Canned:
    where, _, query = path.partition("?")
    if not authorization:
        return error(401, "not_authenticated", "Authentication credentials were not provided.")
    secret = authorization.removeprefix("Bearer ")
    if secret not in fake.keys:
        return error(401, "authentication_failed", "Personal API key found in request is invalid.")
    if not where.endswith("/") and where.startswith("/api/"):
        return Canned(301, "", {"Location": f"{where}/"})
    parts = tuple(unquote(part) for part in where.strip("/").split("/")[1:])
    ask = Ask(method, parts, dict(parse_qsl(query)), body, secret, frozenset(fake.keys[secret]))
    try:
        for respond in (accounts.respond, analytics.respond, boards.respond):
            if (found := respond(fake, ask)) is not None:
                return found
    except Refused as refused:
        return refused.canned
    return error(404, "not_found", "Not found.")


def complete(**settings: Any) -> FakePostHog:
    """A PostHog where TOKEN is project 42, the current one, and KEY may do everything."""
    return FakePostHog(**{"tokens": {TOKEN: 42}, "keys": {KEY: {"*"}}, "current": 42, **settings})


def region(known: bool, **canned: Canned) -> FakePostHog:
    """A PostHog that knows TOKEN or not; `flags` and `array` replace what these endpoints answer."""
    return FakePostHog(tokens={TOKEN: 1} if known else {}, canned={f"/{path}/": c for path, c in canned.items()})


def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
