"""Where a variable goes: what git would see of an env file, told from .gitignore files where git cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard import environment
from wizard.environment import EnvEdit
from wizard.project import Project, Tree

IGNORED = {
    "plain": ({".gitignore": ".env\n"}, ".env", True),
    "glob": ({".gitignore": ".env*.local\n"}, ".env.local", True),
    "anchored": ({".gitignore": "/.env\n"}, ".env", True),
    "any_directory": ({".gitignore": "**/.env\n"}, ".env", True),
    "name_anywhere_below": ({".gitignore": ".env\n"}, "proj/.env", True),
    "directory": ({".gitignore": "proj/\n"}, "proj/.env", True),
    "directory_deep": ({".gitignore": "/conf/envs\n"}, "conf/envs/.env", True),
    "gitignore_below": ({"proj/.gitignore": "/.env\n"}, "proj/.env", True),
    "taken_back": ({".gitignore": ".env*\n!.env\n"}, ".env", False),
    "comment": ({".gitignore": "# .env\n"}, ".env", False),
    "other_directory": ({".gitignore": "/web/.env\n"}, "proj/.env", False),
    "anchored_is_not_below": ({".gitignore": "/.env\n"}, "proj/.env", False),
    "gitignore_of_a_sibling": ({"web/.gitignore": ".env\n"}, "proj/.env", False),
    "nothing": ({}, ".env", False),
}


@pytest.mark.parametrize(("files", "path", "ignored"), IGNORED.values(), ids=IGNORED)
def test_an_ignored_file_needs_no_line_in_gitignore(files: dict[str, str], path: str, ignored: bool) -> None:
    nowhere = Path("/nonexistent/app")
    content = {name: text.encode() for name, text in files.items()}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), ".")
    steps = [step for step in environment.ensure(project, "A_KEY", "x", path) if isinstance(step, EnvEdit)]
    assert [step.path for step in steps] == ([path] if ignored else [".gitignore", path])
    if not ignored:
        line = steps[0].codemod(files.get(".gitignore", ""))
        assert line.splitlines()[-1] == path
        assert steps[0].codemod(line) == line


ROOT = {".env": "A=1\n"}
LOADED = {
    "dotenv-cli": ('{"dev": "dotenv -e ../../.env -- next dev"}', ROOT, "../../.env"),
    "through-another-script": (
        '{"dev": "pnpm with-env next dev", "with-env": "dotenv -e ../../.env --"}',
        ROOT,
        "../../.env",
    ),
    "only-its-example-is-there": ('{"build": "dotenv -e ../../.env -- x"}', {".env.example": "A=\n"}, "../../.env"),
    "env-cmd": ('{"start": "env-cmd -f ../../.env node ."}', ROOT, "../../.env"),
    "dotenvx": ('{"start": "dotenvx run -f ../../.env -- node ."}', ROOT, "../../.env"),
    "node": ('{"start": "node --env-file=../../.env ."}', ROOT, "../../.env"),
    "dotenv-variable": ('{"dev": "DOTENV_CONFIG_PATH=../../.env node -r dotenv/config ."}', ROOT, "../../.env"),
    "first-counts": (
        '{"dev": "dotenv -e ../../.env.local -e ../../.env -- x"}',
        {".env.local": "", **ROOT},
        "../../.env.local",
    ),
    "one-of-its-own-wins": ('{"dev": "dotenv -e ../../.env -- x"}', {**ROOT, "apps/web/.env": ""}, ".env.local"),
    "not-there": ('{"dev": "dotenv -e ../../.env -- x"}', {}, ".env.local"),
    "outside": ('{"dev": "dotenv -e ../../../.env -- x"}', ROOT, ".env.local"),
    "its-own": ('{"dev": "dotenv -e .env.dev -- x"}', ROOT, ".env.local"),
    "only-for-tests": ('{"test": "dotenv -e ../../.env -- vitest"}', ROOT, ".env.local"),
    "no-scripts": ("[]", ROOT, ".env.local"),
}


@pytest.mark.parametrize(("scripts", "files", "path"), LOADED.values(), ids=LOADED)
def test_the_env_file_that_scripts_load(scripts: str, files: dict[str, str], path: str) -> None:
    nowhere = Path("/nonexistent/repo")
    files = {**files, "apps/web/package.json": f'{{"scripts": {scripts}}}'}
    content = {name: text.encode() for name, text in files.items()}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), "apps/web")
    assert environment.env_file(project, ".env.local") == path


DOTENV = {".env.example": "A=\n"}
ABOVE = {
    "root-script": ({"package.json": '{"scripts": {"dev": "dotenv -- turbo run dev"}}', **DOTENV}, "../../.env"),
    "root-script-with-a-file": (
        {"package.json": '{"scripts": {"dev": "dotenv -e .env.local -- turbo dev"}}', ".env.local": "A=1\n"},
        "../../.env.local",
    ),
    "root-script-by-another": (
        {"package.json": '{"scripts": {"dev": "pnpm with-env turbo dev", "with-env": "dotenv -e .env --"}}', **DOTENV},
        "../../.env",
    ),
    "nx": ({"nx.json": "{}", **DOTENV}, "../../.env"),
    "nx-local": ({"nx.json": "{}", ".env.local": "A=1\n"}, "../../.env.local"),
    "nx-with-defaults-in-git": ({"nx.json": "{}", ".env": "A=1\n", **DOTENV}, "../../.env.local"),
    "direnv": ({".envrc": "use flake\ndotenv_if_exists .env\n", **DOTENV}, "../../.env"),
    # the app's own
    "nx-with-a-file-that-a-plan-lists": ({"nx.json": "{}", ".gitignore": ".env\n", ".env": "A=1\n"}, "../../.env"),
    "nx-without-a-file": ({"nx.json": "{}"}, ".env.local"),
    "nx-app-with-its-own": ({"nx.json": "{}", "apps/web/.env.example": "B=\n", **DOTENV}, ".env.local"),
    "root-script-for-the-database": (
        {"package.json": '{"scripts": {"db": "dotenv -- turbo db", "dev": "turbo dev"}}', **DOTENV},
        ".env.local",
    ),
    "root-script-of-something-else": (
        {"package.json": '{"scripts": {"start": "dotenv -- node x"}}', **DOTENV},
        ".env.local",
    ),
    "example-that-nobody-loads": (DOTENV, ".env.local"),
    "direnv-without-dotenv": ({".envrc": "# dotenv\nexport A=1\n", **DOTENV}, ".env.local"),
}


@pytest.mark.parametrize(("files", "path"), ABOVE.values(), ids=ABOVE)
def test_the_env_file_of_the_workspace(files: dict[str, str], path: str) -> None:
    nowhere = Path("/nonexistent/repo")
    content = {name: text.encode() for name, text in {"apps/web/package.json": "{}", **files}.items()}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), "apps/web")
    assert environment.env_file(project, ".env.local") == path


def test_a_file_gets_the_example_of_its_own_name() -> None:
    nowhere = Path("/nonexistent/repo")
    content = {".env.api.template": b"A=\n", ".env.example": b"A=\n", ".gitignore": b".env.api\n"}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), ".")
    steps = [s.path for s in environment.ensure(project, "B", "x", ".env.api") if isinstance(s, EnvEdit)]
    assert steps == [".env.api.template", ".env.api"]


CONFIGS = {
    "relative": "loadEnvConfig('../..')",
    "joined": 'loadEnvConfig(path.join(__dirname, "../../"))',
    "resolved": 'loadEnvConfig(resolve(process.cwd(), "../.."), dev)',
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_env_file_that_next_is_told_to_load(config: str) -> None:
    nowhere = Path("/nonexistent/repo")
    files = {"apps/web/package.json": "{}", "apps/web/next.config.mjs": config, ".env": "A=1"}
    content = {name: text.encode() for name, text in files.items()}
    project = Project(Tree(nowhere, nowhere, tuple(sorted(content)), content), "apps/web")
    assert environment.env_folder(project) == "../.."
    assert environment.names(project, "NEXT_PUBLIC_").token == "NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN"
    known = project.overlaid({".env": b"NEXT_PUBLIC_POSTHOG_KEY=phc_x\n"})
    assert environment.names(known, "NEXT_PUBLIC_").token == "NEXT_PUBLIC_POSTHOG_KEY"
