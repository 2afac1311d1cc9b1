"""Next.js: what is read off a tree, how the app is started, and what no fixture can show."""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.nextjs import layout as places
from frameworks.nextjs.launch import launch
from frameworks.nextjs.plan import plan
from tests.fixture_case import Case, cases
from wizard.answers import Answers
from wizard.apps import detect
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note
from wizard.errors import WizardError
from wizard.posthog import hosts
from wizard.project import Project, Tree

PACKAGE = '{"dependencies": {"next": "%s"}}'
MINE = [case for case in cases() if case.wanted["framework"] == "nextjs"]


def app(files: dict[str, str], version: str = "16.4.3") -> Project:
    """An app in memory."""
    overlay = {"package.json": (PACKAGE % version).encode(), **{path: text.encode() for path, text in files.items()}}
    nowhere = Path("/nowhere")
    return Project(Tree(nowhere, nowhere, tuple(sorted(overlay)), overlay))


def changes(project: Project, **options: bool) -> list[Change]:
    return list(plan(project, Answers(hosts.cloud("us"), "phc_t", options)))


def written(project: Project, **options: bool) -> dict[str, str]:
    """Content of the files that a plan creates."""
    return {c.path: c.content for c in changes(project, **options) if isinstance(c, CreateFile)}


ROUTERS = {
    "app": ({"app/layout.tsx"}, "app-router", ""),
    "src_app": ({"src/app/layout.js"}, "app-router", "src/"),
    "pages": ({"pages/index.js"}, "pages-router", ""),
    "root_pages_win": ({"pages/index.js", "src/pages/index.js"}, "pages-router", ""),
    "both": ({"src/app/page.tsx", "src/pages/old.tsx"}, "both", "src/"),
    "root_app_wins_over_src_pages": ({"app/page.tsx", "src/pages/old.tsx"}, "app-router", ""),
    "root_pages_win_over_src_app": ({"pages/old.tsx", "src/app/page.tsx"}, "pages-router", ""),
    "only_a_config": ({"next.config.js"}, "app-router", ""),
}


@pytest.mark.parametrize(("paths", "variant", "source"), ROUTERS.values(), ids=ROUTERS)
def test_routers(paths: set[str], variant: str, source: str) -> None:
    project = app(dict.fromkeys(paths, ""))
    assert places.variant(project) == variant
    assert places.read(project).source == source


CLIENT_FILES = {
    "new_beside_app": ({"tsconfig.json", "app/layout.tsx"}, "instrumentation-client.ts"),
    "new_in_src": ({"src/app/layout.js"}, "src/instrumentation-client.js"),
    "typescript_needs_both_signs": ({"tsconfig.json", "app/layout.js"}, "instrumentation-client.js"),
    "there_in_root_of_a_src_app": ({"src/app/layout.js", "instrumentation-client.js"}, "instrumentation-client.js"),
    "src_before_root": (
        {"app/layout.js", "instrumentation-client.js", "src/instrumentation-client.ts"},
        "src/instrumentation-client.ts",
    ),
}


@pytest.mark.parametrize(("paths", "expected"), CLIENT_FILES.values(), ids=CLIENT_FILES)
def test_client_file(paths: set[str], expected: str) -> None:
    project = app(dict.fromkeys(paths, ""))
    assert places.client_file(project, places.read(project)) == expected


SERVERS = {
    "route_handler": ({"app/api/orders/route.ts": ""}, True),
    "api_route": ({"pages/api/orders.js": ""}, True),
    "server_action": ({"app/actions.ts": "'use server'\n"}, True),
    "action_in_a_component": ({"app/page.tsx": 'async function order() {\n  "use server";\n}\n'}, True),
    "only_pages": ({"app/page.tsx": "", "pages/old.tsx": ""}, False),
    "words_in_a_text": ({"app/page.tsx": "<p>we use server parts</p>"}, False),
    "static_export": ({"app/feed/route.ts": "", "next.config.js": "module.exports = { output: 'export' }"}, False),
}


@pytest.mark.parametrize(("files", "expected"), SERVERS.values(), ids=SERVERS)
def test_server_half_only_where_code_runs_on_a_server(files: dict[str, str], expected: bool) -> None:
    project = app(files)
    assert places.runs_on_server(project, places.read(project)) is expected
    assert (Install("posthog-node", "^5.40.0") in changes(project)) is expected


VERSIONS = {
    "current": ("16.4.3", {"instrumentation-client.js"}),
    "first_with_client_file": ("15.3.0", {"instrumentation-client.js"}),
    "last_without": ("15.2.8", {"app/posthog-provider.js"}),
    "range": ("^14.2.0", {"app/posthog-provider.js"}),
    "canary": ("15.3.0-canary.1", {"instrumentation-client.js"}),
    "tag": ("canary", {"instrumentation-client.js"}),
    "url": ("github:vercel/next.js", {"instrumentation-client.js"}),
    "too_old": ("11.1.4", set[str]()),
}


@pytest.mark.parametrize(("version", "created"), VERSIONS.values(), ids=VERSIONS)
def test_version_fork(version: str, created: set[str]) -> None:
    layout = "export default ({ children }) => <html><body>{children}</body></html>\n"
    assert set(written(app({"app/layout.js": layout}, version))) == created


@pytest.mark.parametrize("version", ["14.2.35", "16.4.3"])
def test_every_init_obeys_the_options(version: str) -> None:
    project = app({"app/layout.js": "", "pages/index.js": ""}, version)
    plain = written(project)
    bare = written(project, autocapture=False, session_replay=False, error_tracking=False)
    assert len(plain) == (2 if version.startswith("14") else 1)
    for path, content in plain.items():
        assert "capture_exceptions: true" in content
        assert not {"autocapture: false", "disable_session_recording"} & {
            line.strip(" ,") for line in content.split("\n")
        }
        assert "capture_exceptions" not in bare[path]
        assert "autocapture: false" in bare[path]
        assert "disable_session_recording: true" in bare[path]


def test_a_refused_proxy_leaves_the_direct_host() -> None:
    project = app({"app/layout.js": "", "next.config.js": 'module.exports = require("./shared")\n'})
    client = written(project, reverse_proxy=True)["instrumentation-client.js"]
    assert "process.env.NEXT_PUBLIC_POSTHOG_HOST" in client
    assert "ui_host" not in client


def test_a_proxy_wanted_later_does_not_rewrite_a_tuned_init() -> None:
    project = app({"app/layout.js": "", "next.config.mjs": "export default {};\n"})
    tuned = written(project)["instrumentation-client.js"].encode()
    later = changes(project.overlaid({"instrumentation-client.js": tuned}), reverse_proxy=True)
    (step,) = [c for c in later if isinstance(c, Manual)]
    assert (step.where, step.body.split("\n")[0]) == ("instrumentation-client.js", 'api_host: "/ph-relay",')


NO_PROXY = {
    "static_export": ("module.exports = { output: 'export' }", "16.4.3"),
    "base_path_from_elsewhere": ("module.exports = { basePath: process.env.BASE }", "16.4.3"),
    "next_without_skip_trailing_slash": ("module.exports = {}", "13.0.7"),
}


@pytest.mark.parametrize(("config", "version"), NO_PROXY.values(), ids=NO_PROXY)
def test_no_proxy_where_it_cannot_work(config: str, version: str) -> None:
    found = changes(app({"pages/_app.js": "", "next.config.js": config}, version), reverse_proxy=True)
    assert any(isinstance(c, Note) and c.title.startswith("No reverse proxy") for c in found)
    assert not any(isinstance(c, EditFile) and c.path == "next.config.js" for c in found)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in MINE])
def test_no_edit_makes_a_file_a_client_component(case: Case, tmp_path: Path) -> None:
    for file in case.plan(case.copy(tmp_path)).files:
        if file.before is not None:
            assert file.after.count(b"use client") == file.before.count(b"use client"), file.path
        elif b"use client" in file.after:
            assert b"metadata" not in file.after


NOT_NEXT = {
    "library_with_a_peer": '{"peerDependencies": {"next": ">=13"}, "devDependencies": {"next": "16.4.3"}}',
    "no_next": '{"dependencies": {"react": "19.3.0"}}',
}


@pytest.mark.parametrize("manifest", NOT_NEXT.values(), ids=NOT_NEXT)
def test_not_detected(manifest: str) -> None:
    project = app({"package.json": manifest, "src/index.ts": ""})
    assert "nextjs" not in [found.id for found in detect(project)]


def test_launch_runs_the_installed_next_on_localhost() -> None:
    installed = {"node_modules/next/dist/bin/next": "", "next.config.js": "module.exports = { basePath: '/shop' }"}
    started = launch(app(installed), 4321)
    assert started.argv[1:] == ("./node_modules/next/dist/bin/next", "dev", "--port", "4321", "--hostname", "localhost")
    assert started.url == "http://localhost:4321/shop/"


def test_launch_needs_an_installation() -> None:
    with pytest.raises(WizardError, match="not installed"):
        launch(app({}), 4321)


def test_a_call_in_a_package_that_other_apps_use_is_not_to_be_moved() -> None:
    start = 'import posthog from "posthog-js";\nposthog.init(process.env.NEXT_PUBLIC_POSTHOG_KEY);\n'
    manifest = '{"dependencies": {"next": "16.4.3", "@acme/ui": "*", "posthog-js": "1.434.0"}}'
    files = {"apps/web/package.json": manifest, "packages/ui/package.json": '{"name": "@acme/ui"}'}

    def titles(layout: str, **more: str) -> list[str]:
        there = {**files, "apps/web/app/layout.js": layout, **more}
        content = {path: text.encode() for path, text in there.items()}
        tree = Tree(Path("/nowhere"), Path("/nowhere"), tuple(sorted(content)), content)
        changes = plan(Project(tree, "apps/web"), Answers(hosts.cloud("us"), "phc_t"))
        return [change.title for change in changes if isinstance(change, Note)]

    own = titles('import "./start";\n', **{"apps/web/app/start.js": start})
    shared = titles('import "@acme/ui";\n', **{"packages/ui/src/index.js": start})
    assert "Next.js 15.3 and later can start PostHog in instrumentation-client.js" in own
    assert "PostHog is already set up: ../../packages/ui/src/index.js:2 initialises posthog-js" in shared
    assert not [title for title in shared if title.startswith("Next.js 15.3")]
