"""Queries, dashboards, insights, definitions, annotations and health issues against a whole PostHog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fake_posthog import DOWN, KEY, Canned, FakePostHog, complete
from wizard.posthog import dashboards, definitions, health, insights, query
from wizard.posthog.annotations import LONGEST, annotate
from wizard.posthog.failures import ApiError
from wizard.posthog.private_api import project_of

TAG = "posthog-wizard"
TREND = {"kind": "InsightVizNode", "source": {"kind": "TrendsQuery", "series": []}}


@pytest.fixture(scope="module")
def server() -> Iterator[FakePostHog]:
    with complete() as running:
        yield running


@pytest.fixture
def fake(server: FakePostHog) -> Iterator[FakePostHog]:
    before = dict(vars(complete()))
    yield server
    for name, value in before.items():
        setattr(server, name, value)


# --- queries


def test_rows(fake: FakePostHog) -> None:
    fake.query_answers["from events"] = (["event", "count()"], [["signup", 3]])
    found = query.run(fake.access(), 42, "select event, count() from events where x = {x}", {"x": 1}, fresh=True)
    assert found == query.Rows(("event", "count()"), (("signup", 3),))
    (asked,) = fake.asked("/api/projects/42/query/")
    assert asked.json["refresh"] == "force_blocking"
    assert asked.json["query"]["values"] == {"x": 1}


def test_a_cached_answer_will_do_unless_it_must_be_fresh(fake: FakePostHog) -> None:
    query.run(fake.access(), 42, "select 1")
    assert fake.requests[0].json["refresh"] == "blocking"


@pytest.mark.parametrize("later", [1, 2, 5])
def test_an_answer_that_comes_later_is_followed(later: int, fake: FakePostHog) -> None:
    fake.later, fake.query_answers = later, {"select": (["a"], [[1]])}
    told: list[str] = []
    access = fake.access(pause=lambda seconds, why: told.append(why))
    assert query.run(access, 42, "select 1").rows == ((1,),)
    assert len(told) == later
    assert "looking again in 0.5 s" in told[0]


def test_an_answer_that_never_comes_is_left(fake: FakePostHog) -> None:
    fake.later = 1000
    with pytest.raises(ApiError, match="did not finish the query in time") as caught:
        query.run(fake.access(), 42, "select 1")
    assert caught.value.passing
    assert len(fake.requests) == 1 + len(query.DELAYS)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"results": [], "error": f"no such column {KEY}"}, "the query failed: no such column phx_..."),
        ({"query_status": {"id": "q", "complete": True, "error": True, "error_message": "Timeout"}}, "failed: Timeout"),
        ({"query_status": {"id": "q", "complete": True, "error": True}}, "the query failed: it says no reason"),
        ({"query_status": {"id": "q", "complete": True, "results": None}}, "not answer like PostHog's query API"),
        ({"query_status": {"id": "../x", "complete": False}}, "is not an id"),
        ({"query_status": {"complete": False}}, "is not an id"),
    ],
    ids=["error", "status error", "no reason", "no results", "odd id", "no id"],
)
def test_a_query_that_fails(answer: Any, says: str, fake: FakePostHog) -> None:
    fake.canned["/api/projects/42/query/"] = Canned(200, json.dumps(answer))
    with pytest.raises(ApiError, match=says):
        query.run(fake.access(), 42, "select 1")


def test_bad_hogql_is_quoted(fake: FakePostHog) -> None:
    words = {"type": "validation_error", "code": "illegal_hogql", "detail": "Unable to resolve field: nope"}
    fake.canned["/api/projects/42/query/"] = Canned(400, json.dumps(words))
    with pytest.raises(ApiError, match="Unable to resolve field: nope") as caught:
        query.run(fake.access(), 42, "select nope from events")
    assert caught.value.code == "illegal_hogql"


def test_a_query_is_repeated_when_the_server_breaks_down(fake: FakePostHog) -> None:
    fake.canned["/api/projects/42/query/"] = [DOWN, Canned(429, "{}")]
    assert query.run(fake.access(), 42, "select 1").rows == ()
    assert len(fake.requests) == 3


# --- dashboards and insights


@pytest.mark.parametrize("tags", ["kept", "ignored", "refused"])
def test_a_dashboard_is_found_again_whatever_becomes_of_its_tags(tags: Any, fake: FakePostHog) -> None:
    fake.tags = tags
    access = fake.access()
    assert dashboards.find(access, 42, "Start", TAG) is None
    made = dashboards.create(access, 42, "Start", f"Made by {TAG} for you", [TAG])
    assert made.tags == ((TAG,) if tags == "kept" else ())
    assert made.url == f"{fake.url}/project/42/dashboard/{made.id}"
    again = dashboards.find(access, 42, "Start", TAG)
    assert again
    assert again.id == made.id
    assert len(fake.dashboards) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "start", "tags": [TAG]},
        {"name": "Start", "tags": ["mine"], "description": TAG},
        {"name": "Start", "description": f"not-{TAG}"},
        {"name": "Start", "tags": [TAG], "deleted": True},
        {"name": "Start", "tags": [TAG], "team": 7},
    ],
    ids=["another name", "tagged otherwise", "another word", "deleted", "another project"],
)
def test_a_dashboard_of_somebody_else_is_not_ours(other: dict[str, Any], fake: FakePostHog) -> None:
    fake.dashboards[1] = {"id": 1, "team": 42, "deleted": False, "tags": [], "description": "", "tiles": [], **other}
    assert dashboards.find(fake.access(), 42, "Start", TAG) is None


def test_a_version_that_lists_deleted_dashboards(fake: FakePostHog) -> None:
    gone = {"id": 1, "name": "Start", "tags": [TAG], "deleted": True}
    fake.canned["GET /api/projects/42/dashboards/?"] = Canned(200, json.dumps({"results": [gone]}))
    assert dashboards.find(fake.access(), 42, "Start", TAG) is None


def test_a_version_that_lists_deleted_insights(fake: FakePostHog) -> None:
    gone = {"id": 1, "name": "Daily", "short_id": "abc", "deleted": True}
    fake.canned["GET /api/projects/42/insights/?"] = Canned(200, json.dumps({"results": [gone]}))
    assert insights.find(fake.access(), 42, "Daily") is None


def test_a_dashboard_on_a_later_page_is_found(fake: FakePostHog) -> None:
    access = fake.access()
    for number in range(5):
        dashboards.create(access, 42, f"Board {number}")
    found = dashboards.find(access, 42, "Board 4")
    assert found
    assert found.name == "Board 4"


def test_a_whole_dashboard(fake: FakePostHog) -> None:
    access = fake.access()
    board = dashboards.create(access, 42, "Start", "", [TAG])
    made = [insights.create(access, 42, name, "x" * 500, TREND, board.id) for name in ("One", "Two")]
    assert dashboards.add_text(access, 42, board.id, "How to edit this " + "x" * 5000)
    one, two, words = dashboards.get(access, 42, board.id).tiles
    assert ([one.insight, two.insight], words.text[:3]) == ([m.id for m in made], "How")
    assert dashboards.arrange(access, 42, board.id, [words.id, one.id, two.id])
    tiles = fake.dashboards[board.id]["tiles"]
    assert [tile["id"] for tile in tiles] == [words.id, one.id, two.id]
    assert [tile["layouts"]["sm"]["x"] for tile in tiles] == [0, 6, 0]
    assert all(len(insight["description"]) <= 400 for insight in fake.insights.values())


def test_an_old_instance_has_no_texts_and_no_order(fake: FakePostHog) -> None:
    fake.old = True
    board = dashboards.create(fake.access(), 42, "Start")
    assert not dashboards.add_text(fake.access(), 42, board.id, "hello")
    assert not dashboards.arrange(fake.access(), 42, board.id, [])


def test_a_deleted_dashboard_is_not_there(fake: FakePostHog) -> None:
    board = dashboards.create(fake.access(), 42, "Start")
    fake.dashboards[board.id]["deleted"] = True
    with pytest.raises(ApiError, match="was deleted") as caught:
        dashboards.get(fake.access(), 42, board.id)
    assert caught.value.status == 404


def test_an_order_that_forgets_a_tile_is_refused_in_posthogs_words(fake: FakePostHog) -> None:
    board = dashboards.create(fake.access(), 42, "Start")
    with pytest.raises(ApiError, match="field tile_order"):
        dashboards.arrange(fake.access(), 42, board.id, [5])


@pytest.mark.parametrize("tells", [True, False], ids=["old", "new"])
def test_an_insight_is_found_again_on_its_dashboard(tells: bool, fake: FakePostHog) -> None:
    fake.tells_dashboards = tells
    access = fake.access()
    here, there = (dashboards.create(access, 42, name).id for name in ("Here", "There"))
    made = insights.create(access, 42, "Daily users", "", TREND, here)
    assert made.dashboards == (here,)
    assert fake.asked("/api/projects/42/insights/", "POST")[0].path.endswith("?include_dashboards=true")
    assert made.url == f"{fake.url}/project/42/insights/{made.short_id}"
    assert insights.find(access, 42, "Daily users", here) == made
    assert insights.find(access, 42, "Daily users") == made
    assert insights.find(access, 42, "Daily users", there) is None
    assert insights.find(access, 42, "Daily", here) is None


@pytest.mark.parametrize("attr", ["saved", "tags"])
def test_a_field_that_the_server_does_not_know_is_left_out(attr: str, fake: FakePostHog) -> None:
    words = {"type": "validation_error", "code": "invalid", "detail": "Unknown field", "attr": attr}
    fake.canned["POST /api/projects/42/insights/"] = [Canned(400, json.dumps(words))]
    insights.create(fake.access(), 42, "Daily", "", TREND, tags=[TAG])
    first, second = fake.asked("/api/projects/42/insights/", "POST")
    assert first.json.keys() - second.json.keys() == {attr}


@pytest.mark.parametrize(
    ("canned", "says"),
    [
        (Canned(400, '{"code": "invalid", "attr": "query", "detail": "Bad"}'), "field query"),
        (Canned(402, '{"detail": "No insights in this plan"}'), "the plan"),
        (Canned(403, '{"detail": "API key missing required scope \'insight:write\'"}'), "insight:write"),
        (DOWN, "a problem of its own"),
    ],
    ids=["query", "plan", "scope", "down"],
)
def test_other_refusals_of_an_insight_stay(canned: Canned, says: str, fake: FakePostHog) -> None:
    fake.canned["POST /api/projects/42/insights/"] = canned
    with pytest.raises(ApiError, match=says):
        insights.create(fake.access(), 42, "Daily", "", TREND, tags=[TAG])
    assert fake.insights == {}


# --- definitions, annotations, health


def test_event_definitions(fake: FakePostHog) -> None:
    fake.definitions = [{"name": f"event {n}", "id": f"u{n}"} for n in range(5)] + [{"name": "other"}]
    assert len(definitions.event_definitions(fake.access(), 42)) == 6
    assert [d.name for d in definitions.event_definitions(fake.access(), 42, "EVENT 3")] == ["event 3"]


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_an_event_is_described_before_and_after_it_came(old: bool, fake: FakePostHog) -> None:
    fake.old = old
    access = fake.access()
    made = definitions.describe(access, 42, "signup", "Somebody signed up", tags=[TAG])
    assert (made.description, made.tags) == ("Somebody signed up", (TAG,))
    fake.definitions.append({"name": "came", "id": "u-1", "description": "", "tags": ["mine"]})
    assert definitions.describe(access, 42, "came", "It came", tags=[TAG]).tags == ("mine", TAG)
    assert len(fake.definitions) == 2


def test_a_description_of_the_user_is_kept(fake: FakePostHog) -> None:
    fake.definitions = [{"name": "signup", "id": "u", "description": "Mine"}]
    assert definitions.describe(fake.access(), 42, "signup", "Ours").description == "Mine"
    assert fake.asked("/api/", "PATCH") == fake.asked("/api/", "POST") == []


def test_descriptions_without_tags_where_the_plan_has_none(fake: FakePostHog) -> None:
    fake.tags = "refused"
    assert definitions.describe(fake.access(), 42, "signup", "Somebody signed up", tags=[TAG]).tags == ()


def test_descriptions_that_the_plan_does_not_have(fake: FakePostHog) -> None:
    fake.canned["POST /api/projects/42/event_definitions/"] = Canned(402, '{"detail": "Upgrade"}')
    with pytest.raises(ApiError) as caught:
        definitions.describe(fake.access(), 42, "signup", "x")
    assert caught.value.status == 402


def test_a_mark_in_time(fake: FakePostHog) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert annotate(fake.access(), 42, "PostHog was set up" + "!" * 9000, when) == 1
    (mark,) = fake.annotations
    assert (mark["date_marker"], mark["creation_type"], mark["scope"]) == (
        "2026-01-02T03:04:05+00:00",
        "GIT",
        "project",
    )
    assert len(mark["content"]) == LONGEST


def test_health_issues_are_asked_for_as_active(fake: FakePostHog) -> None:
    fake.health = [{"kind": "no_live_events", "severity": "warning"}]
    assert [issue.kind for issue in health.health_issues(fake.access(), 42)] == ["no_live_events"]
    assert "status=active&dismissed=false" in fake.requests[0].path


def test_an_old_instance_knows_no_health(fake: FakePostHog) -> None:
    fake.old = True
    with pytest.raises(ApiError) as caught:
        health.health_issues(fake.access(), 42)
    assert caught.value.status == 404


# --- whose token


def test_the_project_of_a_token_is_found_on_a_later_page(fake: FakePostHog) -> None:
    fake.tokens |= {f"phc_{n}": n for n in range(50, 57)}
    assert project_of("phc_56", fake.access()) == 56
    with pytest.raises(ApiError, match="has this project token"):
        project_of("phc_foreign", fake.access())
