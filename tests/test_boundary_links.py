"""Symlinks: each kind of file that a run writes x each way in which a link can lead out of the target."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.fixture_case import Case, snapshot
from tests.house import plain_copy
from wizard.apply import apply
from wizard.errors import WizardError
from wizard.journal import begin

TARGETS = {
    "edited source": ("react-vite-typescript", "src/main.tsx"),
    "created source": ("nextjs-app", "instrumentation-client.ts"),
    "env file": ("react-vite-typescript", ".env.local"),
    "manifest npm": ("react-vite-typescript", "package.json"),
    "manifest pypi": ("flask-module", "requirements.txt"),
}


def lead_out(root: Path, path: str, how: str, outside: Path) -> None:
    """Put the file's content outside, and a link that leads there in its place."""
    file, away = root / path, outside / path
    away.parent.mkdir(parents=True, exist_ok=True)
    match how:
        case "file":
            if file.exists():
                file.rename(away)
            else:
                away.write_text("# theirs\n", encoding="utf-8")
            file.symlink_to(away)
        case "dangling":
            file.unlink(missing_ok=True)
            file.symlink_to(away)
        case "relative":
            if file.exists():
                file.rename(away)
            else:
                away.write_text("# theirs\n", encoding="utf-8")
            file.symlink_to(os.path.relpath(away, file.parent))
        case "loop":
            file.unlink(missing_ok=True)
            file.symlink_to(file.name)
        case "folder":
            folder = file.parent
            shutil.copytree(folder, away.parent, dirs_exist_ok=True)
            shutil.rmtree(folder)
            folder.symlink_to(away.parent, target_is_directory=True)


@pytest.mark.parametrize(
    ("what", "how"),
    [
        (what, how)
        for what, (_, path) in TARGETS.items()
        for how in ("file", "relative", "dangling", "loop", "folder")
        if "/" in path or how != "folder"
    ],
)
def test_a_link_that_leads_out_is_never_written_through(what: str, how: str, tmp_path: Path) -> None:
    name, path = TARGETS[what]
    root, outside = plain_copy(name, tmp_path), tmp_path / "outside"
    lead_out(root, path, how, outside)
    theirs, before = snapshot(outside), snapshot(root)
    refused = []
    try:
        plan = Case(name).plan(root)
        apply(root, plan.files, command="test")
    except WizardError as error:
        refused.append(error.message)
    except AssertionError:
        refused.append("not detected: it has no manifest or no entry")
    if refused:
        assert any(word in refused[0] for word in ("outside", "cannot be", "cannot read", "not "))
        assert snapshot(root) == before
    else:
        assert path not in {file.path for file in plan.files}
    assert snapshot(outside) == theirs
    assert (root / path).is_symlink() or how == "folder"


@pytest.mark.parametrize("what", ["edited source", "manifest npm", "manifest pypi"])
def test_a_link_inside_is_written_through_and_stays(what: str, tmp_path: Path) -> None:
    name, path = TARGETS[what]
    root = plain_copy(name, tmp_path)
    (root / "real").mkdir()
    real = root / "real" / Path(path).name.replace(".", "-")
    (root / path).rename(real)
    (root / path).symlink_to(os.path.relpath(real, (root / path).parent))
    before = real.read_bytes()
    apply(root, Case(name).plan(root).files, command="test")
    assert (root / path).is_symlink()
    assert b"osthog" in real.read_bytes()
    assert real.read_bytes() != before


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_appears_between_plan_and_apply_is_refused(what: str, tmp_path: Path) -> None:
    root, outside = plain_copy("react-vite-typescript", tmp_path), tmp_path / "outside"
    plan = Case("react-vite-typescript").plan(root)
    lead_out(root, "src/main.tsx", what, outside)
    theirs, before = snapshot(outside), snapshot(root)
    with pytest.raises(WizardError, match="outside"):
        apply(root, plan.files, command="test")
    assert (snapshot(outside), snapshot(root)) == (theirs, before)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_appears_while_we_write_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files were checked already, the journal is being written: the content behind the link is the same."""
    root, outside = plain_copy("react-vite-typescript", tmp_path), tmp_path / "outside"
    plan, real = Case("react-vite-typescript").plan(root), begin

    def swap(*arguments: Any) -> Any:
        lead_out(root, "src/main.tsx", what, outside)
        return real(*arguments)

    monkeypatch.setattr("wizard.apply.begin", swap)
    original = (root / "src/main.tsx").read_bytes()
    with pytest.raises(WizardError):
        apply(root, plan.files, command="test")
    assert (outside / "src/main.tsx").read_bytes() == original
    assert not list(outside.rglob(".posthog-wizard*"))


@pytest.mark.parametrize(("name", "lock"), [("react-vite-typescript", "package-lock.json"), ("flask-src-layout", "")])
def test_a_lockfile_that_leads_out_is_left_to_the_user(name: str, lock: str, tmp_path: Path) -> None:
    root = Case(name).copy(tmp_path)
    if not lock:
        lock = "uv.lock"
        assert (root / "pyproject.toml").exists()
    (root / lock).unlink(missing_ok=True)
    (root / lock).symlink_to(tmp_path / "elsewhere.lock")
    (tmp_path / "elsewhere.lock").write_text("{}" if lock.endswith("json") else "", encoding="utf-8")
    plan = Case(name).plan(root)
    assert not plan.installs
    assert any("the lockfile lies outside" in step.title for step in plan.manual), plan.manual
