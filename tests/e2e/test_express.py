"""Express as its users start it: ES modules, CommonJS and TypeScript, with the real posthog-node."""

from __future__ import annotations

import json
import signal

import pytest

from tests.e2e.harness import TOKEN, RealApp, event, free_port, get
from wizard.sink import Sink

ESM = """import "dotenv/config";
import express from "express";

const app = express();

app.get("/", (req, res) => {
  res.send("hello");
});

app.get("/bug", () => {
  throw new Error("a bug in the shop");
});

app.use((err, req, res, next) => {
  res.status(500).json({ error: err.message });
});

app.listen(process.env.PORT ?? 3000);
"""
CJS = """require('dotenv').config()
const express = require('express')

const app = express()

app.get('/', (req, res) => res.send('hello'))
app.get('/bug', () => {
  throw new Error('a bug in the shop')
})

app.listen(process.env.PORT || 3000)
"""
TS = """import "dotenv/config";
import express, { type Express } from "express";

export function createApp(): Express {
  const app = express();

  app.get("/", (_req, res) => {
    res.send("hello");
  });
  app.get("/bug", () => {
    throw new Error("a bug in the shop");
  });

  return app;
}

createApp().listen(Number(process.env.PORT ?? 3000));
"""
TSCONFIG = {"compilerOptions": {"module": "NodeNext", "strict": True, "outDir": "dist", "skipLibCheck": True}}


@pytest.mark.parametrize(
    ("name", "source", "manifest", "extra"),
    [
        ("server.js", ESM, {"type": "module", "scripts": {"start": "node server.js"}}, []),
        ("server.js", CJS, {"scripts": {"start": "node server.js"}}, []),
        (
            "src/server.ts",
            TS,
            {"type": "module", "scripts": {"start": "tsx src/server.ts", "types": "tsc --noEmit"}},
            ["tsx", "typescript", "@types/express", "@types/node"],
        ),
    ],
    ids=["esm", "commonjs", "typescript"],
)
def test_express(
    app: RealApp, sink: Sink, name: str, source: str, manifest: dict[str, object], extra: list[str]
) -> None:
    (app.root / "src").mkdir()
    (app.root / name).write_text(source)
    (app.root / "package.json").write_text(json.dumps({"name": "shop", "private": True, **manifest}, indent=2) + "\n")
    (app.root / ".gitignore").write_text("node_modules\n.env\n")
    if extra:
        (app.root / "tsconfig.json").write_text(json.dumps(TSCONFIG))
    app.run("npm", "install", "--silent", "express", "dotenv", *extra)
    app.commit()
    before = app.content()
    app.setup(sink)
    if extra:
        app.run("npm", "run", "types")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"PORT": str(port), "POSTHOG_PROJECT_TOKEN": TOKEN, "POSTHOG_HOST": sink.url}
    argv = ("node", "server.js") if not extra else ("node_modules/.bin/tsx", "src/server.ts")
    with app.started([str(app.root / argv[0]) if extra else argv[0], *argv[1:]], url + "/", env) as server:
        assert get(url + "/bug")[0] == 500
        server.send_signal(signal.SIGTERM)
        seen = event(sink, "$exception")
    assert seen.event is not None
    assert seen.event["properties"]["$lib"] == "posthog-node"
    assert "a bug in the shop" in json.dumps(seen.event)
    app.wizard("verify", "--ci", "--token", TOKEN, "--host", sink.url)
    app.check_rerun_and_undo(before, sink)
