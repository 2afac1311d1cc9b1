"""The questions, asked through a real pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, snapshot
from tests.terminal import CTRL_C, CTRL_D, DOWN, ENTER, SPACE, Terminal


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


STEPS = (
    ("Which project? (--token)", ENTER),
    ("(--token):", TOKEN + ENTER),
    ("(--region, --host)", DOWN + ENTER),
    ("What shall be on?", ENTER),
    ("Apply this?", "y"),
)


def test_the_whole_way(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app, start=True)
    for question, keys in STEPS:
        terminal.expect(question)
        terminal.type(keys)
    terminal.expect("--region eu")
    assert terminal.exit_code() == 3
    assert (app / "posthog_client.py").exists()
    assert "eu.i.posthog.com" in (app / ".env").read_text()


def test_switching_an_option_off(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", "--token", TOKEN, "--region", "us", cwd=app)
    terminal.expect("What shall be on?")
    terminal.type(SPACE + ENTER)
    terminal.expect("Apply this?")
    terminal.type("y")
    terminal.expect("--no-error-tracking")
    assert terminal.exit_code() == 3
    assert "enable_exception_autocapture" not in (app / "posthog_client.py").read_text()


def test_no_means_nothing_is_written(app: Path) -> None:
    before = snapshot(app)
    terminal = Terminal("--token", TOKEN, "--region", "us", "--error-tracking", cwd=app)
    terminal.expect("Apply this?")
    terminal.type("n")
    assert terminal.exit_code() == 0
    assert snapshot(app) == before


@pytest.mark.parametrize(
    ("at", "key"), [*((at, CTRL_C) for at in range(len(STEPS))), (0, CTRL_D), (1, CTRL_D), (3, CTRL_D)]
)
def test_interrupted_at_every_question(app: Path, at: int, key: str) -> None:
    before = snapshot(app)
    terminal = Terminal("--no-install", "--no-verify", cwd=app, start=at == 2)
    for question, keys in STEPS[:at]:
        terminal.expect(question)
        terminal.type(keys)
    terminal.expect(STEPS[at][0])
    terminal.type(key)
    assert terminal.exit_code() == 130
    assert snapshot(app) == before


@pytest.mark.parametrize(
    ("pasted", "words"),
    [("phs_secretsecretsecretsecret", "secret API key"), ("two words", "blank"), ("", "empty")],
    ids=["secret", "blank", "empty"],
)
def test_what_cannot_be_a_token_is_refused_at_the_question(app: Path, pasted: str, words: str) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app)
    terminal.expect("Which project?")
    terminal.type(ENTER)
    terminal.expect("(--token):")
    terminal.type(pasted + ENTER)
    terminal.expect(words)
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130


def test_a_token_is_pasted_right_over_the_choice(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", "--region", "us", cwd=app)
    terminal.expect("Which project?")
    terminal.type(f"\x1b[200~ {TOKEN}\n\x1b[201~")
    terminal.expect("What shall be on?")
    terminal.type(ENTER)
    terminal.expect("Apply this?")
    terminal.type("y")
    assert terminal.exit_code() == 3
    assert TOKEN in (app / ".env").read_text()


def test_rubbish_pasted_over_the_choice_is_asked_again(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", "--region", "us", cwd=app)
    terminal.expect("Which project?")
    terminal.type("\x1b[200~https://us.posthog.com/project/1\x1b[201~")
    terminal.expect("error: ")
    terminal.expect("(--token):")
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130


def test_going_on_without_a_token(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app)
    terminal.expect("Which project?")
    terminal.type(DOWN + DOWN + ENTER)
    terminal.expect("What shall be on?")
    terminal.type(ENTER)
    terminal.expect("Fill in POSTHOG_PROJECT_TOKEN")
    terminal.expect("Apply this?")
    terminal.type("y")
    terminal.expect("--ci --no-token")
    assert terminal.exit_code() == 3
    assert (app / ".env").read_text() == "POSTHOG_PROJECT_TOKEN=\nPOSTHOG_HOST=\n"


def test_offline_nobody_can_log_in(app: Path) -> None:
    terminal = Terminal("--offline", cwd=app)
    terminal.expect("Which project?")
    terminal.type(DOWN + ENTER)
    terminal.expect("What shall be on?")
    assert "log in" not in terminal.seen
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130


def test_edit_by_edit(app: Path) -> None:
    before = (app / "app.py").read_bytes()
    terminal = Terminal("--no-install", "--no-verify", "--token", TOKEN, "--region", "us", "--error-tracking", cwd=app)
    terminal.expect("Apply this?")
    terminal.type("e")
    terminal.expect("Edit 1 of 5: .env")
    terminal.expect("Take this edit?")
    terminal.type("?")
    terminal.expect("leave it out")
    terminal.expect("Take this edit?")
    terminal.type("xY")
    terminal.expect("Edit 2 of 5: .env")
    terminal.expect("Take this edit?")
    terminal.type(ENTER)
    terminal.expect("Why:  one PostHog client")
    terminal.expect("Docs: https://posthog.com/docs/libraries/flask")
    terminal.expect("Take this edit?")
    terminal.type("n")
    terminal.expect("left out too: app.py#")
    terminal.expect("declares posthog")
    terminal.expect("Take this edit?")
    terminal.type("a")
    terminal.expect("What is left of the plan")
    terminal.expect("Apply this?")
    terminal.type("y")
    terminal.expect("left out: posthog_client.py#")
    terminal.expect("--skip")
    assert terminal.exit_code() == 3
    assert (app / "app.py").read_bytes() == before
    assert "posthog" in (app / "requirements.txt").read_text()
    assert not (app / "posthog_client.py").exists()


@pytest.mark.parametrize(("keys", "code"), [("q", 0), (CTRL_C, 130), (CTRL_D, 130)])
def test_edit_by_edit_can_be_left(app: Path, keys: str, code: int) -> None:
    before = snapshot(app)
    terminal = Terminal("--no-install", "--token", TOKEN, "--region", "us", "--error-tracking", cwd=app)
    terminal.expect("Apply this?")
    terminal.type("e")
    terminal.expect("Take this edit?")
    terminal.type(keys)
    assert terminal.exit_code() == code
    assert snapshot(app) == before


def test_given_answers_are_not_asked(app: Path) -> None:
    terminal = Terminal(
        "--token", TOKEN, "--region", "us", "--no-error-tracking", "--yes", "--no-install", "--no-verify", cwd=app
    )
    assert terminal.exit_code() == 3
    assert "(--" not in terminal.seen


def test_a_narrow_terminal(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app, columns=40)
    for question, (_, keys) in zip(
        ("Which project?", "Project token", "Where is", "What shall", "Apply"), STEPS, strict=True
    ):
        terminal.expect(question)
        terminal.type(keys)
    assert terminal.exit_code() == 3
