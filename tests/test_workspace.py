"""Which directories may be apps: manifests, and files that only have the name of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.project import Tree
from wizard.workspace import candidates

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
    "manage_below_a_manifest": ({"requirements.txt": "", "web/manage.py": ""}, ["."]),
    "requirements_folder": ({"api/requirements/base.txt": ""}, ["api"]),
}


@pytest.mark.parametrize(("files", "roots"), CASES.values(), ids=CASES)
def test_candidates(files: dict[str, str], roots: list[str], tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert [project.path for project in candidates(Tree(tmp_path, tmp_path, tuple(sorted(files))))] == roots
