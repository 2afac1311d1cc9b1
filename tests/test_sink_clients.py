"""Clients that are slow, half gone, greedy or hostile cost the sink nothing that others would miss."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_sink import ENVELOPE, ONE, as_json, send
from wizard.sink import Received, Sink, connection, shown
from wizard.sink.http1 import Malformed, Request, parse
from wizard.sink.intake import take


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def client(sink: Sink, start: bytes = b"") -> socket.socket:
    found = socket.create_connection(("127.0.0.1", sink.port), timeout=5)
    found.sendall(start)
    return found


def until(condition: Any, limit: float = 5) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def closed(client: socket.socket) -> bool:
    try:
        return client.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_slow_clients_make_room(sink: Sink) -> None:
    sink._clients.most = 5
    faithful = client(sink)
    slow = []
    for _ in range(20):
        slow.append(client(sink, b"POST /e/ HTTP/1.1\r\nX-"))
        faithful.sendall(b"GET /array/phc_t/config HTTP/1.1\r\n\r\n")
        assert faithful.recv(9999).startswith(b"HTTP/1.1 200")
    assert send(sink, "/e/", as_json(ONE))[0] == 200
    assert len(sink._clients.open) <= 5
    assert all(closed(each) for each in slow[:15])
    for each in (faithful, *slow):
        each.close()


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"", id="says-nothing"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nHo", id="in-mid-header"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nContent-Length: 9\r\n\r\n{", id="in-mid-body"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", id="in-mid-chunk"),
    ],
)
def test_who_keeps_still_is_dropped(sink: Sink, start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("IDLE", "HEAD_LIMIT", "STALL_LIMIT"):
        monkeypatch.setattr(connection, limit, 0.01)
    still = client(sink, start)
    until(lambda: sink._clients.open)
    time.sleep(0.02)
    sink._loop.call_soon_threadsafe(sink._clients.sweep)
    assert closed(still)
    until(lambda: not sink._clients.open and not sink._clients.buffered)
    assert sink.received == []


def test_who_leaves_in_mid_body_leaves_nothing(sink: Sink) -> None:
    gone = client(sink, b"POST /e/ HTTP/1.1\r\nContent-Length: 90000\r\n\r\n" + b"x" * 50_000)
    until(lambda: sink._clients.buffered == 50_000)
    gone.close()
    until(lambda: not sink._clients.buffered and not sink._clients.open)
    assert sink.received == []


def test_half_open_client_gets_its_answer(sink: Sink) -> None:
    half = client(sink, b"POST /e/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(as_json(ONE)), as_json(ONE)))
    half.shutdown(socket.SHUT_WR)
    assert half.recv(9999).endswith(b'{"status": "Ok"}')
    assert closed(half)


def test_all_together_may_not_fill_the_memory(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BUFFERED", 100_000)
    start = b"POST /e/ HTTP/1.1\r\nContent-Length: 90000\r\n\r\n" + b"x" * 60_000
    first = client(sink, start)
    until(lambda: sink._clients.buffered == 60_000)
    second = client(sink, start)
    assert second.recv(9999).startswith(b"HTTP/1.1 503")
    assert send(sink, "/e/", as_json(ONE))[0] == 200
    first.close()
    second.close()


def test_byte_by_byte_and_pipelined(sink: Sink) -> None:
    body = gzip.compress(as_json(ENVELOPE))
    request = b"POST /batch/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    slow = client(sink)
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for each in request * 2:
        slow.send(bytes([each]))
    slow.sendall(request * 10)
    until(lambda: len(sink.received) == 24)
    answers = b""
    while answers.count(b'"Ok"') < 12:
        answers += slow.recv(65536)
    slow.close()


def test_a_big_upload_is_asked_for(sink: Sink) -> None:
    curl = client(sink, b"POST /e/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(as_json(ONE)))
    assert curl.recv(99) == b"HTTP/1.1 100 Continue\r\n\r\n"
    curl.sendall(as_json(ONE))
    assert curl.recv(9999).startswith(b"HTTP/1.1 200")
    curl.close()


def test_on_the_other_loopback_too(sink: Sink) -> None:
    if len(sink._sockets) < 2:
        pytest.skip("no IPv6 here")
    with socket.create_connection(("::1", sink.port), timeout=5) as other:
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert other.recv(999).startswith(b"HTTP/1.1 200")


def test_what_is_told_of_no_http(sink: Sink) -> None:
    for start, words in ((b"\x16\x03\x01\x02\x00", "http://, not https://"), (b"PRI * HTTP/2.0\r\n", "HTTP/2")):
        stranger = client(sink, start)
        stranger.shutdown(socket.SHUT_WR)
        while not closed(stranger):
            pass
        assert words in sink.received[-1].note


def test_nothing_is_remembered_when_nobody_asks() -> None:
    seen: list[Received] = []
    with Sink(on_receive=seen.append, keep=0) as sink:
        send(sink, "/batch/", as_json(ENVELOPE))
        assert (len(seen), sink.received) == (2, [])
    with Sink(keep=1) as sink:
        send(sink, "/batch/", as_json(ENVELOPE))
        assert [item.event and item.event["event"] for item in sink.received] == ["paid"]
        assert sink.wait_for(lambda item: True, 1) == sink.received[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "event batch data properties distinct_id $distinct_id uuid token api_key $token timestamp sent_at "
                "created_at $set $session_id $snapshot_data $lib $current_url".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)
PATHS = "/e/ /batch /s/ /flags?v=2 /decide/ /i/v1/analytics/events /i/v0/ai /engage /array/x/config /i/v1/logs / /x"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PATHS.split()),
    JSON | st.binary(max_size=60),
    st.sampled_from(["", "gzip", "deflate", "zstd", "br", "\xff"]),
    st.sampled_from(["", "compression=base64", "compression=gzip-js&beacon=1", "data=e30", "data=%ff&v=9", "token=\0"]),
    st.sampled_from(["GET", "POST", "HEAD", "PUT", "TRACE"]),
    st.booleans(),
)
def test_no_request_makes_it_raise(path: str, value: Any, coding: str, query: str, method: str, full: bool) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {"content-encoding": coding, "authorization": "Bearer phc_t" if full else "Bearer  "}
    if full:
        names = ("posthog-sdk-info", "posthog-attempt", "posthog-request-id", "posthog-request-timestamp")
        headers |= dict.fromkeys(names, "1")
    target = f"{path}{'&' if '?' in path else '?'}{query}"
    taken = take(Request(method, target, headers, [], True, body))
    for item in taken.items:
        assert json.loads(shown.as_json(item, 1.5))["kind"] == item.kind
        assert "\n" not in shown.plain(item, 1.5)
        shown.row(item, 1.5, 40, colour=True)
        shown.matches(item, ("x",))
    assert 200 <= taken.answer.status < 500


HEAD = st.lists(
    st.sampled_from([b"GET", b" ", b"/e/", b"HTTP/1.1", b"\r\n", b"\n", b"X", b":", b"\0", b"\xff"]), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(HEAD)
def test_no_head_makes_it_raise(pieces: list[bytes]) -> None:
    with contextlib.suppress(Malformed):
        assert parse(b"GET /e/ HTTP/1.1\r\n" + b"".join(pieces)).method == "GET"
    with contextlib.suppress(Malformed):
        assert parse(b"".join(pieces)).path
