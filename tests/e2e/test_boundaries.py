"""A whole run with real package managers behind a recording proxy: who is called, and what is written outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.harness import POSTHOG_JS, TOKEN, RealApp
from tests.fixture_case import Case, run_git, snapshot
from tests.recording_proxy import RecordingProxy
from wizard.sink import Sink

CACHES = (".npm", ".cache", ".config", ".local/share/uv", ".local/share/virtualenv", ".node-gyp", ".rustup")
"""Below HOME: what package managers keep for themselves (pip asks rustc for its version, which makes .rustup)."""


SECRET = "phx_CANARY00000000"


def registry_hosts() -> set[str]:
    """The hosts of the registries that npm, pip and uv are configured with on this machine."""
    asked = [["npm", "config", "get", "registry"], [sys.executable, "-m", "pip", "config", "get", "global.index-url"]]
    urls = [subprocess.run(argv, capture_output=True, text=True).stdout.strip() for argv in asked]
    urls += [
        value for name, value in os.environ.items() if name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL")
    ]
    hosts = {urlsplit(url).hostname or "" for url in urls}
    return {*hosts - {""}, "registry.npmjs.org", "pypi.org", "files.pythonhosted.org"}


def check_run(app: RealApp, home: Path, sink: Sink, *arguments: str) -> set[str]:
    """Set the app up behind the proxy and take it back; returns the hosts that were called."""
    home.mkdir()
    own = {name: os.environ[name] for name in ("NPM_CONFIG_USERCONFIG", "PIP_CONFIG_FILE") if name in os.environ}
    for name in (".npmrc", ".config/pip/pip.conf", ".config/uv/uv.toml", ".pip/pip.conf"):
        if (Path.home() / name).exists():  # where this machine's registry is
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path.home() / name, home / name)
    (home / "tmp").mkdir()
    before, around = app.content(), snapshot(home)
    with RecordingProxy() as proxy:
        app.env |= {
            **own,
            **proxy.variables(direct="127.0.0.1,localhost"),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "POSTHOG_CLI_TOKEN": SECRET,
        }
        for name in [n for n in os.environ if n.startswith("XDG_")]:
            app.env[name] = str(home / ".config")
        done = app.wizard("--ci", "--token", TOKEN, "--host", sink.url, *arguments, "--no-verify")
        assert "Installed." in done.stderr, done.stderr
        assert proxy.hosts == [] or proxy.names()
    app.wizard("undo", "--ci")
    assert app.content() == before
    check_home(home, around)
    return proxy.names()


def check_home(home: Path, before: Mapping[str, tuple[int, bytes]]) -> None:
    """Nothing new but the caches of the package managers; and no secret in anything."""
    now = snapshot(home)
    new = {path for path in now if now[path] != before.get(path) and not (home / path).is_dir()}
    assert {path for path in new if not path.startswith((*CACHES, "tmp/"))} == set()
    assert list((home / "tmp").rglob("posthog-wizard*")) == []
    assert [path for path in new if SECRET.encode() in now[path][1]] == []


def test_npm(app: RealApp, sink: Sink, tmp_path: Path) -> None:
    hosts = registry_hosts()
    root = Case("react-vite-typescript").copy(tmp_path / "fixture")
    shutil.rmtree(app.root)
    root.rename(app.root)
    # what the app itself needs is of no interest here
    manifest = json.loads((app.root / "package.json").read_text())
    manifest |= {"dependencies": {"react": "^18.2.0"}, "devDependencies": {"vite": "^5.0.0"}}
    (app.root / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    app.commit("fewer packages")
    called = check_run(app, tmp_path / "home", sink, "--framework", "react-vite", *POSTHOG_JS)
    assert called, "npm did not go through the proxy"
    assert called <= hosts


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_python(tool: str, app: RealApp, sink: Sink, tmp_path: Path) -> None:
    if shutil.which("uv") is None and tool == "uv":
        pytest.skip("uv is not installed")
    hosts = registry_hosts()
    files = {"app.py": "from flask import Flask\n\napp = Flask(__name__)\n", ".gitignore": ".venv\n.env\n"}
    if tool == "pip":
        # pip.py: a module of the app that must not stand in for the real one
        files |= {"requirements.txt": "flask>=3\n", "pip.py": "raise SystemExit(9)\n"}
    else:
        files["pyproject.toml"] = (
            '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = ["flask>=3"]\n\n'
            "[tool.uv]\npackage = false\n"
        )
    for name, text in files.items():
        (app.root / name).write_text(text)
    app.commit()
    subprocess.run([sys.executable, "-m", "venv", str(app.root / ".venv")], check=True)
    called = check_run(app, tmp_path / "home", sink)
    assert called, f"{tool} did not go through the proxy"
    assert called <= hosts
    assert run_git(app.root, "status", "--porcelain") == b""
