"""The three verdicts, each its own: nothing that one link shows leaks into another, and the exit code says the sum."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fake_posthog import DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog
from wizard.errors import Exit, UsageError
from wizard.verify import Status, Verdict, Waits, app_link, exit_code, personal_key, project_id, to_json, verify

ALL = {"query:read", "user:read", "project:read"}
NO_APP = "no app was named"
FAST = Waits(request=LIMIT, query=LIMIT, looks=(3.0, 5.0), sleep=lambda seconds: None)


@dataclass(frozen=True)
class Shown:
    """An emission as `wizard.emits` reports it."""

    status: Status
    reason: str
    event: dict[str, Any] | None = None
    own: bool = False
    cause: str = ""
    hint: str = ""
    warning: str = ""


EMITS = Shown("passed", "$pageview", {"event": "$pageview"}, True)
SILENT = Shown("failed", "the app sent nothing within 5 s")
UNSTARTED = Shown("skipped", "npm is not installed")


@pytest.fixture
def start() -> Iterator[Callable[[FakePostHog], FakePostHog]]:
    with ExitStack() as stack:
        yield stack.enter_context


Start = Callable[[FakePostHog], FakePostHog]


def project(**settings: Any) -> FakePostHog:
    return FakePostHog(**{"tokens": {TOKEN: 42}, "keys": {KEY: set(ALL)}, "current": 42, **settings})


def check(
    own: FakePostHog,
    emission: Shown | str = NO_APP,
    *,
    token: str | None = TOKEN,
    env: dict[str, str] | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> tuple[Verdict, ...]:
    app = emission if isinstance(emission, str) else lambda: emission
    return verify(token, own.hosts(), app, env=env or {}, say=say, waits=FAST)


def with_credentials(own: FakePostHog) -> list[str]:
    """The paths that were asked for with a personal key."""
    return [request.path for request in own.requests if "Authorization" in request.headers]


def statuses(verdicts: tuple[Verdict, ...]) -> list[str]:
    assert [v.link for v in verdicts] == ["token", "app", "readable"]
    return [v.status for v in verdicts]


def with_key(**more: str) -> dict[str, str]:
    return {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, **more}


def mute() -> FakePostHog:
    """An instance that cannot say whether it knows the token."""
    return project(canned={"/flags/": DOWN, "/array/": DOWN})


@pytest.mark.parametrize(
    ("own", "emission", "env", "expected", "code"),
    [
        pytest.param(project(), EMITS, with_key(), "passed passed passed", 0, id="all proven"),
        pytest.param(project(), EMITS, {}, "passed passed skipped", 0, id="no key"),
        pytest.param(project(), NO_APP, {}, "passed skipped skipped", 0, id="token alone"),
        pytest.param(project(), SILENT, with_key(), "passed failed passed", 4, id="the app is silent"),
        pytest.param(project(), UNSTARTED, {}, "passed skipped skipped", 0, id="the app cannot start"),
        pytest.param(project(tokens={}), EMITS, with_key(), "failed passed skipped", 4, id="foreign token"),
        pytest.param(project(lag=99), EMITS, with_key(), "passed passed skipped", 0, id="lag"),
        pytest.param(project(keys={}), EMITS, with_key(), "passed passed failed", 4, id="wrong key"),
        pytest.param(project(keys={KEY: {"query:read"}}), EMITS, with_key(), "passed passed failed", 4, id="no scopes"),
        pytest.param(project(canned={"/api/": HTML}), EMITS, with_key(), "passed passed skipped", 0, id="proxy as app"),
        pytest.param(project(canned={"/api/": DOWN}), EMITS, with_key(), "passed passed skipped", 0, id="API down"),
        pytest.param(
            project(canned={"/i/v0/e/": Canned(401)}), EMITS, with_key(), "passed passed failed", 4, id="capture 401"
        ),
        pytest.param(
            project(canned={"/i/v0/e/": DOWN}), EMITS, with_key(), "passed passed skipped", 0, id="capture down"
        ),
        pytest.param(
            mute(), NO_APP, {}, "skipped skipped skipped", 4, id="nothing known"
        ),
        pytest.param(
            mute(), EMITS, {}, "skipped passed skipped", 0, id="app alone"
        ),
        pytest.param(
            mute(), NO_APP, with_key(), "skipped skipped passed", 0,
            id="the readable event proves the token",
        ),
    ],
)  # fmt: skip
def test_verdicts(
    own: FakePostHog, emission: Shown | str, env: dict[str, str], expected: str, code: int, start: Start
) -> None:
    verdicts = check(start(own), emission, env=env)
    assert " ".join(statuses(verdicts)) == expected, verdicts
    assert exit_code(verdicts) == code
    text = json.dumps(to_json(verdicts))
    assert KEY not in text
    assert all(verdict.reason and verdict.reason.isascii() for verdict in verdicts)


def test_no_event_is_sent_without_a_key(start: Start) -> None:
    own = start(project())
    check(own)
    assert own.events == []


@pytest.mark.parametrize("settings", [{"keys": {}}, {"tokens": {}}], ids=["wrong key", "foreign token"])
def test_no_event_is_sent_when_it_could_not_be_read(settings: dict[str, Any], start: Start) -> None:
    own = start(project(**settings))
    check(own, env=with_key())
    assert own.asked("/i/") == []


def test_a_refused_token_spares_asking_for_its_event(start: Start) -> None:
    own = start(project(tokens={}))
    verdict = check(own, env=with_key())[2]
    assert verdict.reason == "no event can arrive with this token and host"
    assert with_credentials(own) == []


def test_lag_keeps_the_uuid_for_later(start: Start) -> None:
    own = start(project(lag=99))
    verdict = check(own, env=with_key())[2]
    assert verdict.reason == "not seen yet after 8 s"
    assert verdict.detail["uuid"] == own.events[0][1]["uuid"]
    assert verdict.detail["project"] == 42


def test_the_project_id_spares_looking_it_up(start: Start) -> None:
    own = start(project(keys={KEY: {"query:read"}}))
    assert check(own, env=with_key(POSTHOG_WIZARD_PROJECT_ID="42"))[2].status == "passed"
    assert not any(path.startswith("/api/users/") for path in with_credentials(own))


def test_everything_waited_for_is_said_with_its_limit(start: Start) -> None:
    said: list[str] = []
    check(start(project()), say=said.append, env=with_key())
    assert [line.partition(" ")[0] for line in said] == ["Asking", "Looking", "Looking", "Sending", "Waiting"]
    assert ["at most" in line for line in said] == [True, True, True, False, True]
    assert KEY not in "".join(said)


def test_wrong_region_is_told_with_the_flag_that_mends_it(start: Start) -> None:
    us, eu = start(FakePostHog()), start(project())
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    verdict = verify(TOKEN, regions["us"], NO_APP, env={}, say=print, regions=regions, waits=FAST)[0]
    assert verdict.status == "failed"
    assert (verdict.detail["host"], verdict.detail["region"]) == (us.url, "eu")
    assert verdict.detail["hint"] == "Run again with --region eu"


def test_no_token_leaves_the_app_to_be_proven(start: Start) -> None:
    own = start(project())
    verdicts = check(own, EMITS, token=None, env=with_key())
    assert statuses(verdicts) == ["skipped", "passed", "skipped"]
    assert own.requests == []


def test_a_personal_key_as_token_is_refused_before_anything_starts(start: Start) -> None:
    own = start(project())
    with pytest.raises(UsageError):
        check(own, EMITS, token=KEY)
    assert own.requests == []


def test_an_odd_token_is_proven_with_a_warning(start: Start) -> None:
    verdict = check(start(project(tokens={"sTMFPsFhdP1Ssg": 1})), token="sTMFPsFhdP1Ssg")[0]
    assert verdict.status == "passed"
    assert "phc_" in verdict.detail["warning"]


def test_json_has_four_fields_per_link(start: Start) -> None:
    data = to_json(check(start(project()), EMITS))
    assert [set(row) for row in data] == [{"link", "status", "reason", "detail"}] * 3
    assert data[1]["detail"] == {"event": {"event": "$pageview"}, "own": True}


@pytest.mark.parametrize(
    ("event", "marked"),
    [
        pytest.param({"properties": {"$internal_or_test_user": True}}, True, id="property"),
        pytest.param({"properties": {"$set": {"$internal_or_test_user": True}}}, True, id="$set in the properties"),
        pytest.param({"$set": {"$internal_or_test_user": True}}, True, id="$set beside them"),
        pytest.param({"properties": {"$internal_or_test_user": False}}, False, id="not marked"),
        pytest.param({"properties": {"$internal_or_test_user": "true"}}, False, id="of a wrong type"),
        pytest.param({"properties": [], "$set": "x"}, False, id="odd shapes"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_events_that_the_sdk_marks_as_internal_are_explained(event: dict[str, Any], marked: bool) -> None:
    notes = app_link(lambda: Shown("passed", "x", {"event": "$pageview", **event}, True)).detail.get("notes", [])
    assert [("localhost" in note, "Filter out internal" in note) for note in notes] == [(True, True)] * marked


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"POSTHOG_WIZARD_PERSONAL_KEY": " a\n", "POSTHOG_PERSONAL_API_KEY": "b"}, "a"),
        ({"POSTHOG_WIZARD_PERSONAL_KEY": " ", "POSTHOG_PERSONAL_API_KEY": "b"}, "b"),
        ({"POSTHOG_PERSONAL_API_KEY": ""}, None),
        ({}, None),
    ],
    ids=["ours first", "blank is none", "empty is none", "none"],
)
def test_personal_key(env: dict[str, str], expected: str | None) -> None:
    assert personal_key(env) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"POSTHOG_WIZARD_PROJECT_ID": "7", "POSTHOG_PROJECT_ID": "8"}, 7),
        ({"POSTHOG_PROJECT_ID": " 8 "}, 8),
        ({}, None),
    ],
    ids=["ours first", "shared", "none"],
)
def test_project_id(env: dict[str, str], expected: int | None) -> None:
    assert project_id(env) == expected


@pytest.mark.parametrize("value", ["@current", "../1", "-1", "\u0663"])
def test_project_id_refuses(value: str) -> None:
    with pytest.raises(UsageError, match="POSTHOG_PROJECT_ID"):
        project_id({"POSTHOG_PROJECT_ID": value})


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ("passed passed passed", Exit.OK),
        ("skipped passed skipped", Exit.OK),
        ("skipped skipped passed", Exit.OK),
        ("skipped skipped skipped", Exit.UNVERIFIED),
        ("passed failed passed", Exit.UNVERIFIED),
        ("failed skipped skipped", Exit.UNVERIFIED),
        ("passed passed failed", Exit.UNVERIFIED),
        ("", Exit.UNVERIFIED),
    ],
)
def test_exit_code(links: str, code: Exit) -> None:
    names: dict[str, Status] = {"passed": "passed", "failed": "failed", "skipped": "skipped"}
    assert exit_code([Verdict("token", names[status], "x") for status in links.split()]) is code
