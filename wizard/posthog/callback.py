"""The way back from the browser: a loopback server for one answer (RFC 8252), and what answers say."""

from __future__ import annotations

import errno
import hmac
import queue
import socket
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from wizard.errors import WizardError
from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.oauth import in_words
from wizard.posthog.oauth_metadata import OTHER_WAYS, Endpoints, is_cloud

_ABSENT = {getattr(errno, name, -1) for name in ("EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ENODEV")}
_PATIENCE = 5.0  # seconds for a connection to say what it wants
_LONGEST = 8192  # characters of an answer
_MOST_KEPT = 20  # refused answers that nobody has looked at yet
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>posthog-wizard</title>'
    '<body style="font-family:sans-serif;margin:4em"><p>{}</p></body></html>'
)
_SAFE = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Connection": "close",
}


class Mismatch(WizardError):
    """An answer that is not the one to our question: it is refused, and the right one may still come."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the right answer looks like."""

    state: str = field(repr=False)
    endpoints: Endpoints

    def code_in(self, query: str) -> str:
        """The authorization code in the query of a callback.

        Raises Mismatch when the answer is not the one to our question, ApiError when it is and says no.
        """
        if len(query) > _LONGEST:
            raise Mismatch("an answer was refused: it is too long")
        try:
            found = parse_qs(query, keep_blank_values=True, max_num_fields=50)
        except ValueError as error:
            raise Mismatch("an answer was refused: it is malformed") from error
        if any(len(found.get(name, ())) > 1 for name in ("code", "state", "error", "iss")):
            raise Mismatch("an answer was refused: it says something twice")
        values = {name: value[0] for name, value in found.items()}
        if not hmac.compare_digest(values.get("state", "").encode(), self.state.encode()):
            raise Mismatch(
                "an answer was refused: its state is not the one that was sent; it belongs to another login, or "
                "somebody made it up"
            )
        self._check_issuer(values.get("iss"))
        if refused := values.get("error"):
            words = in_words(refused, quoted(values.get("error_description", ""), self.state, values.get("code", "")))
            hint = "Run the same command again and say yes there." if refused == "access_denied" else OTHER_WAYS
            raise ApiError(words, hint, code=refused)
        if not values.get("code"):
            raise Mismatch("an answer was refused: there is no code in it")
        return values["code"]

    def _check_issuer(self, named: str | None) -> None:
        """Against answers of one server given out as another's (RFC 9207). PostHog Cloud's front speaks for regions."""
        ours = self.endpoints.issuer
        if named is None and not self.endpoints.names_itself:
            return
        if named is None or not (named.rstrip("/") == ours or (is_cloud(named) and is_cloud(ours))):
            said = "another server" if named else "no server"
            raise Mismatch(f"an answer was refused: it names {said} as its sender, not {ours}")


class Listener:
    """Waits on 127.0.0.1 and [::1] for the browser to come back; a context manager.

    Raises ApiError when none of `ports` is free and `any_port` is not allowed either. Whatever connects without asking
    for /callback gets a 404 and blocks nobody.
    """

    def __init__(self, expected: Expected, ports: Iterable[int], any_port: bool) -> None:
        self._answers: queue.Queue[str | WizardError] = queue.Queue()
        self._expected = expected
        self._servers = _bound(ports, any_port)
        for server in self._servers:
            server.listener = self
        self.port = int(self._servers[0].server_address[1])

    @property
    def redirect(self) -> str:
        """The address that the browser comes back to."""
        host = "127.0.0.1" if self._servers[0].address_family == socket.AF_INET else "[::1]"
        return f"http://{host}:{self.port}/callback"

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        ends = [threading.Thread(target=server.shutdown, daemon=True) for server in self._servers]
        for end in ends:
            end.start()
        for end, server in zip(ends, self._servers, strict=True):
            end.join()
            server.server_close()

    def answer(self, seconds: float = 0.0) -> str | None:
        """The code when the browser brought it, else None after so many seconds. Raises Mismatch and ApiError."""
        try:
            said = self._answers.get(timeout=seconds) if seconds > 0 else self._answers.get_nowait()
        except queue.Empty:
            return None
        if isinstance(said, WizardError):
            raise said
        return said

    def judged(self, query: str) -> tuple[int, str, str | WizardError]:
        """Status and sentence for the browser, and what `answer` is to say once the browser has them."""
        try:
            code = self._expected.code_in(query)
        except Mismatch as error:
            return 400, "This answer does not belong to the login that is waiting. See the terminal.", error
        except ApiError as error:
            return 200, "PostHog says that the login was not given. You can close this page; see the terminal.", error
        return 200, "PostHog's answer has arrived. You can close this page and go back to the terminal.", code

    def keep(self, said: str | WizardError) -> None:
        """For `answer`."""
        if not isinstance(said, Mismatch) or self._answers.qsize() < _MOST_KEPT:
            self._answers.put(said)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    # on Windows the option would let another program take the port over
    allow_reuse_address = sys.platform != "win32"
    listener: Listener

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        # not HTTPServer's own: it looks the host's name up, which can take seconds
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is nobody's business."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Queries hold codes."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path != "/callback":
            return self._page(404, "Nothing is here.")
        status, words, said = self.server.listener.judged(query)
        try:
            self._page(status, words)
        finally:
            # not before the page is out: the program may end with what it hears
            self.server.listener.keep(said)

    def _page(self, status: int, words: str) -> None:
        body = _PAGE.format(words).encode()
        self.send_response(status)
        for name, value in {**_SAFE, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


def _bound(ports: Iterable[int], any_port: bool) -> tuple[_Server, ...]:
    tried = []
    for port in (*ports, *((0,) * 5 if any_port else ())):
        if servers := _at(port):
            return servers
        tried.append(port)
    taken = ", ".join(str(port) for port in dict.fromkeys(tried) if port)
    raise ApiError(
        f"no port is free for the browser to come back to (tried {taken})",
        "Close what uses one of them, or log in with a code: posthog-wizard login --device",
    )


def _at(port: int) -> tuple[_Server, ...]:
    """A server on each loopback address that this machine has; none when the port is taken on one of them."""
    servers: list[_Server] = []
    for kind, host in ((_Server, "127.0.0.1"), (_Server6, "::1")):
        try:
            servers.append(kind((host, port), _Handler))
            port = int(servers[-1].server_address[1])
        except OSError as error:
            if error.errno in _ABSENT:
                continue
            for server in servers:
                server.server_close()
            return ()
    return tuple(servers)
