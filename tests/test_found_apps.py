"""Which apps are found in a tree, and what is said of the rest: shapes that real repositories have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fixture_case import run_git
from wizard.apps import find_apps
from wizard.changes import Manual
from wizard.packages import npm
from wizard.project import Tree
from wizard.workspace import list_tree

Files = Mapping[str, str]

NEXT = json.dumps({"dependencies": {"next": "16.0.0", "react": "19.0.0"}, "scripts": {"dev": "next dev"}})
VITE_DEPENDENCIES = {"dependencies": {"react": "19.0.0"}, "devDependencies": {"vite": "7.0.0"}}
VITE = json.dumps({**VITE_DEPENDENCIES, "scripts": {"dev": "vite"}})
LISTS_NEXT = json.dumps({"dependencies": {"next": "16.0.0", "react": "19.0.0", "vite": "7.0.0"}, "private": True})
EXPRESS = json.dumps({"dependencies": {"express": "5.0.0"}, "scripts": {"start": "node server.js"}})
PAGE = '<div id="root"></div><script type="module" src="./main.tsx"></script>'
SERVER = "import express from 'express'\nconst app = express()\napp.listen(3000)\n"


def library(**more: object) -> str:
    return json.dumps({"name": "@acme/kit", **VITE_DEPENDENCIES, "scripts": {"dev": "vite"}, **more})


FOUND: dict[str, tuple[Files, list[str]]] = {
    "packages_declared_above": (
        {"package.json": LISTS_NEXT, "frontend/next.config.ts": "", "frontend/app/page.tsx": "", "backend/Gemfile": ""},
        ["frontend nextjs app"],
    ),
    "two_with_packages_declared_above": (
        {
            "package.json": LISTS_NEXT,
            "web/next.config.mjs": "",
            "admin/vite.config.ts": "",
            "admin/index.html": PAGE,
            "admin/main.tsx": "",
        },
        ["admin react-vite app", "web nextjs app"],
    ),
    "a_config_for_tests_is_no_app": (
        {"package.json": LISTS_NEXT, "lib/vite.config.ts": "", "next.config.ts": "", "old/next.config.js": ""},
        [". nextjs app"],
    ),
    "a_config_without_the_package": ({"package.json": "{}", "files/next.config.js": "", "files/app/page.tsx": ""}, []),
    "next_listed_in_a_vite_app_with_pages": (
        {"package.json": LISTS_NEXT, "index.html": PAGE, "main.tsx": "", "src/pages/Home.tsx": ""},
        [". react-vite app"],
    ),
    "next_with_vite_for_its_tests": (
        {"package.json": LISTS_NEXT, "app/page.tsx": "", "vite.config.ts": ""},
        [". nextjs app"],
    ),
    "next_with_a_page_of_vite_beside_its_config": (
        {"package.json": LISTS_NEXT, "app/page.tsx": "", "next.config.js": "", "index.html": PAGE, "main.tsx": ""},
        [". nextjs app"],
    ),
    "next_listed_in_docusaurus": (
        {
            "package.json": json.dumps({"dependencies": {"next": "16.0.0", "@docusaurus/core": "3.0.0"}}),
            "src/pages/index.tsx": "",
        },
        [],
    ),
    "express_behind_an_import_of_types": (
        {"package.json": EXPRESS, "server.ts": 'import type { Express } from "express";\n' + SERVER},
        [". express app"],
    ),
    "a_config_of_another_tool_in_the_next_script": (
        {
            "package.json": json.dumps(
                {**VITE_DEPENDENCIES, "scripts": {"build": "vite build", "lint": "eslint -c eslint.config.ts"}}
            ),
            "eslint.config.ts": "",
            "vite.config.mts": "export default { root: 'src' }",
            "src/index.html": PAGE,
            "src/main.tsx": "",
        },
        [". react-vite app"],
    ),
    "a_command_with_pages": (
        {"package.json": json.dumps({"bin": "x.js", "dependencies": {"express": "5.0.0"}}), "server.js": SERVER},
        [". express command"],
    ),
    "a_private_bin_is_an_app": (
        {
            "package.json": json.dumps({"private": True, "bin": "x.js", "dependencies": {"express": "5.0.0"}}),
            "server.js": SERVER,
        },
        [". express app"],
    ),
    "a_published_package_that_is_deployed": (
        {
            "kit/package.json": library(files=["dist"], main="dist/x.js"),
            "kit/vercel.json": "",
            "kit/index.html": PAGE,
            "kit/main.tsx": "",
        },
        ["kit react-vite app"],
    ),
    "an_app_in_packages": (
        {"packages/web/package.json": VITE, "packages/web/index.html": PAGE, "packages/web/main.tsx": ""},
        ["packages/web react-vite app"],
    ),
    "docs_in_mdx": (
        {
            "docs/package.json": json.dumps(
                {"dependencies": {"next": "15.0.0", "@next/mdx": "15.0.0"}, "scripts": {"dev": "next dev"}}
            ),
            "docs/next.config.mjs": "",
        },
        ["docs nextjs documentation"],
    ),
}


def tree(root: Path, files: Files) -> Tree:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Tree(root, root, tuple(sorted(files)))


@pytest.mark.parametrize(("files", "apps"), FOUND.values(), ids=FOUND)
def test_apps(files: Files, apps: list[str], tmp_path: Path) -> None:
    found = find_apps(tree(tmp_path, files))
    assert [f"{app.path} {app.id} {app.role.kind}" for app in found.apps] == apps


IGNORED: dict[str, tuple[Files, str]] = {
    "a_published_package_with_a_page_to_try_it": (
        {"package.json": library(files=["dist"], main="dist/x.js"), "index.html": PAGE, "main.tsx": ""},
        ".: React with Vite, but a library: package.json publishes files with main",
    ),
    "a_private_package_that_others_take_parts_of": (
        {
            "packages/kit/package.json": library(private=True, exports={"./x": "./x.ts"}),
            "packages/kit/index.html": PAGE,
            "packages/kit/main.tsx": "",
            "apps/web/package.json": json.dumps({"dependencies": {"@acme/kit": "workspace:*"}}),
        },
        "packages/kit: React with Vite, but a library: package.json has exports, and other packages here depend on it",
    ),
    **{
        folder.replace("/", "_").replace("-", "_"): (
            {f"{folder}/package.json": NEXT, f"{folder}/next.config.js": ""},
            f"{folder}: Next.js in a directory called {part}",
        )
        for folder, part in {
            "apps/dev/nextjs": "dev",
            "benchmark/web": "benchmark",
            "integration-tests": "integration-tests",
            "playground-v6": "playground-v6",
            "packages/demo-app": "demo-app",
            "apps/next-demo": "next-demo",
            "e2e-apps/web": "e2e-apps",
        }.items()
    },
}


@pytest.mark.parametrize(("files", "reason"), IGNORED.values(), ids=IGNORED)
def test_ignored(files: Files, reason: str, tmp_path: Path) -> None:
    found = find_apps(tree(tmp_path, files))
    assert not found.apps
    assert reason in [f"{i.path}: {i.reason}" for i in found.ignored]


def test_packages_declared_above_are_declared_and_installed_there(tmp_path: Path) -> None:
    files = {**FOUND["packages_declared_above"][0], "pnpm-lock.yaml": ""}
    (app,) = find_apps(tree(tmp_path, files)).apps
    assert npm.manifest_path(app.project) == "../package.json"
    assert npm.brought_along(app.project)[0] == "../pnpm-lock.yaml"
    command = npm.install_command(app.project, ("posthog-js",))
    assert getattr(command, "cwd", None) == ".."


BELOW: dict[str, tuple[Files, str, str]] = {
    "of_a_workspace_without_manifests": (
        {"nx.json": "{}", "package.json": LISTS_NEXT, "apps/web/project.json": "{}", "apps/web/next.config.js": ""},
        "apps/web",
        "../../package.json",
    ),
    "with_packages_declared_above": (
        {"package.json": LISTS_NEXT, "frontend/next.config.ts": "", "frontend/app/page.tsx": ""},
        "frontend",
        "../package.json",
    ),
}


@pytest.mark.parametrize(("files", "folder", "manifest"), BELOW.values(), ids=BELOW)
def test_a_directory_below_is_named(files: Files, folder: str, manifest: str, tmp_path: Path) -> None:
    tree(tmp_path, files)
    own = tuple(sorted(name.removeprefix(f"{folder}/") for name in files if name.startswith(f"{folder}/")))
    (app,) = find_apps(Tree(tmp_path / folder, tmp_path, own)).apps
    assert (app.path, app.id) == (".", "nextjs")
    assert npm.manifest_path(app.project) == manifest
    declared = npm.declare(app.project, "posthog-js", "^1.0.0")
    assert isinstance(declared, Manual)
    assert declared.title == f"Add posthog-js to {manifest}, which lies outside of this directory"
    assert declared.body == '"posthog-js": "^1.0.0"'


SPECIFIERS = (
    "workspace:*",
    "workspace:^",
    "workspace:../x",
    "catalog:",
    "catalog:react19",
    "link:../x",
    "file:../x",
    "portal:../x",
    "git+ssh://git@github.com/a/b.git#semver:^1",
    "github:a/b#main",
    "a/b",
    "https://example.com/x.tgz",
    "npm:next@^15.3.0",
    "npm:@acme/next@canary",
    "patch:next@npm%3A15.3.0#~/.yarn/patches/x.patch",
    "jsr:@a/b@1",
    "latest",
    "*",
    "",
    "15.x || >=16 <17",
    "not a version at all",
    "16.0.0-canary.12",
)


@pytest.mark.parametrize("lockfile", ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"])
@pytest.mark.parametrize("specifier", SPECIFIERS)
def test_every_specifier_is_an_answer(specifier: str, lockfile: str, tmp_path: Path) -> None:
    listed = {"dependencies": {"next": specifier, "react": specifier}, "scripts": {"dev": "next dev"}}
    workspace = "packages:\n  - apps/*\ncatalog:\n  next: 15.3.0\ncatalogs:\n  react19:\n    next: 15.4.0\n"
    files = {
        "package.json": '{"workspaces": ["apps/*"]}',
        "pnpm-workspace.yaml": workspace,
        lockfile: "",
        "apps/web/package.json": json.dumps(listed),
        "apps/web/app/layout.tsx": "export default ({ children }) => <html><body>{children}</body></html>\n",
        "apps/web/next.config.js": "module.exports = {}\n",
    }
    (app,) = find_apps(tree(tmp_path, files)).apps
    assert (app.path, app.id, app.variant) == ("apps/web", "nextjs", "app-router")
    known = {"catalog:": "15.3.0", "catalog:react19": "15.4.0", "npm:next@^15.3.0": "15.3.0"}
    if specifier in known:
        assert app.version == known[specifier]


def test_a_manifest_in_a_directory_that_is_left_out(tmp_path: Path) -> None:
    files = {
        ".gitignore": "dist\n",
        "package.json": "{}",
        "vendor/kept/package.json": NEXT,
        "vendor/kept/next.config.js": "",
        "vendor/other/package.json": "{}",
        "web/.next/package.json": NEXT,
        "web/dist/package.json": "{}",
        "node_modules/x/package.json": "{}",
        "deps/readme.txt": "",
    }
    tree(tmp_path, files)
    run_git(tmp_path, "init", "-q")
    run_git(tmp_path, "add", ".gitignore", "package.json", "vendor", "web", "deps")
    found = find_apps(list_tree(tmp_path))
    assert not found.apps
    left = "not looked into, being called {!r}; run the wizard in it to set up an app there"
    assert [(i.path, i.reason) for i in found.ignored][1:] == [
        ("vendor", left.format("vendor")),
        ("web/.next", left.format(".next")),
    ]
    assert [app.id for app in find_apps(list_tree(tmp_path / "vendor/kept")).apps] == ["nextjs"]


def test_an_ignored_or_new_directory_that_is_left_out_is_not_mentioned(tmp_path: Path) -> None:
    tree(tmp_path, {"package.json": "{}", "node_modules/x/package.json": "{}"})
    run_git(tmp_path, "init", "-q")
    assert [i.path for i in find_apps(list_tree(tmp_path)).ignored] == ["."]


OWN: dict[str, tuple[Files, list[str]]] = {
    "a_package_called_env": (
        {"packages/env/package.json": "{}", "packages/env/index.ts": ""},
        ["packages/env/index.ts"],
    ),
    "code_about_variables": ({"src/env/client.ts": ""}, ["src/env/client.ts"]),
    "an_environment": ({"env/pyvenv.cfg": "", "env/lib/x.py": ""}, []),
    "an_old_environment": ({"env/bin/activate": "", "env/lib/x.py": ""}, []),
    "a_python_package_called_build": ({"api/build/__init__.py": "", "api/build/x.py": ""}, ["api/build/x.py"]),
    "a_package_called_build": (
        {"packages/build/package.json": "{}", "packages/build/x.ts": ""},
        ["packages/build/x.ts"],
    ),
    "build_output": ({"build/x.js": "", "build/lib/__init__.py": ""}, []),
    "build_output_of_a_package_called_build": ({"build/package.json": "{}", "build/dist/x.ts": ""}, []),
}


@pytest.mark.parametrize("with_git", [True, False], ids=["git", "walk"])
@pytest.mark.parametrize(("files", "listed"), OWN.values(), ids=OWN)
def test_a_name_of_build_output_or_of_an_environment(
    files: Files, listed: list[str], with_git: bool, tmp_path: Path
) -> None:
    tree(tmp_path, files)
    if with_git:
        run_git(tmp_path, "init", "-q")
    names = {"package.json", "__init__.py"}
    assert [path for path in list_tree(tmp_path).paths if path.rpartition("/")[2] not in names] == listed
