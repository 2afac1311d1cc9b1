"""An install that did not come to its end: the next run makes up for it, and undo knows what the lockfiles lack."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, run_git, snapshot
from tests.in_process import wizard
from wizard.journal import journals
from wizard.undo import latest, plan_undo

SERVER = "const express = require('express');\n\nconst app = express();\n\napp.listen(3000);\n"
MANIFEST = '{\n  "name": "%s",\n  "scripts": {"start": "node server.js"},\n  "dependencies": {"express": "^5.0.0"}\n}\n'
NPM = """#!{python}
import os, pathlib, sys
if os.environ.get("OFFLINE", "") in sys.argv[0].split("/")[-1:]:
    sys.exit("npm error code ENOTFOUND")
asked = sorted(pathlib.Path().rglob("package.json"))
pathlib.Path("{lock}").write_text("".join(p.as_posix() + " " + p.read_text() for p in asked))
"""
GIVEN = ("--ci", "--token", TOKEN, "--region", "us", "--no-verify")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of npm with two apps, a third app of pnpm beside it; nothing is installed."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, lock in (("npm", "package-lock.json"), ("pnpm", "pnpm-lock.yaml")):
        (tools / name).write_text(NPM.format(python=sys.executable, lock=lock))
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    root = tmp_path / "repo"
    for app in ("apps/a", "apps/b", "old"):
        (root / app).mkdir(parents=True)
        (root / app / "package.json").write_text(MANIFEST % Path(app).name)
        (root / app / "server.js").write_text(SERVER)
    (root / "package.json").write_text('{"private": true, "workspaces": ["apps/*"]}\n')
    (root / "package-lock.json").write_text("")
    (root / "old/pnpm-lock.yaml").write_text("")
    return root


posix = pytest.mark.skipif(sys.platform == "win32", reason="the stubs are scripts")
pytestmark = posix


def test_a_first_install_that_failed_is_made_up_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(root)
    monkeypatch.setenv("OFFLINE", "npm")
    for _ in range(2):
        failed = wizard(root, *GIVEN, "--target", "apps/a")
        assert failed.returncode == 3
        assert "left to you: run npm install" in failed.stderr
    monkeypatch.delenv("OFFLINE")
    assert wizard(root, *GIVEN, "--target", "apps/a").returncode == 0
    assert "posthog-node" in (root / "package-lock.json").read_text()
    assert "nothing to change" in wizard(root, *GIVEN, "--target", "apps/a").stderr
    assert len([journal for journal in journals(root) if journal.state == "applied"]) == 1
    wizard("undo", root, "--ci")
    assert snapshot(root) == before, "edits and install are one thing to undo"


def test_another_app_is_not_concerned(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFLINE", "npm")
    assert wizard(root, *GIVEN, "--target", "apps/a").returncode == 3
    monkeypatch.delenv("OFFLINE")
    assert wizard(root, *GIVEN, "--target", "apps/b").returncode == 0
    assert "nothing to change" in wizard(root, *GIVEN, "--target", "apps/b").stderr
    assert "Installed." in wizard(root, *GIVEN, "--target", "apps/a").stderr


def test_an_install_that_was_declined_is_not_made_up_for(root: Path) -> None:
    assert wizard(root, *GIVEN, "--target", "apps/a", "--no-install").returncode == 3
    assert "nothing to change" in wizard(root, *GIVEN, "--target", "apps/a").stderr


def test_one_of_two_managers_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFLINE", "pnpm")
    named = ("--target", "apps/a", "--target", "old")
    failed = wizard(root, *GIVEN, *named)
    assert failed.returncode == 3
    assert "left to you: run pnpm install" in failed.stderr
    assert "left to you: run npm" not in failed.stderr
    monkeypatch.delenv("OFFLINE")
    assert wizard(root, *GIVEN, *named).returncode == 0
    assert "nothing to change" in wizard(root, *GIVEN, *named).stderr


def test_a_lockfile_that_stays_is_brought_in_line_by_the_call_that_is_told(root: Path) -> None:
    wizard(root, *GIVEN, "--target", "apps/a", "--target", "apps/b")
    told = wizard("undo", root, "--ci", "--target", "apps/a").stderr
    assert "package-lock.json still has what was taken out" in " ".join(told.split())
    assert "npm install --no-audit --no-fund" in told
    assert (root / "package-lock.json").read_text().count("posthog-node") == 2
    rest = wizard("undo", root, "--ci")
    assert rest.returncode == 0
    assert "still has" not in rest.stderr
    assert (root / "package-lock.json").read_text() == ""


def test_a_later_install_is_never_lost(root: Path) -> None:
    wizard(root, *GIVEN, "--target", "apps/a", "--target", "apps/b")
    wizard("undo", root, "--ci", "--target", "apps/a")
    (root / "package-lock.json").write_text("mine\n")
    plan = plan_undo(latest(root))
    assert [install.calls for install in plan.stale] == [("npm install --no-audit --no-fund",)]
    assert wizard("undo", root, "--ci").returncode == 3
    assert (root / "package-lock.json").read_text() == "mine\n"


def test_an_install_of_the_user_in_between_is_its_own_thing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFLINE", "npm")
    wizard(root, *GIVEN, "--target", "apps/a")
    (root / "package-lock.json").write_text("mine\n")
    monkeypatch.delenv("OFFLINE")
    assert wizard(root, *GIVEN, "--target", "apps/a").returncode == 0
    wizard("undo", root, "--ci")
    assert (root / "package-lock.json").read_text() == "mine\n"


def test_what_an_earlier_run_wrote_is_no_change_of_the_user(root: Path) -> None:
    run_git(root, "init", "-q")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start")
    given = (*GIVEN, "--no-install", "--target", "apps/a")
    assert wizard(root, *given, "--skip", "*server.js#sends*").returncode == 3
    assert "sends-what-is-queued" in wizard(root, *given, "--reconsider", "--dry-run", "--json").stdout
    server = root / "apps/a/server.js"
    ours = server.read_text()
    server.write_text("// mine\n" + ours)
    refused = wizard(root, *given, "--reconsider")
    assert (refused.returncode, "apps/a/server.js has uncommitted changes" in refused.stderr) == (1, True)
    server.write_text(ours)
    assert wizard(root, *given, "--reconsider").returncode == 0
    assert server.read_text() != ours
