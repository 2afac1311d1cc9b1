"""Django, Flask and FastAPI as their users start them: set up, installed, started, one real request, undone."""

from __future__ import annotations

import os
import sys

from tests.e2e.harness import TOKEN, RealApp, event, free_port, get
from wizard.sink import Sink


def _environment(app: RealApp, *packages: str) -> str:
    """A virtual environment in the app with `packages`; returns its Python."""
    app.run(sys.executable, "-m", "venv", ".venv")
    python = str(app.root / ".venv/bin/python")
    app.run(python, "-m", "pip", "install", "-q", *packages)
    return python


def test_flask_factory(app: RealApp, sink: Sink) -> None:
    package = app.root / "shop"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from flask import Flask\n\n\n"
        "def create_app():\n"
        "    app = Flask(__name__)\n"
        '    app.config.from_prefixed_env("SHOP")\n\n'
        "    from .views import views\n\n"
        "    app.register_blueprint(views)\n"
        "    return app\n"
    )
    (package / "views.py").write_text(
        "from flask import Blueprint\n\n"
        'views = Blueprint("views", __name__)\n\n\n'
        '@views.get("/")\ndef index():\n    return "hello"\n\n\n'
        '@views.get("/bug")\ndef bug():\n    return 1 / 0\n'
    )
    (app.root / "requirements.txt").write_text("flask\n")
    (app.root / ".gitignore").write_text(".env\n.venv/\n__pycache__/\n")
    python = _environment(app, "flask", "gunicorn")
    app.commit()
    before = app.content()
    app.setup_from_plan(sink)
    port = free_port()
    env = {"POSTHOG_PROJECT_TOKEN": TOKEN, "POSTHOG_HOST": sink.url}
    gunicorn = (python, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "shop:create_app()")
    with app.started(gunicorn, f"http://127.0.0.1:{port}/", env):
        assert get(f"http://127.0.0.1:{port}/bug")[0] == 500
        seen = event(sink, "$exception")
    assert seen.event is not None
    assert seen.event["properties"]["$lib"] == "posthog-python"
    assert "division by zero" in str(seen.event["properties"]["$exception_list"])
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink)


def test_fastapi(app: RealApp, sink: Sink) -> None:
    package = app.root / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "main.py").write_text(
        "from contextlib import asynccontextmanager\n\n"
        "from fastapi import FastAPI\n\n\n"
        "@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    yield\n\n\n"
        "app = FastAPI(lifespan=lifespan)\n\n\n"
        '@app.get("/")\nasync def root():\n    return {"ok": True}\n\n\n'
        '@app.get("/bug")\nasync def bug():\n    return 1 / 0\n'
    )
    (app.root / "pyproject.toml").write_text(
        '[project]\nname = "api"\nversion = "0"\nrequires-python = ">=3.11"\n'
        'dependencies = [\n    "fastapi",\n    "uvicorn",\n]\n\n'
        "[tool.uv]\npackage = false\n"
    )
    (app.root / ".gitignore").write_text(".env\n.venv/\n__pycache__/\n")
    uv = [sys.executable, "-m", "uv"]
    app.env["PATH"] = f"{app.state}/bin:{os.environ['PATH']}"
    (app.state / "bin").mkdir()
    (app.state / "bin/uv").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m uv "$@"\n')
    (app.state / "bin/uv").chmod(0o755)
    app.run(*uv, "sync", "-q", "--python", sys.executable)
    app.commit()
    before = app.content()
    app.setup_from_plan(sink)
    assert "posthog" in (app.root / "uv.lock").read_text()
    port = free_port()
    env = {"POSTHOG_PROJECT_TOKEN": TOKEN, "POSTHOG_HOST": sink.url}
    uvicorn = (str(app.root / ".venv/bin/python"), "-m", "uvicorn", "app.main:app", "--port", str(port))
    with app.started(uvicorn, f"http://127.0.0.1:{port}/", env):
        assert get(f"http://127.0.0.1:{port}/bug")[0] == 500
        seen = event(sink, "$exception")
    assert seen.event is not None
    assert seen.event["properties"]["$request_path"] == "/bug"
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink)


def test_django(app: RealApp, sink: Sink) -> None:
    python = _environment(app, "django")
    app.run(python, "-m", "django", "startproject", "mysite", ".")
    app.run(python, "manage.py", "startapp", "shop")
    settings = app.root / "mysite/settings.py"
    settings.write_text(settings.read_text().replace("INSTALLED_APPS = [\n", 'INSTALLED_APPS = [\n    "shop",\n'))
    (app.root / "mysite/urls.py").write_text(
        "from django.http import HttpResponse\nfrom django.urls import path\n\n\n"
        "def bug(request):\n    return 1 / 0\n\n\n"
        'urlpatterns = [path("", lambda r: HttpResponse("hello")), path("bug/", bug)]\n'
    )
    (app.root / "requirements.txt").write_text("django\n")
    (app.root / ".gitignore").write_text(".env\n.venv/\n__pycache__/\ndb.sqlite3\n")
    app.run(python, "manage.py", "check")
    app.commit()
    before = app.content()
    app.setup_from_plan(sink)
    app.run(python, "manage.py", "check")
    port = free_port()
    env = {"POSTHOG_PROJECT_TOKEN": TOKEN, "POSTHOG_HOST": sink.url}
    server = (python, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    with app.started(server, f"http://127.0.0.1:{port}/", env):
        assert get(f"http://127.0.0.1:{port}/bug/")[0] == 500
        seen = event(sink, "$exception")
    assert seen.event is not None
    assert seen.event["properties"]["$request_path"] == "/bug/"
    app.run(python, "manage.py", "test")
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink)
