"""A page is watched through the browser's DevTools: what it sends where, what its policy forbids, why it is silent."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wizard.emits import devtools, policies
from wizard.emits.devtools import NoDevtools
from wizard.emits.emission import Cause, Emission, passed
from wizard.emits.expected import Expected
from wizard.emits.policies import Judgement, Refusal
from wizard.emits.process import running
from wizard.emits.reasons import (
    Client,
    Report,
    wants_script,
    what_policy_limits,
    why_no_client_spoke,
    why_page_was_silent,
    why_policy_blocks,
    why_refused,
    why_script_was_silent,
    why_token_is_wrong,
    why_way_is_wrong,
)
from wizard.emits.waiting import Visited
from wizard.emits.watch import PageClient, Watch
from wizard.emits.websocket import Broken, WebSocket
from wizard.environment import Names
from wizard.posthog import hosts
from wizard.sink import Received, Sink

US = hosts.cloud("us")
NAMES = Names("VITE_KEY", "VITE_HOST")


def frame(text: str, first: int = 0x81) -> bytes:
    data = text.encode()
    if len(data) < 126:
        return struct.pack("!BB", first, len(data)) + data
    if len(data) < 65_536:
        return struct.pack("!BBH", first, 126, len(data)) + data
    return struct.pack("!BBQ", first, 127, len(data)) + data


def heard(connection: socket.socket) -> str:
    """One masked frame of the client."""
    head = connection.recv(2, socket.MSG_WAITALL)
    size = head[1] & 0x7F
    if size >= 126:
        size = int.from_bytes(connection.recv(2 if size == 126 else 8, socket.MSG_WAITALL), "big")
    assert head[1] & 0x80, "a client masks what it sends"
    mask = connection.recv(4, socket.MSG_WAITALL)
    data = connection.recv(size, socket.MSG_WAITALL)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)).decode()


@contextmanager
def speaker(*frames: bytes, greeting: bytes = b"", echo: bool = False) -> Iterator[int]:
    """A server that greets and then says `frames`; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                key = next(line[19:] for line in head.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: "))
                accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                hello = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                connection.sendall((greeting or hello) + b"".join(frames))
                if echo:
                    connection.sendall(frame(heard(connection)))
                connection.settimeout(5)
                while connection.recv(4096):
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("frames", "texts"),
    [
        pytest.param((frame("{}"),), ["{}"], id="one"),
        pytest.param((frame("a"), frame("b")), ["a", "b"], id="two-in-one-packet"),
        pytest.param((frame("a" * 200),), ["a" * 200], id="medium"),
        pytest.param((frame("b" * 70_000),), ["b" * 70_000], id="large"),
        pytest.param((frame("he", 0x01), frame("", 0x89), frame("llo", 0x80)), ["hello"], id="in-parts-with-a-ping"),
        pytest.param((frame("\u00fc"),), ["\u00fc"], id="not-ascii"),
    ],
)
def test_messages_arrive_whole(frames: tuple[bytes, ...], texts: list[str]) -> None:
    with speaker(*frames) as port:
        socket_ = WebSocket(port, "/x", 5)
        assert [socket_.receive(5) for _ in texts] == texts
        assert socket_.receive(0.01) is None
        socket_.close()


@pytest.mark.parametrize("size", [3, 200, 70_000])
def test_what_is_sent_is_masked(size: int) -> None:
    with speaker(echo=True) as port:
        socket_ = WebSocket(port, "/x", 5)
        socket_.send("x" * size)
        assert socket_.receive(5) == "x" * size
        socket_.close()


@pytest.mark.parametrize(
    ("frames", "greeting"),
    [
        pytest.param((), b"HTTP/1.1 403 Forbidden\r\n\r\n", id="refused"),
        pytest.param((), b"x" * 20_000, id="no-http"),
        pytest.param((frame("", 0x88),), b"", id="closed"),
        pytest.param((struct.pack("!BBQ", 0x81, 127, 1 << 60),), b"", id="gigantic"),
    ],
)
def test_a_connection_that_does_not_work_says_so(frames: tuple[bytes, ...], greeting: bytes) -> None:
    with pytest.raises(Broken), speaker(*frames, greeting=greeting) as port:
        WebSocket(port, "/x", 1).receive(1)


@pytest.mark.parametrize("content", [None, "", "no port\n/x", "99"])
def test_a_browser_that_cannot_be_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    monkeypatch.setattr(devtools, "OPENING", 0.05)
    if content is not None:
        (tmp_path / "DevToolsActivePort").write_text(content)
    with pytest.raises(NoDevtools), devtools.opened(tmp_path, lambda: True, lambda name, told: None):
        raise AssertionError


class Told:
    """A page that takes orders and remembers them."""

    def __init__(self, answer: Any = None) -> None:
        self.orders: list[tuple[str, dict[str, Any]]] = []
        self.answer = answer

    def tell(self, method: str, **parameters: Any) -> int:
        self.orders.append((method, parameters))
        return 1

    def evaluate(self, expression: str) -> Any:
        return self.answer


def paused(url: str, body: bytes = b"", method: str = "POST") -> dict[str, Any]:
    entries = [{"bytes": base64.b64encode(body).decode()}] if body else []
    request = {"url": url, "method": method, "headers": {"Content-Type": "text/plain"}, "postDataEntries": entries}
    return {"requestId": "1", "request": request}


@pytest.mark.parametrize(
    ("url", "order", "elsewhere"),
    [
        ("http://127.0.0.1:5173/e/", "Fetch.continueRequest", set()),
        ("http://localhost:5173/array/x/config.js", "Fetch.continueRequest", set()),
        ("https://shop.test/api/cart", "Fetch.continueRequest", set()),
        ("https://eu.i.posthog.com/e/", "Fetch.failRequest", {"https://eu.i.posthog.com"}),
        ("https://t.other.test/i/v0/e/?x=1", "Fetch.failRequest", {"https://t.other.test"}),
        ("https://us-assets.i.posthog.com/static/array.js", "Fetch.continueRequest", set()),
        ("http://127.0.0.1:9/static/array.js", "Fetch.continueRequest", set()),
        ("https://eu-assets.i.posthog.com/static/array.js", "Fetch.failRequest", {"https://eu-assets.i.posthog.com"}),
        ("https://posthog.com/logo.png", "Fetch.failRequest", set()),
        ("https://us.i.posthog.com/posthog-wizard-policy-check", "Fetch.fulfillRequest", set()),
        ("https://us.i.posthog.com.evil.test/e/", "Fetch.failRequest", {"https://us.i.posthog.com.evil.test"}),
    ],
)
def test_where_requests_of_a_page_may_go(url: str, order: str, elsewhere: set[str]) -> None:
    watch, page = Watch("http://127.0.0.1:9", US), Told()
    watch.page = page  # type: ignore[assignment]
    watch.hear("Fetch.requestPaused", paused(url))
    assert [name for name, _ in page.orders] == [order]
    assert watch.elsewhere == elsewhere
    assert not watch.relayed
    if "/static/" in url and not elsewhere:
        assert page.orders[0][1]["url"] == "https://us-assets.i.posthog.com/static/array.js"


def test_what_goes_to_the_users_own_posthog_is_seen_here() -> None:
    body = json.dumps({"token": "phc_t", "event": "x", "distinct_id": "ann"}).encode()
    with Sink() as sink:
        watch, page = Watch(sink.url, US), Told()
        watch.page = page  # type: ignore[assignment]
        watch.hear("Fetch.requestPaused", paused("https://us.i.posthog.com/e/?ip=0", body))
        [item] = sink.received
    assert item.event is not None
    assert (item.event["event"], item.token, watch.relayed) == ("x", "phc_t", True)
    [(name, answer)] = page.orders
    assert (name, answer["responseCode"]) == ("Fetch.fulfillRequest", 200)


def test_errors_and_policies_are_heard() -> None:
    watch = Watch("http://127.0.0.1:9", US)
    watch.hear("Runtime.consoleAPICalled", {"type": "error", "args": [{"value": "%cPostHog"}, {"value": 1}]})
    watch.hear("Runtime.consoleAPICalled", {"type": "log", "args": [{"value": "hello"}]})
    thrown = {"exception": {"description": "TypeError: x is not a function\n    at a.js:1"}}
    watch.hear("Runtime.exceptionThrown", {"exceptionDetails": thrown})
    watch.hear("Log.entryAdded", {"entry": {"source": "network", "level": "error", "text": "404", "url": "http://x/"}})
    text = "violates the following Content Security Policy directive"
    watch.hear("Log.entryAdded", {"entry": {"source": "security", "level": "error", "text": text}})
    told = {"type": "Document", "response": {"headers": {"Content-Security-Policy": "default-src 'self'"}}}
    watch.hear("Network.responseReceived", told)
    watch.hear("Network.responseReceived", {**told, "type": "Script"})
    assert watch.errors == ["PostHog 1", "TypeError: x is not a function", "404 http://x/"]
    assert (watch.violations, watch.policies) == ([text], ["default-src 'self'"])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (["connect-src", "https://us.i.posthog.com/x", "connect-src 'self'"],
         "connect-src does not allow https://us.i.posthog.com"),
        (["connect-src", "https://us.i.posthog.com/x", "default-src 'self'"],
         "connect-src does not allow https://us.i.posthog.com (there is no connect-src, so default-src decides)"),
        (["script-src-elem", "https://us-assets.i.posthog.com/x", "script-src 'self'"],
         "script-src does not allow https://us-assets.i.posthog.com"),
        (["script-src-elem", "https://us-assets.i.posthog.com/x", "script-src *; script-src-elem 'self'"],
         "script-src-elem does not allow https://us-assets.i.posthog.com"),
        (["connect-src", "https://elsewhere.test/", "connect-src 'self'"], "None"),
        (["connect-src", "http://127.0.0.1:9/e/", "connect-src 'self'"], "None"),
    ],
)  # fmt: skip
def test_what_a_policy_refuses(entry: list[object], said: str) -> None:
    assert str(policies._refusal(entry, US)) == said


CONNECT = Refusal("connect-src", US.ingest)
SCRIPT = Refusal("script-src", US.assets, fallback=True)


@pytest.mark.parametrize(
    ("judged", "blocked", "limited"),
    [
        (Judgement(), False, False),
        (Judgement(CONNECT, SCRIPT), True, True),
        (Judgement(None, SCRIPT), False, True),
        (Judgement(silenced="Refused to execute inline script"), True, False),
    ],
)
def test_the_verdict_on_a_policy(judged: Judgement, blocked: bool, limited: bool) -> None:
    cause = why_policy_blocks(judged, Expected(US, policy_places=lambda: ("next.config.ts:7",)))
    assert (cause is not None, bool(what_policy_limits(judged))) == (blocked, limited)
    if cause:
        assert (cause.name, "(set in next.config.ts:7)" in cause.text) == ("csp", True)
        assert cause.hint


LIVE = PageClient(True, "phc_t", "http://127.0.0.1:9")
MISSING = Expected(US, "phc_t", NAMES, "VITE_KEY is not set")
MISNAMED = Expected(US, "phc_t", NAMES, ".env sets KEY, but only names that begin with VITE_ reach the page: call it X")


def silent(expected: Expected = Expected(US), *clients: PageClient, kinds: str = "", **more: Any) -> str:  # noqa: B008
    received = [Received(kind, "/", None, "") for kind in kinds.split()]  # type: ignore[arg-type]
    return why_page_was_silent(received, ("VITE_HOST",), expected, clients, **more).name


@pytest.mark.parametrize(
    ("cause", "found"),
    [
        ("no-init", silent()),
        ("no-init", silent(Expected(US), PageClient(False))),
        ("missing-variable", silent(MISSING)),
        ("missing-variable", silent(MISSING, PageClient(False))),
        ("wrong-prefix", silent(MISNAMED, PageClient(False))),
        ("opt-out", silent(MISSING, PageClient(True, out=True, by_default=True))),
        ("opt-out", silent(Expected(US), PageClient(True, out=True, consent="denied"))),
        ("opt-out", silent(Expected(US), PageClient(True, out=True, cookieless="on_reject"))),
        ("opt-out", silent(Expected(US), PageClient(True, out=True, respect_dnt=True))),
        ("bot-filter", silent(Expected(US), PageClient(True, bot=True))),
        ("before-send", silent(Expected(US), PageClient(True, before_send=True))),
        ("loaded-but-silent", silent(Expected(US), LIVE)),
        ("loaded-but-silent", silent(Expected(US), kinds="config")),
        ("loaded-but-silent", silent(Expected(US), kinds="other flags")),
        ("no-init", silent(Expected(US), kinds="other")),
        ("wrong-region", silent(MISSING, LIVE, elsewhere=["https://eu.i.posthog.com", "https://eu-assets.i.posthog.com"])),
        ("other-host", silent(MISSING, LIVE, elsewhere=["https://t.other.test"])),
        ("refused", silent(Expected(US), LIVE, kinds="refused")),
        ("sdk-import", silent(MISSING, errors=["Failed to resolve import \"posthog-js\" from \"a.ts\""])),
        ("page-broken", silent(Expected(US), errors=["Failed to load resource: a status of 500 (x) http://x/"])),
        ("page-broken", silent(MISSING, errors=["SyntaxError: no"])),
        ("no-init", silent(Expected(US), errors=["Failed to load resource: a status of 404 (x) http://x/icon"])),
    ],
)  # fmt: skip
def test_causes_are_told_apart(cause: str, found: str) -> None:
    assert found == cause


@pytest.mark.parametrize(
    ("cause", "report", "expected"),
    [
        ("no-init", Report(), Expected(US)),
        ("missing-variable", Report(), MISSING),
        ("missing-variable", Report((Client("http://s:1", False),)), MISSING),
        ("disabled", Report((Client("http://s:1", False),)), Expected(US)),
        ("wrong-region", Report((Client("https://eu.i.posthog.com", True),)), Expected(US)),
        ("other-host", Report((Client("https://t.other.test", True),)), Expected(US)),
        ("other-host", Report((Client("https://eu.i.posthog.com", True),)), Expected()),
        ("not-sent", Report((Client("http://s:1", True),)), MISSING),
    ],
)
def test_causes_of_a_server(cause: str, report: Report, expected: Expected) -> None:
    assert why_no_client_spoke(report, "http://s:1", ("A",), expected).name == cause


@pytest.mark.parametrize(
    ("cause", "refused", "expected"),
    [
        ("secret-key", [("API key is not valid: personal_api_key", True)], Expected(US)),
        ("secret-key", [("bad JSON", False), ("API key is not valid: personal_api_key", True)], MISSING),
        ("missing-variable", [("event submitted without an api_key", False)], MISSING),
        ("no-token", [("event submitted without an api_key", False)], Expected(US)),
        ("refused", [("bad JSON", False)], Expected(US)),
    ],
)
def test_causes_of_what_posthog_would_refuse(cause: str, refused: list[tuple[str, bool]], expected: Expected) -> None:
    received = [Received("refused", "/e/", None, "", note=note, leak=leak) for note, leak in refused]
    live = Report((Client("http://s:1", True),))
    assert why_page_was_silent(received, ("A",), expected, [LIVE]).name == cause
    found = why_no_client_spoke(live, "http://s:1", ("A",), expected, received)
    assert found.name == cause
    assert found.hint or cause == "refused"
    assert why_refused([], "the app", expected) is None


@pytest.mark.parametrize(
    ("note", "wanted"),
    [
        ("posthog-js itself: not served here", True),
        ("array.full.js.map: a part of posthog-js that is not served here", False),
        ("no path of PostHog's ingestion", False),
    ],
)
def test_a_page_that_loads_the_sdk_from_its_host(note: str, wanted: bool) -> None:
    assert wants_script([Received("other", "/static/array.js", None, "", note=note)]) is wanted


@pytest.mark.parametrize(
    ("cause", "report", "expected"),
    [
        ("not-flushed", Report((Client("http://s:1", True),), (), True, 2), MISSING),
        ("nothing-captured", Report((Client("http://s:1", True),), (), True, 0), MISSING),
        ("nothing-captured", Report((), (), True, 0), Expected(US)),
        ("missing-variable", Report((), (), True, 0), MISSING),
        ("no-init", Report(), Expected(US)),
    ],
)
def test_causes_of_a_script(cause: str, report: Report, expected: Expected) -> None:
    assert why_script_was_silent(report, expected).name == cause


@pytest.mark.parametrize(
    ("token", "wanted", "wrong"),
    [("phc_a", "phc_b", True), ("phc_a", "phc_a", False), (None, "phc_b", False), ("phc_a", None, False)],
)
def test_another_projects_token(token: str | None, wanted: str | None, wrong: bool) -> None:
    cause = why_token_is_wrong(token, Expected(US, wanted, NAMES, shell_token="VITE_KEY"))
    assert (cause is not None) == wrong
    if cause:
        assert (cause.name, "this shell" in cause.hint) == ("wrong-token", True)


def test_a_way_that_leads_astray() -> None:
    assert why_way_is_wrong(Expected(US, names=NAMES)) is None
    cause = why_way_is_wrong(Expected(US, names=NAMES, region="VITE_HOST in .env is https://eu.i.posthog.com"))
    assert cause is not None
    assert (cause.name, cause.hint) == ("wrong-region", "Set VITE_HOST=https://us.i.posthog.com")


def test_an_event_in_few_words() -> None:
    properties = {"$lib": "web", "$lib_version": "1.2", "$current_url": "http://x/", "token": "phc_t", "more": 1}
    event = {"event": "$pageview", "distinct_id": "ann", "properties": properties}
    emission = passed(Received("event", "/e/", "phc_t", "", event))
    shown = {
        "event": "$pageview",
        "distinct_id": "ann",
        "$lib": "web",
        "$lib_version": "1.2",
        "$current_url": "http://x/",
    }
    assert (emission.summary, emission.token) == (shown, "phc_t")
    assert Emission("failed", "no").summary == {}


@pytest.mark.parametrize(
    ("name", "status", "cause"),
    [
        ("no-init", 500, "app-error"),
        ("page-broken", 503, "app-error"),
        ("wrong-region", 500, "wrong-region"),
        ("opt-out", 500, "opt-out"),
        ("missing-variable", 500, "missing-variable"),
        ("no-init", 404, "no-init"),
    ],
)
def test_an_error_of_the_app_explains_only_what_was_not_seen(
    tmp_path: Path, name: str, status: int, cause: str
) -> None:
    with Sink() as sink, running([sys.executable, "-S", "-c", "print('oops')"], tmp_path, dict(os.environ)) as app:
        visited = Visited(app, "http://x/", status, sink, (), Expected(), tmp_path, 1.0, print)
        assert visited.failed(Cause(name, "why")).cause == cause
