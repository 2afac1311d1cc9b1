"""The server half, for apps that have code of their own there: a posthog-node client and the errors Next.js reports."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.nextjs import layout as places
from frameworks.nextjs.browser import Code
from wizard.changes import Change, CreateFile, Install, Note
from wizard.existing import sites
from wizard.packages import npm

_HOW = """import {{ getPostHog }} from "{module}";

getPostHog().capture({{ distinctId: user.id, event: "order placed" }});
{flush}"""


def server(code: Code) -> Iterator[Change]:
    """A client for route handlers, API routes and server actions; nothing for an app that has none."""
    project, layout = code.project, code.layout
    if not places.runs_on_server(project, layout):
        return
    path = f"{layout.source}lib/{layout.script('posthog-server')}"
    if there := sites(project, "javascript", "server", besides=(path,)):
        yield Note(f"PostHog is already set up on the server: {there[0]}", "Left as it is.")
        return
    yield Install("posthog-node", "^5.40.0")
    source = "posthog-server.ts" if layout.typescript else "posthog-server.js"
    yield CreateFile(path, code.file(source), "one posthog-node client for server code, which sends at once")
    yield from _request_errors(code)
    yield _how_to_use(code, path)


def _request_errors(code: Code) -> Iterator[Change]:
    """`onRequestError` exists since Next.js 15; one file may define it, and it lies beside the routers."""
    project, layout = code.project, code.layout
    if not code.answers.wants("error_tracking") or not npm.at_least(project, "next", "15.0"):
        return
    if project.files("{instrumentation,src/instrumentation}.{ts,tsx,js,jsx,mjs,page.ts}"):
        return
    config = places.config(project)
    if config is not None and "pageExtensions" in (project.read(config) or ""):
        return
    source = "instrumentation.ts" if layout.typescript else "instrumentation.js"
    yield CreateFile(layout.source + source, code.file(source), "reports errors of the server to PostHog")


def _how_to_use(code: Code, path: str) -> Note:
    module = path.rpartition(".")[0]
    if '"@/*"' in (code.project.read("tsconfig.json") or code.project.read("jsconfig.json") or ""):
        module = "@/" + module.removeprefix(code.layout.source)
    flush = "await getPostHog().flush();"
    if npm.at_least(code.project, "next", "15.1"):
        flush = 'after(() => getPostHog().flush()); // import { after } from "next/server"'
    body = _HOW.format(module=module, flush=flush)
    return Note("Capture events on the server: flush before the function ends", body)
