"""Our code under the compiler options of an app, read through whatever its tsconfig extends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.project import Project
from wizard.typescript import typed
from wizard.workspace import list_tree

INDEXED, EXACT = '"noPropertyAccessFromIndexSignature": true', '"exactOptionalPropertyTypes": true'
OFF = INDEXED.replace("true", "false")
SOURCE = """const token = process.env.POSTHOG_TOKEN;
if (process.env.NODE_ENV) start(token, {
  api_host: process.env.POSTHOG_HOST,
});
"""
BRACKETS = SOURCE.replace(".POSTHOG_TOKEN", '["POSTHOG_TOKEN"]').replace(".POSTHOG_HOST", '["POSTHOG_HOST"]')
WITH_HOST = SOURCE.replace("POSTHOG_HOST,", 'POSTHOG_HOST ?? "https://eu.i.posthog.com",')

Files = dict[str, str]
OWN = {"apps/web/tsconfig.json": f'{{ "compilerOptions": {{ {INDEXED} }} }}'}
PACKAGE = {
    "packages/ts/package.json": '{ "name": "@acme/ts" }',
    "packages/ts/base.json": f'{{ "compilerOptions": {{ {INDEXED} }} }}',
    "packages/ts/next.json": '{ "extends": "./base" }',
}
CHANGES: dict[str, tuple[Files, str]] = {
    "brackets for what has no type": (OWN, BRACKETS),
    "a comment in the configuration": (
        {"apps/web/tsconfig.json": f'{{ // strict\n "compilerOptions": {{ {INDEXED}, }} }}'},
        BRACKETS,
    ),
    "a host that is never undefined": (
        {"apps/web/tsconfig.json": f'{{ "compilerOptions": {{ {EXACT} }} }}'},
        WITH_HOST,
    ),
    "a package of the repository": ({**PACKAGE, "apps/web/tsconfig.json": '{ "extends": "@acme/ts/next" }'}, BRACKETS),
    "one of several": ({**PACKAGE, "apps/web/tsconfig.json": '{ "extends": ["a", "@acme/ts/next.json"] }'}, BRACKETS),
    "the root": (
        {
            "tsconfig.base.json": OWN["apps/web/tsconfig.json"],
            "apps/web/tsconfig.json": '{ "extends": "../../tsconfig.base.json" }',
        },
        BRACKETS,
    ),
    "the app's half of a reference": (
        {"apps/web/tsconfig.json": '{ "files": [] }', "apps/web/tsconfig.app.json": OWN["apps/web/tsconfig.json"]},
        BRACKETS,
    ),
}
KEEPS: dict[str, Files] = {
    "no configuration": {},
    "options that ask for nothing": {"apps/web/tsconfig.json": '{ "compilerOptions": { "strict": true } }'},
    "turned off again": {
        **PACKAGE,
        "apps/web/tsconfig.json": f'{{ "extends": "@acme/ts/next", "compilerOptions": {{ {OFF} }} }}',
    },
    "another app's": {"apps/api/tsconfig.json": OWN["apps/web/tsconfig.json"]},
    "a package that is not here": {"apps/web/tsconfig.json": '{ "extends": "@acme/ts/next" }'},
    "in circles": {"apps/web/tsconfig.json": '{ "extends": "./tsconfig.json" }'},
    "broken": {"apps/web/tsconfig.json": "{ broken"},
}


@pytest.mark.parametrize("case", CHANGES)
def test_code_is_written_as_the_compiler_asks(tmp_path: Path, case: str) -> None:
    files, expected = CHANGES[case]
    assert _typed(tmp_path, files) == expected


@pytest.mark.parametrize("case", KEEPS)
def test_code_stays_as_it_is(tmp_path: Path, case: str) -> None:
    assert _typed(tmp_path, KEEPS[case]) == SOURCE


def test_the_strictest_configuration_has_both(tmp_path: Path) -> None:
    written = _typed(tmp_path, {"apps/web/tsconfig.json": json.dumps({"extends": "@tsconfig/strictest/tsconfig.json"})})
    assert written == BRACKETS.replace('HOST"],', 'HOST"] ?? "https://eu.i.posthog.com",')


def test_a_long_line_is_broken_as_prettier_would(tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text(f'{{ "compilerOptions": {{ {EXACT} }} }}', encoding="utf-8")
    line = "    api_host: process.env.NEXT_PUBLIC_POSTHOG_API_HOST_NAME,\n"
    broken = '    api_host:\n      process.env.NEXT_PUBLIC_POSTHOG_API_HOST_NAME ?? "https://eu.i.posthog.com",\n'
    assert typed(line, Project(list_tree(tmp_path)), "https://eu.i.posthog.com") == broken


def _typed(folder: Path, files: Files) -> str:
    for name, text in {"apps/web/package.json": "{}", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = Project(list_tree(folder), "apps/web")
    return typed(SOURCE, project, "https://eu.i.posthog.com", declared=("NODE_ENV",))
