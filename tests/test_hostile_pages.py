"""What any web page or program on this machine can do to `listen`: stop it, mislead it, or have things relayed."""

from __future__ import annotations

import json
import socket
import threading
from types import SimpleNamespace

import pytest

from tests.test_sink import as_json, send
from wizard.commands.listen import _exchange
from wizard.errors import WizardError
from wizard.posthog import relay
from wizard.posthog.callback import Expected, Listener
from wizard.posthog.hosts import of
from wizard.posthog.oauth_metadata import Endpoints
from wizard.sink import Received, Sink, http1, shown, wire

TOKEN = "phc_" + "t" * 30


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


EVENT = '{"api_key": "%s", "event": "a", "distinct_id": %s, "properties": {"$lib": %s}}'


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/e/", EVENT % (TOKEN, '"x"', nested(120)), "event"),
        ("/e/", EVENT % (TOKEN, '"x"', nested(127)), "refused"),
        ("/e/", EVENT % (TOKEN, '"x"', nested(900)), "refused"),
        ("/e/", EVENT % (TOKEN, '"x"', nested(100_000)), "refused"),
        ("/flags/", EVENT % (TOKEN, nested(900), "1"), "refused"),
        ("/e/", EVENT % (TOKEN, "NaN", "1"), "refused"),
        ("/e/", EVENT % (TOKEN, '"x"', "-Infinity"), "refused"),
        ("/e/", EVENT % (TOKEN, '"\\ud800"', '"\\u001b[2J"'), "event"),
    ],
    ids=["deep", "too deep", "deeper", "absurd", "a deep person", "nan", "infinity", "half a letter"],
)
def test_whatever_is_taken_can_be_shown(path: str, body: str, kind: str) -> None:
    lines: list[str] = []

    def show(item: Received) -> None:
        lines.extend((shown.as_json(item, 0), shown.plain(item, 0), shown.row(item, 0, 100, False)))
        shown.matches(item, ["x"])

    with Sink(0, show) as sink:
        send(sink, path, body.encode())
        assert [item.kind for item in sink.received] == [kind]
    json.loads(lines[0], parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert "".join(lines).replace("\n", "").isprintable()


@pytest.mark.parametrize("stamp", ["1" + "0" * 400, "1e999", "-1e999", '"x"', "null", "[1]", "{}"])
def test_absurd_times_of_a_replay(stamp: str, capfd: pytest.CaptureFixture[str]) -> None:
    body = '{"api_key": "%s", "properties": {"$session_id": "s", "$snapshot_data": [%s]}}'
    shots = ", ".join(f'{{"timestamp": {each}}}' for each in (stamp, 1, 3001))
    with Sink(0) as sink:
        assert send(sink, "/s/", (body % (TOKEN, shots)).encode())[0] == 200
        [item] = sink.received
    assert item.detail is not None
    assert (item.detail["snapshots"], item.detail["seconds"]) == (3, 3.0)
    assert capfd.readouterr().err == ""


def test_nobody_outside_of_this_machine_is_heard() -> None:
    ours = Endpoints("https://ph.example", "https://ph.example/a", "https://ph.example/t")
    listener = Listener(Expected("state", ours), (), True)
    sink = Sink(0)
    sockets = [*sink._sockets, *(server.socket for server in listener._servers)]
    try:
        assert {each.getsockname()[0] for each in sockets} <= {"127.0.0.1", "::1"}
    finally:
        for each in sockets:
            each.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_a_port_that_another_program_has_on_one_address_is_taken() -> None:
    with socket.socket(socket.AF_INET6) as theirs:
        try:
            theirs.bind(("::1", 0))
        except OSError:
            pytest.skip("no ::1 here")
        theirs.listen()
        with pytest.raises(WizardError, match="cannot listen on port"):
            Sink(theirs.getsockname()[1])


@pytest.mark.parametrize("method", [b"POST", b"OPTIONS"])
@pytest.mark.parametrize("name", [b"Origin", b"Access-Control-Request-Headers"])
@pytest.mark.parametrize("value", [b"http://a\rSet-Cookie: b=c", b"a\0b"])
def test_no_header_is_slipped_into_an_answer(method: bytes, name: bytes, value: bytes) -> None:
    with Sink(0) as sink, socket.create_connection(("127.0.0.1", sink.port), timeout=5) as connection:
        connection.sendall(method + b" /e/ HTTP/1.1\r\nHost: x\r\n" + name + b": " + value + b"\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert value not in answer


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("POST", "/e/", True),
        ("POST", "/ingest/i/v0/e/", True),
        ("POST", "/flags/", True),
        ("GET", "/static/array.js", True),
        ("GET", "/array/phc_t/config.js", True),
        ("GET", "/api/surveys/", True),
        ("GET", "/api/feature_flag/local_evaluation", True),
        ("POST", "/api/login/", False),
        ("PATCH", "/api/projects/1/", False),
        ("POST", "/static/x", False),
        ("GET", "/", False),
        ("GET", "/admin/", False),
        ("POST", "/login", False),
        ("POST", "/logout", False),
    ],
)
def test_what_any_page_may_have_relayed(method: str, path: str, may: bool) -> None:
    assert wire.of_sdks(method, path) is may


def test_a_request_of_a_page_is_not_relayed() -> None:
    sent: list[str] = []
    relayed = relay.Relayed(200, "text/plain", (), b"")

    def send_on(method: str, target: str, *rest: object) -> relay.Relayed:
        sent.append(target)
        return relayed

    far = SimpleNamespace(hosts=of("https://ph.example"), relay=send_on)
    exchange = _exchange(far, "mark")  # type: ignore[arg-type]
    assert "is not relayed" in str(exchange(http1.Request("POST", "/api/login/?next=/e/", {}, [], True)))
    assert isinstance(exchange(http1.Request("POST", "/e/", {}, [], True)), http1.Answer)
    assert sent == ["/e/"]


def test_the_cookies_of_this_machine_stay_here() -> None:
    got: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: theirs=1\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\n{}"

    def speak(connection: socket.socket) -> None:
        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                got.append(connection.recv(65536))
                speak(connection)

        threading.Thread(target=serve, daemon=True).start()
        far = relay.Upstream(of(f"http://127.0.0.1:{listener.getsockname()[1]}"), "mark", timeout=5)
        found = far.relay("POST", "/e/", [(b"Cookie", b"session=dev"), (b"X-Mine", b"1")], as_json({}))
        far.close()
    assert isinstance(found, relay.Relayed)
    assert b"X-Mine: 1" in got[0]
    assert b"session=dev" not in got[0]
    assert [name.lower() for name, _ in found.headers] == [b"x-own"]
