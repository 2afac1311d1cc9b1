"""Next steps: few, and exact for the app: its language, its module style, its client, its logins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_app_events import PAGE
from wizard.apps import App
from wizard.cli import main
from wizard.events import app_events
from wizard.events.first import first_event_lines
from wizard.next_steps import MOST, Step, next_steps
from wizard.workspace import candidates, list_tree

Files = dict[str, str]

NODE = '{"name": "shop", "dependencies": {"express": "5", "posthog-node": "^5.70.0"}}'
NEW = 'new PostHog(process.env.KEY ?? "", { host: process.env.HOST })'
ESM = 'import { PostHog } from "posthog-node";\n'
COMMONJS = 'const { PostHog } = require("posthog-node");\n'
USED = 'client.capture({ distinctId: user.id, event: "signed_up" });'


def there(root: Path, framework: str, files: Files) -> App:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return App(candidates(list_tree(root))[0], framework, ())


def browser(root: Path, main: str, *packages: str, **more: str) -> App:
    listed = ", ".join(f'"{name}": "1"' for name in ("posthog-js", *packages))
    files = {
        "package.json": f'{{"name": "shop", "dependencies": {{{listed}}}}}',
        "index.html": PAGE,
        "src/main.tsx": main,
    }
    return there(root, "react-vite", files | more)


def init(options: str = "api_host: HOST", quote: str = '"', end: str = ";") -> str:
    return f"import posthog from {quote}posthog-js{quote}{end}\nposthog.init(KEY, {{ {options} }}){end}\n"


def steps(app: App, **more: object) -> dict[str, Step]:
    return {step.id: step for step in next_steps(app, **more)}  # type: ignore[arg-type]


LINES: dict[str, tuple[str, Files, list[str], str]] = {
    "browser": (
        "react-vite",
        {"package.json": "{}", "index.html": PAGE, "src/main.tsx": init()},
        ['import posthog from "posthog-js";', "", 'posthog.capture("signed_up", { plan: "free" });'],
        "",
    ),
    "browser_in_another_style": (
        "react-vite",
        {"package.json": "{}", "index.html": PAGE, "src/main.tsx": init(quote="'", end="")},
        ["import posthog from 'posthog-js'", "", "posthog.capture('signed_up', { plan: 'free' })"],
        "",
    ),
    "snippet": (
        "react-vite",
        {
            "package.json": "{}",
            "index.html": f"<script>window.posthog = [];\nposthog.init('k', {{a: 1}});</script>{PAGE}",
            "src/main.tsx": "",
        },
        ["window.posthog.capture('signed_up', { plan: 'free' });"],
        "",
    ),
    "node_esm": (
        "express",
        {
            "package.json": NODE,
            "index.js": f"{ESM}export const client = {NEW};\n",
        },
        ['import { client } from "./index.js";', "", USED],
        "",
    ),
    "node_typescript": (
        "express",
        {
            "package.json": NODE,
            "index.ts": 'import "./lib/posthog";\n',
            "lib/posthog.ts": f"{ESM}export const client = {NEW};\n",
        },
        ['import { client } from "./lib/posthog";', "", USED],
        "",
    ),
    "node_commonjs": (
        "express",
        {
            "package.json": NODE,
            "index.js": 'require("./ph.js");\n',
            "ph.js": f"{COMMONJS}const client = {NEW};\nmodule.exports = {{ client }};\n",
        },
        ['const { client } = require("./ph.js");', "", USED],
        "",
    ),
    "node_whole_module": (
        "express",
        {
            "package.json": NODE,
            "index.js": 'require("./ph.js");\n',
            "ph.js": f"{COMMONJS}module.exports = {NEW};\n",
        },
        ['const posthog = require("./ph.js");', "", USED.replace("client", "posthog")],
        "",
    ),
    "node_function_that_is_imported_already": (
        "express",
        {
            "package.json": NODE,
            "index.js": 'import { getPostHog } from "./ph.js";\ngetPostHog();\n',
            "ph.js": f"{ESM}let c;\nexport function getPostHog() {{ return (c ??= {NEW}); }}\n",
        },
        [USED.replace("client", "getPostHog()")],
        "index.js:1",
    ),
    "node_not_exported": (
        "express",
        {"package.json": NODE, "index.js": f"{ESM}const client = {NEW};\n"},
        [USED],
        "index.js:2",
    ),
    "python_client": (
        "flask",
        {"requirements.txt": "flask\nposthog>=7\n", "app.py": 'from posthog import Posthog\n\nph = Posthog("k")\n'},
        ["from app import ph", "", 'ph.capture("signed_up", distinct_id=str(user.id))'],
        "",
    ),
    "python_function": (
        "flask",
        {
            "requirements.txt": "flask\nposthog>=7\n",
            "app.py": "from shop.clients import get_posthog\n",
            "shop/__init__.py": "",
            "shop/clients.py": 'from posthog import Posthog\n\n\ndef get_posthog():\n    return Posthog("k")\n',
        },
        ["from shop.clients import get_posthog", "", 'get_posthog().capture("signed_up", distinct_id=str(user.id))'],
        "",
    ),
    "python_module": (
        "flask",
        {"requirements.txt": "flask\nposthog>=7\n", "app.py": 'import posthog\n\nposthog.api_key = "k"\n'},
        ["import posthog", "", 'posthog.capture("signed_up", distinct_id=str(user.id))'],
        "",
    ),
    "python_before_6": (
        "flask",
        {"requirements.txt": "flask\nposthog==5.4.0\n", "app.py": 'import posthog\n\nposthog.api_key = "k"\n'},
        ["import posthog", "", 'posthog.capture(str(user.id), "signed_up")'],
        "",
    ),
}


@pytest.mark.parametrize(("framework", "files", "code", "where"), LINES.values(), ids=LINES.keys())
def test_the_exact_lines_of_a_first_event(
    tmp_path: Path, framework: str, files: Files, code: list[str], where: str
) -> None:
    app = there(tmp_path, framework, files)
    found = first_event_lines(app, app_events(app).sites)
    assert (list(found.code), found.where) == (code, where)


def test_the_lines_are_events_themselves(tmp_path: Path) -> None:
    """What we tell people to write is found again as an event of the app."""
    app = browser(tmp_path, init())
    lines = "\n".join(first_event_lines(app, app_events(app).sites).code)
    again = browser(tmp_path, init() + lines.replace('import posthog from "posthog-js";', "") + "\n")
    assert [event.name for event in app_events(again).own] == ["signed_up"]


def test_not_more_than_a_few_and_the_urgent_ones_first(tmp_path: Path) -> None:
    app = browser(tmp_path, init("api_host: HOST, capture_exceptions: true"), "next-auth")
    found = next_steps(app, lacking=["B", "A", "A"])
    assert [step.id for step in found] == ["verify", "deploy_variables", "first_event", "identify", "dashboard"]
    assert len(found) == MOST
    assert found[1].title == "Set A and B where the app is deployed"


def test_what_is_done_is_no_step(tmp_path: Path) -> None:
    code = init('api_host: "/relay"') + 'posthog.capture("paid");\nposthog.identify(user.id);\n'
    assert list(steps(browser(tmp_path, code, "next-auth"), verified=True)) == ["dashboard"]


def test_an_app_that_is_not_set_up_is_told_to_verify_only(tmp_path: Path) -> None:
    assert list(steps(browser(tmp_path, ""))) == ["verify"]


IDENTIFY = {
    "one_place": (
        {"src/login.tsx": "import { useSession } from 'next-auth/react';\nconst s = useSession();\n"},
        "src/login.tsx:2",
    ),
    "several_places": (
        {"src/a.tsx": "const s = useSession();\n", "src/b.tsx": "const s = useSession();\n"},
        "",
    ),
    "only_a_test": ({"src/a.test.tsx": "const s = useSession();\n"}, ""),
}


@pytest.mark.parametrize(("files", "where"), IDENTIFY.values(), ids=IDENTIFY.keys())
def test_where_people_are_identified(tmp_path: Path, files: Files, where: str) -> None:
    step = steps(browser(tmp_path, init(), "next-auth", **files))["identify"]
    assert (step.where, "Auth.js" in step.title) == (where, True)
    assert step.lines[0] == "posthog.identify(session.user.id, { email: session.user.email });"


def test_an_own_login_is_seen_by_its_name(tmp_path: Path) -> None:
    assert "identify" in steps(browser(tmp_path, init(), **{"src/pages/login.tsx": ""}))


def test_without_any_login_nobody_is_identified(tmp_path: Path) -> None:
    assert "identify" not in steps(browser(tmp_path, init(), **{"src/author.tsx": ""}))


@pytest.mark.parametrize(
    ("code", "where"),
    [("login_user(user)\n", "app.py:4"), ("def get_current_user():\n    pass\n", "app.py:4"), ("x = 1\n", None)],
    ids=["flask_login", "dependency", "none"],
)
def test_identify_on_a_server(tmp_path: Path, code: str, where: str | None) -> None:
    start = 'import posthog\n\nposthog.api_key = "k"\n'
    app = there(tmp_path, "flask", {"requirements.txt": "flask\nposthog>=7\n", "app.py": start + code})
    step = steps(app).get("identify")
    assert (step.where if step else None) == where


@pytest.mark.parametrize(
    ("options", "offered"),
    [("api_host: HOST", True), ('api_host: "https://us.i.posthog.com"', True), ('api_host: "/relay"', False)],
)
def test_a_proxy_is_offered_where_there_is_none(tmp_path: Path, options: str, offered: bool) -> None:
    assert ("reverse_proxy" in steps(browser(tmp_path, init(options)))) is offered


@pytest.mark.parametrize(("on", "offered"), [("true", True), ("false", False)])
def test_source_maps_only_where_errors_are_captured(tmp_path: Path, on: str, offered: bool) -> None:
    app = browser(tmp_path, init(f'api_host: "/relay", capture_exceptions: {on}'))
    assert ("source_maps" in steps(app)) is offered


def test_every_step_is_plain_text_with_a_page_or_a_line(tmp_path: Path) -> None:
    for step in next_steps(browser(tmp_path, init("capture_exceptions: true"), "next-auth"), lacking=["A"]):
        assert step.title.isascii()
        assert step.docs.startswith("https://posthog.com/docs") or step.lines or step.command


def test_a_set_up_ends_with_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"package.json": '{"name": "shop", "dependencies": {"react": "19", "vite": "7"}}', "index.html": PAGE}
    there(
        tmp_path, "react-vite", files | {"src/main.tsx": "import { x } from './x';\nx();\n", "src/x.ts": "export {};\n"}
    )
    flags = ["--ci", "--no-install", "--no-verify", "--region", "eu", "--token", "phc_" + "aB3dE6gH9jK2" * 3]
    main(["--json", *flags, str(tmp_path)])
    report = json.loads(capsys.readouterr().out)
    assert {"verify", "first_event"} <= {step["id"] for step in report["next_steps"]}
    first = next(step for step in report["next_steps"] if step["id"] == "first_event")
    assert (first["path"], first["lines"][0]) == (".", "import posthog from 'posthog-js';")
    verify = next(step for step in report["next_steps"] if step["id"] == "verify")
    assert set(verify) == {"path", "framework", "id", "title", "lines", "where", "docs"}
    assert (verify["framework"], verify["lines"]) == ("react-vite", [f"posthog-wizard verify {tmp_path}"])
