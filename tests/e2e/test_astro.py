"""Astro as its users start it, in a real browser: one event on load, one more per soft navigation."""

from __future__ import annotations

import json

from tests.e2e.harness import POSTHOG_JS, TOKEN, RealApp, event, free_port, page
from wizard.sink import Sink

LAYOUT = """---
import { ClientRouter } from 'astro:transitions';
---

<!doctype html>
<html lang="en">
	<head>
		<meta charset="UTF-8" />
		<title>Astro Basics</title>
		<ClientRouter />
	</head>
	<body>
		<a id="about" href="/about">About</a>
		<slot />
	</body>
</html>
"""
PAGE = """---
import Layout from '../layouts/Layout.astro';
---

<Layout><h1>TITLE</h1></Layout>
"""
CONFIG = """// @ts-check
import { defineConfig } from 'astro/config';

export default defineConfig({});
"""


def test_astro_with_view_transitions(app: RealApp, sink: Sink) -> None:
    for folder in ("src/layouts", "src/pages"):
        (app.root / folder).mkdir(parents=True)
    manifest = {"name": "site", "type": "module", "scripts": {"build": "astro build", "check": "astro check"}}
    (app.root / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (app.root / "astro.config.mjs").write_text(CONFIG)
    (app.root / "tsconfig.json").write_text('{\n  "extends": "astro/tsconfigs/strict"\n}\n')
    (app.root / ".gitignore").write_text("node_modules/\ndist/\n.astro/\n.env\n")
    (app.root / "src/layouts/Layout.astro").write_text(LAYOUT)
    (app.root / "src/pages/index.astro").write_text(PAGE.replace("TITLE", "Home"))
    (app.root / "src/pages/about.astro").write_text(PAGE.replace("TITLE", "About"))
    app.run("npm", "install", "--silent", "astro@5", "@astrojs/check", "typescript@5")
    app.run("npm", "run", "build")
    app.commit()
    before = app.content()
    app.setup(sink, *POSTHOG_JS)
    app.run("npm", "run", "check")
    app.run("npm", "run", "build")
    port = free_port()
    astro = ("node", "node_modules/astro/astro.js", "preview", "--port", str(port), "--host", "127.0.0.1")
    with app.started(astro, f"http://127.0.0.1:{port}/"), page(f"http://127.0.0.1:{port}/") as opened:
        first = event(sink, "$pageview")
        assert first.event is not None
        assert first.event["properties"]["$current_url"].endswith(f":{port}/")
        opened.click("#about")  # type: ignore[attr-defined]
        second = sink.wait_for(lambda r: r.event is not None and "/about" in str(r.event["properties"]), 20)
        assert second is not None
        opened.wait_for_timeout(4000)  # type: ignore[attr-defined]
        views = [r for r in sink.received if r.event is not None and r.event["event"] == "$pageview"]
        assert len(views) == 2, [r.event for r in views]
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink, *POSTHOG_JS)
