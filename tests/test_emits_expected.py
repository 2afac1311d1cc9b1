"""What the project's own files say about its PostHog: missing, misnamed and misdirected variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.emits.expected import Expected, expected, file_value, prefix_of
from wizard.emits.reasons import why_token_is_wrong
from wizard.environment import Names
from wizard.posthog import hosts
from wizard.project import Project
from wizard.workspace import list_tree

NAMES = Names("VITE_POSTHOG_KEY", "VITE_POSTHOG_HOST")
CODE = "posthog.init(import.meta.env.VITE_POSTHOG_KEY, { api_host: import.meta.env.VITE_POSTHOG_HOST })"
TOKEN = "phc_mine"


def look(
    directory: Path,
    files: dict[str, str],
    region: str = "us",
    shell: dict[str, str] | None = None,
    prefix: str = "VITE_",
) -> Expected:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    app = Project(list_tree(directory), ".")
    return expected(app, NAMES, ".", prefix, hosts.cloud(region), TOKEN, shell or {})


@pytest.mark.parametrize(
    ("files", "shell", "prefix", "words"),
    [
        pytest.param({".env": "VITE_POSTHOG_KEY=phc_mine"}, {}, "VITE_", "", id="set"),
        pytest.param({".env.local": "VITE_POSTHOG_KEY=phc_mine"}, {}, "VITE_", "", id="set-locally"),
        pytest.param({}, {"VITE_POSTHOG_KEY": "phc_mine"}, "VITE_", "", id="set-in-the-shell"),
        pytest.param({"a.ts": "import.meta.env.VITE_PH_TOKEN", ".env": "VITE_PH_TOKEN=phc_x"}, {}, "VITE_", "",
                     id="the-name-that-the-code-reads"),
        pytest.param({}, {}, "VITE_", "VITE_POSTHOG_KEY is not set", id="nothing"),
        pytest.param({".env": "VITE_POSTHOG_KEY="}, {}, "VITE_", "VITE_POSTHOG_KEY is not set", id="empty"),
        pytest.param({".env.example": "VITE_POSTHOG_KEY=phc_x"}, {}, "VITE_", "is not set", id="example-only"),
        pytest.param({".env": "POSTHOG_KEY=phc_x"}, {}, "VITE_", "sets POSTHOG_KEY, but only names that begin with",
                     id="no-prefix"),
        pytest.param({".env": "NEXT_PUBLIC_POSTHOG_KEY=phc_x"}, {}, "VITE_", "call it VITE_POSTHOG_KEY",
                     id="another-frameworks-prefix"),
        pytest.param({}, {"POSTHOG_KEY": "phc_x"}, "VITE_", "the shell sets POSTHOG_KEY", id="no-prefix-in-the-shell"),
        pytest.param({"a.ts": "process.env.POSTHOG_KEY", ".env": "POSTHOG_KEY=phc_x"}, {}, "VITE_",
                     "only names that begin with VITE_", id="code-without-prefix"),
        pytest.param({".env": "POSTHOG_API_KEY=phc_x"}, {}, "", "sets POSTHOG_API_KEY, but the app reads VITE_",
                     id="other-name-on-a-server"),
        pytest.param({".env.production": "VITE_POSTHOG_KEY=phc_x"}, {}, "VITE_", "only .env.production sets VITE_",
                     id="production-only"),
        pytest.param({".env.production": "VITE_POSTHOG_KEY=phc_x", ".env": "VITE_POSTHOG_KEY=phc_y"}, {}, "VITE_", "",
                     id="production-too"),
        pytest.param({".env": "POSTHOG_PERSONAL_API_KEY=phx_x"}, {}, "VITE_", "VITE_POSTHOG_KEY is not set",
                     id="a-personal-key-is-no-token"),
        pytest.param({}, {"POSTHOG_KEY": "phx_x"}, "VITE_", "VITE_POSTHOG_KEY is not set", id="a-secret-of-the-shell"),
    ],
)  # fmt: skip
def test_the_variable_of_the_token(
    tmp_path: Path, files: dict[str, str], shell: dict[str, str], prefix: str, words: str
) -> None:
    said = look(tmp_path, {"b.ts": CODE, **files}, shell=shell, prefix=prefix).variable
    assert words in said
    assert bool(words) == bool(said)
    assert "phc_" not in said
    assert "phx_" not in said


SET = "VITE_POSTHOG_KEY=phc_mine\n"


@pytest.mark.parametrize(
    ("env", "shell", "region", "words"),
    [
        pytest.param(SET + "VITE_POSTHOG_HOST=https://us.i.posthog.com", {}, "us", "", id="same"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://app.posthog.com", {}, "us", "", id="old-name-of-us"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://eu.posthog.com/", {}, "eu", "", id="app-host-of-eu"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://t.shop.test", {}, "eu", "", id="proxy-may-lead-anywhere"),
        pytest.param(SET, {}, "us", "", id="us-is-the-default"),
        pytest.param("", {}, "eu", "", id="set-somewhere-else"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://eu.i.posthog.com", {}, "us",
                     "in .env is https://eu.i.posthog.com, but the project is at https://us.i.", id="eu-for-us"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://us.i.posthog.com", {}, "eu", "is https://us.i.posthog.com, but",
                     id="us-for-eu"),
        pytest.param(SET + "VITE_POSTHOG_HOST=https://us.i.posthog.com",
                     {"VITE_POSTHOG_HOST": "https://eu.i.posthog.com"}, "us", "in this shell is", id="the-shell-wins"),
        pytest.param(SET, {}, "eu", "is not set, so that the SDK sends to https://us.i.", id="default-for-eu"),
        pytest.param(SET + "VITE_POSTHOG_HOST='a b'", {}, "us", "is no URL", id="no-url"),
    ],
)  # fmt: skip
def test_the_region_that_the_variables_lead_to(
    tmp_path: Path, env: str, shell: dict[str, str], region: str, words: str
) -> None:
    said = look(tmp_path, {"b.ts": CODE, ".env": env}, region, shell).region
    assert words in said
    assert bool(words) == bool(said)


def test_the_host_variables_are_those_that_the_code_reads(tmp_path: Path) -> None:
    code = "env.VITE_POSTHOG_HOST; process.env.NEXT_PUBLIC_POSTHOG_API_HOST; os.environ['POSTHOG_URL']; x.POSTHOG_HOSTS"
    assert look(tmp_path, {"a.ts": code}).host_variables == (
        "VITE_POSTHOG_HOST",
        "NEXT_PUBLIC_POSTHOG_API_HOST",
        "POSTHOG_URL",
    )


def test_short_names_of_posthog_count_too(tmp_path: Path) -> None:
    code = "new PostHog(process.env.PH_API_KEY, { host: process.env.PH_HOST, x: process.env.GRAPH_HOST })"
    found = look(tmp_path, {"a.ts": code, ".env": "PH_API_KEY=phc_x\n"}, prefix="")
    assert found.host_variables == (NAMES.host, "PH_HOST")
    assert found.variable == ""


@pytest.mark.parametrize(
    ("files", "set_there"),
    [
        ({"package.json": '{"scripts": {"dev": "dotenv -e ../../.env -- node ."}}'}, True),
        ({"a.js": "require('dotenv').config({ path: '../../.env' })"}, True),
        ({"package.json": '{"scripts": {"dev": "node --env-file=.env ."}}'}, False),
        ({}, False),
    ],
    ids=["in-a-script", "in-the-code", "its-own", "nowhere"],
)
def test_an_env_file_above_counts_where_the_app_names_it(
    tmp_path: Path, files: dict[str, str], set_there: bool
) -> None:
    for path, text in {"b.ts": CODE, **files}.items():
        (tmp_path / "apps/api").mkdir(parents=True, exist_ok=True)
        (tmp_path / "apps/api" / path).write_text(text)
    (tmp_path / ".env").write_text(SET)
    app = Project(list_tree(tmp_path), "apps/api")
    assert (expected(app, NAMES, ".", "VITE_", hosts.cloud("us"), TOKEN, {}).variable == "") is set_there
    assert file_value(app, NAMES.token, ".") == ("phc_mine" if set_there else None)


@pytest.mark.parametrize(("token", "holder"), [("phc_old", "VITE_POSTHOG_KEY in .env"), ("phc_other", "")])
def test_which_file_holds_a_token(tmp_path: Path, token: str, holder: str) -> None:
    found = look(tmp_path, {".env": "VITE_POSTHOG_KEY=phc_old"})
    assert found.holder(token) == holder
    cause = why_token_is_wrong(token, found)
    assert cause is not None
    assert bool(holder) == cause.hint.startswith("VITE_POSTHOG_KEY in .env holds")


@pytest.mark.parametrize(("shell", "name"), [("phc_other", NAMES.token), (TOKEN, ""), ("", "")])
def test_a_token_of_the_shell_that_wins(tmp_path: Path, shell: str, name: str) -> None:
    assert look(tmp_path, {}, shell={NAMES.token: shell}).shell_token == name


@pytest.mark.parametrize(
    ("token", "usual", "prefix"),
    [
        ("VITE_PUBLIC_POSTHOG_KEY", "VITE_", "VITE_"),
        ("SHOP_POSTHOG_KEY", "VITE_", "SHOP_"),
        ("SHOP_PUBLIC_POSTHOG_KEY", "VITE_", "SHOP_"),
        ("POSTHOG_KEY", "", ""),
    ],
)
def test_the_prefix_of_names_that_reach_a_page(token: str, usual: str, prefix: str) -> None:
    assert prefix_of(Names(token, "X"), usual) == prefix


@pytest.mark.parametrize(
    ("files", "value"),
    [({".env": "A=1", ".env.local": "A=2"}, "2"), ({".env": "A="}, None), ({}, None), ({".env.example": "A=1"}, None)],
)
def test_values_of_env_files(tmp_path: Path, files: dict[str, str], value: str | None) -> None:
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    assert file_value(Project(list_tree(tmp_path), "."), "A", ".") == value


def test_no_token_is_in_its_repr() -> None:
    assert TOKEN not in repr(Expected(token=TOKEN))
