"""Every line that a run prints to be typed next works where the user stands, and means the apps of that run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.fixture_case import Case
from tests.in_process import GIVEN, wizard
from wizard.commands.show_verdicts import Proof, show
from wizard.commands.typed import line
from wizard.console import Console
from wizard.verify.record import last_verified
from wizard.verify.verdicts import Verdict

CLOSED = "http://127.0.0.1:9"
QUIET = ("--no-install", "--no-verify")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Where the user stands: beside a repository with two apps in one directory, and a third that has a blank."""
    repo = tmp_path / "my repo"
    shutil.copytree(Case("detect-django-and-vite-in-one").folder / "project", repo / "site")
    shutil.copytree(Case("flask-module").folder / "project", repo / "report card")
    return tmp_path


def typed(said: str) -> list[list[str]]:
    """The words of each command that was printed, without the program's name."""
    found = re.findall(r"(?<![\w./-])posthog-wizard .*", said)
    return [shlex.split(one)[1:] for one in found]


def test_the_command_of_a_directory() -> None:
    assert line(Path(), "verify") == "posthog-wizard verify"
    assert line(Path("my repo"), "undo", names=["a b:flask"]) == "posthog-wizard undo 'my repo' --target 'a b:flask'"


def test_what_a_set_up_prints_can_be_typed(there: Path) -> None:
    done = wizard("my repo", "--all", "--ci", *GIVEN, *QUIET, cwd=there)
    assert done.returncode == 3, done.stderr
    assert "left to you: run npm install --no-audit --no-fund  (in my repo/site)\n" in done.stderr
    lines = typed(done.stderr)
    assert {words[0] for words in lines} >= {"verify", "undo", "my repo"}
    assert [words for words in lines if "my repo" not in words] == []
    [dashboard] = [words for words in lines if words[0] == "dashboard"]
    assert dashboard == ["dashboard", "my repo", "--target", "site:react-vite"]
    again = wizard(*next(words for words in lines if "--ci" in words), cwd=there)
    assert again.returncode == 0, again.stderr
    assert "Already set up: nothing to change." in again.stderr
    assert [words[:2] for words in typed(again.stderr)] == [["verify", "my repo"]]
    undone = wizard(*next(words for words in lines if words[0] == "undo"), "--ci", cwd=there)
    assert undone.returncode == 0, undone.stderr


def test_a_saved_plan_can_be_applied_as_it_says(there: Path) -> None:
    saved = wizard("my repo", "--all", "--ci", *GIVEN, "--dry-run", "--out", "a plan.json", cwd=there)
    [words] = typed(saved.stderr)
    assert words == ["apply", "a plan.json", "my repo"]
    done = wizard(*words, "--ci", "--token", GIVEN[1], *QUIET, cwd=there)
    assert done.returncode == 3, done.stderr
    (there / "my repo/report card/app.py").write_text("# moved\n")
    moved = wizard(*words, "--ci", "--token", GIVEN[1], *QUIET, cwd=there)
    assert (moved.returncode, typed(moved.stderr)) == (1, [["--dry-run", "--out", "a plan.json", "my repo"]])


def test_steps_in_json_are_each_for_their_app(there: Path) -> None:
    done = wizard("my repo", "--all", "--json", *GIVEN, *QUIET, cwd=there)
    rows = [row for row in json.loads(done.stdout)["next_steps"] if row["id"] == "verify"]
    assert [(row["path"], row["framework"], shlex.split(row["lines"][0])[2:]) for row in rows] == [
        ("report card", "flask", ["my repo", "--target", "report card"]),
        ("site", "django", ["my repo", "--target", "site:django"]),
        ("site", "react-vite", ["my repo", "--target", "site:react-vite"]),
    ]


def test_verify_repeats_itself_for_the_same_apps(there: Path) -> None:
    at = ("--host", CLOSED, "--token", GIVEN[1], "--for", "site:django:token=phc_" + "o" * 36, "--no-app")
    done = wizard("verify", "my repo", "--all", "--ci", *at, cwd=there)
    [words] = [words for words in typed(done.stderr) if words[0] == "verify"]
    assert [word for word in words if word.startswith(("site", "report"))] == [
        "report card",
        "site:django",
        "site:react-vite",
        "site:django:token=phc_" + "o" * 36,
    ]
    assert wizard(*words, "--ci", "--no-app", cwd=there).returncode == done.returncode


def test_two_apps_of_one_directory_are_told_apart(there: Path) -> None:
    site = there / "my repo/site"
    given = ("--token", GIVEN[1], "--host", CLOSED, "--no-app")
    done = wizard("verify", "--all", "--ci", *given, cwd=site)
    assert ".:django, .:react-vite: The app's own code" in done.stderr
    report = json.loads(wizard("verify", "--all", "--json", *given, cwd=site).stdout)
    assert {(row["path"], row["framework"]) for row in report["verification"]} == {(".", "django"), (".", "react-vite")}
    wizard("verify", "--target", ".:django", "--ci", *given, cwd=site)
    assert last_verified(site, "django") is not None
    assert last_verified(site, "flask") is None


def test_doctor_calls_them_by_name_and_says_once_what_it_lacks(there: Path) -> None:
    wizard("my repo", "--all", "--ci", *GIVEN, *QUIET, cwd=there)
    done = wizard("doctor", "my repo", "--all", "--ci", "--offline", cwd=there)
    for name in ("report card", "site:django", "site:react-vite"):
        assert f"Found in {name}: " in done.stderr
    assert done.stderr.count("Not looked at") == done.stderr.count("--offline forbids the network") == 1


def unproven(next: str) -> Verdict:
    return Verdict("readable", "skipped", "not seen yet", {"next": next})


NEXT = {
    "each its own": (["v --target a --resume 1", "v --target b --resume 2"], None),
    "the same": (["v --resume 1", "v --resume 1"], ["v --resume 1"]),
    "one login": (["login && v --target a", "login && v --target b"], ["login && v"]),
    "two logins": (["login a && v --target a", "login b && v --target b"], ["login a && login b && v"]),
    "a login and another": (["login && v --target a", "v --target b --resume 2"], None),
    "one login, and another": (
        ["login && v --target a", "login && v --target b", "v --target c --resume 3"],
        ["login && v", "v --target c --resume 3"],
    ),
}


@pytest.mark.parametrize(("commands", "shown"), NEXT.values(), ids=NEXT)
def test_several_unproven_projects(
    commands: list[str], shown: list[str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    show(Console(), [Proof(str(number), (unproven(one),)) for number, one in enumerate(commands)], "v")
    said = [one.removeprefix("Next: ") for one in capsys.readouterr().err.splitlines() if one.startswith("Next: ")]
    assert said == (shown or commands)


def test_one_app_of_several_cannot_be_taken_back_alone(there: Path) -> None:
    wizard("my repo", "--all", "--ci", *GIVEN, *QUIET, cwd=there)
    done = wizard("undo", "my repo", "--target", "site:django", "--ci", cwd=there)
    assert (done.returncode, typed(done.stderr)) == (2, [["undo", "my repo", "--target", "site"]])
    undone = wizard(*typed(done.stderr)[0], "--ci", cwd=there)
    assert undone.returncode == 0, undone.stderr
    assert typed(undone.stderr) == [["undo", "my repo"]]


VERIFY = "posthog-wizard verify 'my repo' --target site:django"
ROWS = {
    "it fits": ("Run: posthog-wizard verify", ["  - Run: posthog-wizard verify"]),
    "it does not": (f"Run: {VERIFY}", ["  - Run:", f"    {VERIFY}"]),
    "after a sentence": (
        f"Only if that is your own PostHog, and nobody else's: {VERIFY}",
        ["  - Only if that is your own PostHog,", "    and nobody else's:", f"    {VERIFY}"],
    ),
    "in a sentence": (
        "what posthog-wizard writes is taken back by it",
        ["  - what posthog-wizard writes is taken", "    back by it"],
    ),
}


@pytest.mark.parametrize(("row", "shown"), ROWS.values(), ids=ROWS)
def test_a_command_in_a_row_is_never_broken(
    row: str, shown: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Console().item("-", row)
    assert capsys.readouterr().err.splitlines() == shown


def test_a_dry_run_says_how_to_do_it(there: Path) -> None:
    planned = wizard("my repo", "--all", "--ci", *GIVEN, *QUIET, "--dry-run", "--no-error-tracking", cwd=there)
    [words] = typed(planned.stderr)
    done = wizard(*words, cwd=there)
    assert done.returncode == 3, done.stderr
    assert shlex.join(words) in done.stderr, "it ends with the same line"
    assert typed(wizard(*words, "--dry-run", cwd=there).stderr) == []


def test_status_says_how_to_go_on(there: Path) -> None:
    said = typed(wizard("status", "my repo", cwd=there).stderr)
    assert said == [["my repo", "--target", name] for name in ("report card", "site:django", "site:react-vite")]
    done = wizard(*said[1], "--ci", *GIVEN, *QUIET, cwd=there)
    assert done.returncode == 3, done.stderr
    again = typed(wizard("status", "my repo", cwd=there).stderr)
    assert ["verify", "my repo", "--target", "site:django"] in again
    assert ["undo", "my repo"] in again


def test_a_plan_in_another_directory_asks_for_its_own(there: Path) -> None:
    wizard("my repo", "--all", "--ci", *GIVEN, "--dry-run", "--out", "plan.json", cwd=there)
    done = wizard("apply", "plan.json", "--ci", "--token", GIVEN[1], *QUIET, cwd=there)
    assert (done.returncode, typed(done.stderr)) == (1, [["apply", "plan.json", "DIRECTORY"]])
    assert "the plan is for report card, site, which is not in" in done.stderr


def test_what_is_waited_for_names_its_app(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    with console.about("web"):
        console.progress("Starting")
    with console.about(""):
        console.progress("Starting it")
    console.progress("Asking")
    assert capsys.readouterr().err.splitlines() == ["  web: Starting", "  Starting it", "  Asking"]
