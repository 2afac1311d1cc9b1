"""Undo of one app among several that were set up together: its files only, and the shared ones with the last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_undo import Change, tree
from wizard.apply import apply
from wizard.cli import main
from wizard.journal import journals
from wizard.settling import settle
from wizard.undo import latest, plan_undo, undo

ROOT, WEB, SHOP = b'{"dependencies": {}}\n', b"web()\n", b"shop()\n"
CHANGES = (
    Change("apps/web/main.ts", WEB, b"posthog()\n" + WEB),
    Change("apps/web/.env.local", None, b"K=1\n"),
    Change("apps/shop/main.ts", SHOP, b"posthog()\n" + SHOP),
    Change("apps/shop/.env.local", None, b"K=1\n"),
    Change("apps/web2/new.ts", None, b"x\n"),
    Change("package.json", ROOT, b'{"dependencies": {"posthog-js": "1"}}\n'),
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "state"))
    root = tmp_path / "repo"
    for change in CHANGES:
        (root / change.path).parent.mkdir(parents=True, exist_ok=True)
        if change.before is not None:
            (root / change.path).write_bytes(change.before)
    (root / "apps/web2/mine.ts").write_bytes(b"")
    (root / "lock.json").write_bytes(b"old\n")
    return root


def set_up(root: Path) -> None:
    journal = apply(root, CHANGES, command="setup", watch=["lock.json"])
    (root / "lock.json").write_bytes(b"new\n")
    settle(journal)


def test_one_after_the_other_ends_where_it_began(root: Path) -> None:
    before = tree(root)
    set_up(root)
    first = plan_undo(latest(root), ["apps/web"])
    assert sorted(change.path for change in first.changes) == ["apps/web/.env.local", "apps/web/main.ts"]
    assert first.stays == (
        "apps/shop/main.ts",
        "apps/shop/.env.local",
        "apps/web2/new.ts",
        "package.json",
        "lock.json",
    )
    assert undo(latest(root), first).state == "applied"
    assert (root / "apps/shop/main.ts").read_bytes().startswith(b"posthog")
    second = plan_undo(latest(root), ["apps/shop", "apps/web2"])
    assert second.stays == ("package.json", "lock.json")
    undo(latest(root), second)
    last = plan_undo(latest(root))
    assert sorted(change.path for change in last.changes) == ["lock.json", "package.json"]
    undo(latest(root), last)
    assert tree(root) == before
    assert not [journal for journal in journals(root) if journal.state == "applied"]


def test_the_lockfile_goes_with_the_last_edit(root: Path) -> None:
    before = tree(root)
    journal = apply(root, CHANGES[:4], command="setup", watch=["lock.json"])
    (root / "lock.json").write_bytes(b"new\n")
    settle(journal)
    first = plan_undo(latest(root), ["apps/web"])
    assert "lock.json" in first.stays
    undo(latest(root), first)
    assert plan_undo(latest(root), ["apps/web"]).changes == (), "nothing of it is left, the lockfile is not its own"
    last = plan_undo(latest(root), ["apps/shop"])
    assert last.stays == ()
    assert undo(latest(root), last).state == "undone"
    assert tree(root) == before


def test_a_target_that_was_undone_has_nothing_left(root: Path) -> None:
    set_up(root)
    undo(latest(root), plan_undo(latest(root), ["apps/web"]))
    again = plan_undo(latest(root), ["apps/web"])
    assert (again.changes, again.conflicts) == ((), ())


def test_a_target_with_everything_in_it_completes(root: Path) -> None:
    changes = CHANGES[:2]
    before = tree(root)
    settle(apply(root, changes, command="setup"))
    planned = plan_undo(latest(root), ["apps/web"])
    assert planned.stays == ()
    assert undo(latest(root), planned).state == "undone"
    assert tree(root) == before


def test_what_was_taken_back_is_not_looked_at_again(root: Path) -> None:
    set_up(root)
    undo(latest(root), plan_undo(latest(root), ["apps/web"]))
    (root / "apps/web/main.ts").write_bytes(b"something else\n")
    (root / "apps/web/.env.local").write_bytes(b"OTHER=1\n")
    rest = plan_undo(latest(root))
    assert rest.conflicts == ()
    assert rest.notes == ()
    undo(latest(root), rest)
    assert (root / "apps/web/main.ts").read_bytes() == b"something else\n"


def test_a_conflict_in_a_target_stays_open(root: Path) -> None:
    set_up(root)
    (root / "apps/web/main.ts").write_bytes(b"posthog(1)\nchanged()\n")
    first = plan_undo(latest(root), ["apps/web"])
    assert [conflict.where for conflict in first.conflicts] == ["apps/web/main.ts:1"]
    undo(latest(root), first)
    assert [conflict.where for conflict in plan_undo(latest(root), ["apps/web"]).conflicts] == ["apps/web/main.ts:1"]


def test_a_file_of_ours_in_another_app_is_no_moved_one(root: Path) -> None:
    set_up(root)
    (root / "apps/web/.env.local").unlink()
    planned = plan_undo(latest(root))
    assert planned.conflicts == ()
    assert [note.path for note in planned.notes] == ["apps/web/.env.local"]


def test_an_edit_of_the_user_in_another_app_is_not_looked_at(root: Path) -> None:
    set_up(root)
    (root / "apps/shop/main.ts").write_bytes(b"rewritten\n")
    assert plan_undo(latest(root), ["apps/web"]).conflicts == ()
    assert plan_undo(latest(root)).conflicts != ()


def test_a_lockfile_above_the_directory_is_named(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = root / "apps/web"
    settle(
        apply(app, (Change("main.ts", WEB, b"p()\n"),), command="setup", watch=["../../lock.json", "../../none.lock"])
    )
    (root / "lock.json").write_bytes(b"new\n")
    main(["undo", "--ci", str(app)])
    said = " ".join(capfd.readouterr().err.split())
    assert "outside of this directory, as the install left it: ../../lock.json Let your package manager" in said
    assert (root / "lock.json").read_bytes() == b"new\n"


@pytest.mark.parametrize("target", ["apps/web", "./apps/web/", "apps//web"])
def test_the_command(root: Path, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    set_up(root)
    main(["undo", "--ci", "--json", "--target", target, str(root)])
    done = json.loads(capfd.readouterr().out)
    assert done["status"] == "undone"
    assert sorted(done["files"]) == ["apps/web/.env.local", "apps/web/main.ts"]
    assert "package.json" in done["stays"]


def test_the_command_names_a_target_without_a_set_up(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    set_up(root)
    main(["undo", "--ci", "--json", "--target", "docs", str(root)])
    done = json.loads(capfd.readouterr().out)
    assert (done["exit_code"], done["error"]) == (1, "no set-up on record changed anything in docs")


APPS = ("apps/web", "apps/shop", "apps/web2")
LAST: dict[str, tuple[tuple[str, ...], tuple[str, ...], set[str]]] = {
    "shared_file_goes_with_the_last_app": (APPS, ("apps/web2",), set()),
    "shared_file_stays_for_another_app": (APPS, ("apps/web",), {"apps/web2/new.ts", "package.json"}),
    "shared_file_of_the_only_app": (("apps/web2",), ("apps/web2",), set()),
    "root_is_an_app_too": ((".", *APPS), ("apps/web2",), {"package.json"}),
    "app_in_the_root_alone": ((".", *APPS), (".",), {"apps/web2/new.ts"}),
    "root_that_is_no_app_stands_for_all": (APPS, (".",), set()),
    "folder_of_apps_stands_for_them": ((".", *APPS), ("apps",), {"package.json"}),
    "targets_unknown": ((), ("apps/web2",), {"package.json"}),
}


@pytest.mark.parametrize(("apps", "undone", "stays"), LAST.values(), ids=LAST)
def test_what_apps_share_goes_with_the_last_of_them(
    root: Path, apps: tuple[str, ...], undone: tuple[str, ...], stays: set[str]
) -> None:
    before = tree(root)
    changes = [c for c in CHANGES if c.path in ("package.json", "apps/web2/new.ts", "apps/web/main.ts")]
    apply(root, changes if "apps/web" in apps else changes[1:], command="setup", targets=apps)
    if "apps/web" in apps and undone != ("apps/web",):
        undo(latest(root), plan_undo(latest(root), ["apps/web"]))
    planned = plan_undo(latest(root), undone)
    assert set(planned.stays) == stays
    assert undo(latest(root), planned).state == ("applied" if stays else "undone")
    assert (tree(root) == before) == (not stays)


def test_an_app_in_the_root_is_not_the_one_below_it(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Set up one after the other: `--target .` names the older set-up, not the newest."""
    apply(root, [c for c in CHANGES if c.path == "package.json"], command="setup", targets=["."])
    apply(root, [c for c in CHANGES if c.path.startswith("apps/web/")], command="setup", targets=["apps/web"])
    main(["undo", "--ci", "--json", "--target", ".", str(root)])
    assert json.loads(capfd.readouterr().out)["files"] == ["package.json"]
    main(["undo", "--ci", "--json", "--target", ".", str(root)])
    assert sorted(json.loads(capfd.readouterr().out)["files"]) == ["apps/web/.env.local", "apps/web/main.ts"]


def test_a_lockfile_above_other_apps_stays_for_them(root: Path) -> None:
    watched = apply(root, CHANGES, command="setup", watch=["lock.json"], targets=(".", *APPS))
    (root / "lock.json").write_bytes(b"new\n")
    settle(watched)
    planned = plan_undo(latest(root), ["."])
    assert [change.path for change in planned.changes] == ["package.json"]
    assert "lock.json" in planned.stays
