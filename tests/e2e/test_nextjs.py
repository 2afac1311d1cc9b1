"""Next.js from create-next-app, App Router and Pages Router: built, type-checked, linted, seen in a real browser."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.e2e.harness import POSTHOG_JS, TOKEN, RealApp, event, free_port, page
from wizard.sink import Sink


def _without_fonts(app: RealApp) -> None:
    """The scaffold fetches fonts from the internet when it is built; the test has none."""
    for path in (*app.root.rglob("layout.tsx"), *app.root.rglob("index.tsx")):
        if "node_modules" in path.parts:
            continue
        text = path.read_text()
        text = re.sub(r'^import \{ Geist.*?from "next/font/google";\n', "", text, flags=re.MULTILINE | re.DOTALL)
        text = re.sub(
            r"^const geist(Sans|Mono) = Geist(_Mono)?\(\{.*?\}\);\n", "", text, flags=re.MULTILINE | re.DOTALL
        )
        text = re.sub(r"\$\{geist(Sans|Mono)\.(variable|className)\}", "", text)
        path.write_text(text)


@pytest.mark.parametrize(
    ("router", "proxy"),
    [("--app", False), ("--no-app", False), ("--app", True)],
    ids=["app-router", "pages-router", "app-router-proxy"],
)
def test_create_next_app(app: RealApp, sink: Sink, router: str, proxy: bool) -> None:
    shutil.rmtree(app.root)
    app.root.parent.mkdir(exist_ok=True)
    scaffold = RealApp(app.state, app.state)
    source = "--src-dir" if router == "--app" else "--no-src-dir"
    flags = (router, source, "--ts", "--eslint", "--no-tailwind", "--import-alias", "@/*", "--use-npm", "--disable-git")
    scaffold.run("npx", "--yes", "create-next-app@16", str(app.root), *flags, "--yes")
    _without_fonts(app)
    app.run("npm", "run", "lint")
    app.run("npm", "run", "build")
    app.commit()
    before = app.content()
    more = ("--reverse-proxy",) if proxy else ()
    app.setup(sink, *POSTHOG_JS, *more)
    app.run("npm", "run", "lint")
    app.run("npx", "tsc", "--noEmit")
    env = {"NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN": TOKEN, "NEXT_PUBLIC_POSTHOG_HOST": sink.url}
    app.env |= env
    app.run("npm", "run", "build")
    port = free_port()
    url = f"http://localhost:{port}/"
    start = ("node", "node_modules/next/dist/bin/next", "start", "-p", str(port))
    with app.started(start, url.replace("localhost", "127.0.0.1")), page(url):
        seen = event(sink, "$pageview")
    assert seen.event is not None
    assert seen.event["properties"]["$lib"] == "web"
    assert json.loads((app.root / "package.json").read_text())["dependencies"]["posthog-js"] == "1.434.18"
    if proxy:
        assert re.search(r'api_host: "/[\w-]+"', (app.root / "src/instrumentation-client.ts").read_text())
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink, *POSTHOG_JS, *more)
