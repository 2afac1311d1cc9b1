"""Which directories may be apps: manifests, and files that only have the name of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.project import Tree
from wizard.workspace import candidates

DJANGO = "import django\n"
SETUP = "from setuptools import setup\n\nsetup(name='x')\n"
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "nested_apps": (
        {"package.json": "", "api/pyproject.toml": "[project]\n", "web/package.json": ""},
        [".", "api", "web"],
    ),
    "setup_that_is_a_module": ({"pyproject.toml": "", "app/core/setup.py": "def create_app(): ...\n"}, ["."]),
    "setup_of_a_package": ({"pyproject.toml": "", "sdk/setup.py": SETUP}, [".", "sdk"]),
    "setup_at_the_top": ({"setup.py": ""}, ["."]),
    "configuration_of_tools": ({"Pipfile": "", "src/api/pyproject.toml": "[tool.black]\n"}, ["."]),
    "configuration_of_tools_in_a_javascript_repository": (
        {"package.json": "", "api/pyproject.toml": "[tool.ruff]\n"},
        [".", "api"],
    ),
    "configuration_of_tools_and_requirements": (
        {"pyproject.toml": "", "api/pyproject.toml": "[tool.ruff]\n", "api/requirements.txt": ""},
        [".", "api"],
    ),
    "poetry_alone": ({"pyproject.toml": "", "api/pyproject.toml": "[tool.poetry]\n"}, [".", "api"]),
    "manage_below_a_manifest": ({"requirements.txt": "", "web/manage.py": DJANGO}, ["."]),
    "manage_side_by_side": (
        {"requirements.txt": "", "apps/a/manage.py": DJANGO, "apps/b/manage.py": DJANGO},
        [".", "apps/a", "apps/b"],
    ),
    "manage_side_by_side_of_something_else": ({"setup.py": SETUP, "a/manage.py": "", "b/manage.py": DJANGO}, ["."]),
    "manage_below_another": ({"requirements.txt": "", "manage.py": DJANGO, "a/manage.py": DJANGO}, ["."]),
    "manage_below_one_and_deeper": ({"requirements.txt": "", "a/manage.py": DJANGO, "b/c/manage.py": DJANGO}, ["."]),
    "manage_beside_an_example": ({"setup.py": SETUP, "a/manage.py": DJANGO, "example/manage.py": DJANGO}, ["."]),
    "manage_side_by_side_with_manifests": (
        {"a/requirements.txt": "", "a/manage.py": DJANGO, "b/setup.py": SETUP, "b/manage.py": DJANGO},
        ["a", "b"],
    ),
    "tools_of_a_python_package": (
        {"requirements.txt": "", "shop/package.json": "", "shop/__init__.py": ""},
        ["."],
    ),
    "front_end_in_a_python_package": (
        {"requirements.txt": "", "shop/package.json": "", "shop/__init__.py": "", "shop/vite.config.ts": ""},
        [".", "shop"],
    ),
    "front_end_beside_a_python_package": (
        {"shop/requirements.txt": "", "web/package.json": "", "web/__init__.py": ""},
        ["shop", "web"],
    ),
    "requirements_folder": ({"api/requirements/base.txt": ""}, ["api"]),
}


@pytest.mark.parametrize(("files", "roots"), CASES.values(), ids=CASES)
def test_candidates(files: dict[str, str], roots: list[str], tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert [project.path for project in candidates(Tree(tmp_path, tmp_path, tuple(sorted(files))))] == roots
