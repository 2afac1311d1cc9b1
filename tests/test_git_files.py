"""What git lists, submodules and worktrees included, and nothing that `.gitmodules` only claims."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fixture_case import run_git
from wizard.apps import find_apps
from wizard.errors import WizardError
from wizard.workspace import list_tree

VITE = '{"scripts": {"dev": "vite"}, "dependencies": {"react": "19.0.0"}, "devDependencies": {"vite": "7.0.0"}}'
PAGE = '<script type="module" src="/src/main.tsx"></script>'
APP = {"package.json": VITE, "index.html": PAGE, "src/main.tsx": "", "vite.config.ts": "", ".gitignore": "secret\n"}


def repository(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    run_git(root, "init", "-q")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start")
    return root


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A repository with the app `web/shop` as a submodule."""
    inner = repository(tmp_path / "inner", APP)
    root = repository(tmp_path / "outer", {"README.md": ""})
    run_git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "web/shop")
    run_git(root, "commit", "-qm", "with a submodule")
    return root


def test_an_app_in_a_submodule_is_found(outer: Path) -> None:
    (outer / "web/shop/new.ts").write_text("")
    (outer / "web/shop/secret").write_text("")
    tree = list_tree(outer)
    assert tree.paths == (
        ".gitmodules",
        "README.md",
        "web/shop/.gitignore",
        "web/shop/index.html",
        "web/shop/new.ts",
        "web/shop/package.json",
        "web/shop/src/main.tsx",
        "web/shop/vite.config.ts",
    )
    assert [app.path for app in find_apps(tree).apps] == ["web/shop"]


def test_from_a_directory_of_the_repository(outer: Path) -> None:
    assert "shop/package.json" in list_tree(outer / "web").paths
    assert "package.json" in list_tree(outer / "web/shop").paths


def test_a_submodule_that_is_not_checked_out_is_one_name(outer: Path) -> None:
    run_git(outer, "submodule", "-q", "deinit", "-f", "web/shop")
    assert "web/shop/package.json" not in list_tree(outer).paths


CLAIMS = ["../inner", "/etc", "nowhere", "README.md", "web/../web/shop", "link"]


@pytest.mark.parametrize("path", CLAIMS)
def test_a_submodule_that_is_only_claimed_adds_nothing(outer: Path, path: str) -> None:
    (outer / "link").symlink_to(outer.parent / "inner")
    before = set(list_tree(outer).paths)
    with (outer / ".gitmodules").open("a") as file:
        file.write(f'[submodule "x"]\n\tpath = {path}\n')
    assert set(list_tree(outer).paths) == before


def test_a_worktree_is_a_repository(outer: Path) -> None:
    run_git(outer, "worktree", "add", "-q", str(outer.parent / "second"))
    assert list_tree(outer.parent / "second").paths == (".gitmodules", "README.md", "web/shop")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A repository with the apps `web` and `other`."""
    return repository(
        tmp_path / "two", {f"{app}/{path}": text for app in ("web", "other") for path, text in APP.items()}
    )


@pytest.mark.parametrize("kind", [("--no-cone", "/web/"), ("--cone", "--sparse-index", "web")], ids=["files", "index"])
def test_what_a_sparse_checkout_leaves_out_is_not_there(two: Path, kind: tuple[str, ...]) -> None:
    run_git(two, "sparse-checkout", "set", *kind)
    assert {path.partition("/")[0] for path in list_tree(two).paths} == {"web"}


def test_a_deleted_file_is_not_there_and_a_conflict_is_listed_once(two: Path) -> None:
    (two / "web/index.html").unlink()
    run_git(two, "update-index", "--split-index")
    blob = run_git(two, "rev-parse", ":web/src/main.tsx").decode().strip()
    stages = "".join(f"100644 {blob} {stage}\tweb/src/main.tsx\n" for stage in (1, 2, 3))
    run_git(two, "rm", "-q", "--cached", "web/src/main.tsx")
    subprocess.run(["git", "update-index", "--index-info"], cwd=two, input=stages.encode(), check=True)
    paths = list_tree(two).paths
    assert "web/index.html" not in paths
    assert paths.count("web/src/main.tsx") == 1


def test_names_that_git_would_quote_are_as_they_are(two: Path) -> None:
    run_git(two, "config", "core.quotepath", "true")
    names = ['web/new\nline "q".ts', "web/S caf\u00e9.ts", "web/? x.ts", "web/\udcff.ts"]
    for name in names:
        (two / name).write_text("")
    assert set(names) <= set(list_tree(two).paths)


def test_a_lock_or_a_repository_of_the_environment_changes_nothing(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list_tree(two).paths
    (two / ".git/index.lock").write_text("")
    monkeypatch.setenv("GIT_DIR", str(two / "nowhere"))
    assert list_tree(two).paths == before


@pytest.mark.parametrize("broken", ["index", "git"])
def test_without_an_answer_of_git_the_tree_is_walked(two: Path, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list_tree(two).paths
    (two / "web/secret").write_text("")
    if broken == "index":
        (two / ".git/index").write_bytes(b"garbage")
    else:
        monkeypatch.setenv("PATH", str(two / "nowhere"))
    assert list_tree(two).paths == before


def test_a_walk_survives_loops_pipes_depth_and_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in APP.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    before = list_tree(tmp_path).paths
    (tmp_path / "src/up").symlink_to("..")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed/a.ts").write_text("")
    deep = "/".join(["deep"] * 300)
    (tmp_path / deep).mkdir(parents=True)
    (tmp_path / deep / "x.ts").write_text("")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if "/closed" in str(path):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert set(list_tree(tmp_path).paths) - set(before) == {"src/up", "loop", f"{deep}/x.ts"}
    monkeypatch.setattr(os, "scandir", lambda path: refusing("/closed"))
    with pytest.raises(WizardError, match=r"cannot list .*Permission denied"):
        list_tree(tmp_path)
    monkeypatch.undo()
