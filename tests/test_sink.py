"""The sink over real HTTP: every body an SDK sends is read, garbage is answered and survived, nothing is lost."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from wizard.errors import WizardError
from wizard.sink import Received, Sink

U1, U2 = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"
ONE = {"event": "signed up", "distinct_id": "ann", "uuid": U1, "properties": {"token": "phc_t", "plan": "café"}}
TWO = {"event": "paid", "distinct_id": "bob", "uuid": U2, "properties": {}}
PERSON = {"token": "phc_t", "$distinct_id": "ann", "$set": {}}
LONE = {"event": "signed up", "properties": {"token": " phc_t ", "distinct_id": 7}}
ENVELOPE = {"api_key": "phc_t", "batch": [ONE, TWO], "sent_at": "2026-01-01T00:00:00Z"}
NAMES = ["signed up", "paid"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def send(
    sink: Sink, path: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=5)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers
    connection.close()
    return found


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def form(value: Any) -> bytes:
    return b"data=" + quote(base64.b64encode(as_json(value)).decode(), safe="").encode()


@pytest.mark.parametrize(
    ("path", "body", "headers", "names"),
    [
        pytest.param("/batch/", as_json(ENVELOPE), {}, NAMES, id="python-plain-batch"),
        pytest.param("/batch", as_json(ENVELOPE), {}, NAMES, id="no-final-slash"),
        pytest.param("/batch/", gzip.compress(as_json(ENVELOPE)), {"Content-Encoding": "gzip"}, NAMES, id="node-gzip"),
        pytest.param(
            "/e/", gzip.compress(as_json(ENVELOPE)), {"Content-Type": "text/plain"}, NAMES, id="browser-gzip-by-magic"
        ),
        pytest.param("/e/?compression=gzip-js&ip=0", gzip.compress(as_json(ONE)), {}, NAMES[:1], id="old-browser"),
        pytest.param("/e/?compression=base64", form(ENVELOPE), {}, NAMES, id="beacon-base64-form"),
        pytest.param("/e/?compression=base64", base64.b64encode(as_json(ONE)), {}, NAMES[:1], id="base64-without-form"),
        pytest.param("/e/", b"data=" + base64.b64encode(as_json(ONE)), {}, NAMES[:1], id="form-not-url-encoded"),
        pytest.param("/track/", b"data=" + quote(json.dumps(ONE)).encode(), {}, NAMES[:1], id="form-of-plain-json"),
        pytest.param("/e/", form(ONE) + b"&ip=1", {}, NAMES[:1], id="form-with-more-fields"),
        pytest.param("/e/", b"data=" + quote(base64.b64encode(gzip.compress(as_json(ONE)))).encode(), {}, NAMES[:1],
                     id="form-of-base64-of-gzip"),
        pytest.param("/i/v0/e/", as_json([ONE, ONE]), {}, NAMES[:1] * 2, id="bare-array"),
        pytest.param("/capture/", as_json(ONE), {}, NAMES[:1], id="single-event"),
        pytest.param("/batch", zlib.compress(as_json(ENVELOPE)), {"Content-Encoding": "deflate"}, NAMES, id="deflate"),
        pytest.param("/ingest/i/v0/e", as_json(ENVELOPE), {}, NAMES, id="behind-a-prefix"),
        pytest.param("/a/b/batch/", as_json(ENVELOPE), {}, NAMES, id="behind-a-deep-prefix"),
        pytest.param("/engage/", as_json(PERSON), {}, ["$set"], id="engage"),
        pytest.param("/e/", as_json(LONE) + b"\r\n", {}, NAMES[:1], id="token-in-the-properties-only"),
    ],
)  # fmt: skip
def test_reads(sink: Sink, path: str, body: bytes, headers: dict[str, str], names: list[str]) -> None:
    status, answer, _ = send(sink, path, body, headers)
    assert (status, json.loads(answer)) == (200, {"status": "Ok"})
    events = [item.event for item in sink.received if item.event]
    assert [event["event"] for event in events] == names
    assert all(item.token == "phc_t" for item in sink.received)
    wanted = {"event", "distinct_id", "uuid", "timestamp", "properties"}
    assert all(wanted <= set(event) for event in events)


def test_keeps_unicode_and_who_sent_it(sink: Sink) -> None:
    send(sink, "/e/", form(ONE), {"User-Agent": "posthog-x/1"})
    [item] = sink.received
    assert item.event is not None
    assert (item.kind, item.user_agent, item.event["distinct_id"]) == ("event", "posthog-x/1", "ann")
    assert item.event["properties"]["plan"] == "café"


def test_finds_the_person_and_time_where_old_sdks_put_them(sink: Sink) -> None:
    old = {"token": "phc_old", "data": [{"event": "x", "properties": {"distinct_id": "eve"}}], "sent_at": "now"}
    send(sink, "/batch/", as_json(old))
    [item] = sink.received
    assert item.event is not None
    assert (item.event["distinct_id"], item.event["timestamp"], item.token) == ("eve", "now", "phc_old")


def test_event_in_the_query_of_a_get(sink: Sink) -> None:
    data = quote(base64.b64encode(as_json(ONE)).decode(), safe="")
    assert send(sink, f"/e/?data={data}", method="GET")[0] == 200
    assert [item.event and item.event["event"] for item in sink.received] == ["signed up"]


def test_chunked_body(sink: Sink) -> None:
    connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=5)
    connection.request("POST", "/batch/", iter([as_json(ENVELOPE)[:20], as_json(ENVELOPE)[20:]]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert len(sink.received) == 2


@pytest.mark.parametrize("prefix", ["", "/ingest"])
def test_remote_config(sink: Sink, prefix: str) -> None:
    status, script, headers = send(
        sink, f"{prefix}/array/phc_t/config.js", method="GET", headers={"Origin": "http://a"}
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "http://a")
    assert headers["Content-Type"].startswith("text/javascript")
    assert b'all["phc_t"]={"config"' in script
    config = json.loads(send(sink, f"{prefix}/array/phc_t/config", method="GET")[1])
    assert (config["token"], config["hasFeatureFlags"]) == ("phc_t", False)
    assert [(item.kind, item.token) for item in sink.received] == [("config", "phc_t")] * 2


def test_a_hostile_token_stays_inside_its_string(sink: Sink) -> None:
    script = send(sink, "/array/%22%5D%3C%2Fscript%3E/config.js", method="GET")[1]
    assert b"</script>" not in script
    assert rb'"\"]\u003c/script>"' in script


@pytest.mark.parametrize("path", ["/flags/?v=2", "/flags?v=2", "/decide/?v=3", "/ph/flags/"])
def test_flags(sink: Sink, path: str) -> None:
    status, answer, _ = send(sink, path, as_json({"token": "phc_t", "distinct_id": "ann"}))
    assert (status, json.loads(answer)["flags"], json.loads(answer)["featureFlags"]) == (200, {}, {})
    assert [(item.kind, item.token, item.event) for item in sink.received] == [("flags", "phc_t", None)]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        pytest.param("POST", "/i/v1/logs", 200, "other", id="logs"),
        pytest.param("GET", "/flags/definitions?token=phc_t", 200, "other", id="local-evaluation"),
        pytest.param("GET", "/api/feature_flag/local_evaluation/", 200, "other", id="old-local-evaluation"),
        pytest.param("GET", "/static/recorder.js", 404, "other", id="static"),
        pytest.param("GET", "/static/1.2.3/e", 404, "other", id="static-that-ends-like-an-event"),
        pytest.param("POST", "/elsewhere", 404, "other", id="unknown"),
    ],
)
def test_other_traffic(sink: Sink, method: str, path: str, status: int, kind: str) -> None:
    assert send(sink, path, b"\x1f\x8banything" if method == "POST" else b"", method=method)[0] == status
    assert [item.kind for item in sink.received] == [kind]


def test_preflight_allows_what_is_asked(sink: Sink) -> None:
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Headers": "content-type,x-own"}
    status, body, headers = send(sink, "/e/", method="OPTIONS", headers=asked)
    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert headers["Access-Control-Allow-Headers"] == "content-type,x-own"
    assert sink.received == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        pytest.param("/e/", b"\x00\xff\xfe", {}, 400, id="binary"),
        pytest.param("/e/", b"", {}, 400, id="empty"),
        pytest.param("/e/", b"\x1f\x8bbroken", {}, 400, id="damaged-gzip"),
        pytest.param("/e/", gzip.compress(as_json(ONE))[:-9], {}, 400, id="truncated-gzip"),
        pytest.param("/e/", b"data=%%%", {}, 400, id="damaged-base64"),
        pytest.param("/e/", b"x=1&data", {}, 400, id="form-without-data"),
        pytest.param("/e/", b"data=", {}, 400, id="form-with-empty-data"),
        pytest.param("/e/", b"[" * 100_000, {}, 400, id="nested-too-deep"),
        pytest.param("/e/", b'"text"', {}, 400, id="not-an-object"),
        pytest.param("/e/", as_json([ONE, 7]), {}, 400, id="one-of-the-events-is-none"),
        pytest.param("/e/", as_json({**ONE, "event": ""}), {}, 400, id="no-name"),
        pytest.param("/e/", as_json({**ONE, "distinct_id": None}), {}, 400, id="no-person"),
        pytest.param("/e/", as_json({**ONE, "distinct_id": ""}), {}, 400, id="empty-person"),
        pytest.param("/e/", as_json({**ONE, "uuid": "u1"}), {}, 400, id="uuid-is-none"),
        pytest.param("/batch/", as_json({**ENVELOPE, "batch": []}), {}, 400, id="empty-batch"),
        pytest.param("/batch/", as_json({"batch": [TWO]}), {}, 401, id="no-token"),
        pytest.param("/batch/", as_json({**ENVELOPE, "api_key": "phc_other"}), {}, 401, id="two-tokens"),
        pytest.param("/batch/", as_json({**ENVELOPE, "api_key": "t" * 65, "batch": [TWO]}), {}, 401, id="long-token"),
        pytest.param("/batch/", as_json({"api_key": "phc_\u00e9", "batch": [TWO]}), {}, 401, id="token-not-ascii"),
        pytest.param("/batch/", as_json({"api_key": "phc_\0", "batch": [TWO]}), {}, 401, id="token-with-nul"),
        pytest.param("/flags/?v=2", as_json({"token": "phc_t"}), {}, 400, id="flags-for-nobody"),
        pytest.param("/flags/?v=2", as_json({"distinct_id": "ann"}), {}, 401, id="flags-without-token"),
        pytest.param("/s/", as_json({"api_key": "phc_t", "event": "$snapshot"}), {}, 400, id="replay-without-data"),
        pytest.param("/e/?compression=lz64", b"N4Ig", {}, 415, id="lz64-of-old"),
        pytest.param("/i/v0/ai", b"--x\r\n", {"Content-Type": "multipart/form-data"}, 400, id="no-boundary"),
        pytest.param("/e/", b"[" + b"[]," * 4_000_000 + b"[]]", {}, 413, id="too-many-values"),
        pytest.param("/batch/", b"", {"Transfer-Encoding": "gzip"}, 501, id="unknown-transfer-encoding"),
        pytest.param("/e/", as_json({"event": "x", "properties": [1]}), {}, 400, id="properties-are-a-list"),
        pytest.param("/batch/", b"??", {"Content-Encoding": "br"}, 415, id="unknown-encoding"),
        pytest.param("/flags/", b"nonsense", {}, 400, id="flags"),
        pytest.param("/e/", b"", {"Content-Length": "-5"}, 400, id="negative-length"),
        pytest.param("/e/", b"", {"Content-Length": "9" * 30}, 413, id="huge-length"),
        pytest.param("/e/", gzip.compress(b" " * (65 << 20), 1), {}, 413, id="gzip-bomb"),
    ],
)
def test_refuses_garbage_and_lives(
    sink: Sink, path: str, body: bytes, headers: dict[str, str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(sink, path, body, headers)[0] == status
    [refused] = sink.received
    assert (refused.kind, refused.status, bool(refused.note)) == ("refused", status, True)
    assert send(sink, "/e/", as_json(ONE))[0] == 200
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2-preface"),
        pytest.param(b"\0\1\2\3" * 50_000, id="random"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, id="huge-header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000, id="very-many-headers"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", id="two-lengths"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="no-colon"),
        pytest.param(b"\r\n" * 50_000, id="empty-lines"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", id="wrong-chunk"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="tls-hello"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", id="body-cut-off"),
        pytest.param(b"POST /e/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="chunk-without-size"),
        pytest.param(b"GET http://[/ HTTP/1.1\r\n\r\n", id="broken-url"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_survives_broken_http(sink: Sink, raw: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    parts = urlsplit(sink.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert send(sink, "/e/", as_json(ONE))[0] == 200
    assert [item.kind for item in sink.received if item.kind not in ("other", "refused")] == ["event"]
    assert capsys.readouterr().err == ""


def test_loses_nothing_under_load(sink: Sink) -> None:
    def client(number: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=10)
        for i in range(125):
            connection.request("POST", "/e/", as_json({**ONE, "uuid": f"{number:08}-0000-0000-0000-{i:012}"}))
            assert connection.getresponse().read() == b'{"status": "Ok"}'
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({item.event["uuid"] for item in sink.received if item.event}) == 1000


def test_wait_for_past_and_future(sink: Sink) -> None:
    def paid(item: Received) -> bool:
        return item.event is not None and item.event["event"] == "paid"

    send(sink, "/e/", as_json(ONE))
    assert sink.wait_for(paid, 0.01) is None
    late = threading.Timer(0.05, send, (sink, "/e/", as_json({**TWO, "token": "phc_t"})))
    late.start()
    found = sink.wait_for(paid, 5)
    late.join()
    assert found is not None
    assert found == sink.wait_for(paid, 0)


def test_on_receive_may_look_at_the_sink() -> None:
    counts: list[int] = []
    with Sink(on_receive=lambda item: counts.append(len(own.received))) as own:
        send(own, "/batch/", as_json(ENVELOPE))
    assert counts == [1, 2]


def test_listens_on_loopback_only_and_stops(sink: Sink) -> None:
    with Sink() as other:
        assert other.url.startswith("http://127.0.0.1:")
        connection = http.client.HTTPConnection(urlsplit(other.url).netloc, timeout=5)
        connection.request("POST", "/e/", as_json(ONE))
        connection.getresponse().read()
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(OSError):
        send(other, "/e/", as_json(ONE))
    assert len(other.received) == 1


@pytest.mark.parametrize("port", ["taken", 70000])
def test_refuses_a_port_it_cannot_have(sink: Sink, port: int | str) -> None:
    number = int(sink.url.rpartition(":")[2]) if port == "taken" else int(port)
    with pytest.raises(WizardError, match=str(number)):
        Sink(number)
