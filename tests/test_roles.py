"""Apps are told from libraries, documentation and tests, with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wizard.apps import find_apps
from wizard.project import Tree

NEXT = {"dependencies": {"next": "15.3.0", "react": "19.0.0"}}
VITE = {"dependencies": {"react": "19.0.0"}, "devDependencies": {"vite": "6.0.0"}}
PAGE = '<script type="module" src="/src/main.tsx"></script>'
PAGES: Mapping[str, str] = {"app/page.tsx": "export default () => null\n", "next.config.js": "module.exports = {}\n"}
BUILT: Mapping[str, str] = {"index.html": PAGE, "src/main.tsx": "", "vite.config.ts": "export default {}\n"}

CASES: dict[str, tuple[str, dict[str, Any], Mapping[str, str], str | None, str]] = {
    "an_app_by_its_script": ("web", NEXT | {"scripts": {"dev": "next dev"}}, PAGES, "app", "script dev: next dev"),
    "an_app_by_a_script_with_a_colon": (
        "web",
        NEXT | {"scripts": {"dev:web": "next dev"}},
        PAGES,
        "app",
        "script dev:web: next dev",
    ),
    "an_app_by_its_dockerfile": ("web", NEXT, {**PAGES, "Dockerfile": ""}, "app", "Dockerfile deploys it"),
    "an_app_by_nx": (
        "web",
        NEXT,
        {**PAGES, "project.json": '{"projectType": "application"}'},
        "app",
        "project.json says projectType application",
    ),
    "an_app_by_its_code": ("web", NEXT, PAGES, "app", "its own code starts it"),
    "an_app_with_exports_that_is_served": (
        "web",
        NEXT | {"exports": {}, "scripts": {"start": "next start"}},
        PAGES,
        "app",
        "script start: next start",
    ),
    "docs_by_name_are_an_app": ("docs", NEXT | {"scripts": {"dev": "next dev"}}, PAGES, "app", "script dev: next dev"),
    "documentation": (
        "docs",
        {"dependencies": {**NEXT["dependencies"], "nextra": "3.0.0"}, "scripts": {"dev": "next dev"}},
        PAGES,
        "documentation",
        "package.json lists nextra",
    ),
    "a_site_with_documentation_in_it": (
        "frontend",
        {"dependencies": {**NEXT["dependencies"], "nextra": "3.0.0"}, "scripts": {"dev": "next dev"}},
        {**PAGES, **{f"src/app/shop/{n}/page.tsx": "" for n in range(11)}},
        "app",
        "script dev: next dev",
    ),
    "documentation_with_many_pages": (
        "apps/docs",
        {"dependencies": {**NEXT["dependencies"], "fumadocs-core": "15.0.0"}, "scripts": {"dev": "next dev"}},
        {**PAGES, **{f"src/app/{n}/page.tsx": "" for n in range(11)}},
        "documentation",
        "package.json lists fumadocs-core",
    ),
    "a_library_by_nx": (
        "ui",
        VITE,
        {**BUILT, "project.json": '{"projectType": "library"}'},
        None,
        "React with Vite, but a library: project.json says projectType library",
    ),
    "an_app_that_only_its_storybook_serves": (
        "apps/web",
        VITE | {"scripts": {"build": "vite build", "storybook": "storybook dev"}},
        BUILT,
        "app",
        "its own code starts it",
    ),
    "a_site_with_something_to_import": (
        "packages/site",
        NEXT | {"name": "@acme/ui", "private": True, "exports": {"./a": "./a.js"}, "scripts": {"dev": "next dev"}},
        PAGES,
        "app",
        "script dev: next dev",
    ),
    "a_library_by_its_exports": (
        "ui",
        VITE | {"exports": {".": "./dist/index.js"}, "scripts": {"build": "tsup", "dev": "tsup --watch"}},
        BUILT,
        None,
        "React with Vite, but a library: package.json has exports, and no script serves it",
    ),
    "a_library_that_others_need": (
        "ui",
        VITE | {"name": "@acme/ui"},
        BUILT,
        None,
        "React with Vite, but a library: other packages here depend on it, and no script serves it",
    ),
    "an_app_that_others_need": (
        "ui",
        VITE | {"name": "@acme/ui", "scripts": {"dev": "vite"}},
        BUILT,
        "app",
        "script dev: vite",
    ),
    "a_storybook": (
        "book",
        VITE | {"scripts": {"dev": "storybook dev -p 6006"}},
        BUILT,
        None,
        "React with Vite, but a storybook: its only scripts that serve are Storybook's",
    ),
    "tests": (
        "shop-e2e",
        VITE | {"devDependencies": {"@playwright/test": "1.50.0", "vite": "6.0.0"}, "scripts": {"dev": "vite"}},
        BUILT,
        None,
        "React with Vite, but tests: package.json lists @playwright/test, and the directory is called e2e",
    ),
    "an_app_with_tests_in_it": (
        "shop",
        VITE | {"devDependencies": {"@playwright/test": "1.50.0", "vite": "6.0.0"}, "scripts": {"dev": "vite"}},
        BUILT,
        "app",
        "script dev: vite",
    ),
    "scripts_of_a_wrong_type": ("web", NEXT | {"scripts": ["dev"]}, PAGES, "app", "its own code starts it"),
    "a_broken_project_json": (
        "web",
        NEXT | {"scripts": {"dev": "next dev"}},
        {**PAGES, "project.json": "{"},
        "app",
        "script dev: next dev",
    ),
}


@pytest.mark.parametrize(("path", "manifest", "files", "kind", "reason"), CASES.values(), ids=CASES)
def test_role(
    path: str, manifest: dict[str, Any], files: Mapping[str, str], kind: str | None, reason: str, tmp_path: Path
) -> None:
    everything = {f"{path}/{name}": text for name, text in files.items()}
    everything[f"{path}/package.json"] = json.dumps(manifest)
    everything["other/package.json"] = json.dumps({"dependencies": {"@acme/ui": "workspace:*"}})
    for name, text in everything.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = find_apps(Tree(tmp_path, tmp_path, tuple(sorted(everything))))
    if kind is None:
        assert [(i.path, i.reason) for i in found.ignored if i.path == path] == [(path, reason)]
        assert not found.apps
    else:
        assert [(app.path, app.role.kind, app.role.reason) for app in found.apps] == [(path, kind, reason)]


FLASK = "from flask import Flask\napp = Flask(__name__)\n"
PYTHON: dict[str, tuple[str, dict[str, str], str | None, str]] = {
    "a_package_for_a_framework": (
        'dependencies = ["flask"]\nclassifiers = ["Framework :: Flask", "Typing :: Typed"]\n',
        {},
        None,
        "Flask, but a library: pyproject.toml has the classifier Framework :: Flask",
    ),
    "one_that_publishes_a_command": (
        'dependencies = ["flask"]\nclassifiers = ["Framework :: Flask"]\nscripts = {shop = "shop:main"}\n',
        {},
        "command",
        "pyproject.toml publishes the command shop",
    ),
    "one_that_is_not_to_be_published": (
        'dependencies = ["flask"]\nclassifiers = ["Private :: Do Not Upload", "Framework :: Flask"]\n',
        {},
        "app",
        "its own code starts it",
    ),
    "one_that_is_deployed": (
        'dependencies = ["flask"]\nclassifiers = ["Framework :: Flask"]\n',
        {"Dockerfile": ""},
        "app",
        "Dockerfile deploys it",
    ),
    "one_with_a_site": (
        'dependencies = ["flask"]\nclassifiers = ["Framework :: Flask"]\n',
        {"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'},
        "app",
        "manage.py runs it",
    ),
    "one_with_a_site_for_its_tests": (
        'dependencies = ["flask"]\nclassifiers = ["Framework :: Flask"]\n',
        {"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "test_project.settings")\n'},
        None,
        "Flask, but a library: pyproject.toml has the classifier Framework :: Flask",
    ),
    "an_extra": (
        'dependencies = ["httpx"]\noptional-dependencies = {web = ["Flask>=3"]}\n',
        {},
        None,
        "Flask, but a library: pyproject.toml lists flask only as an extra (web)",
    ),
    "an_extra_of_what_is_needed_anyway": (
        'dependencies = ["flask"]\noptional-dependencies = {web = ["flask[async]"]}\n',
        {},
        "app",
        "its own code starts it",
    ),
    "an_extension_as_an_extra": (
        'dependencies = ["flask"]\noptional-dependencies = {web = ["flask-cors"]}\n',
        {},
        "app",
        "its own code starts it",
    ),
    "a_script_of_the_front_end_says_nothing_of_it": (
        'dependencies = ["flask"]\n',
        {"package.json": '{"scripts": {"dev": "vite"}}'},
        "app",
        "its own code starts it",
    ),
}


@pytest.mark.parametrize(("manifest", "files", "kind", "reason"), PYTHON.values(), ids=PYTHON)
def test_role_in_python(manifest: str, files: dict[str, str], kind: str | None, reason: str, tmp_path: Path) -> None:
    everything = {"pyproject.toml": f'[project]\nname = "x"\n{manifest}', "shop.py": FLASK, **files}
    for name, text in everything.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = find_apps(Tree(tmp_path, tmp_path, tuple(sorted(everything))))
    told: list[tuple[str | None, str]] = [(app.role.kind, app.role.reason) for app in found.apps]
    told = told or [(None, ignored.reason) for ignored in found.ignored]
    assert told == [(kind, reason)]


def test_the_classifiers_of_poetry_count_too(tmp_path: Path) -> None:
    table = '[tool.poetry]\nname = "x"\nclassifiers = ["Framework :: Flask"]\n[tool.poetry.dependencies]\nflask = "*"\n'
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    (tmp_path / "shop.py").write_text(FLASK, encoding="utf-8")
    assert not find_apps(Tree(tmp_path, tmp_path, ("pyproject.toml", "shop.py"))).apps


@pytest.mark.parametrize("folder", ["examples", "tests", "loadtest"])
def test_the_servers_of_tests_and_examples_are_none_of_the_package(folder: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["flask"]\n', encoding="utf-8")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "shop.py").write_text(FLASK, encoding="utf-8")
    assert not find_apps(Tree(tmp_path, tmp_path, (f"{folder}/shop.py", "pyproject.toml"))).apps
