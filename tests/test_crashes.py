"""A run that was killed, or is still at work, as the next one meets it: through the real command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.in_process import wizard
from tests.terminal import DOWN, ENTER, Terminal
from wizard.commands import recover
from wizard.console import Console
from wizard.journal import journals

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
ROOT = Path(__file__).resolve().parent.parent
GIVEN = ("--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install")

# the wizard itself, which gets a signal when it has just swapped in so many files of the project
STRUCK = """
import os, signal, sys
number, left, arguments = getattr(signal, sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
real = os.replace
def replace(source, target):
    global left
    real(source, target)
    if not str(target).endswith("journal.json"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
os.replace = replace
from wizard.cli import main
sys.exit(main(arguments))
"""


def start(number: str, app: Path, after: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STRUCK, number, str(after), str(app), "--target", ".", *GIVEN]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def crash(app: Path, after: int = 1) -> None:
    """A run in `app` is killed half way, `after` so many files."""
    process = start("SIGKILL", app, after)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


@contextmanager
def at_work(app: Path) -> Iterator[int]:
    """A run in `app` stands still half way; gives its process id."""
    process = start("SIGSTOP", app)
    try:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


@pytest.fixture
def nested(tmp_path: Path) -> tuple[Path, Path]:
    """A repository and a directory in it, both of which are apps of their own when asked for."""
    repository = Case("flask-module").copy(tmp_path)
    inner = repository / "inner"
    inner.mkdir()
    for file in (Case("flask-module").folder / "project").iterdir():
        (inner / file.name).write_bytes(file.read_bytes())
    run_git(repository, "add", "-A")
    run_git(repository, "commit", "-qm", "inner")
    return repository, inner


@posix
def test_setup_rolls_back_what_was_killed_and_says_so(app: Path) -> None:
    before = snapshot(app)
    crash(app)
    assert snapshot(app) != before
    done = wizard(app, *GIVEN)
    assert done.returncode == 3, done.stderr
    assert "An earlier run was stopped half way; it was rolled back." in done.stderr
    assert wizard("undo", app, "--ci").returncode == 0
    assert snapshot(app) == before


@posix
@pytest.mark.slow
def test_undo_rolls_back_what_was_killed_and_says_so(app: Path) -> None:
    before = snapshot(app)
    crash(app)
    done = wizard("undo", app, "--ci")
    assert "An earlier run was stopped half way; it was rolled back." in done.stderr
    assert "nothing to undo here" in done.stderr
    assert snapshot(app) == before


@posix
@pytest.mark.parametrize("finish", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["finish", "roll-back"])
def test_on_a_terminal_there_is_a_choice(app: Path, finish: bool) -> None:
    before = snapshot(app)
    crash(app)
    half = snapshot(app)
    terminal = Terminal("undo", cwd=app)
    terminal.expect("An earlier run was stopped half way (")
    terminal.expect("Finish it")
    terminal.type(DOWN + ENTER if finish else ENTER)
    if finish:
        terminal.expect("The earlier run was finished.")
        terminal.expect("Take this back?")
        assert snapshot(app) not in (half, before)
        terminal.type("y")
        assert terminal.exit_code() == 0
    else:
        terminal.expect("it was rolled back")
        assert terminal.exit_code() == 1
    assert snapshot(app) == before


@posix
def test_being_told_to_stop_half_way_puts_everything_back(app: Path) -> None:
    before = snapshot(app)
    process = start("SIGTERM", app)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert snapshot(app) == before
    assert journals(app) == []


@posix
def test_a_second_run_is_told_and_stops(app: Path) -> None:
    with at_work(app) as pid:
        found = snapshot(app)
        for arguments in ((app, *GIVEN), ("undo", app, "--ci")):
            done = wizard(*arguments)
            assert done.returncode == 1, done.stderr
            assert f"(pid {pid})" in done.stderr
            assert "hint: wait until it is done" in done.stderr
        assert snapshot(app) == found


@posix
@pytest.mark.slow
@pytest.mark.parametrize("inside", [True, False], ids=["inner-then-outer", "outer-then-inner"])
def test_nested_directories_exclude_each_other(nested: tuple[Path, Path], inside: bool) -> None:
    first, second = reversed(nested) if inside else nested
    with at_work(first) as pid:
        done = wizard(second, "--target", ".", *GIVEN)
        assert done.returncode == 1, done.stderr
        assert f"(pid {pid})" in done.stderr


@posix
def test_a_crash_in_an_inner_directory_is_noticed_from_the_outer(nested: tuple[Path, Path]) -> None:
    repository, inner = nested
    before = snapshot(repository)
    crash(inner)
    done = wizard("undo", repository, "--ci")
    assert f"An earlier run in {inner} was stopped half way" in " ".join(done.stderr.split())
    assert snapshot(repository) == before


@posix
@pytest.mark.slow
def test_an_edit_of_our_lines_after_the_crash_is_named_once(app: Path) -> None:
    crash(app, after=3)
    record = next(Path(os.environ["POSTHOG_WIZARD_STATE_DIR"]).glob("*/*/journal.json"))
    written = [e["path"] for e in json.loads(record.read_bytes())["files"] if e["before"] is not None]
    touched = next(p for p in written if b"posthog" in (app / p).read_bytes().lower())
    text = (app / touched).read_bytes()
    at = text.lower().index(b"posthog")
    (app / touched).write_bytes(text[:at] + b"mine_" + text[at:])
    mine = (app / touched).read_bytes()
    done = wizard(app, *GIVEN)
    assert done.returncode == 1
    assert f"rolled back but for what you edited since: {touched}:" in " ".join(done.stderr.split())
    assert (app / touched).read_bytes() == mine
    assert "rolled back but for" not in wizard(app, *GIVEN).stderr


@posix
@pytest.mark.slow
def test_a_run_that_only_reads_says_that_the_tree_is_half_written(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recover.mention(app, Console())
    assert capsys.readouterr().err == ""
    crash(app)
    half = snapshot(app)
    recover.mention(app, Console())
    assert "was stopped half way" in " ".join(capsys.readouterr().err.split())
    assert snapshot(app) == half
