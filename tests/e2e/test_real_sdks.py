"""PostHog's own SDKs, as their registries have them, against the sink: what they send is understood, and answered."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import TOKEN, RealApp, page
from wizard.posthog import relay
from wizard.posthog.http import NoReply
from wizard.sink import Received, Sink, replies
from wizard.sink.forward import Forwarder
from wizard.sink.http1 import Answer, Request

BROWSER = "posthog-js@1.434.18"


def names(sink: Sink) -> list[str]:
    return [str(item.event["event"]) for item in sink.received if item.event]


def named(sink: Sink, name: str) -> Received:
    """The first event of that name. Fails when it does not come within 20 s."""
    found = sink.wait_for(lambda item: item.event is not None and item.event["event"] == name, 20)
    assert found is not None, (name, [(r.kind, r.note or (r.event and r.event["event"])) for r in sink.received])
    assert found.token == TOKEN
    return found


def properties(item: Received) -> dict[str, Any]:
    assert item.event is not None
    return dict(item.event["properties"])


def nothing_refused(sink: Sink) -> None:
    assert [(item.path, item.note) for item in sink.received if item.kind == "refused"] == []


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the output belongs to the tests."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def shop(app: RealApp) -> Callable[[str], str]:
    """Writes a page with posthog-js from npm, which runs the given script; returns its name."""
    (app.root / "package.json").write_text('{"private": true}')
    app.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", BROWSER)

    def write(script: str) -> str:
        dist = "/node_modules/posthog-js/dist/module.full.no-external.js"
        (app.root / "index.html").write_text(
            f"<h1>Shop</h1><button id=buy>Buy</button><script type=module>import posthog from '{dist}';"
            f"window.posthog = posthog;\n{script}</script>"
        )
        return "index.html"

    return write


def test_posthog_js(app: RealApp, sink: Sink, shop: Callable[[str], str]) -> None:
    shop(
        f"posthog.init('{TOKEN}', {{api_host: '{sink.url}', defaults: '2026-01-30', capture_exceptions: true,"
        "advanced_disable_flags: false, loaded: (p) => { p.capture('signed up', {plan: 'caf\\u00e9'});"
        "p.identify('ann', {email: 'ann@example.com'}); p.group('company', 'acme'); p.reloadFeatureFlags() }})"
    )
    with served(app.root) as site, page(f"{site}/index.html") as opened:
        named(sink, "$pageview")
        assert properties(named(sink, "signed up"))["plan"] == "caf\u00e9"
        named(sink, "$identify")
        assert properties(named(sink, "$groupidentify"))["$group_key"] == "acme"
        opened.click("#buy")  # type: ignore[attr-defined]
        assert properties(named(sink, "$autocapture"))["$lib"] == "web"
        opened.evaluate("setTimeout(() => { throw new Error('a bug') })")  # type: ignore[attr-defined]
        named(sink, "$exception")
        assert sink.wait_for(lambda item: item.kind == "config", 5)
        assert sink.wait_for(lambda item: item.kind == "flags", 10)
        opened.close(run_before_unload=True)  # type: ignore[attr-defined]
        named(sink, "$pageleave")
    assert names(sink).count("$pageview") == 1
    nothing_refused(sink)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("disable_compression: true", id="plain-json-with-preflight"),
        pytest.param("api_transport: 'fetch'", id="fetch"),
        pytest.param("api_transport: 'XHR', disable_compression: true", id="xhr"),
        pytest.param("request_batching: false", id="unbatched"),
    ],
)
def test_posthog_js_transports(app: RealApp, sink: Sink, shop: Callable[[str], str], options: str) -> None:
    shop(
        f"posthog.init('{TOKEN}', {{api_host: '{sink.url}', {options}, loaded: (p) => p.capture('signed up')}});"
        "posthog.capture('gone', {}, {transport: 'sendBeacon'})"
    )
    with served(app.root) as site, page(f"{site}/index.html"):
        named(sink, "$pageview")
        named(sink, "signed up")
        named(sink, "gone")
    nothing_refused(sink)


def test_posthog_js_replay(
    app: RealApp, sink: Sink, shop: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replies.config
    recording = {"endpoint": "/s/", "recorderVersion": "v2", "consoleLogRecordingEnabled": True}
    monkeypatch.setattr(replies, "config", lambda token: {**plain(token), "sessionRecording": recording})
    shop(f"posthog.init('{TOKEN}', {{api_host: '{sink.url}', defaults: '2026-01-30'}})")
    with served(app.root) as site, page(f"{site}/index.html") as opened:
        opened.click("#buy")  # type: ignore[attr-defined]
        found = sink.wait_for(lambda item: item.kind == "replay", 30)
        assert found is not None, [(item.kind, item.note) for item in sink.received]
        assert found.token == TOKEN
        assert found.detail is not None
        assert found.detail["snapshots"] >= 2
        assert len(found.detail["session"]) == 36
    nothing_refused(sink)


NODE = """
const { PostHog } = require('posthog-node')
const client = new PostHog(process.env.TOKEN, { host: process.env.SINK, OPTIONS })
;(async () => {
  client.capture({ distinctId: 'ann', event: 'signed up', properties: { plan: 'caf\\u00e9' } })
  client.identify({ distinctId: 'ann', properties: { email: 'ann@example.com' } })
  client.groupIdentify({ groupType: 'company', groupKey: 'acme' })
  client.alias({ distinctId: 'ann', alias: 'annie' })
  client.captureException(new Error('a bug'), 'ann')
  await client.isFeatureEnabled('checkout', 'ann')
  for (let i = 0; i < 250; i++) client.capture({ distinctId: 'ann', event: 'many', properties: { i } })
  await client.shutdown()
})()
"""


@pytest.mark.parametrize(
    ("options", "env", "path"),
    [
        pytest.param("", {}, "/batch/", id="gzip-v0"),
        pytest.param("disableCompression: true", {}, "/batch/", id="plain-v0"),
        pytest.param("", {"POSTHOG_CAPTURE_MODE": "v1"}, "/i/v1/analytics/events", id="v1"),
    ],
)
def test_posthog_node(app: RealApp, sink: Sink, options: str, env: dict[str, str], path: str) -> None:
    (app.root / "package.json").write_text('{"private": true}')
    app.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "posthog-node")
    (app.root / "main.js").write_text(NODE.replace("OPTIONS", options))
    app.env.update(env, TOKEN=TOKEN, SINK=sink.url)
    app.run("node", "main.js", timeout=60)
    assert properties(named(sink, "signed up"))["plan"] == "caf\u00e9"
    for name in ("$identify", "$groupidentify", "$create_alias", "$exception"):
        named(sink, name)
    sent = [properties(item)["i"] for item in sink.received if item.event and item.event["event"] == "many"]
    assert sorted(sent) == list(range(250))
    assert {item.path for item in sink.received if item.event} == {path}
    assert any(item.kind == "flags" for item in sink.received)
    assert named(sink, "signed up").user_agent.startswith("posthog-node/")
    nothing_refused(sink)


def test_posthog_node_local_evaluation(app: RealApp, sink: Sink) -> None:
    (app.root / "package.json").write_text('{"private": true}')
    app.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "posthog-node")
    (app.root / "main.js").write_text(NODE.replace("OPTIONS", "personalApiKey: process.env.KEY"))
    app.env.update(TOKEN=TOKEN, SINK=sink.url, KEY="phx_abcdefghijk")
    app.run("node", "main.js", timeout=60)
    found = sink.wait_for(lambda item: item.note.startswith("local evaluation"), 5)
    assert found is not None
    assert "abcdefghijk" not in repr(sink.received)
    nothing_refused(sink)


def test_posthog_js_lite(app: RealApp, sink: Sink) -> None:
    (app.root / "package.json").write_text('{"private": true, "type": "module"}')
    app.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "posthog-js-lite")
    (app.root / "main.js").write_text(
        "import { PostHog } from 'posthog-js-lite';"
        "const p = new PostHog(process.env.TOKEN, { host: process.env.SINK, persistence: 'memory' });"
        "p.capture('signed up'); await p.reloadFeatureFlagsAsync(); await p.flush()"
    )
    app.env.update(TOKEN=TOKEN, SINK=sink.url)
    app.run("node", "main.js", timeout=60)
    named(sink, "signed up")
    assert any(item.kind == "flags" for item in sink.received)
    nothing_refused(sink)


PYTHON = """
import os, posthog
from posthog import Posthog
client = Posthog(os.environ["TOKEN"], host=os.environ["SINK"], OPTIONS)
try:
    1 / 0
except ZeroDivisionError as error:
    client.capture_exception(error, distinct_id="ann")
client.capture("signed up", distinct_id="ann", properties={"plan": "caf\\u00e9"})
client.set(distinct_id="ann", properties={"email": "ann@example.com"})
client.group_identify("company", "acme")
client.alias("annie", "ann")
client.feature_enabled("checkout", "ann")
for i in range(250):
    client.capture("many", distinct_id="ann", properties={"i": i})
client.shutdown()
"""
ASYNC = """
import asyncio, os
from posthog import AsyncPosthog
async def main():
    client = AsyncPosthog(os.environ["TOKEN"], host=os.environ["SINK"])
    client.capture("signed up", distinct_id="ann", properties={"plan": "caf\\u00e9"})
    await client.flush()
    await client.shutdown()
asyncio.run(main())
"""


@pytest.fixture(scope="session")
def python_with_posthog(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python of its own with the newest posthog."""
    root = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", root], check=True)
    python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "posthog[async]"], check=True, capture_output=True)
    return str(python)


@pytest.mark.parametrize(
    ("options", "env", "path"),
    [
        pytest.param("", {}, "/batch/", id="queue"),
        pytest.param("gzip=True", {}, "/batch/", id="gzip"),
        pytest.param("sync_mode=True", {}, "/batch/", id="sync"),
        pytest.param("", {"POSTHOG_CAPTURE_MODE": "v1"}, "/i/v1/analytics/events", id="v1"),
        pytest.param(
            "", {"POSTHOG_CAPTURE_MODE": "v1", "POSTHOG_CAPTURE_COMPRESSION": "deflate"}, "/i/v1/analytics/events",
            id="v1-deflate",
        ),
        pytest.param("personal_api_key=os.environ['KEY']", {}, "/batch/", id="local-evaluation"),
    ],
)  # fmt: skip
def test_posthog_python(
    app: RealApp, sink: Sink, python_with_posthog: str, options: str, env: dict[str, str], path: str
) -> None:
    (app.root / "main.py").write_text(PYTHON.replace("OPTIONS", options))
    app.env.update(env, TOKEN=TOKEN, SINK=sink.url, KEY="phx_abcdefghijk")
    app.run(python_with_posthog, "main.py", timeout=60)
    assert properties(named(sink, "signed up"))["plan"] == "caf\u00e9"
    for name in ("$set", "$groupidentify", "$create_alias", "$exception"):
        named(sink, name)
    sent = [properties(item)["i"] for item in sink.received if item.event and item.event["event"] == "many"]
    assert sorted(sent) == list(range(250))
    assert {item.path for item in sink.received if item.event} == {path}
    wanted = "local evaluation" if "personal" in options else ""
    assert any(item.note.startswith(wanted) for item in sink.received if item.kind in ("flags", "other"))
    assert "abcdefghijk" not in repr(sink.received)
    nothing_refused(sink)


def test_posthog_python_async(app: RealApp, sink: Sink, python_with_posthog: str) -> None:
    (app.root / "main.py").write_text(ASYNC)
    app.env.update(TOKEN=TOKEN, SINK=sink.url)
    app.run(python_with_posthog, "main.py", timeout=60)
    assert properties(named(sink, "signed up"))["plan"] == "caf\u00e9"
    nothing_refused(sink)


FLAG = """
import os
from posthog import Posthog
client = Posthog(os.environ["TOKEN"], host=os.environ["SINK"], sync_mode=True)
print("flag:", client.feature_enabled("checkout", "ann", send_feature_flag_events=False))
client.capture("signed up", distinct_id="ann")
client.shutdown()
"""


def test_posthog_python_through_a_relay(
    app: RealApp, sink: Sink, python_with_posthog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = {"key": "checkout", "enabled": True, "variant": None, "reason": None, "metadata": {"id": 1, "version": 1}}
    plain = replies.flags
    # the near end answers with the same function, so that only the relay can tell them apart
    monkeypatch.setattr(
        replies, "flags", lambda token, version="": {**plain(token, version), "flags": {"checkout": on} if far else {}}
    )
    far: list[bool] = []
    upstream = relay.Upstream(relay.named(sink.url), "posthog-wizard-test")

    def exchange(request: Request) -> Answer | str:
        far.append(True)
        found = upstream.relay(request.method, request.target, request.raw, request.body)
        return found.reason if isinstance(found, NoReply) else Answer(found.status, found.body, found.content_type)

    (app.root / "main.py").write_text(FLAG)
    said: list[str] = []
    with Sink(onward=Forwarder(exchange, said.append)) as near:
        app.env.update(TOKEN=TOKEN, SINK=near.url)
        done = app.run(python_with_posthog, "main.py", timeout=60)
    assert "flag: True" in done.stdout
    for each in (near, sink):
        assert named(each, "signed up").user_agent == named(sink, "signed up").user_agent
        nothing_refused(each)
    assert said == []
    upstream.close()
