"""Which Python web app is run, how its modules are imported, and what of PostHog stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.flask.launch import launch
from frameworks.flask.layout import catch_all, wrapped
from wizard import python_sdk, python_settings
from wizard.changes import EditFile, SetEnv
from wizard.environment import Names
from wizard.errors import WizardError
from wizard.project import Project, Tree
from wizard.python_apps import Made, entry, import_root, listed, made, module_file, started
from wizard.python_readers import fills_environment, reader

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
    "beside_a_script": ({"scripts/openapi.py": APP, "src/shop/web/app.py": FACTORY}, "src/shop/web/app.py"),
    "only_scripts": ({"scripts/one.py": APP, "scripts/more/two.py": APP}, "scripts/one.py"),
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
    "shown_in_a_docstring": (
        {"app.py": APP, "lib.py": '"""Use it so:\n\n    app = Flask(__name__)\n    protect(app)\n"""\n\nX = 1\n'},
        "app.py",
    ),
    "docstring_of_a_file_that_does_not_parse": ({"lib.py": '"""\napp = Flask(__name__)\n"""\nprint "x"\n'}, "lib.py"),
    "mounted": ({"m.py": "app = Flask()\nsub = Flask()\napp.mount('/sub', sub)\n"}, "m.py"),
    "both_named": ({"a.py": APP, "b.py": APP, "Procfile": "web: gunicorn a:app\nadmin: gunicorn b:app\n"}, None),
    "usual_name_among_others": ({"a/application.py": APP, "a/worker.py": APP, "a/tool.py": APP}, "a/application.py"),
    "usual_names": ({"app.py": APP, "main.py": APP}, "main.py"),
    "usual_name_twice": ({"a/app.py": APP, "b/app.py": APP}, None),
    "usual_name_but_another_is_named": ({"app.py": APP, "b.py": APP, "Procfile": "web: gunicorn b:app\n"}, "b.py"),
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
    "package_by_its_name": (
        {"a/__init__.py": FACTORY + "\nfrom a.views import bp\n", "a/views.py": ""},
        "a/__init__.py",
        "a.posthog_client",
    ),
    "package_called_like_a_library": (
        {"src/redis/__init__.py": "from redis import Redis\n" + FACTORY},
        "src/redis/__init__.py",
        ".posthog_client",
    ),
    "relative_only_in_a_function": (
        {"a/__init__.py": "", "a/w.py": "from a import m\n" + FACTORY + "    from . import m\n", "a/m.py": ""},
        "a/w.py",
        "a.posthog_client",
    ),
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


OLD_FLOOR = "[options]\npython_requires = >=3.6\n"
STANDING = {
    "nothing": ({}, None, None),
    "ours": ({"posthog_client.py": "@cache\ndef get_posthog():\n    return Posthog('')\n"}, None, None),
    "ours_and_another": (
        {
            "posthog_client.py": "def get_posthog():\n    return Posthog('')\n",
            "app.py": "import b\n" + APP,
            "b.py": "from posthog import Posthog\nclient = Posthog('')\n",
        },
        "b.py:2",
        None,
    ),
    "theirs_in_our_place": (
        {
            "app.py": "import posthog_client\n" + APP,
            "posthog_client.py": "from posthog import Posthog\nclient = Posthog('')\n",
        },
        "posthog_client.py:2",
        None,
    ),
    "taken": ({"posthog_client.py": "URL = ''\n"}, None, "Rename posthog_client.py"),
    "shadowed": ({"posthog/__init__.py": ""}, None, "Rename your own module"),
    "python_version_file": ({".python-version": "3.9.10\n"}, None, "Raise the Python floor"),
    "old_flask": ({"requirements.txt": "flask==1.1.2\n"}, None, "Move to flask 2.0 or later"),
    "no_flask_pin": ({"requirements.txt": "flask\n"}, None, None),
    "old_python": ({"pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'}, None, "Raise the Python floor"),
    "old_floor_newer_image": (
        {
            "setup.cfg": OLD_FLOOR,
            "requirements.txt": "flask\n",
            "Dockerfile": "FROM docker.io/python:3.12-slim AS run\n",
        },
        None,
        None,
    ),
    "old_floor_old_image": (
        {"setup.cfg": OLD_FLOOR, "requirements.txt": "flask\n", "Dockerfile": "FROM python:3.12\nFROM python:3.9\n"},
        None,
        "Raise the Python floor",
    ),
    "old_floor_no_image": ({"setup.cfg": OLD_FLOOR, "requirements.txt": "flask\n"}, None, "Raise the Python floor"),
    "old_floor_locked_for_all": (
        {
            "pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.9"\n',
            "uv.lock": "version = 1\n",
            "Dockerfile": "FROM python:3.12\n",
        },
        None,
        "Raise the Python floor",
    ),
}


@pytest.mark.parametrize(("files", "elsewhere", "manual"), STANDING.values(), ids=STANDING)
def test_standing(files: dict[str, str], elsewhere: str | None, manual: str | None, tmp_path: Path) -> None:
    app = project(tmp_path, {"app.py": APP, **files})
    there, step = python_sdk.standing(app, "app.py", "posthog_client.py", ("flask", "2.0"))
    assert [f"{site.path}:{site.line}" for site in there.elsewhere] == ([elsewhere] if elsewhere else [])
    assert (step is None) == (manual is None)
    assert step is None or step.title.startswith(manual or "")


FLOORS: dict[str, tuple[dict[str, str], str, str]] = {
    "project": (
        {"pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'},
        'requires-python = ">=3.10"',
        "pyproject.toml",
    ),
    "poetry": (
        {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.8"\n'},
        'python = "^3.10"',
        "pyproject.toml",
    ),
    "setup-cfg": ({"setup.cfg": OLD_FLOOR}, "python_requires = >=3.10", "setup.cfg"),
    "setup-py": ({"setup.py": "setup(\n    python_requires='>=3.8',\n)\n"}, 'python_requires=">=3.10"', "setup.py"),
    "python-version": ({".python-version": "3.9\n", "pyproject.toml": "[tool.x]\n"}, "3.10", ".python-version"),
}


@pytest.mark.parametrize(("files", "line", "where"), FLOORS.values(), ids=FLOORS)
def test_the_floor_is_raised_in_the_words_of_its_file(
    files: dict[str, str], line: str, where: str, tmp_path: Path
) -> None:
    step = python_sdk.unsupported(project(tmp_path, {"app.py": APP, **files}))
    assert step is not None
    assert (step.body, step.where) == (line, where)


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


READS: dict[str, tuple[dict[str, str], tuple[str, str] | None]] = {
    "decouple": ({"config.py": "from decouple import config\nA = config('A')\n"}, ("config", "")),
    "decouple_by_its_module": ({"config.py": "import decouple\nA = decouple.config('A')\n"}, ("config", "")),
    "decouple_with_a_file": (
        {"config.py": "from decouple import Config, RepositoryEnv\nread = Config(RepositoryEnv('a/.env'))\n"},
        ("read", "config.py"),
    ),
    "starlette": (
        {"core/config.py": "from starlette.config import Config\nconfig: Config = Config('.env')\n"},
        ("config", "core/config.py"),
    ),
    "starlette_in_try": (
        {
            "c.py": "import os\nfrom starlette.config import Config\ntry:\n    config = Config('.env')\n"
            "except FileNotFoundError:\n    config = Config()\n"
        },
        ("config", "c.py"),
    ),
    "environs": ({"c.py": "from environs import Env\nenv = Env()\nenv.read_env()\n"}, ("env", "c.py")),
    "environs_by_its_module": ({"c.py": "import environs\ne = environs.Env()\ne.read_env()\n"}, ("e", "c.py")),
    "environs_object": ({"c.py": "from environs import env\nenv.read_env()\n"}, ("env", "c.py")),
    "the_nearest_of_several": (
        {
            "a/b/c.py": "from starlette.config import Config\nfar = Config('.env')\n",
            "z/c.py": "from starlette.config import Config\nnear = Config('.env')\n",
        },
        ("near", "z/c.py"),
    ),
    # what reads no env file, or cannot be imported
    "starlette_without_a_file": ({"c.py": "from starlette.config import Config\nconfig = Config()\n"}, None),
    "starlette_with_a_prefix": (
        {"c.py": "from starlette.config import Config\nconfig = Config('.env', env_prefix='APP_')\n"},
        None,
    ),
    "starlette_where_the_app_is_made": (
        {"app.py": "from starlette.config import Config\nconfig = Config('.env')\n"},
        None,
    ),
    "environs_that_reads_no_file": ({"c.py": "from environs import Env\nenv = Env()\n"}, None),
    "config_of_another_library": ({"c.py": "from alembic.config import Config\nc = Config('alembic.ini')\n"}, None),
    "in_a_function": (
        {"c.py": "from starlette.config import Config\ndef read():\n    config = Config('.env')\n"},
        None,
    ),
    "of_migrations": ({"alembic/env.py": "from decouple import config\n"}, None),
    "of_tests": ({"tests/conftest.py": "from decouple import config\n"}, None),
    "not_python": ({"c.py": "from decouple import config\nA = (\n"}, None),
}


@pytest.mark.parametrize(("files", "expected"), READS.values(), ids=READS)
def test_what_the_app_calls_for_its_variables(
    files: dict[str, str], expected: tuple[str, str] | None, tmp_path: Path
) -> None:
    found = reader(project(tmp_path, files), "app.py")
    assert (found and (found.name, found.path)) == expected


FILLS: dict[str, tuple[dict[str, str], bool]] = {
    "load_dotenv": ({"app.py": "load_dotenv()\n"}, True),
    "django_environ": ({"settings.py": "import environ\nenviron.Env.read_env()\n"}, True),
    "environs_keeps_it_to_itself": ({"settings.py": "from environs import Env\nenv.read_env()\n"}, False),
    "only_declared": ({"requirements.txt": "python-dotenv\n"}, False),
    "only_in_tests": ({"tests/conftest.py": "load_dotenv()\n"}, False),
    "only_in_migrations": ({"migrations/env.py": "load_dotenv()\n"}, False),
}


@pytest.mark.parametrize(("files", "expected"), FILLS.values(), ids=FILLS)
def test_what_fills_the_environment(files: dict[str, str], expected: bool, tmp_path: Path) -> None:
    assert fills_environment(project(tmp_path, files)) is expected


UV = {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["flask"]\n', "uv.lock": ""}
EXPORT = "# This file was autogenerated by uv via the following command:\n#    uv export --no-dev -o requirements.txt\n"
EXPORTED: dict[str, tuple[dict[str, str], bool]] = {
    "without_the_sdk": (UV | {"requirements.txt": EXPORT + "flask==3.1\n"}, True),
    "with_the_sdk": (UV | {"requirements.txt": EXPORT + "flask==3.1\nposthog==7.71\n"}, False),
    "of_another_tool": ({**UV, "requirements.txt": EXPORT.replace("uv export", "poetry export")}, False),
    "written_by_hand": (UV | {"requirements.txt": "# uv is nicer\nflask\n"}, False),
}


@pytest.mark.parametrize(("files", "told"), EXPORTED.values(), ids=EXPORTED)
def test_exported_requirements(files: dict[str, str], told: bool, tmp_path: Path) -> None:
    steps = list(python_sdk.exported(project(tmp_path, files)))
    assert [step.body for step in steps] == (["uv export --no-dev -o requirements.txt"] if told else [])


def test_an_env_file_with_a_computed_path_lies_where_its_example_lies(tmp_path: Path) -> None:
    text = SETTINGS.format(True).replace("'.env'", "ROOT / '.env'")
    app = project(tmp_path, {"api/app.py": APP, "api/core/config.py": text, "api/.env.example": "A=1\n"})
    values = {"POSTHOG_KEY": "phc_x"}
    home = python_settings.home(app, Names("POSTHOG_KEY", "H"), values, "api/app.py", "api/posthog_client.py")
    assert [change.file for change in home.changes if isinstance(change, SetEnv)] == ["api/.env"]


def test_listed_names_what_tells_the_apps_apart() -> None:
    one, two, far = Made("a.py", "admin", None), Made("a.py", "public", None), Made("b.py", "app", None)
    assert listed([one, two]) == "admin and public in a.py"
    assert listed([one, two, far]) == "a.py, b.py"
    assert listed([one, one]) == "a.py"


SETTINGS = (
    "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Settings(BaseSettings):\n"
    "    model_config = SettingsConfigDict(env_file='.env', case_sensitive={})\n    debug: bool = False\n\n\n"
    "settings = Settings()\n"
)


@pytest.mark.parametrize(("sensitive", "field"), [(True, "POSTHOG_KEY"), (False, "posthog_key")])
def test_fields_of_settings_are_found_by_their_variables(sensitive: bool, field: str, tmp_path: Path) -> None:
    app = project(tmp_path, {"app.py": APP, "config.py": SETTINGS.format(sensitive)})
    values = {"POSTHOG_KEY": "phc_x", "POSTHOG_HOST": "https://x"}
    home = python_settings.home(app, Names("POSTHOG_KEY", "POSTHOG_HOST"), values, "app.py", "posthog_client.py")
    assert home.replace["own_token"] == f"settings.{field}"
    edit, *variables = home.changes
    assert isinstance(edit, EditFile)
    assert f"    {field}: str = ''\n" in edit.codemods[0](SETTINGS.format(sensitive))
    assert [v.name for v in variables if isinstance(v, SetEnv)] == ["POSTHOG_KEY", "POSTHOG_HOST"]


def test_an_app_behind_a_backslash_is_found(tmp_path: Path) -> None:
    found = made(project(tmp_path, {"a.py": "app = \\\n    Flask()\n"}), "Flask")
    assert [(m.path, m.name) for m in found] == [("a.py", "app")]


@pytest.mark.parametrize(
    ("files", "env"),
    [
        pytest.param({"shop.py": APP}, {"FLASK_APP": "shop:app"}, id="module"),
        pytest.param({"shop/__init__.py": FACTORY}, {"FLASK_APP": "shop:create_app"}, id="factory"),
    ],
)
def test_flask_is_told_its_app_as_every_version_knows_it(
    files: dict[str, str], env: dict[str, str], tmp_path: Path
) -> None:
    place = {".venv/pyvenv.cfg": "version = 3.12.1\n", ".venv/bin/python": ""}
    started = launch(project(tmp_path, files | place), 8123)
    assert " ".join(started.argv[1:]) == "-m flask run --port 8123 --no-reload"
    assert (started.env, started.url) == (env, "http://127.0.0.1:8123/")


def test_flask_without_an_environment_says_so(tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="no virtual environment"):
        launch(project(tmp_path, {"shop.py": APP}), 8123)
