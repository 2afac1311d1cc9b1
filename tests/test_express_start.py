"""An Express app is started as its scripts start it, without what only watches files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frameworks.express.launch import launch
from frameworks.express.start import started_by
from wizard.errors import WizardError
from wizard.project import Project
from wizard.workspace import list_tree

APP = "const express = require('express')\nconst app = express()\napp.listen(process.env.PORT)\n"
HERE = ("index.js", "src/index.js", "src/index.ts", "src/server.ts", "bin/www")


def project(directory: Path, scripts: dict[str, str], files: tuple[str, ...] = HERE, **more: object) -> Project:
    text = json.dumps({"dependencies": {"express": "5"}, "scripts": scripts, **more})
    for path in (*files, "node_modules/.bin/tsx", "node_modules/express/package.json"):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text("#!/usr/bin/env node\n" + APP if path == "bin/www" else APP)
    (directory / "package.json").write_text(text)
    (directory / "node_modules/express/package.json").write_text('{"name": "express", "version": "5.0.0"}')
    return Project(list_tree(directory), ".")


@pytest.mark.parametrize(
    ("script", "argv", "env"),
    [
        ("node index.js", "node index.js", {}),
        ("node ./bin/www", "node ./bin/www", {}),
        ("node --watch --env-file=.env src/index.js", "node --env-file=.env src/index.js", {}),
        ("node --env-file .env --inspect src/index.js", "node --env-file .env src/index.js", {}),
        ("node -r dotenv/config src/index.js", "node -r dotenv/config src/index.js", {}),
        ("node --import=tsx --watch src/index.ts", "node --import=tsx src/index.ts", {}),
        ("tsx watch --env-file=.env src/index.ts", "./node_modules/.bin/tsx --env-file=.env src/index.ts", {}),
        ("tsx src/index.ts --verbose", "./node_modules/.bin/tsx src/index.ts --verbose", {}),
        ("nodemon src/index.js", "node src/index.js", {}),
        ("nodemon", "node index.js", {}),
        ("nodemon -r dotenv/config --ext js,json src/index.js", "node -r dotenv/config src/index.js", {}),
        ("nodemon src/server.ts", "ts-node src/server.ts", {}),
        ("nodemon -w src --exec \"babel-node src --presets env\"", "babel-node src --presets env", {}),
        ("nodemon --exec tsx src/server.ts", "./node_modules/.bin/tsx src/server.ts", {}),
        ("ts-node-dev --respawn --transpile-only src/index.ts", "ts-node-dev --transpile-only src/index.ts", {}),
        ("cross-env NODE_ENV=development nodemon src/index.js", "node src/index.js", {"NODE_ENV": "development"}),
        ("NODE_ENV=x DEBUG='a:*' node index.js", "node index.js", {"NODE_ENV": "x", "DEBUG": "a:*"}),
        ("dotenv -e ../../.env -- tsx watch src/index.ts",
         "dotenv -e ../../.env -- ./node_modules/.bin/tsx src/index.ts", {}),
        ("dotenv -e .env.local node index.js", "dotenv -e .env.local node index.js", {}),
        ("dotenvx run -- node index.js", "dotenvx run -- node index.js", {}),
        ("env-cmd -f .env.dev node index.js", "env-cmd -f .env.dev node index.js", {}),
    ],
)  # fmt: skip
def test_what_a_script_runs(tmp_path: Path, script: str, argv: str, env: dict[str, str]) -> None:
    found = started_by(project(tmp_path, {"dev": script}, main="index.js"))
    assert found is not None
    assert (" ".join(found.argv), dict(found.env)) == (argv, env)


@pytest.mark.parametrize(
    "script",
    [
        "node dist/index.js",
        "node dist",
        "node missing.js",
        "node ../other/index.js",
        "node -e 'require(1)'",
        "npm run build && node index.js",
        "docker compose up",
        "pm2 start ./src/index.js",
        'concurrently "npm:watch-*"',
        "next dev",
        "nodemon --exec 'npm start'",
        "node 'index.js",
        "node $ENTRY",
        "cross-env A=1",
        "dotenv -e",
        "",
    ],
)
def test_a_script_that_tells_nothing(tmp_path: Path, script: str) -> None:
    assert started_by(project(tmp_path, {"dev": script})) is None


def test_nodemon_with_its_own_configuration_tells_nothing(tmp_path: Path) -> None:
    found = project(tmp_path, {"dev": "nodemon src/index.js"}, nodemonConfig={"exec": "x"})
    assert started_by(found) is None


@pytest.mark.parametrize(
    ("scripts", "argv", "build"),
    [
        pytest.param({"start": "node dist", "dev": "nodemon src/index.js"}, "node src/index.js", "", id="dev-first"),
        pytest.param({"dev": "docker compose up", "start": "node index.js"}, "node index.js", "", id="then-start"),
        pytest.param({}, "node index.js", "", id="no-script"),
    ],
)
def test_how_it_is_started(tmp_path: Path, scripts: dict[str, str], argv: str, build: str) -> None:
    found = launch(project(tmp_path, scripts), 4711)
    assert (" ".join(found.argv), " ".join(found.build)) == (argv, build)
    assert (found.url, found.env["PORT"]) == ("http://127.0.0.1:4711/", "4711")


@pytest.mark.parametrize(
    ("listens", "url"),
    [
        ("app.listen(3231)", "http://127.0.0.1:3231/"),
        ("const port = 8080\napp.listen(port)", "http://127.0.0.1:8080/"),
        ("app.listen(process.env.PORT || 3000)", "http://127.0.0.1:4711/"),
        ("app.listen(config.get('http'))", None),
    ],
)
def test_where_it_listens(tmp_path: Path, listens: str, url: str | None) -> None:
    found = project(tmp_path, {"start": "node index.js"}, ())
    (tmp_path / "index.js").write_text(APP.replace("app.listen(process.env.PORT)", listens))
    assert launch(Project(list_tree(tmp_path), "."), 4711).url == url
    assert found


def test_without_a_file_to_run_it_says_so(tmp_path: Path) -> None:
    found = project(tmp_path, {"start": "node dist/x.js"}, ())
    with pytest.raises(WizardError, match="no file that starts the server"):
        launch(found, 4711)
