"""Company networks: TLS that is inspected, certificates of one's own, proxies, and names that are led astray."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import KEY, LIMIT, FakePostHog, closed_port, complete
from tests.private_ca import Authority, Tunnel, make_authority
from wizard.posthog import certificates, http
from wizard.posthog.access import Access
from wizard.posthog.certificates import issuer, presented_issuer
from wizard.posthog.hosts import cloud
from wizard.posthog.http import NoReply, Reply, send
from wizard.posthog.users import me

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make certificates")

US = "https://us.posthog.com/api/users/@me/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[FakePostHog]:
    with complete() as fake:
        yield authority.serve(fake)


@pytest.fixture
def url(server: FakePostHog) -> str:
    return server.url.replace("http:", "https:") + "/flags/"


@pytest.fixture
def tunnel(server: FakePostHog) -> Iterator[Tunnel]:
    with Tunnel(int(server.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    certificates._trusted_with.cache_clear()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(name, raising=False)
    yield
    certificates._trusted_with.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Name -> address, empty for a name that does not exist. Nothing else is ever resolved."""
    known: dict[str, str] = {}

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        address = known.get(name, name if name == "127.0.0.1" else "")
        if not address:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        where = (address, int(port or 0), 0, 0) if ":" in address else (address, int(port or 0))
        return [(family, socket.SOCK_STREAM, 6, "", where)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def refused(url: str, timeout: float = LIMIT) -> NoReply:
    reply = send("GET", url, timeout=timeout)
    assert isinstance(reply, NoReply)
    assert (reply.reason + reply.hint).isascii()
    return reply


# --- certificates


def test_inspection_is_named_with_its_host_and_issuer(url: str) -> None:
    reply = refused(url)
    assert reply.kind == "tls"
    where = url.split("/")[2]
    assert reply.reason.startswith(
        f"the certificate of {where}, issued by Acme TLS Root (Acme Inspection Ltd), is not trusted ("
    )
    assert "set SSL_CERT_FILE to a PEM file with the certificate of Acme TLS Root (Acme Inspection Ltd)." in reply.hint


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
)
def test_a_private_authority_is_trusted_once_it_is_named(
    variable: str, url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.directory if variable == "SSL_CERT_DIR" else authority.root))
    assert isinstance(send("GET", url, timeout=LIMIT), Reply)


def test_a_private_authority_of_the_system_is_trusted(
    url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def system(context: ssl.SSLContext, purpose: Any = None) -> None:
        context.load_verify_locations(cafile=authority.root)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", system)
    assert isinstance(send("GET", url, timeout=LIMIT), Reply)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_on_macos_the_variables_count_besides_the_keychain(
    variable: str, url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("truststore")
    monkeypatch.setattr(http, "trusted_by", lambda url: certificates._keychain())
    assert refused(url).kind == "tls"
    monkeypatch.setenv(variable, str(authority.directory if variable == "SSL_CERT_DIR" else authority.root))
    assert isinstance(send("GET", url, timeout=LIMIT), Reply)


def test_another_authority_helps_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_authority(tmp_path, "/CN=Other").root))
    assert refused(url).kind == "tls"


@pytest.mark.parametrize(
    ("variable", "content", "says"),
    [
        ("SSL_CERT_FILE", None, "names a file that does not exist"),
        ("SSL_CERT_FILE", "no certificate", "holds no certificates"),
        ("NODE_EXTRA_CA_CERTS", None, "is not trusted"),
        ("REQUESTS_CA_BUNDLE", "no certificate", "is not trusted"),
    ],
)
def test_a_variable_that_names_nothing_useful(
    variable: str, content: str | None, says: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content:
        (tmp_path / "named.pem").write_text(content)
    monkeypatch.setenv(variable, str(tmp_path / "named.pem"))
    reply = refused(url)
    assert reply.kind == "tls"
    assert says in reply.reason


def test_a_certificate_for_another_name(server: FakePostHog, authority: Authority, names: dict[str, str]) -> None:
    names["other.example"] = "127.0.0.1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.root))
        reply = refused(server.url.replace("http://127.0.0.1", "https://other.example"))
    assert "other.example" in reply.reason
    assert "is not valid for" in reply.reason or "mismatch" in reply.reason.lower()
    assert "Something else answers" in reply.hint


@pytest.mark.parametrize(("code", "clock"), [(9, True), (10, True), (19, False)], ids=["too new", "expired", "foreign"])
def test_an_expired_certificate_points_to_the_clock(code: int, clock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ssl.SSLCertVerificationError("x")
    error.verify_code, error.verify_message = code, "certificate has expired"
    monkeypatch.setattr("wizard.posthog.certificates.presented_issuer", lambda *args: "")
    reply = http._untrusted(error, "https://posthog.example", 1.0)
    assert ("clock" in reply.hint) is clock


def test_the_key_is_not_sent_before_the_certificate_is_trusted(
    tunnel: Tunnel, server: FakePostHog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url())
    server.requests.clear()
    assert refused(US).kind == "tls"
    assert server.requests == []


def test_issuers_in_certificates(authority: Authority, tmp_path: Path) -> None:
    def named(subject: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return issuer(ssl.PEM_cert_to_DER_cert(make_authority(folder, subject).root.read_text()))

    assert issuer(ssl.PEM_cert_to_DER_cert(authority.certificate.read_text())) == "Acme TLS Root (Acme Inspection Ltd)"
    assert named("/CN=Only Name") == "Only Name"
    assert named("/O=Only Firm/OU=IT") == "Only Firm"
    assert named("/C=US") == ""
    assert named("/CN=\x1b[31mred {where}\n") == "?[31mred {where}"


def test_what_is_no_certificate_has_no_issuer(authority: Authority) -> None:
    whole = ssl.PEM_cert_to_DER_cert(authority.certificate.read_text())
    assert issuer(b"") == ""
    assert issuer(b"\x30") == ""
    assert issuer(b"\x30\x84\xff\xff\xff\xff") == ""
    assert [issuer(whole[:cut]) for cut in range(120)] == [""] * 120


def test_nobody_to_show_a_certificate() -> None:
    assert presented_issuer("127.0.0.1", closed_port(), "", 1.0) == ""
    assert presented_issuer("us.posthog.com", 443, f"http://127.0.0.1:{closed_port()}", 1.0) == ""
    assert presented_issuer("us.posthog.com", 443, "socks5://127.0.0.1:1", 1.0) == ""


# --- proxies


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_calls_go_through_the_proxy(
    variable: str, tunnel: Tunnel, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, tunnel.url())
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    assert me(Access(KEY, cloud("us"))).email == "ada@example.com"
    assert tunnel.hosts == ["us.posthog.com:443"]


def test_inspection_behind_a_proxy_is_named_too(tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url())
    reply = refused(US)
    where = tunnel.url().removeprefix("http://")
    assert "the certificate of us.posthog.com, issued by Acme TLS Root (Acme Inspection Ltd)," in reply.reason
    assert reply.reason.endswith(f"through the proxy {where}")


def test_a_proxy_with_a_login(tunnel: Tunnel, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    tunnel.login = "ada:s@cret word"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url())
    reply = refused(US)
    assert reply.kind == "proxy"
    assert "407" in reply.reason
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url("ada:s%40cret%20word"))
    assert isinstance(send("GET", US, timeout=LIMIT), Reply)
    monkeypatch.delenv("SSL_CERT_FILE")
    reply = refused(US)
    assert "Acme" in reply.reason
    assert "cret" not in reply.reason + reply.hint


def test_no_proxy_goes_past_it(tunnel: Tunnel, names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url())
    monkeypatch.setenv("NO_PROXY", "localhost,.posthog.com")
    reply = refused(US)
    assert reply.kind == "dns"
    assert "proxy" not in reply.reason
    assert tunnel.hosts == []


# --- names


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("host", ["us.i.posthog.com", "eu.posthog.com"])
def test_a_dns_blocker_is_named(address: str, host: str, names: dict[str, str]) -> None:
    names[host] = address
    reply = refused(f"https://{host}:{closed_port()}/")
    assert reply.kind == "blocked"
    assert f"is led to {address} on this network, as a DNS blocker" in reply.reason
    assert f"Allow {host} in the DNS blocker" in reply.hint


def test_a_dns_blocker_that_answers_tls(server: FakePostHog, names: dict[str, str]) -> None:
    names["us.posthog.com"] = "127.0.0.1"
    assert refused(server.url.replace("http://127.0.0.1", "https://us.posthog.com")).kind == "blocked"


@pytest.mark.parametrize("host", ["posthog.example", "posthog.com.example", "myposthog.com"])
def test_other_names_may_lead_to_this_machine(host: str, names: dict[str, str]) -> None:
    names[host] = "127.0.0.1"
    assert refused(f"https://{host}:{closed_port()}/").kind == "refused"


def test_a_name_that_is_not_there(names: dict[str, str]) -> None:
    reply = refused(US)
    assert reply.kind == "dns"
    assert "us.posthog.com" in reply.reason


def test_a_posthog_name_that_works_is_not_suspected(
    server: FakePostHog, authority: Authority, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a tunnel of one's own to PostHog is nobody's blocker
    names["us.posthog.com"] = "127.0.0.1"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    url = server.url.replace("http://127.0.0.1", "https://us.posthog.com")
    assert isinstance(send("GET", f"{url}/flags/", timeout=LIMIT), Reply)


def test_certificates_are_read_once_for_each_state_of_the_variables(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = certificates.trusted()
    assert certificates.trusted() is usual
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    assert certificates.trusted() is not usual
