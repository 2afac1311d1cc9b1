"""Which events an app sends: what its code captures, as far as that is certain, and what the SDK sends by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.apps import App
from wizard.events import AppEvents, app_events
from wizard.workspace import candidates, list_tree

INIT = 'import posthog from "posthog-js";\nposthog.init(KEY, { api_host: HOST, defaults: "2026-01-30" });\n'
PACKAGE = '{"name": "shop", "dependencies": {"posthog-js": "^1.434.0", "posthog-node": "^5.70.0"}}'
PAGE = '<div id="root"></div>\n<script type="module" src="/src/main.tsx"></script>\n'
CLIENT = 'from posthog import Posthog\n\nclient = Posthog("k", host="h")\n'

Files = dict[str, str]


def events_of(root: Path, framework: str, files: Files) -> AppEvents:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return app_events(App(candidates(list_tree(root))[0], framework, ()))


def browser(root: Path, code: str, **more: str) -> AppEvents:
    files = {"package.json": PACKAGE, "index.html": PAGE, "src/main.tsx": INIT + code}
    return events_of(root, "react-vite", files | more)


def node(root: Path, code: str, **more: str) -> AppEvents:
    return events_of(root, "express", {"package.json": PACKAGE, "index.js": code} | more)


def python(root: Path, code: str, **more: str) -> AppEvents:
    return events_of(root, "flask", {"requirements.txt": "flask\nposthog\n", "app.py": code} | more)


BROWSER = {
    "plain": ('posthog.capture("signed_up");', ["signed_up"]),
    "optional": ('posthog?.capture("signed_up", { plan: "free" });', ["signed_up"]),
    "window": ('window.posthog.capture("signed_up");', ["signed_up"]),
    "hook": ('function A() { const ph = usePostHog(); ph.capture("signed_up"); }', ["signed_up"]),
    "hook_under_any_name": ('function A() { const x = usePostHog(); x?.capture("signed_up"); }', ["signed_up"]),
    "template_without_holes": ("posthog.capture(`signed up`);", ["signed up"]),
    "constant": ('const NAME = "signed_up";\nposthog.capture(NAME);', ["signed_up"]),
    "member": ('const E = { in: "signed_in", up: "signed_up" } as const;\nposthog.capture(E.up);', ["signed_up"]),
    "frozen": ('const E = Object.freeze({ up: "signed_up" });\nposthog.capture(E.up);', ["signed_up"]),
    "enum": ('enum E { Up = "signed_up" }\nposthog.capture(E.Up);', ["signed_up"]),
    "either": ('posthog.capture(ok ? "paid" : "declined");', ["paid", "declined"]),
    "twice_is_once": ('posthog.capture("a_1");\nposthog.capture("b_1");\nposthog.capture("a_1");', ["a_1", "b_1"]),
    "wrapper": (
        "function track(name: string, props = {}) { posthog.capture(name, props); }\ntrack('paid'); track(other);",
        ["paid"],
    ),
    "arrow_wrapper": ("const track = (name) => posthog.capture(name);\ntrack('paid');", ["paid"]),
    "second_argument": ("const track = (u, name) => posthog.capture(name);\ntrack(u, 'paid');", ["paid"]),
    "object_of_wrappers": (
        "const analytics = { track(name) { posthog.capture(name); } };\nanalytics.track('paid');",
        ["paid"],
    ),
}

NOT_IN_BROWSER = {
    "computed": "posthog.capture(`clicked_${id}`);",
    "parameter": "export function go(name) { other(name); posthog.capture(name); }",
    "another_sdk": 'import mixpanel from "mixpanel-browser";\nmixpanel.capture("signed_up");',
    "a_camera": 'const camera = getCamera();\ncamera.capture("photo");',
    "comment": '// posthog.capture("signed_up")',
    "string": "const help = 'posthog.capture(\"signed_up\")';",
    "another_track": 'function track(name) { console.log(name); }\ntrack("paid");',
    "assigned_again": 'let name = "a";\nname = pick();\nposthog.capture(name);',
    "no_argument": "posthog.capture();",
    "number": "posthog.capture(3);",
}


@pytest.mark.parametrize(("code", "names"), BROWSER.values(), ids=BROWSER.keys())
def test_events_of_scripts(tmp_path: Path, code: str, names: list[str]) -> None:
    assert [event.name for event in browser(tmp_path, code).own] == names


@pytest.mark.parametrize("code", NOT_IN_BROWSER.values(), ids=NOT_IN_BROWSER.keys())
def test_what_is_not_certain_is_no_event(tmp_path: Path, code: str) -> None:
    assert browser(tmp_path, code).own == ()


ACROSS = {
    "named": (
        'import { track } from "./lib/track";\ntrack("paid");',
        "export const track = (n) => posthog.capture(n);",
    ),
    "renamed": (
        'import { track as t } from "./lib/track";\nt("paid");',
        "export function track(n) { posthog.capture(n); }",
    ),
    "default": (
        'import report from "./lib/track";\nreport("paid");',
        "export default function track(n) { posthog.capture(n); }",
    ),
    "namespace": (
        'import * as t from "./lib/track";\nt.track("paid");',
        "export function track(n) { posthog.capture(n); }",
    ),
    "object": (
        'import { analytics } from "./lib/track";\nanalytics.track("paid");',
        "export const analytics = { track: (n) => posthog.capture(n) };",
    ),
}


@pytest.mark.parametrize(("main", "library"), ACROSS.values(), ids=ACROSS.keys())
def test_wrappers_of_other_files(tmp_path: Path, main: str, library: str) -> None:
    found = browser(tmp_path, main, **{"src/lib/track.ts": f'import posthog from "posthog-js";\n{library}\n'})
    assert [(event.name, event.place) for event in found.own] == [("paid", "src/main.tsx:4")]


def test_a_function_of_the_same_name_from_elsewhere_is_no_wrapper(tmp_path: Path) -> None:
    library = 'import posthog from "posthog-js";\nexport const track = (n) => posthog.capture(n);\n'
    other = 'import { track } from "./other";\ntrack("paid");'
    more = {"src/lib/track.ts": library, "src/other.ts": "export const track = console.log;\n"}
    assert browser(tmp_path, other, **more).own == ()


def test_what_the_app_does_not_load_does_not_count(tmp_path: Path) -> None:
    capture = 'import posthog from "posthog-js";\nposthog.capture("never");\n'
    aside = ("src/main.test.tsx", "src/old/unused.ts", "examples/a.ts", "src/a.stories.tsx")
    assert browser(tmp_path, "", **dict.fromkeys(aside, capture)).own == ()


SINGLE_FILE = {
    "script": '<script setup>\nimport posthog from "posthog-js";\nposthog.capture("opened");\n</script>\n',
    "markup": "<template>\n\n<a @click=\"$posthog.capture('opened')\">x</a></template>\n",
    "svelte": "<script>\n</script>\n<a on:click={() => posthog.capture('opened')}>x</a>\n",
}


@pytest.mark.parametrize("text", SINGLE_FILE.values(), ids=SINGLE_FILE.keys())
def test_single_file_components(tmp_path: Path, text: str) -> None:
    found = browser(tmp_path, 'import "./App.vue";', **{"src/App.vue": text})
    assert [(event.name, event.place) for event in found.own] == [("opened", "src/App.vue:3")]


def test_markup_in_a_comment_is_no_event(tmp_path: Path) -> None:
    text = "<template>\n<!-- @click=\"$posthog.capture('opened')\" --></template>\n"
    assert browser(tmp_path, 'import "./App.vue";', **{"src/App.vue": text}).own == ()


NODE = {
    "object": ('client.capture({ distinctId: "u", event: "paid" });', ["paid"]),
    "immediate": ('await client.captureImmediate({ distinctId, event: "paid" });', ["paid"]),
    "shorthand": ('const event = "paid";\nclient.capture({ distinctId, event });', ["paid"]),
    "wrapper": ("const track = (id, event) => client.capture({ distinctId: id, event });\ntrack(1, 'paid');", ["paid"]),
    "object_without_event": ("client.capture({ distinctId });", []),
    "spread": ("client.capture({ ...base });", []),
}


@pytest.mark.parametrize(("code", "names"), NODE.values(), ids=NODE.keys())
def test_events_of_node(tmp_path: Path, code: str, names: list[str]) -> None:
    start = 'import { PostHog } from "posthog-node";\nconst client = new PostHog(KEY, { host: HOST });\n'
    assert [event.name for event in node(tmp_path, start + code).own] == names


def test_a_function_of_the_file_that_makes_the_client(tmp_path: Path) -> None:
    made = 'import { PostHog } from "posthog-node";\nlet c;\nexport const analytics = () => (c ??= new PostHog(KEY));\n'
    code = 'import { analytics } from "./lib/a.js";\nanalytics().capture({ distinctId: "x", event: "home" });\n'
    assert [event.name for event in node(tmp_path, code, **{"lib/a.js": made}).own] == ["home"]


PYTHON = {
    "keyword": ('client.capture("paid", distinct_id="u")', ["paid"]),
    "named": ('client.capture(distinct_id="u", event="paid")', ["paid"]),
    "old_positional": ('client.capture("user-1", "paid")', ["paid"]),
    "old_with_properties": ('client.capture(user, "paid", {"a": 1})', ["paid"]),
    "module": ('import posthog\nposthog.capture("paid", distinct_id="u")', ["paid"]),
    "module_renamed": ('import posthog as analytics\nanalytics.capture("paid")', ["paid"]),
    "function": ('from posthog import capture\ncapture("paid")', ["paid"]),
    "call": ('from posthog_client import get_posthog\nget_posthog().capture("paid")', ["paid"]),
    "attribute": ('app.posthog.capture("paid")', ["paid"]),
    "constant": ('PAID = "paid"\nclient.capture(PAID)', ["paid"]),
    "class_constant": ('class Events:\n    PAID = "paid"\nclient.capture(Events.PAID)', ["paid"]),
    "enum": ('class Events(Enum):\n    PAID = "paid"\nclient.capture(Events.PAID.value)', ["paid"]),
    "either": ('client.capture("a_1" if ok else "b_1")', ["a_1", "b_1"]),
    "wrapper": (
        'def track(user, name, **more):\n    client.capture(name, distinct_id=user)\ntrack(1, "paid")',
        ["paid"],
    ),
    "wrapper_by_keyword": ('def track(name, user):\n    client.capture(name)\ntrack(user=1, name="paid")', ["paid"]),
}

NOT_IN_PYTHON = {
    "f_string": 'client.capture(f"paid_{x}")',
    "parameter": "def go(name):\n    client.capture(name)",
    "shadowed": 'NAME = "a"\ndef go():\n    NAME = pick()\n    client.capture(NAME)',
    "assigned_twice": 'NAME = "a"\nNAME = pick()\nclient.capture(NAME)',
    "another_client": 'import cv2\ncamera = cv2.Video()\ncamera.capture("photo")',
    "comment": '# client.capture("paid")',
    "starred": 'client.capture(*["paid"])',
    "does_not_parse": 'client.capture("paid"',
}


@pytest.mark.parametrize(("code", "names"), PYTHON.values(), ids=PYTHON.keys())
def test_events_of_python(tmp_path: Path, code: str, names: list[str]) -> None:
    assert [event.name for event in python(tmp_path, f"{CLIENT}{code}\n").own] == names


@pytest.mark.parametrize("code", NOT_IN_PYTHON.values(), ids=NOT_IN_PYTHON.keys())
def test_what_is_not_certain_in_python_is_no_event(tmp_path: Path, code: str) -> None:
    assert python(tmp_path, f"{CLIENT}{code}\n").own == ()


PYTHON_ACROSS = {
    "function": 'from shop.tracking import track\ntrack("paid")',
    "renamed": 'from shop.tracking import track as t\nt("paid")',
    "module": 'from shop import tracking\ntracking.track("paid")',
    "client": 'from shop.tracking import c\nc.capture("paid")',
    "module_of_the_client": 'from shop import tracking\ntracking.c.capture("paid")',
}


@pytest.mark.parametrize("code", PYTHON_ACROSS.values(), ids=PYTHON_ACROSS.keys())
def test_python_across_files(tmp_path: Path, code: str) -> None:
    tracking = 'from posthog import Posthog\nc = Posthog("k")\n\n\ndef track(name):\n    c.capture(name)\n'
    found = python(tmp_path, code, **{"shop/__init__.py": "", "shop/tracking.py": tracking})
    assert [(event.name, event.place) for event in found.own] == [("paid", "app.py:2")]


def test_pages_of_a_server_framework(tmp_path: Path) -> None:
    snippet = "<script>window.posthog = window.posthog || []; posthog.init('k', {autocapture: false})</script>"
    page = f"<head>{snippet}</head>\n<a onclick=\"posthog.capture('opened')\">x</a>\n"
    found = python(tmp_path, CLIENT, **{"templates/base.html": page})
    assert [(event.name, event.place) for event in found.own] == [("opened", "templates/base.html:2")]
    assert found.sends("$pageview")
    assert found.find("$autocapture") is None


AUTOMATIC = {
    "defaults": ("", ["$pageview", "$pageleave", "$autocapture", "$exception?", "$web_vitals?"]),
    "exceptions": (
        "capture_exceptions: true",
        ["$pageview", "$pageleave", "$autocapture", "$exception", "$web_vitals?"],
    ),
    "no_autocapture": ("autocapture: false", ["$pageview", "$pageleave", "$exception?", "$web_vitals?"]),
    "no_page_views": ("capture_pageview: false", ["$autocapture", "$exception?", "$web_vitals?"]),
    "only_leaving": (
        "capture_pageview: false, capture_pageleave: true",
        ["$pageleave", "$autocapture", "$exception?", "$web_vitals?"],
    ),
    "no_web_vitals": (
        "capture_performance: { web_vitals: false }",
        ["$pageview", "$pageleave", "$autocapture", "$exception?"],
    ),
    "web_vitals": (
        "capture_performance: { web_vitals: true }",
        ["$pageview", "$pageleave", "$autocapture", "$exception?", "$web_vitals"],
    ),
}


@pytest.mark.parametrize(("options", "names"), AUTOMATIC.values(), ids=AUTOMATIC.keys())
def test_what_the_browser_sdk_sends_by_itself(tmp_path: Path, options: str, names: list[str]) -> None:
    code = f'import posthog from "posthog-js";\nposthog.init(KEY, {{ {options} }});\n'
    found = browser(tmp_path, "", **{"src/main.tsx": code})
    assert [event.name + ("?" if event.setting else "") for event in found.events] == names


ON_SERVER = {
    "client": ('Posthog("k", enable_exception_autocapture=True)', True),
    "client_without": ('Posthog("k")', False),
    "client_off": ('Posthog("k", enable_exception_autocapture=False)', False),
}


@pytest.mark.parametrize(("client", "sent"), ON_SERVER.values(), ids=ON_SERVER.keys())
def test_what_the_server_sdk_sends_by_itself(tmp_path: Path, client: str, sent: bool) -> None:
    found = python(tmp_path, f"from posthog import Posthog\n\nclient = {client}\n")
    assert found.sends("$exception") is sent


@pytest.mark.parametrize(("setting", "sent"), [("", True), ("POSTHOG_MW_CAPTURE_EXCEPTIONS = False\n", False)])
def test_a_middleware_that_captures_exceptions(tmp_path: Path, setting: str, sent: bool) -> None:
    middleware = 'MIDDLEWARE = ["posthog.integrations.django.PosthogContextMiddleware"]\n'
    files = {"requirements.txt": "django\nposthog\n", "manage.py": "import django\n", "shop/__init__.py": ""}
    found = events_of(tmp_path, "django", files | {"shop/settings.py": middleware + setting})
    assert found.sends("$exception") is sent


def test_the_settings_of_the_project_decide_what_is_sent(tmp_path: Path) -> None:
    found = browser(tmp_path, "")
    on = found.given({"autocapture": False, "error_tracking": True, "web_vitals": False})
    assert [event.name for event in on.events] == ["$pageview", "$pageleave", "$exception"]
    assert on.sends("$exception")
    assert found.given({}) == found


def test_an_app_without_posthog_sends_nothing(tmp_path: Path) -> None:
    found = events_of(tmp_path, "react-vite", {"package.json": PACKAGE, "index.html": PAGE, "src/main.tsx": ""})
    assert (found.events, found.sites) == ((), ())
