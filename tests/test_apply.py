"""Apply: all or nothing, whatever fails and whenever it is killed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import faults
from wizard.apply import apply, finish, roll_back, unfinished
from wizard.errors import Bug, WizardError
from wizard.journal import Journal, journals
from wizard.settling import settle
from wizard.shelves import lock, shelf

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes, links or signals")


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: bytes | None
    after: bytes


Tree = dict[str, tuple[str, int, bytes]]

CHANGES = (
    Change("package.json", b'{\r\n  "name": "x"\r\n}\r\n', b'{\r\n  "name": "x",\r\n  "v": 1\r\n}\r\n'),
    Change("src/main.py", b"\xef\xbb\xbfprint('a')", b"\xef\xbb\xbfimport posthog\nprint('a')"),
    Change(".env.local", None, b"POSTHOG=phc_x\n"),
    Change("src/lib/deep/posthog.ts", None, b"export {}\n"),
)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    for change in CHANGES:
        if change.before is not None:
            (root / change.path).write_bytes(change.before)
    (root / "src" / "main.py").chmod(0o755)
    (root / "untouched").write_bytes(b"\0\1")
    return root


def tree(root: Path) -> Tree:
    """Kind, mode and content of everything below `root`."""

    def seen(path: Path) -> tuple[str, int, bytes]:
        if path.is_symlink():
            return ("link", 0, os.fsencode(path.readlink()))
        mode = stat.S_IMODE(path.stat().st_mode)
        return ("folder", mode, b"") if path.is_dir() else ("file", mode, path.read_bytes())

    return {path.relative_to(root).as_posix(): seen(path) for path in sorted(root.rglob("*"))}


def run(root: Path) -> Journal:
    return apply(root, CHANGES, command="posthog-wizard --yes")


def copy_of(root: Path) -> Path:
    copy = root.with_name("copy")
    shutil.copytree(root, copy, symlinks=True)
    return copy


# what it writes


def test_writes_every_file_and_says_applied(root: Path) -> None:
    journal = run(root)
    for change in CHANGES:
        assert (root / change.path).read_bytes() == change.after
    assert [j.state for j in journals(root)] == ["applied"]
    assert (journal.command, journal.root) == ("posthog-wizard --yes", root.resolve())
    assert unfinished(root) is None
    assert not list(root.rglob("*posthog-wizard*"))


@posix
def test_modes_are_kept_and_env_files_are_private(root: Path) -> None:
    (root / "package.json").chmod(0o640)
    old = os.umask(0o027)
    try:
        run(root)
    finally:
        os.umask(old)
    modes = {change.path: stat.S_IMODE((root / change.path).stat().st_mode) for change in CHANGES}
    assert modes == {
        "package.json": 0o640,
        "src/main.py": 0o755,
        ".env.local": 0o600,
        "src/lib/deep/posthog.ts": 0o640,
    }


@posix
def test_the_journal_is_private(root: Path) -> None:
    old = os.umask(0)
    try:
        run(root)
    finally:
        os.umask(old)
    for path in [shelf(root.resolve()), *shelf(root.resolve()).rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_new_content_looks_new(root: Path) -> None:
    os.utime(root / "package.json", (1, 1))
    run(root)
    assert (root / "package.json").stat().st_mtime > 1_000_000


def test_journals_are_ordered_and_per_directory(root: Path, tmp_path: Path) -> None:
    run(root)
    apply(root, [Change("b", None, b"b")], command="second")
    assert [j.command for j in journals(root)] == ["posthog-wizard --yes", "second"]
    assert journals(tmp_path) == []


@posix
def test_a_symlink_inside_is_written_through(root: Path) -> None:
    (root / "link.json").symlink_to("package.json")
    before = CHANGES[0].before
    apply(root, [Change("link.json", before, b"new")], command="")
    assert (root / "link.json").is_symlink()
    assert (root / "package.json").read_bytes() == b"new"


@posix
def test_a_root_reached_through_a_symlink_is_the_same_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    run(tmp_path / "alias")
    assert len(journals(root)) == 1


@posix
def test_a_link_with_no_target_yet_creates_the_target(root: Path) -> None:
    (root / ".env").symlink_to("src/.env.shared")
    apply(root, [Change(".env", None, b"A=1\n")], command="")
    assert (root / ".env").is_symlink()
    assert (root / "src/.env.shared").read_bytes() == b"A=1\n"


# what it refuses


def _edited(root: Path) -> None:
    (root / "package.json").write_bytes(b"{}")


def _deleted(root: Path) -> None:
    (root / "package.json").unlink()


def _created(root: Path) -> None:
    (root / ".env.local").write_bytes(b"")


def _read_only(root: Path) -> None:
    (root / "package.json").chmod(0o444)


def _read_only_folder(root: Path) -> None:
    (root / "src").chmod(0o555)


def _link_outside(root: Path) -> None:
    (root.parent / "outside.json").write_bytes(CHANGES[0].before or b"")
    (root / "package.json").unlink()
    (root / "package.json").symlink_to("../outside.json")


def _folder_outside(root: Path) -> None:
    (root.parent / "lib").mkdir()
    (root / "src" / "lib").symlink_to("../../lib")


def _link_loop(root: Path) -> None:
    (root / "package.json").unlink()
    (root / "package.json").symlink_to("package.json")


def _pipe(root: Path) -> None:
    (root / "package.json").unlink()
    os.mkfifo(root / "package.json")


def _folder(root: Path) -> None:
    (root / ".env.local").mkdir()


def _file_for_a_folder(root: Path) -> None:
    (root / "src" / "lib").write_bytes(b"")


@posix
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_edited, "package.json changed while we were planning"),
        (_deleted, "package.json is gone while we were planning"),
        (_created, ".env.local was created while we were planning"),
        (_read_only, "package.json is read-only: refused"),
        (_read_only_folder, "src/main.py is in a read-only folder (src)"),
        (_link_outside, "package.json leads outside"),
        (_folder_outside, "src/lib/deep/posthog.ts leads outside"),
        (_link_loop, "package.json"),
        (_pipe, "is not a regular file"),
        (_folder, "is not a regular file"),
        (_file_for_a_folder, "needs a folder where"),
    ],
)
def test_refuses(root: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(root)
    names = sorted(path.as_posix() for path in root.parent.rglob("*"))
    with pytest.raises(WizardError) as error:
        run(root)
    assert message in error.value.message
    assert [n for n in sorted(path.as_posix() for path in root.parent.rglob("*")) if "/state" not in n] == names
    assert not (root / "src/lib/deep").exists()
    assert journals(root) == []
    (root / "src").chmod(0o755)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "src/../../x", ".", ""])
def test_refuses_paths_that_leave_the_root(root: Path, path: str) -> None:
    with pytest.raises(WizardError, match="leads outside"):
        apply(root, [Change(path, None, b"")], command="")


def test_refuses_two_changes_of_one_file(root: Path) -> None:
    with pytest.raises(Bug):
        apply(root, [Change("a", None, b"1"), Change("src/../a", None, b"2")], command="")
    assert not (root / "a").exists()


def test_refuses_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="is not a directory"):
        apply(tmp_path / "none", CHANGES, command="")


def test_an_unwritable_state_directory_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "file"))
    before = tree(root)
    with pytest.raises(WizardError, match="state directory"):
        run(root)
    assert tree(root) == before


# the lock

HOLDER = """
import sys; from pathlib import Path; from wizard.shelves import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True); sys.stdin.read()
"""


@contextmanager
def held(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process is at work in `root`."""
    command = [sys.executable, "-c", HOLDER, str(root.resolve())]
    here = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    with held(root) as process:
        yield process


def test_a_second_wizard_waits_outside(root: Path, holder: subprocess.Popen[str]) -> None:
    before = tree(root)
    message = rf"another posthog-wizard is at work in .*app \(pid {holder.pid}\)"
    with pytest.raises(WizardError, match=message):
        run(root)
    assert tree(root) == before


def test_the_lock_of_a_dead_wizard_is_taken_over(root: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert (shelf(root.resolve()) / "lock").read_text() == f"{json.dumps(str(root.resolve()))}\n{holder.pid}\n"
    assert run(root).state == "applied"


def test_the_lock_is_free_after_a_failure(root: Path) -> None:
    with pytest.raises(RuntimeError), lock(root):
        raise RuntimeError
    run(root)


# failures


def break_call(monkeypatch: pytest.MonkeyPatch, name: str, index: int, act: Callable[[], None], times: int = 1) -> None:
    """Let `act` run instead of `os.<name>`, from its call number `index` on, `times` times."""
    real = getattr(os, name)
    count = 0

    def broken(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if index < count <= index + times:
            act()
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, broken)


def no_space() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_error_names_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_call(monkeypatch, "replace", 2, no_space)  # the journal's record, package.json, then this
    with pytest.raises(WizardError) as error:
        run(root)
    assert error.value.message == "cannot write src/main.py: No space left on device; every file is as it was"


def test_a_file_that_changes_during_the_staging_is_left_to_its_editor(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)

    def edit() -> None:
        with (root / "package.json").open("ab") as file:
            file.write(b"mine")

    with lock(root.resolve()):
        pass
    break_call(monkeypatch, "mkdir", 2, edit)  # after the shelf's (it exists) and the journal's: while staging
    with pytest.raises(WizardError, match=r"package\.json was edited since we began"):
        run(root)
    kind, mode, content = before["package.json"]
    assert tree(root) == {**before, "package.json": (kind, mode, content + b"mine")}
    assert journals(root) == []


# killed


def half_applied(root: Path) -> Journal:
    copy = copy_of(root)
    shelf(root).parent.mkdir(mode=0o700, exist_ok=True)
    with faults.attacked() as count:
        apply(copy, CHANGES, command="")
    third = [index for index, name in enumerate(count.calls) if name == "replace"][2]  # the record is the first
    assert faults.killed("kill before", third, lambda: run(root))
    journal = unfinished(root)
    assert journal is not None
    assert (root / "package.json").read_bytes() == CHANGES[0].after
    assert (root / "src/main.py").read_bytes() == CHANGES[1].before
    return journal


@posix
@pytest.mark.parametrize("cure", [roll_back, finish])
def test_an_edit_after_the_crash_is_never_overwritten(root: Path, cure: Callable[[Journal], None]) -> None:
    journal = half_applied(root)
    (root / "src/main.py").write_bytes(b"mine")
    found = tree(root)
    with pytest.raises(WizardError, match=r"src/main\.py was edited"):
        cure(journal)
    assert tree(root) == found


@posix
@pytest.mark.parametrize("first", [roll_back, finish])
def test_an_interrupted_run_is_dealt_with_once(root: Path, first: Callable[[Journal], None]) -> None:
    journal = half_applied(root)
    first(journal)
    for again in (roll_back, finish):
        with pytest.raises(WizardError, match="dealt with meanwhile"):
            again(journal)


@posix
def test_nobody_cures_a_run_that_is_still_at_work(root: Path) -> None:
    half_applied(root)
    with held(root), pytest.raises(WizardError, match="another posthog-wizard is at work"):
        unfinished(root)


def test_a_damaged_journal_is_named(root: Path) -> None:
    journal = run(root)
    (journal.folder / "journal.json").write_bytes(b"{")
    with pytest.raises(WizardError, match="cannot be read"):
        journals(root)


def test_settle_keeps_what_the_install_made(root: Path) -> None:
    journal = apply(root, CHANGES, command="", watch=["lock", "package.json", "../outside"])
    (root / "lock").write_bytes(b"v1")
    (root / "package.json").write_bytes(b"{}")
    (root / "src/main.py").write_bytes(b"not watched")
    settled = settle(journal)
    assert journals(root) == [settled]
    assert [entry.path for entry in settled.watched] == ["lock"]
    changed = {e.path for e, old in zip(settled.files, journal.files, strict=True) if e.after != old.after}
    assert changed == {"package.json"}
