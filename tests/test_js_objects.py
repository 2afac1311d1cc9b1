"""Config objects: found behind every wrapping people write, extended without touching what is there."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.objects import append_to_list, ensure_property
from wizard.edits import Codemod

FLAG = ensure_property("flag", "true")
NESTED = ensure_property("a.b.c", '"x"')
HEADER = ensure_property("server.proxy./ingest", '{ target: "https://x" }')
MODULE = append_to_list("modules", '"@posthog/nuxt"', lambda text: "@posthog/nuxt" in text)
PLUGIN = append_to_list("vite.plugins", "posthog()", r"\bposthog\(")

FOUND: dict[str, tuple[str, str]] = {
    "export_default": ("export default { a: 1 };\n", "export default { a: 1, flag: true };\n"),
    "named_with_type": (
        "const config: Config = {\n  a: 1,\n};\nexport default config;\n",
        "const config: Config = {\n  a: 1,\n  flag: true,\n};\nexport default config;\n",
    ),
    "comment_behind_a_method": (
        "export default {\n  a() {} // x\n}\n",
        "export default {\n  a() {}, // x\n  flag: true\n}\n",
    ),
    "comment_behind_a_function": (
        "module.exports = {\n  a: async () => {\n    b() // y\n  } /* x */\n}\n",
        "module.exports = {\n  a: async () => {\n    b() // y\n  }, /* x */\n  flag: true\n}\n",
    ),
    "empty_object": ("module.exports = {}\n", "module.exports = { flag: true }\n"),
    "only_a_comment": (
        "/** @type {import('next').NextConfig} */\nconst nextConfig = {\n  // options\n}\n\n"
        "module.exports = nextConfig\n",
        "/** @type {import('next').NextConfig} */\nconst nextConfig = {\n  // options\n  flag: true,\n}\n\n"
        "module.exports = nextConfig\n",
    ),
    "satisfies": ("export default { a: 1 } satisfies T;\n", "export default { a: 1, flag: true } satisfies T;\n"),
    "as_const": ("export default ({ a: 1 } as const);\n", "export default ({ a: 1, flag: true } as const);\n"),
    "call": ("export default defineConfig({\n  a,\n})\n", "export default defineConfig({\n  a,\n  flag: true,\n})\n"),
    "call_without_argument": (
        "export default defineConfig()\n",
        "export default defineConfig({\n  flag: true,\n})\n",
    ),
    "call_with_function": (
        "export default defineConfig(({ mode }) => {\n\tconst e = f(() => {\n\t\treturn 1\n\t})\n\treturn {\n\t\te\n"
        "\t}\n})\n",
        "export default defineConfig(({ mode }) => {\n\tconst e = f(() => {\n\t\treturn 1\n\t})\n\treturn {\n\t\te,\n"
        "\t\tflag: true\n\t}\n})\n",
    ),
    "arrow_with_object": (
        "export default (phase) => ({ a: phase });\n",
        "export default (phase) => ({ a: phase, flag: true });\n",
    ),
    "async_function": (
        "export default async function config(phase) {\n  const a = { b: 1 };\n  return a;\n}\n",
        "export default async function config(phase) {\n  const a = { b: 1, flag: true };\n  return a;\n}\n",
    ),
    "wrapped": (
        "const config = {};\nexport default withA(config, { b: 1 });\n",
        "const config = { flag: true };\nexport default withA(config, { b: 1 });\n",
    ),
    "wrapped_curried_and_nested": (
        "module.exports = withA(o)(withB({ a: 1 }, { c: 2 }))\n",
        "module.exports = withA(o)(withB({ a: 1, flag: true }, { c: 2 }))\n",
    ),
    "wrapped_later": (
        "module.exports = { a: 1 };\n\nmodule.exports = withSentryConfig(module.exports, { b: 1 });\n",
        "module.exports = { a: 1, flag: true };\n\nmodule.exports = withSentryConfig(module.exports, { b: 1 });\n",
    ),
    "name_wrapped_again": (
        "let config = { a: 1 };\nconfig = withA(config);\nexport default config;\n",
        "let config = { a: 1, flag: true };\nconfig = withA(config);\nexport default config;\n",
    ),
    "plugins_reduced": (
        "module.exports = () => plugins.reduce((acc, plugin) => plugin(acc), { a: 1 })\n",
        "module.exports = () => plugins.reduce((acc, plugin) => plugin(acc), { a: 1, flag: true })\n",
    ),
    "export_as_default": (
        "const c = { a };\nexport { c as default };\n",
        "const c = { a, flag: true };\nexport { c as default };\n",
    ),
    "export_equals": ("export = { a: 1 };\n", "export = { a: 1, flag: true };\n"),
    "function_declared_elsewhere": (
        "module.exports = config\nfunction config() {\n  return { a: 1 }\n}\n",
        "module.exports = config\nfunction config() {\n  return { a: 1, flag: true }\n}\n",
    ),
    "own_style": (
        "module.exports = {\n\ta: 'b', // last\n}\n",
        "module.exports = {\n\ta: 'b', // last\n\tflag: true,\n}\n",
    ),
    "spread_of_known_keys": (
        "const base = { a: 1 };\nexport default { ...base, ...(dev && { b: 1 }) };\n",
        "const base = { a: 1 };\nexport default { ...base, ...(dev && { b: 1 }), flag: true };\n",
    ),
    "methods": (
        "export default {\n  async a() {},\n  get b() { return 1 },\n}\n",
        "export default {\n  async a() {},\n  get b() { return 1 },\n  flag: true,\n}\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), FOUND.values(), ids=FOUND)
def test_finds_the_config(before: str, after: str) -> None:
    check(FLAG, before, after)


CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "blanks_at_line_ends": (
        MODULE,
        "export default {\n  modules: [\n    a, // b  \n  ],\n}\n",
        "export default {\n  modules: [\n    a, // b  \n    '@posthog/nuxt',\n  ],\n}\n".replace("'", '"'),
    ),
    "blanks_behind_a_lone_comment": (
        FLAG,
        "export default {\n  // none \n}\n",
        "export default {\n  // none \n  flag: true,\n}\n",
    ),
    "nested_all_missing": (
        NESTED,
        "export default {\n  z: 'z',\n}\n",
        "export default {\n  z: 'z',\n  a: {\n    b: {\n      c: 'x',\n    },\n  },\n}\n",
    ),
    "nested_partly_there": (
        NESTED,
        "const b = { d: 1 };\nexport default { a: { b } };\n",
        'const b = { d: 1, c: "x" };\nexport default { a: { b } };\n',
    ),
    "key_that_is_no_name": (
        HEADER,
        "export default {\n  server: {\n    proxy: {\n      '/api': 'http://a',\n    },\n  },\n}\n",
        "export default {\n  server: {\n    proxy: {\n      '/api': 'http://a',\n"
        "      '/ingest': { target: 'https://x' },\n    },\n  },\n}\n",
    ),
    "list_inline": (
        MODULE,
        "export default defineNuxtConfig({ modules: ['a'] })\n",
        "export default defineNuxtConfig({ modules: ['a', '@posthog/nuxt'] })\n",
    ),
    "list_on_lines": (
        MODULE,
        "export default defineNuxtConfig({\n  modules: [\n    'a',\n    'b' // b\n  ],\n})\n",
        "export default defineNuxtConfig({\n  modules: [\n    'a',\n    'b', // b\n    '@posthog/nuxt'\n  ],\n})\n",
    ),
    "list_missing": (
        MODULE,
        "export default defineNuxtConfig({\n  ssr: false,\n})\n",
        'export default defineNuxtConfig({\n  ssr: false,\n  modules: ["@posthog/nuxt"],\n})\n',
    ),
    "list_missing_in_missing": (
        PLUGIN,
        "export default defineConfig()\n",
        "export default defineConfig({\n  vite: {\n    plugins: [posthog()],\n  },\n})\n",
    ),
    "list_filtered": (
        PLUGIN,
        "export default { vite: { plugins: [a(), dev && b()].filter(Boolean) } }\n",
        "export default { vite: { plugins: [a(), dev && b(), posthog()].filter(Boolean) } }\n",
    ),
    "over_spread": (
        ensure_property("flag", "true", over_spread=True),
        "export default { ...base() };\n",
        "export default { ...base(), flag: true };\n",
    ),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    check(codemod, before, after)


def test_one_line_config_opens_up() -> None:
    check(
        NESTED,
        "module.exports = { z: 1 };\n",
        'module.exports = {\n  z: 1,\n  a: {\n    b: {\n      c: "x",\n    },\n  },\n};\n',
    )


KEEPS: dict[str, tuple[Codemod, str]] = {
    "there": (FLAG, "export default { flag: false }\n"),
    "there_quoted": (FLAG, "export default { 'flag': false }\n"),
    "there_as_shorthand": (FLAG, "const flag = 1\nexport default { flag }\n"),
    "there_as_method": (FLAG, "export default { flag() {} }\n"),
    "there_in_wrapper": (FLAG, "const c = { flag: 1 }\nexport default withA(c)\n"),
    "nested": (NESTED, "export default { a: { b: { c: null } } }\n"),
    "list": (MODULE, "export default defineNuxtConfig({ modules: ['@posthog/nuxt'] })\n"),
}


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    check_keeps(codemod, text)


REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "wrapped_too_often": (FLAG, "export default " + "withA(" * 80 + "{}" + ")" * 80 + "\n", "too often", 1),
    "too_many_names": (
        FLAG,
        "".join(f"const a{n} = a{n + 1}\n" for n in range(80)) + "const a80 = {}\nexport default a0\n",
        "too often",
        61,
    ),
    "too_long": (FLAG, "export default { a: 1 }\n" + "// filler\n" * 60_000, "", None),
    "line_ends_of_old_macs": (FLAG, "export default {\r  // none\r}\n", "", None),
    "holes": (MODULE, "export default {\n  modules: [a, , b],\n}\n", "empty places", 2),
    "hole_first": (MODULE, "export default { modules: [, b] }\n", "empty places", 1),
    "two_commas": (FLAG, "export default { a: 1,, b: 2 }\n", "empty places", 1),
    "name_is_not_ascii": (FLAG, "import \u00fc from 'u'\nexport default \u00fc\n", "takes .xfc from", 2),
    "no_export": (FLAG, "const a = {}\n", "exports no", None),
    "imported": (FLAG, "import c from './c'\nexport default c\n", "takes c from somewhere else", 2),
    "imported_spread": (FLAG, "import c from './c'\nexport default { a: 1, ...c }\n", "spreads 'c'", 2),
    "key_in_spread": (FLAG, "const c = { flag: 1 }\nexport default {\n  ...c,\n}\n", "gets flag from a spread", 3),
    "computed_key": (FLAG, "export default {\n  [k]: 1,\n}\n", "computed", 2),
    "conditional": (FLAG, "export default dev ? { a: 1 } : {}\n", "a ternary expression", 1),
    "two_returns": (FLAG, "export default (p) => {\n  if (p) return {}\n  return { a: 1 }\n}\n", "2 returns", 1),
    "no_return": (FLAG, "export default () => {}\n", "0 returns", 1),
    "generator": (FLAG, "export default function* () { return {} }\n", "generator", 1),
    "unknown_call": (FLAG, "export default merge({ a: 1 }, b)\n", "a call expression", 1),
    "wrapper_of_list": (FLAG, "export default withPlugins([a], {})\n", "a call expression", 1),
    "class": (FLAG, "export default class A {}\n", "class declaration", 1),
    "parameter": (FLAG, "export default (config) => config\n", "as a parameter", 1),
    "assigned_again": (FLAG, "let c = {}\nif (a) c = {}\nexport default c\n", "assigns c again", 2),
    "conditional_export": (FLAG, "if (a) {\n  module.exports = {}\n}\n", "under a condition", 2),
    "itself": (FLAG, "const a = b\nconst b = a\nexport default a\n", "refers to itself", None),
    "nested_is_no_object": (
        NESTED,
        "export default {\n  a: f(),\n}\n",
        "call expression where this tool needs an object",
        2,
    ),
    "nested_is_function": (NESTED, "export default {\n  a() {},\n}\n", "method definition", 2),
    "list_is_no_array": (MODULE, "export default {\n  modules: mods(),\n}\n", "needs an array", 2),
    "reexported": (FLAG, "export { default } from './c'\n", "exports no", None),
    "syntax_error": (FLAG, "export default { a: 1, b: = }\n", "syntax", 1),
}


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)
