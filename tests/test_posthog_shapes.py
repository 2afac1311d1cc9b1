"""Recorded shapes: what PostHog's versions answer, and answers that are broken, as typed results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fake_posthog import TOKEN, Canned, FakePostHog, complete
from wizard.posthog import dashboards, definitions, health, insights, private_api, projects, query, users
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import cloud
from wizard.posthog.http import Reply
from wizard.posthog.projects import Organization, Project, Settings

ORG, TEAM = {"id": "0190-org", "name": "Org", "membership_level": 8}, {"id": 42, "name": "Shop", "api_token": TOKEN}
SHOP = Project(42, "Shop", TOKEN)
BOARD = {"id": 7, "name": "Start", "tags": ["posthog-wizard"], "tiles": [], "description": "d"}
JANUARY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WRONG: tuple[Any, ...] = (None, 7, "text", True, [], {}, [None], [[1]], {"id": None}, {"id": "x"}, 1.5)


Served = Callable[[Any], Access]


def body(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakePostHog]:
    with complete() as running:
        yield running


@pytest.fixture
def served(fake: FakePostHog) -> Iterator[Served]:
    """An access to a PostHog that answers everything with this one value."""

    def serve(value: Any) -> Access:
        fake.canned["/"] = Canned(200, body(value), {"Content-Type": "application/json"})
        return fake.access()

    yield serve
    fake.canned.clear()


def page(*results: Any, **more: Any) -> dict[str, Any]:
    return {"count": len(results), "next": None, "previous": None, "results": list(results), **more}


def user(access: Access) -> Any:
    return users.me(access)


def settings(access: Access) -> Any:
    return projects.settings(access, 42)


def limits(access: Access) -> Any:
    found = users.limits(access)
    return found.scopes, found.projects


def login_limits(access: Access) -> Any:
    return limits(Access("pha_" + "x" * 30, access.hosts, "login"))


def organizations(access: Access) -> Any:
    return projects.organizations(access)


def listed_projects(access: Access) -> Any:
    return projects.projects(access)


def one_project(access: Access) -> Any:
    return projects.project(access, 42)


def rows(access: Access) -> Any:
    return query.run(access, 42, "select 1")


def board(access: Access) -> Any:
    found = dashboards.get(access, 42, 7)
    return found.name, found.tags, found.tiles


def insight(access: Access) -> Any:
    found = insights.create(access, 42, "Daily", "", {"kind": "TrendsQuery"}, 7)
    return found.id, found.short_id, found.dashboards


def events(access: Access) -> Any:
    return definitions.event_definitions(access, 42)


def issues(access: Access) -> Any:
    return health.health_issues(access, 42)


Read = Callable[[Access], Any]
RECORDED: dict[str, tuple[Read, Any, Any]] = {
    "user": (
        user,
        {"email": "a@b.c", "first_name": "Ada", "team": TEAM, "organization": ORG, "organizations": [ORG, ORG]},
        users.User("a@b.c", "Ada", Organization("0190-org", "Org", 8), SHOP, (Organization("0190-org", "Org", 8),)),
    ),
    "user without a project": (
        user,
        {"email": "a@b.c", "first_name": "", "team": None, "organization": None, "organizations": []},
        users.User("a@b.c", ""),
    ),
    "user of odd types": (
        user,
        {"email": 5, "first_name": ["x"], "team": "42", "organization": {"id": 9}, "organizations": {"0": ORG}},
        users.User("", ""),
    ),
    "user, organizations not listed": (
        user,
        {"uuid": "u", "organization": {"id": "o", "name": None}},
        users.User("", "", Organization("o", "o"), None, (Organization("o", "o"),)),
    ),
    "key with scopes and projects": (
        limits,
        {"scopes": ["user:read", "query:read"], "scoped_teams": [42, 43], "scoped_organizations": None},
        ({"user:read", "query:read"}, (42, 43)),
    ),
    "key of old without scopes may do everything": (limits, {"scopes": None, "scoped_teams": None}, ({"*"}, ())),
    "key limits of odd types": (limits, {"scopes": "all", "scoped_teams": [True, None, "7", -1]}, ({"*"}, (7,))),
    "login introspected": (
        login_limits,
        {"active": True, "scope": "user:read query:read", "scoped_teams": [42]},
        ({"user:read", "query:read"}, (42,)),
    ),
    "login without scopes may do nothing": (login_limits, {"active": True, "scope": ""}, (set(), ())),
    "login of which nothing is told": (login_limits, {"active": True}, (None, ())),
    "organizations": (organizations, page(ORG, {"id": "b", "name": "B"}), ("0190-org", "b")),
    "organizations, some broken": (organizations, page(None, {"name": "no id"}, 5, ORG), ("0190-org",)),
    "projects": (listed_projects, page({**TEAM, "ingested_event": True, "is_demo": False, "timezone": "UTC"}), (SHOP,)),
    "projects as a bare list": (listed_projects, [TEAM], (SHOP,)),
    "project without a name or token": (one_project, {"id": "42"}, Project(42, "project 42", "")),
    "project, organization as an object": (
        one_project,
        {**TEAM, "organization": ORG, "ingested_event": "yes", "is_demo": None},
        Project(42, "Shop", TOKEN, "0190-org"),
    ),
    "settings": (
        settings,
        {
            "autocapture_opt_out": True,
            "session_recording_opt_in": True,
            "autocapture_exceptions_opt_in": False,
            "heatmaps_opt_in": None,
            "app_urls": ["https://a.b", None, ""],
            "test_account_filters": [{"key": "email"}, 5],
            "anonymize_ips": False,
            "secret_api_token": "phs_secret",
        },
        Settings(
            autocapture=False,
            session_replay=True,
            error_tracking=False,
            app_urls=("https://a.b",),
            test_account_filters=({"key": "email"},),
            anonymize_ips=False,
        ),
    ),
    "settings of an old instance": (settings, {"id": 42, "autocapture_opt_out": False}, Settings(autocapture=True)),
    "settings of odd types": (
        settings,
        {"autocapture_opt_out": "no", "app_urls": "x", "surveys_opt_in": 1},
        Settings(),
    ),
    "rows": (
        rows,
        {"columns": ["a", "b"], "results": [[1, None], ["x", [2]]], "hasMore": True, "error": None},
        query.Rows(("a", "b"), ((1, None), ("x", [2])), True),
    ),
    "no rows": (rows, {"results": []}, query.Rows((), ())),
    "rows in a query status": (
        rows,
        {"query_status": {"id": "q", "complete": True, "results": {"columns": ["a"], "results": [[1]]}}},
        query.Rows(("a",), ((1,),)),
    ),
    "rows of odd types": (rows, {"columns": "a", "results": [5, [1]], "hasMore": "x"}, query.Rows((), ((1,),))),
    "dashboard": (
        board,
        {
            **BOARD,
            "tiles": [
                {"id": 1, "insight": {"id": 5, "name": "Daily"}, "text": None},
                {"id": 2, "insight": None, "text": {"body": "hello"}},
                {"id": 3, "insight": {"id": 6}, "deleted": True},
            ],
        },
        ("Start", ("posthog-wizard",), (dashboards.Tile(1, 5, "Daily"), dashboards.Tile(2, None, "", "hello"))),
    ),
    "dashboard of odd types": (board, {"id": 7, "name": None, "tags": "x", "tiles": [None, {"id": "y"}]}, ("", (), ())),
    "insight that tells its dashboards": (insight, {"id": 5, "short_id": "abc", "dashboards": [7]}, (5, "abc", (7,))),
    "insight that tells its tiles": (
        insight,
        {"id": 5, "short_id": "abc", "dashboard_tiles": [{"id": 1, "dashboard_id": 7}, {}]},
        (5, "abc", (7,)),
    ),
    "insight that tells neither": (insight, {"id": 5, "short_id": None}, (5, "", ())),
    "event definitions": (
        events,
        page({"id": "u", "name": "signup", "last_seen_at": "2026-01-02T03:04:05Z", "tags": ["t"], "verified": True}),
        (definitions.EventDefinition("signup", JANUARY, None, "", ("t",), True, "u"),),
    ),
    "event definitions of an old instance": (
        events,
        page({"name": "$pageview", "volume_30_day": 5, "last_seen_at": "2026-01-02T03:04:05"}, {"name": ""}),
        (definitions.EventDefinition("$pageview", JANUARY),),
    ),
    "event definitions of odd types": (
        events,
        page({"name": "x", "last_seen_at": "yesterday", "description": 7, "tags": None, "verified": "no"}),
        (definitions.EventDefinition("x"),),
    ),
    "health issues, the worst first": (
        issues,
        page(
            {"kind": "sdk_outdated", "severity": "info", "payload": {"sdk": "web"}, "created_at": None},
            {"kind": "ingestion_lag", "severity": "critical", "status": "active", "dismissed": False, "payload": None},
            {"kind": "web_vitals", "severity": "warning", "status": "resolved"},
            {"kind": "reverse_proxy", "severity": "warning", "dismissed": True},
            {"kind": None},
        ),
        (health.HealthIssue("ingestion_lag", "critical"), health.HealthIssue("sdk_outdated", "info", {"sdk": "web"})),
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str, served: Served) -> None:
    read, answer, expected = RECORDED[name]
    found = read(served(answer))
    if name.startswith("organizations"):
        found = tuple(organization.id for organization in found)
    if name == "projects":
        found = tuple(Project(p.id, p.name, p.token) for p in found)
    assert found == expected


BROKEN = [*WRONG, "<html>", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"id": 7', ""]


@pytest.mark.parametrize("read", list(dict.fromkeys(read for read, _, _ in RECORDED.values())))
def test_whatever_comes_is_a_result_or_an_api_error(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access("phx_key", cloud("us"), pause=lambda seconds, why: None)
    for value in BROKEN:
        for answer in (value, {"results": value}, {"id": 7, "results": [value], "team": value, "query_status": value}):
            reply = Reply(200, {}, body(answer).encode())
            monkeypatch.setattr(private_api, "send", lambda *args, reply=reply, **more: reply)
            with suppress(ApiError):
                read(access)
