"""The starter dashboard: made once from what the app sends, found again, never put over what people did to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import DOWN, HTML, KEY, TOKEN, Canned, FakePostHog, complete
from tests.test_app_events import PACKAGE, PAGE
from wizard.answers import Answers
from wizard.apps import App
from wizard.cli import main
from wizard.commands.choose_apps import Picked
from wizard.commands.choose_project import Chosen
from wizard.commands.dashboard import after_setup
from wizard.console import Console
from wizard.dashboard import Outcome, create_for, name_of
from wizard.dashboard.record import _file, recorded
from wizard.errors import WizardError
from wizard.posthog.private_api import ApiError
from wizard.workspace import candidates, list_tree

INIT = """import posthog from "posthog-js";
posthog.init(KEY, { api_host: HOST, defaults: "2026-01-30", capture_exceptions: true });
"""
ALL = ["Active users", "Page views", "Top pages", "Funnel", "Retention", "Exceptions"]
INSIGHTS = "/api/projects/42/insights/"
SCOPES = {"dashboard:read", "dashboard:write", "insight:read", "insight:write"}


@pytest.fixture
def fake() -> Iterator[FakePostHog]:
    with complete() as running:
        yield running


def shop(root: Path, code: str = INIT, framework: str = "react-vite") -> App:
    """A shop for the browser whose entry file is `code`."""
    for name, text in {"package.json": PACKAGE, "index.html": PAGE, "src/main.tsx": code}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return App(candidates(list_tree(root))[0], framework, ())


def make(fake: FakePostHog, app: App, **more: Any) -> Outcome:
    return create_for(app, fake.access(), 42, token=TOKEN, **more)


def only(fake: FakePostHog) -> dict[str, Any]:
    """The one dashboard."""
    assert len(fake.dashboards) == 1
    return next(iter(fake.dashboards.values()))


def names(dashboard: dict[str, Any]) -> list[str]:
    return [tile["insight"]["name"] for tile in dashboard["tiles"] if tile["insight"]]


def query(fake: FakePostHog, name: str) -> Any:
    return next(insight["query"] for insight in fake.insights.values() if insight["name"] == name)


def test_one_dashboard_with_its_charts(fake: FakePostHog, tmp_path: Path) -> None:
    outcome = make(fake, shop(tmp_path))
    made = only(fake)
    assert (outcome.status, list(outcome.created), outcome.missing) == ("created", ALL, ())
    assert (made["name"], made["tags"]) == ("Getting started: shop (React with Vite)", ["posthog-wizard"])
    assert outcome.url == f"{fake.url}/project/42/dashboard/{made['id']}"
    assert names(made) == ALL
    assert [tile["layouts"]["sm"]["x"] for tile in made["tiles"]] == [0, 6, 0, 6, 0, 6, 0]
    assert "src/main.tsx:2" in made["tiles"][-1]["text"]["body"]
    assert all(insight["saved"] and len(insight["description"]) <= 400 for insight in fake.insights.values())


def test_the_order_in_which_it_is_made(fake: FakePostHog, tmp_path: Path) -> None:
    make(fake, shop(tmp_path))
    writes = [r.path.partition("?")[0].rpartition("42/")[2] for r in fake.requests if r.method == "POST"]
    assert writes == [
        "dashboards/",
        *["insights/"] * len(ALL),
        "dashboards/100/create_text_tile/",
        "dashboards/100/reorder_tiles/",
    ]


def test_the_queries(fake: FakePostHog, tmp_path: Path) -> None:
    make(fake, shop(tmp_path, INIT + 'posthog.capture("signed_up");\nposthog.capture("paid");\n'))
    users, pages = query(fake, "Active users"), query(fake, "Top pages")
    assert users["kind"] == "InsightVizNode"
    assert users["source"]["series"][0] | {"name": ""} == {
        "kind": "EventsNode",
        "event": "$pageview",
        "name": "",
        "math": "dau",
    }
    assert pages["source"]["breakdownFilter"] == {"breakdowns": [{"property": "$pathname", "type": "event"}]}
    steps = [step["event"] for step in query(fake, "Funnel")["source"]["series"]]
    assert steps == ["$pageview", "signed_up", "paid"]
    retention = query(fake, "Retention")["source"]["retentionFilter"]
    assert retention["targetEntity"]["id"] == retention["returningEntity"]["id"] == "$pageview"
    assert [one["event"] for one in query(fake, "Own events")["source"]["series"]] == ["signed_up", "paid"]


CHARTS = {
    "autocapture_instead_of_own_events": (INIT, "Funnel", ["$pageview", "$autocapture"]),
    "leaving_without_autocapture": (
        INIT.replace("defaults", "autocapture: false, defaults"),
        "Funnel",
        ["$pageview", "$pageleave"],
    ),
    "no_exceptions": (INIT.replace("capture_exceptions: true", "capture_exceptions: false"), "Exceptions", None),
    "exceptions_by_a_setting_nobody_knows": (INIT.replace("capture_exceptions: true", ""), "Exceptions", None),
    "no_own_events": (INIT, "Own events", None),
}


@pytest.mark.parametrize(("code", "chart", "events"), CHARTS.values(), ids=CHARTS.keys())
def test_only_what_the_app_sends_is_charted(
    fake: FakePostHog, tmp_path: Path, code: str, chart: str, events: list[str] | None
) -> None:
    outcome = make(fake, shop(tmp_path, code))
    assert (chart in outcome.created) is (events is not None)
    if events:
        assert [step["event"] for step in query(fake, chart)["source"]["series"]] == events


@pytest.mark.parametrize("on", [True, False])
def test_the_settings_of_the_project_count(fake: FakePostHog, tmp_path: Path, on: bool) -> None:
    fake.project_fields[42] = {"autocapture_exceptions_opt_in": on, "autocapture_opt_out": not on}
    outcome = make(fake, shop(tmp_path, INIT.replace("capture_exceptions: true", "")))
    assert ("Exceptions" in outcome.created) is on
    steps = [step["event"] for step in query(fake, "Funnel")["source"]["series"]]
    assert steps == ["$pageview", "$autocapture" if on else "$pageleave"]


def test_a_server_app_is_charted_from_its_own_events(fake: FakePostHog, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\nposthog\n")
    client = 'from posthog import Posthog\n\nclient = Posthog("k", enable_exception_autocapture=True)\n'
    (tmp_path / "app.py").write_text(f'{client}client.capture("ordered")\nclient.capture("paid")\n')
    outcome = make(fake, App(candidates(list_tree(tmp_path))[0], "flask", ()))
    assert list(outcome.created) == ["Active users", "Own events", "Funnel", "Retention", "Exceptions"]
    assert query(fake, "Active users")["source"]["series"][0]["event"] == "ordered"


def test_nothing_is_made_for_an_app_that_sends_nothing_to_look_at(fake: FakePostHog, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\nposthog\n")
    (tmp_path / "app.py").write_text('from posthog import Posthog\n\nclient = Posthog("k")\n')
    assert make(fake, App(candidates(list_tree(tmp_path))[0], "flask", ())).status == "nothing"
    assert not fake.dashboards
    assert not [r for r in fake.requests if r.method == "POST"]


def test_events_that_have_arrived_come_first_and_the_others_are_named(fake: FakePostHog, tmp_path: Path) -> None:
    seen = "2026-11-20T10:00:00Z"
    fake.definitions = [{"name": "paid", "last_seen_at": seen}, {"name": "$pageview", "last_seen_at": seen}]
    outcome = make(fake, shop(tmp_path, INIT + 'posthog.capture("signed_up");\nposthog.capture("paid");\n'))
    steps = [step["event"] for step in query(fake, "Funnel")["source"]["series"]]
    assert steps == ["$pageview", "paid", "signed_up"]
    assert dict(outcome.waiting) == {
        "Own events": ("signed_up",),
        "Funnel": ("signed_up",),
        "Exceptions": ("$exception",),
    }


def test_a_described_event_has_not_arrived(fake: FakePostHog, tmp_path: Path) -> None:
    fake.definitions = [
        {"name": "$pageview", "last_seen_at": "2026-11-20T10:00:00Z"},
        {"name": "paid", "last_seen_at": None},
    ]
    outcome = make(fake, shop(tmp_path, INIT + 'posthog.capture("paid");\n'))
    assert ("paid",) in dict(outcome.waiting).values()


# ---- the second run -------------------------------------------------------------------------------------------------


QUICK = {("kept", "kept", "new"), ("ignored", "lost", "new"), ("refused", "kept", "new"), ("kept", "lost", "old")}
RERUNS = [
    pytest.param(*row, marks=() if row in QUICK else pytest.mark.slow, id="-".join(row))
    for row in product(("kept", "ignored", "refused"), ("kept", "lost"), ("new", "old"))
]


@pytest.mark.parametrize(("tags", "state", "age"), RERUNS)
def test_a_rerun_finds_everything_again(fake: FakePostHog, tmp_path: Path, tags: Any, state: str, age: str) -> None:
    fake.tags, fake.old = tags, age == "old"
    app = shop(tmp_path)
    first = make(fake, app)
    before = [dict(only(fake)), dict(fake.insights)]
    if state == "lost":
        _file(tmp_path).unlink()
    writes = len([r for r in fake.requests if r.method != "GET"])
    second = make(fake, app)
    assert (first.status, second.status, second.url) == ("created", "found", first.url)
    assert (list(second.kept), second.created, second.removed) == (ALL, (), ())
    assert [only(fake), fake.insights] == before
    # an old instance has no text tile by which to know that nothing is missing
    again = [r.path for r in fake.requests if r.method != "GET"][writes:]
    assert [path for path in again if "create_text_tile" not in path] == []
    assert not again or age == "old"


def test_edits_of_people_stay(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    make(fake, app)
    made = only(fake)
    made["name"], made["tags"] = "Our numbers", ["team"]
    made["tiles"][0]["insight"]["name"] = "Daily users"
    made["tiles"].pop(1)
    made["tiles"].reverse()
    made["tiles"] = [tile for tile in made["tiles"] if not tile["text"]]
    before = [dict(tile) for tile in made["tiles"]]
    outcome = make(fake, app)
    assert (outcome.status, outcome.name, outcome.created) == ("found", "Our numbers", ())
    assert outcome.removed == ("Page views",)
    assert only(fake)["tiles"] == before


def test_what_was_removed_comes_back_only_when_asked(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    make(fake, app)
    only(fake)["tiles"].pop(1)
    assert make(fake, app, recreate=True).created == ("Page views",)
    assert sorted(names(only(fake))) == sorted(ALL)


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_a_removed_chart_stays_removed_on_another_machine(fake: FakePostHog, tmp_path: Path, state: str) -> None:
    app = shop(tmp_path)
    make(fake, app)
    only(fake)["tiles"].pop(1)
    if state == "lost":
        _file(tmp_path).unlink()
    assert make(fake, app).removed == ("Page views",)
    assert "Page views" not in names(only(fake))


def test_charts_that_the_app_allows_only_now_are_added(fake: FakePostHog, tmp_path: Path) -> None:
    make(fake, shop(tmp_path))
    order = [tile["id"] for tile in only(fake)["tiles"]]
    outcome = make(fake, shop(tmp_path, INIT + 'posthog.capture("paid");\n'))
    assert (outcome.status, outcome.created) == ("found", ("Own events",))
    assert [tile["id"] for tile in only(fake)["tiles"]][:-1] == order


def test_a_deleted_dashboard_stays_deleted(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    make(fake, app)
    only(fake)["deleted"] = True
    assert make(fake, app).status == "deleted"
    assert len(fake.dashboards) == 1
    assert make(fake, app, recreate=True).status == "created"
    assert len(fake.dashboards) == 2
    assert make(fake, app).status == "found"
    assert len(fake.dashboards) == 2


def test_a_dashboard_that_is_gone_is_a_deleted_one(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    make(fake, app)
    fake.dashboards.clear()
    assert make(fake, app).status == "deleted"


def test_one_of_the_same_name_that_is_not_ours_is_left_alone(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    theirs = {"id": 7, "team": 42, "deleted": False, "name": name_of(app), "tags": [], "description": "", "tiles": []}
    fake.dashboards[7] = dict(theirs)
    assert make(fake, app).status == "created"
    assert (len(fake.dashboards), fake.dashboards[7]) == (2, theirs)


def test_two_projects_and_two_apps_have_their_own(fake: FakePostHog, tmp_path: Path) -> None:
    fake.tokens["phc_other"] = 43
    app = shop(tmp_path)
    make(fake, app)
    assert create_for(app, fake.access(), 43).status == "created"
    assert make(fake, app).status == "found"
    assert len(fake.dashboards) == 2


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"dashboards": [1, {"dashboard": "x"}]}', b"\xff"])
def test_a_damaged_record_is_no_obstacle(fake: FakePostHog, tmp_path: Path, damage: bytes) -> None:
    app = shop(tmp_path)
    make(fake, app)
    _file(tmp_path).write_bytes(damage)
    assert make(fake, app).status == "found"
    assert len(fake.dashboards) == 1


# ---- failures -------------------------------------------------------------------------------------------------------


STEPS = ["Making", *(f"Adding '{name}'" for name in ALL)]


@pytest.mark.parametrize(
    "step", [*STEPS[:2], *(pytest.param(s, marks=pytest.mark.slow) for s in STEPS[2:-1]), STEPS[-1]]
)
def test_killed_in_the_middle_the_next_run_goes_on(fake: FakePostHog, tmp_path: Path, step: str) -> None:
    app = shop(tmp_path)

    def kill(line: str) -> None:
        if line.startswith(step):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(fake, app, say=kill)
    assert make(fake, app).missing == ()
    assert sorted(names(only(fake))) == sorted(ALL)
    assert len([tile for tile in only(fake)["tiles"] if tile["text"]]) == 1


def test_killed_right_after_it_was_made_and_renamed_by_a_person(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)

    def kill(line: str) -> None:
        if line == "Adding 'Active users'":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(fake, app, say=kill)
    only(fake)["name"] = "Our numbers"
    assert list(make(fake, app).created) == ALL
    assert only(fake)["name"] == "Our numbers"


BROKEN = {"down": DOWN, "not_logged_in": Canned(401, "{}"), "html": HTML, "rights": Canned(403, '{"detail": "no"}')}


@pytest.mark.parametrize("canned", BROKEN.values(), ids=BROKEN.keys())
def test_a_failure_says_what_was_made_and_the_next_run_goes_on(
    fake: FakePostHog, tmp_path: Path, canned: Canned
) -> None:
    app = shop(tmp_path)

    def fail(line: str) -> None:
        if line == "Adding 'Funnel'":
            fake.canned[f"POST {INSIGHTS}"] = canned

    outcome = make(fake, app, say=fail)
    assert (outcome.status, list(outcome.created)) == ("incomplete", ALL[:3])
    assert [name for name, _ in outcome.missing] == ALL[3:]
    assert isinstance(outcome.failure, ApiError)
    fake.canned.clear()
    again = make(fake, app)
    assert (list(again.kept), list(again.created), again.missing) == (ALL[:3], ALL[3:], ())
    assert all(tile["layouts"] for tile in only(fake)["tiles"])


def test_an_insight_that_was_made_although_the_answer_was_lost(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    make(fake, app)
    known = recorded(tmp_path, (fake.url, 42, name_of(app)))
    assert known is not None
    file = _file(tmp_path)
    file.write_text(file.read_text().replace('"Retention"', '"Another"'))
    assert make(fake, app).created == ()


@pytest.mark.parametrize("status", [400, 402])
def test_one_refused_insight_does_not_stop_the_others(fake: FakePostHog, tmp_path: Path, status: int) -> None:
    body = '{"type": "validation_error", "code": "invalid", "detail": "No retention here.", "attr": "query"}'

    def refuse(line: str) -> None:
        fake.canned.clear()
        if line == "Adding 'Retention'":
            fake.canned[f"POST {INSIGHTS}"] = Canned(status, body, {"Content-Type": "application/json"})

    outcome = make(fake, shop(tmp_path), say=refuse)
    assert outcome.status == "incomplete"
    assert [name for name, _ in outcome.missing] == ["Retention"]
    assert "No retention here." in outcome.missing[0][1]
    assert "Exceptions" in outcome.created


def test_an_insight_that_is_not_put_on_the_dashboard_is_said(fake: FakePostHog, tmp_path: Path) -> None:
    made = Canned(201, '{"id": 900, "short_id": "abcdefgh", "name": "x"}', {"Content-Type": "application/json"})

    def detach(line: str) -> None:
        fake.canned.clear()
        if line == "Adding 'Funnel'":
            fake.canned[f"POST {INSIGHTS}"] = made

    outcome = make(fake, shop(tmp_path), say=detach)
    assert [name for name, _ in outcome.missing] == ["Funnel"]
    assert "Funnel" not in outcome.created


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_scope_that_lacks_is_named_before_anything_is_made(fake: FakePostHog, tmp_path: Path, scope: str) -> None:
    fake.keys[KEY] = {s for s in SCOPES if s not in (scope, scope.replace(":read", ":write"))}
    with pytest.raises(WizardError) as error:
        make(fake, shop(tmp_path))
    assert scope in error.value.message
    assert not [r for r in fake.requests if r.method != "GET"]


def test_the_least_scopes_are_enough(fake: FakePostHog, tmp_path: Path) -> None:
    fake.keys[KEY] = {"dashboard:write", "insight:write"}
    outcome = make(fake, shop(tmp_path))
    assert (outcome.status, outcome.waiting) == ("created", ())
    assert "event_definition:read" in outcome.remarks[0]


def test_a_project_that_is_not_visible(fake: FakePostHog, tmp_path: Path) -> None:
    with pytest.raises(WizardError):
        create_for(shop(tmp_path), fake.access(), 999)
    assert not fake.dashboards


# ---- the command ----------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], fake: FakePostHog, root: Path, *flags: str) -> tuple[int, dict[str, Any]]:
    code = main(["dashboard", "--json", "--framework", "react-vite", "--host", fake.url, *flags, str(root)])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)
    monkeypatch.setenv("POSTHOG_WIZARD_TOKEN", TOKEN)


@pytest.mark.usefixtures("key")
def test_the_command(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop(tmp_path)
    code, report = run(capsys, fake, tmp_path)
    made = report["dashboards"][0]
    assert (code, report["status"], made["created"], made["path"]) == (0, "created", ALL, ".")
    assert run(capsys, fake, tmp_path)[1]["status"] == "found"
    only(fake)["deleted"] = True
    assert run(capsys, fake, tmp_path)[0] == 1
    assert run(capsys, fake, tmp_path, "--recreate")[1]["status"] == "created"


@pytest.mark.usefixtures("key")
def test_the_command_for_people(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop(tmp_path)
    arguments = ["dashboard", "--ci", "--framework", "react-vite", "--host", fake.url, str(tmp_path)]
    fake.definitions = [{"name": "$pageview", "last_seen_at": "2026-11-20T10:00:00Z"}]
    assert main(arguments) == 0
    said = capsys.readouterr().err
    assert f"{fake.url}/project/42/dashboard/100" in said
    assert "$autocapture has not arrived yet: Funnel" in said
    only(fake)["deleted"] = True
    assert main(arguments) == 1
    assert "--recreate" in capsys.readouterr().err


@pytest.mark.usefixtures("key")
def test_an_incomplete_dashboard_is_exit_3(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(tmp_path)
    fake.canned[f"POST {INSIGHTS}"] = Canned(400, '{"detail": "no"}', {"Content-Type": "application/json"})
    code, report = run(capsys, fake, tmp_path)
    assert (code, report["status"]) == (3, "incomplete")
    assert len(report["dashboards"][0]["missing"]) == len(ALL)


@pytest.mark.usefixtures("key")
def test_nothing_to_show_names_the_line_to_write(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("flask\nposthog>=7\n")
    (tmp_path / "app.py").write_text('from posthog import Posthog\n\nclient = Posthog("k")\n')
    code = main(["dashboard", "--ci", "--framework", "flask", "--host", fake.url, str(tmp_path)])
    assert code == 1
    assert 'client.capture("signed_up", distinct_id=str(user.id))' in capsys.readouterr().err


def test_without_a_login(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_TOKEN", TOKEN)
    shop(tmp_path)
    code, report = run(capsys, fake, tmp_path)
    assert code == 1
    assert "posthog-wizard login" in report["hint"]
    assert not fake.requests


@pytest.mark.usefixtures("key")
def test_after_a_set_up_it_is_never_a_failure(fake: FakePostHog, tmp_path: Path) -> None:
    app = shop(tmp_path)
    fake.keys[KEY] = {"user:read"}
    project = Chosen(Answers(fake.hosts(), TOKEN), apps=(app,))
    [report] = after_setup(tmp_path, Picked((app,)), [replace(project, number=42)], Console(quiet=True), may_ask=False)
    assert report["status"] == "failed"
    assert "dashboard:read" in report["reason"]
    fake.keys[KEY] = {"*"}
    [report] = after_setup(tmp_path, Picked((app,)), [project], Console(quiet=True), may_ask=False)
    assert (report["status"], report["created"]) == ("created", ALL)


def test_names_of_apps(tmp_path: Path) -> None:
    app = shop(tmp_path / "folder")
    assert name_of(app) == "Getting started: shop (React with Vite)"
    (tmp_path / "folder/package.json").write_text('{"name": "\\u001b[31mred\\n"}')
    assert name_of(shop_again(tmp_path / "folder")) == "Getting started: [31mred (React with Vite)"
    (tmp_path / "folder/package.json").write_text('{"name": 3}')
    assert name_of(shop_again(tmp_path / "folder")) == "Getting started: folder (React with Vite)"


def shop_again(root: Path) -> App:
    return App(candidates(list_tree(root))[0], "react-vite", ())
