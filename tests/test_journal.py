"""The record of what was written: for nobody's eyes but the user's, forgotten when asked, moved along when asked."""

from __future__ import annotations

import os
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests import faults
from wizard.apply import apply, unfinished
from wizard.errors import WizardError
from wizard.journal import forget, interrupted, journals
from wizard.moves import adopt, moved_from, where_else
from wizard.settling import settle
from wizard.shelves import lock, related, roots, shelf
from wizard.undo import latest, plan_undo, undo

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes or signals")
TOKEN = "phc_abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
SECRET = b"POSTHOG_PROJECT_TOKEN=phc_secretsecretsecret\n"


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: bytes | None
    after: bytes


CHANGES = (Change("a.py", b"a\n", b"a\nours\n"), Change("b.py", b"b\n", b"b\nours\n"), Change(".env", None, SECRET))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "deep" / "state"))
    return tmp_path / "deep" / "state"


@pytest.fixture
def root(tmp_path: Path, state: Path) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    fill(root)
    return root


def fill(root: Path) -> None:
    for change in CHANGES:
        if change.before is not None:
            (root / change.path).write_bytes(change.before)


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


BEFORE = {change.path: change.before for change in CHANGES if change.before is not None}


def kill_half_way(root: Path) -> None:
    """An apply is killed when it has just written its first file."""
    shelf(root).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    assert faults.killed("kill after", _third_replace(root), lambda: apply(root, CHANGES, command="x"))
    assert len(interrupted(root)) == 1


def _third_replace(root: Path) -> int:
    other = root.with_name(root.name + "-counted")
    other.mkdir()
    fill(other)
    with faults.attacked() as count:
        apply(other, CHANGES, command="x")
    return [index for index, name in enumerate(count.calls) if name == "replace"][2]


# private


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_nobody_else_may_read_it_whatever_the_umask(root: Path, state: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        journal = apply(root, CHANGES, command="", watch=["lock"])
        (root / "lock").write_bytes(b"1")
        settle(journal)
    finally:
        os.umask(old)
    for path in [state.parent, state, *state.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("flag", ["--token {}", "--token={}", "POSTHOG_WIZARD_TOKEN={} uvx", "'{}'"])
@pytest.mark.parametrize("token", [TOKEN, "phx_0123456789abcdef", "pha_0123456789abcdef"])
def test_no_token_is_in_the_command_on_record(root: Path, state: Path, flag: str, token: str) -> None:
    apply(root, CHANGES[:1], command=f"uvx posthog-wizard {flag.format(token)} --region us")
    (journal,) = journals(root)
    assert token not in journal.command
    assert token[:4] in journal.command
    assert journal.command.endswith("--region us")
    assert not [p for p in state.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]


# forgotten


def test_forget_removes_every_journal_and_every_byte(root: Path, state: Path) -> None:
    apply(root, CHANGES, command="one")
    apply(root, [Change("c", None, b"c")], command="two")
    undo(latest(root), plan_undo(latest(root)))
    found = contents(root)
    assert forget(root) == 2
    assert journals(root) == []
    assert contents(root) == found
    assert {path.name for path in state.rglob("*") if path.is_file()} == {"lock"}
    assert forget(root) == 0
    apply(root, [Change("c", None, b"c")], command="again")
    assert len(journals(root)) == 1


def test_forget_leaves_other_directories_alone(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    fill(other)
    apply(other, CHANGES, command="")
    assert forget(root) == 0
    assert len(journals(other)) == 1


@posix
def test_forget_refuses_while_a_run_is_unfinished(root: Path) -> None:
    kill_half_way(root)
    with pytest.raises(WizardError, match="interrupted"):
        forget(root)
    assert unfinished(root) is not None


@posix
def test_forget_killed_at_any_call_leaves_no_half_journal(root: Path, state: Path) -> None:
    apply(root, CHANGES, command="")
    at = 0
    while faults.killed("kill before", at, lambda: forget(root)):
        assert unfinished(root) is None  # and tidies up
        if not journals(root):
            assert {path.name for path in state.rglob("*") if path.is_file()} == {"lock"}
            undone = {change.path: change.before for change in CHANGES}
            for path, before in undone.items():
                (root / path).write_bytes(before) if before is not None else (root / path).unlink()
            apply(root, CHANGES, command="")
        at += 1
    assert at > 4
    assert journals(root) == []


# nested


@posix
def test_a_crash_is_noticed_where_its_files_are(root: Path, tmp_path: Path) -> None:
    inner, beside = root / "inner", root / "beside"
    inner.mkdir()
    beside.mkdir()
    fill(inner)
    kill_half_way(inner)
    assert [journal.root for journal in interrupted(root)] == [inner]
    assert interrupted(beside) == []
    assert interrupted(tmp_path) == interrupted(root)
    with pytest.raises(WizardError, match="an earlier run was interrupted"):
        apply(root, CHANGES, command="")
    apply(beside, [Change("c", None, b"c")], command="")


@posix
def test_a_crash_above_is_noticed_below_only_if_it_touches_files_there(root: Path) -> None:
    (root / "inner").mkdir()
    kill_half_way(root)
    assert interrupted(root / "inner") == []
    assert set(related(root / "inner")) == {root}


# moved


def test_the_journals_of_a_directory_that_was_moved_can_be_taken_along(root: Path, tmp_path: Path) -> None:
    apply(root, CHANGES, command="one")
    apply(root, [Change("c", None, b"c")], command="two")
    new = tmp_path / "new"
    root.rename(new)
    assert moved_from(new) == [root]
    assert f"undo --from {root}" in where_else(new)
    assert adopt(root, new) == 2
    assert [journal.command for journal in journals(new)] == ["one", "two"]
    assert (journals(root), moved_from(new), where_else(new)) == ([], [], "")
    for _ in range(2):
        undo(latest(new), plan_undo(latest(new)))
    assert contents(new) == BEFORE


@posix
def test_taking_journals_along_may_be_killed(root: Path, tmp_path: Path) -> None:
    apply(root, CHANGES, command="one")
    new = tmp_path / "new"
    root.rename(new)
    at = 0
    while faults.killed("kill before", at, lambda: adopt(root, new)):
        assert len({journal.id for journal in [*journals(root), *journals(new)]}) == 1, at
        at += 7
    if journals(root):
        adopt(root, new)
    undo(latest(new), plan_undo(latest(new)))
    assert contents(new) == BEFORE


def test_what_was_not_moved_is_not_taken(root: Path, tmp_path: Path) -> None:
    apply(root, CHANGES, command="one")
    other = tmp_path / "other"
    other.mkdir()
    fill(other)
    assert moved_from(other) == []
    with pytest.raises(WizardError, match="still there"):
        adopt(root, other)
    with pytest.raises(WizardError, match="nothing of"):
        adopt(tmp_path / "never", other)
    apply(other, CHANGES, command="own")
    root.rename(tmp_path / "away")
    with pytest.raises(WizardError, match="set-up of its own"):
        adopt(root, other)


def test_a_set_up_of_a_directory_inside_is_pointed_at(root: Path, tmp_path: Path) -> None:
    apply(root, CHANGES, command="one")
    assert where_else(tmp_path) == f"there is a set-up of {root}: posthog-wizard undo {root}"
    assert roots() == [root]


# one at a time


def test_a_directory_may_be_held_over_several_steps(root: Path) -> None:
    with lock(root):
        apply(root, CHANGES, command="one")
        undo(latest(root), plan_undo(latest(root)))
    assert contents(root) == BEFORE


def _contend(roots_: list[Path], marker: Path, seed: int) -> None:
    """Take one of the locks again and again; the marker tells whether two ever held one at a time."""
    random = Random(seed)
    for _ in range(100):
        try:
            with lock(random.choice(roots_)):
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                time.sleep(random.random() / 500)
                marker.unlink()
        except WizardError as error:
            if "at work" not in error.message:
                raise


@posix
def test_of_nested_directories_one_is_held_at_a_time(root: Path, tmp_path: Path) -> None:
    inner = root / "inner" / "deep"
    inner.mkdir(parents=True)
    children = []
    for seed in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _contend([root, inner.parent, inner], tmp_path / "marker", seed)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
