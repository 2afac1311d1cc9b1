"""Which Python web app is run, how its modules are imported, and what of PostHog stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.flask.layout import catch_all, wrapped
from wizard import python_sdk
from wizard.project import Project, Tree
from wizard.python_apps import entry, import_root, made, module_file, started

APP = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "import flask\n\ndef create_app():\n    web = flask.Flask(__name__)\n    return web\n"


def project(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Project(Tree(root, root, tuple(sorted(files))))


STARTED = {
    "only_one": ({"a/b.py": APP}, "a/b.py"),
    "tests_do_not_count": ({"app.py": APP, "tests/app.py": APP, "test_x.py": APP, "conftest.py": APP}, "app.py"),
    "outermost": ({"app.py": APP, "services/billing/app.py": APP}, "app.py"),
    "procfile": ({"a.py": APP, "b.py": APP, "Procfile": "web: gunicorn b:app\n"}, "b.py"),
    "procfile_beats_depth": ({"app.py": APP, "x/web.py": APP, "Procfile": "web: gunicorn x.web:app\n"}, "x/web.py"),
    "factory_called": (
        {"a/__init__.py": FACTORY, "b/__init__.py": FACTORY, "Dockerfile": 'CMD ["gunicorn", "b:create_app()"]\n'},
        "b/__init__.py",
    ),
    "flaskenv_module": ({"one.py": APP, "two.py": APP, ".flaskenv": "FLASK_APP=two\n"}, "two.py"),
    "flaskenv_file": ({"one.py": APP, "two.py": APP, ".flaskenv": "FLASK_APP=two.py\n"}, "two.py"),
    "readme": (
        {"one.py": APP, "two.py": APP, "README.md": "Run `flask --app one run`... or `python one.py`\n"},
        "one.py",
    ),
    "uvicorn_in_code": ({"one.py": APP, "two.py": APP + 'uvicorn.run("two:app")\n'}, "two.py"),
    "mounted": ({"m.py": "app = Flask()\nsub = Flask()\napp.mount('/sub', sub)\n"}, "m.py"),
    "both_named": ({"a.py": APP, "b.py": APP, "Procfile": "web: gunicorn a:app\nadmin: gunicorn b:app\n"}, None),
    "none_named": ({"a.py": APP, "b.py": APP}, None),
    "other_variable_named": ({"a.py": APP, "b.py": APP, "Procfile": "web: gunicorn b:application\n"}, None),
    "no_app": ({"a.py": "x = NotFlask()\n"}, None),
}


@pytest.mark.parametrize(("files", "path"), STARTED.values(), ids=STARTED)
def test_started(files: dict[str, str], path: str | None, tmp_path: Path) -> None:
    app = project(tmp_path, files)
    found = started(app, made(app, "Flask"))
    assert (found and found.path) == path


def test_made_says_where(tmp_path: Path) -> None:
    found = made(
        project(tmp_path, {"a.py": FACTORY, "b.py": "class A:\n    def f(self):\n        self.app = Flask()\n"}),
        "Flask",
    )
    assert [(m.path, m.name, m.factory) for m in found] == [("a.py", "web", "create_app"), ("b.py", "self.app", "f")]


MODULES = {
    "beside_the_root": ({"app.py": APP}, "app.py", "posthog_client"),
    "relative_imports": (
        {"a/__init__.py": "", "a/w.py": "from .m import x\n" + APP, "a/m.py": ""},
        "a/w.py",
        ".posthog_client",
    ),
    "package_itself": ({"a/__init__.py": FACTORY}, "a/__init__.py", ".posthog_client"),
    "package": ({"a/__init__.py": "", "a/w.py": APP}, "a/w.py", "a.posthog_client"),
    "script_in_a_package": (
        {"a/__init__.py": "", "a/w.py": "import m\n" + APP, "a/m.py": ""},
        "a/w.py",
        "posthog_client",
    ),
    "namespace_by_start_command": (
        {"a/w.py": APP, "Procfile": "web: gunicorn a.w:app\n"},
        "a/w.py",
        "a.posthog_client",
    ),
    "started_in_its_directory": (
        {"a/w.py": APP, "Procfile": "web: cd a && gunicorn w:app\n"},
        "a/w.py",
        "posthog_client",
    ),
    "src": ({"src/a/__init__.py": "", "src/a/w.py": APP}, "src/a/w.py", "a.posthog_client"),
    "src_by_own_import": (
        {"src/a/w.py": "from a import m\n" + APP, "src/a/m.py": ""},
        "src/a/w.py",
        "a.posthog_client",
    ),
    "neighbour_shows": ({"a/w.py": APP, "a/n.py": "from a.m import x\n", "a/m.py": ""}, "a/w.py", "a.posthog_client"),
    "importer_shows": ({"a/w.py": APP, "tests/test_w.py": "from a.w import app\n"}, "a/w.py", "a.posthog_client"),
    "nothing_shows": ({"a/w.py": APP}, "a/w.py", "posthog_client"),
    "deeper": (
        {"b/a/__init__.py": "", "b/a/w.py": "from a.c.d import x\n", "b/a/c/d.py": ""},
        "b/a/w.py",
        "a.posthog_client",
    ),
}


@pytest.mark.parametrize(("files", "path", "module"), MODULES.values(), ids=MODULES)
def test_module_of_the_client(files: dict[str, str], path: str, module: str, tmp_path: Path) -> None:
    assert python_sdk.beside(project(tmp_path, files), path, "posthog_client").module == module


def test_entry(tmp_path: Path) -> None:
    app = project(tmp_path, {"src/a/w.py": APP, "b/w.py": "from x import y\n", "b/x.py": "", "c/__init__.py": FACTORY})
    assert entry(app, "src/a/w.py") == ("a.w", "src")
    assert entry(app, "b/w.py") == ("w", "b")
    assert entry(app, "c/__init__.py") == ("c", ".")
    assert import_root(app, "c/__init__.py") is None


def test_module_file(tmp_path: Path) -> None:
    app = project(tmp_path, {"a/b/w.py": "", "a/c.py": "", "a/b/d/__init__.py": "", "e.py": ""})
    assert module_file(app, "a/b/w.py", ".d") == "a/b/d/__init__.py"
    assert module_file(app, "a/b/w.py", "..c") == "a/c.py"
    assert module_file(app, "a/b/w.py", "e") == "e.py"
    assert module_file(app, "a/b/w.py", "os.path") is None


STANDING = {
    "nothing": ({}, None, None),
    "ours": ({"posthog_client.py": "@cache\ndef get_posthog():\n    return Posthog('')\n"}, None, None),
    "ours_and_another": (
        {"posthog_client.py": "def get_posthog():\n    return Posthog('')\n", "b.py": "client = Posthog('')\n"},
        "PostHog is already set up: b.py:1",
        None,
    ),
    "theirs_in_our_place": ({"posthog_client.py": "client = Posthog('')\n"}, "PostHog is already set up", None),
    "taken": ({"posthog_client.py": "URL = ''\n"}, None, "Rename posthog_client.py"),
    "shadowed": ({"posthog/__init__.py": ""}, None, "Rename your own module"),
    "old_python": ({"pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'}, None, "Raise the Python floor"),
}


@pytest.mark.parametrize(("files", "note", "manual"), STANDING.values(), ids=STANDING)
def test_standing(files: dict[str, str], note: str | None, manual: str | None, tmp_path: Path) -> None:
    found = python_sdk.standing(project(tmp_path, {"app.py": APP, **files}), "app.py", "posthog_client.py")
    assert (found.note is None) == (note is None)
    assert found.note is None or found.note.title.startswith(note or "")
    assert (found.manual is None) == (manual is None)
    assert found.manual is None or found.manual.title.startswith(manual or "")


HANDLERS = {
    "app": ("@app.errorhandler(Exception)\ndef oops(e):\n    return ''\n", "oops"),
    "blueprint": ("@bp.app_errorhandler(Exception)\ndef oops(e):\n    return ''\n", "oops"),
    "decorated_twice": ("    @app.errorhandler(Exception)\n    @json\n    async def oops(e):\n        pass\n", "oops"),
    "registered": ("app.register_error_handler(Exception, errors.oops)\n", "errors.oops"),
    "reports": ("@app.errorhandler(Exception)\ndef oops(e):\n    capture_exception(e)\n", None),
    "only_http": ("@app.errorhandler(HTTPException)\ndef oops(e):\n    return ''\n", None),
    "only_500": ("@app.errorhandler(500)\ndef oops(e):\n    return ''\n", None),
}


@pytest.mark.parametrize(("code", "name"), HANDLERS.values(), ids=HANDLERS)
def test_handlers_that_swallow(code: str, name: str | None, tmp_path: Path) -> None:
    found = catch_all(project(tmp_path, {"app.py": code}))
    assert found == (("app.py", name) if name else None)


WRAPPED = {
    "apiflask": ("from apiflask import APIFlask\napp = APIFlask(__name__)\n", "app"),
    "connexion": ("import connexion\ncnx = connexion.FlaskApp(__name__)\n", "cnx"),
    "subclass": ("class Shop(Flask):\n    pass\n\nshop = Shop(__name__)\n", "shop"),
    "openapi_of_another": ("class OpenAPI:\n    pass\n\napi = OpenAPI()\n", None),
    "blueprint": ("bp = Blueprint('x', __name__)\n", None),
}


@pytest.mark.parametrize(("code", "name"), WRAPPED.values(), ids=WRAPPED)
def test_wrapped(code: str, name: str | None, tmp_path: Path) -> None:
    found = wrapped(project(tmp_path, {"app.py": code}))
    assert (found and found.name) == name


LOADS = {
    "load_dotenv": ({"app.py": "load_dotenv()\n"}, False),
    "environs": ({"settings.py": "env.read_env()\n"}, False),
    "only_declared": ({"requirements.txt": "python-dotenv\n"}, True),
    "only_in_tests": ({"tests/conftest.py": "load_dotenv()\n"}, True),
}


@pytest.mark.parametrize(("files", "noted"), LOADS.values(), ids=LOADS)
def test_env_note(files: dict[str, str], noted: bool, tmp_path: Path) -> None:
    assert bool(list(python_sdk.env_note(project(tmp_path, files), "TOKEN", "advice"))) == noted
