"""Which FastAPI app is run, how it is started, and when it may be given a lifespan."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.fastapi.launch import launch
from frameworks.fastapi.layout import run_app
from frameworks.fastapi.shutdown import takes_own
from wizard.errors import WizardError
from wizard.project import Project, Tree

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FACTORY = "from fastapi import FastAPI\n\n\ndef create_app():\n    api = FastAPI()\n    return api\n"
UVICORN = ".venv/lib/python3.12/site-packages/uvicorn-0.38.0.dist-info/METADATA"

RUN: dict[str, tuple[dict[str, str], str | None]] = {
    "the_only_one": ({"service/web.py": APP}, "service/web.py"),
    "dockerfile": (
        {"a.py": APP, "b.py": APP, "Dockerfile": 'CMD ["uvicorn", "b:app", "--port", "80"]\n'},
        "b.py",
    ),
    "procfile_factory": ({"a.py": APP, "b.py": FACTORY, "Procfile": "web: uvicorn b:create_app --factory\n"}, "b.py"),
    "fastapi_cli": ({"a.py": APP, "b/c.py": APP, "run.sh": "fastapi run b/c.py\n"}, "b/c.py"),
    "uvicorn_run": ({"a.py": APP, "b.py": APP, "cli.py": 'import uvicorn\nuvicorn.run("b:app")\n'}, "b.py"),
    "module_main": ({"admin.py": APP, "main.py": APP}, "main.py"),
    "module_app_before_others": ({"admin.py": APP, "app.py": APP}, "app.py"),
    "not_the_mounted_one": (
        {
            "web.py": f"{APP}from admin import panel\napp.mount('/admin', panel)\n",
            "admin.py": APP.replace("app", "panel"),
        },
        "web.py",
    ),
    "not_in_tests": ({"web.py": APP, "tests/app.py": APP, "test_main.py": APP}, "web.py"),
    "open_question": ({"admin.py": APP, "public.py": APP}, None),
    "two_mains": ({"a/main.py": APP, "b/main.py": APP}, None),
    "none": ({"web.py": "from fastapi import FastAPI\n\nserve(FastAPI())\n"}, None),
}

TARGETS: dict[str, tuple[dict[str, str], str]] = {
    "module": ({"main.py": APP}, "main:app"),
    "package": ({"api/__init__.py": "", "api/main.py": APP}, "api.main:app"),
    "src": ({"src/api/__init__.py": "", "src/api/main.py": APP}, "api.main:app --app-dir src"),
    "factory": ({"main.py": FACTORY}, "main:create_app --factory"),
    "factory_called_in_the_file": ({"main.py": f"{FACTORY}\n\nweb = create_app()\n"}, "main:web"),
    "factory_called_elsewhere": (
        {
            "app/__init__.py": "",
            "app/make.py": FACTORY,
            "app/main.py": "from app.make import create_app\n\nx = create_app()\n",
        },
        "app.main:x",
    ),
}

OWN: dict[str, tuple[dict[str, str], bool]] = {
    "nothing_runs": ({"main.py": APP}, True),
    "handlers_of_a_router": ({"main.py": APP, "r.py": '@router.on_event("startup")\ndef start(): ...\n'}, False),
    "handlers_added": ({"main.py": f'{APP}app.add_event_handler("shutdown", stop)\n'}, False),
    "lifespan_there": ({"main.py": "app = FastAPI(lifespan=lifespan)\n"}, False),
    "old_tortoise": ({"main.py": f"{APP}register_tortoise(app, db_url=URL)\n"}, False),
    "only_in_tests": ({"main.py": APP, "tests/test_app.py": "from asgi_lifespan import lifespan\n"}, True),
    "client_that_has_it": ({"main.py": APP, "posthog_client.py": "async def posthog_lifespan(app): ...\n"}, True),
    "client_without_it": ({"main.py": APP, "posthog_client.py": "def get_posthog(): ...\n"}, False),
}


def project(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Project(Tree(root, root, tuple(sorted(p for p in files if not p.startswith(".venv")))))


def with_environment(files: dict[str, str], *more: str) -> dict[str, str]:
    return {**files, ".venv/pyvenv.cfg": "", **dict.fromkeys(more, "Name: x\n")}


@pytest.mark.parametrize(("files", "path"), RUN.values(), ids=RUN)
def test_the_app_that_is_run(files: dict[str, str], path: str | None, tmp_path: Path) -> None:
    found = run_app(project(tmp_path, files))
    assert (found.path if found else None) == path


@pytest.mark.parametrize(("files", "target"), TARGETS.values(), ids=TARGETS)
def test_starts_it_with_uvicorn(files: dict[str, str], target: str, tmp_path: Path) -> None:
    started = launch(project(tmp_path, with_environment(files, UVICORN)), 8123)
    assert " ".join(started.argv[1:]) == f"-m uvicorn {target} --host 127.0.0.1 --port 8123"
    assert started.url == "http://127.0.0.1:8123/"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({"main.py": APP}, "no virtual environment", id="no_environment"),
        pytest.param(with_environment({"main.py": APP}), "uvicorn, which is not installed", id="no_uvicorn"),
        pytest.param(
            with_environment({"main.py": APP}, UVICORN.replace("uvicorn", "hypercorn")),
            "hypercorn is there",
            id="other",
        ),
        pytest.param(with_environment({"a.py": APP, "b.py": APP}, UVICORN), "cannot be told", id="several"),
        pytest.param(
            with_environment({"a.py": "class A:\n    def __init__(self):\n        self.app = FastAPI()\n"}, UVICORN),
            "cannot be told",
            id="attribute",
        ),
    ],
)
def test_says_why_it_cannot_start(files: dict[str, str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(WizardError, match=reason):
        launch(project(tmp_path, files), 8123)


@pytest.mark.parametrize(("files", "allowed"), OWN.values(), ids=OWN)
def test_gives_a_lifespan_only_where_no_handlers_would_stop_running(
    files: dict[str, str], allowed: bool, tmp_path: Path
) -> None:
    assert takes_own(project(tmp_path, files), None, "posthog_client.py") is allowed
