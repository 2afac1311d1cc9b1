"""The env file that Python code names: expressions of paths, evaluated without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard import python_env
from wizard.project import Project, Tree

DIRS = "import os\nfrom pathlib import Path\n"
CONFIG = "src/app/core/config.py"
NAMED = {
    "starlette-config-above": (
        {
            CONFIG: f"{DIRS}from starlette.config import Config\nhere = os.path.dirname(os.path.realpath(__file__))\n"
            'env_path = os.path.join(here, "..", "..", ".env")\nconfig = Config(env_path)\n'
        },
        "src/.env",
    ),
    "parents": ({CONFIG: f'{DIRS}load_dotenv(Path(__file__).resolve().parents[2] / ".env")\n'}, "src/.env"),
    "parent-by-parent": (
        {CONFIG: f'{DIRS}BASE = Path(__file__).parent.parent\nload_dotenv(dotenv_path=BASE / "e" / ".env")\n'},
        "src/app/e/.env",
    ),
    "base-dir-of-another-module": (
        {
            "src/app/paths.py": f"{DIRS}ROOT: Path = Path(__file__).parent.parent.parent\n",
            CONFIG: 'from app.paths import ROOT as TOP\nload_dotenv(f"{TOP}/conf/.env")\n',
        },
        "conf/.env",
    ),
    "settings-class": (
        {CONFIG: f'{DIRS}class S:\n    class Config:\n        env_file = Path(__file__).parent / ".env"\n'},
        "src/app/core/.env",
    ),
    "settings-dict": (
        {CONFIG: f"{DIRS}c = SettingsConfigDict(env_file=os.path.join(os.path.dirname(__file__), '../.env'))\n"},
        "src/app/.env",
    ),
    "of-the-app-in-a-monorepo": (
        {CONFIG: f'{DIRS}load_dotenv(Path(__file__).parent.parent.parent.parent.parent / ".env")\n'},
        "../.env",
    ),
    "working-directory": ({CONFIG: f'{DIRS}load_dotenv(Path.cwd() / "local.env")\n'}, "local.env"),
    "relative": ({CONFIG: 'c = SettingsConfigDict(env_file=".env")\n'}, ".env"),
    "relative-to-where-modules-are": (
        {CONFIG: 'c = SettingsConfigDict(env_file=".env")\n', "src/.env.example": "A=\n"},
        "src/.env",
    ),
    "variable-with-a-default": ({CONFIG: f'{DIRS}load_dotenv(os.getenv("ENV_FILE", "deploy/.env"))\n'}, "deploy/.env"),
    "django-environ-path": (
        {CONFIG: 'import environ\nROOT = environ.Path(__file__) - 3\nenviron.Env.read_env(ROOT(".env"))\n'},
        "src/.env",
    ),
    "django-environ-beside": ({CONFIG: "import environ\nenviron.Env.read_env()\n"}, "src/app/core/.env"),
    "decouple": (
        {CONFIG: f'{DIRS}c = Config(RepositoryEnv(os.path.join(os.getcwd(), "config/.env")))\n'},
        "config/.env",
    ),
    "decouple-looks-above": ({CONFIG: "from decouple import config\n", "src/.env.example": "A=\n"}, "src/.env"),
    "decouple-looks-above-the-app": ({CONFIG: "from decouple import config\n", "../.env.example": "A=\n"}, "../.env"),
    "load-dotenv-looks-above-the-app": ({CONFIG: "load_dotenv()\n", "../.env": "A=1\n"}, "../.env"),
    "the-app-has-its-own": (
        {CONFIG: "load_dotenv()\n", ".env.example": "A=\n", "../.env": "A=1\n"},
        ".env",
    ),
    "decouple-by-its-module": ({CONFIG: "import decouple\n", "src/app/.env": "A=1\n"}, "src/app/.env"),
    "found-by-find-dotenv": (
        {CONFIG: "load_dotenv(find_dotenv(usecwd=True))\n", "src/.env.example": "A=\n"},
        "src/.env",
    ),
    "found-by-its-name": ({CONFIG: 'load_dotenv(find_dotenv(".tasks_env"))\n'}, ".tasks_env"),
    "found-above": ({CONFIG: "load_dotenv()\n", "src/.env.example": "A=\n"}, "src/.env"),
    "one-of-several-is-there": (
        {CONFIG: 'c = SettingsConfigDict(env_file=("a/.env", "b/.env"))\n', "b/.env.example": "A=\n"},
        "b/.env",
    ),
    "what-fills-the-environment-first": (
        {
            CONFIG: 'c = SettingsConfigDict(env_file="a/.env")\nload_dotenv("b/.env")\n',
            "a/.env": "A=1\n",
            "b/.env": "A=1\n",
        },
        "b/.env",
    ),
    "compose": (
        {
            "../compose.yml": "services:\n  api:\n    build: ./api\n    env_file: .env.api\n",
            "../.env.api.template": "A=\n",
        },
        "../.env.api",
    ),
    "compose-map": (
        {
            "../compose.yml": "services:\n  a:\n    build: {context: api}\n    env_file: [{path: x/.env}]\n",
            "../x/.env": "A=\n",
        },
        "../x/.env",
    ),
    "none-of-several-is-there": ({CONFIG: 'c = SettingsConfigDict(env_file=("a/.env", "b/.env"))\n'}, "a/.env"),
    "none-of-several-is-there-but-one-is-usual": ({CONFIG: 'load_dotenv(".jwt_env")\nload_dotenv(".env")\n'}, ".env"),
    # what says nothing
    "compose-of-another-service": (
        {"../compose.yml": "services:\n  a:\n    build: ./web\n    env_file: .env.web\n", "../.env.web": "A=\n"},
        "",
    ),
    "compose-beside-a-file-of-the-app": (
        {
            "../compose.yml": "services:\n  a:\n    build: ./api\n    env_file: .e.env\n",
            "../.e.env": "",
            ".env.example": "",
        },
        "",
    ),
    "nothing": ({CONFIG: "x = 1\n"}, ""),
    "load-without-any-file": ({CONFIG: "load_dotenv()\n"}, ""),
    "decouple-without-any-file": ({CONFIG: "from decouple import config\n"}, ""),
    "csv-of-decouple": ({CONFIG: "from decouple import Csv\n", "src/.env.example": "A=\n"}, ""),
    "computed": ({CONFIG: "load_dotenv(where())\n"}, ""),
    "assigned-twice": ({CONFIG: 'p = "a/.env"\np = "b/.env"\nload_dotenv(p)\n'}, ""),
    "of-tests": ({CONFIG: 'load_dotenv(".env.test")\n'}, ""),
    "of-the-home-directory": ({CONFIG: 'load_dotenv("~/.env")\n'}, ""),
    "absolute": ({CONFIG: 'load_dotenv("/etc/app/.env")\n'}, ""),
    "circle": ({CONFIG: "a = b\nb = a\nload_dotenv(a)\n"}, ""),
    "of-another-library": ({CONFIG: 'c = Config("alembic.ini")\n'}, ""),
    "endless": ({CONFIG: "load_dotenv(" + "'a' + ' ' + " * 900 + "'.env')\n"}, ""),
    "not-python": ({CONFIG: "load_dotenv(\n"}, ""),
}


@pytest.mark.parametrize(("files", "path"), NAMED.values(), ids=NAMED)
def test_the_env_file_that_code_names(files: dict[str, str], path: str) -> None:
    nowhere = Path("/nonexistent/repo")
    content = {(name[3:] if name.startswith("../") else f"api/{name}"): text.encode() for name, text in files.items()}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), "api")
    assert python_env.env_file(project) == path
