"""Express apps: what their plan reads besides the code of the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.express.layout import made
from frameworks.express.node import old_node
from wizard.project import Project
from wizard.workspace import list_tree

SUPPORTED = (
    ">=18",
    "^20",
    "20.x",
    "18 || 20",
    "16 - 20",
    "=20.20.0",
    "22.22",
    "^22.0.0",
    "23",
    "23.11.1",
    "~23.4",
    "24",
)
TOO_OLD = ("14.x", "18.14.0", "<20", ">=14 <19", "20.9.0", "20.19.1", "21", "22.12")


@pytest.mark.parametrize("wanted", SUPPORTED)
def test_a_node_that_may_be_supported_is_no_news(tmp_path: Path, wanted: str) -> None:
    assert not list(old_node(_app(tmp_path, wanted)))


@pytest.mark.parametrize("wanted", TOO_OLD)
def test_a_node_that_is_too_old_is_named(tmp_path: Path, wanted: str) -> None:
    (note,) = old_node(_app(tmp_path, wanted))
    assert note.title.endswith(f"package.json (engines) says {wanted}")


def _app(folder: Path, node: str) -> Project:
    (folder / "package.json").write_text(f'{{"engines": {{"node": "{node}"}}}}', encoding="utf-8")
    return Project(list_tree(folder))


@pytest.mark.parametrize("call", ["express()", "express( /* no options */ )"])
def test_an_app_is_found_whatever_is_between_the_brackets(tmp_path: Path, call: str) -> None:
    (tmp_path / "a.js").write_text(f"const express = require('express')\nconst app = {call}\n")
    assert [one.name for one in made(Project(list_tree(tmp_path), "."))] == ["app"]
