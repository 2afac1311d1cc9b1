"""`create-turbo` itself: the last release that carries its templates, where later ones download them."""

from __future__ import annotations

import json

from tests.e2e.harness import POSTHOG_JS, RealApp
from tests.e2e.test_monorepos import both_emit, detected, touched, undone_one_by_one
from wizard.sink import Sink


def test_create_turbo(app: RealApp, sink: Sink) -> None:
    """Two Next.js apps (version 12, pages router) and three packages, of which nobody would set up one."""
    app.run("npx", "--yes", "create-turbo@1.0.24", ".", "--use-npm", "--no-install")
    for name in ("docs", "web"):
        manifest = app.root / "apps" / name / "package.json"
        data = json.loads(manifest.read_text())
        data["devDependencies"]["@types/node"] = "17.0.45"  # later ones need a later TypeScript than the template's
        manifest.write_text(json.dumps(data, indent=2))
    app.run("npm", "install", "--no-audit", "--no-fund")
    app.commit()
    assert detected(app) == [("apps/docs", "nextjs", "npm"), ("apps/web", "nextjs", "npm")]
    before = app.content()
    app.setup(sink, "--all", *POSTHOG_JS)
    assert touched(app, before) == {
        f"apps/{name}/{path}" for name in ("docs", "web") for path in (".env.local", "package.json", "pages/_app.tsx")
    } | {"package-lock.json"}
    app.run("npm", "run", "build", "--workspaces", "--if-present")
    both_emit(app, sink, "apps/docs", "apps/web")
    undone_one_by_one(app, before, "apps/web")
