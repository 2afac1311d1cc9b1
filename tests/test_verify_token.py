"""The link `token`: token, host, region and project as facts of their own, and the exact fix for each mismatch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fake_posthog import DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog, complete, region
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts
from wizard.posthog.tokens import FRESH, mask
from wizard.verify.token import Connection, token_link
from wizard.verify.verdicts import Waits, Wanted

Start = Callable[[FakePostHog], FakePostHog]

OTHER = "phc_other" + "y" * 30
WITH_KEY = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY}
NO_API: dict[str, Any] = {"/api/": Canned(404, "not found")}


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield stack.enter_context


def link(hosts: Hosts, **more: Any) -> Connection:
    waits = Waits(request=LIMIT, query=LIMIT, looks=(3.0,), sleep=lambda seconds: None)
    given = {"token": TOKEN, "env": {}, "say": lambda line: None, "waits": waits, "regions": {}, **more}
    found = token_link(Wanted(hosts=hosts, **given))
    text = json.dumps(dict(found.verdict.detail)) + repr(found)
    assert KEY not in text
    assert TOKEN not in text
    assert found.verdict.reason.isascii()
    return found


def test_the_facts_are_apart(start: Start) -> None:
    us = start(complete())
    verdict = link(us.hosts("us"), regions={"us": us.hosts("us")}, env=WITH_KEY).verdict
    network = verdict.detail.pop("network")  # type: ignore[attr-defined]
    assert [row["role"] for row in network] == ["ingest", "assets", "app"]
    assert verdict.detail == {
        "token": mask(TOKEN),
        "host": us.url,
        "app_host": us.url,
        "region": "us",
        "project": {"id": 42, "name": "Project 42"},
    }


# --- regions


@pytest.mark.parametrize(
    ("host_set", "hint"),
    [
        ("", "Run again with --region eu"),
        (
            "NEXT_PUBLIC_POSTHOG_HOST in .env.local",
            "Set NEXT_PUBLIC_POSTHOG_HOST in .env.local to {eu}, here and where",
        ),
    ],
    ids=["nobody knows where it is set", "an env file has it"],
)
def test_another_region_is_named_with_both_hosts_and_the_fix(host_set: str, hint: str, start: Start) -> None:
    us, eu = start(region(False)), start(region(True))
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    verdict = link(regions["us"], regions=regions, host_set=host_set).verdict
    assert verdict.status == "failed"
    assert f"belongs to the EU region ({eu.url}), not to US ({us.url})" in verdict.reason
    assert hint.format(eu=eu.url) in verdict.detail["hint"]
    assert (verdict.detail["host"], verdict.detail["region"]) == (us.url, "eu")


@pytest.mark.parametrize(
    ("known_after", "slept", "status"),
    [
        pytest.param(0, (), "passed", id="known at once"),
        pytest.param(2, FRESH[:2], "passed", id="known at the third look"),
        pytest.param(99, FRESH, "failed", id="never known"),
    ],
)
def test_a_token_made_a_moment_ago_is_asked_about_for_a_minute(
    known_after: int, slept: tuple[float, ...], status: str, start: Start
) -> None:
    us, eu = start(region(known_after == 0)), start(region(False))
    waited: list[float] = []
    said: list[str] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == known_after:
            us.tokens[TOKEN] = 1

    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    waits = Waits(request=LIMIT, query=LIMIT, sleep=sleep)
    verdict = link(regions["us"], regions=regions, waits=waits, fresh=True, say=said.append).verdict
    assert (verdict.status, tuple(waited)) == (status, slept)
    assert sum(FRESH) == 60
    assert sum("at most 60 s" in line for line in said) == len(slept)


@pytest.mark.parametrize(
    ("us", "eu", "fresh"),
    [
        pytest.param(region(False), region(False), False, id="not new"),
        pytest.param(region(False), region(True), True, id="of the other region"),
        pytest.param(region(True, flags=DOWN, array=DOWN), region(False), True, id="nothing known"),
    ],
)
def test_no_other_token_is_waited_for(us: FakePostHog, eu: FakePostHog, fresh: bool, start: Start) -> None:
    regions = {"us": start(us).hosts("us"), "eu": start(eu).hosts("eu")}

    def sleep(seconds: float) -> None:
        raise AssertionError("waited")

    link(regions["us"], regions=regions, fresh=fresh, waits=Waits(request=LIMIT, query=LIMIT, sleep=sleep))


# --- reverse proxies


@pytest.mark.parametrize(
    ("proxy", "us", "eu", "status", "found", "says"),
    [
        pytest.param({}, False, True, "passed", "eu", "proxy that leads to PostHog Cloud EU", id="leads to EU"),
        pytest.param({}, True, False, "passed", "us", "proxy that leads to PostHog Cloud US", id="leads to US"),
        pytest.param({}, False, False, "passed", None, "accepts the token", id="leads elsewhere: nothing to prove"),
        pytest.param({}, True, True, "passed", None, "accepts the token", id="both know it: proves nothing"),
        pytest.param(
            {"/flags/": Canned(401, "unknown")}, False, True, "failed", "eu",
            "the token belongs to the EU region, but 127.0.0.1", id="leads to the wrong region",
        ),
        pytest.param(
            {"/flags/": Canned(401, "unknown")}, False, False, "failed", None, "does not know the token", id="invalid"
        ),
        pytest.param(
            {"/flags/": Canned(404, "no"), "/array/": Canned(404, "no")}, True, False, "skipped", "us",
            "no PostHog at this address; the token belongs to the US region", id="passes nothing on",
        ),
    ],
)  # fmt: skip
def test_a_reverse_proxy_is_known_by_the_token_that_passes(
    proxy: dict[str, Any], us: bool, eu: bool, status: str, found: str | None, says: str, start: Start
) -> None:
    own = start(FakePostHog(tokens={TOKEN: 1}, canned={**NO_API, **proxy}))
    regions = {"us": start(region(us)).hosts("us"), "eu": start(region(eu)).hosts("eu")}
    connection = link(own.hosts(), regions=regions)
    verdict = connection.verdict
    assert (verdict.status, verdict.detail.get("region")) == (status, found)
    assert says in verdict.reason
    assert connection.hosts.app == (regions[found].app if found else own.url)
    assert connection.hosts.ingest == own.url
    if status == "failed" and found:
        assert regions[found].ingest in verdict.detail["hint"]
        assert "Host header" in verdict.detail["hint"]


def test_an_own_instance_asks_no_region(start: Start) -> None:
    own, us = start(complete()), start(region(True))
    assert link(own.hosts(), regions={"us": us.hosts("us")}).verdict.status == "passed"
    assert us.requests == []


def test_behind_a_proxy_the_key_goes_to_the_region_and_never_to_the_proxy(start: Start) -> None:
    own, us = start(FakePostHog(tokens={TOKEN: 42}, canned=NO_API)), start(complete())
    connection = link(own.hosts(), regions={"us": us.hosts("us")}, env=WITH_KEY, host_read=True)
    assert connection.owner is not None
    assert connection.owner.project.id == 42
    assert not any("Authorization" in request.headers for request in own.requests)
    assert any("Authorization" in request.headers for request in us.requests)


# --- filters beside the verdict


def test_a_filter_of_ingestion_alone_is_told_with_what_it_means_for_browsers(start: Start) -> None:
    ingest, rest = start(FakePostHog(canned={"/": HTML})), start(complete())
    hosts = Hosts(ingest.url, rest.url, rest.url, "us")
    verdict = link(hosts, regions={"us": hosts}).verdict
    assert verdict.status == "passed", "the asset host is the second witness"
    assert "events of browsers on this network are lost too" in verdict.detail["warning"]
    assert [row["reached"] for row in verdict.detail["network"]] == [False, True, True]


@pytest.mark.parametrize(
    ("flags", "array", "named", "dropped"),
    [
        pytest.param('{"flags": {}, "quotaLimited": ["feature_flags"]}', None, ["feature_flags"], False, id="flags"),
        pytest.param(None, ["events"], ["events"], True, id="config: events"),
        pytest.param('{"flags": {}, "quotaLimited": ["a"]}', ["recordings", "a"], ["a", "recordings"], False, id="2"),
        pytest.param(402, None, ["feature_flags"], False, id="402"),
        pytest.param('{"flags": {}, "quotaLimited": "all"}', None, None, False, id="of a wrong type"),
        pytest.param('{"flags": {}, "quotaLimited": []}', None, None, False, id="none"),
    ],
)  # fmt: skip
def test_quota_is_named(
    flags: str | int | None, array: list[str] | None, named: list[str] | None, dropped: bool, start: Start
) -> None:
    own = start(complete())
    if isinstance(flags, int):
        own.canned["/flags/"] = Canned(flags, "quota")
    elif flags:
        own.canned["/flags/"] = Canned(200, flags)
    if array is not None:
        own.canned["/array/"] = Canned(200, json.dumps({"token": TOKEN, "quotaLimited": array}))
    verdict = link(own.hosts()).verdict
    assert verdict.status == "passed"
    assert verdict.detail.get("quota") == named
    assert ("quota is used up" in verdict.detail.get("warning", "")) is bool(named)
    assert ("Events are taken and dropped" in verdict.detail.get("warning", "")) is dropped


# --- whose project it is


def owned(**settings: Any) -> FakePostHog:
    return complete(**{"tokens": {TOKEN: 42, OTHER: 7}, **settings})


def test_another_project_than_the_named_one_fails_with_both_names(start: Start) -> None:
    own = start(owned(project_fields={42: {"name": "Shop"}, 7: {"name": "Blog\x1b[2J"}}))
    verdict = link(own.hosts(), env=WITH_KEY, project=7).verdict
    assert verdict.status == "failed"
    assert verdict.reason.startswith("the token belongs to project 42 (Shop), not to project 7 (Blog")
    assert "--project-id 42" in verdict.detail["hint"]
    assert f"{own.url}/project/7/settings/project" in verdict.detail["hint"]


def test_a_token_of_a_project_out_of_sight_is_not_that_of_the_named_one(start: Start) -> None:
    own = start(owned(scoped=[7], current=7))
    verdict = link(own.hosts(), env=WITH_KEY, project=7).verdict
    assert verdict.status == "failed"
    assert verdict.reason == "the token belongs to another project, not to project 7 (Project 7), which you named"
    assert "--project-id" not in verdict.detail["hint"]


@pytest.mark.parametrize(
    ("settings", "project", "note"),
    [
        pytest.param({}, None, False, id="current"),
        pytest.param({}, 42, False, id="named"),
        pytest.param({"current": 7}, None, True, id="another is current"),
        pytest.param({"current": 7}, 42, False, id="named, another is current"),
        pytest.param({"keys": {KEY: {"query:read"}}}, 42, False, id="nothing but query:read"),
        pytest.param({"keys": {KEY: {"query:read"}}}, 7, False, id="nothing but query:read, so believed"),
        pytest.param({"keys": {KEY: {"user:read"}}}, None, False, id="user:read alone"),
    ],
)
def test_the_right_project_passes(settings: dict[str, Any], project: int | None, note: bool, start: Start) -> None:
    connection = link(start(owned(**settings)).hosts(), env=WITH_KEY, project=project)
    assert connection.verdict.status == "passed"
    assert connection.owner is not None
    assert connection.verdict.detail["project"]["id"] == (project or 42)
    notes = connection.verdict.detail.get("notes", [])
    assert [("project 7 (Project 7)" in n, "project 42 (Project 42)" in n) for n in notes] == [(True, True)] * note


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        pytest.param({"keys": {}}, 401, "does not accept", id="unknown key"),
        pytest.param({"keys": {KEY: {"query:read"}}}, 403, "lacks the scope", id="scopes"),
        pytest.param({"canned": {"/api/users/": DOWN}}, 503, "a problem of its own", id="503"),
        pytest.param({"current": 7, "scoped": [7]}, 0, "limited to: project 7 (Project 7)", id="limited"),
    ],
)
def test_what_keeps_us_from_the_owner_is_no_fault_of_the_token(
    settings: dict[str, Any], status: int, says: str, start: Start
) -> None:
    connection = link(start(owned(**settings)).hosts(), env=WITH_KEY)
    assert connection.verdict.status == "passed"
    assert connection.trouble is not None
    assert connection.trouble.status == status
    assert says in connection.trouble.message


@pytest.mark.parametrize(
    "body",
    ["[]", "null", '{"id": "x"}', '{"id": 42}', '{"id": 42, "name": null, "api_token": 7, "test_account_filters": 3}'],
)
def test_a_project_of_any_shape(body: str, start: Start) -> None:
    own = start(complete(canned={"/api/projects/42/": Canned(200, body)}))
    assert link(own.hosts(), env=WITH_KEY).verdict.status == "passed"


# --- who may ask


def test_a_saved_login_counts(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    own = start(complete(keys={"pha_" + "L0gin" * 6: {"*"}}))
    monkeypatch.setattr(
        "wizard.verify.token.access_for",
        lambda env, hosts, host_read, say: Access("pha_" + "L0gin" * 6, hosts, "login"),
    )
    said: list[str] = []
    connection = link(own.hosts(), say=said.append)
    assert connection.access is not None
    assert connection.access.kind == "login"
    assert connection.owner is not None
    assert any("with the login" in line for line in said)


@pytest.mark.parametrize("same", [True, False], ids=["for this host", "for another host"])
def test_what_the_user_logged_in_with_a_moment_ago_serves_this_host_only(same: bool, start: Start) -> None:
    own, other = start(complete()), start(complete())
    connection = link(own.hosts(), access=(own if same else other).access())
    assert (connection.access is not None) is same
    assert not any("Authorization" in request.headers for request in other.requests)
    assert any("Authorization" in request.headers for request in own.requests) is same


def test_no_key_goes_to_a_host_that_only_the_project_names(start: Start) -> None:
    own = start(complete())
    connection = link(own.hosts(), env=WITH_KEY, host_read=True)
    assert connection.access is None
    assert "which only the project names" in connection.refused
    assert not any("Authorization" in request.headers for request in own.requests)


def test_without_a_token_nobody_is_asked(start: Start) -> None:
    own = start(complete())
    verdict = link(own.hosts(), token=None, env=WITH_KEY).verdict
    assert (verdict.status, own.requests) == ("skipped", [])
