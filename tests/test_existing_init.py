"""How JavaScript sets PostHog up, however it is written: found, and nothing else is."""

from __future__ import annotations

import pytest

from wizard.existing.init import set_ups

IMPORT = 'import posthog from "posthog-js";\n'

FOUND: dict[str, tuple[str, str, list[str]]] = {
    "plain": ("a.ts", IMPORT + "posthog.init(KEY, { api_host: HOST });\n", ["2 init"]),
    "single_quotes_no_semicolons": ("a.js", "import posthog from 'posthog-js'\nposthog.init(KEY)\n", ["2 init"]),
    "named_import": ("a.ts", 'import { posthog } from "posthog-js";\nposthog.init(KEY);\n', ["2 init"]),
    "other_name": ("a.ts", 'import analytics from "posthog-js";\nanalytics.init(KEY);\n', ["2 init"]),
    "renamed": ("a.ts", 'import { posthog as ph } from "posthog-js";\nph.init(KEY);\n', ["2 init"]),
    "namespace": ("a.ts", 'import * as sdk from "posthog-js";\nsdk.default.init(KEY);\n', ["2 init"]),
    "namespace_named": ("a.ts", 'import * as sdk from "posthog-js";\nsdk.posthog.init(KEY);\n', ["2 init"]),
    "without_external": ("a.ts", 'import p from "posthog-js/dist/module.no-external";\np.init(KEY);\n', ["2 init"]),
    "require": ("a.cjs", 'const ph = require("posthog-js").default;\nph.init(KEY);\n', ["2 init"]),
    "require_destructured": ("a.cjs", 'const { posthog: p } = require("posthog-js");\np.init(KEY);\n', ["2 init"]),
    "require_in_place": ("a.cjs", 'require("posthog-js").default.init(KEY);\n', ["1 init"]),
    "import_equals": ("a.ts", 'import ph = require("posthog-js");\nph.init(KEY);\n', ["2 init"]),
    "await_import": (
        "a.ts",
        'async function go() {\n  const { default: sdk } = await import("posthog-js");\n  sdk.init(KEY);\n}\n',
        ["3 init"],
    ),
    "await_import_in_place": ("a.ts", '(await import("posthog-js")).default.init(KEY);\n', ["1 init"]),
    "then": ("a.ts", 'import("posthog-js").then(({ default: sdk }) => {\n  sdk.init(KEY);\n});\n', ["2 init"]),
    "then_module": ("a.ts", 'import("posthog-js").then((m) => m.default.init(KEY));\n', ["1 init"]),
    "then_function": ("a.ts", 'import("posthog-js").then(function (m) {\n  m.default.init(KEY);\n});\n', ["2 init"]),
    "held_in_a_variable": (
        "a.ts",
        'import("posthog-js");\nlet sdk;\nsdk = (await import("posthog-js")).default;\nsdk.init(KEY);\n',
        ["4 init"],
    ),
    "behind_window": ("a.ts", IMPORT + 'if (typeof window !== "undefined") {\n  posthog.init(KEY);\n}\n', ["3 init"]),
    "behind_consent": (
        "a.ts",
        IMPORT + 'cookies.on("accept", () => posthog.init(KEY, { persistence }));\n',
        ["2 init"],
    ),
    "in_an_effect": (
        "a.tsx",
        IMPORT
        + "export function P() {\n  useEffect(() => {\n    posthog.init(KEY);\n  }, []);\n  return <div />;\n}\n",
        ["4 init"],
    ),
    "in_a_hook": ("a.ts", IMPORT + "export const useAnalytics = () => { posthog.init(KEY); };\n", ["2 init"]),
    "in_a_class": ("a.ts", IMPORT + "class A {\n  start() {\n    posthog.init(KEY, {});\n  }\n}\n", ["4 init"]),
    "optional_call": ("a.ts", IMPORT + "posthog?.init(KEY);\n", ["2 init"]),
    "non_null": ("a.ts", IMPORT + "posthog!.init(KEY!);\n", ["2 init"]),
    "brackets": ("a.ts", IMPORT + 'posthog["init"](KEY);\n', ["2 init"]),
    "broken_over_lines": ("a.ts", IMPORT + "posthog\n  .init(\n    KEY,\n  );\n", ["2 init"]),
    "window_posthog": ("a.ts", "window.posthog.init(KEY);\n", ["1 init"]),
    "this_posthog": ("a.ts", "class A { start() { this.posthog.init(KEY, {}); } }\n", ["1 init"]),
    "from_a_module_of_that_name": ("a.ts", 'import { posthog } from "./sdk";\nposthog.init(KEY);\n', ["2 init"]),
    "both_branches": ("a.ts", IMPORT + "if (dev) posthog.init(A);\nelse posthog.init(B);\n", ["2 init", "3 init"]),
    "crlf": ("a.ts", IMPORT.replace("\n", "\r\n") + "posthog.init(KEY);\r\n", ["2 init"]),
    "not_ascii": ("a.ts", IMPORT + "// \u00fcber \U0001f600\nconst s = '\u00e4';\nposthog.init(KEY);\n", ["4 init"]),
    "provider": (
        "a.tsx",
        'import { PostHogProvider } from "posthog-js/react";\nrender(<PostHogProvider apiKey={K} options={{}}/>);\n',
        ["2 provider"],
    ),
    "provider_renamed": (
        "a.tsx",
        'import { PostHogProvider as PH } from "@posthog/react";\nrender(<PH apiKey="phc_x"><App /></PH>);\n',
        ["2 provider"],
    ),
    "provider_namespace": (
        "a.tsx",
        'import * as PH from "posthog-js/react";\nrender(<PH.PostHogProvider apiKey={K} />);\n',
        ["2 provider"],
    ),
    "provider_over_lines": (
        "a.tsx",
        'import { PostHogProvider } from "posthog-js/react";\nrender(\n  <PostHogProvider\n    apiKey={K}\n  />);\n',
        ["3 provider"],
    ),
    "provider_arrow_in_an_attribute": (
        "a.tsx",
        'import { PostHogProvider } from "posthog-js/react";\n'
        "render(<PostHogProvider options={{ loaded: (p) => p.debug() }} apiKey={K} />);\n",
        ["2 provider"],
    ),
    "create_element": (
        "a.js",
        'import { PostHogProvider } from "posthog-js/react";\ncreateElement(PostHogProvider, { apiKey: K }, x);\n',
        ["2 provider"],
    ),
    "snippet_in_html": (
        "index.html",
        "<head>\n<script>!function(t,e){var s='/static/array.js'}(document,[]);\nposthog.init('phc_x')\n"
        "</script></head>",
        ["3 snippet"],
    ),
    "snippet_in_astro": (
        "a.astro",
        "---\n---\n<script is:inline>\n!function(t,e){window.posthog=e}();\nposthog.init('x',{})\n</script>\n",
        ["5 snippet"],
    ),
    "snippet_in_document": (
        "_document.js",
        "export default () => <script dangerouslySetInnerHTML={{ __html: `!function(t){p=t+'/static/array.js'}();"
        "posthog.init('x')` }} />;\n",
        ["1 snippet"],
    ),
    "snippet_in_next_script": (
        "layout.tsx",
        "export default () => <Script id='ph'>{`!function(t,e){window.posthog=e}()`}</Script>;\n",
        ["1 snippet"],
    ),
    "loader_by_hand": (
        "a.js",
        'const s = document.createElement("script");\ns.src = "https://us-assets.i.posthog.com/static/array.js";\n',
        ["2 snippet"],
    ),
    "vue": ("App.vue", "<script setup>\n" + IMPORT + "posthog.init(KEY)\n</script>\n<template/>\n", ["3 init"]),
    "svelte": ("a.svelte", "<p/>\n<script>\n" + IMPORT + "posthog.init(KEY)\n</script>\n", ["4 init"]),
    "astro_script": (
        "a.astro",
        "---\nconst a = 1;\n---\n<script>\n" + IMPORT + "posthog.init(K);\n</script>",
        ["6 init"],
    ),
    "html_module": ("i.html", '<script type="module">\n' + IMPORT + "posthog.init(K);\n</script>", ["3 init"]),
    "integration": ("nuxt.config.ts", 'export default { modules: ["@posthog/nuxt"] };\n', ["1 integration"]),
    "integration_imported": ("a.mjs", 'import posthog from "astro-posthog";\nposthog();\n', ["1 integration"]),
    "hook_of_somebody_else": (
        "_app.js",
        "import a from 'a'\nimport { usePostHog } from 'next-use-posthog'\nusePostHog('x', {})\n",
        ["2 integration"],
    ),
    "plugin_of_somebody_else": ("a.js", 'const vue = require("vue-plugin-posthog");\n', ["1 integration"]),
    "node": ("a.ts", 'import { PostHog } from "posthog-node";\nexport const p = new PostHog(KEY);\n', ["2 client"]),
    "node_renamed": ("a.ts", 'import { PostHog as C } from "posthog-node";\nnew C(KEY);\n', ["2 client"]),
    "node_default": ("a.ts", 'import C from "posthog-node";\nnew C(KEY);\n', ["2 client"]),
    "node_namespace": ("a.ts", 'import * as node from "posthog-node";\nnew node.PostHog(KEY);\n', ["2 client"]),
    "node_require": ("a.cjs", 'const { PostHog } = require("posthog-node");\nnew PostHog(KEY);\n', ["2 client"]),
    "node_lazy": (
        "a.ts",
        'import { PostHog } from "posthog-node";\nlet c;\nexport const get = () => (c ??= new PostHog(KEY));\n',
        ["3 client"],
    ),
    "node_from_a_module": ("a.ts", 'import { PostHog } from "./sdk";\nnew PostHog(KEY);\n', ["2 client"]),
}

NOT_FOUND: dict[str, tuple[str, str]] = {
    "line_comment": ("a.ts", IMPORT + "// posthog.init(KEY);\n"),
    "block_comment": ("a.ts", IMPORT + "/*\nposthog.init(KEY);\n*/\n"),
    "jsx_comment": ("a.tsx", IMPORT + "const a = <div>{/* posthog.init(KEY) */}</div>;\n"),
    "html_comment": ("a.html", "<!-- <script>posthog.init('x'); '/static/array.js'</script> -->"),
    "string": ("a.ts", 'const help = "call posthog.init(KEY)";\n'),
    "template": ("a.ts", "const help = `new PostHog(KEY)`;\n"),
    "shown_snippet": ("a.tsx", "import x from 'y';\nexport default () => <pre>{'window.posthog=e'}</pre>;\n"),
    "jsx_text": ("a.tsx", "export default () => <p>posthog.init(KEY) and new PostHog(KEY)</p>;\n"),
    "capture_only": ("a.ts", IMPORT + 'posthog.capture("x");\nposthog.identify(id);\n'),
    "provider_with_a_client": (
        "a.tsx",
        IMPORT + 'import { PostHogProvider } from "posthog-js/react";\nrender(<PostHogProvider client={posthog}/>);\n',
    ),
    "own_component_of_that_name": (
        "a.tsx",
        'import { PostHogProvider } from "./providers";\nrender(<PostHogProvider apiKey={K} />);\n',
    ),
    "other_init_beside": ("a.ts", IMPORT + 'import * as Sentry from "@sentry/react";\nSentry.init({ dsn });\n'),
    "other_init_after_a_lazy_load": (
        "a.ts",
        'import * as Sentry from "@sentry/react";\nimport("posthog-js").then(() => Sentry.init({}));\n',
    ),
    "own_service": ("a.ts", 'import { posthogService } from "./x";\nposthogService.init();\n'),
    "own_function": ("a.ts", 'import { init } from "./posthog";\ninit(KEY);\n'),
    "type_only": ("a.ts", 'import type { PostHog } from "posthog-js";\nlet p: PostHog;\n'),
    "declaration": ("a.ts", "declare global { interface Window { posthog: PostHog } }\n"),
    "other_class": ("a.ts", 'import { PostHog } from "posthog-react-native";\nconst t = typeof PostHog;\n'),
    "json_block": ("a.html", '<script type="application/json">{"a": "posthog.init(KEY, {})"}</script>'),
    "name_in_a_text": ("a.ts", 'const plugins = `we like @posthog/nuxt`; const b = "nothing: nuxt-posthog here";\n'),
    "no_mention": ("a.ts", "app.init(1);\n"),
}


@pytest.mark.parametrize("case", FOUND)
def test_found(case: str) -> None:
    path, text, expected = FOUND[case]
    assert [f"{one.line} {one.kind}" for one in set_ups(path, text)] == expected


@pytest.mark.parametrize("case", NOT_FOUND)
def test_not_found(case: str) -> None:
    path, text = NOT_FOUND[case]
    assert set_ups(path, text) == []


OPTIONS: dict[str, tuple[str, list[str] | None]] = {
    "literal": ("posthog.init(K, { api_host: H, defaults: 'x' });", ["api_host", "defaults"]),
    "quoted_keys": ("posthog.init(K, { 'api_host': H });", ["api_host"]),
    "shorthand": ("posthog.init(K, { api_host });", ["api_host"]),
    "method": ("posthog.init(K, { loaded(p) { p.debug() } });", ["loaded"]),
    "constant": ("const o = { api_host: H };\nposthog.init(K, o);", ["api_host"]),
    "cast": ("posthog.init(K, { api_host: H } as Partial<Config>);", ["api_host"]),
    "satisfies": ("posthog.init(K, { api_host: H } satisfies Config);", ["api_host"]),
    "spread_of_a_literal": (
        "const o = { api_host: H };\nposthog.init(K, { ...o, debug: true });",
        ["api_host", "debug"],
    ),
    "none": ("posthog.init(K);", []),
    "spread": ("posthog.init(K, { ...rest, api_host: H });", None),
    "spread_condition": ("posthog.init(K, { ...(dev && { debug: true }) });", None),
    "imported": ('import { options } from "./o";\nposthog.init(K, options);', None),
    "parameter": ("const f = (o) => posthog.init(K, o);", None),
    "computed": ("posthog.init(K, { [key]: 1 });", None),
    "call": ("posthog.init(K, options());", None),
    "ternary": ("posthog.init(K, dev ? { debug: true } : { api_host: H });", None),
    "spread_of_itself": ("const o = { ...o, a: 1 };\nposthog.init(K, o);", None),
    "assigned_again": ("let o = { a: 1 };\no = other;\nposthog.init(K, o);", None),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(case: str) -> None:
    text, expected = OPTIONS[case]
    (one,) = set_ups("a.ts", IMPORT + text + "\n")
    assert (list(one.options.values) if one.options else None) == expected


VARIABLES: dict[str, tuple[str, str | None]] = {
    "next": ("posthog.init(process.env.NEXT_PUBLIC_POSTHOG_KEY!);", "NEXT_PUBLIC_POSTHOG_KEY"),
    "vite": ("posthog.init(import.meta.env.VITE_KEY);", "VITE_KEY"),
    "brackets": ('posthog.init(process.env["KEY"]);', "KEY"),
    "constant": ("const token = process.env.KEY;\nif (token) posthog.init(token);", "KEY"),
    "fallback": ('posthog.init(process.env.KEY ?? "");', "KEY"),
    "written_fallback": ('posthog.init(process.env.KEY ?? "phc_x");', None),
    "literal": ('posthog.init("phc_x");', None),
    "two": ("posthog.init(dev ? process.env.A : process.env.B);", None),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(case: str) -> None:
    text, expected = VARIABLES[case]
    (one,) = set_ups("a.ts", IMPORT + text + "\n")
    assert one.variables[0] == expected
