"""What changes in an Express app: a client module, request context before the routes, error reports after them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from frameworks.express import layout
from wizard import environment
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.js.anchors import created, end_of_routes, variable_of
from wizard.codemods.js.imports import ensure_import
from wizard.codemods.js.statements import ensure_after, ensure_at
from wizard.codemods.js.style import restyle, style_of
from wizard.edits import Codemod
from wizard.environment import Names
from wizard.errors import CannotEdit
from wizard.existing import sites
from wizard.project import Project
from wizard.templates import template

_SDK = ("posthog-node", "^5.31.0")
"""5.31 is the first release with `setupExpressRequestContext` (npm posthog-node)."""


_NODE_NEXT = re.compile(r"\"module(?:Resolution)?\"\s*:\s*\"node(?:16|18|20|next)\"", re.IGNORECASE)


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/node and posthog-node's dist/extensions/express."""
    path = layout.app_file(project)
    if path is None:
        found = ", ".join(layout.candidates(project)) or "none"
        body = "setupExpressRequestContext(client, app)"
        yield Manual(f"Say which file makes the app that you start: found {found}", body, "package.json")
        return
    module = _module(project, path)
    if elsewhere := sites(project, "javascript", "server", besides=(module,)):
        yield Install(*_SDK)
        yield Note(f"PostHog is already set up: {elsewhere[0]}", "Left as it is.")
        return
    names = environment.names(project, "")
    yield Install(*_SDK)
    yield SetEnv(names.token, answers.token or "")
    yield SetEnv(names.host, answers.hosts.ingest)
    handler = layout.handles_signals(project, module)
    if not project.exists(module):
        why = "one posthog-node client for the process, flushed when it is told to stop"
        yield CreateFile(module, _client(project, path, names, answers, handler), why)
    yield _connect(project, path, module, answers.wants("error_tracking"))
    if handler:
        title = f"Flush PostHog in your own shutdown handler ({handler}), before the process exits"
        yield Note(title, "await getPostHog().shutdown();")
    if not layout.loads_env_file(project):
        body = f"For example: node --env-file=.env {PurePosixPath(path).name} (Node.js 20.6 and later), or dotenv."
        yield Note(f"Nothing here loads .env files: give {names.token} to the process", body)
    yield from _node_version(project)


def _module(project: Project, path: str) -> str:
    """The client module beside the app's file; another name when somebody else's module has it."""
    file = PurePosixPath(path)
    first, second = (str(file.with_name(f"{name}{file.suffix}")) for name in ("posthog", "posthog-client"))
    return second if project.exists(first) and "getPostHog" not in (project.read(first) or "") else first


def _client(project: Project, path: str, names: Names, answers: Answers, handler: str | None) -> str:
    suffix = PurePosixPath(path).suffix
    source = "posthog.ts" if "t" in suffix else "posthog.mjs" if layout.is_esm(project, path) else "posthog.cjs"
    flags = {"error_tracking"} if answers.wants("error_tracking") else set()
    flags |= {"shutdown"} if handler is None else set()
    replace = {"POSTHOG_PROJECT_TOKEN": names.token, "POSTHOG_HOST": names.host}
    return restyle(template(f"express/{source}", replace, flags), style_of(project.read(path) or ""))


def _connect(project: Project, path: str, module: str, errors: bool) -> EditFile:
    text = project.read(path) or ""
    app = "app"
    with suppress(CannotEdit):  # the codemods below refuse for the same reason, and the user gets the text to paste
        app = variable_of(text, layout.CALLEE) or app
    reach = _specifier(project, path, module)
    kind = "esm" if layout.variant(project) != "commonjs" else "cjs"
    context = f"setupExpressRequestContext(getPostHog(), {app});"
    report = f"setupExpressErrorHandler(getPostHog(), {app});"
    helpers = ["setupExpressRequestContext", *(["setupExpressErrorHandler"] if errors else [])]
    codemods: list[Codemod] = [
        ensure_after(created(layout.CALLEE), context, r"\bsetupExpressRequestContext\s*\("),
        ensure_import("posthog-node", names=helpers, kind=kind),  # type: ignore[arg-type]
        ensure_import(reach, names=["getPostHog"], kind=kind),  # type: ignore[arg-type]
    ]
    if errors:
        done = r"\bsetupExpressErrorHandler\s*\("
        codemods.insert(1, ensure_at(end_of_routes(layout.CALLEE), report, done, spaced=False))
    body = f"// right after the app is made\n{context}\n"
    body += f"// after all routes, before your own error middleware\n{report}\n" if errors else ""
    imports = (
        f'import {{ {", ".join(helpers)} }} from "posthog-node";\nimport {{ getPostHog }} from "{reach}";'
        if kind == "esm"
        else f'const {{ {", ".join(helpers)} }} = require("posthog-node");\nconst {{ getPostHog }} = require("{reach}");'
    )
    why = "gives every request a PostHog context" + (" and reports its errors" if errors else "")
    return EditFile(path, tuple(codemods), why, Manual("Connect the app to PostHog", f"{imports}\n\n{body}", path))


def _specifier(project: Project, path: str, module: str) -> str:
    """How the app's file imports the module beside it: with the extension where its own imports or Node ask for it."""
    name, suffix = PurePosixPath(module).stem, PurePosixPath(module).suffix
    text = project.read(path) or ""
    if suffix in (".ts", ".mts", ".cts"):
        written = re.search(r"from\s*['\"]\.{1,2}/[^'\"]*?(\.[cm]?[jt]s)?['\"]", text)
        if written:
            return f"./{name}{written[1] or ''}"
        node_next = _NODE_NEXT.search(project.read("tsconfig.json") or "")
        is_module = project.json("package.json").get("type") == "module"
        return f"./{name}{suffix.replace('t', 'j')}" if node_next or is_module else f"./{name}"
    if layout.is_esm(project, path) or suffix != ".js":
        return f"./{name}{suffix}"
    return f"./{name}{suffix}" if re.search(r"require\(['\"]\.{1,2}/[^'\"]*\.js['\"]\)", text) else f"./{name}"


def _node_version(project: Project) -> Iterator[Note]:
    """posthog-node asks for Node ^20.20.0 or >=22.22.0 (`engines` of npm posthog-node 5)."""
    engines = project.json("package.json").get("engines")
    wanted = str(engines.get("node", "")) if isinstance(engines, dict) else ""
    pinned = (project.read(".nvmrc") or project.read(".node-version") or wanted).strip()
    match = re.match(r"[\^~>=v ]*(\d+)", pinned)
    if match and int(match[1]) < 20:
        yield Note(f"posthog-node needs Node.js 20.20 or later; this app says {pinned}", "Upgrade before you deploy.")
