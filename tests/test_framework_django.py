"""What is a Django project for us, and which settings module it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.django.layout import manage_evidence, manage_files, settings_file, settings_module
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


def test_a_manage_py_of_another_framework_is_none(tmp_path: Path) -> None:
    assert not manage_evidence(project(tmp_path, {"manage.py": "from flask_script import Manager\n"}))
