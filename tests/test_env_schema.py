"""`createEnv` schemas: the PostHog variables in them, or a note; and linters that forbid process.env."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from wizard.changes import EditFile, Note
from wizard.codemods.js.env_schema import ensure_env_variable
from wizard.edits import chain
from wizard.env_schema import linter_note, schema_changes
from wizard.errors import CannotEdit
from wizard.project import Project, Tree
from wizard.registry import all_frameworks

KEY = "NEXT_PUBLIC_POSTHOG_KEY"
ESCAPED = 'import {{ createEnv }} from "@t3-oss/env-nextjs";\nimport {{ z }} from "zod";\n'
Z = ESCAPED.format()
WHOLE = ESCAPED + (
    "export const env = createEnv({{\n  server: {{\n    A: z.string(),\n  }},\n  client: {{{}}},\n  runtimeEnv: {{\n"
    "    A: process.env.A,{}\n  }},\n}});\n"
)

CHANGES = {
    "client": (
        "client",
        KEY,
        WHOLE.format(" B: z.url() ", ""),
        WHOLE.format(f" B: z.url(), {KEY}: z.string().optional() ", f"\n    {KEY}: process.env.{KEY},"),
    ),
    "client-empty": (
        "client",
        KEY,
        WHOLE.format("", ""),
        WHOLE.format(f" {KEY}: z.string().optional() ", f"\n    {KEY}: process.env.{KEY},"),
    ),
    "client-comment-only": (
        "client",
        KEY,
        WHOLE.format("\n    // NEXT_PUBLIC_X: z.string(),\n  ", ""),
        WHOLE.format(
            f"\n    // NEXT_PUBLIC_X: z.string(),\n    {KEY}: z.string().optional(),\n  ",
            f"\n    {KEY}: process.env.{KEY},",
        ),
    ),
    "server": (
        "server",
        "POSTHOG_KEY",
        WHOLE.format("", ""),
        WHOLE.format("", "\n    POSTHOG_KEY: process.env.POSTHOG_KEY,").replace(
            "    A: z.string(),\n", "    A: z.string(),\n    POSTHOG_KEY: z.string().optional(),\n"
        ),
    ),
    "server-is-not-in-the-experimental-list": (
        "server",
        "POSTHOG_KEY",
        WHOLE.format("", "").replace("runtimeEnv", "experimental__runtimeEnv"),
        WHOLE.format("", "")
        .replace("runtimeEnv", "experimental__runtimeEnv")
        .replace("    A: z.string(),\n", "    A: z.string(),\n    POSTHOG_KEY: z.string().optional(),\n"),
    ),
    "values-of-vite": (
        "client",
        "VITE_KEY",
        Z + "createEnv({\n  clientPrefix: 'VITE_',\n  client: {\n    VITE_A: z.string(),\n  },\n"
        "  runtimeEnv: import.meta.env,\n});\n",
        Z + "createEnv({\n  clientPrefix: 'VITE_',\n  client: {\n    VITE_A: z.string(),\n"
        "    VITE_KEY: z.string().optional(),\n  },\n  runtimeEnv: import.meta.env,\n});\n",
    ),
    "only-the-list-lacks-it-not": (
        "client",
        KEY,
        WHOLE.format("", f"\n    {KEY}: process.env.{KEY},"),
        WHOLE.format(f" {KEY}: z.string().optional() ", f"\n    {KEY}: process.env.{KEY},"),
    ),
}

KEEPS = {
    "there": ("client", KEY, WHOLE.format(f" {KEY}: z.string() ", f"\n    {KEY}: process.env.{KEY},")),
    "there-and-required": ("client", KEY, WHOLE.format(f" {KEY}: keyOf(Kind) ", "")),
    "there-quoted": ("client", KEY, WHOLE.format(f" '{KEY}': z.string() ", "")),
}

REFUSES = {
    "no-call": ("client", KEY, Z),
    "two-calls": ("client", KEY, WHOLE.format("", "") + WHOLE.format("", "")),
    "no-such-section": ("shared", KEY, WHOLE.format("", "")),
    "another-validator": ("client", KEY, WHOLE.format("", "").replace('{ z } from "zod"', '* as v from "valibot"')),
    "mini": ("client", KEY, WHOLE.format("", "").replace('"zod"', '"zod/mini"')),
    "options-elsewhere": ("client", KEY, Z + "createEnv(options);\n"),
    "values-elsewhere": ("client", KEY, WHOLE.format("", "").replace("runtimeEnv: {", "runtimeEnv: values ?? {")),
    "values-nowhere": ("client", KEY, Z + "createEnv({ client: {} });\n"),
    "another-prefix": (
        "client",
        KEY,
        Z + "createEnv({ clientPrefix: 'VITE_', client: {}, runtimeEnv: process.env });\n",
    ),
    "values-from-two-places": (
        "client",
        KEY,
        WHOLE.format("", "\n    B: import.meta.env.B,"),
    ),
}


@pytest.mark.parametrize(("section", "name", "before", "after"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_a_variable_is_named(section: str, name: str, before: str, after: str, crlf: bool) -> None:
    if crlf:
        before, after = before.replace("\n", "\r\n"), after.replace("\n", "\r\n")
    codemod = ensure_env_variable(section, name)
    assert codemod(before) == after
    assert codemod(after) == after


@pytest.mark.parametrize(("section", "name", "text"), KEEPS.values(), ids=KEEPS)
def test_what_is_in_the_schema_stays(section: str, name: str, text: str) -> None:
    assert ensure_env_variable(section, name)(text) == text


@pytest.mark.parametrize(("section", "name", "text"), REFUSES.values(), ids=REFUSES)
def test_refuses(section: str, name: str, text: str) -> None:
    with pytest.raises(CannotEdit):
        ensure_env_variable(section, name)(text)


def said(files: Mapping[str, str], framework: str = "nextjs", app: str = ".") -> list[EditFile | Note]:
    root = Path("/nonexistent")
    tree = Tree(root, root, tuple(sorted(files)), {path: text.encode() for path, text in files.items()})
    return list(schema_changes(Project(tree, app), all_frameworks()[framework], (KEY, "POSTHOG_KEY")))


def test_each_variable_goes_where_it_is_read() -> None:
    (edit,) = said({"src/env.ts": WHOLE.format("", "")})
    assert isinstance(edit, EditFile)
    after = chain(*edit.codemods)(WHOLE.format("", ""))
    client = after.index("client:")
    assert after.index(f"{KEY}: z") > client > after.index("POSTHOG_KEY: z")


@pytest.mark.parametrize(
    "path", ["src/libs/Env.ts", "env/client.mjs", "src/env.config.ts", "packages/x/env.ts", "src/lib/env-vars.ts"]
)
def test_the_schema_is_found_by_its_name(path: str) -> None:
    assert [change.path for change in said({path: WHOLE.format("", "")}) if isinstance(change, EditFile)] == [path]


@pytest.mark.parametrize("path", ["src/environment/a.ts", "src/genv.ts", "env/a.json", "src/settings.ts"])
def test_what_is_not_called_so_is_no_schema(path: str) -> None:
    assert said({path: WHOLE.format("", "")}) == []


def test_what_cannot_be_edited_is_said_with_its_lines() -> None:
    (note,) = said({"env.mjs": WHOLE.format("", "").replace('"zod"', '"zod/mini"')})
    assert isinstance(note, Note)
    assert f"client: {KEY}: z.string().optional()," in note.body


@pytest.mark.parametrize(
    "files",
    [{"env.ts": "export const env = createEnv({})\n"}, {"package.json": "{}"}, {"lib/other.ts": WHOLE.format("", "")}],
    ids=["not-t3", "no-schema", "another-file"],
)
def test_nothing_is_said(files: dict[str, str]) -> None:
    assert said(files) == []


SCHEMA = "# @defaultRequired=true\n# ---\n\n# @public\nA=1\n"


def test_varlock_learns_that_the_variables_are_public() -> None:
    """What its schema does not name is a secret, which no page may hold."""
    (edit,) = said({".env.schema": SCHEMA})
    assert isinstance(edit, EditFile)
    once = chain(*edit.codemods)(SCHEMA)
    assert once == f"{SCHEMA}\n# @public @optional\n{KEY}=\n\n# @public @optional\nPOSTHOG_KEY=\n"
    assert chain(*edit.codemods)(once) == once


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (f"{SCHEMA}\n# @sensitive\n{KEY}=\n\n# @public\nPOSTHOG_KEY=\n", False),
        (f"{SCHEMA}\n# @sensitive\n{KEY}=\n", True),
        (SCHEMA.replace("\n", "\r\n"), True),
    ],
    ids=["both-named", "one-named", "crlf"],
)
def test_what_varlock_knows_stays(text: str, changed: bool) -> None:
    (edit,) = said({"apps/web/.env.schema": text}, app="apps/web")
    assert isinstance(edit, EditFile)
    after = chain(*edit.codemods)(text)
    assert (after != text, after.startswith(text)) == (changed, True)
    assert "\r\n" not in text or "\n" not in after.replace("\r\n", "")


def test_another_tool_s_schema_is_left() -> None:
    assert said({".env.schema": "# no decorators\nA=string\n"}) == []


IMPORTED = f"# @public\n{KEY}=\nPOSTHOG_KEY=\n"


@pytest.mark.parametrize(
    ("line", "files", "named"),
    [
        ("@import(../../.env.schema)", {".env.schema": IMPORTED}, 0),
        ("@import(../../)", {".env.schema": IMPORTED}, 0),
        (f"@import(../../.env.schema, {KEY}, POSTHOG_KEY)", {".env.schema": IMPORTED}, 0),
        (f"@import(../../.env.schema, {KEY})", {".env.schema": IMPORTED}, 1),
        ("@import(../../.env.schema)", {".env.schema": "# @import(./more/)\n", "more/.env.schema": IMPORTED}, 0),
        ("@import(../../.env.schema)", {".env.schema": "A=\n"}, 2),
        ("@import(./.env.schema)", {}, 2),
        ("@import(../none)", {}, 2),
    ],
    ids=["file", "directory", "both-picked", "one-picked", "imports-in-turn", "of-others", "itself", "not-there"],
)
def test_what_varlock_imports_is_not_named_again(line: str, files: dict[str, str], named: int) -> None:
    schema = f"# {line}\n{SCHEMA}"
    found = said(files | {"apps/web/.env.schema": schema}, app="apps/web")
    after = chain(*found[0].codemods)(schema) if found and isinstance(found[0], EditFile) else schema
    assert after.count("@public @optional") == named


def test_varlock_s_schema_of_python() -> None:
    assert [type(change) for change in said({".env.schema": SCHEMA}, "django")] == [EditFile]


def test_nothing_is_said_of_python() -> None:
    assert said({"src/env.ts": WHOLE.format("", "")}, "django") == []


LINTERS = {
    "create-t3-turbo": ("eslint.config.ts", "export default [restrictEnvAccess]", True),
    "node": (".eslintrc.json", '{"rules": {"n/no-process-env": "error"}}', True),
    "biome": ("biome.json", '{"linter": {"rules": {"style": {"noProcessEnv": "error"}}}}', True),
    "above": ("../../eslint.config.mjs", "rules: {'n/no-process-env': 2}", True),
    "off": (".eslintrc.json", '{"rules": {"n/no-process-env": "off"}}', False),
    "off-in-a-list": (".eslintrc.json", '{"rules": {"n/no-process-env": ["off"]}}', False),
    "another-rule": ("eslint.config.js", "rules: {'no-undef': 2}", False),
}


@pytest.mark.parametrize(("path", "text", "told"), LINTERS.values(), ids=LINTERS)
def test_linters_that_forbid_process_env(path: str, text: str, told: bool) -> None:
    files = {path.removeprefix("../../") if path.startswith("..") else f"apps/web/{path}": text.encode()}
    root = Path("/nonexistent")
    project = Project(Tree(root, root, tuple(files), files), "apps/web")
    note = linter_note(project, ["apps/web/instrumentation-client.ts"])
    assert (note is not None and note.body == "apps/web/instrumentation-client.ts") is told
    assert linter_note(project, []) is None
