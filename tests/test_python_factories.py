"""Apps that a factory of another package of the repository makes: found where exactly one module can be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.fastapi.shutdown import takes_own
from wizard.apps import find_apps
from wizard.project import Project
from wizard.python_factories import factory_of, taken
from wizard.workspace import list_tree

WEB = "from fastapi import FastAPI\n\ndef create_app(name):\n    app = FastAPI(title=name)\n    return app\n"
MAIN = "from shared.web import create_app\n\napp = create_app('a')\n"

TAKEN: dict[str, tuple[dict[str, str], str]] = {
    "sibling_package": ({"lib/shared/web.py": WEB, "a/main.py": MAIN}, "main.py app shared.web.create_app"),
    "src_layout": ({"lib/src/shared/web.py": WEB, "a/src/a/main.py": MAIN}, "src/a/main.py app shared.web.create_app"),
    "package_at_the_root": ({"shared/web/__init__.py": WEB, "a/main.py": MAIN}, "main.py app shared.web.create_app"),
    "passed_on": (
        {
            "lib/shared/__init__.py": "from .web import (\n    create_app as make_app,  # ours\n    VERSION,\n)\n",
            "lib/shared/web.py": WEB,
            "a/main.py": "from shared import make_app as new\n\nserver: object = new('a')\n",
        },
        "main.py server shared.make_app",
    ),
    "signature_of_many_lines": (
        {
            "lib/shared/web.py": WEB.replace(
                "(name)", "(\n    name: str,\n    sizes: tuple[int, ...] = (1, 2),\n) -> FastAPI"
            ),
            "a/main.py": MAIN,
        },
        "main.py app shared.web.create_app",
    ),
    "two_modules_of_that_name": ({"x/shared/web.py": WEB, "y/shared/web.py": WEB, "a/main.py": MAIN}, ""),
    "only_in_an_example": ({"examples/shared/web.py": WEB, "a/main.py": MAIN}, ""),
    "installed_from_elsewhere": ({"a/main.py": MAIN}, ""),
    "makes_no_app": ({"lib/shared/web.py": WEB.replace("FastAPI(", "Router("), "a/main.py": MAIN}, ""),
    "app_made_by_the_next_function": (
        {
            "lib/shared/web.py": "def create_app(name):\n    return None\n\n" + WEB.replace("create_app", "other"),
            "a/main.py": MAIN,
        },
        "",
    ),
    "own_factory": ({"a/shared/web.py": WEB, "a/main.py": MAIN}, ""),
    "inside_a_function": (
        {"lib/shared/web.py": WEB, "a/main.py": MAIN.replace("app = ", "def run():\n    app = ")},
        "",
    ),
    "in_a_module_that_no_server_is_given": ({"lib/shared/web.py": WEB, "a/tasks.py": MAIN}, ""),
    "in_tests": ({"lib/shared/web.py": WEB, "a/tests/main.py": MAIN}, ""),
    "no_function_of_that_name": ({"lib/shared/web.py": WEB.replace("create_app", "make"), "a/main.py": MAIN}, ""),
    "passed_on_in_a_circle": (
        {
            "lib/shared/web.py": "from shared.b import create_app\n",
            "lib/shared/b.py": "from shared.web import create_app\n",
            "a/main.py": MAIN,
        },
        "",
    ),
}


def app(tmp_path: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return Project(list_tree(tmp_path), "a")


@pytest.mark.parametrize(("files", "found"), TAKEN.values(), ids=TAKEN)
def test_taken(files: dict[str, str], found: str, tmp_path: Path) -> None:
    assert " ".join(f"{a.path} {a.name} {a.maker}" for a in taken(app(tmp_path, files), "FastAPI")) == found


def test_the_factory_is_told_with_its_parameters(tmp_path: Path) -> None:
    project = app(tmp_path, {"lib/shared/web.py": WEB.replace("(name)", "(name, *, lifespan=None)"), "a/main.py": MAIN})
    factory = factory_of(project, "shared.web.create_app")
    assert factory is not None
    assert (factory.path, factory.parameters) == ("lib/shared/web.py", "name, *, lifespan=None")
    assert "return app" in factory.body


LIBRARY = '[project]\nname = "Shared.Web"\ndependencies = ["fastapi"]\n'
SERVICE = '[project]\nname = "a"\ndependencies = ["shared-web"]\n'
LISTED: dict[str, tuple[dict[str, str], list[str]]] = {
    "service_and_library": ({}, ["a"]),
    "library_that_is_deployed": ({"lib/Dockerfile": "FROM python:3.12\n"}, ["a", "lib"]),
    "library_that_starts_itself": (
        {"lib/shared/run.py": "import uvicorn\nuvicorn.run('shared.web:app')\n"},
        ["a", "lib"],
    ),
    "nobody_depends_on_it": ({"a/pyproject.toml": '[project]\nname = "a"\ndependencies = []\n'}, ["a", "lib"]),
    "it_depends_on_itself": (
        {
            "lib/pyproject.toml": LIBRARY + '[project.optional-dependencies]\nall = ["shared-web[x]"]\n',
            "a/pyproject.toml": '[project]\nname = "a"\n',
        },
        ["a", "lib"],
    ),
}


@pytest.mark.parametrize(("files", "apps"), LISTED.values(), ids=LISTED)
def test_the_service_is_the_app_and_not_what_it_depends_on(
    files: dict[str, str], apps: list[str], tmp_path: Path
) -> None:
    there = {"lib/pyproject.toml": LIBRARY, "lib/shared/web.py": WEB, "a/pyproject.toml": SERVICE, "a/main.py": MAIN}
    project = app(tmp_path, {**there, **files})
    assert [found.project.path for found in find_apps(project.tree).apps] == apps


LIFESPANS = {
    "a_parameter_for_it": (WEB.replace("(name)", "(name, lifespan=None)"), MAIN, True),
    "no_parameter_for_it": (WEB, MAIN, False),
    "handlers_that_would_stop_running": (
        WEB.replace("(name)", "(name, lifespan=None)"),
        MAIN + "\n@app.on_event('startup')\ndef start():\n    pass\n",
        False,
    ),
}


@pytest.mark.parametrize(("web", "main", "takes"), LIFESPANS.values(), ids=LIFESPANS)
def test_gives_a_lifespan_only_to_a_factory_that_takes_one(web: str, main: str, takes: bool, tmp_path: Path) -> None:
    project = app(tmp_path, {"lib/shared/web.py": web, "a/main.py": main})
    assert takes_own(project, taken(project, "FastAPI")[0], "posthog_client.py") is takes
