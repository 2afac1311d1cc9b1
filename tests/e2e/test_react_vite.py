"""React apps as `npm create vite` makes them: set up, built, linted, opened in a real browser, undone."""

from __future__ import annotations

import json

import pytest

from tests.e2e.harness import POSTHOG_JS, RealApp, event, free_port, page
from wizard.sink import Sink


@pytest.mark.parametrize("template", ["react-ts", "react"])
def test_react_vite(app: RealApp, sink: Sink, template: str) -> None:
    create = ("npm", "create", "--yes", "vite@latest", ".", "--", "--template", template, "--no-interactive")
    app.run(*create)
    if not (app.root / ".gitignore").exists():
        (app.root / ".gitignore").write_text("node_modules\ndist\n*.local\n")
    app.run("npm", "install", "--no-audit", "--no-fund")
    app.run("npm", "run", "build")
    lint = app.run("npm", "run", "lint", check=False).returncode
    app.commit()
    before = app.content()
    app.setup(sink, *POSTHOG_JS)
    entry = app.root / ("src/main.tsx" if template == "react-ts" else "src/main.jsx")
    assert "<PostHogErrorBoundary>" in entry.read_text()
    assert {"posthog-js", "@posthog/react"} <= set(json.loads((app.root / "package.json").read_text())["dependencies"])
    app.run("npm", "run", "build")
    assert app.run("npm", "run", "lint", check=False).returncode == lint
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    vite = ("node", "node_modules/vite/bin/vite.js", "--port", str(port), "--strictPort", "--host", "127.0.0.1")
    with app.started(vite, url), page(url):
        seen = event(sink, "$pageview")
    assert seen.event is not None
    assert seen.event["properties"]["$current_url"] == url
    assert [r.event["event"] for r in sink.received if r.event].count("$pageview") == 1
    app.check_rerun_and_undo(before, sink, *POSTHOG_JS)
