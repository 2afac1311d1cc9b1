"""Choosing the project at a real pseudo-terminal: few and many projects, wide and narrow, a key in the wrong place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fake_posthog import KEY, TOKEN, FakePostHog, closed_port, complete
from tests.fixture_case import Case
from tests.terminal import CTRL_C, CTRL_D, DOWN, ENTER, Terminal

BACK = "\x7f"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(tmp_path / "config")}


def many(count: int) -> FakePostHog:
    tokens = {f"phc_{number:040}": number for number in range(100, 100 + count)} | {TOKEN: 42}
    fields = {number: {"name": f"Project number {number}"} for number in tokens.values()}
    return complete(
        tokens=tokens, project_fields=fields | {42: {"name": "Web shop"}, 101: {"name": "Caf\u00e9"}}, page=100
    )


@pytest.mark.parametrize("columns", [40, 100])
@pytest.mark.parametrize("count", [3, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_project_is_found_by_typing(app: Path, env: dict[str, str], count: int, columns: int) -> None:
    with many(count) as fake:
        terminal = Terminal("--host", fake.url, "--error-tracking", cwd=app, columns=columns, environment=env)
        terminal.expect("choose it with your personal key")
        terminal.type(ENTER)
        terminal.expect("Web shop (#42, current)")
        started = time.monotonic()
        terminal.type("number 102" + ENTER)
        terminal.expect("token phc_0000...0102")
        assert time.monotonic() - started < 5
        terminal.expect("Apply")
        terminal.type("n")
        assert terminal.exit_code() == 0
    assert KEY not in terminal.whole


def test_a_login_that_fails_is_no_end(app: Path, tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "POSTHOG_WIZARD_PERSONAL_KEY": ""}
    terminal = Terminal(
        "--host", f"http://127.0.0.1:{closed_port()}", "--error-tracking", cwd=app, environment=env, columns=200
    )
    terminal.expect("Which project?")
    terminal.type(DOWN + ENTER)
    terminal.expect("error: ")
    terminal.expect("Which project?")
    terminal.type(ENTER)
    terminal.expect("Project token (--token):")
    terminal.type(TOKEN + ENTER)
    terminal.expect("Apply this?")
    terminal.type("n")
    assert terminal.exit_code() == 0


def test_searching(app: Path, env: dict[str, str]) -> None:
    with many(40) as fake:
        terminal = Terminal("--host", fake.url, cwd=app, environment=env)
        terminal.expect("choose it with your personal key")
        terminal.type(ENTER)
        for typed, words in (
            ("", "1 of 42"),
            ("zzz", "nothing is called that"),
            (ENTER + BACK * 3 + "caf\u00e9", "(#101)"),
            (BACK * 4 + "SHOP", "Web shop"),
            (BACK * 4, "1 of 42"),
            (DOWN * 30, "31 of 42"),
            (DOWN * 12, "1 of 42"),
        ):
            terminal.type(typed)
            terminal.expect(words)
        terminal.type(CTRL_D)
        assert terminal.exit_code() == 130


def test_a_personal_key_in_the_place_of_the_token(app: Path, env: dict[str, str]) -> None:
    del env["POSTHOG_WIZARD_PERSONAL_KEY"]
    with complete() as fake:
        terminal = Terminal("--host", fake.url, "--error-tracking", cwd=app, environment=env)
        terminal.expect("Which project?")
        terminal.type(ENTER)
        terminal.expect("(--token):")
        terminal.type(KEY + ENTER)
        terminal.expect("This is a personal API key")
        terminal.expect("It is not kept")
        terminal.type("y")
        terminal.expect("Project 'Project 42' (#42)")
        terminal.expect("Apply")
        terminal.type("n")
        assert terminal.exit_code() == 0
    assert KEY[8:] not in terminal.whole
    assert "*****" in terminal.whole


def test_a_personal_key_need_not_be_used(app: Path, env: dict[str, str]) -> None:
    del env["POSTHOG_WIZARD_PERSONAL_KEY"]
    with complete() as fake:
        terminal = Terminal("--host", fake.url, cwd=app, environment=env)
        terminal.expect("Which project?")
        terminal.type(f"\x1b[200~{KEY}\x1b[201~")
        terminal.expect("It is not kept")
        terminal.type("n")
        terminal.expect("(--token):")
        terminal.type(CTRL_C)
        assert terminal.exit_code() == 130
        assert fake.requests == []
    assert KEY[8:] not in terminal.whole
