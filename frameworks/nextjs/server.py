"""The server half, for apps that have code of their own there: a posthog-node client and the errors Next.js reports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frameworks.nextjs import layout as places
from frameworks.nextjs.browser import Code
from wizard.changes import Change, CreateFile, Install, Manual, Note
from wizard.existing import sites
from wizard.packages import npm
from wizard.project import Project

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
    if node := _old_node(project):
        yield Note(f"No server half: posthog-node needs Node 20.20 or later, {node}", "Upgrade Node, then run again.")
        return
    yield Install("posthog-node", "^5.40.0")
    source = "posthog-server.ts" if layout.typescript else "posthog-server.js"
    yield CreateFile(path, code.file(source), "one posthog-node client for server code, which sends at once")
    yield from _request_errors(code, path)
    yield _how_to_use(code, path)


def _request_errors(code: Code, client: str) -> Iterator[Change]:
    """`onRequestError` exists since Next.js 15; one file may define it, and it lies beside the routers."""
    project, layout = code.project, code.layout
    if not code.answers.wants("error_tracking") or not npm.at_least(project, "next", "15.0"):
        return
    source = "instrumentation.ts" if layout.typescript else "instrumentation.js"
    name = places.page_file(project, source)
    # one with more in its name (`instrumentation.node.ts`) is another file, unless that is a page extension
    more = "" if name == source else "{,*.}"
    if there := project.files(f"{{instrumentation,src/instrumentation}}.{more}{{ts,tsx,js,jsx,mjs}}"):
        if "osthog" not in (project.read(there[0]) or "").replace("ostHog", "osthog"):
            title = f"Errors of the server stay unreported: {there[0]} has no onRequestError for PostHog"
            yield Note(title, code.file(source))
        return
    why = "reports errors of the server to PostHog"
    if name is None:
        path = layout.source + source
        yield Manual("Create the instrumentation file, with your page extension", code.file(source), path)
    else:
        yield CreateFile(layout.source + name, code.file(source), why, needs=(client,))


def _how_to_use(code: Code, path: str) -> Note:
    module = _specifier(code.project, path.rpartition(".")[0])
    flush = "await getPostHog().flush();"
    if npm.at_least(code.project, "next", "15.1"):
        flush = 'after(() => getPostHog().flush()); // import { after } from "next/server"'
    body = _HOW.format(module=module, flush=flush)
    return Note("Capture events on the server: flush before the function ends", body)


def _specifier(project: Project, path: str) -> str:
    """How files of the app may import a module: by an alias, from the baseUrl, or relative to the app."""
    text = project.read("tsconfig.json") or project.read("jsconfig.json") or ""
    base = re.search(r"\"baseUrl\"\s*:\s*\"(?:\./)?([^\"]*?)/?\"", text)
    root = f"{base[1]}/" if base and base[1] not in ("", ".") else ""
    found = [
        (len(target), alias + path.removeprefix(root + target))
        for alias, target in re.findall(r"\"([^\"*\s]*)\*\"\s*:\s*\[\s*\"(?:\./)?([^\"*]*)\*\"", text)
        if path.startswith(root + target) and alias
    ]
    if found:
        return str(max(found)[1])
    return path.removeprefix(root) if base else f"./{path}"


def _old_node(project: Project) -> str | None:
    """Where the app says that it runs on a Node that posthog-node refuses, in words."""
    engines = project.json("package.json").get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if isinstance(wanted, str) and (match := re.match(r"[\^~=v]?\s*(\d+)(?:[.\s]|$)", wanted)) and int(match[1]) < 20:
        return f"package.json says {wanted}"
    pinned = (project.read(".nvmrc") or project.read(".node-version") or "").strip()
    if (match := re.match(r"v?(\d+)", pinned)) and int(match[1]) < 20:
        return f"this app is pinned to {pinned}"
    return None
