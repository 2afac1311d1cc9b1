"""What changes in an Express app: one client, request context, error handler, and a flush before the process ends."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.express import layout as places
from frameworks.express.client import GETTER, Client, beside
from frameworks.express.env_files import env_file, late_env, not_loaded
from frameworks.express.existing import already
from frameworks.express.layout import Layout
from frameworks.express.node import old_node
from frameworks.express.routes import behind_routes, below_construction
from frameworks.express.shutdown import shutdown
from wizard import environment
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.js.anchors import variable_of
from wizard.codemods.js.imports import ensure_import
from wizard.codemods.js.statements import Locate, ensure_at
from wizard.codemods.js.tree import naming
from wizard.edits import Codemod
from wizard.packages import npm
from wizard.project import Project

_CONTEXT, _ERRORS = "setupExpressRequestContext", "setupExpressErrorHandler"
_FLOOR = "5.31"


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/node and posthog-node 5.31.0 and 5.70.0."""
    layout = places.read(project)
    if layout is None:
        found = ", ".join(app.path for app in places.made(project))
        title = f"Say which app is the main one ({found}): put its file in the start script"
        yield Manual(title, f'"start": "node {places.made(project)[0].path}"', "package.json")
        return
    client = beside(project, layout.app.path)
    if there := already(project, client):
        if not npm.is_declared(project, "posthog-node"):
            yield Install("posthog-node", f"^{_FLOOR}.0")
        yield Note(f"PostHog is already set up: {there}", "Left as it is.")
        return
    if npm.is_declared(project, "posthog-node") and not npm.at_least(project, "posthog-node", _FLOOR):
        version = npm.version(project, "posthog-node")
        yield Manual(f"Upgrade posthog-node: {version} has no helpers for Express", "npm install posthog-node@latest")
        return
    names = environment.names(project, "")
    file = env_file(project, layout)
    yield Install("posthog-node", f"^{_FLOOR}.0")
    yield SetEnv(names.token, answers.token or "", file)
    yield SetEnv(names.host, answers.hosts.ingest, file)
    if not project.exists(client.path):
        content = client.source(names, answers)
        yield CreateFile(client.path, content, "one PostHog client for the process, made when it is first used")
    yield _context(client, layout)
    if answers.wants("error_tracking"):
        yield _errors(client, layout)
    yield from late_env(project, layout)
    yield from shutdown(project, layout, client)
    yield from old_node(project)
    yield from not_loaded(project, layout, names.token)


def _context(client: Client, layout: Layout) -> EditFile:
    place = below_construction(layout.app.callee)
    why = "gives every request a PostHog context"
    return _edit(client, layout, _CONTEXT, place, why, "right after the app is made")


def _errors(client: Client, layout: Layout) -> EditFile:
    place = behind_routes(layout.app.callee)
    where = "behind all routes, before your own error middleware"
    return _edit(client, layout, _ERRORS, place, "reports errors of the routes", where, spaced=True)


def _edit(
    client: Client, layout: Layout, helper: str, place: Locate, why: str, where: str, spaced: bool = False
) -> EditFile:
    """`helper(getPostHog(), app)` at a place of the file that makes the app, with its imports."""
    path, kind = layout.app.path, client.kind_of(layout.app.path)

    def call(app: str) -> Codemod:
        return ensure_at(place, f"{helper}({GETTER}(), {app});", rf"\b{helper}\(", spaced=spaced)

    codemods = (
        naming(lambda text: variable_of(text, layout.app.callee), call, "app"),
        ensure_import("posthog-node", names=[helper], kind=kind),
        client.imported_by(path),
    )
    imports = f"{client.statement('posthog-node', helper, path)}\n{client.statement(client.module(path), GETTER, path)}"
    body = f"{imports}\n\n{helper}({GETTER}(), {layout.app.name});"
    title = f"Connect the app to PostHog: {where}"
    return EditFile(path, codemods, why, otherwise=Manual(title, body, path))
