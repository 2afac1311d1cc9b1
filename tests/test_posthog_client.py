"""Tokens and events against a fake PostHog over real loopback HTTP: each row of the decision table, each failure."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.fake_posthog import HTML, Canned, FakePostHog
from wizard.errors import UsageError
from wizard.posthog import http
from wizard.posthog.events import TEST_EVENT, Arrival, NotSent, find_event, send_test_event, wait_for_event
from wizard.posthog.hosts import Hosts, of
from wizard.posthog.private_api import CannotRead, project_of
from wizard.posthog.tokens import check_token, mask, redact, region_of, shape

TOKEN = "phc_" + "aB3dE6gH9jK2" * 3
KEY = "phx_" + "S3cretS3cret" * 3
ALL = {"query:read", "user:read", "project:read"}
LIMIT = 2.0
"""Seconds for a request in these tests: far more than loopback takes."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def start() -> Iterator[Callable[[FakePostHog], FakePostHog]]:
    with ExitStack() as stack:
        yield stack.enter_context


Start = Callable[[FakePostHog], FakePostHog]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- the looks of a token


@pytest.mark.parametrize("token", [TOKEN, f"  {TOKEN}\n", "phc_a-b_c"], ids=["usual", "blanks around", "dash"])
def test_shape_accepts(token: str) -> None:
    assert shape(token) is None


def test_shape_warns_about_a_token_without_the_prefix() -> None:
    assert "does not start with phc_" in str(shape("sTMFPsFhdP1Ssg"))


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("phx_secret123", "personal API key"),
        ("PHX_secret123", "personal API key"),
        ("pha_secret123", "OAuth access token"),
        ("phr_secret123", "OAuth refresh token"),
        ("phs_secret123", "secret API key"),
        ("phc_a b", "blank"),
        ("phc_a\nphc_b", "blank"),
        ("phc_\u200babc", "not ASCII"),
        ('"phc_abc"', 'character "'),
        ("phc_a'b", "character '"),
        ("phc_a`b", "character `"),
        ("phc_a\\b", "character \\"),
        ("${TOKEN}", "character $"),
        ("<ph_project_token>", "character <"),
        ("phc_a\0b", "control character"),
        ("phc_a\x1bb", "control character"),
        ("phc_" + "a" * 61, "65 characters"),
    ],
)
def test_shape_refuses(token: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        shape(token)
    assert says in caught.value.message
    assert "secret123" not in caught.value.message + caught.value.hint
    assert caught.value.message.isascii()


def test_the_longest_token_is_accepted() -> None:
    assert shape("phc_" + "a" * 60) is None


@pytest.mark.parametrize(
    ("token", "shown"),
    [(TOKEN, f"{TOKEN[:8]}...{TOKEN[-4:]}"), (KEY, "phx_..."), ("phc_short", "..."), ("", "...")],
    ids=["token", "key", "short", "empty"],
)
def test_mask(token: str, shown: str) -> None:
    assert mask(token) == shown


def test_redact_removes_given_secrets_and_whatever_looks_like_one() -> None:
    text = redact(f"key {KEY} and legacyLegacyLegacy and phs_abcdef and {TOKEN}", "legacyLegacyLegacy")
    assert text == f"key phx_... and ... and phs_... and {TOKEN}"


# --- the decision table, Cloud: (us, eu) -> verdict for --region us

KNOWS = FakePostHog(tokens={TOKEN: 1})
BUSY = Canned(429, '{"type": "validation_error"}', {"Retry-After": "7", "Content-Type": "application/json"})
DOWN = Canned(503, "upstream unavailable", {"Content-Type": "text/plain"})


def region(known: bool, **canned: Canned) -> FakePostHog:
    """A region that knows the token or not; `flags` and `array` replace what these endpoints answer."""
    return FakePostHog(tokens={TOKEN: 1} if known else {}, canned={f"/{path}/": c for path, c in canned.items()})


@pytest.mark.parametrize(
    ("us", "eu", "status", "proven", "says"),
    [
        pytest.param(region(True), region(False), "passed", "us", "accepts the token", id="here"),
        pytest.param(region(False), region(True), "failed", "eu", "belongs to the EU region", id="wrong region"),
        pytest.param(region(False), region(False), "failed", None, "no region", id="invalid"),
        pytest.param(region(True), region(True), "skipped", None, "a proxy or a mock", id="both accept"),
        pytest.param(region(True, flags=BUSY), region(False), "passed", "us", "has a configuration", id="429 witness"),
        pytest.param(region(False, flags=BUSY), region(True), "failed", "eu", "EU region", id="429 here, other knows"),
        pytest.param(region(True, flags=DOWN), region(False, flags=DOWN), "passed", "us", "conf", id="503 witnesses"),
        pytest.param(region(False, flags=DOWN), region(False, flags=DOWN), "failed", None, "no region", id="503, 404s"),
        pytest.param(region(True, flags=DOWN, array=DOWN), region(False), "skipped", None, "503", id="here down"),
        pytest.param(
            region(True, flags=BUSY, array=BUSY), region(False), "skipped", None, "asks to wait 7 s", id="429 twice"
        ),
        pytest.param(
            region(True), region(True, flags=DOWN, array=DOWN), "passed", "us", "(503)", id="here, other down"
        ),
        pytest.param(
            region(False), region(True, flags=DOWN, array=DOWN), "failed", None, "does not know", id="not here, other down"
        ),
        pytest.param(
            region(True, flags=HTML, array=HTML), region(False, flags=HTML, array=HTML), "skipped", None,
            "between you and PostHog", id="web pages",
        ),
        pytest.param(
            region(True, flags=Canned(403, "blocked"), array=Canned(403, "blocked")), region(False), "skipped", None,
            "between you and PostHog", id="403 of a filter",
        ),
        pytest.param(
            region(True, flags=Canned(302, "", {"Location": "http://login.invalid/"}), array=HTML), region(False),
            "skipped", None, "a redirect (302)", id="captive portal",
        ),
        pytest.param(
            region(False, flags=Canned(401, "<html>401</html>"), array=HTML), region(False), "skipped", None,
            "a web page (401)", id="401 web page proves nothing",
        ),
        pytest.param(
            region(False, flags=Canned(401, "", {"WWW-Authenticate": "Basic"}), array=HTML), region(False), "skipped",
            None, "something unexpected (401)", id="401 of a login",
        ),
        pytest.param(
            region(True, flags=Canned(200, "{}"), array=Canned(200, "{}")), region(False), "skipped", None,
            "something unexpected (200)", id="empty objects of a mock",
        ),
        pytest.param(
            region(True, flags=Canned(402, "quota"), array=DOWN), region(False), "skipped", None, "402", id="quota"
        ),
        pytest.param(
            region(True, flags=Canned(404, "no"), array=HTML), region(False), "skipped", None, "(404)", id="404 on Cloud"
        ),
    ],
)  # fmt: skip
def test_cloud(us: FakePostHog, eu: FakePostHog, status: str, proven: str | None, says: str, start: Start) -> None:
    start(us), start(eu)
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    said: list[str] = []
    verdict = check_token(f" {TOKEN}\n", regions["us"], regions=regions, timeout=LIMIT, say=said.append)
    assert (verdict.status, verdict.region) == (status, proven), verdict
    assert says in verdict.reason
    assert TOKEN not in repr(verdict) + "".join(said)
    assert "at most 4 s" in said[0]


def test_the_hint_names_the_right_region(start: Start) -> None:
    us, eu = start(region(True)), start(region(False))
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    assert check_token(TOKEN, regions["eu"], regions=regions, timeout=LIMIT).hint == "Run again with --region us"


@pytest.mark.parametrize(
    ("us", "eu", "expected"),
    [
        (region(True), region(False), "us"),
        (region(False), region(True), "eu"),
        (region(False), region(False), None),
        (region(True), region(True), None),
        (region(True), region(False, flags=HTML, array=HTML), "us"),
    ],
    ids=["us", "eu", "neither", "both", "us, other filtered"],
)
def test_region_of(us: FakePostHog, eu: FakePostHog, expected: str | None, start: Start) -> None:
    start(us), start(eu)
    assert region_of(TOKEN, regions={"us": us.hosts("us"), "eu": eu.hosts("eu")}, timeout=LIMIT) == expected


def test_one_post_per_region_and_no_event_is_all_that_it_takes(start: Start) -> None:
    us, eu = start(region(True)), start(region(False))
    check_token(TOKEN, us.hosts("us"), regions={"us": us.hosts("us"), "eu": eu.hosts("eu")}, timeout=LIMIT)
    assert [(r.method, r.path) for r in us.requests + eu.requests] == [("POST", "/flags/?v=2")] * 2
    assert us.requests[0].headers["User-Agent"].startswith("posthog-wizard/")
    assert us.events == []


def test_a_secret_key_is_never_sent(start: Start) -> None:
    own = start(region(True))
    with pytest.raises(UsageError):
        check_token(KEY, own.hosts(), timeout=LIMIT)
    assert own.requests == []


# --- the decision table, one's own instance


@pytest.mark.parametrize(
    ("own", "status", "says"),
    [
        pytest.param(region(True), "passed", "accepts the token", id="known"),
        pytest.param(region(False), "failed", "does not know the token", id="unknown"),
        pytest.param(
            region(True, flags=Canned(404, "<h1>Not found</h1>")), "passed", "configuration", id="old, config"
        ),
        pytest.param(
            region(False, flags=Canned(404, "<h1>Not found</h1>")), "skipped", "old instance", id="old, no config"
        ),
        pytest.param(region(True, flags=DOWN), "passed", "configuration", id="flags down"),
        pytest.param(region(False, flags=DOWN), "skipped", "(503)", id="flags down, config 404 proves nothing"),
        pytest.param(region(True, flags=HTML, array=HTML), "skipped", "a web page (200)", id="web page"),
        pytest.param(
            region(True, flags=Canned(200, '{"featureFlags": []}')), "passed", "accepts", id="flags of an older version"
        ),
        pytest.param(
            region(True, flags=DOWN, array=Canned(200, '{"token": "phc_other"}')), "skipped", "503", id="other config"
        ),
    ],
)
def test_own_instance(own: FakePostHog, status: str, says: str, start: Start) -> None:
    verdict = check_token(TOKEN, start(own).hosts(), timeout=LIMIT)
    assert (verdict.status, verdict.region) == (status, None), verdict
    assert says in verdict.reason


def test_own_instance_keeps_path_prefix_and_port_and_asks_nobody_else(start: Start) -> None:
    us, own = start(region(True)), start(FakePostHog(tokens={TOKEN: 1}, prefix="/posthog"))
    verdict = check_token(TOKEN, of(f"{own.url}/"), regions={"us": us.hosts("us")}, timeout=LIMIT)
    assert verdict.status == "passed"
    assert us.requests == []


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


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_a_private_certificate_is_refused_until_ssl_cert_file_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", *new.split(), *names], check=True, capture_output=True)
    own = start(region(True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    own._server.socket = context.wrap_socket(own._server.socket, server_side=True)
    hosts = of(own.url.replace("http:", "https:"))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert "is not trusted (self-signed certificate)" in unanswered(hosts).replace("self signed", "self-signed")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    assert check_token(TOKEN, hosts, timeout=LIMIT).status == "passed"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert "names a file that does not exist" in unanswered(hosts)


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


# --- sending


def test_the_test_event_is_anonymous_and_marked_as_ours(start: Start) -> None:
    own = start(region(True))
    event = send_test_event(f"{TOKEN}\n", own.hosts(), timeout=LIMIT)
    (body,) = [request.json for request in own.asked("/i/v0/e/")]
    assert (body["uuid"], body["event"], body["api_key"]) == (event, TEST_EVENT, TOKEN)
    assert body["properties"] == {"$process_person_profile": False, "$lib": "posthog-wizard"}
    assert str(uuid.UUID(event)) == event


def test_an_unknown_token_may_be_taken_and_still_proves_nothing(start: Start) -> None:
    own = start(region(False))
    event = send_test_event(TOKEN, own.hosts(), timeout=LIMIT)
    own.tokens[TOKEN] = 1
    own.keys[KEY] = ALL
    assert not find_event(event, KEY, own.hosts(), 1, timeout=LIMIT)


def test_204_is_taken(start: Start) -> None:
    own = start(FakePostHog(canned={"/i/v0/e/": Canned(204)}))
    assert send_test_event(TOKEN, own.hosts(), timeout=LIMIT)


@pytest.mark.parametrize(
    ("canned", "refused", "says"),
    [
        (Canned(401, "unknown token"), True, "refused the project token"),
        (Canned(503, "sink unavailable"), False, "did not take the test event (503): sink unavailable"),
        (Canned(429, f"slow down {KEY}"), False, "slow down phx_..."),
        (HTML, False, "between you and PostHog"),
        (Canned(301, "", {"Location": "http://x.invalid/"}), False, "between you and PostHog"),
        (Canned(403, "blocked"), False, "between you and PostHog"),
    ],
    ids=["401", "503", "429", "web page", "redirect", "403"],
)
def test_capture_refuses(canned: Canned, refused: bool, says: str, start: Start) -> None:
    own = start(FakePostHog(canned={"/i/v0/e/": canned}))
    with pytest.raises(NotSent) as caught:
        send_test_event(TOKEN, own.hosts(), timeout=LIMIT)
    assert says in caught.value.message
    assert caught.value.refused is refused


def test_capture_that_knows_its_tokens_refuses_a_foreign_one(start: Start) -> None:
    own = start(FakePostHog(enforce=True))
    with pytest.raises(NotSent, match="refused the project token"):
        send_test_event(TOKEN, own.hosts(), timeout=LIMIT)


def test_nothing_listens() -> None:
    with pytest.raises(NotSent, match="refuses connections"):
        send_test_event(TOKEN, of(f"http://127.0.0.1:{closed_port()}"), timeout=LIMIT)


# --- reading


def readable(**settings: object) -> FakePostHog:
    fake = FakePostHog(tokens={"phc_other": 7, TOKEN: 42}, keys={KEY: set(ALL)})
    for name, value in settings.items():
        assert hasattr(fake, name)
        setattr(fake, name, value)
    return fake


@pytest.mark.parametrize(
    "fake",
    [
        readable(current=42),
        readable(current=7),
        readable(scoped=[42], keys={KEY: {"query:read", "project:read"}}),
        readable(keys={KEY: {"query:read", "project:read"}}),
    ],
    ids=["current project", "second page of the list", "key limited to it", "no user:read"],
)
def test_project_of(fake: FakePostHog, start: Start) -> None:
    assert project_of(TOKEN, KEY, start(fake).hosts(), timeout=LIMIT) == 42


@pytest.mark.parametrize(
    ("fake", "says"),
    [
        (readable(tokens={"phc_other": 7}, current=7), "has this project token"),
        (readable(keys={KEY: {"query:read"}}), "lacks the scope user:read"),
        (readable(keys={}), "does not accept the personal API key: Personal API key found in request is invalid."),
    ],
    ids=["foreign key", "scopes", "unknown key"],
)
def test_project_of_refuses(fake: FakePostHog, says: str, start: Start) -> None:
    with pytest.raises(CannotRead) as caught:
        project_of(TOKEN, KEY, start(fake).hosts(), timeout=LIMIT)
    assert says in caught.value.message
    assert "phs_" not in caught.value.message


def test_find_event_finds_by_uuid_and_asks_for_fresh_rows(start: Start) -> None:
    own = start(readable(current=42))
    event = send_test_event(TOKEN, own.hosts(), timeout=LIMIT)
    assert find_event(event.upper(), f"{KEY}\n", own.hosts(), token=TOKEN, timeout=LIMIT)
    assert not find_event(str(uuid.uuid4()), KEY, own.hosts(), 42, timeout=LIMIT)
    assert not find_event(event, KEY, own.hosts(), 7, timeout=LIMIT)
    query = own.asked("/api/projects/42/query/")[0]
    assert query.json["refresh"] == "force_blocking"
    assert query.json["query"]["values"] == {"event": TEST_EVENT, "uuid": event}
    assert event not in query.json["query"]["query"]
    assert query.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "body",
    ['{"results": []}', '{"results": null}', '{"query_status": {"complete": false}}', '{"results": [["other"]]}'],
)
def test_find_event_shapes_without_the_event(body: str, start: Start) -> None:
    own = start(readable(canned={"/api/projects/42/query/": Canned(202 if "status" in body else 200, body)}))
    assert not find_event(str(uuid.uuid4()), KEY, own.hosts(), 42, timeout=LIMIT)


@pytest.mark.parametrize(
    ("canned", "passing", "status", "says"),
    [
        (Canned(200, '{"error": "Memory limit"}'), False, 0, "the query failed: Memory limit"),
        (Canned(200, "{}"), False, 0, "does not answer like PostHog's query API"),
        (Canned(200, "[]"), False, 0, "does not answer like PostHog's private API"),
        (HTML, False, 0, "does not answer like PostHog's private API"),
        (Canned(302, "", {"Location": "http://x.invalid/"}), False, 0, "private API (302)"),
        (Canned(404, "capture: not found"), False, 0, "private API (404)"),
        (Canned(401, f'{{"detail": "bad key {KEY}"}}'), False, 401, "bad key phx_..."),
        (Canned(403, '{"detail": "key has no access to the requested project: 42"}'), False, 403, "no access"),
        (Canned(404, '{"detail": "Not found."}'), False, 404, "no such project"),
        (Canned(400, '{"detail": "Unknown table"}'), False, 400, "Unknown table"),
        (Canned(429, "{}", {"Retry-After": "9"}), True, 429, "limiting"),
        (Canned(502, "<html>"), True, 502, "a problem of its own (502)"),
    ],
)
def test_find_event_refuses(canned: Canned, passing: bool, status: int, says: str, start: Start) -> None:
    own = start(readable(canned={"/api/projects/42/query/": canned}))
    with pytest.raises(CannotRead) as caught:
        find_event(str(uuid.uuid4()), KEY, own.hosts(), 42, timeout=LIMIT)
    assert says in caught.value.message
    assert (caught.value.passing, caught.value.status) == (passing, status)
    assert KEY not in caught.value.message + caught.value.hint


def test_find_event_names_the_lacking_scope(start: Start) -> None:
    own = start(readable(keys={KEY: {"user:read"}}))
    with pytest.raises(CannotRead) as caught:
        find_event(str(uuid.uuid4()), KEY, own.hosts(), 42, timeout=LIMIT)
    assert caught.value.message == "the personal API key lacks the scope query:read"


@pytest.mark.parametrize("key", ["", " ", TOKEN, "phx_a b", "phx_a\r\nX-Header: 1", "phx_\xe4"])
def test_what_is_no_personal_key_is_never_sent(key: str, start: Start) -> None:
    own = start(readable())
    with pytest.raises(CannotRead) as caught:
        find_event(str(uuid.uuid4()), key, own.hosts(), 42, timeout=LIMIT)
    assert own.requests == []
    assert not key.strip() or key not in caught.value.message


def test_a_personal_key_never_travels_unencrypted() -> None:
    with pytest.raises(CannotRead, match="not encrypted"):
        find_event(str(uuid.uuid4()), KEY, of("http://posthog.invalid"), 42, timeout=LIMIT)


def test_a_bad_uuid_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not the uuid"):
        find_event("'; drop", KEY, of("http://127.0.0.1:1"), 42)


# --- waiting


class Clock:
    """Counts instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def wait(self, fake: FakePostHog, event: str, delays: tuple[float, ...] = (3, 5, 8)) -> Arrival:
        return wait_for_event(
            event, KEY, fake.hosts(), token=TOKEN, delays=delays, timeout=LIMIT, sleep=self.slept.append,
            say=self.said.append,
        )  # fmt: skip


def sent(own: FakePostHog) -> str:
    return send_test_event(TOKEN, own.hosts(), timeout=LIMIT)


def test_an_event_that_comes_late_is_seen(start: Start) -> None:
    own, clock = start(readable(lag=2)), Clock()
    arrival = clock.wait(own, sent(own))
    assert (arrival.status, arrival.waited, clock.slept) == ("seen", 16, [0, 3, 5, 8])
    assert clock.said == ["Waiting until the test event is readable in PostHog (at most 16 s)"]
    assert "project 42" in arrival.reason


def test_lag_is_no_failure(start: Start) -> None:
    own, clock = start(readable(lag=99)), Clock()
    arrival = clock.wait(own, sent(own))
    assert (arrival.status, arrival.reason) == ("not seen yet", "not seen yet after 16 s")


def test_retry_after_stretches_the_next_pause_up_to_a_minute(start: Start) -> None:
    busy = [Canned(429, "{}", {"Retry-After": "30"}), Canned(429, "{}", {"Retry-After": "3000"})]
    own, clock = start(readable(canned={"/api/projects/42/query/": [*busy]})), Clock()
    arrival = clock.wait(own, sent(own))
    assert (arrival.status, clock.slept) == ("seen", [0, 3, 30, 60])
    assert "PostHog asks to wait 60 s" in clock.said[-1]


def test_trouble_that_passes_is_waited_out_and_told(start: Start) -> None:
    own, clock = start(readable(canned={"/api/projects/42/query/": DOWN})), Clock()
    arrival = clock.wait(own, sent(own))
    assert arrival.status == "not seen yet"
    assert "after 16 s; at last 127.0.0.1" in arrival.reason


def test_a_wrong_key_fails_before_any_wait(start: Start) -> None:
    own, clock = start(readable(keys={})), Clock()
    arrival = clock.wait(own, sent(own))
    assert (arrival.status, clock.slept, clock.said) == ("failed", [0], [])


def test_who_is_not_posthog_is_unclear(start: Start) -> None:
    own, clock = start(readable(canned={"/api/": HTML})), Clock()
    assert clock.wait(own, sent(own)).status == "unclear"


def test_a_lacking_scope_fails_at_the_first_look(start: Start) -> None:
    own, clock = start(readable(keys={KEY: {"user:read", "project:read"}})), Clock()
    arrival = clock.wait(own, sent(own))
    assert (arrival.status, clock.slept) == ("failed", [0, 3])
    assert "query:read" in arrival.hint
