"""What is a Django project for us, and which settings module it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.django.layout import manage_evidence, manage_files, settings_file, settings_module
from frameworks.django.plan import plan
from frameworks.django.settings import read_settings
from frameworks.django.variables import variables
from wizard.answers import Answers
from wizard.changes import Manual
from wizard.posthog import hosts
from wizard.project import Project, Tree

NAMED = {
    "startproject": ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")', "site.settings"),
    "wrapped": ("os.environ.setdefault(\n    'DJANGO_SETTINGS_MODULE',\n    'a.b',\n)", "a.b"),
    "item": ('os.environ["DJANGO_SETTINGS_MODULE"] = "a.b"', "a.b"),
    "default_of_a_reader": (
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", config("DJANGO_SETTINGS_MODULE", default="a.b"))',
        "a.b",
    ),
    "comment_first": ('# "DJANGO_SETTINGS_MODULE", x\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "a.b")', "a.b"),
    "computed": ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{name}.settings")', None),
    "computed_by_a_function": ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_of("shop"))', None),
    "default_of_a_variable": (
        'os.environ["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE", "a.b")',
        "a.b",
    ),
    "variable": ('os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)', None),
}
MANAGE = 'import django\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n'


def project(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Project(Tree(root, root, tuple(sorted(files))))


@pytest.mark.parametrize(("code", "module"), NAMED.values(), ids=NAMED)
def test_settings_module(code: str, module: str | None, tmp_path: Path) -> None:
    assert settings_module(project(tmp_path, {"manage.py": f"import os\n{code}\n"})) == module


def test_asgi_answers_when_manage_py_does_not(tmp_path: Path) -> None:
    files = {"manage.py": "main(SETTINGS)\n", "site/asgi.py": MANAGE, "site/settings.py": ""}
    assert settings_file(project(tmp_path, files)) == "site/settings.py"


@pytest.mark.parametrize("path", ["manage.py", "a/manage.py", "a/b/c/manage.py"])
def test_manage_py_is_found_up_to_three_levels_down(path: str, tmp_path: Path) -> None:
    assert manage_files(project(tmp_path, {path: MANAGE})) == [path]
    assert manage_evidence(project(tmp_path, {path: MANAGE}))


@pytest.mark.parametrize("path", ["a/b/c/d/manage.py", "tests/manage.py", "example/manage.py", "src/demo/manage.py"])
def test_a_library_with_an_example_is_no_project(path: str, tmp_path: Path) -> None:
    assert not manage_evidence(project(tmp_path, {path: MANAGE, "pyproject.toml": ""}))


@pytest.mark.parametrize("package", ["django.core", "configurations", "company.django"])
def test_manage_py_may_leave_the_settings_to_the_environment(package: str, tmp_path: Path) -> None:
    manage = f"from {package}.management import execute_from_command_line\n\nexecute_from_command_line(sys.argv)\n"
    app = project(tmp_path, {"manage.py": manage, "site/settings/base.py": "MIDDLEWARE = []\n"})
    assert manage_evidence(app)
    assert settings_file(app) == "site/settings/base.py"


def test_a_manage_py_of_something_else_is_no_project(tmp_path: Path) -> None:
    assert not manage_evidence(
        project(tmp_path, {"manage.py": "from flask_script import Manager\n\nManager().run()\n"})
    )


def test_manage_py_in_the_package_that_it_imports(tmp_path: Path) -> None:
    manage = MANAGE.replace("site.settings", "shop.app.settings")
    files = {"src/shop/manage.py": manage, "src/shop/app/settings.py": "", "pyproject.toml": ""}
    assert settings_file(project(tmp_path, files)) == "src/shop/app/settings.py"


MISSING = {
    "example": ({"web/conf/settings.py.example": ""}, "cp web/conf/settings.py.example web/conf/settings.py"),
    "other_style": ({"web/conf/settings_example.py": ""}, "cp web/conf/settings_example.py web/conf/settings.py"),
    "nothing_beside": ({}, "DJANGO_SETTINGS_MODULE=web.conf.settings"),
}


@pytest.mark.parametrize(("files", "body"), MISSING.values(), ids=MISSING)
def test_settings_that_git_ignores_are_made_first(files: dict[str, str], body: str, tmp_path: Path) -> None:
    answers = Answers(hosts.of("us.i.posthog.com"), "t")
    manage = {"manage.py": MANAGE.replace("site.settings", "web.conf.settings")}
    (step,) = plan(project(tmp_path, {**manage, **files}), answers)
    assert isinstance(step, Manual)
    assert step.title.endswith("web.conf.settings is not here")
    assert (step.body, step.where) == (body, "manage.py")


INCLUDED = {
    "written_out": "include('parts/base.py', 'parts/cache.py')\n",
    "tuple": "_parts = ('parts/base.py', optional('parts/cache.py'))\ninclude(*_parts)\n",
}


@pytest.mark.parametrize("code", INCLUDED.values(), ids=INCLUDED)
def test_what_split_settings_includes(code: str, tmp_path: Path) -> None:
    leaf = "from split_settings.tools import include, optional\n\n" + code
    parts = {"site/parts/base.py": "MIDDLEWARE = []\n", "site/parts/cache.py": "", "site/parts/other.py": ""}
    settings = read_settings(project(tmp_path, {"manage.py": MANAGE, "site/settings.py": leaf, **parts}))
    assert settings is not None
    assert settings.chain == ("site/parts/base.py", "site/parts/cache.py", "site/settings.py")


ENV_FILES: dict[str, tuple[tuple[str, ...], str]] = {
    "beside_manage": ((), "src/.env"),
    "there": (("src/.env", ".env.example"), "src/.env"),
    "of_the_app": ((".env",), ""),
    "where_the_example_is": ((".env.example",), ""),
    "in_config": (("src/config/.env.template",), "src/config/.env"),
    "nearest_example": (("src/.env.sample", ".env.example"), "src/.env"),
}


@pytest.mark.parametrize(("there", "expected"), ENV_FILES.values(), ids=ENV_FILES)
def test_env_file(there: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    files = {"src/manage.py": MANAGE, "src/site/settings.py": "", **dict.fromkeys(there, "A=1\n")}
    app = project(tmp_path, files)
    settings = read_settings(app)
    assert settings is not None
    assert variables(app, settings).env_file == expected


def test_a_manage_py_of_another_framework_is_none(tmp_path: Path) -> None:
    assert not manage_evidence(project(tmp_path, {"manage.py": "from flask_script import Manager\n"}))
