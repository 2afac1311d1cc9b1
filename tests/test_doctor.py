"""The doctor: the app's code, its token and its project in PostHog held against each other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import DOWN, HTML, KEY, TOKEN, FakePostHog, complete
from tests.test_app_events import PACKAGE, PAGE
from wizard.apps import App
from wizard.cli import main
from wizard.doctor import CodeHost, Patient, code_host, exit_code
from wizard.doctor.code import check_code
from wizard.doctor.health import check_health
from wizard.doctor.project import check_settings, check_urls
from wizard.events import app_events
from wizard.posthog.health import HealthIssue
from wizard.posthog.hosts import Hosts, cloud
from wizard.posthog.settings import read_settings
from wizard.posthog.tokens import TokenVerdict
from wizard.project_settings import NAMES
from wizard.workspace import candidates, list_tree

HEALTHY = {
    "session_recording_opt_in": True,
    "autocapture_exceptions_opt_in": True,
    "autocapture_web_vitals_opt_in": True,
    "heatmaps_opt_in": True,
    "surveys_opt_in": True,
    "app_urls": ["http://localhost:5173"],
}
SEEN = [{"name": "$pageview", "last_seen_at": "2026-11-20T10:00:00Z"}]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePostHog]:
    monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)
    with complete(project_fields={42: dict(HEALTHY)}, definitions=list(SEEN)) as running:
        yield running


def code(options: str = "", more: str = "") -> str:
    init = f"posthog.init(import.meta.env.VITE_POSTHOG_KEY, {{ api_host: HOST, {options} }});"
    return f'import posthog from "posthog-js";\n{init}\n{more}\n'


def app(root: Path, source: str, **files: str) -> Path:
    """A browser app with its token in .env.local."""
    every = {"package.json": PACKAGE.replace('"dependencies": {', '"dependencies": {"react": "19", "vite": "7", ')}
    every |= {"index.html": PAGE, "src/main.tsx": source, ".env.local": f"VITE_POSTHOG_KEY={TOKEN}\n"}
    for name, text in (every | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def look(capsys: pytest.CaptureFixture[str], root: Path, *flags: str) -> dict[str, Any]:
    code = main(["doctor", "--json", str(root), *flags])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["exit_code"] == code
    return report


def ids(report: dict[str, Any]) -> list[str]:
    return [finding["id"] for one in report["apps"] for finding in one["findings"]]


def test_a_healthy_app(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    assert (report["status"], ids(report), report["exit_code"]) == ("healthy", [], 0)
    assert report["apps"][0]["not_looked_at"] == []


SETTINGS = {
    "replay_off_in_project": ("", {"session_recording_opt_in": False}, ["session_replay_off_in_project"]),
    "replay_off_in_code": ("disable_session_recording: true", {}, ["session_replay_off_in_code"]),
    "replay_off_in_both": ("disable_session_recording: true", {"session_recording_opt_in": False}, []),
    "autocapture_off_in_project": ("", {"autocapture_opt_out": True}, ["autocapture_off_in_project"]),
    "autocapture_off_in_both": ("autocapture: false", {"autocapture_opt_out": True}, []),
    "exceptions_forced": ("capture_exceptions: true", {"autocapture_exceptions_opt_in": False}, []),
    "exceptions_left": ("", {"autocapture_exceptions_opt_in": False}, ["error_tracking_off_in_project"]),
    "exceptions_off_in_code": ("capture_exceptions: false", {}, ["error_tracking_off_in_code"]),
    "web_vitals_off_in_project": ("", {"autocapture_web_vitals_opt_in": False}, ["web_vitals_off_in_project"]),
    "web_vitals_off_in_code": ("capture_performance: { web_vitals: false }", {}, ["web_vitals_off_in_code"]),
    "heatmaps_off_in_code": ("capture_heatmaps: false", {}, ["heatmaps_off_in_code"]),
    "surveys_off_in_code": ("disable_surveys: true", {}, ["surveys_off_in_code"]),
    "never_decided": ("", {"session_recording_opt_in": None, "heatmaps_opt_in": None}, []),
    "no_address_of_this_machine": ("", {"app_urls": ["https://shop.example"]}, ["app_url_missing"]),
    "loopback_by_number": ("", {"app_urls": ["http://127.0.0.1:3000"]}, []),
    "opted_out": ("opt_out_capturing_by_default: true", {}, ["opted_out"]),
}


def patient(root: Path, options: str = "", fields: dict[str, Any] | None = None) -> Patient:
    there = App(candidates(list_tree(app(root, code(options))))[0], "react-vite", ())
    read = read_settings({**HEALTHY, **(fields or {})})
    on = {feature: value for feature in NAMES if (value := getattr(read, feature)) is not None}
    return Patient(there, app_events(there), cloud("us"), TOKEN, ".env.local", on, "https://us.posthog.com/project/42")


@pytest.mark.parametrize(("options", "fields", "expected"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_against_the_code(tmp_path: Path, options: str, fields: dict[str, Any], expected: list[str]) -> None:
    who = patient(tmp_path, options, fields)
    urls = check_urls(who, read_settings({**HEALTHY, **fields}))
    found = [*check_code(who), *check_settings(who), *urls]
    assert [finding.id for finding in found] == expected
    assert exit_code(found) == 0


def test_settings_are_read_from_the_project(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.project_fields[42] |= {"session_recording_opt_in": False, "app_urls": [], "autocapture_opt_out": False}
    report = look(capsys, app(tmp_path, code("autocapture: false")), "--host", fake.url)
    assert sorted(ids(report)) == ["app_url_missing", "autocapture_off_in_code", "session_replay_off_in_project"]
    assert report["exit_code"] == 0


HEALTH: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "outdated": ("sdk_outdated", {"sdk": "web", "latest_version": "1.500.0"}, "", "warning"),
    "outdated_by_lib": ("sdk_outdated", {"sdks": [{"lib": "web"}]}, "", "warning"),
    "outdated_but_newer_here": ("sdk_outdated", {"sdk": "web", "latest_version": "1.300.0"}, "", "info"),
    "no_live_events": ("no_live_events", {}, "", "warning"),
    "no_leaving": ("no_pageleave_events", {}, "capture_pageleave: false", "warning"),
    "no_leaving_not_deployed": ("no_pageleave_events", {}, "", "info"),
    "scroll": ("scroll_depth", {}, "disable_scroll_properties: true", "warning"),
    "urls": ("authorized_urls", {}, "", "warning"),
    "proxy": ("reverse_proxy", {}, "", "info"),
    "lag": ("ingestion_lag", {}, "", "info"),
    "warning": ("ingestion_warning", {"type": "message_size_too_large"}, "", "warning"),
    "unknown": ("brand_new_check", {}, "", "warning"),
    "odd_payload": ("sdk_outdated", {"latest": [None, {"x": 3}], "": {}}, "", "warning"),
}


@pytest.mark.parametrize(("kind", "payload", "options", "severity"), HEALTH.values(), ids=HEALTH.keys())
def test_health_issues(tmp_path: Path, kind: str, payload: dict[str, Any], options: str, severity: str) -> None:
    found = list(check_health(patient(tmp_path, options), [HealthIssue(kind, "warning", payload)]))
    assert {finding.severity for finding in found} == {severity}
    assert all(finding.sentence for finding in found)


UPDATES = {
    "npm": ({"package-lock.json": "{}"}, "npm install posthog-js@latest"),
    "pnpm": ({"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}, "pnpm add posthog-js@latest"),
    "two_lockfiles": ({"pnpm-lock.yaml": "x: 1\n", "yarn.lock": "x\n"}, "npm install posthog-js@latest"),
}


@pytest.mark.parametrize(("files", "line"), UPDATES.values(), ids=UPDATES.keys())
def test_an_update_is_the_call_of_the_own_package_manager(tmp_path: Path, files: dict[str, str], line: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    [finding] = check_health(patient(tmp_path), [HealthIssue("sdk_outdated", "warning", {"sdk": "web"})])
    assert finding.todo == f"Run: {line}"


def test_a_server_needs_no_proxy(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\nposthog\n")
    (tmp_path / "app.py").write_text('import posthog\n\nposthog.api_key = "k"\n')
    there = App(candidates(list_tree(tmp_path))[0], "flask", ())
    who = Patient(there, app_events(there), cloud("us"))
    assert list(check_health(who, [HealthIssue("reverse_proxy", "warning")])) == []
    assert list(check_health(who, [HealthIssue("sdk_outdated", "warning")])) == []


def test_no_live_events_at_all_is_critical(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.health = [{"kind": "no_live_events", "severity": "critical", "payload": None, "status": "active"}]
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    assert (ids(report), report["exit_code"]) == (["no_live_events"], 4)


def test_web_vitals_of_health_point_to_the_code(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.health = [{"kind": "web_vitals", "severity": "warning", "payload": {}, "status": "active"}]
    report = look(capsys, app(tmp_path, code("capture_performance: false")), "--host", fake.url)
    assert {f["where"] for f in report["apps"][0]["findings"]} == {"src/main.tsx:2"}


def test_a_proxy_in_the_code_is_not_deployed(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.health = [{"kind": "reverse_proxy", "severity": "warning", "payload": {}, "status": "active"}]
    source = code().replace("api_host: HOST", 'api_host: "/relay"')
    report = look(capsys, app(tmp_path, source), "--host", fake.url)
    [finding] = report["apps"][0]["findings"]
    assert "deploy it" in finding["sentence"]


# ---- secrets --------------------------------------------------------------------------------------------------------

LEAKS = {
    "public_variable": ({".env": f"VITE_SECRET={KEY}\n"}, "secret_in_public_variable", ".env:1"),
    "another_tools_prefix": (
        {".env.production": f"A=1\nNEXT_PUBLIC_X='{KEY}'\n"},
        "secret_in_public_variable",
        ".env.production:2",
    ),
    "in_place_of_the_token": ({".env.local": f"VITE_POSTHOG_KEY={KEY}\n"}, "secret_in_public_variable", ".env.local:1"),
    "in_git": ({"src/seed.ts": f'// ok\nconst KEY = "{KEY}";\n'}, "secret_in_git", "src/seed.ts:2"),
}
NO_LEAKS = {
    "private_variable": {".env": f"POSTHOG_PERSONAL_API_KEY={KEY}\n"},
    "placeholder": {"README.md": "Put phx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx into .env\n"},
    "word": {"README.md": "phx_ is how personal keys begin\n"},
    "project_token_in_git": {"src/seed.ts": f'const KEY = "{TOKEN}";\n'},
}


@pytest.mark.parametrize(("files", "kind", "where"), LEAKS.values(), ids=LEAKS.keys())
def test_secrets_in_the_wrong_place_are_loud_and_never_shown(
    fake: FakePostHog,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    kind: str,
    where: str,
) -> None:
    root = app(tmp_path, code(), **files)
    _commit(root, "src", "package.json")
    assert main(["doctor", "--json", str(root), "--host", fake.url]) == 4
    out = capsys.readouterr()
    found = [f for f in json.loads(out.out)["apps"][0]["findings"] if f["id"] == kind]
    assert [(f["severity"], f["where"]) for f in found] == [("critical", where)]
    assert KEY[6:] not in out.out + out.err


@pytest.mark.parametrize("files", NO_LEAKS.values(), ids=NO_LEAKS.keys())
def test_what_is_no_leak(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    root = app(tmp_path, code(), **files)
    _commit(root, *(name for name in files if name != ".env"), "src")
    assert ids(look(capsys, root, "--host", fake.url)) == []


def _commit(root: Path, *paths: str) -> None:
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "--", *paths], check=True)


# ---- token, project, login ------------------------------------------------------------------------------------------


def test_an_app_without_posthog(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = look(capsys, app(tmp_path, "console.log(1);\n"), "--host", fake.url)
    assert (ids(report)[:1], report["exit_code"]) == (["not_set_up"], 4)


def test_nothing_sets_the_token(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = look(capsys, app(tmp_path, code(), **{".env.local": ""}), "--host", fake.url)
    assert (ids(report), report["exit_code"]) == (["token_missing"], 0)
    assert "VITE_POSTHOG_KEY" in report["apps"][0]["findings"][0]["sentence"]
    assert fake.requests == []


def test_a_token_that_stands_in_the_code(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = code().replace("import.meta.env.VITE_POSTHOG_KEY", f'"{TOKEN}"').replace("HOST", f'"{fake.url}"')
    report = look(capsys, app(tmp_path, source, **{".env.local": ""}))
    # only the project names that host, so that no key goes there
    assert not [r for r in fake.requests if r.path.startswith("/api/")]
    assert "which only the project names" in report["apps"][0]["not_looked_at"][0] or ids(report) == []


CODE_HOSTS = {
    "cloud": ('api_host: "https://eu.i.posthog.com"', CodeHost("https://eu.i.posthog.com")),
    "behind_a_proxy": (
        'api_host: "https://e.shop.example", ui_host: "https://eu.posthog.com"',
        CodeHost("https://eu.posthog.com"),
    ),
    "a_path": ('api_host: "/relay"', CodeHost(told=False)),
    "a_variable": ("api_host: import.meta.env.VITE_HOST", CodeHost(told=False)),
    "a_template": ("api_host: `https://${region}.i.posthog.com`", CodeHost(told=False)),
    "the_default": ("autocapture: true", CodeHost()),
}


@pytest.mark.parametrize(("options", "expected"), CODE_HOSTS.values(), ids=CODE_HOSTS.keys())
def test_where_the_code_sends_to(tmp_path: Path, options: str, expected: CodeHost) -> None:
    source = code(options).replace("api_host: HOST, ", "")
    there = App(candidates(list_tree(app(tmp_path, source)))[0], "react-vite", ())
    assert code_host(app_events(there), "browser") == expected


@pytest.mark.parametrize(("region", "unread"), [("eu", ""), (None, "Add --region us|eu")], ids=["proven", "unknown"])
def test_a_host_that_nothing_names_is_asked_for_by_the_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, region: str | None, unread: str
) -> None:
    asked: list[str] = []

    def check(token: str, hosts: Hosts, **more: Any) -> TokenVerdict:
        asked.append(hosts.ingest)
        return TokenVerdict("passed", region, "fine")

    monkeypatch.setattr("wizard.commands.doctor.region_of", lambda token, **more: region)
    monkeypatch.setattr("wizard.commands.doctor.check_token", check)
    monkeypatch.setattr("wizard.project_settings.public", lambda token, hosts, **more: {})
    report = look(capsys, app(tmp_path, code()))
    assert asked == (["https://eu.i.posthog.com"] if region else [])
    assert unread in " ".join(report["apps"][0]["not_looked_at"])
    assert ids(report) == []


def test_an_unknown_token(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, code(), **{".env.local": f"VITE_POSTHOG_KEY=phc_{'z9' * 20}\n"})
    report = look(capsys, root, "--host", fake.url)
    assert (ids(report), report["exit_code"]) == (["token_or_host"], 4)


def test_the_token_of_another_project(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "phc_" + "oTh3rPr0j" * 4
    fake.tokens[other] = 43
    fake.project_fields[43] = dict(HEALTHY)
    report = look(capsys, app(tmp_path, code()), "--host", fake.url, "--project-id", "43")
    assert (ids(report), report["exit_code"]) == (["token_of_other_project"], 4)
    finding = report["apps"][0]["findings"][0]
    assert "project 42, not of project 43" in finding["sentence"]
    assert finding["where"] == ".env.local"


SECRET_TOKENS = {
    "given": (["--token", KEY], {}, "token_shape"),
    "private_name": ([], {".env": f"POSTHOG_PROJECT_TOKEN={KEY}\n"}, "secret_as_token"),
}


@pytest.mark.parametrize(("flags", "files", "kind"), SECRET_TOKENS.values(), ids=SECRET_TOKENS.keys())
def test_a_secret_in_place_of_the_token_is_sent_nowhere(
    fake: FakePostHog,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    files: dict[str, str],
    kind: str,
) -> None:
    monkeypatch.delenv("POSTHOG_WIZARD_PERSONAL_KEY")
    (tmp_path / "requirements.txt").write_text("flask\nposthog\n")
    variable = 'os.environ["POSTHOG_PROJECT_TOKEN"]'
    (tmp_path / "app.py").write_text(f"import os\n\nimport posthog\n\nposthog.api_key = {variable}\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code = main(["doctor", "--json", "--framework", "flask", "--host", fake.url, *flags, str(tmp_path)])
    out = capsys.readouterr()
    report = json.loads(out.out)
    assert (code, ids(report)) == (4, [kind])
    assert fake.requests == []
    assert KEY[6:] not in out.out + out.err


def test_tokens_of_two_env_files(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, code(), **{".env.production": f"VITE_POSTHOG_KEY=phc_{'z9' * 20}\n"})
    report = look(capsys, root, "--host", fake.url)
    assert (ids(report), report["exit_code"]) == (["tokens_differ"], 0)


def test_without_a_login_the_public_settings_are_read(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTHOG_WIZARD_PERSONAL_KEY")
    fake.project_fields[42] |= {"autocapture_opt_out": True}
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    assert "autocapture_off_in_project" in ids(report)
    assert "posthog-wizard login" in report["apps"][0]["not_looked_at"][0]
    assert not [r for r in fake.requests if r.path.startswith("/api/")]


def test_scopes_that_lack_leave_parts_out(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.keys[KEY] = {"user:read", "project:read"}
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    left = " ".join(report["apps"][0]["not_looked_at"])
    assert ids(report) == []
    assert "health_issue:read" in left
    assert "event_definition:read" in left


@pytest.mark.parametrize("canned", [DOWN, HTML], ids=["down", "html"])
def test_a_service_that_does_not_answer_is_no_finding(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str], canned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.commands.reached.aloud", lambda say: lambda seconds, why: None)
    fake.canned["/api/projects/42/health_issues/"] = canned
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    assert ids(report) == []
    assert "Health issues" in report["apps"][0]["not_looked_at"][0]


def test_an_old_instance_has_no_health_issues(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.old = True
    report = look(capsys, app(tmp_path, code()), "--host", fake.url)
    assert ids(report) == []
    assert "Health issues" in report["apps"][0]["not_looked_at"][0]


def test_events_of_the_code_that_never_came(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = look(capsys, app(tmp_path, code("", 'posthog.capture("paid");')), "--host", fake.url)
    [finding] = report["apps"][0]["findings"]
    assert (finding["id"], finding["where"]) == ("event_never_seen", "src/main.tsx:3")
    fake.definitions = []
    assert ids(look(capsys, tmp_path, "--host", fake.url)) == ["no_events_ever"]


def test_a_deploy_file_without_the_variables(
    fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n"
    report = look(capsys, app(tmp_path, code(), Dockerfile=docker), "--host", fake.url)
    assert set(ids(report)) == {"variable_not_deployed"}


def test_for_people(fake: FakePostHog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake.project_fields[42] |= {"session_recording_opt_in": False}
    assert main(["doctor", str(app(tmp_path, code())), "--host", fake.url]) == 0
    said = capsys.readouterr().err
    assert "Found: 1 worth knowing" in said
    assert f"{fake.url}/project/42/settings/project-replay" in said
    assert KEY[6:] not in said
