"""Imports of JavaScript files: where they go, what they join, in whose style."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.imports import ensure_import, kind_of, local_name
from wizard.edits import Codemod

POSTHOG = ensure_import("posthog-js", default="posthog")
PROVIDER = ensure_import("@posthog/react", names=["PostHogProvider"])
BOTH = ensure_import("m", default="d", names=["a", "b as c"])
NODE = ensure_import("posthog-node", names=["PostHog"])
NODE_CJS = ensure_import("posthog-node", names=["PostHog"], kind="cjs")
NODE_ESM = ensure_import("posthog-node", names=["PostHog"], kind="esm")
DOTENV = ensure_import("dotenv/config", side_effect=True, first=True)

BEFORE_AFTER: dict[str, tuple[Codemod, str, str]] = {
    "no_blank_behind_import": (BOTH, "import{a}from'm'\n", "import d, {a, b as c}from'm'\n"),
    "require_in_an_es_module": (
        BOTH,
        "const { a } = require('m')\nexport { a }\n",
        "const { a, b: c } = require('m')\nimport d from 'm'\nexport { a }\n",
    ),
    "ampersands_in_jsx": (
        POSTHOG,
        "import a from 'a'\nx = <a href=\"/?a=1&b=2&c\">Q & A</a>\n",
        'import a from \'a\'\nimport posthog from "posthog-js"\nx = <a href="/?a=1&b=2&c">Q & A</a>\n'.replace(
            '"p', "'p"
        ).replace('js"', "js'"),
    ),
    "types_exported_on": (
        POSTHOG,
        "import a from 'a'\nexport type * from './b'\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\nexport type * from './b'\n",
    ),
    "many_comments_first": (
        NODE_ESM,
        "// a\n" * 3000 + "'use strict'\n",
        "// a\n" * 3000 + "'use strict'\n\nimport { PostHog } from 'posthog-node'\n",
    ),
    "directive behind a comment on its line": (
        NODE_CJS,
        "/**\n * What this is.\n */ 'use strict';\na();\n",
        "/**\n * What this is.\n */ 'use strict';\n\nconst { PostHog } = require('posthog-node');\n\na();\n",
    ),
    "after_last_import": (
        POSTHOG,
        "import a from 'a'\nimport b from 'b'\n\nrun(a, b)\n",
        "import a from 'a'\nimport b from 'b'\nimport posthog from 'posthog-js'\n\nrun(a, b)\n",
    ),
    "package_below_the_packages": (
        POSTHOG,
        "import type { B } from './b'\nimport { c } from '@c/c'\n\nimport './x.css'\nimport d from '@/d'\n",
        "import type { B } from './b'\nimport { c } from '@c/c'\nimport posthog from 'posthog-js'\n\n"
        "import './x.css'\nimport d from '@/d'\n",
    ),
    "package_at_the_end_of_a_mixture": (
        POSTHOG,
        "import d from './d'\nimport a from 'a'\nimport e from '~/e'\n",
        "import d from './d'\nimport a from 'a'\nimport e from '~/e'\nimport posthog from 'posthog-js'\n",
    ),
    "package_where_only_own_modules_are": (
        POSTHOG,
        "import d from './d'\nimport './x.css'\n",
        "import d from './d'\nimport './x.css'\nimport posthog from 'posthog-js'\n",
    ),
    "own_module_below_all": (
        ensure_import("./posthog", names=["getPostHog"]),
        "import a from 'a'\nimport d from './d'\n",
        "import a from 'a'\nimport d from './d'\nimport { getPostHog } from './posthog'\n",
    ),
    "double_quotes_semicolons": (
        POSTHOG,
        'import a from "a";\nrun(a);\n',
        'import a from "a";\nimport posthog from "posthog-js";\nrun(a);\n',
    ),
    "behind_trailing_comment": (
        POSTHOG,
        "import a from 'a' // why: it's here\nrun(a)\n",
        "import a from 'a' // why: it's here\nimport posthog from 'posthog-js'\nrun(a)\n",
    ),
    "behind_comment_of_two_lines": (
        POSTHOG,
        "import a from 'a' /* one\n two */\nrun(a)\n",
        "import a from 'a' /* one\n two */\nimport posthog from 'posthog-js'\nrun(a)\n",
    ),
    "multi_line_import_before": (
        POSTHOG,
        "import {\n  a,\n  b,\n} from 'ab'\n\nrun()\n",
        "import {\n  a,\n  b,\n} from 'ab'\nimport posthog from 'posthog-js'\n\nrun()\n",
    ),
    "joins_named": (
        PROVIDER,
        'import { usePostHog } from "@posthog/react";\n',
        'import { PostHogProvider, usePostHog } from "@posthog/react";\n',
    ),
    "joins_names_in_their_order": (
        PROVIDER,
        'import { usePostHog, Survey } from "@posthog/react";\n',
        'import { usePostHog, Survey, PostHogProvider } from "@posthog/react";\n',
    ),
    "package_in_alphabetical_order": (
        POSTHOG,
        "import a from 'a'\nimport z from 'z'\nimport d from './d'\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\nimport z from 'z'\nimport d from './d'\n",
    ),
    "joins_named_on_lines": (
        PROVIDER,
        'import {\n  usePostHog, // hook\n  useFlag // other\n} from "@posthog/react";\n',
        'import {\n  usePostHog, // hook\n  useFlag, // other\n  PostHogProvider\n} from "@posthog/react";\n',
    ),
    "joins_empty_braces": (
        PROVIDER,
        "import {} from '@posthog/react'\n",
        "import { PostHogProvider } from '@posthog/react'\n",
    ),
    "default_joins_named": (BOTH, "import { a } from 'm'\n", "import d, { a, b as c } from 'm'\n"),
    "named_join_default": (BOTH, "import d from 'm'\n", "import d, { a, b as c } from 'm'\n"),
    "default_joins_namespace": (
        ensure_import("m", default="d"),
        "import * as all from 'm'\n",
        "import d, * as all from 'm'\n",
    ),
    "names_cannot_join_namespace": (
        ensure_import("m", names=["a"]),
        "import * as all from 'm'\n",
        "import * as all from 'm'\nimport { a } from 'm'\n",
    ),
    "type_import_is_not_joined": (
        POSTHOG,
        "import type { PostHog } from 'posthog-js'\n",
        "import type { PostHog } from 'posthog-js'\nimport posthog from 'posthog-js'\n",
    ),
    "type_name_beside": (
        ensure_import("m", names=["a"]),
        "import { type T } from 'm'\n",
        "import { a, type T } from 'm'\n",
    ),
    "module_only_run_before": (
        BOTH,
        "import 'm'\n",
        "import 'm'\nimport d, { a, b as c } from 'm'\n",
    ),
    "directive_without_imports": (
        POSTHOG,
        "'use client'\nexport const a = 'b'\n",
        "'use client'\n\nimport posthog from 'posthog-js'\n\nexport const a = 'b'\n",
    ),
    "directive_and_blank_line": (
        POSTHOG,
        "'use client'\n\nexport const a = 'b'\n",
        "'use client'\n\nimport posthog from 'posthog-js'\n\nexport const a = 'b'\n",
    ),
    "licence_shebang_directive": (
        POSTHOG,
        "#!/usr/bin/env node\n/* Copyright 2024 */\n// SPDX-License-Identifier: MIT\n'use strict'\n\nexport {}\n",
        "#!/usr/bin/env node\n/* Copyright 2024 */\n// SPDX-License-Identifier: MIT\n'use strict'\n\n"
        "import posthog from 'posthog-js'\n\nexport {}\n",
    ),
    "comment_stays_with_its_function": (
        POSTHOG,
        "/** Does it. */\nexport function a() {}\n",
        'import posthog from "posthog-js";\n\n/** Does it. */\nexport function a() {}\n',
    ),
    "comment_of_the_file_stays_on_top": (
        POSTHOG,
        "// What this file is for.\n\nexport function a() {}\n",
        '// What this file is for.\n\nimport posthog from "posthog-js";\n\nexport function a() {}\n',
    ),
    "directive_with_comments": (
        POSTHOG,
        "/*! a */ /* b */\n'use client' // why\nexport const a = 'b'\n",
        "/*! a */ /* b */\n'use client' // why\n\nimport posthog from 'posthog-js'\n\nexport const a = 'b'\n",
    ),
    "licence_and_code_in_one_line": (
        POSTHOG,
        "/*! a */ export const a = 'b'\n",
        "import posthog from 'posthog-js'\n\n/*! a */ export const a = 'b'\n",
    ),
    "empty_file": (NODE_ESM, "", 'import { PostHog } from "posthog-node";\n'),
    "only_a_comment_without_line_end": (
        NODE_ESM,
        "// later",
        '// later\n\nimport { PostHog } from "posthog-node";\n',
    ),
    "kind_for_a_file_that_shows_none": (
        NODE_CJS,
        "console.log('a')\n",
        "const { PostHog } = require('posthog-node')\n\nconsole.log('a')\n",
    ),
    "own_syntax_beats_kind": (
        NODE_CJS,
        "import a from 'a'\nconst b = require('b')\n",
        "import a from 'a'\nimport { PostHog } from 'posthog-node'\nconst b = require('b')\n",
    ),
    "commonjs": (
        NODE,
        "'use strict';\n\nconst a = require('a');\n\nmodule.exports = a;\n",
        "'use strict';\n\nconst a = require('a');\nconst { PostHog } = require('posthog-node');\n\n"
        "module.exports = a;\n",
    ),
    "commonjs_leading_requires_only": (
        NODE,
        "require('dotenv').config()\nconst express = require('express')\n\nconst app = express()\n"
        "const u = require('./u')\n",
        "require('dotenv').config()\nconst express = require('express')\n"
        "const { PostHog } = require('posthog-node')\n\n"
        "const app = express()\nconst u = require('./u')\n",
    ),
    "commonjs_joins_pattern": (
        ensure_import("m", names=["a", "b as c"]),
        "const { z, ...rest } = require('n'), { e } = require('m')\n",
        "const { z, ...rest } = require('n'), { e, a, b: c } = require('m')\n",
    ),
    "commonjs_joins_pattern_before_rest": (
        NODE,
        "const { A, ...rest } = require('posthog-node')\n",
        "const { A, PostHog, ...rest } = require('posthog-node')\n",
    ),
    "indented": (
        POSTHOG,
        "\timport a from 'a'\n\n\trun(a)\n",
        "\timport a from 'a'\n\timport posthog from 'posthog-js'\n\n\trun(a)\n",
    ),
    "commonjs_default_is_the_module": (
        ensure_import("express", default="express"),
        'var a = require("a");\n',
        'var a = require("a");\nconst express = require("express");\n',
    ),
    "first": (
        DOTENV,
        "// server\nimport a from 'a'\n",
        "// server\nimport 'dotenv/config'\nimport a from 'a'\n",
    ),
    "first_above_a_comment_about_the_next_line": (
        DOTENV,
        "/* server */\n// eslint-disable-next-line\nimport a from 'a'\n",
        "/* server */\nimport 'dotenv/config'\n// eslint-disable-next-line\nimport a from 'a'\n",
    ),
    "before_a_line_that_would_continue_it": (
        NODE,
        "const a = require('a');\n// go\n(async () => {\n  a()\n  a()\n})()\n",
        "const a = require('a');\nconst { PostHog } = require('posthog-node');\n// go\n(async () => {\n  a()\n  a()\n"
        "})()\n",
    ),
    "first_commonjs": (
        DOTENV,
        "'use strict'\n\nconst a = require('a')\n",
        "'use strict'\n\nrequire('dotenv/config')\nconst a = require('a')\n",
    ),
    "offsets_after_wide_characters": (
        POSTHOG,
        "import a from 'ä😀'\nconst s = '…'\n",
        "import a from 'ä😀'\nimport posthog from 'posthog-js'\nconst s = '…'\n",
    ),
    "angle_bracket_assertion": (
        POSTHOG,
        "import a from 'a'\nconst b = <string>a\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\nconst b = <string>a\n",
    ),
    "error_far_away": (
        POSTHOG,
        "import a from 'a'\n\nrun(a)\n\nconst = 3\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\n\nrun(a)\n\nconst = 3\n",
    ),
    "name_in_an_inner_scope_is_no_conflict": (
        POSTHOG,
        "import a from 'a'\nconst f = (posthog) => posthog\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\nconst f = (posthog) => posthog\n",
    ),
    "code_in_strings_is_no_import": (
        POSTHOG,
        "import a from 'a'\nconst s = `import posthog from 'posthog-js'`\n",
        "import a from 'a'\nimport posthog from 'posthog-js'\nconst s = `import posthog from 'posthog-js'`\n",
    ),
}


@pytest.mark.parametrize(("codemod", "before", "after"), BEFORE_AFTER.values(), ids=BEFORE_AFTER)
def test_ensure_import(codemod: Codemod, before: str, after: str) -> None:
    only_adds = before not in ("import {} from '@posthog/react'\n",)
    check(codemod, before, after, only_adds=only_adds)


KEEPS: dict[str, tuple[Codemod, str]] = {
    "imported": (POSTHOG, "import posthog from 'posthog-js'\n"),
    "other_local_name": (POSTHOG, "import ph from 'posthog-js'\n"),
    "default_as": (POSTHOG, "import { default as ph } from 'posthog-js'\n"),
    "default_and_names": (BOTH, "import d, { b as x, a } from 'm'\n"),
    "two_statements": (BOTH, "import d from 'm'\nimport { a, b } from 'm'\n"),
    "commonjs_module": (POSTHOG, "const posthog = require('posthog-js')\n"),
    "commonjs_default": (POSTHOG, "const posthog = require('posthog-js').default\n"),
    "commonjs_names": (NODE, "const { PostHog: Client } = require('posthog-node')\n"),
    "commonjs_member": (NODE, "const PostHog = require('posthog-node').PostHog\n"),
    "import_equals": (POSTHOG, "import posthog = require('posthog-js')\n"),
    "side_effect": (DOTENV, "import a from 'a'\nimport 'dotenv/config'\n"),
    "side_effect_commonjs": (DOTENV, "require('dotenv/config')\nconst a = require('a')\n"),
    "side_effect_of_a_used_module": (ensure_import("m", side_effect=True), "import { a } from 'm'\n"),
}


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    check_keeps(codemod, text)


REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "import_without_a_name": (POSTHOG, "import # x\n{ a ph ]} from 'posthog-js'\n", "syntax", 1),
    "error_at_the_top": (NODE_CJS, "=> \nrun(a)\n", "syntax", 1),
    "error_below_the_imports": (NODE, "const a = require('a')\n// go\n=> \n(a)\n", "syntax", 3),
    "template_literal_without_an_end": (POSTHOG, "import a from 'a'\n\n\n\n\nrun(`)\n", "syntax", 6),
    "name_is_taken_by_import": (POSTHOG, "import a from 'a'\nimport posthog from './posthog'\n", "name posthog", 2),
    "name_is_taken_by_type": (NODE, "import type { PostHog } from 'posthog-node'\n", "name PostHog", 1),
    "name_is_taken_by_const": (POSTHOG, "import a from 'a'\n\nconst posthog = a()\n", "name posthog", 3),
    "name_is_taken_by_pattern": (POSTHOG, "import a from 'a'\nconst { x: [posthog] } = a\n", "name posthog", 2),
    "name_is_taken_by_function": (POSTHOG, "export function posthog() {}\n", "name posthog", 1),
    "name_is_taken_by_class": (NODE, "import a from 'a'\nexport default class PostHog {}\n", "name PostHog", 2),
    "shows_no_kind": (POSTHOG, "console.log(1)\n", "neither import nor require", None),
    "directive_and_code_in_one_line": (POSTHOG, "'use client'; export const a = 1\n", "several statements", 1),
    "one_line": (POSTHOG, "import a from 'a'; run(a)\n", "several statements", 1),
    "error_at_the_imports": (POSTHOG, "import a from 'a'\nimport { from 'b'\nrun()\n", "syntax", None),
}


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)


def test_local_name() -> None:
    text = "import ph, { A as B } from 'm'\nimport * as all from 'm'\nimport type { T } from 'm'\n"
    assert local_name(text, "m") == "ph"
    assert local_name(text, "m", "A") == "B"
    assert local_name(text, "m", "*") == "all"
    assert local_name(text, "m", "T") is None
    assert local_name(text, "n") is None
    assert local_name("const { a: b } = require('m')\n", "m", "a") == "b"
    assert local_name("const x = require('m')\n", "m") == "x"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import 'a'", "esm"),
        ("export const a = 1", "esm"),
        ("const a = require('a')", "cjs"),
        ("module.exports = {}", "cjs"),
        ("exports.a = 1", "cjs"),
        ("// require('a')\nconst s = 'module.exports'", None),
        ("foo.require('a')", None),
        ("const a = await import('a')", None),
    ],
)
def test_kind_of(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind
