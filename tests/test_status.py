"""`status`: what is left, as facts; nothing is asked, nothing is written, no socket is opened."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.fixture_case import FOLDER, TOKEN, run_git, snapshot
from wizard.cli import main
from wizard.shelves import shelf


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("POSTHOG_PROJECT_TOKEN", "POSTHOG_HOST"):
        monkeypatch.delenv(name, raising=False)


def app(tmp_path: Path, fixture: str) -> Path:
    """A fixture in a repository of its own."""
    root = tmp_path / "app"
    shutil.copytree(FOLDER / fixture / "project", root)
    run_git(root, "init", "-q")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start")
    return root


def set_up(root: Path, *more: str) -> None:
    line = [str(root), "--ci", "--region", "us", "--no-install", "--no-verify", *more]
    assert main([*line, *([] if "--no-token" in more else ["--token", TOKEN])]) in (0, 3)


def status(root: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["status", str(root), "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def left(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(s["kind"], s["where"]) for a in report["apps"] for s in a["remaining"] if s["done"] is False]


def test_nothing_is_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = status(app(tmp_path, "express-esm"), capsys)
    assert (code, report["status"], report["apps"][0]["state"]) == (3, "incomplete", "absent")
    assert left(report) == [("setup", ".")]
    assert report["undo"] is None


def test_all_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-esm")
    set_up(root)
    before = snapshot(root)
    code, report = status(root, capsys)
    assert (code, report["status"], report["apps"][0]["state"]) == (0, "done", "set_up")
    assert {s["kind"]: s["done"] for s in report["apps"][0]["remaining"]} == {"variable": True}
    assert "package.json" in report["undo"]["files"]
    assert TOKEN not in json.dumps(report)
    assert snapshot(root) == before


def test_a_variable_that_somebody_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-esm")
    set_up(root)
    (root / ".env").write_text("OTHER=1\n")
    code, report = status(root, capsys)
    assert code == 3
    assert left(report) == [("variable", "the environment")] * 2


def test_a_variable_in_the_environment_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = app(tmp_path, "express-esm")
    set_up(root)
    (root / ".env").write_text("OTHER=1\n")
    monkeypatch.setenv("POSTHOG_PROJECT_TOKEN", TOKEN)
    monkeypatch.setenv("POSTHOG_HOST", "https://us.i.posthog.com")
    assert status(root, capsys)[0] == 0


def test_set_up_without_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-esm")
    set_up(root, "--no-token")
    code, report = status(root, capsys)
    assert (code, report["apps"][0]["state"]) == (3, "incomplete")
    assert ("variable", "the environment") in left(report)


def test_the_init_was_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "react-vite-typescript")
    set_up(root)
    run_git(root, "checkout", "-q", "--", "src/main.tsx")
    code, report = status(root, capsys)
    assert code == 3
    assert ("edit", "src/main.tsx") in left(report)


def test_an_option_that_was_switched_off_stays_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "nextjs-app")
    set_up(root, "--no-error-tracking")
    code, report = status(root, capsys)
    assert (code, left(report)) == (0, [])


def test_an_edit_that_was_refused_is_not_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-deploy-turborepo")
    set_up(root, "--target", "apps/api", "--skip", "turbo.json")
    code, report = status(root, capsys, "--target", "apps/api")
    assert code == 3  # the code is complete, the deploy surface is not
    assert report["apps"][0]["state"] == "set_up"
    assert {kind for kind, _ in left(report)} == {"deploy"}


def test_a_deploy_surface_is_mended_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "flask-deploy-anchors")
    set_up(root)
    code, report = status(root, capsys)
    assert code == 3
    missing = [s for s in report["apps"][0]["remaining"] if s["done"] is False]
    assert {s["kind"] for s in missing} == {"deploy"}
    assert {s["where"] for s in missing} == {"compose.yml:6", "compose.yml:9"}
    file = root / "compose.yml"
    names = "POSTHOG_PROJECT_TOKEN: a\n  POSTHOG_HOST: b"
    file.write_text(
        file.read_text()
        .replace("  SECRET_KEY:", f"  {names}\n  SECRET_KEY:")
        .replace("QUEUE: mails", "QUEUE: mails, POSTHOG_PROJECT_TOKEN: a, POSTHOG_HOST: b")
    )
    code, report = status(root, capsys)
    assert (code, left(report)) == (0, [])


def test_what_a_host_keeps_can_not_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "nextjs-deploy-nothing-missing")
    set_up(root)
    code, report = status(root, capsys)
    assert code == 0
    vercel = next(d for d in report["apps"][0]["deploy"] if d["surface"] == "vercel")
    assert vercel["state"] == "unseen"
    assert "vercel env add NEXT_PUBLIC_POSTHOG_HOST production" in vercel["how"]
    assert {s["done"] for s in report["apps"][0]["remaining"] if s["kind"] == "deploy"} == {True, None}


def test_apps_without_posthog_beside_one_that_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-deploy-turborepo")
    shutil.copytree(root / "apps/api", root / "apps/admin")
    set_up(root, "--target", "apps/api")
    code, report = status(root, capsys)
    assert [a["state"] for a in report["apps"]] == ["absent", "set_up"]
    assert code == 0
    assert status(root, capsys, "--target", "apps/admin")[0] == 3


@pytest.mark.parametrize("fixture", ["flask-deploy-hosts", "flask-deploy-anchors"])
def test_ids_are_the_same_each_time(fixture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, fixture)
    set_up(root)
    first, second = (status(root, capsys)[1] for _ in range(2))
    assert first == second
    ids = [s["id"] for s in first["apps"][0]["remaining"]]
    assert len(set(ids)) == len(ids)


def test_what_verify_found_is_remembered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "express-esm")
    set_up(root)
    assert status(root, capsys)[1]["apps"][0]["verified"] is None
    # a closed port of this machine: the token link fails, nothing else is asked
    line = ["verify", str(root), "--ci", "--no-app", "--token", TOKEN, "--host", "http://127.0.0.1:9"]
    assert main([*line, "--timeout", "1"]) == 4
    code, report = status(root, capsys)
    verified = report["apps"][0]["verified"]
    assert (code, report["status"]) == (0, "done")  # what an old run found does not make the set-up incomplete
    assert (verified["exit_code"], [v["link"] for v in verified["links"]]) == (4, ["token", "app", "readable"])
    assert {v["status"] for v in verified["links"]} <= {"failed", "skipped"}
    assert main(["status", str(root)]) == 0
    assert f"Verified {verified['time'][:10]} {verified['time'][11:16]} UTC:" in capsys.readouterr().err
    record = shelf(root.resolve()) / "verified-express.json"
    assert TOKEN not in record.read_text()
    record.write_text('{"links": 3}')
    assert status(root, capsys)[1]["apps"][0]["verified"] is None


def test_no_socket_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = app(tmp_path, "express-esm")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert status(root, capsys)[0] == 3


def test_no_app_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["status", str(tmp_path), "--json"])
    assert (code, json.loads(capsys.readouterr().out)["status"]) == (1, "error")


def test_people_read_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = app(tmp_path, "flask-deploy-hosts")
    set_up(root)
    capsys.readouterr()
    assert main(["status", str(root)]) == 3
    said = capsys.readouterr().err
    assert said.isascii()
    assert "PostHog is set up" in said
    assert "App Engine" in said
    assert "left to do" in said
