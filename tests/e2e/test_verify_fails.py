"""`verify` on real apps, each broken in one way: every cause is told apart and named, through the command itself."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import POSTHOG_JS, TOKEN, RealApp
from wizard.emits.chrome import find_chrome
from wizard.sink import Sink

pytestmark = pytest.mark.skipif(find_chrome() is None, reason="needs Chrome")

Change = Callable[[Path], None]


def edit(path: str, pattern: str, new: str) -> Change:
    """Replaces what matches in one file of the app; a pattern that finds nothing fails the test."""

    def change(root: Path) -> None:
        text = (root / path).read_text()
        changed, number = re.subn(pattern, lambda match: new, text, flags=re.DOTALL)
        assert number, f"{pattern} is not in {path}:\n{text}"
        (root / path).write_text(changed)

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(root: Path) -> None:
        for one in changes:
            one(root)

    return change


def tag(policy: str) -> Change:
    """A meta tag with a policy under which Vite itself still works."""
    style = "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
    content = f"default-src 'self'; {style}; {policy}"
    return edit("index.html", "<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{content}">')


def app_link(app: RealApp, *arguments: str, code: int) -> dict[str, Any]:
    """What `verify --json` says about the app's own code."""
    done = app.wizard("verify", "--json", "--token", TOKEN, *arguments, code=code)
    [link] = [link for link in json.loads(done.stdout)["verification"] if link["link"] == "app"]
    return dict(link)


def seen(link: dict[str, Any]) -> tuple[str, str]:
    """The cause of a failure, or what was sent."""
    if link["status"] == "passed":
        return "passed", link["detail"]["event"]["event"]
    return link["status"], link["detail"]["cause"]


def copied(scaffold: Path, root: Path) -> None:
    """A scaffold of its own for a test; its packages are shared by links, the caches of its tools are not."""
    shutil.rmtree(root)
    skip = shutil.ignore_patterns(".vite", ".next", ".git")

    def link(source: str, target: str) -> None:
        # a test that writes into a package must not write into the scaffold
        os.link(source, target) if "node_modules" in source else shutil.copy2(source, target)

    shutil.copytree(scaffold, root, symlinks=True, ignore=skip, copy_function=link)


def set_up(app: RealApp) -> Path:
    app.commit()
    app.wizard("--ci", "--token", TOKEN, "--region", "us", *POSTHOG_JS, "--no-verify")
    return app.root


@pytest.fixture(scope="module")
def vite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """React by Vite, with PostHog."""
    app = RealApp(tmp_path_factory.mktemp("vite"), tmp_path_factory.mktemp("state"))
    app.run("npm", "create", "--yes", "vite@latest", ".", "--", "--template", "react-ts", "--no-interactive")
    (app.root / ".gitignore").write_text("node_modules\ndist\n*.local\n")
    app.run("npm", "install", "--no-audit", "--no-fund")
    return set_up(app)


def at(sink: Sink, root: Path) -> None:
    """The app's PostHog becomes the sink of the test, which stands for the user's own."""
    for path in (".env.local", "index.html", MAIN):
        text = (root / path).read_text().replace("https://us.i.posthog.com", sink.url)
        (root / path).write_text(re.sub(r"\bHOST(?=[';])", sink.url, text))


MAIN = "src/main.tsx"
INIT = r"const posthogToken.*?\n}\n"
SILENT_SERVER = "console.log('compiling ...'); setInterval(() => {}, 1000)\n"


def a_server_that_never_starts(root: Path) -> None:
    script = root / "node_modules/vite/bin/vite.js"
    script.unlink()
    script.write_text(SILENT_SERVER)


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        pytest.param(lambda root: (root / ".env.local").unlink(), "missing-variable",
                     "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN is not set", id="no-env-file"),
        pytest.param(edit(".env.local", r"VITE_PUBLIC_POSTHOG_PROJECT_TOKEN=\S+", ""), "missing-variable",
                     "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN is not set", id="missing-variable"),
        pytest.param(edit(".env.local", "VITE_PUBLIC_POSTHOG_PROJECT_TOKEN", "POSTHOG_KEY"), "wrong-prefix",
                     "sets POSTHOG_KEY, but only names that begin with VITE_ reach the page: call it VITE_PUBLIC_",
                     id="wrong-prefix"),
        pytest.param(tag("connect-src 'self' ws:"), "csp",
                     "(set in index.html:3) blocks PostHog: connect-src does not allow https://us.i.", id="csp"),
        pytest.param(tag("connect-src ws: https://eu.i.posthog.com"), "csp",
                     "connect-src does not allow https://us.i.posthog.com", id="csp-for-the-other-region"),
        pytest.param(edit(MAIN, "defaults:", "opt_out_capturing_by_default: true, defaults:"), "opt-out",
                     "opt_out_capturing_by_default is on", id="opted-out"),
        pytest.param(edit(MAIN, "defaults:", "cookieless_mode: 'on_reject', defaults:"), "opt-out",
                     "nobody was asked for consent yet", id="consent-pending"),
        pytest.param(edit(MAIN, "defaults:", "before_send: () => null, defaults:"), "before-send",
                     "lets no event through", id="before-send"),
        pytest.param(edit(MAIN, r"api_host: [^\n]*", "api_host: 'https://eu.i.posthog.com',"), "wrong-region",
                     "the page sends to https://eu.i.posthog.com", id="wrong-region-in-the-code"),
        pytest.param(edit(".env.local", "us.i", "eu.i"), "wrong-region",
                     "VITE_PUBLIC_POSTHOG_HOST in .env.local is https://eu.i.", id="wrong-region-in-the-file"),
        pytest.param(both(edit(MAIN, INIT, ""), edit(MAIN, r"[^\n]*(osthog|PostHog)[^\n]*\n", "")), "no-init",
                     "no PostHog runs in the page", id="init-removed"),
        pytest.param(edit(MAIN, INIT, ""), "no-init", "its init did not run", id="init-removed-import-left"),
        pytest.param(lambda root: shutil.rmtree(root / "node_modules/posthog-js"), "sdk-import",
                     "cannot load the PostHog SDK", id="sdk-not-installed"),
        pytest.param(edit(MAIN, r"posthog\.init\(posthogToken", "posthog.init('phc_another'"), "wrong-token",
                     "the event carries the token", id="another-project"),
        pytest.param(edit(MAIN, "import App", "throw new Error('no such shop')\nimport App"), "page-broken",
                     "no such shop", id="page-breaks-first"),
        pytest.param(a_server_that_never_starts, "never-answered", "\ncompiling ...", id="never-starts"),
    ],
)  # fmt: skip
def test_a_page_that_fails(app: RealApp, vite: Path, change: Change, cause: str, words: str) -> None:
    copied(vite, app.root)
    change(app.root)
    link = app_link(app, "--region", "us", "--timeout", "5" if cause == "never-answered" else "40", code=4)
    assert seen(link) == ("failed", cause), link
    assert words in link["reason"]
    assert "127.0.0.1" not in link["reason"].replace("nothing answered on http://127.0.0.1", "")


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        pytest.param(lambda root: None, "", id="as-set-up"),
        pytest.param(tag("connect-src 'self' ws: HOST;"), "script-src does not allow", id="policy-for-events-only"),
        pytest.param(edit(MAIN, r"api_host: [^\n]*", "api_host: 'HOST',"), "written in the code", id="fixed-host"),
        pytest.param(edit(MAIN, "defaults:", "capture_pageview: false, defaults:"), "", id="no-page-views"),
        pytest.param(edit(MAIN, "defaults:", "cookieless_mode: 'always', defaults:"), "", id="cookieless"),
    ],
)  # fmt: skip
def test_a_page_that_passes(app: RealApp, sink: Sink, vite: Path, change: Change, warning: str) -> None:
    copied(vite, app.root)
    change(app.root)
    at(sink, app.root)
    link = app_link(app, "--host", sink.url, code=0)
    assert link["status"] == "passed", link
    assert warning in link["detail"].get("warning", "")
    assert bool(warning) == bool(link["detail"].get("warning")), link
    assert [item for item in sink.received if item.kind == "event" and "verify" not in str(item.event)] == []


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("vite --port 5199", ()),
        ("vite", ("--app-command", "npm run dev")),
        ("vite", ("--app-command", "npm run dev -- --port 5198", "--app-url", "http://localhost:5198/")),
    ],
    ids=["own-port", "wrapped-by-npm", "named-url"],
)
def test_commands_of_the_users_own(
    app: RealApp, sink: Sink, vite: Path, script: str, arguments: tuple[str, ...]
) -> None:
    copied(vite, app.root)
    edit("package.json", r'"dev": "vite"', f'"dev": "{script}"')(app.root)
    at(sink, app.root)
    link = app_link(app, "--host", sink.url, *(arguments or ("--app-command", "npm run dev")), code=0)
    assert link["status"] == "passed", link
    assert not any(str(app.root) in line for line in _commands())


def test_a_development_certificate(app: RealApp, sink: Sink, vite: Path) -> None:
    copied(vite, app.root)
    at(sink, app.root)
    key = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    app.run(*key.split(), "-keyout", "key.pem", "-out", "cert.pem")
    edit("vite.config.ts", r"plugins:", "server: { https: { key: 'key.pem', cert: 'cert.pem' } }, plugins:")(app.root)
    link = app_link(app, "--host", sink.url, code=0)
    assert link["detail"]["event"]["properties"]["$current_url"].startswith("https://127.0.0.1:"), link


def _commands() -> list[str]:
    """The command lines of everything that runs."""
    found = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return [line.replace(b"\0", b" ").decode(errors="replace") for line in found]


EXPRESS = """require('dotenv').config()
const express = require('express')
const app = express()
app.get('/health', (req, res) => res.send('ok'))
app.listen(process.env.PORT || 3000)
"""


@pytest.fixture(scope="module")
def express(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Express API that has nothing at its root, with PostHog."""
    app = RealApp(tmp_path_factory.mktemp("express"), tmp_path_factory.mktemp("state"))
    (app.root / "server.js").write_text(EXPRESS)
    scripts = {"start": "node server.js"}
    (app.root / "package.json").write_text(json.dumps({"name": "shop", "private": True, "scripts": scripts}, indent=2))
    (app.root / ".gitignore").write_text("node_modules\n.env\n")
    app.run("npm", "install", "--silent", "express", "dotenv")
    app.commit()
    app.wizard("--ci", "--token", TOKEN, "--region", "us", "--no-verify")
    return app.root


TAKEN = "const net = require('net'); net.createServer().listen(process.env.PORT, () => require('./server.js'))\n"


@pytest.mark.parametrize(
    ("change", "arguments", "status", "cause"),
    [
        pytest.param(lambda root: None, (), "passed", "posthog_wizard_verify", id="as-set-up"),
        pytest.param(lambda root: None, ("--app-command", "npm start"), "passed", "posthog_wizard_verify", id="by-npm"),
        pytest.param(edit(".env", r"POSTHOG_PROJECT_TOKEN=\S+", ""), (), "failed", "missing-variable", id="missing"),
        pytest.param(edit(".env", "POSTHOG_PROJECT_TOKEN", "POSTHOG_KEY"), (), "failed", "wrong-name", id="wrong-name"),
        pytest.param(edit(".env", r"us\.i", "eu.i"), (), "failed", "wrong-region", id="wrong-region"),
        pytest.param(lambda root: (root / "server.js").write_text(EXPRESS), (), "failed", "no-init", id="init-removed"),
        pytest.param(edit("server.js", "const app", "process.exit(3)\nconst app"), (), "failed", "app-ended", id="end"),
        pytest.param(edit("server.js", r"app\.listen", "setInterval(() => {}, 1000) //"), ("--timeout", "3"), "failed",
                     "never-answered", id="never-starts"),
        pytest.param(lambda root: shutil.rmtree(root / "node_modules/posthog-node"), (), "failed", "sdk-import",
                     id="sdk-not-installed"),
    ],
)  # fmt: skip
def test_a_server(
    app: RealApp, express: Path, change: Change, arguments: tuple[str, ...], status: str, cause: str
) -> None:
    copied(express, app.root)
    change(app.root)
    # without a network nothing is said about the token, so that only the app decides
    link = app_link(app, "--region", "us", *arguments, code=0 if status == "passed" else 4)
    assert seen(link) == (status, cause), link
    assert not any(str(app.root) in line for line in _commands())


def test_a_crash_that_the_app_itself_reports(app: RealApp, express: Path) -> None:
    """The event is proof, whatever else is wrong; what is wrong is said with it."""
    copied(express, app.root)
    (app.root / "taken.js").write_text(TAKEN)
    link = app_link(app, "--region", "us", "--app-command", "node taken.js", code=0)
    assert seen(link) == ("passed", "$exception")
    assert "its port is already taken" in link["detail"]["warning"]
    assert not any(str(app.root) in line for line in _commands())
