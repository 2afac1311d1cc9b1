"""React with Vite: what is read off a tree, how the app is started, and what no fixture can show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frameworks.react_vite import layout as places
from frameworks.react_vite.launch import launch
from frameworks.react_vite.plan import plan
from tests.laws import check, check_keeps, check_refuses
from wizard import react_entry
from wizard.answers import Answers
from wizard.apps import detect
from wizard.changes import Change, EditFile, Install, Manual, Note, SetEnv
from wizard.edits import Codemod, chain
from wizard.errors import WizardError
from wizard.posthog import hosts
from wizard.project import Project, Tree

PACKAGE = {"dependencies": {"react": "^19.3.1"}, "devDependencies": {"vite": "^8.3.4"}}
PAGE = '<div id="root"></div>\n<script type="module" src="%s"></script>\n'
FILES = {"index.html": PAGE % "/src/main.tsx", "src/main.tsx": ""}


def app(files: dict[str, str], package: dict[str, Any] | None = None) -> Project:
    """An app in memory."""
    overlay = {"package.json": json.dumps(package or PACKAGE), **files}
    nowhere = Path("/nowhere")
    return Project(Tree(nowhere, nowhere, tuple(sorted(overlay)), {p: t.encode() for p, t in overlay.items()}))


def changes(project: Project, **options: bool) -> list[Change]:
    return list(plan(project, Answers(hosts.cloud("us"), "phc_t", options)))


def config(settings: str) -> dict[str, str]:
    return {"vite.config.ts": f"export default defineConfig({{ {settings} }})\n"}


ENTRIES = {
    "absolute": ({"index.html": PAGE % "/src/main.tsx", "src/main.tsx": ""}, ["src/main.tsx"]),
    "relative_with_query": ({"index.html": PAGE % "./src/main.js?v=1", "src/main.js": ""}, ["src/main.js"]),
    "bare": ({"index.html": PAGE % "src/main.jsx", "src/main.jsx": ""}, ["src/main.jsx"]),
    "inline_import": (
        {"index.html": '<script type="module">import "/src/main.tsx"</script>', "src/main.tsx": ""},
        ["src/main.tsx"],
    ),
    "without_quotes": ({"index.html": "<script type=module src='/a.mjs'></script>", "a.mjs": ""}, ["a.mjs"]),
    "root_in_config": (
        {**config("root: 'web'"), "web/index.html": PAGE % "/main.tsx", "web/main.tsx": ""},
        ["web/main.tsx"],
    ),
    "root_by_path": (
        {**config("root: path.resolve(__dirname, 'web')"), "web/index.html": PAGE % "./main.tsx", "web/main.tsx": ""},
        ["web/main.tsx"],
    ),
    "root_by_a_function_of_its_own": (
        {**config("root: here('web')"), "web/index.html": PAGE % "/main.tsx", "web/main.tsx": ""},
        ["web/main.tsx"],
    ),
    "root_by_a_function_that_leads_elsewhere": ({**FILES, **config("root: here('web')")}, ["src/main.tsx"]),
    "root_of_something_else": ({**FILES, **config("test: { root: 'spec' }")}, ["src/main.tsx"]),
    "commented_out": ({"index.html": "<!-- " + PAGE % "/src/main.tsx" + " -->", "src/main.tsx": ""}, []),
    "classic_script": ({"index.html": '<script src="/src/main.js"></script>', "src/main.js": ""}, []),
    "from_a_cdn": ({"index.html": PAGE % "https://esm.sh/react.js", "src/main.js": ""}, []),
    "missing_file": ({"index.html": PAGE % "/src/main.tsx"}, []),
    "page_that_is_not_built": ({**FILES, "docs/a.html": PAGE % "/src/a.ts", "src/a.ts": ""}, ["src/main.tsx"]),
    "second_page": (
        {
            **FILES,
            **config("build: { rollupOptions: { input: ['index.html', 'a.html'] } }"),
            "a.html": PAGE % "/a.ts",
            "a.ts": "",
        },
        ["src/main.tsx", "a.ts"],
    ),
}


@pytest.mark.parametrize(("files", "expected"), ENTRIES.values(), ids=ENTRIES)
def test_entries(files: dict[str, str], expected: list[str]) -> None:
    project = app(files)
    assert [entry.script for entry in places.entries(project)] == expected
    assert places.variant(project) == ("multi-page" if len(expected) > 1 else "single-page")


def test_root_and_config_as_arguments_of_vite() -> None:
    scripts = {"scripts": {"dev": "vite web --config conf/vite.ts", "build": "tsc -b && vite build web"}}
    files = {
        "web/index.html": PAGE % "/main.tsx",
        "web/main.tsx": "",
        "conf/vite.ts": "export default { base: '/shop/' }",
    }
    installed = {"node_modules/vite/bin/vite.js": ""}
    project = app({**files, **installed}, {**PACKAGE, **scripts})
    assert [entry.script for entry in places.entries(project)] == ["web/main.tsx"]
    started = launch(project, 4321)
    assert started.argv[-2:] == ("--config", "conf/vite.ts")
    assert started.url == "http://127.0.0.1:4321/shop/"


PREFIXES = {
    "default": ("", "VITE_", "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN"),
    "string": ("envPrefix: 'APP_'", "APP_", "APP_POSTHOG_PROJECT_TOKEN"),
    "list_with_vite": ("envPrefix: ['TAURI_', 'VITE_']", "VITE_", "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN"),
    "list_without": ('envPrefix: ["NEXT_PUBLIC_", "APP_"]', "NEXT_PUBLIC_", "NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN"),
    "computed": ("envPrefix: prefixes()", None, "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN"),
    "in_a_comment": ("// envPrefix: 'APP_'\n", "VITE_", "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN"),
}


@pytest.mark.parametrize(("settings", "prefix", "token"), PREFIXES.values(), ids=PREFIXES)
def test_prefix(settings: str, prefix: str | None, token: str) -> None:
    project = app({**FILES, **config(settings)})
    assert places.env_prefix(project) == prefix
    found = changes(project)
    assert token in {c.name for c in found if isinstance(c, SetEnv)}
    assert any(isinstance(c, Note) and "envPrefix" in c.title for c in found) is (prefix is None)


ENV_FILES = {
    "beside_the_page": ("", ""),
    "own_directory": ("envDir: './env'", "env/.env.local"),
    "by_path": ("envDir: path.resolve(__dirname, 'env')", "env/.env.local"),
}


@pytest.mark.parametrize(("settings", "file"), ENV_FILES.values(), ids=ENV_FILES)
def test_env_file(settings: str, file: str) -> None:
    assert {c.file for c in changes(app({**FILES, **config(settings)})) if isinstance(c, SetEnv)} == {file}


def test_env_file_outside_of_the_directory_is_left_to_the_user() -> None:
    found = changes(app({**FILES, **config("envDir: '../..'")}))
    assert not [c for c in found if isinstance(c, SetEnv)]
    (step,) = [c for c in found if isinstance(c, Manual)]
    assert "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN=phc_t" in step.body


OTHERS = {
    "tanstack_start": {"dependencies": {"react": "19", "@tanstack/react-start": "1"}, "devDependencies": {"vite": "8"}},
    "remix": {"dependencies": {"react": "18", "@remix-run/react": "2"}, "devDependencies": {"vite": "5"}},
    "react_router_framework": {
        "dependencies": {"react": "19"},
        "devDependencies": {"@react-router/dev": "7", "vite": "8"},
    },
    "no_react": {"dependencies": {"vue": "3"}, "devDependencies": {"vite": "8"}},
    "no_vite": {"dependencies": {"react": "19"}},
    "library_with_a_peer": {"peerDependencies": {"react": ">=18"}, "devDependencies": {"react": "19", "vite": "8"}},
}


@pytest.mark.parametrize("package", OTHERS.values(), ids=OTHERS)
def test_not_detected(package: dict[str, Any]) -> None:
    assert "react-vite" not in [found.id for found in detect(app(FILES, package))]


def test_detected_only_with_a_page_of_its_own() -> None:
    found = {name: [a.id for a in detect(app(files))] for name, files in DETECTED.items()}
    assert found == {"app": ["react-vite"], "no_page": [], "library": [], "vite_from_above": ["react-vite"]}
    no_vite = {"dependencies": {"react": "19"}}
    assert [a.id for a in detect(app(DETECTED["vite_from_above"], no_vite))] == ["react-vite"]


DETECTED = {
    "app": FILES,
    "no_page": {"src/main.tsx": ""},
    "library": {**FILES, **config("build: { lib: { entry: 'src/index.ts' } }")},
    "vite_from_above": {**FILES, **config("plugins: [react()]")},
}

HASH = {
    "component": ("import { HashRouter } from 'react-router'\nexport const a = <HashRouter><b /></HashRouter>\n", True),
    "data_router": ("export const router = createHashRouter([])\n", True),
    "browser": ("export const router = createBrowserRouter([])\n", False),
    "commented": ("// export const router = createHashRouter([])\nexport {}\n", False),
}


@pytest.mark.parametrize(("text", "hashed"), HASH.values(), ids=HASH)
def test_pages_behind_the_hash_count_only_where_a_router_puts_them_there(text: str, hashed: bool) -> None:
    (edit,) = [c for c in changes(app({**FILES, "src/app.tsx": text})) if isinstance(c, EditFile) and "starts" in c.why]
    assert ("capture_pageview: { path: true, hash: true }" in edit.codemods[0]("")) is hashed


def test_a_provider_somewhere_else_is_not_doubled() -> None:
    provider = "export const App = () => <PostHogProvider client={posthog}><b /></PostHogProvider>\n"
    edits = [c for c in changes(app({**FILES, "src/App.tsx": provider})) if isinstance(c, EditFile)]
    assert [edit.why for edit in edits] == ["starts PostHog before the app renders"]


TOO_OLD = {
    "react": ({"react": "16.7.0"}, "Upgrade React"),
    "sdk": ({"react": "19", "posthog-js": "1.300.0"}, "Upgrade posthog-js"),
}


@pytest.mark.parametrize(("dependencies", "title"), TOO_OLD.values(), ids=TOO_OLD)
def test_too_old(dependencies: dict[str, str], title: str) -> None:
    (step,) = changes(app(FILES, {"dependencies": dependencies, "devDependencies": {"vite": "8"}}))
    assert isinstance(step, Manual)
    assert step.title.startswith(title)


def test_without_an_entry_nothing_is_installed() -> None:
    found = changes(app({"index.html": "<p></p>"}))
    assert [type(c) for c in found] == [Manual]
    assert not [c for c in found if isinstance(c, Install)]


def entry(*, error_tracking: bool = True) -> Codemod:
    """Both edits of an entry file."""
    source = "const posthogToken = import.meta.env.T;\n\nif (posthogToken) {\n  posthog.init(posthogToken, {});\n}\n"
    edits = (react_entry.starts("a", source), react_entry.wraps("a", error_tracking=error_tracking))
    return chain(*(codemod for edit in edits for codemod in edit.codemods))


def test_entry_file_without_error_tracking() -> None:
    check(
        entry(error_tracking=False),
        "import { createRoot } from 'react-dom/client'\n\ncreateRoot(el).render(<App />)\n",
        "import { createRoot } from 'react-dom/client'\nimport posthog from 'posthog-js'\n"
        "import { PostHogProvider } from '@posthog/react'\n\nconst posthogToken = import.meta.env.T\n\n"
        "if (posthogToken) {\n  posthog.init(posthogToken, {})\n}\n\n"
        "createRoot(el).render(\n  <PostHogProvider client={posthog}>\n    <App />\n  </PostHogProvider>,\n)\n",
    )


def test_entry_file_that_is_set_up_stays() -> None:
    check_keeps(
        entry(),
        "import posthog from 'posthog-js'\nimport { PostHogProvider } from 'posthog-js/react'\n\n"
        "posthog.init('t')\n\ncreateRoot(el).render(<PostHogProvider client={posthog}><App /></PostHogProvider>)\n",
    )


REFUSES = {
    "name_taken": ("import a from 'a'\nconst posthogToken = a()\ncreateRoot(el).render(<App />)\n", "posthogToken"),
    "posthog_taken": (
        "import { posthog } from './p'\ncreateRoot(el).render(<App />)\n",
        "already uses the name posthog",
    ),
    "other_name": ("import ph from 'posthog-js'\ncreateRoot(el).render(<App />)\n", "under another name"),
    "commonjs": ("const a = require('a')\ncreateRoot(el).render(<App />)\n", "CommonJS"),
    "renders_nothing": ("import './bootstrap'\n", "no React root"),
    "boundary_taken": (
        "import { PostHogErrorBoundary } from './mine'\ncreateRoot(el).render(<App />)\n",
        "already uses the name PostHogErrorBoundary",
    ),
}


@pytest.mark.parametrize(("text", "reason"), REFUSES.values(), ids=REFUSES)
def test_entry_refuses(text: str, reason: str) -> None:
    check_refuses(entry(), text, reason)


def test_launch_needs_an_installation() -> None:
    with pytest.raises(WizardError, match="not installed"):
        launch(app(FILES), 4321)
