"""The parts of logging in: metadata that leads astray, whose login it is, the callback under fire, what is lacking."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_oauth import FakeOAuth
from tests.fake_posthog import HTML, Canned
from tests.scripted_browser import visit
from wizard.errors import WizardError
from wizard.login import browser
from wizard.login.flow import pasted
from wizard.login.posthog_cli import cli_key
from wizard.posthog import device_login, oauth_hosts, oauth_metadata
from wizard.posthog.callback import Expected, Listener
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts, cloud, of
from wizard.posthog.http import NoReply, Reply
from wizard.posthog.oauth import Tokens
from wizard.posthog.oauth_client import CALLBACKS, register
from wizard.posthog.oauth_hosts import hosts_of
from wizard.posthog.oauth_metadata import Endpoints, discover, same_site
from wizard.posthog.scopes import DEFAULT, lacking

US, EU = cloud("us"), cloud("eu")
CLOUD = Endpoints("https://oauth.posthog.com", "", "")
OWN = Endpoints("https://ph.example", "", "")


@pytest.fixture
def server() -> Iterator[FakeOAuth]:
    with FakeOAuth() as fake:
        yield fake


def test_the_metadata_is_followed(server: FakeOAuth) -> None:
    server.metadata = {"token_endpoint": f"{server.url}/elsewhere", "registration_endpoint": None}
    found = discover(server.hosts)
    assert (found.issuer, found.token, found.register) == (server.url, f"{server.url}/elsewhere", "")
    assert not found.names_itself


@pytest.mark.parametrize("answer", [None, HTML, Canned(404, "x"), Canned(200, "null"), Canned(200, "[]")])
def test_without_metadata_there_are_the_known_paths(server: FakeOAuth, answer: Canned | None) -> None:
    server.metadata = None
    if answer:
        server.canned["/.well-known"] = answer
    found = discover(server.hosts)
    assert found.token == f"{server.url}/oauth/token/"
    assert found.revoke == f"{server.url}/oauth/revoke/"


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"token_endpoint": "https://evil.example/token"}, "another site (token_endpoint"),
        ({"authorization_endpoint": "http://127.0.0.1:1/oauth"}, "another site (authorization_endpoint"),
        ({"registration_endpoint": "https://127.0.0.1.evil.example/"}, "another site (registration_endpoint"),
        ({"revocation_endpoint": "//evil.example/"}, "another site (revocation_endpoint"),
        ({"issuer": "https://oauth.posthog.com"}, "another site (issuer"),
        ({"token_endpoint": "javascript:alert(1)"}, "another site (token_endpoint"),
        ({"token_endpoint": "http://[::1"}, "another site (token_endpoint"),
        ({"token_endpoint": None}, "names no token endpoint"),
        ({"token_endpoint": {"url": "x"}}, "names no token endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "does not support PKCE with S256"),
    ],
    ids=str,
)
def test_metadata_that_leads_astray_is_refused(server: FakeOAuth, entries: dict[str, Any], words: str) -> None:
    server.metadata = entries
    with pytest.raises(ApiError) as caught:
        discover(server.hosts)
    assert words in str(caught.value)
    assert "login --key" in caught.value.hint


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_not_guessed_at(server: FakeOAuth, status: int) -> None:
    server.canned["/.well-known"] = Canned(status, "x")
    with pytest.raises(ApiError, match=f"problem of its own \\({status}\\)"):
        discover(server.hosts)


@pytest.mark.parametrize("host", ["http://ph.example", "http://192.168.1.5:8000", "http://user:pass@127.0.0.1"])
def test_no_login_over_an_open_line(host: str) -> None:
    with pytest.raises(ApiError, match="is not encrypted") as caught:
        discover(Hosts(host, host, host))
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "asked", "answer", "token"),
    [
        (None, "https://oauth.posthog.com/.well-known/oauth-authorization-server", 200, "https://us.posthog.com/t/"),
        (EU, "https://eu.posthog.com/.well-known/oauth-authorization-server", 200, "https://us.posthog.com/t/"),
        (EU, "https://eu.posthog.com/.well-known/oauth-authorization-server", 404, "https://oauth.posthog.com/oauth/"),
        (
            of("https://ph.example/base"),
            "https://ph.example/.well-known/oauth-authorization-server/base",
            404,
            "https://ph.example/base/oauth/",
        ),
    ],
    ids=["front", "region", "region-without", "own-with-path"],
)
def test_where_the_metadata_is(
    monkeypatch: pytest.MonkeyPatch, hosts: Hosts | None, asked: str, answer: int, token: str
) -> None:
    urls: list[str] = []
    body = (
        b'{"authorization_endpoint": "https://us.posthog.com/a/", "token_endpoint": "https://us.posthog.com/t/",'
        b'"revocation_endpoint": "https://us.posthog.com/r/"}'
    )

    def send(method: str, url: str, *, timeout: float) -> Reply | NoReply:
        urls.append(url)
        return Reply(answer, {}, body)

    monkeypatch.setattr(oauth_metadata, "send", send)
    found = discover(hosts)
    assert urls == [asked]
    assert found.token.startswith(token)
    assert found.is_cloud is (hosts is None or hosts.region is not None)


@pytest.mark.parametrize("name", ["issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize("url", ["http://ph.example/x", "https://user@ph.example/x", "https://ph.example/\x1b[2J"])
def test_metadata_with_an_open_line_is_refused(name: str, url: str) -> None:
    good = dict.fromkeys(("authorization_endpoint", "token_endpoint"), "https://ph.example/x")
    assert oauth_metadata._checked(good, "https://ph.example").token == "https://ph.example/x"
    with pytest.raises(ApiError, match="names an address that is not safe"):
        oauth_metadata._checked({**good, name: url}, "https://ph.example")


@pytest.mark.parametrize(
    ("url", "meant", "same"),
    [
        ("https://us.posthog.com/oauth", "https://oauth.posthog.com", True),
        ("https://posthog.com.evil.example/", "https://oauth.posthog.com", False),
        ("https://evilposthog.com/", "https://oauth.posthog.com", False),
        ("http://us.posthog.com/oauth", "https://oauth.posthog.com", False),
        ("https://auth.ph.example/oauth", "https://ph.example", True),
        ("https://ph.example.evil.example/", "https://ph.example", False),
        ("https://example/", "https://ph.example", False),
        ("", "https://ph.example", False),
        ("http://127.0.0.1:2/", "http://127.0.0.1:1", False),
    ],
)
def test_same_site(url: str, meant: str, same: bool) -> None:
    assert same_site(url, meant) is same


def tokens(region: str = "", base: str = "") -> Tokens:
    return Tokens("pha_access", "phr_refresh", 3600, None, (), region, base)


@pytest.mark.parametrize(
    ("given", "endpoints", "asked", "found"),
    [
        (tokens("eu", "https://eu.posthog.com"), CLOUD, None, EU),
        (tokens("us"), CLOUD, None, US),
        (tokens("", "https://eu.posthog.com/"), CLOUD, None, EU),
        (tokens("eu"), CLOUD, EU, EU),
        (tokens(), CLOUD, EU, EU),
        (tokens("mars"), CLOUD, US, US),
        (tokens(), CLOUD, None, EU),
        (tokens("us", "https://us.posthog.com"), OWN, of("https://ph.example"), of("https://ph.example")),
        (tokens("", "https://evil.example"), OWN, of("https://ph.example"), of("https://ph.example")),
    ],
    ids=[
        "both-say-eu",
        "region",
        "base",
        "as-asked",
        "silent-but-asked",
        "unknown-region",
        "silent-so-probed",
        "own-claims-cloud",
        "own-claims-another",
    ],
)
def test_whose_login_it_is(
    monkeypatch: pytest.MonkeyPatch, given: Tokens, endpoints: Endpoints, asked: Hosts | None, found: Hosts
) -> None:
    monkeypatch.setattr(oauth_hosts, "region_of_secret", lambda secret, kind: EU)
    assert hosts_of(given, endpoints, asked) == found


@pytest.mark.parametrize(
    ("given", "asked", "words"),
    [
        (tokens("us", "https://evil.example"), None, "names a host that is not the one"),
        (tokens("", "https://evil.posthog.com"), None, "names a host that is not the one"),
        (tokens("us", "https://eu.posthog.com"), None, "names a host that is not the one"),
        (tokens("", "ht!tp://x y"), None, "names a host that is not the one"),
        (tokens("us"), EU, "the login is for us.posthog.com, not for eu.posthog.com"),
        (tokens(), None, "no region of PostHog Cloud accepts"),
    ],
)
def test_a_login_for_somebody_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: Tokens, asked: Hosts | None, words: str
) -> None:
    monkeypatch.setattr(oauth_hosts, "region_of_secret", lambda secret, kind: None)
    with pytest.raises(ApiError) as caught:
        hosts_of(given, CLOUD, asked)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Canned(404, "{}"), "does not answer like an authorization server (404)"),
        (Canned(429, "{}"), "limiting registrations"),
        (HTML, "does not answer like an authorization server (200)"),
        (Canned(201, '{"client_id": 7}'), "does not answer like an authorization server (201)"),
        (Canned(201, '{"client_id": ""}'), "does not answer like an authorization server (201)"),
        (Canned(201, '{"client_id": "a", "token_endpoint_auth_method": "client_secret_post"}'), "keep a secret"),
        (Canned(400, '{"error": "access_denied", "error_description": "nobody"}'), "refused in the browser: nobody"),
    ],
    ids=lambda value: value.body[:30] if isinstance(value, Canned) else None,
)
def test_registrations_that_are_none(server: FakeOAuth, answer: Canned, words: str) -> None:
    endpoints = discover(server.hosts)
    server.canned["/oauth/register"] = answer
    with pytest.raises(ApiError) as caught:
        register(endpoints)
    assert words in str(caught.value)


def test_a_server_without_registration_says_so(server: FakeOAuth) -> None:
    server.metadata = {"registration_endpoint": None}
    with pytest.raises(ApiError, match="lets no program register itself"):
        register(discover(server.hosts))


def test_what_the_server_keeps_of_the_registration_counts(server: FakeOAuth) -> None:
    endpoints = discover(server.hosts)
    assert register(endpoints).any_port
    kept = '{"client_id": "a", "redirect_uris": ["http://127.0.0.1:8239/callback"]}'
    server.canned["/oauth/register"] = Canned(201, kept)
    assert not register(endpoints).any_port
    assert CALLBACKS[0] == "http://127.0.0.1/callback"


ANY = Expected("s", OWN)


def raw(port: int, data: bytes, host: str = "127.0.0.1") -> bytes:
    with socket.create_connection((host, port), timeout=5) as one:
        one.sendall(data)
        return one.makefile("rb").read()


def test_the_callback_under_fire() -> None:
    with Listener(ANY, [], True) as listener:
        half_open = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(30)]
        slow = socket.create_connection(("127.0.0.1", listener.port))
        slow.sendall(b"GET /callback?code=a")
        for garbage in (b"\x16\x03\x01\x00\xff garbage\r\n\r\n", b"\r\n\r\n", b"POST /callback HTTP/1.1\r\n\r\n"):
            raw(listener.port, garbage)
        assert b" 404 " in raw(listener.port, b"GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 404 " in raw(listener.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 404 " in raw(listener.port, b"GET /callback/../x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert listener.answer() is None
        began = time.monotonic()
        page = raw(listener.port, b"GET /callback?code=good&state=s HTTP/1.1\r\nHost: x\r\n\r\n")
        assert listener.answer(10) == "good"
        assert time.monotonic() - began < 4  # a connection that says nothing is let go after 5 s
        for header in (b"no-store", b"no-referrer", b"default-src 'none'"):
            assert header in page
        assert b"good" not in page
        for one in (*half_open, slow):
            one.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", listener.port), timeout=1)


def test_the_callback_answers_on_ipv6_too() -> None:
    with Listener(ANY, [], True) as listener:
        try:
            page = raw(listener.port, b"GET /callback?code=six&state=s HTTP/1.1\r\nHost: x\r\n\r\n", "::1")
        except OSError:
            pytest.skip("no IPv6 here")
        assert b" 200 " in page
        assert listener.answer(10) == "six"


def test_the_callback_works_where_there_is_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.bind

    def bind(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_INET6:
            raise OSError(99, "Cannot assign requested address")
        real(self, address)

    monkeypatch.setattr(socket.socket, "bind", bind)
    with Listener(ANY, [], True) as listener:
        assert visit(f"{listener.redirect}?code=four&state=s")[0] == 200
        assert listener.answer(10) == "four"


@pytest.mark.parametrize(
    ("granted", "steps"),
    [
        (None, []),
        (DEFAULT, []),
        (["*"], []),
        ([s for s in DEFAULT if s not in ("dashboard:read", "insight:read")], []),
        ([s for s in DEFAULT if s != "query:read"], ["confirming that an event arrived", "the doctor"]),
        ([s for s in DEFAULT if s != "dashboard:write"], ["the starter dashboard"]),
    ],
    ids=["unknown", "all", "star", "write-includes-read", "no-query", "no-dashboard"],
)
def test_what_will_not_work(granted: list[str] | None, steps: list[str]) -> None:
    assert list(lacking(DEFAULT, granted)) == steps


def test_what_was_asked_for_on_top() -> None:
    assert lacking((*DEFAULT, "project:write", "survey:read"), DEFAULT) == {
        "creating a project": ["project:write"],
        "survey:read": ["survey:read"],
    }


@pytest.mark.parametrize(
    ("env", "opens"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, True),
        ({"DISPLAY": ":0", "BROWSER": "firefox"}, True),
        ({"SSH_CONNECTION": "x", "BROWSER": "/remote/bin/browser.sh"}, True),
        ({}, False),
        ({"DISPLAY": ":0", "BROWSER": "none"}, False),
        ({"DISPLAY": ":0", "BROWSER": ""}, False),
        ({"DISPLAY": ":0", "BROWSER": "/usr/bin/w3m"}, False),
        ({"DISPLAY": ":0", "BROWSER": "lynx %s:none"}, False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, False),
        ({"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}, False),
        ({"DISPLAY": ":0", "container": "podman"}, False),
        ({"DISPLAY": ":0", "CI": "true"}, False),
    ],
    ids=str,
)
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="displays are of X and Wayland")
def test_when_a_browser_is_opened(env: Mapping[str, str], opens: bool, tmp_path: Path) -> None:
    assert browser.can_open(env, tmp_path) is opens


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="displays are of X and Wayland")
def test_none_in_a_container(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    assert not browser.can_open({"DISPLAY": ":0"}, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="scripts with #!")
def test_a_browser_gets_the_address_and_keeps_quiet(tmp_path: Path) -> None:
    script = tmp_path / "noisy"
    script.write_text('#!/bin/sh\necho noise; echo noise >&2; echo "$1" > "$0.got"\n')
    script.chmod(0o755)
    code = "from wizard.login.browser import open_page; print(open_page('http://127.0.0.1/?a=1&b=%20'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BROWSER": str(script)},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
    deadline = time.monotonic() + 5
    while not (tmp_path / "noisy.got").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (tmp_path / "noisy.got").read_text().strip() == "http://127.0.0.1/?a=1&b=%20"


@pytest.mark.parametrize(
    ("content", "host"),
    [
        ('{"host": "https://eu.posthog.com", "token": "phx_x", "env_id": "1"}', "https://eu.posthog.com"),
        ('{"token": "phx_x"}', "https://us.posthog.com"),
        ('{"host": 7, "token": "phx_x"}', "https://us.posthog.com"),
        ('{"host": "https://eu.posthog.com", "token": "phc_x"}', None),
        ('{"host": "ftp://x", "token": "phx_x"}', None),
        ("[]", None),
        ("{", None),
        (None, None),
    ],
)
def test_the_key_of_posthog_cli(tmp_path: Path, content: str | None, host: str | None) -> None:
    (tmp_path / ".posthog").mkdir()
    if content is not None:
        (tmp_path / ".posthog" / "credentials.json").write_text(content)
    there = cli_key(tmp_path)
    assert (there.hosts.app if there else None) == host
    assert "phx_x" not in repr(there)


def test_errors_say_nothing_secret(server: FakeOAuth) -> None:
    endpoints = discover(server.hosts)
    from wizard.posthog.oauth import exchange, new_pkce, refresh, revoke

    pkce = new_pkce()
    echo = Canned(400, '{"error": "invalid_grant", "error_description": "secret-code-1 phr_abcdefgh"}')
    server.canned["/oauth/"] = echo
    for work in (
        lambda: exchange(endpoints, "c", "secret-code-1", "http://127.0.0.1/callback", pkce),
        lambda: refresh(endpoints.token, "c", "secret-code-1"),
        lambda: revoke(endpoints.revoke, "c", "secret-code-1", "access_token"),
    ):
        with pytest.raises(WizardError) as caught:
            work()
        assert "secret-code-1" not in str(caught.value)
        assert "phr_abcdefgh" not in str(caught.value)


def test_only_what_the_server_knows_is_asked_for(server: FakeOAuth) -> None:
    server.metadata = {"scopes_supported": ["user:read", "query:read", 7, "openid"]}
    assert discover(server.hosts).offered(DEFAULT) == ["user:read", "query:read"]
    server.metadata = {"scopes_supported": ["openid"]}
    assert discover(server.hosts).offered(DEFAULT) == list(DEFAULT)
    server.metadata = {"scopes_supported": "user:read"}
    assert discover(server.hosts).offered(DEFAULT) == list(DEFAULT)


ODD = st.text(st.sampled_from("abc:/?#[]@&=%.+ \x00\x1b\u202e0127https-_")) | st.sampled_from(
    ["http://[", "https://[x]/", "http://a:b/", "?code=", "%zz", "https://us.posthog.com:x/", "//", "code=a&state=s"]
)


@settings(max_examples=150, deadline=None)
@given(ODD)
def test_no_text_of_a_stranger_breaks_it(said: str) -> None:
    """Each either works or is refused in words; nothing else is raised."""
    for line in (said, f"http://127.0.0.1/callback?{said}", f"code={said}&state=s", f"code=a&state=s&iss={said}"):
        for expected in (ANY, Expected("s", CLOUD)):
            with suppress(WizardError):
                pasted(line, expected, lambda words: None)
    for meant in ("https://oauth.posthog.com", "https://ph.example", "http://127.0.0.1:1"):
        same_site(said, meant)
        with suppress(WizardError):
            oauth_metadata._checked({"authorization_endpoint": said, "token_endpoint": said, "issuer": said}, meant)
        with suppress(WizardError):
            device_login._page(said, "/cli/authorize", of(meant))
    with suppress(WizardError):
        hosts_of(tokens(said, said), CLOUD, US)
    with suppress(WizardError):
        of(said)
