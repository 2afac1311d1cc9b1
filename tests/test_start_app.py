"""What starts an app: the user's own words, else its framework, else what the project names; with its own variables."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from wizard.answers import Answers
from wizard.apps import App, find_apps
from wizard.commands.start_app import starter
from wizard.console import Console
from wizard.errors import UsageError
from wizard.posthog import hosts
from wizard.workspace import list_tree

SERVER = "const express = require('express')\nconst app = express()\napp.listen(process.env.PORT)\n"


def an_app(directory: Path, scripts: dict[str, str], env: str = "", installed: bool = True) -> App:
    (directory / "package.json").write_text(json.dumps({"dependencies": {"express": "5"}, "scripts": scripts}))
    (directory / "server.js").write_text(SERVER)
    (directory / ".env").write_text(env)
    if installed:
        package = directory / "node_modules/express"
        package.mkdir(parents=True)
        (package / "package.json").write_text('{"name": "express", "version": "5.0.0"}')
    [found] = find_apps(list_tree(directory)).apps
    return found


def start(app: App, **more: Any) -> Any:
    return starter(app, Answers(hosts.cloud("us"), "phc_mine"), Console(quiet=True), False, 7.0, **more)


START = {"start": "node server.js"}


@pytest.mark.parametrize(
    ("scripts", "installed", "more", "argv", "url"),
    [
        pytest.param(START, True, {}, "node server.js", "http://127.0.0.1:", id="the-framework"),
        pytest.param({"dev": "node x.js"}, False, {}, "npm run dev", None, id="a-script-instead"),
        pytest.param(START, True, {"command": "node other.js"}, "node other.js", None, id="the-users-command"),
        pytest.param(START, True, {"url": "http://localhost:4711/shop"}, "node server.js", "http://localhost:4711/shop",
                     id="the-users-url"),
        pytest.param(START, True, {"command": "x", "url": "https://localhost:4711/"}, "x", "https://localhost:4711/",
                     id="both"),
    ],
)  # fmt: skip
def test_what_starts_it(
    tmp_path: Path, scripts: dict[str, str], installed: bool, more: dict[str, str], argv: str, url: str | None
) -> None:
    found = start(an_app(tmp_path, scripts, installed=installed), **more)
    assert isinstance(found, partial)
    launch = found.args[1]
    assert " ".join(launch.argv) == argv
    assert (launch.url or "").startswith(url or "")
    assert (launch.url is None) == (url is None)
    assert found.keywords["timeout"] == 7.0
    if "4711" in (url or ""):
        assert launch.env["PORT"] == "4711"


def test_the_app_gets_its_own_token_and_not_the_one_that_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTHOG_PROJECT_TOKEN", raising=False)
    app = an_app(tmp_path, START, "POSTHOG_PROJECT_TOKEN=phc_other\nPOSTHOG_HOST=https://eu.i.posthog.com\n")
    found = start(app)
    assert found.args[3] == {"POSTHOG_PROJECT_TOKEN": "phc_other"}
    assert found.keywords["host_variables"] == ("POSTHOG_HOST",)
    expected = found.keywords["expected"]
    assert (expected.token, expected.variable) == ("phc_mine", "")
    assert "POSTHOG_HOST in .env is https://eu.i.posthog.com" in expected.region
    monkeypatch.setenv("POSTHOG_PROJECT_TOKEN", "phc_shell")
    assert start(app).args[3] == {}
    assert start(app).keywords["expected"].shell_token == "POSTHOG_PROJECT_TOKEN"


def test_without_a_variable_none_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHOG_PROJECT_TOKEN", raising=False)
    found = start(an_app(tmp_path, START))
    assert found.args[3] == {}
    assert "POSTHOG_PROJECT_TOKEN is not set" in found.keywords["expected"].variable


def test_nothing_starts_it(tmp_path: Path) -> None:
    reason = start(an_app(tmp_path, {}, installed=False))
    assert isinstance(reason, str)
    assert "--app-command" in reason


@pytest.mark.parametrize("more", [{"command": "a | b"}, {"url": "localhost"}, {"command": ""}])
def test_words_that_mean_nothing_are_refused(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        start(an_app(tmp_path, START), **more)
