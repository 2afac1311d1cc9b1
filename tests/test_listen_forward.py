"""`listen --forward`: byte for byte to the right host and back, and never in the way of the showing."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.test_listen import listening
from tests.test_sink import ENVELOPE, as_json, send
from wizard.commands.listen import _exchange, listen
from wizard.errors import UsageError
from wizard.posthog import relay
from wizard.posthog.hosts import Hosts, cloud
from wizard.posthog.http import NoReply
from wizard.sink import Sink
from wizard.sink.forward import Forwarder
from wizard.sink.http1 import Answer, Request

FLAGS = b'{"flags": {"new-checkout": {"enabled": true}}}'


@dataclass
class Upstream:
    """PostHog far away: records each request as bytes, and answers what it is told to."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    delay: float = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while line := stream.readline():
                head = line
                while (line := stream.readline()).strip():
                    head += line
                size = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
                body = stream.read(size)
                self.heads.append(head)
                self.bodies.append(body)
                time.sleep(self.delay)
                stream.write(self.answer)
                stream.flush()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    far = Upstream()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=far.serve, args=(listener,), daemon=True).start()
        yield far
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def relaying(hosts: Hosts, patience: float = 5.0, most: int = 100) -> Iterator[tuple[Sink, Forwarder, list[str]]]:
    said: list[str] = []
    client = relay.Upstream(hosts, "posthog-wizard-test", timeout=2.0)
    forwarder = Forwarder(
        _exchange(client, "posthog-wizard-test"), said.append, patience=patience, workers=2, most=most
    )
    with Sink(onward=forwarder) as sink:
        yield sink, forwarder, said
    forwarder.close(2)
    client.close()


def own(url: str) -> Hosts:
    return Hosts(url, url, url)


def test_byte_for_byte_both_ways(upstream: Upstream) -> None:
    packed = gzip.compress(FLAGS)
    upstream.answer = (
        b"HTTP/1.1 207 Multi\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nX-Own: 1\r\nAlt-Svc: h3\r\n"
        b"Access-Control-Allow-Origin: https://other\r\nKeep-Alive: timeout=5\r\nContent-Length: %d\r\n\r\n%b"
        % (len(packed), packed)
    )
    body = gzip.compress(as_json(ENVELOPE))
    target = "/i/v0/e/?compression=gzip-js&ip=0&_=1%7C2&q=a'b{}|%zz"
    headers = {
        "User-Agent": "posthog-js/1", "Content-Encoding": "gzip", "Origin": "http://localhost:3000", "X-Mine": "1",
        "Authorization": "Bearer phc_t", "Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers",
    }  # fmt: skip
    with relaying(own(upstream.url)) as (sink, forwarder, said):
        status, answer, found = send(sink, target, body, headers)
    assert (status, answer, found["Content-Encoding"], found["X-Own"]) == (207, packed, "gzip", "1")
    assert found.get_all("Access-Control-Allow-Origin") == ["http://localhost:3000"]
    assert (found["Alt-Svc"], found["Keep-Alive"]) == (None, None)
    [head], [sent] = upstream.heads, upstream.bodies
    assert sent == body
    first, *lines = head.decode().removesuffix("\r\n").split("\r\n")
    assert first == f"POST {target} HTTP/1.1"
    names = [line.split(":")[0].lower() for line in lines]
    assert len(names) == len(set(names))
    assert {"user-agent", "origin", "x-mine", "authorization", "content-encoding", "via"} <= set(names)
    assert not {"te", "x-hop", "connection", "x-forwarded-for", "forwarded"} & set(names)
    assert f"Host: {urlsplit(upstream.url).netloc}" in lines
    assert [item.event and item.event["event"] for item in sink.received] == ["signed up", "paid"]
    assert (forwarder.relayed, forwarder.lost, said) == (1, 0, [])


def test_get_head_and_chunks(upstream: Upstream) -> None:
    with relaying(own(upstream.url)) as (sink, _, _said):
        assert send(sink, "/array/phc_t/config", method="GET")[1] == b"{}"
        connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=5)
        connection.request("POST", "/batch/", iter([as_json(ENVELOPE)]), encode_chunked=True)
        assert connection.getresponse().status == 200
        connection.close()
        assert send(sink, "/e/", method="OPTIONS", headers={"Origin": "http://a"})[0] == 204
    assert [head.split(b" ")[0] for head in upstream.heads] == [b"GET", b"POST"]
    assert upstream.bodies == [b"", as_json(ENVELOPE)]
    assert b"content-length" not in upstream.heads[0].lower()


def test_scripts_come_from_the_assets_host() -> None:
    client = relay.Upstream(relay.named("eu"), "m")
    for target in ("/static/1.2/recorder.js?v=1", "/array/phc_t/config.js"):
        assert client.base(target) == "https://eu-assets.i.posthog.com"
    for target in ("/i/v0/e/", "/flags/?v=2", "/batch", "/e/?x=/static/", "/staticx"):
        assert client.base(target) == "https://eu.i.posthog.com"


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("us", cloud("us")),
        (" EU ", cloud("eu")),
        ("https://us.posthog.com/", cloud("us")),
        ("https://eu-assets.i.posthog.com", cloud("eu")),
        ("https://ph.example.com/x", own("https://ph.example.com/x")),
    ],
)
def test_names_of_hosts(name: str, hosts: Hosts) -> None:
    assert relay.named(name) == hosts


def test_a_prefix_of_the_host_is_kept(upstream: Upstream) -> None:
    client = relay.Upstream(own(f"{upstream.url}/ph"), "m")
    assert not isinstance(client.relay("GET", "/flags?v=2", [], b""), NoReply)
    assert upstream.heads[0].startswith(b"GET /ph/flags?v=2 HTTP/1.1\r\n")


def broken(far: Upstream) -> None:
    far.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"


def garbage(far: Upstream) -> None:
    far.answer = b"\x16\x03\x01"


def moved(far: Upstream) -> None:
    far.answer = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"


def down(far: Upstream) -> None:
    far.url = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(moved, "redirect (301)"), (down, "refuses connections"), (garbage, "broke off"), (broken, "")],
)
def test_a_failing_upstream_is_told_once_and_harms_nobody(
    upstream: Upstream, trouble: Callable[[Upstream], None], reason: str
) -> None:
    trouble(upstream)
    if trouble is broken:
        upstream.one = lambda c, one=upstream.one: one(c.dup()) if c.close() else None  # type: ignore[method-assign, misc]
    with relaying(own(upstream.url)) as (sink, forwarder, said):
        for _ in range(3):
            assert send(sink, "/batch/", as_json(ENVELOPE))[:2] == (200, b'{"status": "Ok"}')
    assert len(sink.received) == 6
    assert (forwarder.relayed, forwarder.lost, len(said)) == (0, 3, 1)
    assert reason in said[0]


def test_a_slow_upstream_holds_nobody_up_and_still_gets_all(upstream: Upstream) -> None:
    upstream.delay = 0.15
    with relaying(own(upstream.url), patience=0.02) as (sink, forwarder, said):
        started = time.monotonic()
        assert send(sink, "/batch/", as_json(ENVELOPE))[:2] == (200, b'{"status": "Ok"}')
        assert time.monotonic() - started < 0.14
        assert len(sink.received) == 2
        assert forwarder.close(2) == 0
    assert (forwarder.relayed, forwarder.lost, len(upstream.bodies)) == (1, 0, 1)
    assert "no answer within 0.02 s" in said[0]


def test_too_much_stays_here_and_is_counted(upstream: Upstream) -> None:
    upstream.delay = 0.1
    with relaying(own(upstream.url), patience=0.001, most=1) as (sink, forwarder, said):
        for _ in range(8):
            assert send(sink, "/batch/", as_json(ENVELOPE))[0] == 200
        assert len(sink.received) == 16
        assert forwarder.close(2) == 0
    assert forwarder.lost > 0
    assert forwarder.lost + forwarder.relayed == 8
    assert len(upstream.bodies) == forwarder.relayed
    assert any("faster than they can be relayed" in reason for reason in said)


def test_the_refusal_of_posthog_reaches_the_sdk_and_the_user(upstream: Upstream) -> None:
    upstream.answer = b"HTTP/1.1 401 No\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nbad api_key"
    with relaying(own(upstream.url)) as (sink, forwarder, said):
        for _ in range(2):
            assert send(sink, "/batch/", as_json(ENVELOPE))[:2] == (401, b"bad api_key")
    assert said == ["PostHog answers 401: bad api_key"]
    assert (forwarder.relayed, forwarder.rejected) == (2, 2)


def test_forwarding_to_itself_is_refused() -> None:
    with Sink() as sink:
        port = sink.port
    for name in ("127.0.0.1", "localhost", "[::1]"):
        with pytest.raises(UsageError, match="listens itself"):
            listen(port, False, forward=f"http://{name}:{port}")


def test_a_request_that_comes_back_is_not_sent_again(upstream: Upstream) -> None:
    exchange = _exchange(relay.Upstream(own(upstream.url), "me"), "me")
    request = Request("GET", "/flags", {"via": "1.1 cdn, 1.1 me"}, [], True)
    assert "leads back to this very port" in str(exchange(request))
    assert isinstance(exchange(Request("GET", "/flags", {"via": "1.1 other"}, [], True)), Answer)
    assert len(upstream.heads) == 1


def test_command(upstream: Upstream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(FLAGS), FLAGS)
    with listening(monkeypatch, as_json=True, forward=upstream.url) as sink:
        asked = as_json({"token": "phc_t", "distinct_id": "ann"})
        assert send(sink, "/flags/?v=2", asked)[1] == FLAGS
        upstream.answer = b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"
        assert send(sink, "/flags/?v=2", asked)[0] == 502
    out, err = capsys.readouterr()
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["flags", "flags"]
    assert f"Relaying everything to {upstream.url}" in err
    assert "PostHog answers 502" in err
    assert "Relayed: 2 requests (1 of them refused there)." in err
