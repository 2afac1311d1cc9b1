"""`--package-manager` where a repository has apps of two languages: it is for those it can be meant for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizard.cli import main
from wizard.errors import UsageError
from wizard.packages import meant_for

FILES = {
    "api/pyproject.toml": "[project]\nname = 'api'\nrequires-python = '>=3.11'\ndependencies = ['fastapi>=0.115']\n",
    "api/uv.lock": "version = 1\n",
    "api/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
    "ui/package.json": '{"scripts": {"dev": "vite"}, "dependencies": {"react": "^19.0.0", "vite": "^7.0.0"}}\n',
    "ui/package-lock.json": '{"lockfileVersion": 3, "packages": {}}\n',
    "ui/pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "ui/index.html": '<div id="root"></div><script type="module" src="/src/main.jsx"></script>\n',
    "ui/src/main.jsx": "import { createRoot } from 'react-dom/client'\n\ncreateRoot(root).render(<p />)\n",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "state"))
    root = tmp_path / "repository"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def planned(root: Path, capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main([str(root), "--all", "--dry-run", "--json", "--token", "phc_" + "a" * 43, "--region", "eu", *words])
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("manager", "api", "ui"),
    [("npm", ("uv", "sync"), ("npm", "install")), ("pnpm", ("uv", "sync"), ("pnpm", "install"))],
)
def test_each_language_keeps_its_own(
    repository: Path, capfd: pytest.CaptureFixture[str], manager: str, api: tuple[str, ...], ui: tuple[str, ...]
) -> None:
    apps = planned(repository, capfd, "--package-manager", manager)["apps"]
    assert [tuple(app["installs"][0]["argv"][:2]) for app in apps] == [api, ui]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "two package managers have a lockfile in ui: package-lock.json and pnpm-lock.yaml"),
        (
            ("--package-manager", "uv"),
            "two package managers have a lockfile in ui: package-lock.json and pnpm-lock.yaml",
        ),
        (("--package-manager", "cargo"), "unknown package manager 'cargo'"),
    ],
    ids=["not-said", "said-of-the-other", "of-none"],
)
def test_what_is_open_names_the_app(
    repository: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], error: str
) -> None:
    found = planned(repository, capfd, *words)
    assert (found["exit_code"], found["error"]) == (2, error)


def test_managers_of_a_language() -> None:
    assert meant_for("javascript", "yarn") == "yarn"
    assert meant_for("python", "yarn") is None
    assert meant_for("python", None) is None
    with pytest.raises(UsageError, match="unknown package manager 'brew'"):
        meant_for("python", "brew")
