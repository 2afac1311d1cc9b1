"""Users, organizations, projects and settings against a whole PostHog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, KEY, TOKEN, Canned, FakePostHog, complete
from wizard.errors import Bug
from wizard.posthog import projects, users
from wizard.posthog.failures import ApiError
from wizard.posthog.settings import FIELDS, add_app_url, settings, switch, switch_on

LOGIN = "pha_" + "L0ginL0gin" * 3
FORBIDDEN = Canned(403, '{"code": "permission_denied", "detail": "API key missing required scope \'user:read\'"}')


@pytest.fixture(scope="module")
def server() -> Iterator[FakePostHog]:
    with complete() as running:
        yield running


@pytest.fixture
def fake(server: FakePostHog) -> Iterator[FakePostHog]:
    """One server for all that only asks, its knobs turned back each time."""
    before = dict(vars(complete()))
    yield server
    for name, value in before.items():
        setattr(server, name, value)


# --- who, and how far


def test_me(fake: FakePostHog) -> None:
    fake.organizations.append({"id": "two", "name": "Two", "membership_level": 1})
    user = users.me(fake.access())
    assert (user.email, user.name) == ("ada@example.com", "Ada")
    assert [(o.id, o.level) for o in user.organizations] == [("org", 15), ("two", 1)]
    assert user.project
    assert (user.project.id, user.project.token, user.project.has_events) == (42, TOKEN, False)
    assert TOKEN not in repr(user)
    assert "phs_" not in str(user)


def test_limits_of_a_key(fake: FakePostHog) -> None:
    fake.keys = {KEY: {"user:read", "query:read"}}
    fake.scoped = [42]
    access = users.limits(fake.access())
    assert (access.scopes, access.projects) == (frozenset({"user:read", "query:read"}), (42,))
    assert access.may("query:read")
    assert not access.may("project:read")


def test_limits_of_a_login(fake: FakePostHog) -> None:
    fake.keys = {LOGIN: {"insight:write"}}
    access = users.limits(fake.access(LOGIN, kind="login"))
    assert access.scopes == frozenset({"insight:write"})
    assert access.may("insight:read")
    (asked,) = fake.asked("/oauth/introspect")
    assert asked.json == {"token": LOGIN}
    assert LOGIN not in asked.path


def test_limits_of_a_login_where_the_path_has_no_slash(fake: FakePostHog) -> None:
    fake.keys = {LOGIN: {"insight:write"}}
    fake.canned["/oauth/introspect/"] = Canned(404, '{"detail": "Not found."}')
    assert users.limits(fake.access(LOGIN, kind="login")).scopes == frozenset({"insight:write"})


@pytest.mark.parametrize("canned", [Canned(404, '{"detail": "x"}'), FORBIDDEN, BUSY, DOWN, HTML], ids=str)
@pytest.mark.parametrize("kind", ["personal key", "login"])
def test_limits_that_nobody_tells_stay_unknown(canned: Canned, kind: Any, fake: FakePostHog) -> None:
    fake.canned = {"/api/personal": canned, "/oauth/": canned}
    access = fake.access(kind=kind)
    assert users.limits(access) == access


@pytest.mark.parametrize("kind", ["personal key", "login"])
def test_limits_of_a_dead_credential(kind: Any, fake: FakePostHog) -> None:
    fake.canned["/oauth/"] = Canned(200, '{"active": false}')
    with pytest.raises(ApiError) as caught:
        users.limits(fake.access("phx_other" if kind == "personal key" else KEY, kind=kind))
    assert caught.value.status == 401


# --- organizations and projects


def test_organizations_and_their_projects(fake: FakePostHog) -> None:
    fake.organizations.append({"id": "two", "name": "Two", "membership_level": 1})
    fake.tokens |= {f"phc_{n}": n for n in range(50, 55)}
    fake.in_organization = dict.fromkeys(range(50, 54), "two")
    access = fake.access()
    assert [o.name for o in projects.organizations(access)] == ["Org", "Two"]
    assert [p.id for p in projects.projects(access)] == [42, 54]
    assert [p.id for p in projects.projects(access, "two")] == [50, 51, 52, 53]
    assert projects.project(access, 50).organization == "two"
    assert projects.project(access, "@current").id == 42


def test_a_key_that_is_limited_to_projects_reads_them_one_by_one(fake: FakePostHog) -> None:
    fake.tokens |= {"phc_7": 7, "phc_8": 8}
    fake.scoped = [42, 8]
    access = users.limits(fake.access())
    assert [p.id for p in projects.projects(access)] == [42, 8]
    with pytest.raises(ApiError, match="no access to the project 7"):
        projects.project(access, 7)
    with pytest.raises(ApiError, match="about the whole organization"):
        projects.projects(fake.access())
    with pytest.raises(ApiError, match="about the whole organization"):
        projects.create(access, "org", "New")


@pytest.mark.parametrize(
    ("knobs", "name", "says"),
    [
        ({}, " pRoJeCt 42", "Project with this name already exists"),
        ({}, "  ", "may not be blank"),
        ({"projects_allowed": 1}, "New", "no room for another project"),
        ({"organizations": [{"id": "org", "name": "Org", "membership_level": 1}]}, "New", "only admins"),
        ({"keys": {KEY: {"project:read"}}}, "New", "lacks the scope project:write"),
        ({"forbids_keys": True}, "New", "does not allow personal API keys"),
    ],
    ids=["name taken", "no name", "plan", "member", "scope", "keys forbidden"],
)
def test_the_gates_of_creation(knobs: dict[str, Any], name: str, says: str, fake: FakePostHog) -> None:
    for knob, value in knobs.items():
        setattr(fake, knob, value)
    with pytest.raises(ApiError, match=says):
        projects.create(fake.access(), "org", name)
    assert list(fake.tokens.values()) == [42]


def test_a_created_project(fake: FakePostHog) -> None:
    fake.organizations[0]["membership_level"] = 1
    fake.members_may_create = True
    made = projects.create(fake.access(), "@current", "Shop")
    assert (made.name, fake.tokens[made.token], made.has_events) == ("Shop", made.id, False)


def test_a_creation_of_which_nothing_is_known_is_not_repeated(fake: FakePostHog) -> None:
    fake.canned["POST /api/organizations/"] = DOWN
    with pytest.raises(ApiError, match="a problem of its own"):
        projects.create(fake.access(), "org", "Shop")
    assert len(fake.asked("/api/organizations/", "POST")) == 1


# --- settings


@pytest.mark.parametrize("feature", FIELDS)
def test_a_switch_changes_one_field_and_no_other(feature: str, fake: FakePostHog) -> None:
    access = fake.access()
    for on in (True, False, True):
        before = settings(access, 42)
        fake.requests.clear()
        switch(access, 42, feature, on)
        (asked,) = fake.asked("/api/", "PATCH")
        assert asked.json == {FIELDS[feature]: on is not FIELDS[feature].endswith("_opt_out")}
        after = settings(access, 42)
        assert getattr(after, feature) is on
        assert [f for f in FIELDS if getattr(before, f) != getattr(after, f)] in ([], [feature])


@pytest.mark.parametrize("feature", FIELDS)
def test_switching_on_takes_the_narrowest_endpoint(feature: str, fake: FakePostHog) -> None:
    switch_on(fake.access(), 42, feature)
    narrow = feature in ("session_replay", "error_tracking")
    assert bool(fake.asked("/api/projects/42/product_enablement/")) is narrow
    assert bool(fake.asked("/api/", "PATCH")) is not narrow
    assert getattr(settings(fake.access(), 42), feature) is True


@pytest.mark.parametrize(
    "knobs",
    [
        {"old": True},
        {"keys": {KEY: {"project:write"}}},
        {"canned": {"POST /api/projects/42/product": Canned(400, '{"code": "invalid_choice", "attr": "products"}')}},
        {"canned": {"POST /api/projects/42/product": Canned(405, '{"code": "method_not_allowed"}')}},
    ],
    ids=["old instance", "wider scope only", "product unknown", "not allowed"],
)
def test_where_there_is_no_narrow_endpoint_one_field_is_patched(knobs: dict[str, Any], fake: FakePostHog) -> None:
    for knob, value in knobs.items():
        setattr(fake, knob, value)
    switch_on(fake.access(), 42, "session_replay")
    assert [request.json for request in fake.asked("/api/", "PATCH")] == [{"session_recording_opt_in": True}]


@pytest.mark.parametrize(
    ("knobs", "says", "patched"),
    [
        ({"keys": {KEY: {"project:read"}}}, "lacks the scope project:write", True),
        ({"scoped": [7]}, "no access to the project 42", False),
        ({"canned": {"/api/": Canned(402, '{"detail": "Upgrade"}')}}, "the plan", False),
    ],
    ids=["no scope", "another project", "plan"],
)
def test_what_may_not_be_switched_on(knobs: dict[str, Any], says: str, patched: bool, fake: FakePostHog) -> None:
    for knob, value in knobs.items():
        setattr(fake, knob, value)
    with pytest.raises(ApiError, match=says):
        switch_on(fake.access(), 42, "error_tracking")
    assert bool(fake.asked("/api/", "PATCH")) is patched
    assert fake.project_fields == {}


def test_a_known_lack_of_the_wider_scope_is_not_tried(fake: FakePostHog) -> None:
    fake.keys = {KEY: {"project:read"}}
    with pytest.raises(ApiError, match="lacks the scope product_enablement:write"):
        switch_on(users.limits(fake.access()), 42, "session_replay")
    assert fake.asked("/api/", "PATCH") == []


def test_there_is_no_such_feature(fake: FakePostHog) -> None:
    with pytest.raises(Bug):
        switch(fake.access(), 42, "telepathy", True)


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        ([], True, ["https://a.example"]),
        (None, True, ["https://a.example"]),
        (["https://b.example", None], True, ["https://b.example", None, "https://a.example"]),
        (["https://a.example/"], False, ["https://a.example/"]),
    ],
    ids=["none", "null", "others are kept", "there already"],
)
def test_an_authorized_url_is_added_to_the_others(before: Any, added: bool, after: Any, fake: FakePostHog) -> None:
    fake.project_fields[42] = {"app_urls": before}
    assert add_app_url(fake.access(), 42, "https://a.example") is added
    assert fake.project_fields[42]["app_urls"] == after


@pytest.mark.parametrize("answer", [{}, {"app_urls": "x"}, {"app_urls": {"a": 1}}], ids=str)
def test_urls_that_cannot_be_read_are_not_overwritten(answer: Any, fake: FakePostHog) -> None:
    fake.canned["GET /api/projects/42/"] = Canned(200, json.dumps(answer))
    with pytest.raises(ApiError, match="none was added"):
        add_app_url(fake.access(), 42, "https://a.example")
    assert fake.asked("/api/", "PATCH") == []


def test_a_setting_is_repeated_when_the_server_breaks_down(fake: FakePostHog) -> None:
    fake.canned["PATCH /api/"] = [DOWN]
    switch(fake.access(), 42, "heatmaps", True)
    assert settings(fake.access(), 42).heatmaps is True


def test_secrets_of_a_project_are_not_kept(fake: FakePostHog) -> None:
    kept = repr((projects.project(fake.access(), 42), settings(fake.access(), 42), users.me(fake.access())))
    assert "neverlogthis" not in kept
    assert TOKEN not in kept
