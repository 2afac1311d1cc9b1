"""Undo weeks later: what people, formatters, git and package managers did to our files since."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.in_process import wizard
from wizard.apply import apply
from wizard.errors import Exit
from wizard.undo import latest, plan_undo, undo

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes")


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: bytes | None
    after: bytes


REQUIREMENTS = Change("requirements.txt", b"flask==3\n", b"flask==3\nposthog>=7\n")
PACKAGE = Change(
    "package.json",
    b'{\n  "dependencies": {\n    "a": "1"\n  }\n}\n',
    b'{\n  "dependencies": {\n    "a": "1",\n    "p": "2"\n  }\n}\n',
)
CONFIG = Change("lib/config.js", b"export default [\n  a()\n]\n", b"export default [\n  a(),\n  posthog()\n]\n")
CLIENT = Change("lib/made/client.js", None, b"export const client = 1\n")
CHANGES = (REQUIREMENTS, PACKAGE, CONFIG, CLIENT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    (root / "lib").mkdir(parents=True)
    for change in CHANGES:
        if change.before is not None:
            (root / change.path).write_bytes(change.before)
    apply(root, CHANGES, command="")
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


BEFORE = {change.path: change.before for change in CHANGES if change.before is not None}


def write(root: Path, path: str, data: bytes) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(data)


def list_goes_on(root: Path) -> dict[str, bytes]:
    write(root, CONFIG.path, b"export default [\n  a(),\n  posthog(),\n  b()\n]\n")
    return {**BEFORE, CONFIG.path: b"export default [\n  a(),\n  b()\n]\n"}


def formatted(root: Path) -> dict[str, bytes]:
    write(root, CONFIG.path, b"export default [\n    a(),\n    posthog(),\n];\n")
    return {**BEFORE, CONFIG.path: b"export default [\n    a(),\n];\n"}


def dependencies_moved_on(root: Path) -> dict[str, bytes]:
    write(root, "requirements.txt", b"flask==4\nposthog>=7\nrich\n")
    write(root, "package.json", PACKAGE.after.replace(b'"2"\n', b'"2",\n    "z": "3"\n').replace(b'"1"', b'"1.5"'))
    merged = b'{\n  "dependencies": {\n    "a": "1.5",\n    "z": "3"\n  }\n}\n'
    return {**BEFORE, "requirements.txt": b"flask==4\nrich\n", "package.json": merged}


def converted(root: Path) -> dict[str, bytes]:
    for change in CHANGES:
        write(root, change.path, change.after.replace(b"\n", b"\r\n"))
    return {path: data.replace(b"\n", b"\r\n") for path, data in BEFORE.items()}


def deleted(root: Path) -> dict[str, bytes]:
    (root / CLIENT.path).unlink()
    (root / "package.json").unlink()
    return {path: data for path, data in BEFORE.items() if path != "package.json"}


@pytest.mark.parametrize("change", [list_goes_on, formatted, dependencies_moved_on, converted, deleted])
def test_our_lines_go_and_the_rest_stays(root: Path, change: Callable[[Path], dict[str, bytes]]) -> None:
    expected = change(root)
    plan = plan_undo(latest(root))
    assert plan.conflicts == ()
    undo(latest(root), plan)
    assert contents(root) == expected


def read_only(root: Path) -> str:
    (root / "package.json").chmod(0o444)
    return "package.json: is read-only"


def read_only_folder(root: Path) -> str:
    (root / "lib/made").chmod(0o555)
    return "lib/made/client.js: is in a read-only folder (lib/made)"


def moved(root: Path) -> str:
    (root / CONFIG.path).rename(root / "lib/made/vite.config.js")
    return "lib/config.js: was moved to lib/made/vite.config.js"


def moved_client(root: Path) -> str:
    (root / CLIENT.path).rename(root / "client.js")
    return "lib/made/client.js: was moved to client.js"


def ours_edited(root: Path) -> str:
    write(root, CONFIG.path, b"// new\n" + CONFIG.after.replace(b"posthog()", b"posthog({ debug: true })"))
    return "lib/config.js:4: was edited since where we changed it"


@posix
@pytest.mark.parametrize("change", [read_only, read_only_folder, moved, moved_client, ours_edited])
def test_one_file_is_left_and_named_and_the_others_are_undone(root: Path, change: Callable[[Path], str]) -> None:
    expected = change(root)
    left = expected.partition(":")[0]
    found = contents(root)
    plan = plan_undo(latest(root))
    (conflict,) = plan.conflicts
    assert f"{conflict.where}: {conflict.reason}".startswith(expected)
    assert plan.exit_code == Exit.INCOMPLETE
    undo(latest(root), plan)
    now = contents(root)
    others = {c.path: c.before for c in CHANGES if c.path != left and c.before is not None}
    assert {path: now[path] for path in others} == others
    assert now.get(left) == found.get(left)
    assert latest(root).state == "applied"
    (root / "lib/made").chmod(0o755) if (root / "lib/made").exists() else None


@posix
def test_made_writable_the_rest_is_undone(root: Path) -> None:
    read_only(root)
    undo(latest(root), plan_undo(latest(root)))
    (root / "package.json").chmod(0o644)
    undo(latest(root), plan_undo(latest(root)))
    assert contents(root) == BEFORE
    assert stat.S_IMODE((root / "package.json").stat().st_mode) == 0o644


def test_a_dry_run_shows_what_undo_then_writes(tmp_path: Path) -> None:
    app = Case("flask-module").copy(tmp_path)
    given = ("--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install")
    assert wizard(app, *given).returncode == 3
    source = (app / "app.py").read_bytes()
    (app / "app.py").write_bytes(b"# mine\n" + source)
    shown = wizard("undo", app, "--dry-run")
    copy = tmp_path / "copy"
    shutil.copytree(app, copy)
    run_git(copy, "apply", "--exclude=.env", "-", stdin=shown.stdout.encode())
    assert wizard("undo", app, "--ci").returncode == 0
    (copy / ".env").unlink()
    assert snapshot(copy) == snapshot(app)
    assert (app / "app.py").read_bytes().startswith(b"# mine\n")


def test_a_run_that_only_had_to_install_does_not_hide_the_one_before(tmp_path: Path) -> None:
    app = Case("express-commonjs").copy(tmp_path)
    (app / "node_modules" / "express").mkdir(parents=True)  # something is installed, but not what the plan adds
    before = snapshot(app)
    given = ("--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install")
    assert wizard(app, *given).returncode == 3
    again = wizard(app, *given)
    assert "left to you: run npm install" in again.stderr
    assert "Undone: 0 files" not in wizard("undo", app, "--ci").stderr
    assert snapshot(app) == before


# any edits at all

words = st.sampled_from([b"x", b"  return x", b"}", b"", b"# note"])


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, bytes, bytes, bytes, int]:
    """Original, applied, edited since, the original with the same edits, and the edited line of ours (0: none)."""
    eol = draw(st.sampled_from([b"\n", b"\r\n"]))
    original: list[bytes] = []
    applied: list[bytes] = []
    now: list[bytes] = []
    expected: list[bytes] = []
    spoil = draw(st.booleans())
    spoiled = 0
    for block in range(draw(st.integers(1, 6))):
        for number in range(draw(st.integers(1, 4))):
            line = b"theirs %d.%d" % (block, number)
            original.append(line)
            applied.append(line)
            edges = number == 0
            edit = "keep" if edges else draw(st.sampled_from(["keep", "delete", "change", "insert"]))
            lines = {"keep": [line], "delete": [], "change": [line + b" changed"], "insert": [draw(words), line]}[edit]
            now += lines
            expected += lines
        fence = b"fence %d" % block
        for lines in (original, applied, now, expected):
            lines.append(fence)
        for number in range(draw(st.integers(0, 3))):
            line = b"ours %d.%d" % (block, number)
            applied.append(line)
            if spoil and not spoiled:
                line += b" changed"
                spoiled = len(now) + 1
            now.append(line)

    def content(lines: list[bytes]) -> bytes:
        return b"".join(line + eol for line in lines)

    return content(original), content(applied), content(now), content(expected), spoiled


@settings(max_examples=25, deadline=None)
@given(history=edited())
def test_every_edit_of_a_person_survives(
    history: tuple[bytes, bytes, bytes, bytes, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check_history(tmp_path_factory.mktemp("app"), *history)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, print_blob=True)
@given(history=edited())
def test_every_edit_of_a_person_survives_at_length(
    history: tuple[bytes, bytes, bytes, bytes, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check_history(tmp_path_factory.mktemp("app"), *history)


def check_history(root: Path, original: bytes, applied: bytes, now: bytes, expected: bytes, spoiled: int) -> None:
    """Our lines go and all others stay; an edited line of ours is named and the file is left."""
    file = root / "file"
    file.write_bytes(original)
    with pytest.MonkeyPatch.context() as patch:
        # one state directory for thousands of roots would have to be looked through each time
        patch.setenv("POSTHOG_WIZARD_STATE_DIR", str(root.with_name(f"{root.name}-state")))
        apply(root, [Change("file", original, applied)], command="")
        file.write_bytes(now)
        plan = plan_undo(latest(root))
        undo(latest(root), plan)
    if spoiled:
        assert f"file:{spoiled}" in [conflict.where for conflict in plan.conflicts]
        assert file.read_bytes() == now
    else:
        assert plan.conflicts == ()
        assert file.read_bytes() == expected
