"""What git lists, submodules and worktrees included, and nothing that `.gitmodules` only claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixture_case import run_git
from wizard.apps import find_apps
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
