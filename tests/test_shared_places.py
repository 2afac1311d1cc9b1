"""Apps of different projects that get one variable from one place elsewhere: said, not mixed in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.answers import Answers, Each
from wizard.apps import App
from wizard.planning import make_plan
from wizard.posthog.hosts import cloud
from wizard.project import Project, Tree

TOKENS = ("phc_" + "a" * 40, "phc_" + "b" * 40)
TOKEN = "POSTHOG_PROJECT_TOKEN"
SERVICES = "services:\n  one:\n    build: one\n{0}  two:\n    build: two\n{1}"
GIVEN = "    environment:\n      - POSTHOG_HOST=https://x.example\n      - POSTHOG_PROJECT_TOKEN{}\n"
MAPPED = "    environment:\n      POSTHOG_HOST: https://x.example\n      POSTHOG_PROJECT_TOKEN: {}\n"
FILE = "    env_file: {}\n"

ROWS: dict[str, tuple[dict[str, str], tuple[str, str], int]] = {
    "compose-names-it-for-both": ({"compose.yml": SERVICES.format("", "")}, TOKENS, 1),
    "compose-has-it-from-the-shell": (
        {"compose.yml": SERVICES.format(GIVEN.format(""), GIVEN.format("=${POSTHOG_PROJECT_TOKEN}"))},
        TOKENS,
        1,
    ),
    "compose-has-it-with-a-default": (
        {"compose.yml": SERVICES.format(MAPPED.format(""), MAPPED.format("${POSTHOG_PROJECT_TOKEN:-x}"))},
        TOKENS,
        1,
    ),
    "doppler-of-the-workspace": (
        {"package.json": '{"scripts": {"dev": "doppler run -- make dev"}}'},
        TOKENS,
        1,
    ),
    "doppler-for-all": ({"doppler.yaml": "setup:\n"}, TOKENS, 1),
    # each has its own
    "compose-with-a-variable-for-each": (
        {"compose.yml": SERVICES.format(GIVEN.format("=${ONE_TOKEN}"), GIVEN.format("=${TWO_TOKEN}"))},
        TOKENS,
        0,
    ),
    "compose-with-values": (
        {"compose.yml": SERVICES.format(GIVEN.format("=phc_a"), MAPPED.format("phc_b"))},
        TOKENS,
        0,
    ),
    "one-token": ({"compose.yml": SERVICES.format("", "")}, (TOKENS[0], TOKENS[0]), 0),
    "nothing-shared": ({}, TOKENS, 0),
}


@pytest.mark.parametrize(("files", "tokens", "count"), ROWS.values(), ids=ROWS)
def test_one_value_for_two_projects_is_said(files: dict[str, str], tokens: tuple[str, str], count: int) -> None:
    for folder in ("one", "two"):
        app = "from flask import Flask\n\napp = Flask(__name__)\n"
        files |= {f"{folder}/app.py": app, f"{folder}/requirements.txt": "flask\n", f"{folder}/.gitignore": ".env\n"}
    root = Path("/nonexistent")
    tree = Tree(root, root, tuple(sorted(files)), {path: text.encode() for path, text in files.items()})
    apps = [App(Project(tree, f), "flask", ()) for f in ("one", "two")]
    answers = Each({(a.path, a.id): Answers(cloud("us"), t) for a, t in zip(apps, tokens, strict=True)})
    titles = [note.title for note in make_plan(apps, answers).notes if "different projects" in note.title]
    assert len(titles) == count, titles
    assert all("one and two" in title for title in titles)
