"""What is said about a set-up that is there: the exact line that it lacks, never one to take away."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.existing_case import Files, app, javascript
from wizard.answers import Answers
from wizard.changes import Note, SetEnv
from wizard.existing.offers import kept, remarks, standing
from wizard.posthog import hosts
from wizard.project import Project

FULL = "api_host: H, defaults: 'x', capture_exceptions: true"
IMPORT = "import posthog from 'posthog-js'\n"


def answers(host: str = "us.i.posthog.com", token: str | None = "phc_new", **options: bool) -> Answers:
    return Answers(hosts.of(host), token, options)


def browser(call: str, version: str = "1.340.0", **more: str) -> Project:
    manifest = f'{{"dependencies": {{"posthog-js": "{version}"}}}}'
    return javascript({"package.json": manifest, "src/main.tsx": IMPORT + call, **more})


def offers(project: Project, given: Answers, language: str = "javascript") -> list[tuple[str, str]]:
    there = standing(project, language, "browser" if language == "javascript" else "server")
    notes = [change for change in kept(there, given) if isinstance(change, Note)]
    return [(note.title.removeprefix("Worth adding "), note.body) for note in notes if note.title.startswith("Worth")]


BROWSER: dict[str, tuple[Project, Answers, list[tuple[str, str]]]] = {
    "nothing_missing": (browser(f"posthog.init(K, {{ {FULL} }})"), answers(), []),
    "errors": (
        browser("posthog.init(K, {\n  defaults: 'x',\n})"),
        answers(),
        [("to the options in src/main.tsx:4: capture_exceptions", "capture_exceptions: true,")],
    ),
    "errors_not_wanted": (browser("posthog.init(K, { defaults: 'x' })"), answers(error_tracking=False), []),
    "errors_off_on_purpose": (browser("posthog.init(K, { defaults: 'x', capture_exceptions: false })"), answers(), []),
    "defaults_in_the_quotes_of_the_file": (
        browser("posthog.init(K, { api_host: '/x', ui_host: U, capture_exceptions: true })"),
        answers(),
        [("to the options in src/main.tsx:2: defaults", "defaults: '2026-01-30',")],
    ),
    "defaults_not_known_to_the_sdk": (browser("posthog.init(K, { capture_exceptions: 1 })", "1.300.0"), answers(), []),
    "errors_not_known_to_the_sdk": (browser("posthog.init(K, {})", "1.150.0"), answers(), []),
    "old_defaults_stay": (browser("posthog.init(K, { defaults: '2025-05-24', capture_exceptions: 1 })"), answers(), []),
    "page_views_by_hand": (
        browser("posthog.init(K, { capture_exceptions: 1 })\nposthog.capture('$pageview')"),
        answers(),
        [],
    ),
    "page_views_by_hand_and_said_so": (
        browser("posthog.init(K, { capture_exceptions: 1, capture_pageview: false })\nposthog.capture('$pageview')"),
        answers(),
        [("to the options in src/main.tsx:2: defaults", 'defaults: "2026-01-30",')],
    ),
    "switched_off": (
        browser(f"posthog.init(K, {{ {FULL} }})"),
        answers(autocapture=False, session_replay=False),
        [
            (
                "to the options in src/main.tsx:2: autocapture, disable_session_recording",
                "autocapture: false,\ndisable_session_recording: true,",
            )
        ],
    ),
    "switched_on_again_is_never_a_removal": (
        browser(f"posthog.init(K, {{ {FULL}, autocapture: false, disable_session_recording: true }})"),
        answers(),
        [],
    ),
    "proxy_without_ui_host": (
        browser("posthog.init(K, { api_host: '/ingest', defaults: D, capture_exceptions: E })"),
        answers("eu.i.posthog.com"),
        [("to the options in src/main.tsx:2: ui_host", "ui_host: 'https://eu.posthog.com',")],
    ),
    "own_domain_without_ui_host": (
        browser('posthog.init(K, { api_host: "https://e.shop.com", defaults: D, capture_exceptions: E })'),
        answers(),
        [("to the options in src/main.tsx:2: ui_host", 'ui_host: "https://us.posthog.com",')],
    ),
    "proxy_in_a_variable": (
        browser(
            "posthog.init(K, { api_host: import.meta.env.VITE_HOST, defaults: D, capture_exceptions: E })",
            **{".env": "VITE_HOST=/ingest\n"},
        ),
        answers(),
        [("to the options in src/main.tsx:2: ui_host", 'ui_host: "https://us.posthog.com",')],
    ),
    "cloud_host": (
        browser('posthog.init(K, { api_host: "https://eu.i.posthog.com", defaults: D, capture_exceptions: E })'),
        answers(),
        [],
    ),
    "own_instance": (
        browser('posthog.init(K, { api_host: "https://ph.acme.io", defaults: D, capture_exceptions: E })'),
        answers("https://ph.acme.io"),
        [],
    ),
    "no_options": (
        browser("posthog.init(K)"),
        answers(),
        [
            (
                "as the second argument in src/main.tsx:2: defaults, capture_exceptions",
                '{ defaults: "2026-01-30", capture_exceptions: true }',
            )
        ],
    ),
    "provider_without_options": (
        browser("import { PostHogProvider as P } from '@posthog/react'\nrender(<P apiKey={K} />)"),
        answers(),
        [
            (
                "to the options in src/main.tsx:3: defaults, capture_exceptions",
                'options={{ defaults: "2026-01-30", capture_exceptions: true }}',
            )
        ],
    ),
    "spread": (browser("posthog.init(K, { ...rest })"), answers(), []),
    "imported": (browser("import { o } from './o'\nposthog.init(K, o)"), answers(), []),
}


@pytest.mark.parametrize("case", BROWSER)
def test_offers_what_a_browser_set_up_lacks(case: str) -> None:
    project, given, expected = BROWSER[case]
    assert offers(project, given) == expected


@pytest.mark.parametrize("call", ["posthog.init(K, { ...rest })", "posthog.init(K, options())"])
def test_says_when_options_cannot_be_read(call: str) -> None:
    first = next(kept(standing(browser(call), "javascript", "browser"), answers()))
    assert isinstance(first, Note)
    assert first.body.startswith("Left as it is. Its options cannot be read here")


CLIENT, MODULE = "from posthog import Posthog\n", "import posthog\n"
EU = answers("eu.i.posthog.com", error_tracking=False)

PYTHON: dict[str, tuple[str, Answers, list[tuple[str, str]]]] = {
    "client": (
        CLIENT + "Posthog(\n    K,\n)\n",
        answers(),
        [
            (
                "to the options in app.py:4: enable_exception_autocapture",
                "enable_exception_autocapture=True,",
            )
        ],
    ),
    "client_has_it": (CLIENT + "Posthog(K, enable_exception_autocapture=False)\n", answers(), []),
    "client_not_wanted": (CLIENT + "Posthog(K)\n", answers(error_tracking=False), []),
    "client_elsewhere": (
        CLIENT + "Posthog(K)\n",
        EU,
        [("to the options in app.py:2: host", 'host="https://eu.i.posthog.com",')],
    ),
    "client_with_a_positional_host": (CLIENT + "Posthog(K, H)\n", EU, []),
    "asynchronous_has_no_such_option": ("from posthog import AsyncPosthog\nAsyncPosthog(K)\n", answers(), []),
    "module": (
        MODULE + "posthog.api_key = K\n\nposthog.debug = True\n",
        answers(),
        [("below app.py:4: enable_exception_autocapture", "posthog.enable_exception_autocapture = True")],
    ),
    "module_renamed": (
        "import posthog as ph\nph.api_key = K\n",
        EU,
        [("below app.py:2: host", 'ph.host = "https://eu.i.posthog.com"')],
    ),
    "unpacked": (CLIENT + "Posthog(K, **options)\n", answers(), []),
}


@pytest.mark.parametrize("case", PYTHON)
def test_offers_what_a_python_set_up_lacks(case: str) -> None:
    text, given, expected = PYTHON[case]
    assert offers(app({"app.py": text, "requirements.txt": "posthog==7.71\n"}), given, "python") == expected


KEY = "posthog.init(import.meta.env.VITE_KEY, { api_host: import.meta.env.VITE_HOST })"

VARIABLES: dict[str, tuple[Mapping[str, str], str | None, list[str]]] = {
    "missing": ({".env": "A=1\n"}, "phc_new", ["VITE_KEY", "VITE_HOST", "also deploy"]),
    "only_an_example": ({".env.example": "VITE_KEY=\n"}, "phc_new", ["VITE_KEY", "VITE_HOST", "also deploy"]),
    "host_is_there": ({".env": "VITE_HOST=https://x.io\n"}, "phc_new", ["VITE_KEY", "also deploy"]),
    "no_env_files_at_all": ({}, "phc_new", ["note"]),
    "only_the_code_is_wanted": ({".env": ""}, None, ["note"]),
    "there": ({".env.production": "VITE_KEY=phc_x\n"}, "phc_new", []),
    "given_by_compose": ({"compose.yaml": "environment:\n  VITE_KEY: x\n", ".env": ""}, "phc_new", []),
    "given_by_a_workflow": ({".github/workflows/a.yml": "env:\n  VITE_KEY: x\n", ".env": ""}, "phc_new", []),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_sets_the_variable_that_nothing_gives(case: str) -> None:
    files, token, expected = VARIABLES[case]
    changes = list(kept(standing(browser(KEY, **files), "javascript", "browser"), answers(token=token)))
    names = [change.name for change in changes if isinstance(change, SetEnv)]
    titles = [change.title for change in changes if isinstance(change, Note)]
    kinds = {"Nothing here sets VITE_KEY": "note", "Set VITE_KEY where the app is built": "also deploy"}
    assert names + [kinds[start] for title in titles for start in kinds if title.startswith(start)] == expected


INIT = IMPORT + f"posthog.init(K, {{ {FULL} }})\n"
SNIPPET = "<script>s='/static/array.js'; posthog.init('phc_x', { defaults: 1, capture_exceptions: 1 })</script>"

SAID: dict[str, tuple[Files, list[str]]] = {
    "one": ({"src/main.tsx": INIT}, ["PostHog is already set up: src/main.tsx:2 initialises posthog-js"]),
    "two": (
        {"src/main.tsx": 'import "./b"\n' + INIT, "src/b.ts": INIT},
        [
            "PostHog is already set up: src/b.ts:2 initialises posthog-js",
            "PostHog is set up twice: src/b.ts:2 and src/main.tsx:3",
        ],
    ),
    "snippet_beside": (
        {"index.html": SNIPPET + '<script type="module" src="/src/main.tsx"></script>', "src/main.tsx": INIT},
        [
            "PostHog is already set up: index.html:1 loads the HTML snippet",
            "PostHog is set up twice: index.html:1 and src/main.tsx:2",
        ],
    ),
    "one_is_dead": (
        {"src/main.tsx": INIT, "src/old.ts": INIT},
        [
            "PostHog is already set up: src/main.tsx:2 initialises posthog-js",
            "Does not count as a set-up, since the app does not load src/old.ts",
        ],
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_says(case: str) -> None:
    files, expected = SAID[case]
    changes = kept(standing(javascript(files), "javascript", "browser"), answers())
    assert [change.title for change in changes if isinstance(change, Note)] == expected


def test_a_plan_that_goes_on_tells_of_dead_code_and_of_its_own_files() -> None:
    project = javascript({"src/main.tsx": IMPORT + "posthog.init(K, { defaults: 'x' })\n", "src/old.ts": INIT})
    there = standing(project, "javascript", "browser", besides=("src/main.tsx",))
    assert [note.title for note in remarks(there, answers())] == [
        "Worth adding to the options in src/main.tsx:2: capture_exceptions",
        "Does not count as a set-up, since the app does not load src/old.ts",
    ]


def test_nothing_is_said_about_nothing() -> None:
    there = standing(javascript({"src/main.tsx": "render()\n"}), "javascript", "browser")
    assert (there.elsewhere, list(remarks(there, answers()))) == ((), [])


def test_only_code_of_the_app_itself_asks_for_the_package() -> None:
    files = {
        "apps/web/package.json": '{"dependencies": {"@acme/sdk": "workspace:*"}}',
        "apps/web/src/main.ts": 'import "@acme/sdk";\n',
        "packages/sdk/package.json": '{"name": "@acme/sdk"}',
        "packages/sdk/src/index.ts": INIT,
    }
    there = standing(app(files, "apps/web"), "javascript", "browser")
    assert [site.place for site in there.elsewhere] == ["../../packages/sdk/src/index.ts:2"]
    assert there.inside == ()
    assert standing(javascript({"src/main.ts": INIT}), "javascript", "browser").inside
    assert not standing(javascript({"index.html": SNIPPET}), "javascript", "browser").inside
