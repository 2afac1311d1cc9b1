"""Workspaces of every kind: where they are rooted, and which directories are their members."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.project import Tree
from wizard.workspace import foreign, named
from wizard.workspaces import workspaces

Files = dict[str, str]

DECLARED: dict[str, tuple[Files, list[tuple[str, str, list[str]]]]] = {
    "npm": (
        {
            "package.json": '{"workspaces": ["apps/*", "./packages/ui/"]}',
            "package-lock.json": "{}",
            "apps/web/package.json": "{}",
            "apps/web/e2e/package.json": "{}",
            "packages/ui/package.json": "{}",
            "packages/db/package.json": "{}",
        },
        [("npm", ".", ["apps/web", "packages/ui"])],
    ),
    "yarn_with_packages_and_an_exclusion": (
        {
            "package.json": '{"workspaces": {"packages": ["**", "!legacy/*"], "nohoist": []}}',
            "yarn.lock": "",
            "a/b/package.json": "{}",
            "legacy/old/package.json": "{}",
        },
        [("yarn", ".", ["a/b"])],
    ),
    "bun": (
        {"package.json": '{"workspaces": ["web"]}', "bun.lock": "", "web/package.json": "{}"},
        [("bun", ".", ["web"])],
    ),
    "pnpm": (
        {
            "pnpm-workspace.yaml": "packages:\n  - 'apps/*' # shipped\n  - '!apps/old'\ncatalog:\n  react: ^19.0.0\n",
            "package.json": '{"private": true}',
            "apps/web/package.json": "{}",
            "apps/old/package.json": "{}",
        },
        [("pnpm", ".", ["apps/web"])],
    ),
    "pnpm_with_a_catalog_only": ({"pnpm-workspace.yaml": "catalog:\n  react: ^19.0.0\n"}, []),
    "turborepo": (
        {
            "package.json": '{"workspaces": ["apps/*"]}',
            "turbo.json": '{"tasks": {}} // ours',
            "apps/web/package.json": "{}",
            "apps/web/turbo.json": '{"extends": ["//"]}',
        },
        [("npm", ".", ["apps/web"]), ("turborepo", ".", [])],
    ),
    "nx": (
        {"nx.json": "{}", "apps/shop/project.json": "{}", "libs/ui/project.json": "{}"},
        [("nx", ".", ["apps/shop", "libs/ui"])],
    ),
    "lerna_without_packages": ({"lerna.json": "{}", "packages/a/package.json": "{}"}, [("lerna", ".", ["packages/a"])]),
    "rush": (
        {"rush.json": '/* Rush */ {"projects": [{"packageName": "web", "projectFolder": "apps/web"},]}'},
        [("rush", ".", ["apps/web"])],
    ),
    "deno": ({"deno.jsonc": '{"workspace": ["./add"]}', "add/deno.json": "{}"}, [("deno", ".", ["add"])]),
    "uv": (
        {
            "pyproject.toml": "[tool.uv.workspace]\nmembers = ['services/*']\nexclude = ['services/old']\n",
            "services/api/pyproject.toml": "[project]\n",
            "services/old/pyproject.toml": "[project]\n",
        },
        [("uv", ".", ["services/api"])],
    ),
    "poetry": (
        {
            "api/pyproject.toml": "[tool.poetry.dependencies]\ncore = {path = '../core', develop = true}\nflask = '*'\n"
            "[tool.poetry.group.dev.dependencies]\nkit = {path = '../../kit'}\n",
        },
        [("poetry", "api", ["core"])],
    ),
    "pdm": (
        {"pyproject.toml": "[tool.pdm.dev-dependencies]\ndev = ['-e file:///${PROJECT_ROOT}/sub#egg=sub']\n"},
        [("pdm", ".", ["sub"])],
    ),
    "cargo": (
        {"Cargo.toml": "[workspace]\nmembers = ['crates/*']\n", "crates/a/Cargo.toml": ""},
        [("cargo", ".", ["crates/a"])],
    ),
    "go": (
        {"go.work": "go 1.22\n\nuse (\n\t./api // ours\n\t./lib\n)\nuse ./one\n"},
        [("go", ".", ["api", "lib", "one"])],
    ),
    "gradle": (
        {"settings.gradle.kts": 'rootProject.name = "x"\ninclude(":app", ":lib:core")\ninclude(\n    ":two",\n)\n'},
        [("gradle", ".", ["app", "lib/core", "two"])],
    ),
    "gradle_groovy": ({"settings.gradle": "include ':app', ':lib'\n"}, [("gradle", ".", ["app", "lib"])]),
    "dotnet": (
        {"All.sln": 'Project("{FAE0}") = "Web", "src\\Web\\Web.csproj", "{1}"\r\nEndProject\r\n'},
        [("dotnet", ".", ["src/Web"])],
    ),
    "melos": (
        {"melos.yaml": "name: x\npackages:\n  - packages/**\n", "packages/a/pubspec.yaml": ""},
        [("melos", ".", ["packages/a"])],
    ),
    "dart": (
        {"pubspec.yaml": "name: x\nworkspace:\n  - apps/one\n", "apps/one/pubspec.yaml": ""},
        [("dart", ".", ["apps/one"])],
    ),
    "bundler": ({"Gemfile": "gem 'core', path: 'engines/core'\n"}, [("bundler", ".", ["engines/core"])]),
    "two_in_one_tree": (
        {
            "web/package.json": '{"workspaces": ["a"]}',
            "web/a/package.json": "{}",
            "api/pyproject.toml": "[tool.uv.workspace]\nmembers = ['b']\n",
            "api/b/pyproject.toml": "",
        },
        [("uv", "api", ["api/b"]), ("npm", "web", ["web/a"])],
    ),
    "a_plain_app": (
        {"package.json": '{"name": "x"}', "pyproject.toml": "[project]\n", "Cargo.toml": "[package]\n"},
        [],
    ),
    "wrong_types": (
        {
            "package.json": '{"workspaces": [1, null]}',
            "rush.json": '{"projects": {"a": 1}}',
            "a/rush.json": '{"projects": [1, {"projectFolder": 2}]}',
            "deno.json": '{"workspace": "x"}',
            "pyproject.toml": "[tool]\nuv = 1\npoetry = []\npdm = ''\n",
            "Cargo.toml": "workspace = 1\n",
        },
        [("rush", ".", []), ("rush", "a", [])],
    ),
    "files_that_do_not_parse": (
        {"package.json": '{"workspaces": ', "pyproject.toml": "[", "Cargo.toml": "=", "turbo.json": "["},
        [("turborepo", ".", [])],
    ),
    "outside_of_the_tree": ({"go.work": "use ../other\n"}, [("go", ".", [])]),
}


@pytest.mark.parametrize(("files", "found"), DECLARED.values(), ids=DECLARED)
def test_workspaces(files: Files, found: list[tuple[str, str, list[str]]], tmp_path: Path) -> None:
    tree = made(tmp_path, files)
    assert [(w.kind, w.path, list(w.members)) for w in workspaces(tree, named(tree))] == found


FOREIGN: dict[str, tuple[list[str], list[str]]] = {
    "outermost_only": (["go.mod", "cmd/x/go.mod", "api/Cargo.toml"], ["."]),
    "beside_an_app": (["package.json", "api/go.mod", "native/Cargo.toml"], ["api", "native"]),
    "the_app_itself": (["package.json", "Gemfile"], []),
    "solutions": (["src/Web/Web.csproj", "src/Web/x.txt"], ["src/Web"]),
    "nothing": (["README.md", "a/b.txt"], []),
}


@pytest.mark.parametrize(("paths", "found"), FOREIGN.values(), ids=FOREIGN)
def test_foreign(paths: list[str], found: list[str], tmp_path: Path) -> None:
    tree = made(tmp_path, dict.fromkeys(paths, ""))
    roots = {"."} if "package.json" in paths else set()
    assert list(foreign(named(tree), roots)) == found


def made(root: Path, files: Files) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")
    return Tree(root, root, tuple(sorted(files)))
