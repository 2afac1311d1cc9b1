"""Saved plans: carried out byte for byte or refused with the file that moved; and no value is ever in one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, cases, run_git, snapshot
from tests.in_process import GIVEN, report, wizard
from tests.variants.plans import files_of, plan_of
from wizard.codemods import dotenv
from wizard.diff import holds_values
from wizard.errors import WizardError
from wizard.plan import Plan
from wizard.saved_plan import differences, load, saved, write

KEY = "phx_personal0000000000000000000000000000000"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


@pytest.fixture
def plan(app: Path, tmp_path: Path) -> Path:
    file = tmp_path / "plan.json"
    done = wizard(app, "--dry-run", "--out", file, *GIVEN)
    assert done.returncode == 0, done.stderr
    return file


def carry_out(plan: Path, app: Path, *arguments: str, code: int = 3) -> str:
    done = wizard("apply", plan, app, "--ci", "--offline", *arguments)
    assert done.returncode == code, done.stderr
    return " ".join(done.stderr.split())


def test_a_saved_plan_is_reproduced_byte_for_byte(app: Path, plan: Path, tmp_path: Path) -> None:
    copy = Case("flask-module").copy(tmp_path / "copy")
    assert wizard(copy, "--ci", *GIVEN, "--offline").returncode == 3
    carry_out(plan, app, "--token", TOKEN)
    assert snapshot(app) == snapshot(copy)
    assert wizard("undo", app, "--ci").returncode == 0


def test_applied_twice_changes_nothing(app: Path, plan: Path) -> None:
    carry_out(plan, app, "--token", TOKEN)
    before = snapshot(app)
    assert "applied already" in carry_out(plan, app, code=0)
    assert snapshot(app) == before


def test_the_same_plan_is_the_same_file(app: Path, plan: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    wizard(app, "--dry-run", "--out", again, *GIVEN)
    assert again.read_bytes() == plan.read_bytes()


def test_choices_and_options_are_part_of_it(app: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    given = (*GIVEN, "--skip", "app.py", "--no-error-tracking", "--sdk-version", "posthog===7.71.0")
    wizard(app, "--dry-run", "--out", file, *given)
    text = (app / "app.py").read_bytes()
    carry_out(file, app, "--token", TOKEN)
    assert (app / "app.py").read_bytes() == text
    assert "enable_exception_autocapture" not in (app / "posthog_client.py").read_text()
    assert "posthog==7.71.0" in (app / "requirements.txt").read_text()


def edit(app: Path) -> None:
    (app / "app.py").write_text((app / "app.py").read_text() + "# more\n")


def remove(app: Path) -> None:
    (app / "app.py").unlink()


def create(app: Path) -> None:
    (app / "posthog_client.py").write_text("mine = 1\n")


def convert(app: Path) -> None:
    (app / "app.py").write_bytes((app / "app.py").read_bytes().replace(b"\n", b"\r\n"))


def declare(app: Path) -> None:
    (app / "requirements.txt").write_text("flask\nposthog\n")


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (edit, "app.py was edited since"),
        (remove, "app.py is gone"),
        (create, "posthog_client.py is there now"),
        (convert, "app.py was edited since"),
        (declare, "requirements.txt was edited since"),
    ],
)
def test_a_tree_that_moved_is_refused_by_name(app: Path, plan: Path, move: Callable[[Path], None], told: str) -> None:
    move(app)
    before = snapshot(app)
    assert told in carry_out(plan, app, "--token", TOKEN, "--allow-dirty", code=1)
    assert snapshot(app) == before


def test_changes_elsewhere_do_not_matter(app: Path, plan: Path) -> None:
    (app / "NOTES.md").write_text("hello\n")
    (app / ".env").write_text("OTHER=1\n")
    run_git(app, "config", "core.autocrlf", "false")
    carry_out(plan, app, "--token", TOKEN, code=1)  # the env file was to be created
    (app / ".env").unlink()
    carry_out(plan, app, "--token", TOKEN)


def test_it_takes_the_token_again(app: Path, plan: Path) -> None:
    assert "--token" in carry_out(plan, app, code=2)
    carry_out(plan, app, "--token", "phc_another000000000000000000000000000000000")
    assert "phc_another" in (app / ".env").read_text()


def test_an_own_host_is_asked_for_again(app: Path, tmp_path: Path) -> None:
    file, host = tmp_path / "plan.json", "https://insights.internal.example"
    wizard(app, "--dry-run", "--out", file, "--token", TOKEN, "--host", host)
    assert "internal.example" not in file.read_text()
    assert "--host" in carry_out(file, app, "--token", TOKEN, code=2)
    assert "not for" in carry_out(file, app, "--token", TOKEN, "--host", "https://other.example", code=1)
    carry_out(file, app, "--token", TOKEN, "--host", host)
    assert host in (app / ".env").read_text()


def altered(**changes: object) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **changes}).encode()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda data: b"{}", "is no saved plan"),
        (lambda data: b"[]", "is no saved plan"),
        (lambda data: b"", "is not JSON"),
        (lambda data: b"\xff\xfe\x00", "is not JSON"),
        (lambda data: data[:-40], "is not JSON"),
        (altered(schema=1), "another version"),
        (altered(package_manager=None), None),
        (altered(package_manager="uv"), "changed by hand"),
        (altered(targets=[["../..", "flask"]]), "changed by hand"),
        (altered(left_out={"a": "b"}), "changed by hand"),
    ],
)
def test_what_is_no_saved_plan(app: Path, plan: Path, spoil: Callable[[bytes], bytes], told: str | None) -> None:
    plan.write_bytes(spoil(plan.read_bytes()))
    before = snapshot(app)
    if told is None:
        carry_out(plan, app, "--token", TOKEN)
        return
    assert told in carry_out(plan, app, "--token", TOKEN, code=1)
    assert snapshot(app) == before


@pytest.mark.parametrize("content", ["", "{}", "# my notes\n", '{"name": "app"}'])
def test_out_never_overwrites_another_file(app: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "package.json"
    file.write_text(content)
    done = wizard(app, "--dry-run", "--out", file, *GIVEN)
    assert done.returncode == 1
    assert "no saved plan" in " ".join(done.stderr.split())
    assert file.read_text() == content


def test_out_leaves_what_lies_beside_it(app: Path, tmp_path: Path) -> None:
    beside = [tmp_path / name for name in ("plan.json.new", "plan.json.tmp", "plan.json~", ".plan.json")]
    for file in beside:
        file.write_text("mine")
    assert wizard(app, "--dry-run", "--out", tmp_path / "plan.json", *GIVEN).returncode == 0
    assert [file.read_text() for file in beside] == ["mine"] * 4
    assert {p.name for p in tmp_path.iterdir()} == {"app", "plan.json", *(file.name for file in beside)}


def test_out_replaces_a_saved_plan_and_needs_a_dry_run(app: Path, plan: Path, tmp_path: Path) -> None:
    assert wizard(app, "--dry-run", "--out", plan, *GIVEN, "--skip", "app.py").returncode == 0
    assert "skipped" in plan.read_text()
    assert wizard(app, "--ci", "--out", tmp_path / "x.json", *GIVEN).returncode == 2
    assert wizard(app, "--dry-run", "--out", tmp_path / "no" / "x.json", *GIVEN).returncode == 1
    assert wizard(app, "--dry-run", "--out", tmp_path, *GIVEN).returncode == 1


def test_json_of_apply(app: Path, plan: Path) -> None:
    done = wizard("apply", plan, app, "--json", "--offline", "--token", TOKEN)
    found = report(done)
    assert found["status"] == "incomplete"
    assert found["journal"]
    assert done.returncode == found["exit_code"] == 3


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases()[::6]])
def test_no_value_is_in_a_saved_plan(case: Case, tmp_path: Path) -> None:
    holds_no_value(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in cases()])
def test_no_value_is_in_any_saved_plan(case: Case, tmp_path: Path) -> None:
    holds_no_value(case, tmp_path)


def holds_no_value(case: Case, tmp_path: Path) -> None:
    """Secrets beside our variables in every env file; the plan is found to hold when nothing moved."""
    files = dict(files_of(case))
    env_files = [p for p in files if re.search(r"(^|/)\.env(\.\w+)?$", p) and holds_values(p)]
    for path in env_files or [f"{case.wanted.get('target', '.')}/.env".removeprefix("./")]:
        files[path] = files.get(path, b"") + f"\nDATABASE_URL=postgres://u:hunter2@db/x\nKEY={KEY}\n".encode()
    plan = plan_of(case, files)
    if not isinstance(plan, Plan):
        pytest.skip(f"not planned: {plan}")
    data = saved(plan, case.answers(), None, "1")
    known = [TOKEN, KEY, "hunter2"]
    for path in env_files:
        known += [value for value in dotenv.read(files[path].decode("utf-8", "replace")).values() if len(value) > 11]
    public = ("https://us.i.posthog.com", "https://eu.i.posthog.com")
    assert [value for value in known if value.encode() in data and value not in public] == []
    file = tmp_path / "plan.json"
    write(file, data)
    found = load(file)
    tree = plan.apps[0].app.project.tree
    assert list(differences(found, plan, case.answers(), tree)) == []
    if plan.files:
        moved = {f.path: (f.before or b"") + b"\n" for f in plan.files[:1] if not f.private}
        gone = list(differences(found, Plan(()), case.answers(), tree.with_files(moved)))
        assert len(gone) >= len(plan.files)
        assert all(any(f.path in clause for clause in gone) for f in plan.files)


def test_a_crafted_plan_names_no_path_outside(tmp_path: Path) -> None:
    from wizard import saved_plan

    case = Case("flask-module")
    plan = plan_of(case, files_of(case))
    assert isinstance(plan, Plan)
    record = json.loads(saved(plan, case.answers(), None, "1"))
    del record["digest"]
    for path in ("../x", "/etc/passwd", "a/../../x"):
        record["files"][0]["path"] = path
        file = tmp_path / "plan.json"
        file.write_text(json.dumps({**record, "digest": saved_plan._digest(record)}))
        with pytest.raises(WizardError, match="outside"):
            load(file)
