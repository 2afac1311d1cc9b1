"""One install call for all apps of a workspace, in the right place; every manager's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.packages import npm, pypi
from wizard.packages.command import Command, together
from wizard.project import Project, Tree

Files = dict[str, str]

APP = json.dumps({"dependencies": {"react": "19.0.0"}})
NPM_ROOT = json.dumps({"workspaces": ["apps/*"]})
PNPM_ROOT: Files = {"package.json": "{}", "pnpm-workspace.yaml": "packages:\n  - apps/*\n", "pnpm-lock.yaml": ""}
APPS: Files = {"apps/a/package.json": APP, "apps/b/package.json": APP}
UV: Files = {
    "pyproject.toml": "[tool.uv.workspace]\nmembers = ['apps/*']\n",
    "uv.lock": "",
    "apps/a/pyproject.toml": "[project]\nname = 'one'\n",
    "apps/b/pyproject.toml": "[project]\nname = 'two'\n",
}
RUSH: Files = {
    "rush.json": '/* Rush */ {"projects": [{"projectFolder": "apps/a"}, {"projectFolder": "apps/b"}]}',
    "common/config/rush/pnpm-lock.yaml": "",
    **APPS,
}
PNPM_TAIL = "install --no-frozen-lockfile --config.confirm-modules-purge=false --config.strict-dep-builds=false"

CASES: dict[str, tuple[Files, list[str], list[tuple[str, str]]]] = {
    "npm": (
        {"package.json": NPM_ROOT, "package-lock.json": "", **APPS},
        ["apps/a", "apps/b"],
        [(".", "npm install --no-audit --no-fund")],
    ),
    "npm_one_app": (
        {"package.json": NPM_ROOT, "package-lock.json": "", **APPS},
        ["apps/b"],
        [(".", "npm install --no-audit --no-fund")],
    ),
    "pnpm": (
        {**PNPM_ROOT, **APPS},
        ["apps/a", "apps/b"],
        [(".", f"pnpm --filter {{./apps/a}} --filter {{./apps/b}} {PNPM_TAIL}")],
    ),
    "pnpm_one_app": ({**PNPM_ROOT, **APPS}, ["apps/a"], [("apps/a", f"pnpm --filter {{.}} {PNPM_TAIL}")]),
    "pnpm_beside_the_workspace": (
        {**PNPM_ROOT, **APPS, "old/package.json": APP},
        ["apps/a", "old"],
        [("apps/a", f"pnpm --filter {{.}} {PNPM_TAIL}"), ("old", f"pnpm --ignore-workspace {PNPM_TAIL}")],
    ),
    "yarn": (
        {"package.json": NPM_ROOT, "yarn.lock": "# yarn lockfile v1\n", **APPS},
        ["apps/a", "apps/b"],
        [(".", "yarn install --non-interactive")],
    ),
    "bun": ({"package.json": NPM_ROOT, "bun.lock": "", **APPS}, ["apps/a", "apps/b"], [(".", "bun install")]),
    "deno": (
        {"deno.lock": "", "deno.json": '{"workspace": ["./apps/a", "./apps/b"]}', **APPS},
        ["apps/a", "apps/b"],
        [(".", "deno install --frozen=false")],
    ),
    "deno_beside_another_lockfile": (
        {"package.json": NPM_ROOT, "package-lock.json": "", "deno.lock": "", **APPS},
        ["apps/a", "apps/b"],
        [(".", "npm install --no-audit --no-fund")],
    ),
    "rush": (RUSH, ["apps/a", "apps/b"], [(".", "rush update")]),
    "rush_one_app": (RUSH, ["apps/a"], [(".", "rush update")]),
    "rush_subspaces": (
        {
            **RUSH,
            "rush.json": '{"projects": [{"projectFolder": "apps/a", "subspaceName": "x"}, '
            '{"projectFolder": "apps/b"}]}',
            "common/config/rush/subspaces.json": '{"subspacesEnabled": true}',
        },
        ["apps/a", "apps/b"],
        [(".", "rush update --subspace x"), (".", "rush update --subspace default")],
    ),
    "rush_does_not_list_it": (
        {**RUSH, "old/package.json": APP},
        ["apps/a", "old"],
        [(".", "rush update"), ("old", "npm install --no-audit --no-fund")],
    ),
    "no_workspace": (
        {"web/package.json": APP, "web/package-lock.json": "", "shop/package.json": APP, "shop/package-lock.json": ""},
        ["shop", "web"],
        [("shop", "npm install --no-audit --no-fund"), ("web", "npm install --no-audit --no-fund")],
    ),
    "nx_with_the_packages_at_the_root": (
        {
            "package.json": APP,
            "package-lock.json": "",
            "nx.json": "{}",
            "apps/a/project.json": "{}",
            "apps/b/project.json": "{}",
        },
        ["apps/a", "apps/b"],
        [(".", "npm install --no-audit --no-fund")],
    ),
    "nx_one_app_with_the_packages_at_the_root": (
        {"package.json": APP, "pnpm-lock.yaml": "", "nx.json": "{}", "apps/a/project.json": "{}"},
        ["apps/a"],
        [(".", f"pnpm {PNPM_TAIL}")],
    ),
    "uv": (UV, ["apps/a", "apps/b"], [(".", "uv sync --inexact --package one --package two")]),
    "uv_one_app": (UV, ["apps/a"], [("apps/a", "uv sync --inexact")]),
    "uv_excluded_member": (
        {**UV, "pyproject.toml": "[tool.uv.workspace]\nmembers = ['apps/*']\nexclude = ['apps/b']\n"},
        ["apps/a", "apps/b"],
        [("apps/a", "uv sync --inexact"), ("apps/b", "uv sync --inexact")],
    ),
    "two_languages": (
        {**PNPM_ROOT, "apps/a/package.json": APP, "api/pyproject.toml": "[project]\nname = 'api'\n", "api/uv.lock": ""},
        ["api", "apps/a"],
        [("api", "uv sync --inexact"), ("apps/a", f"pnpm --filter {{.}} {PNPM_TAIL}")],
    ),
}


@pytest.mark.parametrize(("files", "apps", "calls"), CASES.values(), ids=CASES)
def test_calls(files: Files, apps: list[str], calls: list[tuple[str, str]], tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    tree = Tree(tmp_path, tmp_path, tuple(sorted(files)))
    commands = together(made(Project(tree, app)) for app in apps)
    assert [(command.cwd, " ".join(command.argv)) for command in commands] == calls


def made(project: Project) -> Command:
    family = npm if project.exists("package.json") or project.exists("project.json") else pypi
    command = family.install_command(project, ("posthog",))
    assert isinstance(command, Command)
    return command.placed(project.within)


@pytest.mark.parametrize(("there", "is_first"), [("node_modules", False), ("apps/a/node_modules", False), ("", True)])
def test_the_first_install_is_known(there: str, is_first: bool, tmp_path: Path) -> None:
    (tmp_path / "apps/a" / "src").mkdir(parents=True)
    (tmp_path / "apps/a/package.json").write_text(APP)
    (tmp_path / there).mkdir(exist_ok=True)
    command = npm.install_command(Project(Tree(tmp_path, tmp_path, ("apps/a/package.json",)), "apps/a"), ("x",))
    assert isinstance(command, Command)
    assert command.is_first is is_first


def test_the_packages_of_all_apps_are_named() -> None:
    one = Command(("npm", "i"), "a", packages=("x", "y"), workspace=".")
    two = Command(("npm", "i"), "b", packages=("y", "z"), workspace=".")
    assert together([one, two])[0].packages == ("x", "y", "z")


def test_calls_that_differ_in_more_than_the_app_stay_apart() -> None:
    commands = (
        Command(("npm", "i"), "a", workspace="."),
        Command(("npm", "i"), "b", workspace=".", then=(("npm", "run", "x"),)),
        Command(("npm", "i"), "c", workspace=".", env={"A": "1"}),
        Command(("npm", "i"), "d"),
    )
    assert together(commands) == commands
