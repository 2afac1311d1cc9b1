"""TOML manifests: requirements and keys added, everything else kept."""

from __future__ import annotations

import tomllib

import pytest

from tests import laws
from wizard.codemods.toml import ensure_key, ensure_requirement
from wizard.codemods.toml_spans import sections

PROJECT = ensure_requirement(("project", "dependencies"), "posthog", ">=7.71")
POETRY = ensure_key(("tool", "poetry", "dependencies"), "posthog", ">=7.71")
PIPFILE = ensure_key(("packages",), "posthog", ">=7.71")

CHANGES = {
    "uv-sorted-list": (
        PROJECT,
        '[project]\nname = "x"\ndependencies = [\n    "django>=5",  # web\n    "zope",\n]\n\n[tool.uv]\n',
        '[project]\nname = "x"\ndependencies = [\n    "django>=5",  # web\n    "posthog>=7.71",\n    "zope",\n]\n'
        "\n[tool.uv]\n",
    ),
    "unsorted-list-no-trailing-comma": (
        PROJECT,
        '[project]\ndependencies = [\n  # "posthog>=1",\n  "b[x]>=1; python_version > \'3\'",\n  "a"\n]\n',
        '[project]\ndependencies = [\n  # "posthog>=1",\n  "b[x]>=1; python_version > \'3\'",\n  "a",\n'
        '  "posthog>=7.71"\n]\n',
    ),
    "inline-single-quotes": (
        PROJECT,
        "[project]\ndependencies = ['requests', 'flask']  # web\n",
        "[project]\ndependencies = ['requests', 'flask', 'posthog>=7.71']  # web\n",
    ),
    "poetry-2-style": (
        PROJECT,
        '[project]\ndependencies = ["requests (>=2)"]\n',
        '[project]\ndependencies = ["requests (>=2)", "posthog (>=7.71)"]\n',
    ),
    "empty-list": (PROJECT, "[project]\ndependencies = []", '[project]\ndependencies = ["posthog>=7.71"]'),
    "list-made-before-sub-tables": (
        PROJECT,
        '[project]\nname = "x" # n\n\n[project.scripts]\na = "b:c"\n',
        '[project]\nname = "x" # n\ndependencies = [\n    "posthog>=7.71",\n]\n\n[project.scripts]\na = "b:c"\n',
    ),
    "dotted-keys": (
        PROJECT,
        'project.name = "x"\nproject.dependencies = ["a"]\n',
        'project.name = "x"\nproject.dependencies = ["a", "posthog>=7.71"]\n',
    ),
    "strings-that-look-like-toml": (
        PROJECT,
        '[project]\ndescription = """\n[project]\ndependencies = [\n"""\ndependencies = ["a #b"]\n',
        '[project]\ndescription = """\n[project]\ndependencies = [\n"""\ndependencies = ["a #b", "posthog>=7.71"]\n',
    ),
    "poetry-1-table": (
        POETRY,
        '[tool.poetry.dependencies]\npython = "^3.11"\nrq = {version = "1", extras = ["a"]}\n\n'
        "[tool.poetry.group.dev.dependencies]\n",
        '[tool.poetry.dependencies]\npython = "^3.11"\nrq = {version = "1", extras = ["a"]}\nposthog = ">=7.71"\n\n'
        "[tool.poetry.group.dev.dependencies]\n",
    ),
    "poetry-table-at-the-end-without-newline": (
        POETRY,
        '[tool.poetry.dependencies]\npython = "^3.11"  # floor',
        '[tool.poetry.dependencies]\npython = "^3.11"  # floor\nposthog = ">=7.71"',
    ),
    "pipfile": (
        PIPFILE,
        '[packages]\n# web\nflask = "*"\n\n[dev-packages]\n',
        '[packages]\n# web\nflask = "*"\nposthog = ">=7.71"\n\n[dev-packages]\n',
    ),
    "pipfile-empty-table": (
        PIPFILE,
        "[packages]\n\n[dev-packages]\n",
        '[packages]\nposthog = ">=7.71"\n\n[dev-packages]\n',
    ),
    "table-made-below-blanks": (
        PIPFILE,
        '[[source]]\nname = "pypi"  \n\n\n',
        '[[source]]\nname = "pypi"  \n\n[packages]\nposthog = ">=7.71"\n\n\n',
    ),
    "table-made-in-an-empty-file": (PIPFILE, "", '[packages]\nposthog = ">=7.71"\n'),
    "pipfile-without-table": (
        PIPFILE,
        '[[source]]\nname = "pypi"\n',
        '[[source]]\nname = "pypi"\n\n[packages]\nposthog = ">=7.71"\n',
    ),
}

KEEPS = {
    "listed": (PROJECT, '[project]\ndependencies = ["posthog"]\n'),
    "listed-with-extra-and-marker": (PROJECT, "[project]\ndependencies = ['PostHog[x] == 3; os_name == \"nt\"']\n"),
    "listed-as-url": (PROJECT, '[project]\ndependencies = ["posthog @ https://x/y.whl"]\n'),
    "poetry-listed": (POETRY, '[tool.poetry.dependencies]\nPosthog = "^3"\n'),
    "poetry-listed-as-table": (POETRY, '[tool.poetry.dependencies.posthog]\nversion = "3"\n'),
    "pipfile-listed": (PIPFILE, '[packages]\nposthog = {version = "*", index = "pypi"}\n'),
}

REFUSES = {
    "number-of-5000-digits": (PROJECT, f"a = {'1' * 5000}\n[project]\n", "not valid TOML", None),
    "nested-too-deeply": (PROJECT, f"[project]\na = {'[' * 60}{']' * 60}\n", "too deeply", 2),
    "nested-without-end": (PROJECT, "a = " + "[" * 5000, "too deeply", None),
    "key-of-100-parts": (PROJECT, f"a{'.a' * 100} = 1\n[project]\n", "too deeply", 1),
    "too-large": (PROJECT, "# x\n" * 30_000 + "[project]\n", "too large", None),
    "odd-letters-in-the-reason": (PROJECT, "\u2028", "not valid TOML", None),
    "no-project": (PROJECT, "[tool.black]\nline-length = 1\n", r"no table \[project\]", None),
    "dynamic": (PROJECT, '[project]\nname = "x"\ndynamic = ["dependencies"]\n', "dynamic", 3),
    "dependencies-not-a-list": (PROJECT, '[project]\ndependencies = "a"\n', "not a list", None),
    "inline-project": (PROJECT, 'project = { name = "x" }\n', r"not written as \[project\]", None),
    "inline-project-with-list": (PROJECT, 'project = { dependencies = ["a"] }\n', "a way we do not know", None),
    "broken": (PROJECT, "[project\n", "not valid TOML", None),
    "conflict-markers": (PROJECT, "[project]\n<<<<<<< HEAD\n", "not valid TOML", None),
    "poetry-only-sub-tables": (POETRY, '[tool.poetry.dependencies.flask]\nversion = "3"\n', "not written as", None),
    "packages-is-no-table": (PIPFILE, 'packages = "x"\n', "not written as", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str) -> None:
    laws.check(*CHANGES[name])


@pytest.mark.parametrize("name", KEEPS)
def test_keeps(name: str) -> None:
    laws.check_keeps(*KEEPS[name])


@pytest.mark.parametrize("name", REFUSES)
def test_refuses(name: str) -> None:
    codemod, text, reason, line = REFUSES[name]
    laws.check_refuses(codemod, text, reason, line)


def test_every_value_is_where_the_scanner_says() -> None:
    text = (
        "a = 1979-05-27 07:32:00  # date\n'b.c'.\"d\" = -1_000\n[t.'u v'] # t\n"
        "e = {f = [1, {g = '''x]'''}], h.i = true}\n"
        'j = """a\\"""b"""\n[[k]]\nl = [ # c\n  [1], # d\n  [2,],\n]\n[[k]]\nl = inf\n'
    )
    for section in sections(text):
        for statement in section.statements:
            alone = tomllib.loads(f"x = {text[statement.value : statement.end]}")
            assert "x" in alone
    assert [s.path for s in sections(text)] == [(), ("t", "u v"), ("k",), ("k",)]
    assert [st.path for s in sections(text) for st in s.statements][:2] == [("a",), ("b.c", "d")]


def test_a_new_table_leaves_the_line_ends_below_it() -> None:
    text = "a = 1\n\r\n\n\r\n"
    assert PIPFILE(text) == 'a = 1\n\n[packages]\nposthog = ">=7.71"\n\r\n\n\r\n'


def test_mixed_line_ends_stay() -> None:
    text = '[project]\r\ndependencies = [\n  "a",\r\n]\r\n'
    assert PROJECT(text) == '[project]\r\ndependencies = [\n  "a",\r\n  "posthog>=7.71",\r\n]\r\n'
