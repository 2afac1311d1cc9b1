"""What can be reached of PostHog: each host apart, each kind of filter by its own name, over real sockets."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, LIMIT, TOKEN, Canned, FakePostHog, closed_port, region
from wizard.posthog.hosts import Hosts, cloud
from wizard.posthog.http import NoReply, Reply
from wizard.posthog.network import PROXY_PAGE, Network, survey
from wizard.posthog.obstacles import obstacle

Start = Callable[[FakePostHog], FakePostHog]

LOGIN = Canned(302, "", {"Location": "https://wifi.hotel.invalid/login?to=us.i.posthog.com"})
BLOCKED = Canned(403, "<html><title>Blocked by Umbrella</title>", {"Content-Type": "text/html", "Via": "1.1 squid"})


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def kinds(seen: Network) -> list[str]:
    return [row.obstacle.kind if row.obstacle else "reached" for row in seen.rows]


# --- replies


@pytest.mark.parametrize(
    ("canned", "kind", "says"),
    [
        pytest.param(Canned(407), "proxy login", "asks for a login (407)", id="407"),
        pytest.param(BUSY, "busy", "limiting requests (429; it asks to wait 7 s)", id="429"),
        pytest.param(Canned(402, "quota"), "quota", "quota for feature flags is used up", id="402"),
        pytest.param(DOWN, "down", "a problem of its own (503)", id="503"),
        pytest.param(Canned(502, "<html><title>nginx</title>"), "down", "on a web page titled 'nginx')", id="502 page"),
        pytest.param(HTML, "web page", "a web page titled 'Sign in' (200)", id="captive page"),
        pytest.param(Canned(200, "<html><title>&lt;b&gt; \x1b[2J x</title>"), "web page", "'<b> ?[2J x'", id="escapes"),
        pytest.param(Canned(200, "<html><title>\u202epoh</title>"), "web page", "'?poh'", id="reversed text"),
        pytest.param(Canned(511, "log in"), "web page", "the network asks for a login (511)", id="511"),
        pytest.param(LOGIN, "redirect", "a redirect to wifi.hotel.invalid (302)", id="redirect"),
        pytest.param(Canned(302), "redirect", "a redirect (302)", id="redirect to nowhere"),
        pytest.param(Canned(403, "no"), "forbidden", "access denied (403)", id="403"),
        pytest.param(BLOCKED, "forbidden", "'Blocked by Umbrella' (403), by 1.1 squid", id="403 page, signed"),
        pytest.param(Canned(451, "no"), "forbidden", "access denied (451)", id="451"),
        pytest.param(Canned(200, "{}"), None, "", id="json"),
        pytest.param(Canned(401, "unknown token"), None, "", id="401"),
        pytest.param(Canned(404, "not found"), None, "", id="404"),
        pytest.param(Canned(204), None, "", id="204"),
    ],
)
def test_obstacle(canned: Canned, kind: str | None, says: str) -> None:
    headers = {name.lower(): value for name, value in canned.headers.items()}
    found = obstacle(Reply(canned.status, headers, canned.body.encode()), "https://us.i.posthog.com/flags/?v=2")
    assert (found.kind if found else None) == kind
    if found:
        assert says in found.reason
        assert "us.i.posthog.com" in found.reason
        assert found.hint.endswith((".", ":port"))
        assert (found.reason + found.hint).isascii()
        assert (found.reason + found.hint).isprintable()


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("proxy", "the proxy p:1 refused to reach x (407 Proxy Authentication Required)", "proxy login"),
        ("proxy", "the proxy p:1 refused to reach x (403 Forbidden)", "proxy"),
        ("dns", "x cannot be resolved", "dns"),
        ("timeout", "x did not answer", "timeout"),
        ("url", "x is no host", "url"),
    ],
)
def test_no_reply_is_an_obstacle_with_a_hint(kind: Any, reason: str, expected: str) -> None:
    found = obstacle(NoReply(kind, reason), "https://us.i.posthog.com/")
    assert found is not None
    assert (found.kind, found.reason) == (expected, reason)
    assert found.hint
    assert "{" not in found.hint


def test_the_hint_of_a_failure_is_taken_as_it_is() -> None:
    found = obstacle(NoReply("tls", "not trusted", "Trust {issuer} of Acme {0}"), "https://us.i.posthog.com/")
    assert found is not None
    assert found.hint == "Trust {issuer} of Acme {0}"


# --- the three hosts


@pytest.mark.parametrize(
    ("ingest", "assets", "app", "expected", "lost"),
    [
        pytest.param({}, {}, {}, "reached reached reached", False, id="all"),
        pytest.param({"/": BLOCKED}, {}, {}, "forbidden reached reached", True, id="only ingestion is filtered"),
        pytest.param({"/": HTML}, {"/": HTML}, {}, "web page web page reached", True, id="ad blocker: both"),
        pytest.param({}, {"/": BLOCKED}, {}, "reached forbidden reached", True, id="only assets are filtered"),
        pytest.param({}, {}, {"/": LOGIN}, "reached reached redirect", False, id="only the app"),
        pytest.param({"/": LOGIN}, {"/": LOGIN}, {"/": LOGIN}, "redirect redirect redirect", False, id="portal"),
        pytest.param({"/": DOWN}, {}, {}, "down reached reached", False, id="an outage is no filter"),
        pytest.param({"/": BUSY}, {"/": BUSY}, {}, "busy busy reached", False, id="limits are no filter"),
        pytest.param({}, {"/": Canned(404, "no")}, {}, "reached reached reached", False, id="config 404"),
        pytest.param({"/": Canned(404, "<html>")}, {}, {}, "web page reached reached", True, id="404 page on Cloud"),
        pytest.param({}, {}, {"/api/": HTML}, "reached reached web page", False, id="page instead of the API"),
        pytest.param({}, {}, {"/api/": BUSY}, "reached reached reached", False, id="API limits"),
    ],
)  # fmt: skip
def test_each_host_apart(
    ingest: dict[str, Any], assets: dict[str, Any], app: dict[str, Any], expected: str, lost: bool, start: Start
) -> None:
    a, b, c = (start(FakePostHog(tokens={TOKEN: 1}, canned=canned)) for canned in (ingest, assets, app))
    said: list[str] = []
    seen = survey(Hosts(a.url, c.url, b.url, "us"), TOKEN, timeout=LIMIT, say=said.append)
    assert " ".join(kinds(seen)) == expected
    assert bool(seen.lost) is lost
    if lost:
        assert PROXY_PAGE in seen.lost
        assert "events of browsers on this network are lost too" in seen.lost
        assert seen.app.where not in seen.lost.partition(" cannot")[0]
    assert "at most 2 s" in said[0]
    assert [len(fake.requests) for fake in (a, b, c)] == [1, 1, 1]
    assert not any("Authorization" in r.headers or r.method != "GET" for fake in (a, b, c) for r in fake.requests)
    assert a.events == []


@pytest.mark.parametrize(
    ("canned", "is_proxy"),
    [
        pytest.param({}, False, id="instance"),
        pytest.param({"/api/": Canned(404, "not found")}, True, id="passes ingestion on only"),
        pytest.param({"/api/": HTML}, True, id="a web site around it"),
        pytest.param({"/api/": Canned(404, "<html>")}, True, id="404 page of a web site"),
        pytest.param({"/flags/": Canned(404, "<h1>no</h1>")}, False, id="old instance"),
        pytest.param({"/": HTML}, False, id="no PostHog at all"),
        pytest.param({"/": DOWN}, False, id="down"),
        pytest.param({"/api/": DOWN}, False, id="API down"),
    ],
)
def test_is_proxy(canned: dict[str, Any], is_proxy: bool, start: Start) -> None:
    own = start(FakePostHog(tokens={TOKEN: 1}, canned=canned))
    assert survey(own.hosts(), TOKEN, timeout=LIMIT).is_proxy is is_proxy


def test_an_old_instance_without_both_endpoints_is_no_obstacle(start: Start) -> None:
    own = start(FakePostHog(canned={"/flags/": Canned(404, "<h1>no</h1>"), "/array/": Canned(404, "<h1>no</h1>")}))
    assert kinds(survey(own.hosts(), TOKEN, timeout=LIMIT)) == ["reached"] * 3


@pytest.mark.parametrize(
    ("said", "expected"),
    [('["recordings", "events"]', ("recordings", "events")), ("null", ()), ("true", ()), ('[1, {}, ""]', ())],
)
def test_quota_of_the_remote_config(said: str, expected: tuple[str, ...], start: Start) -> None:
    config = Canned(200, f'{{"token": "{TOKEN}", "quotaLimited": {said}}}')
    own = start(FakePostHog(tokens={TOKEN: 1}, canned={"/array/": config}))
    assert survey(own.hosts(), TOKEN, timeout=LIMIT).assets.quota == expected


def test_slow_hosts_are_waited_for_at_the_same_time(start: Start) -> None:
    own = start(FakePostHog(canned={"/": Canned(200, "{}", delay=0.5)}))
    assert kinds(survey(own.hosts("us"), TOKEN, timeout=0.1)) == ["timeout"] * 3


def test_a_closed_port_refuses() -> None:
    where = f"http://127.0.0.1:{closed_port()}"
    assert kinds(survey(Hosts(where, where, where), None, timeout=LIMIT)) == ["refused"] * 3


def test_a_row_as_json(start: Start) -> None:
    own = start(FakePostHog(canned={"/flags/": BLOCKED}))
    rows = [row.to_json() for row in survey(own.hosts("us"), TOKEN, timeout=LIMIT).rows]
    assert [set(row) for row in rows] == [{"role", "host", "reached", "obstacle", "reason", "hint"}] + [
        {"role", "host", "reached"}
    ] * 2
    assert [row["role"] for row in rows] == ["ingest", "assets", "app"]


# --- DNS


def resolving(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, str]) -> None:
    """Names of PostHog lead to the address given, or nowhere when it is empty; all others as ever."""
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names:
            return real(host, port, *args, **kwargs)
        if not names[name]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[name], port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("address", "kind", "says"),
    [
        ("", "dns", "cannot be resolved (DNS)"),
        ("0.0.0.0", "blocked", "is led to 0.0.0.0"),
        ("127.0.0.1", "blocked", "is led to 127.0.0.1"),
    ],
    ids=["no such name", "blocker, 0.0.0.0", "blocker, loopback"],
)
def test_dns_filters_of_the_ingestion_host(
    address: str, kind: str, says: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"us.i.posthog.com": address})
    own = start(region(True))
    seen = survey(Hosts(cloud("us").ingest, own.url, own.url, "us"), TOKEN, timeout=LIMIT)
    assert kinds(seen) == [kind, "reached", "reached"]
    assert seen.ingest.obstacle is not None
    assert says in seen.ingest.obstacle.reason
    assert "us.i.posthog.com" in seen.ingest.obstacle.hint
    assert seen.lost.startswith("us.i.posthog.com cannot be reached from here while 127.0.0.1")


# --- TLS interception


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make certificates")
def test_tls_interception_names_the_issuer_and_ends_with_its_certificate(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = authority(tmp_path)
    own = start(region(True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, tmp_path / "leaf.key")
    own._server.socket = context.wrap_socket(own._server.socket, server_side=True)
    where = own.url.replace("http:", "https:")
    seen = survey(Hosts(where, where, where, "us"), TOKEN, timeout=LIMIT)
    assert kinds(seen) == ["tls"] * 3
    assert seen.ingest.obstacle is not None
    assert "Inspecting Proxy CA" in seen.ingest.obstacle.reason
    assert "SSL_CERT_FILE" in seen.ingest.obstacle.hint
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert kinds(survey(Hosts(where, where, where, "us"), TOKEN, timeout=LIMIT)) == ["reached"] * 3


def authority(folder: Path) -> Path:
    """A chain for 127.0.0.1 under a CA of our own, as an inspecting proxy makes it; the CA is in ca.pem."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/O=Acme/CN=Inspecting Proxy CA", "-keyout", "ca.key",
            "-out", "ca.pem")  # fmt: skip
    openssl("req", *curve, "-subj", "/CN=posthog", "-keyout", "leaf.key", "-out", "leaf.csr")
    (folder / "leaf.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "leaf.ext", "-out", "leaf.pem")  # fmt: skip
    chain = folder / "chain.pem"
    chain.write_text((folder / "leaf.pem").read_text() + (folder / "ca.pem").read_text())
    return chain
