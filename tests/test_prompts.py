"""The questions, asked through a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, snapshot

pty = pytest.importorskip("pty")
ROOT = Path(__file__).resolve().parent.parent
ENTER, DOWN, SPACE, CTRL_C, CTRL_D = "\r", "\x1b[B", " ", "\x03", "\x04"


class Terminal:
    """A wizard process at the other end of a pty."""

    def __init__(self, *arguments: str, cwd: Path, columns: int = 100) -> None:
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "TERM": "xterm"}
            env["PROMPT_TOOLKIT_NO_CPR"] = "1"  # nobody is at the other end to say where the cursor is
            os.execve(sys.executable, [sys.executable, "-m", "wizard", *arguments], env)

    def expect(self, words: str, timeout: float = 20) -> None:
        """Read until `words` appear (after what was expected before)."""
        deadline = time.monotonic() + timeout
        while words not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {words!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                break
        assert words in self.seen, self.seen
        self.seen = self.seen.partition(words)[2]

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def exit_code(self, timeout: float = 20) -> int:
        """Read to the end; the code it exits with."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.fd], [], [], 0.1)
            if ready:
                with contextlib.suppress(OSError):
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"still running: {self.seen!r}")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


STEPS = (
    ("(--token)", TOKEN + ENTER),
    ("(--region, --host)", DOWN + ENTER),
    ("What shall be on?", ENTER),
    ("Apply this?", "y"),
)


def test_the_whole_way(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app)
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


@pytest.mark.parametrize(("at", "key"), [(0, CTRL_C), (1, CTRL_C), (2, CTRL_C), (3, CTRL_C), (0, CTRL_D)])
def test_interrupted_at_every_question(app: Path, at: int, key: str) -> None:
    before = snapshot(app)
    terminal = Terminal("--no-install", "--no-verify", cwd=app)
    for question, keys in STEPS[:at]:
        terminal.expect(question)
        terminal.type(keys)
    terminal.expect(STEPS[at][0])
    terminal.type(key)
    assert terminal.exit_code() == 130
    assert snapshot(app) == before


def test_a_personal_key_is_refused_at_the_question(app: Path) -> None:
    terminal = Terminal("--no-install", "--no-verify", cwd=app)
    terminal.expect("(--token)")
    terminal.type("phx_secret" + ENTER)
    terminal.expect("personal")
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
    for question, keys in (("(--token)", TOKEN + ENTER), *STEPS[1:]):
        terminal.expect(question.split(" ")[0].split("(")[-1] if question.startswith("(--r") else question)
        terminal.type(keys)
    assert terminal.exit_code() == 3
