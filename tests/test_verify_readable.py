"""The link `readable`: one event, looked for until a stated limit; lag is explained, never called a failure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog, complete
from wizard.errors import UsageError
from wizard.posthog.events import TEST_EVENT
from wizard.verify import exit_code
from wizard.verify.readable import readable_link, uuid_of
from wizard.verify.token import token_link
from wizard.verify.verdicts import Verdict, Waits, Wanted

Start = Callable[[FakePostHog], FakePostHog]

OLD = "01890000-0000-7000-8000-000000000000"
WITH_KEY = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY}
WARNINGS = "system.ingestion_warnings"
LOCAL = {"key": "$host", "type": "event", "operator": "not_regex", "value": "^(localhost|127\\.0\\.0\\.1)($|:)"}


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield stack.enter_context


class Run:
    """One check with a clock that does not tick."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def __call__(self, own: FakePostHog, **more: Any) -> Verdict:
        waits = Waits(request=LIMIT, query=LIMIT, looks=(3.0, 5.0), sleep=self.slept.append)
        given = {"token": TOKEN, "env": WITH_KEY, "say": self.said.append, "waits": waits, "regions": {}, **more}
        wanted = Wanted(hosts=own.hosts(), **given)
        connection = token_link(wanted)
        verdict = readable_link(connection, wanted)
        text = json.dumps(dict(verdict.detail)) + verdict.reason + "".join(self.said)
        assert KEY not in text
        assert TOKEN not in text
        assert verdict.reason.isascii()
        return verdict


@pytest.fixture
def run() -> Run:
    return Run()


def test_an_event_that_is_read_back(run: Run, start: Start) -> None:
    own = start(complete(later=1))
    verdict = run(own)
    assert verdict.status == "passed"
    assert verdict.reason == "the test event is readable in project 42 (Project 42), 3 s after it was sent"
    assert verdict.detail == {
        "uuid": own.events[0][1]["uuid"],
        "event": TEST_EVENT,
        "project": 42,
        "project_name": "Project 42",
        "activity": f"{own.url}/project/42/activity/explore",
        "waited": 3.0,
    }


# --- not seen yet


def test_lag_ends_with_the_command_that_looks_again(run: Run, start: Start) -> None:
    own = start(complete(lag=99))
    verdict = run(own, again="posthog-wizard verify web --region us")
    event = own.events[0][1]["uuid"]
    assert (verdict.status, verdict.reason) == ("skipped", "not seen yet after 8 s")
    assert verdict.detail["next"] == f"posthog-wizard verify web --region us --resume {event}"
    assert verdict.detail["next"] in verdict.detail["hint"]
    assert f"{own.url}/project/42/activity/explore" in verdict.detail["hint"]
    assert "notes" not in verdict.detail
    assert exit_code([Verdict("token", "passed", "x"), verdict]) == 0


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        pytest.param({}, [], id="nothing known"),
        pytest.param(
            {"health": [{"kind": "ingestion_lag", "severity": "critical", "status": "active",
                         "payload": {"lag_seconds": 900, "deep": {"x": 1}}, "created_at": "2026-11-20T10:00:00Z"}]},
            ["intake lags behind since 2026-11-20 10:00 UTC (critical, lag_seconds 900)"], id="lag",
        ),
        pytest.param(
            {"health": [{"kind": "ingestion_lag"}, {"kind": "sdk_outdated"}, {"kind": "ingestion_warning"}]},
            ["intake lags behind: events come", "reports warnings about events it took in"], id="lag and warnings",
        ),
        pytest.param({"health": [{"kind": "sdk_outdated"}]}, [], id="other issues"),
        pytest.param(
            {"query_answers": {WARNINGS: (["type", "n", "t"], [["missing_distinct_id", 3, "x"], ["\x1b[2J", 1, "x"]])}},
            ["missing_distinct_id (3 times)"], id="ingestion warnings",
        ),
        pytest.param({"query_answers": {WARNINGS: ([], [])}}, [], id="no ingestion warnings"),
        pytest.param({"query_answers": {WARNINGS: (["type"], [[None], [], [{}]])}}, [], id="odd warnings"),
        pytest.param({"old": True}, [], id="old instance"),
        pytest.param({"keys": {KEY: {"query:read", "user:read", "project:read"}}}, [], id="no scope for health"),
        pytest.param({"canned": {"/api/projects/42/health_issues/": HTML}}, [], id="a page for health"),
        pytest.param(
            {"canned": {"/array/": Canned(200, json.dumps({"token": TOKEN, "quotaLimited": ["events"]}))}},
            ["quota for events is used up"], id="quota in the config",
        ),
        pytest.param(
            {"canned": {"/i/v0/e/": Canned(200, '{"status": 1, "quota_limited": ["events"]}')}},
            ["quota for events is used up"], id="quota in the answer of capture",
        ),
        pytest.param(
            {"canned": {"/i/v0/e/": Canned(200, '{"status": 1, "quota_limited": ["recordings"]}')}}, [], id="other"
        ),
    ],
)  # fmt: skip
def test_lag_is_explained_where_it_can_be(settings: dict[str, Any], notes: list[str], run: Run, start: Start) -> None:
    verdict = run(start(complete(lag=99, **settings)))
    assert verdict.status == "skipped"
    found = verdict.detail.get("notes", [])
    assert len(found) == len(notes), found
    for note, says in zip(found, notes, strict=True):
        assert says in note
        assert note.isascii()


def test_what_is_seen_needs_no_explanation(run: Run, start: Start) -> None:
    own = start(complete(health=[{"kind": "ingestion_lag"}]))
    assert "notes" not in run(own).detail
    assert own.asked("/api/projects/42/health_issues/") == []


# --- --resume


@pytest.mark.parametrize("lag", [0, 1], ids=["at once", "after a wait"])
def test_resume_sends_nothing_and_looks_at_once(lag: int, run: Run, start: Start) -> None:
    own = start(complete(lag=lag))
    own.events.append((42, {"uuid": OLD, "event": TEST_EVENT}))
    verdict = run(own, resume=OLD.upper())
    assert verdict.status == "passed"
    assert verdict.reason == "the test event is readable in project 42 (Project 42)"
    assert own.asked("/i/") == []
    assert sum(run.slept) == 3 * lag


def test_resume_of_what_is_not_there_can_be_resumed_again(run: Run, start: Start) -> None:
    verdict = run(start(complete()), resume=OLD)
    assert verdict.status == "skipped"
    assert verdict.detail["next"] == f"posthog-wizard verify --resume {OLD}"


def test_resume_needs_no_token_when_the_project_is_named(run: Run, start: Start) -> None:
    own = start(complete())
    own.events.append((42, {"uuid": OLD, "event": TEST_EVENT}))
    assert run(own, resume=OLD, token=None, project=42).status == "passed"
    assert own.asked("/flags/") == []


def test_resume_without_token_and_project_says_what_it_needs(run: Run, start: Start) -> None:
    verdict = run(start(complete()), resume=OLD, token=None)
    assert verdict.status == "skipped"
    assert "--project-id" in verdict.detail["hint"]


@pytest.mark.parametrize("text", ["", "x", "01890000", f"{OLD}'; drop", "../../etc/passwd"])
def test_resume_takes_uuids_only(text: str) -> None:
    with pytest.raises(UsageError, match="not the uuid"):
        uuid_of(text)


@pytest.mark.parametrize("text", [OLD, OLD.upper(), OLD.replace("-", ""), f"{{{OLD}}}"])
def test_a_uuid_in_any_spelling(text: str) -> None:
    assert uuid_of(text) == OLD == str(uuid.UUID(OLD))


# --- sending again


@pytest.mark.parametrize(
    ("answers", "status", "tries"),
    [
        pytest.param([DOWN], "passed", 2, id="503 once"),
        pytest.param([DOWN, Canned(504)], "passed", 3, id="503, 504"),
        pytest.param([BUSY], "passed", 2, id="429 once"),
        pytest.param([DOWN] * 3, "skipped", 3, id="503 for good"),
        pytest.param([Canned(401, "no")], "failed", 1, id="401"),
        pytest.param([HTML], "skipped", 1, id="a web page"),
        pytest.param([Canned(403, "no")], "skipped", 1, id="403 of a proxy"),
        pytest.param([Canned(407)], "skipped", 1, id="407"),
        pytest.param([Canned(413, "too large")], "skipped", 1, id="413"),
    ],
)
def test_the_same_event_is_sent_again(answers: list[Canned], status: str, tries: int, run: Run, start: Start) -> None:
    own = start(complete(canned={"/i/v0/e/": [*answers]}))
    assert run(own).status == status
    sent = own.asked("/i/v0/e/")
    assert len(sent) == tries
    assert len({(r.json["uuid"], r.json["timestamp"], r.json["distinct_id"], r.json["event"]) for r in sent}) == 1


def test_a_wait_before_sending_again_is_told_and_follows_the_server(run: Run, start: Start) -> None:
    run(start(complete(canned={"/i/v0/e/": [BUSY]})))
    assert 7 in run.slept
    assert any("sending the same event again in 7 s" in line for line in run.said)


# --- reading


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        pytest.param({"later": 3}, "passed", "readable", id="202 first"),
        pytest.param({"canned": {"/api/projects/42/query/": [DOWN]}}, "passed", "8 s after", id="503 once"),
        pytest.param({"canned": {"/api/projects/42/query/": DOWN}}, "skipped", "not seen yet", id="503 for good"),
        pytest.param({"canned": {"/api/projects/42/query/": BUSY}}, "skipped", "limiting requests", id="429 for good"),
        pytest.param({"canned": {"/api/projects/42/query/": HTML}}, "skipped", "a web page", id="a web page"),
        pytest.param({"canned": {"/api/users/": HTML}}, "skipped", "a web page", id="a web page for @me"),
        pytest.param({"keys": {KEY: {"user:read", "project:read"}}}, "failed", "query:read", id="no query:read"),
        pytest.param({"keys": {}}, "failed", "does not accept", id="unknown key"),
        pytest.param({"scoped": [7]}, "failed", "access", id="limited to another project"),
    ],
)  # fmt: skip
def test_reading(settings: dict[str, Any], status: str, says: str, run: Run, start: Start) -> None:
    verdict = run(start(complete(**settings)))
    assert (verdict.status, says in verdict.reason) == (status, True), verdict


def test_capture_that_takes_unknown_tokens_proves_nothing(run: Run, start: Start) -> None:
    """flags say nothing, capture says 200 to everybody: without the event in the project, nothing is proven."""
    canned: dict[str, Any] = {"/flags/": DOWN, "/array/": DOWN, "/i/v0/e/": Canned(200, '{"status": "Ok"}')}
    assert run(start(complete(canned=canned))).status == "skipped"


# --- localhost


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        pytest.param([LOCAL], "$host", id="default of PostHog"),
        pytest.param([{"key": "$internal_or_test_user", "operator": "is_not", "value": ["true"]}], "$int", id="marked"),
        pytest.param([{**LOCAL, "value": ["localhost:3000"], "operator": "is_not"}], "$host", id="list of values"),
        pytest.param([LOCAL, {**LOCAL, "key": "$current_url"}], "$host and $current_url", id="two"),
        pytest.param([{"key": "email", "operator": "not_icontains", "value": "@acme.com"}], None, id="colleagues"),
        pytest.param([{**LOCAL, "operator": "regex"}], None, id="only localhost"),
        pytest.param([], None, id="none"),
        pytest.param(None, None, id="null"),
        pytest.param(["x", 7, {"key": None, "value": None}], None, id="of wrong types"),
    ],
)  # fmt: skip
def test_filters_that_hide_localhost_are_told(filters: Any, told: str | None, run: Run, start: Start) -> None:
    verdict = run(start(complete(project_fields={42: {"test_account_filters": filters}})))
    assert verdict.status == "passed"
    notes = verdict.detail.get("notes", [])
    assert len(notes) == (told is not None)
    if told:
        assert "Filter out internal and test users" in notes[0]
        assert told in notes[0]
