"""What `detect` says to a person: apps first, then what is left alone, those with the same reason together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.cli import main

NEXT = {"dependencies": {"next": "15.3.0", "react": "19.0.0"}, "scripts": {"dev": "next dev"}}
ROOT: dict[str, str] = {
    "package.json": json.dumps({"private": True, "workspaces": ["apps/*", "packages/*"]}),
    "apps/web/package.json": json.dumps(NEXT),
    "apps/web/next.config.js": "",
    "apps/web/app/page.tsx": "",
}


def said(root: Path, files: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "80")
    main(["detect", str(root)])
    return capfd.readouterr().err


def libraries(number: int) -> dict[str, str]:
    return {f"packages/p{n:02}/package.json": json.dumps({"name": f"p{n:02}", "exports": {}}) for n in range(number)}


def test_many_with_one_reason_are_one_entry(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(tmp_path, {**ROOT, **libraries(40)}, capfd, monkeypatch)
    assert "Next.js 15.3.0 (app-router) in apps/web" in text
    assert "  - .: npm, 41 members\n" in text
    assert "Left alone: 41 directories\n" in text
    assert "  - .: the root of the workspace (npm)\n" in text
    assert "  - 40 x a library: package.json has exports, and no script serves it\n" in text
    assert "packages/p05, and 34 more\n" in text.replace("\n    ", " ")
    assert "  All of them: posthog-wizard detect --json\n" in text
    assert max(map(len, text.splitlines()[:-1])) <= 80


@pytest.mark.parametrize("number", [1, 2, 7])
def test_a_few_are_all_named(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(tmp_path, {**ROOT, **libraries(number)}, capfd, monkeypatch)
    assert all(f"packages/p{n:02}" in text for n in range(number))
    assert " more\n" not in text
    assert "--json" not in text


def test_two_apps_of_one_directory_know_of_each_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = {
        "apps/web/requirements.txt": "fastapi\n",
        "apps/web/api.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    }
    text = said(tmp_path, {**ROOT, **api}, capfd, monkeypatch)
    assert "in the same directory as Next.js: each is set up for itself\n" in text
    assert "in the same directory as FastAPI: each is set up for itself\n" in text


def test_one_app_alone_is_beside_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "in the same directory" not in said(tmp_path, ROOT, capfd, monkeypatch)
