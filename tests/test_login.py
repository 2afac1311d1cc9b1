"""Logging in through the browser, end to end against an authorization server that follows the RFCs."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fake_oauth import FakeOAuth
from tests.fake_posthog import HTML, Canned
from tests.scripted_browser import visit
from wizard.errors import UsageError, WizardError
from wizard.login import registrations
from wizard.login.flow import Login, Screen, log_in, pasted, time_limit
from wizard.login.store import config_path
from wizard.posthog import oauth, oauth_client
from wizard.posthog.callback import Expected, Mismatch
from wizard.posthog.failures import ApiError
from wizard.posthog.oauth_metadata import Endpoints

SCOPES = ("user:read", "query:read", "dashboard:write")


@pytest.fixture
def server() -> Iterator[FakeOAuth]:
    with FakeOAuth() as fake:
        yield fake


@pytest.fixture
def ports() -> list[int]:
    """Six ports that are free, so that tests side by side do not meet."""
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(6)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in found]


class Person:
    """Somebody at a browser, and what they were told; `does` gets the address to open."""

    def __init__(self, does: Callable[[str], object] = visit) -> None:
        self.does = does
        self.urls: list[str] = []
        self.told: list[str] = []
        self.pages: list[Any] = []
        self.lines: list[str] = []

    @property
    def screen(self) -> Screen:
        return Screen(self._show, self.told.append, None)

    @property
    def typing(self) -> Screen:
        return Screen(self._show, self.told.append, self._typed)

    def _show(self, url: str, limit: float) -> None:
        self.urls.append(url)
        self._browsing = threading.Thread(target=lambda: self.pages.append(self.does(url)), daemon=True)
        self._browsing.start()

    @property
    def page(self) -> Any:
        """Status and text of what the browser shows last."""
        self._browsing.join(10)
        return self.pages[-1]

    def _typed(self, seconds: float) -> str | None:
        if not self.lines:
            time.sleep(0.005)
        return self.lines.pop(0) if self.lines else None


def run(server: FakeOAuth, person: Person, ports: list[int], *, typing: bool = False, **env: str) -> Login:
    screen = person.typing if typing else person.screen
    return log_in(server.hosts, SCOPES, screen, env={"POSTHOG_WIZARD_LOGIN_TIMEOUT": "20", **env}, ports=ports)


def test_the_whole_way(server: FakeOAuth, ports: list[int]) -> None:
    person = Person()
    login = run(server, person, ports)
    assert server.grant_of(login.tokens.access)
    assert login.tokens.scopes == frozenset(SCOPES)
    query = {k: v[0] for k, v in parse_qs(urlsplit(person.urls[0]).query).items()}
    assert query["redirect_uri"] == f"http://127.0.0.1:{ports[0]}/callback"
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 43
    assert person.page[0] == 200
    assert "go back to the terminal" in person.page[1]
    form = server.asked("/oauth/token")[0].json
    assert oauth.Pkce(form["code_verifier"]).challenge == query["code_challenge"]


def test_we_say_who_we_are_and_not_posthog() -> None:
    name = oauth_client.NAME.lower()
    assert not name.startswith("posthog")
    assert not any(word in name for word in ("official", "verified", "trusted"))


def test_the_secrets_are_in_no_repr(server: FakeOAuth, ports: list[int]) -> None:
    login = run(server, Person(), ports)
    shown = repr(login) + repr(oauth.new_pkce())
    assert login.tokens.access not in shown
    assert login.tokens.refresh not in shown
    assert "verifier=" not in shown


def test_one_registration_serves_all_logins(server: FakeOAuth, ports: list[int]) -> None:
    first = run(server, Person(), ports)
    second = run(server, Person(), ports)
    assert first.client == second.client
    assert len(server.asked("/oauth/register")) == 1


def test_a_forgotten_registration_is_made_anew(server: FakeOAuth, ports: list[int]) -> None:
    first = run(server, Person(), ports)
    # the page knows it still, the token endpoint does not: as with a client that is deleted in between
    server.canned["/oauth/token"] = [Canned(401, '{"error": "invalid_client"}')]
    person = Person()
    second = run(server, person, ports)
    assert second.client != first.client
    assert len(person.urls) == 2
    assert any("Registering again" in line for line in person.told)


def test_a_given_client_is_used_and_never_replaced(server: FakeOAuth, ports: list[int]) -> None:
    server.clients["https://tool.example/client.json"] = ["http://127.0.0.1/callback"]
    login = run(server, Person(), ports, POSTHOG_WIZARD_OAUTH_CLIENT_ID="https://tool.example/client.json")
    assert login.client == "https://tool.example/client.json"
    assert server.asked("/oauth/register") == []
    server.canned["/oauth/token"] = [Canned(401, '{"error": "invalid_client"}')]
    with pytest.raises(ApiError, match="does not know the wizard's registration"):
        run(server, Person(), ports, POSTHOG_WIZARD_OAUTH_CLIENT_ID="https://tool.example/client.json")


def test_a_damaged_list_of_registrations_costs_nothing(server: FakeOAuth, ports: list[int]) -> None:
    config_path().mkdir()
    (config_path() / "oauth-clients.json").write_text("[{")
    assert run(server, Person(), ports).client in server.clients


def test_narrowed_scopes_are_what_counts(server: FakeOAuth, ports: list[int]) -> None:
    server.consent = ["user:read"]
    assert run(server, Person(), ports).tokens.scopes == frozenset({"user:read"})


def test_refused_in_the_browser(server: FakeOAuth, ports: list[int]) -> None:
    server.consent = "deny"
    person = Person()
    with pytest.raises(ApiError, match="the login was refused in the browser: The user said no"):
        run(server, person, ports)
    assert "not given" in person.page[1]
    assert registrations._known() != {}


def test_time_is_over(server: FakeOAuth, ports: list[int]) -> None:
    person = Person(lambda url: None)
    began = time.monotonic()
    with pytest.raises(ApiError, match=r"nobody came back from the browser within 0\.15 seconds"):
        run(server, person, ports, POSTHOG_WIZARD_LOGIN_TIMEOUT="0.15")
    assert time.monotonic() - began < 10
    # the page may not have known us: the next login registers anew
    assert registrations._known() == {}


def test_whoever_gives_up_may_have_met_a_page_that_did_not_know_us(server: FakeOAuth, ports: list[int]) -> None:
    def gives_up(seconds: float) -> str | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        log_in(server.hosts, SCOPES, Screen(lambda url, limit: None, print, gives_up), env={}, ports=ports)
    assert registrations._known() == {}
    with socket.create_server(("127.0.0.1", ports[0])):
        pass  # nobody listens there any more


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e9", "nan", "99999999"])
def test_a_time_limit_that_is_none(value: str) -> None:
    with pytest.raises(UsageError, match="no number of seconds"):
        time_limit({"POSTHOG_WIZARD_LOGIN_TIMEOUT": value})


@pytest.mark.parametrize("taken", [1, 3])
def test_taken_ports_are_passed_over(server: FakeOAuth, ports: list[int], taken: int) -> None:
    with ExitStack() as stack:
        for port in ports[:taken]:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        person = Person()
        run(server, person, ports)
    assert f"127.0.0.1%3A{ports[taken]}%2F" in person.urls[0]


def test_a_port_that_is_taken_on_ipv6_alone_is_taken(server: FakeOAuth, ports: list[int]) -> None:
    try:
        other = socket.create_server(("::1", ports[0]), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with other:
        person = Person()
        run(server, person, ports)
    assert f"127.0.0.1%3A{ports[1]}%2F" in person.urls[0]


def test_all_ports_taken_but_any_will_do(server: FakeOAuth, ports: list[int]) -> None:
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        assert server.grant_of(run(server, Person(), ports).tokens.access)


def test_all_ports_taken_and_the_port_must_match(server: FakeOAuth, ports: list[int]) -> None:
    server.any_port = False
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        with pytest.raises(ApiError, match=f"no port is free .*{ports[0]}, {ports[1]}") as caught:
            run(server, Person(), ports)
    assert "--device" in caught.value.hint
    assert len(server.asked("/oauth/register")) == 2  # with bare loopback addresses first, then without


def swapped(person: Person, values: dict[str, str | None]) -> Callable[[str], object]:
    """A browser whose last step is tampered with: these values come back first, and then the right ones."""

    def browse(url: str) -> object:
        query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        back = {"code": "stolen-code", "state": query["state"], **values}
        words = "&".join(f"{k}={v}" for k, v in back.items() if v is not None)
        first = visit(f"{query['redirect_uri']}?{words}")
        deadline = time.monotonic() + 10
        while not any("was refused" in line for line in person.told) and time.monotonic() < deadline:
            time.sleep(0.005)
        visit(url)
        return first

    return browse


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        ({"state": "another"}, "its state is not the one"),
        ({"state": None}, "its state is not the one"),
        ({"state": ""}, "its state is not the one"),
        ({"state": None, "code": None, "error": "access_denied"}, "its state is not the one"),
        ({"code": None}, "there is no code in it"),
        ({"code": ""}, "there is no code in it"),
        ({"iss": "https://evil.example"}, "names another server as its sender"),
        ({"code": "a&code=b"}, "says something twice"),
        ({"code": "x" * 9000}, "too long"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)
def test_a_wrong_answer_is_refused_and_the_right_one_still_taken(
    server: FakeOAuth, ports: list[int], tampered: dict[str, str | None], words: str
) -> None:
    person = Person()
    person.does = swapped(person, tampered)
    login = run(server, person, ports)
    assert server.grant_of(login.tokens.access)
    assert person.page[0] == 400
    assert any(words in line for line in person.told), person.told
    assert "stolen-code" not in "".join(person.told)


@pytest.mark.parametrize("state", [None, "x", ""], ids=["none", "another", "empty"])
def test_a_server_that_does_not_send_our_state_back(server: FakeOAuth, ports: list[int], state: str | None) -> None:
    server.state_sent_back = lambda sent: state
    with pytest.raises(ApiError, match="nobody came back"):
        run(server, Person(), ports, POSTHOG_WIZARD_LOGIN_TIMEOUT="0.15")
    assert server.asked("/oauth/token") == []


@pytest.mark.parametrize(
    ("announced", "sent", "works"),
    [(True, "", True), (True, None, False), (True, "https://evil.example", False), (None, "", True)],
    ids=["named", "announced-but-missing", "another", "unannounced-but-right"],
)
def test_the_issuer_in_the_answer(
    server: FakeOAuth, ports: list[int], announced: bool | None, sent: str | None, works: bool
) -> None:
    server.metadata = {"authorization_response_iss_parameter_supported": announced}
    server.send_iss = sent
    if works:
        assert run(server, Person(), ports)
        return
    with pytest.raises(ApiError, match="nobody came back"):
        run(server, Person(), ports, POSTHOG_WIZARD_LOGIN_TIMEOUT="0.15")
    assert server.asked("/oauth/token") == []


def test_a_replayed_code_kills_what_it_gave(server: FakeOAuth, ports: list[int]) -> None:
    login = run(server, Person(), ports)
    form = server.asked("/oauth/token")[0].json
    pkce = oauth.Pkce(form["code_verifier"])
    with pytest.raises(ApiError, match="used up, expired or revoked") as caught:
        oauth.exchange(login.endpoints, login.client, form["code"], form["redirect_uri"], pkce)
    assert caught.value.code == "invalid_grant"
    assert form["code"] not in str(caught.value)
    assert server.grant_of(login.tokens.access) is None


@pytest.mark.parametrize("wrong", ["verifier", "redirect", "client", "late"])
def test_a_code_is_worth_nothing_elsewhere(server: FakeOAuth, wrong: str) -> None:
    now = [0.0]
    server.clock = lambda: now[0]
    endpoints = Endpoints(server.url, f"{server.url}/oauth/authorize/", f"{server.url}/oauth/token/")
    server.clients |= {"ours": ["http://127.0.0.1/callback"], "theirs": ["http://127.0.0.1/callback"]}
    pkce, redirect = oauth.new_pkce(), "http://127.0.0.1:1/callback"
    query = parse_qs(urlsplit(oauth.authorize_url(endpoints, "ours", redirect, SCOPES, pkce, "s")).query)
    _, where = server.authorized({k: v[0] for k, v in query.items()})
    code = parse_qs(urlsplit(where).query)["code"][0]
    if wrong == "late":
        now[0] = 301
    with pytest.raises(ApiError, match="used up, expired or revoked"):
        oauth.exchange(
            endpoints,
            "theirs" if wrong == "client" else "ours",
            code,
            redirect.replace(":1/", ":2/") if wrong == "redirect" else redirect,
            oauth.new_pkce() if wrong == "verifier" else pkce,
        )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTML, "does not answer like an authorization server (200)"),
        (Canned(500, "oops"), "cannot answer now (500)"),
        (Canned(429, "{}"), "cannot answer now (429)"),
        (Canned(200, "[]"), "does not answer like an authorization server"),
        (Canned(200, "null"), "does not answer like an authorization server"),
        (Canned(200, "{}"), "without a usable access token"),
        (Canned(200, '{"access_token": 7, "token_type": "Bearer"}'), "without a usable access token"),
        (Canned(200, '{"access_token": "pha_abcdefgh"}'), "without a usable access token"),
        (Canned(200, '{"access_token": "pha_abc def gh", "token_type": "Bearer"}'), "without a usable access token"),
        (Canned(200, '{"access_token": "pha_abcdefgh", "token_type": "mac"}'), "without a usable access token"),
        (Canned(200, '{"error": "invalid_grant"}'), "used up, expired or revoked"),
        (Canned(400, '{"error": "invalid_scope", "error_description": "no"}'), "does not give the scopes"),
        (Canned(400, '{"error": {"deep": []}}'), "does not answer like an authorization server (400)"),
        (Canned(302, "", {"Location": "https://evil.example"}), "does not answer like an authorization server (302)"),
    ],
    ids=lambda value: value.body[:30] if isinstance(value, Canned) else None,
)
def test_token_answers_that_are_none(server: FakeOAuth, ports: list[int], answer: Canned, words: str) -> None:
    server.canned["/oauth/token"] = answer
    with pytest.raises(ApiError) as caught:
        run(server, Person(), ports)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "lifetime", "scopes", "projects"),
    [
        ({"expires_in": None, "scope": None, "scoped_teams": None}, 3600, None, ()),
        ({"expires_in": "600", "scope": "", "scoped_teams": [1, "2", None, -3, True]}, 600, frozenset(), (1, 2)),
        ({"expires_in": -1, "scope": 7, "scoped_teams": "1"}, 3600, None, ()),
        ({"expires_in": 10**30, "refresh_token": 5}, 315360000, frozenset(SCOPES), ()),
    ],
    ids=["missing", "as-strings", "wrong", "huge"],
)
def test_token_answers_with_odd_types(
    server: FakeOAuth,
    ports: list[int],
    extra: dict[str, Any],
    lifetime: int,
    scopes: frozenset[str] | None,
    projects: tuple[int, ...],
) -> None:
    server.extra = extra
    tokens = run(server, Person(), ports).tokens
    assert (tokens.lifetime, tokens.scopes, tokens.projects) == (lifetime, scopes, projects)


def test_paste_back_of_the_address(server: FakeOAuth, ports: list[int]) -> None:
    """The browser is on another machine: its redirect fails, and its address bar has the code."""

    def elsewhere(url: str) -> None:
        _, where = server.authorized({k: v[0] for k, v in parse_qs(urlsplit(url).query).items()})
        person.lines += ["", "what is this", url, where]

    person = Person(elsewhere)
    login = run(server, person, ports, typing=True)
    assert server.grant_of(login.tokens.access)
    assert any("neither the address" in line for line in person.told)
    assert any("the address to open" in line for line in person.told)


EXPECTED = Expected("the-state", Endpoints("https://ph.example", "", ""))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("http://127.0.0.1:8239/callback?code=abc&state=the-state", "abc"),
        ("http://localhost:8239/callback?state=the-state&code=abc%2Bd", "abc+d"),
        ("HTTP://127.0.0.1:8239/callback?code=abc&state=the-state#", "abc"),
        ("?code=abc&state=the-state", "abc"),
        ("code=abc&state=the-state", "abc"),
        ("abcdefgh12345678", "abcdefgh12345678"),
    ],
)
def test_what_can_be_pasted(line: str, code: str) -> None:
    assert pasted(line, EXPECTED, lambda words: None) == code


@pytest.mark.parametrize(
    "line",
    [
        "http://127.0.0.1:8239/callback?code=abc&state=other",
        "http://127.0.0.1:8239/callback?code=abc",
        "http://127.0.0.1:8239/callback",
        "https://oauth.posthog.com/oauth/authorize?response_type=code&state=the-state",
        "code=abc",
        "state=the-state",
        "phx_abcdefgh12345678",
        "pha_abcdefgh12345678",
        "phc_abcdefgh12345678",
        "two words",
        "short",
        "x" * 600,
        "a\u00e9bcdefgh",
    ],
)
def test_what_cannot_be_pasted(line: str) -> None:
    with pytest.raises(Mismatch) as caught:
        pasted(line, EXPECTED, lambda words: None)
    assert "abcdefgh12345678" not in str(caught.value)


def test_a_pasted_refusal_ends_it() -> None:
    with pytest.raises(ApiError, match="refused in the browser"):
        pasted("http://x/callback?error=access_denied&state=the-state", EXPECTED, lambda words: None)


def test_a_bare_code_says_what_cannot_be_checked() -> None:
    told: list[str] = []
    pasted("abcdefgh12345678", EXPECTED, told.append)
    assert "cannot be checked" in told[0]


def test_an_unreachable_server_is_said_before_anything_else() -> None:
    with FakeOAuth() as gone:
        hosts = gone.hosts
    person = Person()
    with pytest.raises(WizardError, match="refuses connections"):
        log_in(hosts, SCOPES, person.screen, env={}, ports=[])
    assert person.urls == []
