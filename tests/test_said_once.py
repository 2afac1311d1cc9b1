"""What is so for several apps is said once, and the line that does a run again has all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.answers import Answers
from wizard.apps import App
from wizard.changes import Manual, Note
from wizard.choice import Selection
from wizard.cli import main
from wizard.commands.choices import Choices
from wizard.commands.choose_apps import Picked, choose_app
from wizard.commands.command_line import Run, setup_line
from wizard.commands.report import by_hand, moment, show_rest
from wizard.commands.show_verdicts import Checked, Proof, show
from wizard.commands.steps import Todo, show_steps
from wizard.commands.typed import line
from wizard.console import Console
from wizard.errors import UsageError
from wizard.next_steps import Step
from wizard.plan import AppPlan, Plan
from wizard.posthog.hosts import cloud, login_line, of
from wizard.posthog.relay import named
from wizard.project import Project
from wizard.verify.verdicts import Verdict
from wizard.workspace import list_tree

FLASK = Path(__file__).parents[1] / "fixtures" / "flask-demo" / "project"
TOKEN_OK = Verdict("token", "passed", "PostHog EU knows the token")
IDLE = Verdict("app", "skipped", "not started")
SKIPPED = Verdict("readable", "skipped", "nobody is logged in")


def app(status: str, reason: str) -> Verdict:
    return Verdict("app", status, reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("checked", "has", "lacks"),
    [
        pytest.param(
            [
                Proof("a", (TOKEN_OK, IDLE, SKIPPED)),
                Proof("b", (TOKEN_OK, IDLE, SKIPPED)),
            ],
            [
                "- a, b: The app's own code: not proven. Not started",
                "Not proven: the code of a, b, event in the project.",
            ],
            ["  - b: "],
            id="the same reason",
        ),
        pytest.param(
            [
                Proof("a", (TOKEN_OK, app("passed", "it sent one"))),
                Proof("b", (TOKEN_OK, app("failed", "eu.x.com is refused"))),
            ],
            [
                "Proven: token and host, the code of a. Failed: the code of b.",
                "b: The app's own code: failed. eu.x.com is",
            ],
            ["the app's own code."],
            id="one passes, one fails",
        ),
        pytest.param(
            [
                Proof("a", (TOKEN_OK, app("passed", "it sent one"))),
                Proof("b", (TOKEN_OK, replace(app("passed", "it sent two"), detail={"warning": "But it ended"}))),
            ],
            ["! b: But it ended"],
            ["a: But"],
            id="a warning of one",
        ),
        pytest.param(
            [Proof(".", (TOKEN_OK, app("passed", "the app sent one")))],
            ["+ The app's own code: passed. The app sent one", "Proven: token and host, the app's own code."],
            [".: ", "the code of"],
            id="one app",
        ),
    ],
)
def test_verdicts(
    checked: Checked,
    has: list[str],
    lacks: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    show(Console(), checked)
    said = capsys.readouterr().err
    assert [part for part in has if part not in said] == []
    assert [part for part in lacks if part in said] == []
    assert said.count("Token and host: passed") == 1


@pytest.mark.parametrize(
    ("reached", "status", "told"),
    [((True, True), "passed", False), ((True, False), "passed", True), ((True, True), "failed", True)],
    ids=["all, passed", "not all", "all, failed"],
)
def test_what_is_reached_is_told_only_where_something_is_amiss(
    reached: tuple[bool, ...], status: str, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"host": f"{i}.com", "reached": on, "obstacle": "dns", "reason": "r", "hint": ""}
        for i, on in enumerate(reached)
    ]
    verdict = Verdict("token", status, "x", {"network": rows, "token": "phc_a...b"})  # type: ignore[arg-type]
    show(Console(), [Proof(".", (verdict,))])
    assert ("Reached from here" in capsys.readouterr().err) is told


def test_steps_of_several_apps(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    both, alone = Step("dashboard", "Make one", command=("dashboard",)), Step("identify", "Say who", where="x.ts:3")
    apps = {name: App(Project(list_tree(FLASK), name), "flask", ()) for name in "ab"}
    steps = [("a", both), ("b", both), ("b", alone), ("b", Step("c", "Third")), ("b", Step("d", "Fourth"))]

    def typed(words: Sequence[str], for_apps: Sequence[App]) -> str:
        return line(Path(), *words, names=[one.path for one in for_apps])

    show_steps(Console(), [Todo(apps[name], name, step, ()) for name, step in steps], typed)
    said = capsys.readouterr().err
    assert said.count("Make one") == 1
    assert "> Make one" in said
    assert said.count("posthog-wizard dashboard --target a --target b\n") == 1
    assert "> b: Say who  [x.ts:3]" in said
    assert "Third" in said
    assert "Fourth" not in said


def test_manual_steps_of_several_apps() -> None:
    same = [Manual("Fill in", "X=", f"{path}/.env") for path in "ab"]
    app = choose_app(list_tree(FLASK), "flask", ".")
    plan = Plan((AppPlan(app, (), (), (*same, Manual("Fill in", "Y=")), ()),))
    assert by_hand(plan) == {("Fill in", "X="): ["a/.env", "b/.env"], ("Fill in", "Y="): []}


def test_notes_of_several_apps(capsys: pytest.CaptureFixture[str]) -> None:
    tree = list_tree(FLASK)
    both, alone = Note("There is a proxy", "x"), Note("Nothing loads .env")
    plans = [
        AppPlan(App(Project(tree, name), "flask", ()), (), (), (), notes)
        for name, notes in (("a", (both,)), ("b", (both, alone)))
    ]
    show_rest(Console(), Plan(tuple(plans)))
    assert capsys.readouterr().err.split("Good to know\n")[1].splitlines() == [
        "  - There is a proxy",
        "      x",
        "  - b: Nothing loads .env",
    ]
    show_rest(Console(), Plan(tuple(plans[1:])))
    assert "  - Nothing loads .env" in capsys.readouterr().err


def test_the_line_that_does_it_again_has_what_was_wanted_besides() -> None:
    run = Run(Path(), may_ask=False, no_install=False, no_verify=False, allow_dirty=False, offline=False)
    apps = (choose_app(list_tree(FLASK), "flask", "."),)
    wanted = Answers(cloud("eu"), "phc_x", replace_token=True)
    nothing = Answers(cloud("eu"), "phc_x")

    def again(answers: Answers, dashboard: bool) -> str:
        return setup_line(run, Picked(apps), answers, Choices(Path()), Selection(), dashboard=dashboard)

    assert again(wanted, True) == "uvx posthog-wizard --ci --token phc_x --region eu --replace-token --dashboard"
    assert again(nothing, False) == "uvx posthog-wizard --ci --token phc_x --region eu"


def test_the_line_that_logs_in() -> None:
    assert login_line(cloud("eu")) == "posthog-wizard login"
    assert login_line(of("https://ph.example.com")) == "posthog-wizard login --host https://ph.example.com"


def test_a_mistyped_region_is_no_host() -> None:
    with pytest.raises(UsageError, match="ue is neither us, nor eu, nor a URL"):
        named("ue")
    assert named("localhost:8000").ingest == "https://localhost:8000"
    assert named("http://posthog").ingest == "http://posthog"


def test_a_moment_is_readable() -> None:
    assert moment("2026-11-21T11:57:49+00:00") == "2026-11-21 11:57 UTC"


def test_passing_remarks_are_lines_where_nothing_can_be_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    with console.working():
        console.progress("Asking (at most 20 s)")
        console.progress("Waiting (at most 60 s)")
    assert capsys.readouterr().err == "  Asking (at most 20 s)\n  Waiting (at most 60 s)\n"


def test_passing_remarks_leave_nothing_behind_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console as Rich

    shown = StringIO()
    console = Console()
    console._rich = Rich(file=shown, force_terminal=True, width=80, color_system=None)
    monkeypatch.setenv("TERM", "xterm")
    with console.working():
        console.progress("Asking (at most 20 s)")
    console.progress("After it")
    # the remark was there, and its line is erased before the next one is written
    assert "Asking (at most 20 s)" in shown.getvalue()
    assert shown.getvalue().endswith("\x1b[2K  After it\n")


@pytest.mark.parametrize(("token", "told"), [("hello", True), ("phc_hello", False)])
def test_a_token_that_looks_odd_is_told(
    token: str, told: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main([str(FLASK), "--dry-run", "--ci", "--token", token, "--region", "eu"]) == 0
    assert ("! The project token does not start with phc_" in capfd.readouterr().err) is told
