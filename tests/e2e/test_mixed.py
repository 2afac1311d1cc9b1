"""A back end and a front end side by side, no workspace: set up in one run, their events seen, undone one by one."""

from __future__ import annotations

import os
import sys

from tests.e2e.harness import POSTHOG_JS, RealApp, event, free_port, get
from tests.e2e.test_monorepos import (
    IGNORED,
    both_emit,
    create_vite,
    detected,
    touched,
    undone_one_by_one,
    write,
)
from wizard.sink import Sink

BACKEND = {
    "pyproject.toml": '[project]\nname = "backend"\nversion = "0"\nrequires-python = ">=3.11"\n'
    'dependencies = [\n    "fastapi>=0.115",\n    "pydantic-settings>=2",\n    "uvicorn",\n]\n\n'
    "[tool.uv]\npackage = false\n",
    "app/__init__.py": "",
    "app/config.py": "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
    "class Settings(BaseSettings):\n"
    '    model_config = SettingsConfigDict(env_file=".env", extra="ignore")\n\n'
    '    project_name: str = "shop"\n\n\n'
    "settings = Settings()\n",
    "app/main.py": "from fastapi import FastAPI\n"
    "from fastapi.middleware.cors import CORSMiddleware\n\n"
    "from app.config import settings\n\n"
    "app = FastAPI(title=settings.project_name)\n"
    'app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["*"])\n\n\n'
    '@app.get("/")\ndef root() -> dict[str, str]:\n    return {"name": settings.project_name}\n\n\n'
    '@app.get("/bug")\ndef bug() -> float:\n    return 1 / 0\n',
}


def test_fastapi_and_vite(app: RealApp, sink: Sink) -> None:
    write(app, {"README.md": "# shop\n", ".gitignore": IGNORED} | {f"backend/{p}": t for p, t in BACKEND.items()})
    create_vite(app, "frontend", "frontend")
    backend, frontend = (RealApp(app.root / name, app.state, app.env) for name in ("backend", "frontend"))
    tools = app.state / "bin"
    tools.mkdir()
    (tools / "uv").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m uv "$@"\n')
    (tools / "uv").chmod(0o755)
    app.env["PATH"] = os.pathsep.join((str(tools), os.environ["PATH"]))
    backend.run("uv", "sync", "-q", "--python", sys.executable)
    frontend.run("npm", "install", "--no-audit", "--no-fund")
    app.commit()
    assert detected(app) == [("backend", "fastapi", "uv"), ("frontend", "react-vite", "npm")]
    before = app.content()
    app.setup(sink, "--all", *POSTHOG_JS)
    assert [path for path in touched(app, before) if not path.startswith(("backend/", "frontend/"))] == []

    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    uvicorn = ("uv", "run", "--no-sync", "uvicorn", "app.main:app", "--port", str(port))
    with backend.started(uvicorn, url):
        assert get(f"{url}bug")[0] == 500
    crash = event(sink, "$exception").event
    assert crash is not None
    assert (crash["properties"]["$lib"], "division by zero" in str(crash)) == ("posthog-python", True)

    frontend.run("npm", "run", "build")
    both_emit(app, sink, "backend", "frontend")
    undone_one_by_one(app, before, "frontend")
