"""Undo: every byte back, and only our hunks out of files that were edited since."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import faults
from wizard.apply import apply, unfinished
from wizard.errors import Exit, WizardError
from wizard.journal import Journal, journals
from wizard.merge import hunks, merge, merge_json, with_line_ends_of
from wizard.settling import settle
from wizard.shelves import shelf
from wizard.undo import latest, plan_undo, undo

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes, links or signals")


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: bytes | None
    after: bytes


BEFORE = b"import a\nimport b\n\nsetup()\nrun()\n"
AFTER = b"import a\nimport b\nimport posthog\n\nsetup()\nposthog.init()\nrun()\n"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    (root / "app.py").write_bytes(BEFORE)
    return root


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(root).as_posix(): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(root.rglob("*"))
    }


CHANGES = (Change("app.py", BEFORE, AFTER), Change("lib/new/ph.py", None, b"x\n"), Change(".env", None, b"K=1\n"))


def undone(root: Path) -> Journal:
    journal = latest(root)
    return undo(journal, plan_undo(journal))


# untouched since


@posix
def test_every_byte_mode_and_folder_comes_back(root: Path) -> None:
    (root / "app.py").chmod(0o750)
    (root / "crlf").write_bytes(b"\xef\xbb\xbfa\r\nb")
    before = tree(root)
    apply(root, [*CHANGES, Change("crlf", b"\xef\xbb\xbfa\r\nb", b"\xef\xbb\xbfa\r\nc\r\nb")], command="")
    assert tree(root) != before
    assert undone(root).state == "undone"
    assert tree(root) == before


def test_planning_an_undo_writes_nothing(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    before = tree(root.parent)
    plan = plan_undo(journal)
    assert tree(root.parent) == before
    assert [(c.path, c.before, c.after) for c in plan.changes] == [(c.path, c.after, c.before) for c in CHANGES]
    assert (plan.conflicts, plan.notes, plan.exit_code) == ((), (), Exit.OK)


def test_folders_of_ours_that_others_use_stay(root: Path) -> None:
    apply(root, CHANGES, command="")
    (root / "lib" / "theirs.py").write_bytes(b"")
    undone(root)
    assert (root / "lib").is_dir()
    assert not (root / "lib" / "new").exists()


def test_folders_that_were_there_stay(root: Path) -> None:
    (root / "lib").mkdir()
    apply(root, CHANGES, command="")
    undone(root)
    assert (root / "lib").is_dir()


@posix
def test_a_symlink_is_undone_at_its_target(root: Path) -> None:
    (root / "link.py").symlink_to("app.py")
    before = tree(root)
    apply(root, [Change("link.py", BEFORE, AFTER)], command="")
    undone(root)
    assert tree(root) == before


def test_latest_first(root: Path) -> None:
    apply(root, [Change("app.py", BEFORE, AFTER)], command="one")
    apply(root, [Change("app.py", AFTER, AFTER + b"more\n")], command="two")
    assert undone(root).command == "two"
    assert (root / "app.py").read_bytes() == AFTER
    assert undone(root).command == "one"
    assert (root / "app.py").read_bytes() == BEFORE
    with pytest.raises(WizardError, match="nothing to undo here"):
        latest(root)


def test_nothing_to_undo(root: Path) -> None:
    with pytest.raises(WizardError, match="nothing to undo here"):
        latest(root)


def test_an_undo_runs_once(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    done = undo(journal, plan_undo(journal))
    with pytest.raises(WizardError, match="undone before"):
        undo(done, plan_undo(done))


def test_an_undone_journal_keeps_no_contents(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    undo(journal, plan_undo(journal))
    assert [file.name for file in journal.folder.iterdir()] == ["journal.json"]
    assert [j.state for j in journals(root)] == ["undone"]


def test_setup_again_after_undo(root: Path) -> None:
    apply(root, CHANGES, command="")
    undone(root)
    apply(root, CHANGES, command="")
    assert [j.state for j in journals(root)] == ["undone", "applied"]


# edited since


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param((b"run()", b"run(1)"), b"import a\nimport b\n\nsetup()\nrun(1)\n", id="line-below"),
        pytest.param((b"import b\n", b"import b2\n"), b"import a\nimport b2\n\nsetup()\nrun()\n", id="line-above"),
        pytest.param(
            (b"import posthog\n", b"import posthog\nimport z\n"),
            b"import a\nimport b\nimport z\n\nsetup()\nrun()\n",
            id="inserted-after-ours",
        ),
        pytest.param((b"import posthog\n", b""), BEFORE, id="one-of-ours-removed"),
        pytest.param((b"import b\nimport posthog\n", b""), b"import a\n\nsetup()\nrun()\n", id="removed-with-theirs"),
        pytest.param((b"run()\n", b""), b"import a\nimport b\n\nsetup()\n", id="theirs-removed"),
        pytest.param((AFTER, b"# new\n" + AFTER + b"end\n"), b"# new\n" + BEFORE + b"end\n", id="ends"),
    ],
)
def test_edits_elsewhere_survive(root: Path, edit: tuple[bytes, bytes], expected: bytes) -> None:
    apply(root, CHANGES, command="")
    (root / "app.py").write_bytes(AFTER.replace(*edit))
    assert undone(root).state == "undone"
    assert (root / "app.py").read_bytes() == expected
    assert not (root / ".env").exists()


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        pytest.param((b"posthog.init()", b"posthog.init(1)"), 6, id="our-line-changed"),
        pytest.param((b"# ", b"# "), None, id="untouched"),
        pytest.param((b"import a\n", b"# 1\n# 2\nimport a\n"), None, id="lines-above"),
    ],
)
def test_an_edit_of_ours_is_a_conflict(root: Path, edit: tuple[bytes, bytes], line: int | None) -> None:
    apply(root, CHANGES, command="")
    mine = AFTER.replace(*edit)
    (root / "app.py").write_bytes(mine)
    plan = plan_undo(latest(root))
    assert [c.where for c in plan.conflicts] == ([] if line is None else [f"app.py:{line}"])
    assert plan.exit_code == (Exit.OK if line is None else Exit.INCOMPLETE)
    undo(latest(root), plan)
    assert ((root / "app.py").read_bytes() == mine) == (line is not None)
    assert not (root / ".env").exists()


def test_the_line_of_a_conflict_is_that_of_the_file_now(root: Path) -> None:
    apply(root, CHANGES, command="")
    (root / "app.py").write_bytes(b"# 1\n# 2\n" + AFTER.replace(b"posthog.init()", b"posthog.init(1)"))
    assert [c.where for c in plan_undo(latest(root)).conflicts] == ["app.py:8"]


def test_a_conflict_resolved_by_hand_completes_the_undo(root: Path) -> None:
    apply(root, CHANGES, command="")
    (root / "app.py").write_bytes(AFTER.replace(b"posthog.init()", b"posthog.init(1)"))
    assert undone(root).state == "applied"
    assert latest(root).state == "applied"
    (root / "app.py").write_bytes(AFTER.replace(b"posthog.init()\n", b""))
    assert undone(root).state == "undone"
    assert (root / "app.py").read_bytes() == BEFORE


def test_a_conflict_may_be_kept_for_good(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    (root / ".env").write_bytes(b"K=2\n")
    assert undo(journal, plan_undo(journal), keep=True).state == "undone"
    assert (root / ".env").read_bytes() == b"K=2\n"
    assert (root / "app.py").read_bytes() == BEFORE


def test_a_created_file_edited_since_stays(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    (root / "lib/new/ph.py").write_bytes(b"x\nmine()\n")
    (conflict,) = plan_undo(journal).conflicts
    assert conflict.where == "lib/new/ph.py"
    assert "created by us and edited since" in conflict.reason
    undone(root)
    assert (root / "lib/new/ph.py").read_bytes() == b"x\nmine()\n"


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        pytest.param(b"K=1\nMINE=2\n", b"MINE=2\n", id="added-below"),
        pytest.param(b"MINE=2\nK=1\n", b"MINE=2\n", id="added-above"),
        pytest.param(b"K=1\n\n", None, id="a-blank-line"),
        pytest.param(b"K=2\nMINE=2\n", b"K=2\nMINE=2\n", id="ours-changed"),
    ],
)
def test_an_env_file_of_ours_keeps_the_variables_of_others(root: Path, edited: bytes, left: bytes | None) -> None:
    apply(root, CHANGES, command="")
    (root / ".env").write_bytes(edited)
    undone(root)
    assert ((root / ".env").read_bytes() if (root / ".env").exists() else None) == left


def test_a_deleted_file_is_noted(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    (root / ".env").unlink()
    (root / "app.py").unlink()
    plan = plan_undo(journal)
    assert [note.path for note in plan.notes] == ["app.py", ".env"]
    assert plan.exit_code == Exit.OK
    undo(journal, plan)
    assert tree(root) == {}


def _became_folder(root: Path) -> None:
    (root / "app.py").unlink()
    (root / "app.py").mkdir()


def _became_link(root: Path) -> None:
    (root / "app.py").rename(root / "real.py")
    (root / "app.py").symlink_to("real.py")


def _became_link_outside(root: Path) -> None:
    (root / "app.py").rename(root.parent / "real.py")
    (root / "app.py").symlink_to("../real.py")


@posix
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_became_folder, "not a regular file"),
        (_became_link, "leads elsewhere"),
        (_became_link_outside, "leads outside"),
    ],
)
def test_what_is_no_longer_our_file_is_left(root: Path, spoil: Callable[[Path], None], reason: str) -> None:
    journal = apply(root, CHANGES, command="")
    spoil(root)
    before = tree(root)["app.py"]
    (conflict,) = plan_undo(journal).conflicts
    assert reason in conflict.reason
    undone(root)
    assert tree(root)["app.py"] == before


def test_an_edit_between_plan_and_undo_is_refused(root: Path) -> None:
    journal = apply(root, CHANGES, command="")
    plan = plan_undo(journal)
    (root / ".env").write_bytes(b"")
    before = tree(root)
    with pytest.raises(WizardError, match=r"\.env changed while"):
        undo(journal, plan)
    assert tree(root) == before
    assert latest(root).state == "applied"


def test_line_ends_converted_by_git_are_no_edit(root: Path) -> None:
    apply(root, CHANGES, command="")
    (root / "app.py").write_bytes(AFTER.replace(b"\n", b"\r\n"))
    (root / ".env").write_bytes(b"K=1\r\n")
    assert undone(root).state == "undone"
    assert not (root / ".env").exists()
    assert (root / "app.py").read_bytes() == BEFORE.replace(b"\n", b"\r\n")


# what the install changed


@pytest.fixture
def installed(root: Path) -> Journal:
    (root / "lock").write_bytes(b"v0")
    journal = apply(root, CHANGES, command="", watch=["lock", "new.lock", "same.lock", "app.py"])
    (root / "lock").write_bytes(b"v1")
    (root / "new.lock").write_bytes(b"new")
    (root / "app.py").write_bytes(AFTER + b"# formatted\n")
    return journal


def test_what_the_install_changed_comes_back(root: Path, installed: Journal) -> None:
    settle(installed)
    undone(root)
    assert {path: content for path, (_, content) in tree(root).items()} == {"lock": b"v0", "app.py": BEFORE}


@pytest.mark.parametrize("is_settled", [True, False])
def test_a_lockfile_changed_since_is_left(root: Path, installed: Journal, is_settled: bool) -> None:
    if is_settled:
        settle(installed)
        (root / "lock").write_bytes(b"v2")
        (root / "new.lock").unlink()
    now = (root / "lock").read_bytes()
    plan = plan_undo(latest(root))
    assert [c.where for c in plan.conflicts] == (["lock"] if is_settled else ["lock", "new.lock"])
    assert plan.exit_code == Exit.INCOMPLETE
    assert undone(root).state == "undone"
    assert (root / "lock").read_bytes() == now


def test_an_install_that_never_ran_leaves_nothing_to_undo(root: Path) -> None:
    (root / "lock").write_bytes(b"v0")
    journal = apply(root, CHANGES, command="", watch=["lock"])
    assert [c.path for c in plan_undo(journal).changes] == [c.path for c in CHANGES]
    assert plan_undo(journal).conflicts == ()


# killed


@posix
def test_a_run_killed_and_edited_can_be_undone(root: Path) -> None:
    def applied(root: Path) -> None:
        apply(root, CHANGES, command="")

    shutil.copytree(root, root.with_name("copy"))
    shelf(root).parent.mkdir(mode=0o700, exist_ok=True)
    with faults.attacked() as count:
        applied(root.with_name("copy"))
    third = [index for index, name in enumerate(count.calls) if name == "replace"][2]
    assert faults.killed("kill before", third, lambda: applied(root))
    journal = unfinished(root)
    assert journal is not None
    (root / "app.py").write_bytes(b"# mine\n" + AFTER)
    assert undone(root).state == "undone"
    assert unfinished(root) is None
    assert {path: content for path, (_, content) in tree(root).items()} == {"app.py": b"# mine\n" + BEFORE}


# the merge


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(b"a\nX\nb\n", b"a\nb\n", b"a\nX\nb\nc\n", b"a\nb\nc\n", id="deletion-and-append"),
        pytest.param(b"a\nX\nb\n", b"a\nb\n", b"a\nX\nY\nb\n", b"a\nY\nb\n", id="deletion-then-insertion"),
        pytest.param(b"a\nX\nb\n", b"a\nb\n", b"a\nY\nX\nb\n", b"a\nY\nb\n", id="insertion-then-deletion"),
        pytest.param(b"a\nX\n", b"a", b"a\nX\nY\n", b"a\nY\n", id="line-without-end-gets-one"),
        pytest.param(b"a\r\nX\r\n", b"a", b"a\r\nX\r\nY\r\n", b"a\r\nY\r\n", id="crlf-line-without-end"),
        pytest.param(b"a\nX", b"a", b"b\na\nX", b"b\na", id="no-final-newline-kept"),
        pytest.param(b"a\n", b"a\n", b"b\n", b"b\n", id="ours-unchanged"),
        pytest.param(b"X\n", b"", b"X\ny\n", b"y\n", id="all-ours-then-theirs"),
        pytest.param(b"a\nX\nX\nb\n", b"a\nb\n", b"a\nX\nb\n", b"a\nb\n", id="half-removed-by-hand"),
        pytest.param(b"a\nnew\nb\n", b"a\nold\nb\n", b"a\nold\nb\nc\n", b"a\nold\nb\nc\n", id="same-change"),
        pytest.param(
            b"{\n}\n\n{\nX\n}\n\n{\n}\n",
            b"{\n}\n\n{\n}\n",
            b"{\n}\n\n{\nX\n}\n\n{\nY\n}\n",
            b"{\n}\n\n{\nY\n}\n",
            id="block-that-can-slide",
        ),
    ],
)
def test_merges(base: bytes, ours: bytes, theirs: bytes, merged: bytes) -> None:
    result = merge(base, ours, theirs)
    assert result.conflicts == ()
    assert result.content == merged


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "lines"),
    [
        pytest.param(b"a\nX\nb\n", b"a\nb\n", b"a\nX2\nb\n", (2,), id="our-line-changed"),
        pytest.param(b"a\nX\nZ\nb\n", b"a\nb\n", b"a\nX\nY\nZ\nb\n", (3,), id="insertion-inside-ours"),
        pytest.param(b"a\nb\n", b"a\nX\nb\n", b"a\nY\nb\n", (2,), id="both-insert-at-one-place"),
        pytest.param(b"a\nnew\nb\n", b"a\nold\nb\n", b"a\nb\n", (2,), id="our-replacement-deleted"),
        pytest.param(b"X\na\nY\n", b"a\n", b"X2\na\nY2\n", (1, 3), id="two-places"),
        pytest.param(b"x\nx\n", b"x\n", b"x\ny\nx\n", (2,), id="which-of-two-equal-lines"),
        pytest.param(b"a\nX\nb\nc\n", b"a\nb\nc\n", b"a\nb\nc\nX\n", (4,), id="our-line-moved"),
        pytest.param(b"a\nX\nb\nc\n", b"a\nb\nc\n", b"  X\na\nb\nc\n", (1,), id="our-line-moved-and-indented"),
    ],
)
def test_conflicts(base: bytes, ours: bytes, theirs: bytes, lines: tuple[int, ...]) -> None:
    result = merge(base, ours, theirs)
    assert result.conflicts == lines
    assert result.content == theirs


JSON_BEFORE = b'{\n  "deps": {\n    "b": "1"\n  }\n}\n'
JSON_AFTER = b'{\n  "deps": {\n    "b": "1",\n    "ph": "2"\n  }\n}\n'


@pytest.mark.parametrize(
    ("theirs", "merged"),
    [
        pytest.param(
            b'{\n  "deps": {\n    "b": "1",\n    "ph": "2",\n    "z": "3"\n  }\n}\n',
            b'{\n  "deps": {\n    "b": "1",\n    "z": "3"\n  }\n}\n',
            id="member-after-ours",
        ),
        pytest.param(
            b'{\n  "deps": {\n    "b": "1",\n    "c": "3",\n    "ph": "2"\n  }\n}\n',
            b'{\n  "deps": {\n    "b": "1",\n    "c": "3"\n  }\n}\n',
            id="member-before-ours",
        ),
        pytest.param(
            b'{\n  "deps": {\n    "ph": "2"\n  },\n  "v": 1\n}\n',
            b'{\n  "deps": {\n  },\n  "v": 1\n}\n',
            id="the-other-member-removed",
        ),
        pytest.param(JSON_AFTER, JSON_BEFORE, id="untouched"),
    ],
)
@pytest.mark.parametrize("eol", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_json_commas_are_no_conflict(theirs: bytes, merged: bytes, eol: bytes) -> None:
    base, ours, now, expected = (side.replace(b"\n", eol) for side in (JSON_AFTER, JSON_BEFORE, theirs, merged))
    result = merge_json(base, ours, now)
    assert result.content == expected
    assert result.conflicts == ()


@pytest.mark.parametrize(
    ("theirs", "lines"),
    [
        pytest.param(JSON_AFTER.replace(b'"2"', b'"3"'), (4,), id="our-version-changed"),
        pytest.param(JSON_AFTER.replace(b'"2"', b'"2", "z": "3"'), (4,), id="two-members-on-our-line"),
        pytest.param(JSON_AFTER.replace(b'"2"', b'"2",\n    "z": "3",'), (4,), id="trailing-comma"),
        pytest.param(JSON_AFTER.replace(b'"2"', b'"2",\n    // mine\n    "z": "3"'), (4,), id="comment"),
    ],
)
def test_json_conflicts(theirs: bytes, lines: tuple[int, ...]) -> None:
    result = merge_json(JSON_AFTER, JSON_BEFORE, theirs)
    assert result.content == theirs
    assert result.conflicts == lines


@pytest.mark.parametrize(
    ("sample", "content", "expected"),
    [
        (b"a\r\nb\r\n", b"x\ny", b"x\r\ny"),
        (b"a\nb\n", b"x\r\ny\r\n", b"x\ny\n"),
        (b"a\nb\r\n", b"x\ny\n", b"x\ny\n"),
        (b"a\r\n", b"x\ny\r\n", b"x\ny\r\n"),
        (b"a", b"x\r\n", b"x\r\n"),
    ],
)
def test_line_ends(sample: bytes, content: bytes, expected: bytes) -> None:
    assert with_line_ends_of(sample, content) == expected


few = st.lists(st.sampled_from([b"a\n", b"b\n", b"{\n", b"\n"]), max_size=12)


@given(few, few)
def test_hunks_rebuild_the_other_side(base: list[bytes], changed: list[bytes]) -> None:
    result = list(base)
    for hunk in reversed(hunks(base, changed)):
        result[hunk.start : hunk.end] = hunk.lines
    assert result == changed


@given(few, few)
def test_merging_with_one_side_unchanged(base: list[bytes], changed: list[bytes]) -> None:
    a, b = b"".join(base), b"".join(changed)
    assert merge(a, b, a).content == b
    assert merge(a, a, b).content == b
    assert merge(a, b, b) == merge(a, b, a)


@given(few, few, few)
def test_a_merge_is_clean_or_leaves_theirs(base: list[bytes], ours: list[bytes], theirs: list[bytes]) -> None:
    result = merge(b"".join(base), b"".join(ours), b"".join(theirs))
    if result.conflicts:
        assert result.content == b"".join(theirs)
        assert all(1 <= line <= len(theirs) + 1 for line in result.conflicts)
    else:
        assert set(result.content.splitlines(True)) <= set(ours) | set(theirs)


@st.composite
def histories(draw: st.DrawFn) -> tuple[bytes, bytes, bytes, bytes]:
    """Original, applied, edited since, and the original with the same edits: edits keep a line away from our hunks."""
    eol = draw(st.sampled_from([b"\n", b"\r\n"]))
    shared = [b"}", b"", b"  return x"]
    original: list[bytes] = []
    applied: list[bytes] = []
    edited: list[bytes] = []
    expected: list[bytes] = []
    for index in range(draw(st.integers(1, 8))):
        ours = [b"ours %d.%d" % (index, i) for i in range(draw(st.integers(0, 3)))]
        taken = [b"taken %d" % index] if draw(st.booleans()) else []
        theirs = [draw(st.sampled_from([*shared, b"y %d" % index])) for _ in range(draw(st.integers(0, 3)))]
        old = [b"old %d.%d" % (index, i) for i in range(draw(st.integers(0, 3)))]
        new = theirs if draw(st.booleans()) else old
        fence = [b"before %d" % index, draw(st.sampled_from(shared)), b"after %d" % index]
        for lines, here, there in (
            (original, taken, old),
            (applied, ours, old),
            (edited, ours, new),
            (expected, taken, new),
        ):
            lines += [*fence[:1], *here, *fence[1:], *there]

    def content(lines: list[bytes]) -> bytes:
        return b"".join(line + eol for line in lines)

    return content(original), content(applied), content(edited), content(expected)


@settings(max_examples=30, deadline=None)
@given(history=histories())
def test_undo_after_edits_equals_the_edits_alone(
    history: tuple[bytes, bytes, bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    original, applied, edited, expected = history
    root = tmp_path_factory.mktemp("app")
    file = root / "file"
    file.write_bytes(original)
    apply(root, [Change("file", original, applied)], command="")
    file.write_bytes(edited)
    plan = plan_undo(latest(root))
    assert plan.conflicts == ()
    undo(latest(root), plan)
    assert file.read_bytes() == expected


def test_a_large_file_merges_quickly() -> None:
    lines: Sequence[bytes] = [b"line %d\n" % (i // 3) for i in range(30_000)]
    base = b"".join([*lines[:9_000], b"ours\n", *lines[9_000:]])
    theirs = base.replace(b"line 17\n", b"changed\n").replace(b"line 9000\n", b"other\n")
    assert merge(base, b"".join(lines), theirs).content == theirs.replace(b"ours\n", b"")
