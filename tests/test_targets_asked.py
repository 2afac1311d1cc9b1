"""The questions about several apps, asked through a real pseudo-terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.fixture_case import snapshot
from tests.in_process import wizard
from tests.terminal import CTRL_C, DOWN, ENTER, SPACE, Terminal
from tests.test_targets import EU, US, A, B, copied, has
from wizard.codemods import dotenv


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return copied(tmp_path / "repo")


def start(repo: Path, *words: str, columns: int = 80) -> Terminal:
    terminal = Terminal("--offline", *words, cwd=repo, columns=columns)
    terminal.expect("Which apps shall send events")
    terminal.type(ENTER)
    return terminal


def answer(terminal: Terminal, *steps: tuple[str, str]) -> None:
    for question, keys in steps:
        terminal.expect(question)
        terminal.type(keys)


def pasted(terminal: Terminal, copy: Path) -> None:
    """The line that it ends with, run in another copy."""
    assert terminal.exit_code() == 3, terminal.seen
    line = terminal.whole.rpartition("The same again: ")[2].replace("\r\n", "")
    wizard(*shlex.split(line)[2:], cwd=copy)


def env(repo: Path, app: str) -> list[str]:
    return list(dotenv.read((repo / app / (".env" if app == "api" else ".env.local")).read_text()).values())


SAME = "The same answers for all of them? (y yes, n no: app by app; enter: y)"


def test_the_same_for_all_is_asked_once(repo: Path, tmp_path: Path) -> None:
    terminal = start(repo)
    answer(terminal, (SAME, ENTER), ("Which project?", ENTER), ("(--token):", A + ENTER))
    answer(terminal, ("(--region, --host)", ENTER), ("What shall be on?", SPACE + ENTER), ("Apply this?", "y"))
    copy = copied(tmp_path / "copy")
    pasted(terminal, copy)
    assert snapshot(copy) == snapshot(repo)
    assert env(repo, "admin") == env(repo, "api") == env(repo, "web") == [A, US]
    assert "--no-autocapture" in terminal.whole
    assert "--for" not in terminal.whole.rpartition("The same again")[2]


def test_app_by_app_each_begins_where_the_one_before_ended(repo: Path, tmp_path: Path) -> None:
    terminal = start(repo)
    answer(terminal, (SAME, "n"), ("admin (React with Vite), 1 of 3", ""), ("Which project?", ENTER))
    answer(terminal, ("(--token):", A + ENTER), ("(--region, --host)", DOWN + ENTER), ("What shall be on?", ""))
    answer(terminal, ("Autocapture", SPACE + ENTER))
    answer(terminal, ("api (Flask), 2 of 3", ""), ("the same project as admin", DOWN + ENTER))
    # the region of the one before is where it starts
    answer(terminal, ("(--token):", B + ENTER), ("(--region, --host)", ENTER), ("What shall be on?", ""))
    terminal.expect("Error tracking")
    assert "Autocapture" not in terminal.seen, "which Flask has not"
    terminal.type(SPACE + ENTER)
    answer(terminal, ("web (Next.js), 3 of 3", ""), ("the same project as api", ""))
    answer(terminal, ("the same project as admin", DOWN + ENTER), ("What shall be on?", ENTER))
    terminal.expect("admin, web: token phc_aaaa...1111, PostHog Cloud EU")
    terminal.expect("api: token phc_bbbb...2222, PostHog Cloud EU")
    answer(terminal, ("Apply this?", "y"))
    copy = copied(tmp_path / "copy")
    pasted(terminal, copy)
    assert snapshot(copy) == snapshot(repo)
    assert (env(repo, "admin"), env(repo, "api"), env(repo, "web")) == ([A, EU], [B, EU], [A, EU])
    # what was said of admin, then of api, is where web began
    assert "autocapture: false" in (repo / "web/instrumentation-client.ts").read_text()
    assert "capture_exceptions" not in (repo / "web/instrumentation-client.ts").read_text()
    assert "capture_exceptions: true" in (repo / "admin/src/main.tsx").read_text()


def test_what_one_has_already_is_not_asked(repo: Path, tmp_path: Path) -> None:
    copy = copied(tmp_path / "copy")
    for root in (repo, copy):
        has(root, "api", B, EU)
    terminal = start(repo)
    answer(terminal, (SAME, "n"), ("api (Flask), 1 of 3", ""), ("Token phc_bbbb...2222 from api/.env.", ""))
    answer(terminal, ("What shall be on?", ENTER), ("admin (React with Vite), 2 of 3", ""))
    assert "Which project?" not in terminal.whole.partition("1 of 3")[2].partition("2 of 3")[0]
    answer(terminal, ("the same project as api", DOWN + ENTER), ("(--token):", A + ENTER))
    answer(terminal, ("(--region, --host)", ENTER), ("What shall be on?", ENTER), ("web (Next.js), 3 of 3", ""))
    answer(terminal, ("the same project as admin", ""), ("the same project as api", DOWN + ENTER))
    answer(terminal, ("What shall be on?", ENTER), ("Apply this?", "y"))
    pasted(terminal, copy)
    assert (env(repo, "api"), env(repo, "web")) == ([B, EU], [B, EU])
    assert snapshot(copy) == snapshot(repo)


def test_two_that_have_their_own_leave_one_to_ask_for(repo: Path) -> None:
    has(repo, "api", A, EU)
    has(repo, "web", B, US)
    terminal = start(repo)
    answer(terminal, (SAME, ENTER), ("from api/.env", ""), ("from web/.env.local", ""), ("1madmin", ""))
    answer(terminal, ("the same project as web", DOWN + ENTER), ("All of them", ""), ("What shall be on?", ENTER))
    terminal.expect("admin, api: token phc_aaaa...1111")
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130


ALL_OPTIONS = [
    f"--{option}"
    for option in "autocapture session-replay error-tracking heatmaps web-vitals surveys no-reverse-proxy".split()
]


def test_when_nothing_is_open_nothing_is_asked(repo: Path) -> None:
    has(repo, "api", B, EU)
    terminal = start(repo, *ALL_OPTIONS)
    terminal.expect("Apply this?")
    assert "(--token)" not in terminal.whole.replace("(--target)", "")
    assert "The same answers" not in terminal.whole
    terminal.type("n")
    assert terminal.exit_code() == 0


def test_when_only_one_has_something_open_it_is_asked_at_once(repo: Path) -> None:
    web = [part for word in ("no-surveys", "heatmaps", "no-reverse-proxy") for part in ("--for", f"web:{word}")]
    given = ("--token", A, "--region", "us", "--error-tracking", "--autocapture", "--session-replay", "--web-vitals")
    terminal = start(repo, *given, *web)
    terminal.expect("What shall be on?")
    assert "The same answers" not in terminal.whole
    assert "Reverse proxy" not in terminal.seen
    terminal.type(ENTER)
    terminal.expect("Apply this?")
    terminal.type("n")
    assert terminal.exit_code() == 0


STEPS = (
    (SAME, "n"),
    ("Which project?", ENTER),
    ("(--token):", A + ENTER),
    ("(--region, --host)", ENTER),
    ("What shall be on?", ENTER),
    ("the same project as admin", ENTER),
    ("What shall be on?", ENTER),
)


@pytest.mark.parametrize("at", [0, 6])
def test_interrupted_in_the_middle_nothing_is_written(repo: Path, at: int) -> None:
    before = snapshot(repo)
    terminal = start(repo)
    answer(terminal, *STEPS[:at])
    terminal.expect(STEPS[at][0])
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130
    assert snapshot(repo) == before


@pytest.mark.slow
def test_forty_columns_are_enough(repo: Path) -> None:
    terminal = start(repo, columns=40)
    answer(terminal, ("The same answers", "n"), ("1 of 3", ""), ("Which project?", ENTER), ("Project token", A + ENTER))
    answer(terminal, ("Where is", ENTER), ("What shall", ENTER), ("2 of 3", ""), ("the same project", ENTER))
    answer(terminal, ("What shall", ENTER), ("3 of 3", ""), ("the same project", ENTER), ("What shall", ENTER))
    answer(terminal, ("Apply this?", "y"))
    assert terminal.exit_code() == 3
    assert env(repo, "web") == [A, US]
