"""Which set-ups count: those in files that the app loads, by whatever way of importing them."""

from __future__ import annotations

import time

import pytest

from tests.existing_case import PACKAGE, Files, app, found, javascript
from wizard.existing import survey

INIT = 'import posthog from "posthog-js";\nposthog.init(KEY);\n'
HERE = "lib/posthog.ts"
PAGE = {"index.html": '<div id="root"></div>\n<script type="module" src="/src/main.tsx"></script>\n'}


def page(main: str, **more: str) -> dict[str, str]:
    """A Vite app whose entry file is `main`, with an init in src/lib/posthog.ts."""
    return {**PAGE, "src/main.tsx": main, "src/lib/posthog.ts": INIT, **more}


def config(options: str) -> str:
    return f'{{\n  // how it is built\n  "compilerOptions": {{ {options}, }},\n}}\n'


LOADED: dict[str, Files] = {
    "relative": page('import "./lib/posthog";\n'),
    "with_extension": page('import "./lib/posthog.ts";\n'),
    "js_for_ts": page('import "./lib/posthog.js";\n'),
    "query": page('import x from "./lib/posthog?url";\n'),
    "require": page('require("./lib/posthog");\n'),
    "lazy": page('setTimeout(() => import("./lib/posthog"), 1000);\n'),
    "lazy_with_a_comment": page('import(/* webpackChunkName: "p" */ "./lib/posthog");\n'),
    "from": page('import { posthog } from "./lib/posthog";\n'),
    "over_lines": page('import {\n  posthog,\n  type X,\n} from "./lib/posthog";\n'),
    "re_export": page('import { track } from "./lib";\n', **{"src/lib/index.ts": 'export * from "./posthog";\n'}),
    "re_export_chain": page(
        'import { a } from "./a";\n',
        **{"src/a.ts": 'export { a } from "./b";\n', "src/b.ts": 'export { posthog as a } from "./lib/posthog";\n'},
    ),
    "paths": page(
        'import "@/lib/posthog";\n', **{"tsconfig.json": config('"baseUrl": ".", "paths": { "@/*": ["./src/*"] }')}
    ),
    "paths_to_one_file": page(
        'import "analytics";\n', **{"tsconfig.json": config('"paths": { "analytics": ["src/lib/posthog.ts"] }')}
    ),
    "paths_in_a_referenced_config": page(
        'import "#p";\n',
        **{
            "tsconfig.json": '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }',
            "tsconfig.app.json": '{ "compilerOptions": { /* Bundler */ "paths": { "#p": ["./src/lib/posthog"] } } }',
        },
    ),
    "paths_extended": page(
        'import "sdk";\n',
        **{
            "tsconfig.json": '{ "extends": "./config/base.json" }',
            "config/base.json": '{ "compilerOptions": { "paths": { "sdk": ["../src/lib/posthog"] } } }',
        },
    ),
    "base_url": page('import "lib/posthog";\n', **{"jsconfig.json": config('"baseUrl": "src"')}),
    "package_imports": page(
        'import "#ph";\n', **{"package.json": PACKAGE[:-1] + ', "imports": { "#ph": "./src/lib/posthog.ts" }}'}
    ),
    "alias_of_a_bundler": page('import "~/lib/posthog";\n'),
    "from_src": page('import "src/lib/posthog";\n'),
    "deep": page(
        'import "./s0";\n',
        **{f"src/s{i}.ts": f'import "./s{i + 1}";\n' for i in range(40)},
        **{"src/s40.ts": 'import "./lib/posthog";\n'},
    ),
    "mutual": page(
        'import "./a";\n',
        **{"src/a.ts": 'import "./b";\n', "src/b.ts": 'import "./a";\nimport "./lib/posthog";\n'},
    ),
    "beside_missing_files": page('import "./gone";\nimport "./lib/posthog";\nimport "@/none";\n'),
    "glob": page('const all = import.meta.glob("./lib/*.ts", { eager: true });\n'),
    "template": page("const m = (name) => import(`./lib/${name}.ts`);\n"),
    "context": page('require.context("./lib", true, /ts$/);\n'),
    "computed": page("const m = (path) => import(path);\n"),
    "vue": page(
        'import App from "./App.vue";\n', **{"src/App.vue": '<script setup>\nimport "./lib/posthog";\n</script>'}
    ),
    "worker": page('new Worker(new URL("./lib/posthog.ts", import.meta.url));\n'),
    "inline_script": {**page(""), "index.html": '<script type="module">\nimport "./src/lib/posthog.ts";\n</script>'},
    "named_by_a_config": {
        **page(""),
        "vite.config.ts": 'export default { build: { lib: { entry: "src/lib/posthog.ts" } } };',
    },
    "named_by_a_script": {
        "package.json": PACKAGE[:-1] + ', "scripts": { "start": "tsx src/lib/posthog.ts" }}',
        "src/lib/posthog.ts": INIT,
    },
    "built_file": {
        "package.json": PACKAGE[:-1] + ', "main": "dist/lib/posthog.js" }',
        "src/lib/posthog.ts": INIT,
    },
    "main": {"package.json": PACKAGE[:-1] + ', "main": "src/lib/posthog" }', "src/lib/posthog.ts": INIT},
    "client_instrumentation": {"src/instrumentation-client.ts": 'import "./lib/posthog";', "src/lib/posthog.ts": INIT},
    "app_router": {
        "src/app/layout.tsx": 'import { Providers } from "./providers";\n',
        "src/app/providers.tsx": 'import "../lib/posthog";\n',
        "src/lib/posthog.ts": INIT,
    },
    "pages_router": {"src/pages/_app.tsx": 'import "../lib/posthog";\n', "src/lib/posthog.ts": INIT},
    "astro_page": {
        "src/pages/index.astro": '---\nimport L from "../layouts/L.astro";\n---\n<L />\n',
        "src/layouts/L.astro": '<script>\nimport "../lib/posthog";\n</script>\n',
        "src/lib/posthog.ts": INIT,
    },
    "template_folder_of_the_app": page(
        'import "./templates/base";\n', **{"src/templates/base.ts": 'import "../lib/posthog";'}
    ),
    "glob_below": page('const all = import.meta.glob("./**/*.ts");\n/* all of them */\n'),
    "behind_a_glob_in_a_string": page('const a = "src/*";\nimport "./lib/posthog";\n/* done */\n'),
    "behind_an_exported_type": page('export type A = { b: string }\nexport * from "./lib/posthog"\n'),
    "behind_a_url": page('const u = "https://x.io"; import("./lib/posthog");\n'),
    "page_below": {
        "client/index.html": '<script type="module" src="/src/main.tsx"></script>\n',
        "client/src/main.tsx": 'import "./lib/posthog";\n',
        "client/src/lib/posthog.ts": INIT,
    },
    "markdown_page": {
        "src/pages/a.mdx": 'import { x } from "../lib/posthog";\n\n# Hello\n',
        "src/lib/posthog.ts": INIT,
    },
    "no_start_known": {"source/lib/posthog.ts": INIT},
}

IDLE: dict[str, Files] = {
    "nobody": page("render();\n"),
    "commented_out": page('// import "./lib/posthog";\n/* import "./lib/posthog"; */\n'),
    "only_types": page('import type { posthog } from "./lib/posthog";\nexport type { X } from "./lib/posthog";\n'),
    "only_its_test": page("", **{"src/lib/posthog.test.ts": 'import "./posthog";\n'}),
    "only_a_story": page("", **{"src/lib/a.stories.tsx": 'import "./posthog";\n'}),
    "only_storybook": page("", **{".storybook/preview.ts": 'import "../src/lib/posthog";\n'}),
    "only_dead_code": page("", **{"src/lib/old.ts": 'import "./posthog";\n'}),
    "only_docs": page("", **{"docs/index.html": '<script src="../src/lib/posthog.ts"></script>\n'}),
    "another_of_that_name": page('import "./features/posthog";\n', **{"src/features/posthog.ts": "export {};\n"}),
    "a_package_of_that_name": page('import "react/lib/posthog";\n'),
    "in_a_sentence": page('const text = "see lib/posthog";\n'),
    "computed_by_a_configuration": page("", **{"next.config.js": "require(path.join(__dirname, name));\n"}),
    "old_route_component": {
        "app/layout.tsx": "export default () => <html />;\n",
        "app/old/lib/posthog.ts": INIT,
    },
}


@pytest.mark.parametrize("case", LOADED)
def test_counts_when_it_is_loaded(case: str) -> None:
    active, idle = found(javascript(LOADED[case]), "javascript")
    assert [site.endswith(f"{HERE}:2 init") for site in active] == [True]
    assert idle == []


@pytest.mark.parametrize("case", IDLE)
def test_is_only_told_when_nothing_loads_it(case: str) -> None:
    active, idle = found(javascript(IDLE[case]), "javascript")
    assert active == []
    assert [site.endswith(f"{HERE}:2 init") for site in idle] == [True]


FOLLOWED: dict[str, tuple[Files, list[str]]] = {
    "renamed_on_the_way": (
        page('import { analytics } from "./sdk";\nanalytics.init(POSTHOG_KEY);\n')
        | {"src/lib/posthog.ts": "", "src/sdk.ts": 'export { default as analytics } from "posthog-js";\n'},
        ["src/main.tsx:2 init"],
    ),
    "through_a_barrel": (
        page('import { analytics } from "@/sdk";\nanalytics.init(POSTHOG_KEY);\n')
        | {
            "src/lib/posthog.ts": 'import sdk from "posthog-js";\nexport { sdk as analytics };\n',
            "src/sdk/index.ts": 'export * from "../lib/posthog";\n',
        },
        ["src/main.tsx:2 init"],
    ),
    "default_export": (
        page('import analytics from "./sdk";\nanalytics.init(POSTHOG_KEY);\n')
        | {"src/lib/posthog.ts": "", "src/sdk.ts": 'import ph from "posthog-js";\nexport default ph;\n'},
        ["src/main.tsx:2 init"],
    ),
    "common_js": (
        page('const { analytics } = require("./sdk");\nanalytics.init(POSTHOG_KEY);\n')
        | {
            "src/lib/posthog.ts": "",
            "src/sdk.js": 'const ph = require("posthog-js");\nmodule.exports = { analytics: ph };\n',
        },
        ["src/main.tsx:2 init"],
    ),
    "exports_assigned": (
        page('const { analytics } = require("./sdk");\nanalytics.init(POSTHOG_KEY);\n')
        | {"src/lib/posthog.ts": "", "src/sdk.js": 'exports.analytics = require("posthog-js").default;\n'},
        ["src/main.tsx:2 init"],
    ),
    "constant": (
        page('import { analytics } from "./sdk";\nanalytics.init(POSTHOG_KEY);\n')
        | {"src/lib/posthog.ts": "", "src/sdk.ts": 'import ph from "posthog-js";\nexport const analytics = ph;\n'},
        ["src/main.tsx:2 init"],
    ),
    "something_else": (
        page('import { analytics } from "./sdk";\nanalytics.init(POSTHOG_KEY);\n')
        | {"src/lib/posthog.ts": "", "src/sdk.ts": 'export { default as analytics } from "mixpanel-browser";\n'},
        [],
    ),
    "in_a_circle": (
        page('import { analytics } from "./a";\nanalytics.init(POSTHOG_KEY);\n')
        | {
            "src/lib/posthog.ts": "",
            "src/a.ts": 'export { analytics } from "./b";\n',
            "src/b.ts": 'export { analytics } from "./a";\n',
        },
        [],
    ),
}


@pytest.mark.parametrize("case", FOLLOWED)
def test_follows_the_name_of_the_sdk(case: str) -> None:
    files, expected = FOLLOWED[case]
    assert found(javascript(files), "javascript")[0] == expected


MONOREPO = {
    "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
    "apps/web/package.json": PACKAGE,
    "apps/web/index.html": PAGE["index.html"],
    "apps/web/src/main.tsx": 'import { start } from "@acme/sdk/client";\n',
    "apps/admin/package.json": '{"name": "admin", "dependencies": {"posthog-js": "1"}}',
    "apps/admin/src/main.tsx": INIT,
    "packages/sdk/package.json": '{"name": "@acme/sdk", "exports": {"./client": "./src/browser.ts"}}',
    "packages/sdk/src/browser.ts": INIT,
    "packages/other/package.json": '{"name": "@acme/other"}',
    "packages/other/src/index.ts": INIT,
}


def test_an_init_in_a_package_that_the_app_imports_counts_and_one_in_another_app_does_not() -> None:
    assert found(app(MONOREPO, "apps/web"), "javascript") == (["../../packages/sdk/src/browser.ts:2 init"], [])


def test_a_package_that_the_app_does_not_import_does_not_count() -> None:
    files = {**MONOREPO, "apps/web/src/main.tsx": "render();\n"}
    assert found(app(files, "apps/web"), "javascript") == ([], [])


def test_an_init_behind_two_packages_counts() -> None:
    files = {
        **MONOREPO,
        "apps/web/src/main.tsx": 'import { Theme } from "@acme/ui";\n',
        "apps/web/package.json": '{"dependencies": {"@acme/ui": "workspace:*"}}',
        "packages/ui/package.json": '{"name": "@acme/ui", "dependencies": {"@acme/sdk": "workspace:*"}}',
        "packages/ui/src/index.ts": 'export { start } from "@acme/sdk/client";\n',
    }
    assert found(app(files, "apps/web"), "javascript") == (["../../packages/sdk/src/browser.ts:2 init"], [])
    files["packages/ui/src/index.ts"] = "export const Theme = 1;\n"
    assert found(app(files, "apps/web"), "javascript") == ([], [])
    files["packages/sdk/package.json"] = '{"name": "@acme/sdk", "dependencies": {"@acme/ui": "workspace:*"}}'
    assert found(app(files, "apps/web"), "javascript") == ([], []), "two packages that need each other"


def test_the_root_app_does_not_count_the_apps_below_it() -> None:
    files = {"package.json": PACKAGE, **PAGE, "src/main.tsx": "", **{k: v for k, v in MONOREPO.items() if "/" in k}}
    nested = ("apps/web", "apps/admin", "packages/sdk", "packages/other")
    assert found(app(files, nested=nested), "javascript") == ([], [])


PYTHON = "from posthog import Posthog\nclient = Posthog(KEY)\n"
HOME = "shop/analytics.py"


def flask(main: str, **more: str) -> dict[str, str]:
    return {"app.py": main, "shop/__init__.py": "", HOME: PYTHON, **more}


PYTHON_LOADED: dict[str, Files] = {
    "import": flask("import shop.analytics\n"),
    "continued_line": flask("from shop import models, \\\n    analytics\n"),
    "import_as": flask("import shop.analytics as a\n"),
    "from": flask("from shop.analytics import client\n"),
    "from_package": flask("from shop import analytics\n"),
    "from_package_several": flask("from shop import (\n    models,\n    analytics,  # events\n)\n"),
    "from_package_renamed": flask("from shop import models as m, analytics as a\n"),
    "inside_a_function": flask("def create_app():\n    from shop.analytics import client\n    return client\n"),
    "package_init": flask("import shop.views\n", **{"shop/__init__.py": "from . import analytics\n"}),
    "relative": flask("import shop.views\n", **{"shop/views.py": "from .analytics import client\n"}),
    "relative_up": flask(
        "import shop.web.views\n",
        **{"shop/web/__init__.py": "", "shop/web/views.py": "from ..analytics import client\n"},
    ),
    "dotted_string": flask('EXTENSIONS = ["shop.analytics"]\n'),
    "dotted_string_with_a_name": flask('EXTENSIONS = ["shop.analytics:client"]\n'),
    "import_module": flask('importlib.import_module("shop.analytics")\n'),
    "computed": flask("for name in names:\n    importlib.import_module(name)\n"),
    "without_a_package": {"app.py": "import shop.analytics\n", HOME: PYTHON},
    "source_folder": {
        "src/shop/main.py": "from shop.analytics import client\n",
        "src/shop/__init__.py": "",
        f"src/{HOME}": PYTHON,
    },
    "start_command": {"Procfile": "web: gunicorn shop.analytics:client\n", "shop/__init__.py": "", HOME: PYTHON},
    "django_app": {
        "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n',
        "mysite/settings.py": 'INSTALLED_APPS = ["shop"]\n',
        "shop/__init__.py": "",
        "shop/apps.py": "class ShopConfig(AppConfig):\n    def ready(self):\n        from . import analytics\n",
        HOME: PYTHON,
    },
    "management_command": {
        "manage.py": "",
        "shop/__init__.py": "",
        "shop/management/commands/run.py": "from shop import analytics\n",
        HOME: PYTHON,
    },
    "mutual": flask(
        "import shop.a\n", **{"shop/a.py": "import shop.b\n", "shop/b.py": "import shop.a, shop.analytics\n"}
    ),
}

PYTHON_IDLE: dict[str, Files] = {
    "nobody": flask("import shop\n"),
    "commented_out": flask("# from shop import analytics\n"),
    "only_tests": flask("", **{"tests/test_a.py": "from shop import analytics\n"}),
    "only_a_script": flask("", **{"scripts/backfill.py": "from shop import analytics\n"}),
    "dead_code": flask("", **{"shop/old.py": "from . import analytics\n"}),
    "another_of_that_name": flask(
        "from other import analytics\n", **{"other/__init__.py": "", "other/analytics.py": ""}
    ),
    "a_sentence": flask('HELP = "see shop.analytics for more"\n'),
}


@pytest.mark.parametrize("case", PYTHON_LOADED)
def test_python_counts_when_it_is_loaded(case: str) -> None:
    active, idle = found(app(PYTHON_LOADED[case]), "python")
    assert [site.endswith(f"{HOME}:2 client") for site in active] == [True]
    assert idle == []


@pytest.mark.parametrize("case", PYTHON_IDLE)
def test_python_is_only_told_when_nothing_loads_it(case: str) -> None:
    active, idle = found(app(PYTHON_IDLE[case]), "python")
    assert (active, idle) == ([], [f"{HOME}:2 client"])


def test_a_file_that_a_version_does_not_load_by_name_is_idle() -> None:
    project = javascript({"instrumentation-client.ts": INIT, "app/layout.tsx": ""})
    assert survey(project, "javascript").sites
    assert not survey(project, "javascript", unused=("instrumentation-client.ts",)).sites


def test_starts_that_a_framework_names_run_each_on_its_own() -> None:
    project = javascript({"web/one.ts": INIT, "web/two.ts": INIT})
    there = survey(project, "javascript", starts=("web/one.ts", "web/two.ts"))
    assert (len(there.sites), there.doubles) == (2, ())


SNIPPET = "<script>!function(t){s='/static/array.js'}();posthog.init('phc_x')</script>\n"
ROUTERS = {
    "pages/_app.tsx": INIT,
    "app/layout.tsx": 'import "./providers";\n',
    "app/providers.tsx": INIT,
}

TWICE: dict[str, tuple[Files, list[str]]] = {
    "two_files_of_one_page": (
        page('import "./lib/posthog";\n' + INIT),
        ["src/lib/posthog.ts:2 src/main.tsx:3"],
    ),
    "snippet_and_package": (
        {**page('import "./lib/posthog";\n'), "index.html": PAGE["index.html"] + SNIPPET},
        ["index.html:3 src/lib/posthog.ts:2"],
    ),
    "provider_and_client_file": (
        {"instrumentation-client.ts": INIT, "app/layout.tsx": 'import "./providers";\n', "app/providers.tsx": INIT},
        ["app/providers.tsx:2 instrumentation-client.ts:2"],
    ),
    "client_file_and_pages": (
        {"instrumentation-client.ts": INIT, "pages/_app.tsx": INIT},
        ["instrumentation-client.ts:2 pages/_app.tsx:2"],
    ),
    "one_for_each_router": (ROUTERS, []),
    "one_for_each_page": (
        {
            "index.html": '<script type="module" src="/src/a.ts"></script>',
            "admin.html": '<script type="module" src="/src/b.ts"></script>',
            "src/a.ts": INIT,
            "src/b.ts": INIT,
        },
        [],
    ),
    "one_for_each_layout": (
        {
            "src/pages/a.astro": '---\nimport L from "../layouts/A.astro";\n---\n',
            "src/pages/b.astro": '---\nimport L from "../layouts/B.astro";\n---\n',
            "src/layouts/A.astro": SNIPPET,
            "src/layouts/B.astro": SNIPPET,
        },
        [],
    ),
    "one_of_them_dead": ({**page(INIT), "src/old.ts": INIT}, []),
    "branches_of_one_file": (page(INIT + "if (eu) posthog.init(OTHER);\n"), []),
    "an_instance_with_a_name": (page('import "./lib/posthog";\n' + INIT.replace("KEY", 'KEY, {}, "second"')), []),
    "a_provider_with_the_client": (
        page('import "./lib/posthog";\nimport { PostHogProvider as P } from "@posthog/react";\n<P client={posthog} />'),
        [],
    ),
}


@pytest.mark.parametrize("case", TWICE)
def test_names_what_runs_twice(case: str) -> None:
    files, expected = TWICE[case]
    doubles = survey(javascript(files), "javascript").doubles
    assert [f"{one.place} {other.place}" for one, other in doubles] == expected


PYTHON_TWICE: dict[str, tuple[Files, list[str]]] = {
    "client_and_module": (
        {"app.py": "import posthog\nimport client\nposthog.api_key = K\n", "client.py": PYTHON},
        ["app.py:3 client.py:2"],
    ),
    "settings_of_two_stages": (
        {
            "manage.py": "",
            "mysite/settings/__init__.py": "",
            "mysite/settings/local.py": "import posthog\nposthog.api_key = K\n",
            "mysite/settings/production.py": "import posthog\nposthog.api_key = K\n",
        },
        [],
    ),
    "a_client_with_its_integration": (
        {
            "app.py": "from posthog.integrations.flask import PosthogFlaskIntegration\nimport client\n",
            "client.py": PYTHON,
        },
        [],
    ),
}


@pytest.mark.parametrize("case", PYTHON_TWICE)
def test_python_names_what_runs_twice(case: str) -> None:
    files, expected = PYTHON_TWICE[case]
    assert [f"{one.place} {other.place}" for one, other in survey(app(files), "python").doubles] == expected


def test_five_thousand_files_are_followed_quickly() -> None:
    files = {f"src/m{i}.ts": f'import "./m{(i * 7 + 1) % 5000}";\nimport "./m{(i + 1) % 5000}";\n' for i in range(5000)}
    files |= PAGE | {"src/main.tsx": 'import "./m0";\n', "src/lib/posthog.ts": INIT}
    project = javascript(files)
    start = time.perf_counter()
    assert found(project, "javascript") == ([], ["src/lib/posthog.ts:2 init"])
    assert time.perf_counter() - start < 4


def test_an_app_without_posthog_is_not_followed_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("wizard.existing.graph.loaded")
    assert not survey(javascript(page("").copy() | {"src/lib/posthog.ts": ""}), "javascript").sites


NASTY = {
    "block_comments": "/*" * 50_000,
    "backticks": "`" * 100_001,
    "html_comments": "<!--" * 25_000,
    "scripts": "<script " * 12_000,
    "types": "import type {" * 8_000,
    "froms": "from a import (\n" * 6_000,
    "calls": "import(" * 15_000,
    "brackets": "posthog.init(K, " + "{...{" * 2_000,
    "parentheses": "(" * 20_000,
}


@pytest.mark.parametrize("case", NASTY)
def test_a_nasty_file_costs_little_time(case: str) -> None:
    text = f"{NASTY[case]}\nposthog.init(K, {{}})\n"
    start = time.perf_counter()
    survey(javascript({"src/main.tsx": text, "index.html": PAGE["index.html"]}), "javascript")
    survey(app({"app.py": f"import posthog\nposthog.api_key = 1\n{text}"}), "python")
    assert time.perf_counter() - start < 2


def test_a_minified_library_is_not_a_set_up() -> None:
    vendored = "posthog.init(a, {});" * 5_000
    files = {"index.html": '<script src="/vendor/sdk.js"></script>', "public/vendor/sdk.js": vendored}
    assert found(javascript(files), "javascript") == ([], [])
