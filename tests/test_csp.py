"""Content-Security-Policies: found where they are set, and only those that do not know PostHog yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard import csp
from wizard.answers import Answers
from wizard.posthog import hosts
from wizard.project import Project, Tree

POLICY = "default-src 'self'"


def app(path: str, text: str) -> Project:
    """An app of one file, in memory."""
    nowhere = Path("/nowhere")
    return Project(Tree(nowhere, nowhere, (path,), {path: text.encode()}))


FOUND = {
    "meta": ("index.html", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n', 2),
    "next_headers": ("next.config.ts", f'headers: [{{ key: "Content-Security-Policy", value: "{POLICY}" }}]\n', 1),
    "middleware": ("src/middleware.ts", f'\nheaders.set("content-security-policy", "{POLICY}")\n', 2),
    "helmet": ("server.js", "app.use(helmet())\n", 1),
    "vercel": ("vercel.json", f'{{"headers": [{{"key": "Content-Security-Policy", "value": "{POLICY}"}}]}}', 1),
    "netlify": ("netlify.toml", f'[headers.values]\nContent-Security-Policy = "{POLICY}"\n', 2),
    "headers_file": ("public/_headers", f"/*\n  Content-Security-Policy: {POLICY}\n", 2),
    "svelte": ("svelte.config.js", "export default { kit: { csp: { directives: {} } } }\n", 1),
    "django_csp": ("app/settings.py", "CSP_DEFAULT_SRC = (\"'self'\",)\n", 1),
}


@pytest.mark.parametrize(("path", "text", "line"), FOUND.values(), ids=FOUND)
def test_finds(path: str, text: str, line: int) -> None:
    assert csp.sites(app(path, text)) == (csp.Place(path, line),)


NOT_FOUND = {
    "knows_posthog": ("index.html", '<meta http-equiv="Content-Security-Policy" content="script-src *.posthog.com">'),
    "report_only": ("server.js", 'res.set("Content-Security-Policy-Report-Only", "default-src *")'),
    "comment": ("server.js", "// Content-Security-Policy is set by nginx\n"),
    "helmet_without": ("server.js", "app.use(helmet({ contentSecurityPolicy: false }))\n"),
    "test": ("server.test.js", 'expect(headers["content-security-policy"]).toBe("x")\n'),
    "example": ("examples/server.js", 'res.set("Content-Security-Policy", "x")\n'),
    "csp_of_something_else": ("src/model.js", "export const csp = { a: 1 }\n"),
    "markdown": ("README.md", "Content-Security-Policy\n"),
}


@pytest.mark.parametrize(("path", "text"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_does_not_find(path: str, text: str) -> None:
    assert csp.sites(app(path, text)) == ()


def test_note_says_what_to_add() -> None:
    (note,) = csp.note(app(*FOUND["helmet"][:2]), Answers(hosts.cloud("eu")))
    assert note.title.endswith("(server.js:1)")
    assert note.body.split("\n") == [
        "script-src https://*.posthog.com",
        "connect-src https://*.posthog.com",
        "worker-src 'self' blob: data:",
    ]


def test_note_names_an_own_host() -> None:
    (note,) = csp.note(app(*FOUND["helmet"][:2]), Answers(hosts.of("https://ph.example.com")))
    assert "script-src https://ph.example.com" in note.body


def test_same_origin_needs_only_the_worker() -> None:
    (note,) = csp.note(app(*FOUND["helmet"][:2]), Answers(hosts.cloud("us")), same_origin=True)
    assert note.body == "worker-src 'self' blob: data:"
    without = Answers(hosts.cloud("us"), options={"session_replay": False})
    assert not list(csp.note(app(*FOUND["helmet"][:2]), without, same_origin=True))


def test_no_note_without_a_policy() -> None:
    assert not list(csp.note(app("index.html", "<head></head>"), Answers(hosts.cloud("us"))))
