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
