"""Python versions that others have settled on: members of a uv workspace, constraint files, settings of uv."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from wizard.packages import Declaration, pypi
from wizard.project import Project, Tree

ROOT = '[tool.uv.workspace]\nmembers = ["apps/*"]\n'
APP = '[project]\nname = "web"\ndependencies = ["flask"]\n'


def member(*requirements: str) -> str:
    return f'[project]\nname = "other"\ndependencies = {json.dumps(requirements)}\n'


def declared(root: Path, files: Mapping[str, str], app: str, oldest: str | None = "") -> Declaration:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    project = Project(Tree(root, root, tuple(sorted(files))), app)
    found = pypi.declare(project, "posthog", ">=7.71", None, oldest)
    assert isinstance(found, Declaration)
    return found


UV = {"pyproject.toml": ROOT, "uv.lock": "version = 1\n", "apps/web/pyproject.toml": APP}
AGREED = {
    "one-other": ({"apps/api/pyproject.toml": member("posthog>=7.80,<8")}, "posthog>=7.80,<8"),
    "pinned": ({"apps/api/pyproject.toml": member("posthog==7.75.0")}, "posthog==7.75.0"),
    "an-open-range": ({"apps/api/pyproject.toml": member("PostHog>=3")}, "posthog>=3"),
    "two-that-agree": (
        {"apps/api/pyproject.toml": member("posthog>=7.80"), "apps/job/pyproject.toml": member("posthog>=7.80")},
        "posthog>=7.80",
    ),
    "two-that-do-not": (
        {"apps/api/pyproject.toml": member("posthog>=7.80"), "apps/job/pyproject.toml": member("posthog>=7.81")},
        "posthog>=7.71",
    ),
    "too-old": ({"apps/api/pyproject.toml": member("posthog==6.0")}, "posthog>=7.71"),
    "locked-too-old": (
        {
            "apps/api/pyproject.toml": member("posthog>=3"),
            "uv.lock": 'version = 1\n\n[[package]]\nname = "posthog"\nversion = "6.1.0"\n',
        },
        "posthog>=7.71",
    ),
    "no-specifier": ({"apps/api/pyproject.toml": member("posthog")}, "posthog>=7.71"),
    "no-member": ({"tools/x/pyproject.toml": member("posthog>=7.80")}, "posthog>=7.71"),
}


@pytest.mark.parametrize("case", AGREED)
def test_the_specifier_of_the_workspace(case: str, tmp_path: Path) -> None:
    files, requirement = AGREED[case]
    found = declared(tmp_path, {**UV, **files}, "apps/web")
    assert f'"{requirement}"' in found.codemod(APP)


def test_what_the_user_asks_for_comes_first(tmp_path: Path) -> None:
    found = declared(tmp_path, {**UV, "apps/api/pyproject.toml": member("posthog>=7.80")}, "apps/web", None)
    assert '"posthog>=7.71"' in found.codemod(APP)


CONSTRAINTS = {
    "file": (
        {"requirements.txt": "-c constraints.txt\nflask\n", "constraints.txt": "posthog==6.0.1\n"},
        "Raise posthog in constraints.txt: posthog==6.0.1 is too old for this set-up",
    ),
    "file-above": (
        {"requirements/base.txt": "--constraint=../limits.txt\nflask\n", "limits.txt": "# why\nPostHog<7\n"},
        "Raise posthog in limits.txt: PostHog<7 is too old for this set-up",
    ),
    "uv": (
        {"pyproject.toml": APP + '[tool.uv]\nconstraint-dependencies = ["posthog<7.1"]\n', "uv.lock": "version = 1\n"},
        "Raise posthog in pyproject.toml: posthog<7.1 is too old for this set-up",
    ),
    "new-enough": ({"requirements.txt": "-c constraints.txt\nflask\n", "constraints.txt": "posthog==7.80\n"}, None),
    "open": ({"requirements.txt": "-c constraints.txt\nflask\n", "constraints.txt": "posthog>=3\n"}, None),
    "of-another-package": ({"requirements.txt": "-c constraints.txt\n", "constraints.txt": "posthog-x==1\n"}, None),
    "not-used": ({"requirements.txt": "flask\n", "constraints.txt": "posthog==6.0.1\n"}, None),
    "not-there": ({"requirements.txt": "-c constraints.txt\nflask\n"}, None),
    "from-the-web": ({"requirements.txt": "-c https://x.test/c.txt\nflask\n"}, None),
}


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_constraints_are_told_and_stay(case: str, tmp_path: Path) -> None:
    files, told = CONSTRAINTS[case]
    assert [step.title for step in declared(tmp_path, files, ".").told] == ([told] if told else [])
