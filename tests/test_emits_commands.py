"""What starts an app is found or taken from the user without a shell, and where it answers is read in its output."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from wizard.emits import commands
from wizard.emits.answering import urls_in
from wizard.errors import UsageError
from wizard.project import Project
from wizard.workspace import list_tree

posix = pytest.mark.skipif(os.name == "nt", reason="the words of a POSIX shell")


@posix
@pytest.mark.parametrize(
    ("command", "argv", "env"),
    [
        ("npm run dev", ("npm", "run", "dev"), {}),
        ("A=1 B='x y' node app.js", ("node", "app.js"), {"A": "1", "B": "x y"}),
        ("flask run -p $PORT", ("flask", "run", "-p", "4711"), {}),
        ("gunicorn -b :${PORT:-8000} shop:app", ("gunicorn", "-b", ":4711", "shop:app"), {}),
        ("node app.js ${NOBODY_SET_THIS:-prod}", ("node", "app.js", "prod"), {}),
        ("PORT=99 node app.js", ("node", "app.js"), {"PORT": "99"}),
        ("node -e 'a|b; $(c)'", ("node", "-e", "a|b; $(c)"), {}),
        ("sh -c 'cd web && PORT=$PORT npm start'", ("sh", "-c", "cd web && PORT=$PORT npm start"), {}),
        ('"my app/run" --x', ("my app/run", "--x"), {}),
        ("./run.sh", ("./run.sh",), {}),
    ],
)
def test_a_command_of_the_users(command: str, argv: tuple[str, ...], env: dict[str, str]) -> None:
    assert commands.split(command, {"PORT": "4711"}) == (argv, env)


@posix
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cd web && npm start", "without a shell"),
        ("npm start | tee log", "without a shell"),
        ("npm start > log", "without a shell"),
        ("npm start &", "without a shell"),
        ("echo `id`", "without a shell"),
        ("echo $(id)", "without a shell"),
        ("(npm start)", "without a shell"),
        ("node 'app.js", "cannot be read"),
        ("", "names no program"),
        ("A=1 B=2", "names no program"),
    ],
)
def test_a_command_that_only_a_shell_understands_is_refused(command: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        commands.split(command, {})
    assert words in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("command", "by"),
    [
        ("docker compose up", "docker compose"),
        ("docker-compose up -d", "docker-compose"),
        ("A=1 docker run -p 80:80 shop", "docker"),
        ("sh -c 'podman compose up'", "podman compose"),
        ("sh -c 'cd x && podman compose up'", "podman compose"),
        ("kubectl apply -f app.yaml", "kubectl"),
        ("pm2 start app.js", "pm2"),
        ("pm2 start app.js --no-daemon", ""),
        ("node docker/server.js", ""),
        ("npm run docker:dev", ""),
        ("make docker-up", ""),
        ("./docker", ""),
    ],
)
def test_what_would_run_elsewhere_is_refused(command: str, by: str) -> None:
    if not by:
        assert commands.given(command, None, 1).argv
        return
    with pytest.raises(UsageError, match=f"what {by} starts") as refused:
        commands.given(command, None, 1)
    assert "--no-app" in refused.value.hint


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://localhost:3000/", 3000),
        ("https://127.0.0.1:8443/shop", 8443),
        ("http://app.test", 80),
        ("https://app.test/", 443),
    ],
)
def test_a_url_of_the_users_names_the_port(url: str, port: int) -> None:
    launch = commands.given("node app.js", url, 1)
    assert (launch.url, launch.env["PORT"], commands.url_port(url)) == (url, str(port), port)


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://x/", "http://", "http://x:99999/", "3000", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        commands.given("node app.js", url, 1)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("  Local:   http://localhost:5173/\n  Network: http://192.168.1.5:5173/", ("http://localhost:5173/",)),
        ("Running on http://127.0.0.1:5000\nPress CTRL+C", ("http://127.0.0.1:5000/",)),
        ("Uvicorn running on http://0.0.0.0:8000 (Press", ("http://localhost:8000/",)),
        ("Listening at: http://[::]:8080/app.", ("http://localhost:8080/app",)),
        ("http://[::1]:4321/base/", ("http://[::1]:4321/base/",)),
        ("https://localhost:3443/ and http://localhost:3000/", ("https://localhost:3443/", "http://localhost:3000/")),
        ("Server listening on port 3001", ("http://localhost:3001/",)),
        ("Example app listening on 4000!", ("http://localhost:4000/",)),
        ("http://localhost:3000/ ... listening on port 3000", ("http://localhost:3000/",)),
        ("http://localhost:3000/ http://localhost:3000", ("http://localhost:3000/",)),
        ("ready in 300 ms", ()),
        ("see https://vite.dev:443/config and http://example.com:3000/", ()),
        ("http://localhost/ without a port", ()),
        ("http://localhost:99999/", ()),
        ("http://localhost.evil.test:3000/", ()),
        ("listening on port 80", ()),
    ],
)
def test_where_an_app_says_that_it_answers(text: str, urls: tuple[str, ...]) -> None:
    assert urls_in(text) == urls


def project(directory: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    return Project(list_tree(directory), ".")


def scripts(**by_name: str) -> str:
    return json.dumps({"name": "x", "scripts": by_name})


@pytest.mark.parametrize(
    ("files", "argv", "where"),
    [
        pytest.param({"package.json": scripts(start="node .", dev="vite")},
                     "npm run dev -- --port 4711 --strictPort", "script dev", id="npm-vite"),
        pytest.param({"package.json": scripts(dev="vite"), "pnpm-lock.yaml": ""},
                     "pnpm run dev --port 4711 --strictPort", "script dev", id="pnpm-vite"),
        pytest.param({"package.json": scripts(dev="vite"), "yarn.lock": ""},
                     "yarn run dev --port 4711 --strictPort", "script dev", id="yarn-vite"),
        pytest.param({"package.json": scripts(dev="cross-env A=1 next dev")},
                     "npm run dev -- --port 4711", "script dev", id="behind-cross-env"),
        pytest.param({"package.json": scripts(dev="npm run gen && astro dev")},
                     "npm run dev -- --port 4711", "script dev", id="behind-another-command"),
        pytest.param({"package.json": scripts(dev="vite --port 3333")}, "npm run dev", "script dev", id="own-port"),
        pytest.param({"package.json": scripts(dev="next -p 3333")}, "npm run dev", "script dev", id="own-port-short"),
        pytest.param({"package.json": scripts(start="node server.js")}, "npm run start", "script start", id="start"),
        pytest.param({"package.json": scripts(dev="docker compose up", start="node a.js")}, "npm run start",
                     "script start", id="not-what-containers-run"),
        pytest.param({"package.json": scripts(predev="docker-compose up -d", dev="vite", start="node a.js")},
                     "npm run start", "script start", id="nor-what-starts-some-before"),
        pytest.param({"package.json": scripts(**{"start:dev": "node a.js"})}, "npm run start:dev", "script start:dev",
                     id="start-dev"),
        pytest.param({"package.json": scripts(preview="vite preview")},
                     "npm run preview -- --port 4711 --strictPort", "script preview", id="preview"),
        pytest.param({"Procfile": "release: x\nweb: node a.js -p $PORT\n"}, "node a.js -p 4711", "Procfile", id="web"),
        pytest.param({"pyproject.toml": '[tool.pdm.scripts]\nstart = "x"\n'}, "pdm run start", "tool.pdm", id="pdm"),
        pytest.param({"pyproject.toml": '[tool.poe.tasks]\nserve = "x"\n'}, "poe serve", "tool.poe", id="poe"),
    ],
)  # fmt: skip
def test_commands_that_a_project_names(tmp_path: Path, files: dict[str, str], argv: str, where: str) -> None:
    found = commands.found(project(tmp_path, files), 4711)
    assert found is not None
    assert (" ".join(found.launch.argv), found.launch.env["PORT"]) == (argv, "4711")
    assert found.launch.url is None
    assert where in found.where


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"package.json": scripts(build="vite build", test="vitest")}, id="other-scripts"),
        pytest.param({"package.json": '{"scripts": ["dev"]}'}, id="scripts-of-no-shape"),
        pytest.param({"package.json": "{"}, id="broken-manifest"),
        pytest.param({"package.json": '{"scripts": {"dev": 1}}'}, id="script-that-is-no-text"),
        pytest.param({"Procfile": "worker: python w.py"}, id="no-web-process"),
        pytest.param({"Procfile": "web: cd x && npm start"}, id="web-process-for-a-shell"),
        pytest.param({"manage.py": ""}, id="django-without-environment"),
        pytest.param({"pyproject.toml": "[tool.pdm]\nscripts = 1"}, id="tasks-of-no-shape"),
        pytest.param({"pyproject.toml": '[project.scripts]\nshop = "shop:main"'}, id="entry-point-not-installed"),
        pytest.param({"Makefile": "dev:\n\tnode ."}, id="a-makefile-is-only-suggested"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, files: dict[str, str]) -> None:
    assert commands.found(project(tmp_path, files), 4711) is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Makefile": "build:\n\tx\ndev: build\n\tnode ."}, '--app-command "make dev"'),
        ({"justfile": "run port='1':\n  x"}, '--app-command "just run"'),
        ({"Makefile": "dev := 1\nbuild:\n"}, '--app-command "COMMAND"'),
        ({}, '--app-command "COMMAND"'),
    ],
)
def test_what_could_be_named_instead(tmp_path: Path, files: dict[str, str], words: str) -> None:
    assert words in str(commands.nothing("no", "Do.", project(tmp_path, files)).hint)
