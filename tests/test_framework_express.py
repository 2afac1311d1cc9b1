"""Express apps: what their plan reads besides the code of the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.express import FRAMEWORK
from frameworks.express.dotenv import env_call
from frameworks.express.layout import made
from frameworks.express.node import old_node
from frameworks.express.routes import below_construction
from wizard.codemods.js.tree import parse
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


ENV_CALLS = {
    "default import": ('import dotenv from "dotenv";\ndotenv.config();', "dotenv.config("),
    "another name": ('import env from "dotenv";\nenv.config({ path: ".env" });', 'env.config({ path: ".env" }'),
    "all of it": ('import * as env from "dotenv";\nenv.config();', "env.config("),
    "the function": ('import { config } from "dotenv";\nconfig();', "config("),
    "the function renamed": ('import { config as load } from "dotenv";\nload();', "load("),
    "required": ("const { config: load } = require('dotenv')\nload()", "load("),
    "required in place": ("require('dotenv').config()", "require('dotenv').config("),
    "dotenvx": ('import x, { config } from "@dotenvx/dotenvx";\nconfig();', "config("),
    "Node's own": ("process.loadEnvFile();", "loadEnvFile("),
}
NO_ENV_CALLS = {
    "another config": 'import { config } from "./config";\nconfig();',
    "a method": 'import { config } from "dotenv";\napp.config();',
    "never called": 'import { config as load } from "dotenv";\nexport { load };',
}


@pytest.mark.parametrize("case", ENV_CALLS)
def test_a_call_that_loads_an_env_file_is_known_by_any_name(case: str) -> None:
    text, call = ENV_CALLS[case]
    assert [match[0] for match in env_call(text).finditer(text)] == [call]


@pytest.mark.parametrize("case", NO_ENV_CALLS)
def test_other_calls_load_no_env_file(case: str) -> None:
    assert env_call(NO_ENV_CALLS[case]).search(NO_ENV_CALLS[case]) is None


@pytest.mark.parametrize("load", ['import { config } from "dotenv";', 'import { config as config } from "dotenv";'])
def test_the_client_is_made_when_the_env_file_is_loaded(load: str) -> None:
    text = f'import express from "express";\n{load}\nconst app = express();\nconfig();\napp.get("/", home);\n'
    side, node = below_construction("express")(parse(text))
    assert node is not None
    assert (side, node.text) == ("after", b"config();")


def test_a_script_beside_a_nest_app_is_no_app(tmp_path: Path) -> None:
    manifest = '{"dependencies": {"express": "^5.0.0", "@nestjs/core": "^11.0.0"}}'
    (tmp_path / "package.json").write_text(manifest, encoding="utf-8")
    (tmp_path / "mock.js").write_text("const express = require('express')\nconst app = express()\n", encoding="utf-8")
    assert FRAMEWORK.detect(Project(list_tree(tmp_path))) == ()
    (tmp_path / "package.json").write_text(manifest.replace("nestjs/core", "acme/core"), encoding="utf-8")
    assert FRAMEWORK.detect(Project(list_tree(tmp_path)))
