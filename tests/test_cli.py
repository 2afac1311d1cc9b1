"""The command line as a user meets it: exit codes, streams, JSON, bad input. No terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.in_process import GIVEN, ROOT, process, report, wizard


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


def test_dry_run_writes_nothing_and_git_takes_its_diff(app: Path) -> None:
    before = snapshot(app)
    done = process(app, "--dry-run", *GIVEN)
    assert done.returncode == 0, done.stderr
    assert snapshot(app) == before
    run_git(app, "apply", "--check", "-", stdin=done.stdout.encode())
    assert "nothing was written" in done.stderr


def test_what_must_come_first_is_not_called_set_up(tmp_path: Path) -> None:
    done = wizard(Case("flask-old-python").copy(tmp_path), "--ci", *GIVEN, "--offline")
    assert done.returncode == 3
    assert "Raise the Python floor" in done.stderr
    assert "Already set up" not in done.stderr
    assert "Nothing to change until that is done." in done.stderr


def test_apply_then_nothing_then_undo(app: Path) -> None:
    before = snapshot(app)
    done = wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install")
    assert done.returncode == 3, done.stderr
    assert "left to you" in done.stderr
    again = wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install")
    assert again.returncode in (0, 3)
    taken_back = wizard("undo", app, "--ci")
    assert taken_back.returncode == 0, taken_back.stderr
    assert snapshot(app) == before
    assert wizard("undo", app, "--ci").returncode == 1


def test_the_last_line_does_the_same_again(app: Path, tmp_path: Path) -> None:
    copy = Case("flask-module").copy(tmp_path / "copy")
    done = wizard(".", "--ci", *GIVEN, "--no-error-tracking", "--no-verify", "--no-install", cwd=app)
    line = done.stderr.strip().splitlines()[-1].removeprefix("The same again: ")
    assert line.startswith("uvx posthog-wizard ")
    wizard(*line.split()[2:], cwd=copy)
    assert snapshot(copy) == snapshot(app)


def test_check_exits_5_before_and_0_after(app: Path) -> None:
    assert process(app, "--check").returncode == 5
    wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install")
    assert wizard(app, "--check").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--ci"], 2, "--token"),
        (["--ci", "--token", TOKEN], 2, "--region"),
        (["--token", TOKEN, "--region", "xx"], 2, "region"),
        (["--ci", "--token", "phx_secret", "--region", "us"], 2, "personal"),
        (["--ci", "--token", "two words", "--region", "us"], 2, "token"),
        (["--ci", "--token", "", "--region", "us"], 2, "token"),
        (["--ci", *GIVEN, "--host", "https://x.example"], 2, "exclude"),
        (["--ci", "--token", TOKEN, "--host", "ftp://x"], 2, "URL"),
        (["--ci", *GIVEN, "--framework", "cobol"], 2, "cobol"),
        (["--ci", *GIVEN, "--target", "../.."], 2, "outside"),
        (["--ci", *GIVEN, "--target", "nowhere"], 2, "nowhere"),
        (["--ci", *GIVEN, "--sdk-version", "posthog"], 2, "NAME=VERSION"),
        (["--ci", *GIVEN, "--reverse-proxy"], 2, "reverse-proxy"),
        (["--nonsense"], 2, "nonsense"),
    ],
)
def test_usage_errors_name_the_flag(app: Path, arguments: list[str], code: int, words: str) -> None:
    before = snapshot(app)
    done = wizard(app, *arguments)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("error: ") or "\nerror: " in done.stderr
    assert words in done.stderr
    assert "phx_secret" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert snapshot(app) == before


def test_variables_answer_too(app: Path) -> None:
    env = {"POSTHOG_WIZARD_TOKEN": TOKEN, "POSTHOG_WIZARD_REGION": "us", "POSTHOG_WIZARD_DRY_RUN": "1"}
    done = wizard(app, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("diff --git")


def test_json_is_one_object_also_for_errors(app: Path, tmp_path: Path) -> None:
    planned = report(wizard(app, "--json", "--dry-run", *GIVEN))
    assert planned["status"] == "planned"
    assert {"path", "framework", "variant", "files", "installs", "manual"} <= planned["apps"][0].keys()
    assert {"path", "action", "edits"} <= planned["apps"][0]["files"][0].keys()
    failed = report(wizard(app, "--json"))
    assert failed["status"] == "error"
    assert failed["exit_code"] == 2
    assert report(wizard("--json", tmp_path / "nowhere"))["exit_code"] == 1
    assert report(wizard(app, "--json", "--nonsense"))["exit_code"] == 2


def test_detect_json(app: Path) -> None:
    found = report(wizard("detect", app, "--json"))
    assert found["root"] == str(app)
    (one,) = found["apps"]
    assert one["path"] == "."
    assert (one["framework"], one["variant"], one["language"]) == ("flask", "module", "python")
    assert one["posthog"] == {"state": "absent", "evidence": []}
    assert {"strength", "reason"} == one["evidence"][0].keys()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no package.json"),
        ({"main.c": "int main() { return 0; }"}, "no package.json"),
        ({"package.json": "{ broken"}, "not valid JSON"),
        ({"pyproject.toml": "[broken"}, "not valid TOML"),
        ({"package.json": '{"name": "lib", "main": "index.js"}'}, "no web framework"),
    ],
    ids=["empty", "c", "broken package.json", "broken pyproject.toml", "library"],
)
def test_nothing_to_set_up(tmp_path: Path, files: dict[str, str], words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = wizard(tmp_path, "--ci", *GIVEN)
    assert done.returncode == 1, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not a directory" in wizard(tmp_path / "file", "--ci", *GIVEN).stderr
    assert "does not exist" in wizard(tmp_path / "none", "--ci", *GIVEN).stderr


def test_dirty_files_of_the_plan_are_refused(app: Path) -> None:
    (app / "app.py").write_text((app / "app.py").read_text() + "\n# mine\n")
    before = snapshot(app)
    done = wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install")
    assert done.returncode == 1
    assert "app.py has uncommitted changes" in done.stderr
    assert snapshot(app) == before
    assert wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install", "--allow-dirty").returncode == 3


def test_a_dirty_file_outside_of_the_plan_does_not_matter(app: Path) -> None:
    (app / "notes.md").write_text("x")
    run_git(app, "add", "-A")
    assert wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install").returncode == 3


def test_a_different_token_in_the_project_stops_the_run(app: Path) -> None:
    (app / ".env").write_text("POSTHOG_PROJECT_TOKEN=phc_other\n")
    done = wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install")
    assert done.returncode == 1
    assert "--replace-token" in done.stderr
    assert "phc_other" not in done.stderr
    replaced = wizard(app, "--ci", *GIVEN, "--no-verify", "--no-install", "--replace-token")
    assert replaced.returncode == 3, replaced.stderr
    assert f"POSTHOG_PROJECT_TOKEN={TOKEN}\n" in (app / ".env").read_text()


def test_narrow_dumb_and_colourless_terminals(app: Path) -> None:
    env = {"COLUMNS": "40", "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "cp1252"}
    done = process("detect", app, env=env)
    assert done.returncode == 0
    assert "\x1b" not in done.stderr
    wide = [line for line in done.stderr.splitlines() if len(line) > 40]
    # a command is copied, so it is never broken
    assert all(line.startswith("Set it up: posthog-wizard") for line in wide), wide
    done.stderr.encode("ascii")


def test_frameworks_and_completion() -> None:
    assert "| flask |" in wizard("frameworks").stdout
    assert "flask" in {f["id"] for f in report(wizard("frameworks", "--json"))["frameworks"]}
    assert "_POSTHOG_WIZARD_COMPLETE" in wizard("completion", "bash").stdout


def test_readme_table_is_the_registry() -> None:
    table = wizard("frameworks").stdout
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


def test_undo_forget_removes_what_is_kept(app: Path) -> None:
    wizard(app, "--ci", *GIVEN, "--offline")
    after = snapshot(app)
    state = Path(os.environ["POSTHOG_WIZARD_STATE_DIR"])
    kept = [path for path in state.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert kept, "the journal holds what undo needs"
    done = wizard("undo", app, "--ci", "--forget")
    assert done.returncode == 0
    assert "1 set-up" in done.stderr
    assert not [path for path in state.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert snapshot(app) == after
    assert wizard("undo", app, "--ci").returncode == 1
    assert report(wizard("undo", app, "--json", "--forget"))["forgotten"] == 0


def test_a_directory_that_was_moved_is_undone_from_its_old_name(app: Path, tmp_path: Path) -> None:
    before = snapshot(app)
    wizard(app, "--ci", *GIVEN, "--offline")
    moved = tmp_path / "moved"
    app.rename(moved)
    done = wizard("undo", moved, "--ci")
    assert done.returncode == 1
    assert "--from" in done.stderr
    assert wizard("undo", moved, "--ci", "--from", app).returncode == 0
    assert snapshot(moved) == before


def test_several_set_ups_are_taken_back_one_by_one(app: Path) -> None:
    states = [snapshot(app)]
    for only in ("posthog_client.py", ".env", "requirements.txt", "app.py"):
        wizard(app, "--ci", *GIVEN, "--offline", "--only", only)
        states.append(snapshot(app))
    assert len({str(state) for state in states}) == 5
    listed = report(wizard("undo", app, "--json", "--list"))["applied"]
    assert len(listed) == 4
    assert TOKEN not in str(listed)
    for state in reversed(states[:-1]):
        assert wizard("undo", app, "--ci").returncode == 0
        assert snapshot(app) == state


def test_the_demo_names_every_flag_of_setup() -> None:
    from wizard.commands.demo import _settings

    assert _settings(Path("app"), "http://127.0.0.1:1").choices.host == "http://127.0.0.1:1"
