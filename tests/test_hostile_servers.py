"""What a hostile or broken server can do to us: cost time, memory, a crash, or a secret."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from wizard.answers import Answers
from wizard.commands.reached import reach
from wizard.console import Console
from wizard.errors import WizardError
from wizard.posthog import device_login, http
from wizard.posthog.bounds import TooMuch, Unreadable, decoded, within
from wizard.posthog.callback import Expected, Mismatch
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import of
from wizard.posthog.http import NoReply, Reply
from wizard.posthog.loose import numbers
from wizard.posthog.oauth_metadata import Endpoints, is_safe, same_site
from wizard.verify.readable import readable_link
from wizard.verify.token import Connection
from wizard.verify.verdicts import Verdict, Wanted

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serving(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with each connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection = listener.accept()[0]
                with connection:
                    connection.recv(65536)
                    speak(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def headers_drop_by_drop(connection: socket.socket) -> None:
    connection.sendall(OK + b"X: ")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.02)


def early_hints_for_ever(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.02)


def body_drop_by_drop(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 100\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("speak", [headers_drop_by_drop, early_hints_for_ever, body_drop_by_drop])
def test_an_exchange_ends_in_time_whatever_the_server_does(speak: Callable[[socket.socket], None]) -> None:
    with serving(speak) as url:
        began = time.monotonic()
        reply = http.send("GET", url, timeout=0.3)
        assert time.monotonic() - began < 1.5
    assert isinstance(reply, NoReply)
    assert reply.kind == "timeout"


def test_a_name_that_is_looked_up_for_ever_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: ends.wait(5))
    reply = http.send("GET", "http://ph.example/", timeout=0.2)
    ends.set()
    assert isinstance(reply, NoReply)
    assert reply.kind == "timeout"


def test_what_is_raised_in_time_is_raised_here() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    with pytest.raises(TimeoutError):
        within(0.01, lambda: time.sleep(0.1))


PACKED = gzip.compress(b"{}" + b" " * 5000)


@pytest.mark.parametrize(
    ("encoding", "body", "largest", "found"),
    [
        ("", b"{}", 2, b"{}"),
        ("identity", b"{}", 2, b"{}"),
        ("GZIP", gzip.compress(b"{}"), 2, b"{}"),
        ("x-gzip", gzip.compress(b"{}"), 2, b"{}"),
        ("gzip", b"", 2, b""),
        ("", b"{} ", 2, TooMuch),
        ("gzip", PACKED, 5001, TooMuch),
        ("gzip", b"no gzip", 100, Unreadable),
        ("gzip, gzip", gzip.compress(PACKED), 100_000, Unreadable),
        ("br", b"x", 100, Unreadable),
    ],
    ids=["plain", "identity", "gzip", "x-gzip", "nothing", "too long", "too much", "no gzip", "twice", "unasked"],
)
def test_packed_bodies(encoding: str, body: bytes, largest: int, found: bytes | type[Exception]) -> None:
    chunks = [body[at : at + 7] for at in range(0, len(body), 7)]
    if isinstance(found, bytes):
        assert decoded(chunks, encoding, largest, time.monotonic() + 5) == found
        return
    with pytest.raises(found):
        decoded(chunks, encoding, largest, time.monotonic() + 5)


@pytest.mark.parametrize("times", [1, 2])
def test_a_bomb_does_not_go_off(times: int) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000, 1)
    for _ in range(times - 1):
        bomb = gzip.compress(bomb)
    head = OK + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (b", ".join([b"gzip"] * times), len(bomb))
    with serving(lambda connection: connection.sendall(head + bomb)) as url:
        tracemalloc.start()
        reply = http.send("GET", url, timeout=10)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert isinstance(reply, NoReply)
    assert reply.kind == "broken"
    assert peak < 30_000_000


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("9" * 400, 86400.0),
        ("Mon, 01 Jan 9998 00:00:00 GMT", 86400.0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2030 00:00:00 +99999999999999", None),
        ("Mon, 01 Jan 2030 99999999999999999999:00:00 GMT", None),
        ("-5", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after(said: str, seconds: float | None) -> None:
    assert Reply(429, {"retry-after": said}, b"").retry_after == seconds


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://ph.example/login", True),
        ("http://127.0.0.1:8000/login", True),
        ("http://ph.example/login", False),
        ("file:///etc/passwd", False),
        ("javascript://ph.example/%0aalert(1)", False),
        ("https://evil.example\\.ph.example/", False),
        ("https://ph.example@evil.example/", False),
        ("https://ph.example/\u202egpj", False),
        ("https://ph.example/\x1b[2J", False),
        ("https://ph.example/ x", False),
        ("https://ph.example:99999/", False),
    ],
)
def test_addresses_that_may_be_opened(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


@pytest.mark.parametrize(
    ("url", "meant", "same"),
    [
        ("https://ph.example/a", "https://ph.example", True),
        ("https://login.ph.example/a", "https://ph.example", True),
        ("https://evilph.example/a", "https://ph.example", False),
        ("https://ph.example.evil.example/a", "https://ph.example", False),
        ("https://oauth.posthog.com", "https://us.posthog.com", True),
        ("https://evilposthog.com", "https://us.posthog.com", False),
        ("http://eu.posthog.com", "https://us.posthog.com", False),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8000", False),
        ("http://[", "https://ph.example", False),
        ("", "https://ph.example", False),
    ],
)
def test_whose_site_it_is(url: str, meant: str, same: bool) -> None:
    assert same_site(url, meant) is same


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("code=c&state=right&iss=https://ph.example", "c"),
        ("code=c&state=right&iss=https://ph.example/", "c"),
        ("code=c&state=wrong&iss=https://ph.example", "its state is not the one"),
        ("code=c&state=&iss=https://ph.example", "its state is not the one"),
        ("code=c&iss=https://ph.example", "its state is not the one"),
        ("code=c&state=right&state=wrong&iss=https://ph.example", "says something twice"),
        ("code=c&state=right&iss=https://evil.example", "names another server"),
        ("code=c&state=right&iss=https://us.posthog.com", "names another server"),
        ("code=c&state=right", "names no server"),
        ("state=right&iss=https://ph.example", "there is no code"),
        ("error=access_denied&state=wrong&iss=https://ph.example", "its state is not the one"),
        ("&".join(["a=b"] * 60), "malformed"),
        ("code=" + "x" * 9000, "too long"),
    ],
)
def test_which_answers_a_login_takes(query: str, says: str) -> None:
    ours = Endpoints("https://ph.example", "https://ph.example/a", "https://ph.example/t", names_itself=True)
    expected = Expected("right", ours)
    assert "right" not in repr(expected)
    try:
        said = expected.code_in(query)
    except Mismatch as error:
        said = error.message
    assert says in said


@pytest.mark.parametrize(
    "page", ["http://ph.example/cli/authorize", "javascript://ph.example/%0ax", "https://evil.example\\.ph.example/"]
)
def test_a_code_is_not_typed_into_an_unsafe_page(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"device_code": "d" * 30, "user_code": "ABCD-1234", "verification_uri": page, "expires_in": 600}
    monkeypatch.setattr(device_login, "send", lambda *given, **more: Reply(200, {}, json.dumps(answer).encode()))
    with pytest.raises(ApiError, match="sends you to another site"):
        device_login.start(of("https://ph.example"))
    answer["verification_uri"] = "https://ph.example/cli/authorize"
    assert device_login.start(of("https://ph.example")).page == answer["verification_uri"]


def test_a_list_of_projects_has_an_end() -> None:
    assert len(numbers(list(range(100_000)))) == 500
    assert numbers([3, 3, "4", None, -1, True, 3]) == (3, 4)


@pytest.mark.parametrize("refused", ["", "The key in X is not sent to evil.example, which only the project names."])
@pytest.mark.parametrize(
    ("host", "read", "told"),
    [("https://evil.example", True, False), ("https://ph.example", False, True), ("us.posthog.com", True, True)],
    ids=["of the project", "named", "cloud"],
)
def test_no_next_command_leads_to_a_host_that_only_the_project_names(
    host: str, read: bool, told: bool, refused: str
) -> None:
    hosts = of(host)
    wanted = Wanted("phc_" + "t" * 40, hosts, {"POSTHOG_PERSONAL_API_KEY": "phx_hidden"}, print, host_read=read)
    connection = Connection(Verdict("token", "passed", "it is known"), hosts, refused=refused)
    detail = readable_link(connection, wanted).detail
    assert ("next" in detail) is told
    assert ("Only if that is your PostHog" in detail["hint"]) is not told
    assert "phx_hidden" not in repr(wanted)
    with pytest.raises(WizardError) as caught:
        reach(Answers(hosts, wanted.token, host_read=read), None, Console(quiet=True), may_ask=False, what="this")
    assert ("Only if that is your PostHog" in caught.value.hint) is not told
