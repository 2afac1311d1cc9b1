"""What changes in an Express app: one client, request context, error handler, and a flush before the process ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frameworks.express import layout as places
from frameworks.express.client import GETTER, Client, beside
from frameworks.express.env_files import env_file, late_env, not_loaded
from frameworks.express.error_place import ErrorPlace, error_place
from frameworks.express.existing import already
from frameworks.express.layout import Layout
from frameworks.express.node import old_node
from frameworks.express.routes import below_construction
from frameworks.express.shutdown import shutdown
from wizard import environment
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.js.anchors import variable_of
from wizard.codemods.js.imports import ensure_import
from wizard.codemods.js.statements import ensure_at
from wizard.codemods.js.tree import naming
from wizard.edits import Codemod
from wizard.existing.offers import kept, remarks, standing
from wizard.packages import npm
from wizard.project import Project

_CONTEXT, _ERRORS = "setupExpressRequestContext", "setupExpressErrorHandler"
_FLOOR = "5.31"


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/node and posthog-node 5.31.0 and 5.70.0."""
    layout = places.read(project)
    if layout is None and (unnamed := places.chained(project)) and not places.made(project):
        title = "Give the app a name, then run this again: PostHog is connected to a variable that holds it"
        yield Manual(title, "const app = express();\n\napp", unnamed[0])
        return
    if layout is None:
        found = ", ".join(app.path for app in places.made(project))
        title = f"Say which app is the main one ({found}): put its file in the start script"
        yield Manual(title, f'"start": "node {places.made(project)[0].path}"', "package.json")
        return
    client = beside(project, layout.app.path)
    besides = (client.path,) if client.is_ours else ()
    there = standing(project, "javascript", "server", besides, starts=layout.reached)
    if there.elsewhere or (by_hand := already(project, client, tuple(site.path for site in there.idle))):
        if (there.inside or not there.elsewhere) and not npm.is_declared(project, "posthog-node"):
            yield Install("posthog-node", f"^{_FLOOR}.0")
        if there.elsewhere:
            yield from kept(there, answers, env_file(project, layout))
        else:
            yield Note(f"PostHog is already set up: {by_hand}", "Left as it is.")
        return
    if npm.is_declared(project, "posthog-node") and not npm.at_least(project, "posthog-node", _FLOOR):
        version = npm.version(project, "posthog-node")
        yield Manual(f"Upgrade posthog-node: {version} has no helpers for Express", "npm install posthog-node@latest")
        return
    names = environment.names(project, "")
    file = env_file(project, layout)
    yield Install("posthog-node", f"^{_FLOOR}.0")
    yield SetEnv(names.token, answers.token or "", file)
    yield SetEnv(names.host, answers.host, file)
    if not project.exists(client.path):
        content = client.source(names, answers)
        yield CreateFile(client.path, content, "one PostHog client for the process, made when it is first used")
    yield _context(client, layout)
    if answers.wants("error_tracking"):
        yield _errors(client, layout)
    yield from late_env(project, layout)
    yield from shutdown(project, layout, client)
    yield from old_node(project)
    yield from remarks(there, answers)
    yield from not_loaded(project, layout, names.token)


def _context(client: Client, layout: Layout) -> EditFile:
    place = ErrorPlace(layout.app.path, None, below_construction(layout.app.callee))
    why = "gives every request a PostHog context"
    return _edit(client, layout, _CONTEXT, place, why, "right after the app is made")


def _errors(client: Client, layout: Layout) -> EditFile:
    place = error_place(client.project, layout, _present(_ERRORS))
    where = "behind all routes, before your own error middleware"
    return _edit(client, layout, _ERRORS, place, "reports errors of the routes", where, spaced=True)


def _present(helper: str) -> str:
    # Sentry has a function of that name, which takes the app first
    return rf"\b{helper}\(\s*[\w$.]+(?:\(\))?\s*,\s*[\w$]"


def _edit(
    client: Client, layout: Layout, helper: str, place: ErrorPlace, why: str, where: str, spaced: bool = False
) -> EditFile:
    """`helper(getPostHog(), app)` at a place, with the imports of its file."""
    path, kind = place.path, client.kind_of(place.path)
    text = client.project.read(path) or ""

    def call(app: str) -> Codemod:
        return ensure_at(place.locate, f"{helper}({GETTER}(), {app});", _present(helper), spaced=spaced)

    codemods = (
        naming(lambda text: place.app or variable_of(text, layout.app.callee), call, "app"),
        ensure_import("posthog-node", names=[helper], kind=kind),
        client.imported_by(path),
    )
    name = place.app or layout.app.name
    imports = f"{client.statement('posthog-node', helper, path)}\n{client.statement(client.module(path), GETTER, path)}"
    body = f"{imports}\n\n{helper}({GETTER}(), {name});"
    if re.search(rf"\{{[^{{}}]*\b{helper}\b[^{{}}]*\}}\s*(?:from|=\s*require\()\s*[\"'](?!posthog-node)", text):
        whole = 'const sdk = require("posthog-node");' if kind == "cjs" else 'import * as sdk from "posthog-node";'
        body = f"{whole}\n{imports.splitlines()[1]}\n\nsdk.{helper}({GETTER}(), {name});"
    title = f"Connect the app to PostHog: {where}"
    return EditFile(path, codemods, why, otherwise=Manual(title, body, path), needs=(client.path,))
