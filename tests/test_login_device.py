"""Logging in with a code that is confirmed in any browser, against a server that keeps its interval."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fake_oauth import FakeOAuth
from tests.fake_posthog import HTML, Canned
from wizard.posthog.device_login import DeviceLogin, start, wait
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import of


class Clock:
    """Time that passes only in sleep; at each sleep `then` happens."""

    def __init__(self, then: Callable[[float], object] = lambda now: None) -> None:
        self.now, self.slept, self.then = 0.0, list[float](), then

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self.then(self.now)


@pytest.fixture
def server() -> Iterator[FakeOAuth]:
    with FakeOAuth() as fake:
        yield fake


def go(server: FakeOAuth, clock: Clock, told: list[str] | None = None) -> DeviceLogin:
    server.clock = clock.time
    say = (told if told is not None else []).append
    return wait(start(server.hosts), server.hosts, say=say, sleep=clock.sleep, clock=clock.time)


def test_the_whole_way(server: FakeOAuth) -> None:
    clock = Clock(lambda now: server.approve() if now > 12 else None)
    found = go(server, clock)
    assert found.access.secret in server.keys
    assert found.access.hosts == server.hosts
    assert (found.access.kind, found.access.projects) == ("personal key", (7,))
    assert found.access.scopes == frozenset({"event_definition:read"})
    assert clock.slept == [5, 5, 5]
    assert found.access.secret not in repr(found)


def test_the_code_is_shown_and_its_secret_is_not(server: FakeOAuth) -> None:
    code = start(server.hosts)
    assert code.user_code == "ABCD-1234"
    assert code.direct == f"{server.url}/cli/authorize?code=ABCD-1234"
    assert next(iter(server.devices)) not in repr(code)


def test_slow_down_is_obeyed(server: FakeOAuth) -> None:
    said = [
        Canned(400, '{"error": "slow_down"}'),
        Canned(429, "{}", {"Retry-After": "30"}),
        Canned(202, '{"status": "pending"}'),
    ]
    server.canned["/api/cli-auth/poll"] = said
    clock = Clock(lambda now: server.approve())
    go(server, clock)
    assert clock.slept == [5, 10, 30, 30]


@pytest.mark.parametrize(
    "answer",
    [
        Canned(202, ""),
        Canned(202, '{"status": "authorization_pending"}'),
        Canned(400, '{"error": "authorization_pending"}'),
        Canned(200, '{"status": "pending"}'),
    ],
    ids=lambda answer: f"{answer.status}{answer.body}",
)
def test_ways_to_say_not_yet(server: FakeOAuth, answer: Canned) -> None:
    server.canned["/api/cli-auth/poll"] = [answer]
    assert go(server, Clock(lambda now: server.approve())).access.secret in server.keys


@pytest.mark.parametrize("answer", [Canned(500, "x"), Canned(502, "<html>"), Canned(503, "{}")], ids=str)
def test_trouble_on_the_way_is_said_and_survived(server: FakeOAuth, answer: Canned) -> None:
    server.canned["/api/cli-auth/poll"] = [answer, answer]
    told: list[str] = []
    clock = Clock(lambda now: server.approve())
    assert go(server, clock, told).access.secret in server.keys
    assert clock.slept == [5, 10, 20]
    assert f"answers {answer.status}; trying again in 10 s" in told[0]


def test_nobody_confirms(server: FakeOAuth) -> None:
    clock = Clock()
    with pytest.raises(ApiError, match="expired before it was confirmed"):
        go(server, clock)
    assert clock.now <= 600


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Canned(400, '{"error": "expired_token"}'), "has expired"),
        (Canned(400, '{"type": "x", "code": "expired_token", "detail": "Gone"}'), "has expired"),
        (Canned(400, '{"error": "access_denied"}'), "refused in the browser"),
        (Canned(403, '{"status": "denied"}'), "refused in the browser"),
        (HTML, "no answer that makes sense (200)"),
        (Canned(200, '{"personal_api_key": 7}'), "no answer that makes sense (200)"),
        (Canned(200, "null"), "no answer that makes sense (200)"),
        (Canned(404, "{}"), "no answer that makes sense (404)"),
        (Canned(302, ""), "no answer that makes sense (302)"),
        (Canned(200, '{"personal_api_key": "phx_a b"}'), "blanks"),
    ],
    ids=lambda value: f"{value.status}{value.body[:30]}" if isinstance(value, Canned) else None,
)
def test_how_it_ends_badly(server: FakeOAuth, answer: Canned, words: str) -> None:
    server.canned["/api/cli-auth/poll"] = answer
    with pytest.raises(ApiError) as caught:
        go(server, Clock())
    assert words in str(caught.value)


def test_an_expired_code_of_the_server(server: FakeOAuth) -> None:
    clock = Clock()
    server.clock = clock.time
    code = start(server.hosts)
    clock.now = 601
    with pytest.raises(ApiError, match="has expired"):
        wait(code, server.hosts, say=lambda m: None, sleep=lambda s: None, clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Canned(404, "{}"), "does not know logging in with a code"),
        (Canned(429, "{}"), "limiting requests"),
        (HTML, "gave no code"),
        (Canned(200, "[]"), "gave no code"),
        (Canned(200, '{"device_code": 1, "user_code": "ABCD-1234"}'), "gave no code"),
        (Canned(200, '{"device_code": "d", "user_code": "\\u001b[31mABCD"}'), "gave no code"),
        (
            Canned(200, '{"device_code": "d", "user_code": "ABCD-1", "verification_uri": "https://evil.example/"}'),
            "another site",
        ),
        (
            Canned(200, '{"device_code": "d", "user_code": "ABCD-1", "verification_uri_complete": "//evil.example"}'),
            "another site",
        ),
    ],
    ids=lambda value: f"{value.status}{value.body[:50]}" if isinstance(value, Canned) else None,
)
def test_no_code_to_begin_with(server: FakeOAuth, answer: Canned, words: str) -> None:
    server.canned["/api/cli-auth/device-code"] = answer
    with pytest.raises(ApiError) as caught:
        start(server.hosts)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("more", "lifetime", "interval"),
    [
        ({}, 600, 5),
        ({"expires_in": 10**9, "interval": 10**9}, 1800, 60),
        ({"expires_in": -1, "interval": -1}, 600, 5),
        ({"expires_in": "120", "interval": 0}, 120, 5),
        ({"expires_in": None, "interval": [1]}, 600, 5),
    ],
    ids=str,
)
def test_the_numbers_of_a_stranger(server: FakeOAuth, more: dict[str, Any], lifetime: int, interval: float) -> None:
    body = {"device_code": "d", "user_code": "ABCD-1234", "verification_uri": "/cli/authorize", **more}
    server.canned["/api/cli-auth/device-code"] = Canned(201, json.dumps(body))
    code = start(server.hosts)
    assert (code.lifetime, code.interval) == (lifetime, interval)
    assert code.page == code.direct == f"{server.url}/cli/authorize"


def test_no_code_over_an_open_line() -> None:
    with pytest.raises(ApiError, match="not encrypted"):
        start(of("http://ph.example"))
