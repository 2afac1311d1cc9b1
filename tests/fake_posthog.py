"""A configurable PostHog on loopback: capture, flags, remote config and the private API as far as verify goes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from wizard.posthog.hosts import Hosts, of


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that replaces the real behaviour of an endpoint; `delay` in seconds."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


TOKEN = "phc_" + "aB3dE6gH9jK2" * 3
KEY = "phx_" + "S3cretS3cret" * 3
LIMIT = 2.0
"""Seconds for a request in tests: far more than loopback takes."""

BUSY = Canned(429, '{"type": "validation_error"}', {"Retry-After": "7", "Content-Type": "application/json"})
DOWN = Canned(503, "upstream unavailable", {"Content-Type": "text/plain"})
HTML = Canned(200, "<!doctype html><title>Sign in</title>", {"Content-Type": "text/html; charset=utf-8"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Any


@dataclass
class FakePostHog:
    """One region or one own instance. `tokens` maps known project tokens to project ids.

    `keys` maps personal keys to their scopes, `scoped` are the projects they are limited to, if any. `current` is the
    user's current project. `enforce`: capture answers 401 for unknown tokens, as newer versions may; otherwise 200, as
    ever. An event is readable after `lag` queries. `canned` maps path prefixes to answers, a list being used up one by
    one.
    """

    tokens: dict[str, int] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    scoped: list[int] = field(default_factory=list)
    current: int = 0
    enforce: bool = False
    lag: int = 0
    canned: dict[str, Canned | list[Canned]] = field(default_factory=dict)
    prefix: str = ""
    requests: list[Request] = field(default_factory=list)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.posthog = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it is, with its path prefix, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.prefix}"

    def hosts(self, region: str | None = None) -> Hosts:
        """Its hosts, as an own instance or as a region of the Cloud."""
        return Hosts(self.url, self.url, self.url, region) if region else of(self.url)

    def asked(self, prefix: str) -> list[Request]:
        """The requests to paths that start with `prefix`."""
        return [request for request in self.requests if request.path.startswith(prefix)]


class _Server(ThreadingHTTPServer):
    posthog: FakePostHog
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body: Any) -> None:
        fake = self.server.posthog
        if not self.path.startswith(fake.prefix):
            return self._text(404, "outside of the prefix")
        path = self.path.removeprefix(fake.prefix)
        fake.requests.append(Request(self.command, path, dict(self.headers), body))
        for prefix, canned in fake.canned.items():
            if path.startswith(prefix) and canned != []:
                return self._answer(canned.pop(0) if isinstance(canned, list) else canned)
        if path.startswith("/api/"):
            return self._private(path.partition("?")[0], body)
        return self._public(path, body)

    def _answer(self, canned: Canned) -> None:
        time.sleep(canned.delay)
        try:
            self.send_response(canned.status)
            for name, value in canned.headers.items():
                self.send_header(name, value)
            data = canned.body.encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _text(self, status: int, text: str) -> None:
        self._answer(Canned(status, text, {"Content-Type": "text/plain"}))

    def _json(self, status: int, value: Any) -> None:
        self._answer(Canned(status, json.dumps(value), {"Content-Type": "application/json"}))

    def _public(self, path: str, body: Any) -> None:
        fake = self.server.posthog
        match self.command, path.strip("/").split("/"):
            case "POST", ["flags", "?v=2"] if body["api_key"] in fake.tokens:
                self._json(200, {"flags": {}, "errorsWhileComputingFlags": False, "requestId": "r"})
            case "POST", ["flags", "?v=2"]:
                self._text(401, "The provided API key is invalid or has expired.")
            case "GET", ["flags", *_]:
                self._json(200, {})
            case "GET", ["array", token, "config"] if token in fake.tokens:
                self._json(200, {"token": token, "hasFeatureFlags": False, "supportedCompression": ["gzip"]})
            case "POST", ["i", "v0", "e"] if body["api_key"] in fake.tokens:
                fake.events.append((fake.tokens[body["api_key"]], body))
                self._json(200, {"status": "Ok"})
            case "POST", ["i", "v0", "e"] if fake.enforce:
                self._text(401, "unknown token; check the project API key")
            case "POST", ["i", "v0", "e"]:
                self._json(200, {"status": "Ok"})
            case _:
                self._text(404, "not found")

    def _private(self, path: str, body: Any) -> None:
        scopes = self.server.posthog.keys.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if scopes is None:
            return self._error(401, "authentication_failed", "Personal API key found in request is invalid.")
        match self.command, path.strip("/").split("/")[1:]:
            case "GET", ["users", "@me"]:
                return self._scoped(scopes, "user:read", self._me())
            case "GET", ["personal_api_keys", "@current"]:
                return self._json(200, {"scopes": sorted(scopes), "scoped_teams": self.server.posthog.scoped})
            case "GET", ["projects", number]:
                return self._scoped(scopes, "project:read", self._project(int(number)))
            case "GET", ["organizations", _, "projects"] if self.server.posthog.scoped:
                return self._error(403, "permission_denied", "API keys with scoped projects are only supported there.")
            case "GET", ["organizations", _, "projects"]:
                return self._scoped(scopes, "project:read", self._page())
            case "POST", ["projects", number, "query"] if int(number) in self.server.posthog.tokens.values():
                return self._scoped(scopes, "query:read", self._rows(int(number), body))
        return self._error(404, "not_found", "Not found.")

    def _scoped(self, scopes: set[str], scope: str, value: Any) -> None:
        if scope in scopes:
            return self._json(200, value)
        return self._error(403, "permission_denied", f"API key missing required scope '{scope}'")

    def _error(self, status: int, code: str, detail: str) -> None:
        self._json(status, {"type": "error", "code": code, "detail": detail, "attr": None})

    def _project(self, number: int) -> dict[str, Any]:
        token = next(t for t, n in self.server.posthog.tokens.items() if n == number)
        return {"id": number, "api_token": token, "secret_api_token": "phs_neverlogthis"}

    def _me(self) -> dict[str, Any]:
        current = self.server.posthog.current
        return {"team": self._project(current) if current else None, "organizations": [{"id": "org", "name": "Org"}]}

    def _page(self) -> dict[str, Any]:
        """One project per page, so that paging is walked."""
        numbers = list(self.server.posthog.tokens.values())
        page = int(self.path.rpartition("offset=")[2]) // 100
        results = [self._project(number) for number in numbers[page : page + 1]]
        return {"count": len(numbers), "next": "more" if page + 1 < len(numbers) else None, "results": results}

    def _rows(self, project: int, body: Any) -> dict[str, Any]:
        fake = self.server.posthog
        values = body["query"]["values"]
        found = [
            [e["uuid"]]
            for p, e in fake.events
            if (p, e["uuid"], e["event"]) == (project, values["uuid"], values["event"])
        ]
        if fake.lag > 0 or body["refresh"] != "force_blocking":
            fake.lag -= 1
            found = []
        return {"results": found, "columns": ["toString(uuid)"], "hasMore": False, "is_cached": False}


def region(known: bool, **canned: Canned) -> FakePostHog:
    """A PostHog that knows TOKEN or not; `flags` and `array` replace what these endpoints answer."""
    return FakePostHog(tokens={TOKEN: 1} if known else {}, canned={f"/{path}/": c for path, c in canned.items()})


def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
