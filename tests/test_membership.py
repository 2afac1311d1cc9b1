"""An app of a workspace is the same app wherever the wizard is started: same manager, same lockfile, same root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixture_case import run_git
from wizard.packages import Command, npm, npm_tools, pypi, pypi_tools
from wizard.project import Project
from wizard.workspace import list_tree
from wizard.workspaces import is_member

APP = '{"name": "web", "dependencies": {"react": "19.0.0"}}'
JS = {"apps/web/package.json": APP, "package.json": '{"private": true, "workspaces": ["apps/*"]}'}
UV = {
    "pyproject.toml": "[tool.uv.workspace]\nmembers = ['apps/*']\nexclude = ['apps/old']\n",
    "uv.lock": "",
    "apps/web/pyproject.toml": "[project]\nname = 'web'\nversion = '1'\n",
}
OUTSIDE = {"package.json": '{"workspaces": ["packages/*"]}', "pnpm-lock.yaml": "", "apps/web/package.json": APP}

WORKSPACES: dict[str, tuple[dict[str, str], str, str, str | None]] = {
    "npm": ({**JS, "package-lock.json": "{}"}, "npm", "package-lock.json", "."),
    "npm_without_a_lockfile": (JS, "npm", "package-lock.json", "."),
    "yarn": ({**JS, "yarn.lock": "# yarn lockfile v1\n"}, "yarn", "yarn.lock", "."),
    "yarn_berry": ({**JS, "yarn.lock": "__metadata:\n"}, "yarn-berry", "yarn.lock", "."),
    "bun": ({**JS, "bun.lock": "{}"}, "bun", "bun.lock", "."),
    "pnpm": (
        {"pnpm-workspace.yaml": "packages: # ours\n  - 'apps/*'\n", "pnpm-lock.yaml": "", "apps/web/package.json": APP},
        "pnpm",
        "pnpm-lock.yaml",
        ".",
    ),
    "pnpm_by_the_field_with_a_stale_lockfile": (
        {
            "package.json": '{"packageManager": "pnpm@10.0.0"}',
            "pnpm-workspace.yaml": "packages:\n- apps/*\n",
            "pnpm-lock.yaml": "",
            "apps/web/package.json": APP,
            "apps/web/package-lock.json": "{}",
        },
        "pnpm",
        "pnpm-lock.yaml",
        ".",
    ),
    "uv": (UV, "uv", "uv.lock", "."),
    "uv_left_out": (
        {**UV, "pyproject.toml": "[tool.uv.workspace]\nmembers = ['apps/*']\nexclude = ['apps/web']\n"},
        "uv",
        "apps/web/uv.lock",
        None,
    ),
}


@pytest.mark.parametrize("start", [".", "apps", "apps/web"])
@pytest.mark.parametrize("git", [True, False], ids=["git", "no_git"])
@pytest.mark.parametrize("case", WORKSPACES)
def test_the_same_from_everywhere(case: str, git: bool, start: str, tmp_path: Path) -> None:
    files, manager, lockfile, root = WORKSPACES[case]
    if case == "uv_left_out" and not git and start != ".":
        pytest.skip("nothing tells the app of that root but a repository")
    made(tmp_path, files)
    if git:
        run_git(tmp_path, "init", "-q")
    app = Project(list_tree(tmp_path / start), os.path.relpath("apps/web", start))
    python = app.exists("pyproject.toml")
    found = pypi_tools.lockfile(app, pypi.chosen(app)) if python else npm_tools.lockfile(app, npm.chosen(app))
    assert (pypi if python else npm).manager_name(app) == manager
    assert from_top(tmp_path, app, found) == lockfile
    call = (pypi if python else npm).install_command(app, ("posthog",))
    assert isinstance(call, Command)
    assert from_top(tmp_path, app, call.workspace or call.cwd) == (root or "apps/web")


MEMBERS: dict[str, tuple[dict[str, str], tuple[str, ...], bool]] = {
    "by_name": ({"package.json": '{"workspaces": ["./apps/web/"]}'}, (), True),
    "by_yarns_object": ({"package.json": '{"workspaces": {"packages": ["apps/**"]}}'}, (), True),
    "by_pnpm": ({"pnpm-workspace.yaml": "packages:\n  - apps/*\n"}, (), True),
    "left_out": ({"package.json": '{"workspaces": ["apps/*", "!apps/web"]}'}, (), False),
    "of_another": ({"package.json": '{"workspaces": ["packages/*"]}'}, (), False),
    "of_none": ({"package.json": '{"private": true}'}, (), False),
    "of_a_broken_manifest": ({"package.json": '{"workspaces": ["apps/*"'}, (), False),
    "with_catalogs_only": ({"pnpm-workspace.yaml": "catalog:\n  react: ^19.0.0\n"}, (), False),
    "of_uv_is_none_of_npm": (UV, (), False),
    "of_uv": (UV, ("uv",), True),
}


@pytest.mark.parametrize("start", [".", "apps/web"])
@pytest.mark.parametrize("case", MEMBERS)
def test_is_member(case: str, start: str, tmp_path: Path) -> None:
    files, kinds, expected = MEMBERS[case]
    made(tmp_path, {"apps/web/package.json": APP, **files})
    run_git(tmp_path, "init", "-q")
    app = Project(list_tree(tmp_path / start), os.path.relpath("apps/web", start))
    assert (is_member(app, "../..", kinds) if kinds else is_member(app, "../..")) is expected
    assert is_member(app, ".")


@pytest.mark.parametrize("start", ["apps", "apps/web"])
def test_without_git_a_workspace_of_others_is_not_the_top(start: str, tmp_path: Path) -> None:
    made(tmp_path, OUTSIDE)
    assert list_tree(tmp_path / start).top == tmp_path / start


def made(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def from_top(top: Path, app: Project, path: str | None) -> str:
    return Path(os.path.relpath(app.root / str(path), top)).as_posix()
