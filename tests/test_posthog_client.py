"""The network told apart in words: DNS, TLS, proxies, refusals and slowness, over real sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.fake_posthog import LIMIT, TOKEN, Canned, FakePostHog, closed_port, region
from wizard.posthog import http
from wizard.posthog.hosts import Hosts, of
from wizard.posthog.tokens import check_token

Start = Callable[[FakePostHog], FakePostHog]


@pytest.fixture
def start() -> Iterator[Callable[[FakePostHog], FakePostHog]]:
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# --- the network, told apart


def unanswered(hosts: Hosts, timeout: float = LIMIT) -> str:
    verdict = check_token(TOKEN, hosts, timeout=timeout)
    assert verdict.status == "skipped"
    assert verdict.reason.isascii()
    return verdict.reason


def test_refused_connection() -> None:
    port = closed_port()
    assert unanswered(of(f"http://127.0.0.1:{port}")) == f"127.0.0.1:{port} refuses connections"


def test_slow_server(start: Start) -> None:
    own = start(region(True, flags=Canned(200, delay=0.4), array=Canned(200, delay=0.4)))
    assert "did not answer in time (0.1 s)" in unanswered(own.hosts(), timeout=0.1)


def test_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "posthog.invalid cannot be resolved (DNS)" in unanswered(of("https://posthog.invalid"))


def test_tls_with_a_server_that_speaks_none(start: Start) -> None:
    own = start(region(True))
    assert "no TLS connection with 127.0.0.1" in unanswered(of(own.url.replace("http:", "https:")))


def test_connection_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            for _ in range(2):
                server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert "broke off" in unanswered(of(f"http://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()


def answering(*chunks: bytes, pause: float) -> http.Reply | http.NoReply:
    """What `send` makes of a server that answers 200 with these parts of a body, a pause (seconds) before each."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection = server.accept()[0]
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                for chunk in chunks:
                    time.sleep(pause)
                    connection.sendall(chunk)

        thread = threading.Thread(target=drip)
        thread.start()
        reply = http.send("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.1 if pause else LIMIT)
        thread.join()
    return reply


def test_an_answer_that_drips_does_not_hold_us() -> None:
    reply = answering(*[b"x"] * 8, pause=0.02)
    assert isinstance(reply, http.NoReply)
    assert reply.kind == "timeout"
    assert "did not finish" in reply.reason


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 100)
    assert isinstance(answering(b"x" * 100, pause=0), http.Reply)
    reply = answering(b"x" * 101, pause=0)
    assert isinstance(reply, http.NoReply)
    assert "more than 100 bytes" in reply.reason


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip", "cannot be unpacked"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broke off"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "broke off"),
        (b"", "broke off"),
    ],
    ids=["cut short", "no gzip", "bad chunks", "no HTTP", "nothing"],
)
def test_broken_answers(answer: bytes, says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection = server.accept()[0]
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        reply = http.send("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=LIMIT)
        thread.join()
    assert isinstance(reply, http.NoReply)
    assert reply.kind == "broken"
    assert says in reply.reason


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_methods_bodies_and_headers(method: http.Method, start: Start) -> None:
    own = start(FakePostHog())
    body = None if method in ("GET", "DELETE") else {"name": "caf\xe9"}
    http.send(method, f"{own.url}/x", body=body, headers={"X-One": "1"}, bearer="phx_key", timeout=LIMIT)
    (asked,) = own.requests
    assert (asked.method, asked.json, asked.headers["X-One"]) == (method, body, "1")
    assert asked.headers["Authorization"] == "Bearer phx_key"
    assert asked.headers["User-Agent"].startswith("posthog-wizard/")


def test_a_form(start: Start) -> None:
    own = start(FakePostHog())
    http.send("POST", f"{own.url}/x", form={"token": "a b&c=d", "empty": ""}, timeout=LIMIT)
    (asked,) = own.requests
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.json == {"token": "a b&c=d", "empty": ""}
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(status: int, start: Start) -> None:
    other = start(FakePostHog())
    own = start(FakePostHog(canned={"/": Canned(status, "", {"Location": f"{other.url}/stolen"})}))
    reply = http.send("POST", f"{own.url}/x", body={}, bearer="phx_key", timeout=LIMIT)
    assert isinstance(reply, http.Reply)
    assert reply.status == status
    assert other.requests == []


class _NoTunnel(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        self.send_error(403, "Blocked")

    def log_message(self, format: str, *args: object) -> None:
        return


def test_https_proxy_is_honoured_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), _NoTunnel) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.005,), daemon=True).start()
        port = proxy.server_address[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{port}")
        reply = http.send("GET", "https://posthog.invalid/", timeout=LIMIT)
        proxy.shutdown()
    assert isinstance(reply, http.NoReply)
    assert reply.kind == "proxy"
    assert f"the proxy 127.0.0.1:{port} refused to reach posthog.invalid (403" in reply.reason
    assert "hunter2" not in reply.reason


def test_an_unreachable_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{(port := closed_port())}")
    reply = http.send("GET", "https://posthog.invalid/", timeout=LIMIT)
    assert isinstance(reply, http.NoReply)
    assert reply.reason == f"posthog.invalid refuses connections, through the proxy 127.0.0.1:{port}"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1"])
def test_a_proxy_of_an_unknown_kind_is_a_reason_not_a_crash(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    reply = http.send("GET", "https://posthog.invalid/", timeout=LIMIT)
    assert isinstance(reply, http.NoReply)
    assert reply.kind == "proxy"


def test_loopback_is_reached_past_the_proxy(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert check_token(TOKEN, start(region(True)).hosts(), timeout=LIMIT).status == "passed"


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        (format_datetime(datetime.now(UTC) + timedelta(seconds=3600)), 3000, 3600),
        (format_datetime(datetime.now(UTC) - timedelta(seconds=60)), 0, 0),
    ],
    ids=["seconds", "date", "past"],
)
def test_retry_after(value: str, low: float, high: float) -> None:
    wait = http.Reply(429, {"retry-after": value}, b"").retry_after
    assert wait is not None
    assert low <= wait <= high


@pytest.mark.parametrize("value", ["", "soon", "-5", "\u0663"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert http.Reply(429, {"retry-after": value}, b"").retry_after is None


def test_httpx_is_loaded_only_for_a_request() -> None:
    code = "import sys, wizard.verify; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=False).returncode == 0
