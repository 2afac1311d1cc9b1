"""The test event against a fake PostHog on loopback: sending, finding, waiting, and each refusal in words."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fake_posthog import DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog, closed_port, region
from wizard import version
from wizard.errors import UsageError
from wizard.posthog.access import Access
from wizard.posthog.events import (
    SEND_PAUSES,
    TEST_EVENT,
    Arrival,
    NotSent,
    find_event,
    send_test_event,
    wait_for_event,
)
from wizard.posthog.hosts import of
from wizard.posthog.private_api import ApiError, project_of

ALL = {"query:read", "user:read", "project:read"}


Start = Callable[[FakePostHog], FakePostHog]


@pytest.fixture
def start() -> Iterator[Callable[[FakePostHog], FakePostHog]]:
    with ExitStack() as stack:
        yield stack.enter_context


# --- sending


def test_the_test_event_is_anonymous_and_marked_as_ours(start: Start) -> None:
    own = start(region(True))
    event = send_test_event(f"{TOKEN}\n", own.hosts(), timeout=LIMIT).uuid
    (body,) = [request.json for request in own.asked("/i/v0/e/")]
    assert (body["uuid"], body["event"], body["api_key"]) == (event, TEST_EVENT, TOKEN)
    assert body["properties"] == {
        "$process_person_profile": False, "$lib": "posthog-wizard", "$lib_version": version.current(),
    }  # fmt: skip
    assert str(uuid.UUID(event)) == event


def test_an_unknown_token_may_be_taken_and_still_proves_nothing(start: Start) -> None:
    own = start(region(False))
    event = sent(own)
    own.tokens[TOKEN] = 1
    own.keys[KEY] = ALL
    assert not find_event(event, Access(KEY, own.hosts()), 1, timeout=LIMIT)


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
    own, slept = start(FakePostHog(canned={"/i/v0/e/": canned})), list[float]()
    with pytest.raises(NotSent) as caught:
        send_test_event(TOKEN, own.hosts(), timeout=LIMIT, sleep=slept.append)
    assert says in caught.value.message
    assert caught.value.refused is refused
    assert slept == (list(SEND_PAUSES) if canned.status in (429, 503) else [])


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
    assert project_of(TOKEN, Access(KEY, start(fake).hosts()), timeout=LIMIT) == 42


def test_the_current_project_is_tried_before_any_list(start: Start) -> None:
    own = start(readable(current=42))
    project_of(TOKEN, Access(KEY, own.hosts()), timeout=LIMIT)
    assert [request.path for request in own.requests] == ["/api/users/@me/"]


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
    with pytest.raises(ApiError) as caught:
        project_of(TOKEN, Access(KEY, start(fake).hosts()), timeout=LIMIT)
    assert says in caught.value.message
    assert "phs_" not in caught.value.message


def test_find_event_finds_by_uuid_and_asks_for_fresh_rows(start: Start) -> None:
    own = start(readable(current=42))
    event = sent(own)
    assert find_event(event.upper(), Access(f"{KEY}\n", own.hosts()), token=TOKEN, timeout=LIMIT)
    assert not find_event(str(uuid.uuid4()), Access(KEY, own.hosts()), 42, timeout=LIMIT)
    assert not find_event(event, Access(KEY, own.hosts()), 7, timeout=LIMIT)
    query = own.asked("/api/projects/42/query/")[0]
    assert query.json["refresh"] == "force_blocking"
    assert query.json["query"]["values"] == {"event": TEST_EVENT, "uuid": event}
    assert event not in query.json["query"]["query"]
    assert query.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "body",
    ['{"results": []}', '{"results": [["other"]]}', '{"results": ["flat", null, [null, {}]]}'],
)
def test_find_event_shapes_without_the_event(body: str, start: Start) -> None:
    own = start(readable(canned={"/api/projects/42/query/": Canned(200, body)}))
    assert not find_event(str(uuid.uuid4()), Access(KEY, own.hosts()), 42, timeout=LIMIT)


@pytest.mark.parametrize(
    ("canned", "passing", "status", "says"),
    [
        (Canned(400, '{"detail": "caf\\u00e9\\n!"}'), False, 400, "caf? !"),
        (Canned(200, '{"error": "Memory limit"}'), False, 0, "the query failed: Memory limit"),
        (Canned(200, "{}"), False, 0, "does not answer like PostHog's query API"),
        (Canned(200, '{"results": null}'), False, 0, "does not answer like PostHog's query API"),
        (Canned(200, "[]"), False, 0, "does not answer like PostHog's private API"),
        (HTML, False, 0, "a web page titled 'Sign in' (200)"),
        (Canned(302, "", {"Location": "http://x.invalid/"}), False, 0, "a redirect to x.invalid (302)"),
        (Canned(404, "capture: not found"), False, 0, "private API (404)"),
        (Canned(401, f'{{"detail": "bad key {KEY}"}}'), False, 401, "bad key phx_..."),
        (Canned(403, '{"detail": "key has no access to the requested project: 42"}'), False, 403, "no access"),
        (Canned(404, '{"detail": "Not found."}'), False, 404, "may not see it (404)"),
        (Canned(400, '{"detail": "Unknown table"}'), False, 400, "Unknown table"),
        (Canned(429, "{}", {"Retry-After": "9"}), True, 429, "limiting"),
        (Canned(502, "<html>"), True, 502, "a problem of its own (502)"),
    ],
)
def test_find_event_refuses(canned: Canned, passing: bool, status: int, says: str, start: Start) -> None:
    own = start(readable(canned={"/api/projects/42/query/": canned}))
    with pytest.raises(ApiError) as caught:
        find_event(str(uuid.uuid4()), Access(KEY, own.hosts()), 42, timeout=LIMIT)
    assert says in caught.value.message
    assert (caught.value.passing, caught.value.status) == (passing, status)
    assert KEY not in caught.value.message + caught.value.hint


def test_find_event_names_the_lacking_scope(start: Start) -> None:
    own = start(readable(keys={KEY: {"user:read"}}))
    with pytest.raises(ApiError) as caught:
        find_event(str(uuid.uuid4()), Access(KEY, own.hosts()), 42, timeout=LIMIT)
    assert caught.value.message == "the personal API key lacks the scope query:read"


@pytest.mark.parametrize("key", ["", " ", TOKEN, "phx_a b", "phx_a\r\nX-Header: 1", "phx_\xe4"])
def test_what_is_no_personal_key_is_never_sent(key: str, start: Start) -> None:
    own = start(readable())
    with pytest.raises(ApiError) as caught:
        find_event(str(uuid.uuid4()), Access(key, own.hosts()), 42, timeout=LIMIT)
    assert own.requests == []
    assert not key.strip() or key not in caught.value.message


def test_a_personal_key_never_travels_unencrypted() -> None:
    with pytest.raises(ApiError, match="not encrypted"):
        find_event(str(uuid.uuid4()), Access(KEY, of("http://posthog.invalid")), 42, timeout=LIMIT)


def test_a_bad_uuid_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not the uuid"):
        find_event("'; drop", Access(KEY, of("http://127.0.0.1:1")), 42)


# --- waiting


class Clock:
    """Counts instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def wait(self, fake: FakePostHog, event: str, delays: tuple[float, ...] = (3, 5, 8)) -> Arrival:
        return wait_for_event(
            event, Access(KEY, fake.hosts()), token=TOKEN, delays=delays, timeout=LIMIT, sleep=self.slept.append,
            say=self.said.append,
        )  # fmt: skip


def sent(own: FakePostHog) -> str:
    return send_test_event(TOKEN, own.hosts(), timeout=LIMIT).uuid


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
