"""Workspaces as their tools make them: two apps set up in one run, built, their events seen, undone one by one."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import POSTHOG_JS, TOKEN, RealApp
from wizard.errors import Exit
from wizard.sink import Sink

IGNORED = "node_modules\ndist\n*.local\n.turbo\n.nx\n.venv/\n__pycache__/\n.env\n"


def write(app: RealApp, files: dict[str, str]) -> None:
    for path, text in files.items():
        (app.root / path).parent.mkdir(parents=True, exist_ok=True)
        (app.root / path).write_text(text)


def create_vite(app: RealApp, folder: str, name: str) -> None:
    """`npm create vite` into a folder of the workspace, under a name of its own."""
    (app.root / folder).mkdir(parents=True)
    scaffold = RealApp(app.root / folder, app.state, app.env)
    scaffold.run("npm", "create", "--yes", "vite@latest", ".", "--", "--template", "react-ts", "--no-interactive")
    manifest = json.loads((app.root / folder / "package.json").read_text())
    manifest["name"] = name
    (app.root / folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")


def detected(app: RealApp) -> list[tuple[str, str, str]]:
    """Path, framework and package manager of each app that is found."""
    found = json.loads(app.wizard("detect", "--json").stdout)
    return [(a["path"], a["framework"], a["package_manager"]) for a in found["apps"]]


def both_emit(app: RealApp, sink: Sink, *targets: str) -> None:
    """`verify` starts each app and sees the event of its own code, or of its own client."""
    named = [word for target in targets for word in ("--target", target)]
    done = app.wizard("verify", "--ci", "--json", "--token", TOKEN, "--host", sink.url, *named)
    links: list[dict[str, Any]] = json.loads(done.stdout)["verification"]
    assert [(link["path"], link["status"]) for link in links if link["link"] == "app"] == [
        (target, "passed") for target in targets
    ]


def undone_one_by_one(app: RealApp, before: dict[str, bytes], first: str) -> None:
    """The first app goes alone, its neighbour stays; then the rest, to the last byte."""
    app.wizard("undo", "--ci", "--target", first)
    now = app.content()
    assert [path for path in before if path.startswith(f"{first}/") and now.get(path) != before[path]] == []
    assert now != before
    app.wizard("undo", "--ci")
    now = app.content()
    assert set(now) ^ set(before) == set()
    assert [path for path in now if now[path] != before[path]] == []


def brought_in_line(app: RealApp, undone: subprocess.CompletedProcess[str]) -> bool:
    """Do what undo says about the lockfiles that it leaves; was there anything?"""
    installs = json.loads(undone.stdout)["installs"]
    for words in (shlex.split(call) for install in installs for call in install["calls"]):
        app.run(*words)
    return bool(installs)


def touched(app: RealApp, before: dict[str, bytes]) -> set[str]:
    now = app.content()
    return {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}


def test_turborepo_with_npm(app: RealApp, sink: Sink) -> None:
    """The shape of `create-turbo` (its templates come from a host that not everybody reaches), with Vite apps."""
    write(
        app,
        {
            "package.json": json.dumps(
                {
                    "name": "acme",
                    "private": True,
                    "packageManager": f"npm@{app.run('npm', '--version').stdout.strip()}",
                    "workspaces": ["apps/*", "packages/*"],
                    "devDependencies": {"turbo": "^2.5.0"},
                },
                indent=2,
            ),
            "turbo.json": json.dumps({"tasks": {"build": {"outputs": ["dist/**"]}}}, indent=2) + "\n",
            "packages/ui/package.json": json.dumps({"name": "@acme/ui", "exports": {".": "./index.ts"}}),
            "packages/ui/index.ts": "export const title = 'Acme';\n",
            ".gitignore": IGNORED,
        },
    )
    create_vite(app, "apps/web", "web")
    create_vite(app, "apps/shop", "shop")
    app.run("npm", "install", "--no-audit", "--no-fund")
    app.commit()
    assert detected(app) == [("apps/shop", "react-vite", "npm"), ("apps/web", "react-vite", "npm")]
    question = app.wizard("--ci", "--token", TOKEN, "--host", sink.url, code=2).stderr
    assert [line.split()[1] for line in question.splitlines() if line.startswith("  --target")] == [
        "apps/shop",
        "apps/web",
    ]
    before = app.content()
    app.setup(sink, "--all", *POSTHOG_JS)
    changed = touched(app, before)
    assert all(path.startswith(("apps/web/", "apps/shop/")) or path == "package-lock.json" for path in changed), changed
    app.run("npx", "turbo", "run", "build")
    both_emit(app, sink, "apps/shop", "apps/web")
    undone_one_by_one(app, before, "apps/web")


@pytest.mark.parametrize("kind", ["integrated", "packages"])
def test_nx(app: RealApp, sink: Sink, kind: str) -> None:
    """Nx declares the packages of all apps at the root; `integrated` apps have no package.json of their own."""
    app.root.rmdir()
    maker = RealApp(app.root.parent, app.state, {"NX_ADD_PLUGINS": "false"} if kind == "integrated" else {})
    release, more = ("20", ["--workspaces=false"]) if kind == "integrated" else ("latest", [])
    choices = ["--preset=react-monorepo", "--appName=shop", "--bundler=vite", "--style=css", "--e2eTestRunner=none"]
    rest = ["--nxCloud=skip", "--pm=npm", "--no-interactive", "--unitTestRunner=none", "--skipGit"]
    maker.run("npx", "--yes", f"create-nx-workspace@{release}", app.root.name, *choices, *rest, *more)
    app.env["NX_DAEMON"] = "false"
    generate = ("npx", "nx", "g", "@nx/react:app", "apps/admin", "--bundler=vite", "--linter=none", "--style=css")
    app.run(*generate, "--unitTestRunner=none", "--e2eTestRunner=none", "--no-interactive")
    assert (app.root / "apps/shop/package.json").exists() == (kind == "packages")
    app.commit()
    assert detected(app) == [("apps/admin", "react-vite", "npm"), ("apps/shop", "react-vite", "npm")]
    before = app.content()
    app.setup(sink, "--target", "apps/admin", "--target", "apps/shop", *POSTHOG_JS)
    outside = {path for path in touched(app, before) if not path.startswith(("apps/admin/", "apps/shop/"))}
    assert outside - {"nx.json"} == {"package.json", "package-lock.json"}
    app.run("npx", "nx", "run-many", "-t", "build")
    both_emit(app, sink, "apps/admin", "apps/shop")
    undone_one_by_one(app, before, "apps/shop")


def test_pnpm_with_a_catalog(app: RealApp, sink: Sink) -> None:
    tools = app.state / "tools"
    app.run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(tools), "pnpm@9")
    app.env["PATH"] = os.pathsep.join((str(tools / "node_modules/.bin"), os.environ["PATH"]))
    catalog = "packages:\n  - apps/*\n\ncatalog:\n  # pinned for all apps\n  react: ^19.0.0\n  react-dom: ^19.0.0\n"
    server = (
        "import express from 'express';\n\nconst app = express();\n\n"
        "app.get('/', (request, response) => {\n  response.send('hello');\n});\n\n"
        "app.listen(process.env.PORT ?? 3000);\n"
    )
    write(
        app,
        {
            "package.json": '{\n  "name": "acme",\n  "private": true\n}\n',
            "pnpm-workspace.yaml": catalog,
            ".gitignore": IGNORED,
            "apps/api/package.json": json.dumps(
                {
                    "name": "api",
                    "private": True,
                    "type": "module",
                    "scripts": {"start": "node server.js"},
                    "dependencies": {"express": "^5.0.0"},
                },
                indent=2,
            ),
            "apps/api/server.js": server,
        },
    )
    create_vite(app, "apps/web", "web")
    manifest = (app.root / "apps/web/package.json").read_text()
    parsed = json.loads(manifest)["dependencies"]
    for name in ("react", "react-dom"):
        manifest = manifest.replace(f'"{name}": "{parsed[name]}"', f'"{name}": "catalog:"')
    (app.root / "apps/web/package.json").write_text(manifest)
    app.run("pnpm", "install")
    app.commit()
    assert detected(app) == [("apps/api", "express", "pnpm"), ("apps/web", "react-vite", "pnpm")]
    before = app.content()
    app.setup(sink, "--target", "apps/api", "--target", "apps/web", *POSTHOG_JS)
    assert (app.root / "package.json").read_bytes() == before["package.json"]
    lines = (app.root / "pnpm-workspace.yaml").read_text().splitlines()
    assert [line for line in catalog.splitlines() if line not in lines] == []
    added = [line.strip().split(": ") for line in lines if line not in catalog.splitlines()]
    assert [name for name, _ in added] == ["'@posthog/react'", "posthog-js", "posthog-node"]
    assert added[1][1] == "1.434.18"
    for name, ours in (("web", "posthog-js"), ("api", "posthog-node")):
        assert json.loads((app.root / f"apps/{name}/package.json").read_text())["dependencies"][ours] == "catalog:"
    app.run("pnpm", "install", "--frozen-lockfile")
    app.run("pnpm", "--filter", "web", "build")
    both_emit(app, sink, "apps/api", "apps/web")
    undone_one_by_one(app, before, "apps/api")


MANAGERS = {
    "npm": ("npm", "ci"),
    "pnpm@10": ("pnpm", "install", "--frozen-lockfile"),
    "yarn@1": ("yarn", "install", "--frozen-lockfile"),
    "@yarnpkg/cli-dist@4": ("yarn", "install", "--immutable"),
    "bun@1": ("bun", "install", "--frozen-lockfile"),
}


@pytest.mark.parametrize("manager", MANAGERS)
def test_every_manager(app: RealApp, sink: Sink, manager: str) -> None:
    """One call for both apps, and only our packages move in the lockfile; what each undo tells gives its bytes back."""
    frozen = MANAGERS[manager]
    tool = frozen[0]
    if tool != "npm":
        tools = app.state / "tools"
        app.run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(tools), manager)
        app.env["PATH"] = os.pathsep.join((str(tools / "node_modules/.bin"), os.environ["PATH"]))
        app.env["YARN_NPM_REGISTRY_SERVER"] = app.env["YARN_REGISTRY"] = "https://registry.npmjs.org"
    server = "import express from 'express';\n\nconst app = express();\n\napp.listen(process.env.PORT ?? 3000);\n"
    own = {"private": True, "version": "1.0.0", "type": "module", "scripts": {"start": "node server.js"}}
    root = {"name": "acme", "private": True, "devDependencies": {"ms": "2.1.2"}, "workspaces": ["apps/*"]}
    files = {
        "package.json": json.dumps(root, indent=2) + "\n",
        ".gitignore": IGNORED + ".yarn/\n.pnp.*\n",
        "yarn.lock": "",
    }
    for name in ("api", "jobs"):
        manifest = {"name": name, **own, "dependencies": {"express": "4.18.2"}}
        files[f"apps/{name}/package.json"] = json.dumps(manifest, indent=2) + "\n"
        files[f"apps/{name}/server.js"] = server
    if tool == "pnpm":
        files["pnpm-workspace.yaml"] = "packages:\n  - apps/*\n"
    if tool != "yarn":
        del files["yarn.lock"]
    elif manager != "yarn@1":
        files[".yarnrc.yml"] = "nodeLinker: pnp\nenableTelemetry: false\n"
    write(app, files)
    app.env["YARN_ENABLE_IMMUTABLE_INSTALLS"] = "false"
    app.run(tool, "install", *(["--no-frozen-lockfile"] if tool == "pnpm" else []))
    app.commit()
    before = app.content()
    app.setup(sink, "--target", "apps/api", "--target", "apps/jobs")
    (lock,) = (path for path in touched(app, before) if not path.startswith(("apps/", ".pnp", ".yarn/")))
    assert lock in ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock")
    lines = (app.root / lock).read_text().splitlines()
    gone = [line for line in before[lock].decode().splitlines() if line not in lines]
    assert [line for line in gone if "express" not in line] == [], "only a comma may come behind our neighbour"
    app.run(*frozen)
    node = ("yarn", "workspace", "jobs", "node") if tool == "yarn" else ("node",)
    there = app.root if tool == "yarn" else app.root / "apps/jobs"
    RealApp(there, app.state, app.env).run(*node, "-e", "require.resolve('posthog-node')")
    undone = app.wizard("undo", "--ci", "--json", "--target", "apps/api")
    assert brought_in_line(app, undone), "the lockfile still has the packages of the app that is undone"
    app.run(*frozen)
    is_left = manager != "yarn@1"  # whose lockfile does not say which app asks for what
    rest = app.wizard("undo", "--ci", "--json", code=Exit.INCOMPLETE if is_left else Exit.OK)
    assert brought_in_line(app, rest) == is_left, "the call that was told changed the lockfile since the set-up"
    assert {path for path in touched(app, before) if not path.startswith(".yarn/")} == set()


def test_uv(app: RealApp, sink: Sink) -> None:
    flask = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/')\ndef index():\n    return 'hello'\n"
    fastapi = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index():\n    return {}\n"
    python = f'requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"\n'
    write(
        app,
        {
            "pyproject.toml": f'[project]\nname = "acme"\nversion = "0"\n{python}\n'
            '[tool.uv]\npackage = false\n\n[tool.uv.workspace]\nmembers = ["services/*"]\n',
            "services/web/pyproject.toml": f'[project]\nname = "web"\nversion = "0"\n{python}'
            'dependencies = [\n    "flask>=3",\n]\n\n[tool.uv]\npackage = false\n',
            "services/web/app.py": flask,
            "services/api/pyproject.toml": f'[project]\nname = "api"\nversion = "0"\n{python}'
            'dependencies = [\n    "fastapi>=0.115",\n    "uvicorn",\n]\n\n[tool.uv]\npackage = false\n',
            "services/api/main.py": fastapi,
            ".gitignore": IGNORED,
        },
    )
    tools = Path(app.state / "bin")
    tools.mkdir()
    (tools / "uv").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m uv "$@"\n')
    (tools / "uv").chmod(0o755)
    app.env["PATH"] = os.pathsep.join((str(tools), os.environ["PATH"]))
    app.run("uv", "sync", "-q", "--all-packages", "--python", sys.executable)
    app.commit()
    assert detected(app) == [("services/api", "fastapi", "uv"), ("services/web", "flask", "uv")]
    before = app.content()
    app.setup(sink, "--all")
    lock = (app.root / "uv.lock").read_text()
    assert lock.count('{ name = "posthog"') == 4, "each of both members, as a dependency and as its requirement"
    both_emit(app, sink, "services/api", "services/web")
    undone_one_by_one(app, before, "services/web")
