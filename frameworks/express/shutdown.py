"""The flush of the client before the process ends: in the app's own signal handlers, or in one beside `listen`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from frameworks.express.client import GETTER, Client
from frameworks.express.layout import Layout, own_sources
from wizard.changes import Change, EditFile, Manual, Note
from wizard.codemods.js.signals import SIGNAL, ensure_before_exit
from wizard.codemods.js.statements import ensure_at
from wizard.codemods.js.tree import FUNCTIONS, Script, ancestors, has_code, parse, statement_of
from wizard.codemods.js.values import declared
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.packages import npm
from wizard.project import Project

_PRESENT = rf"\b{GETTER}\(\)\s*\.shutdown\("
_HOOKS = (
    "@godaddy/terminus",
    "http-graceful-shutdown",
    "lightship",
    "close-with-grace",
    "stoppable",
    "http-terminator",
)
_SERVERLESS = (
    "serverless-http",
    "aws-serverless-express",
    "@vendia/serverless-express",
    "@codegenie/serverless-express",
    "@vercel/node",
)
_LAST = f"await {GETTER}().shutdown();"
_WHY = "sends what is queued before the process ends"


def shutdown(project: Project, layout: Layout, client: Client) -> Iterator[Change]:
    """Own handlers are extended; a second one beside them would end the process while they still run."""
    sources = dict(own_sources(project))
    if layout.entry:
        sources = {path: project.read(path) or "" for path in layout.reached}
    if any(has_code(text, r"\.\s*shutdown\s*\(") for text in sources.values() if GETTER in text):
        return
    hooks = [name for name in _HOOKS if npm.is_declared(project, name)]
    handling = [path for path, text in sources.items() if SIGNAL.search(text)]
    if hooks or len(handling) > 1:
        where = handling[0] if handling else layout.listens or ""
        by = hooks[0] if hooks else ", ".join(handling)
        yield Manual(f"Send what is queued when the server stops (signals are handled by {by})", _LAST, where)
    elif handling:
        path = handling[0]
        extend = ensure_before_exit(f"{GETTER}().shutdown().catch(console.error)", _PRESENT)
        body = f"{client.statement(client.module(path), GETTER, path)}\n\n{_LAST}"
        otherwise = Manual("Send what is queued before your signal handler exits", body, path)
        yield EditFile(path, (extend, client.imported_by(path)), _WHY, otherwise, (client.path,))
    elif layout.listens:
        path = layout.listens
        body = f"{client.statement(client.module(path), GETTER, path)}\n\n{_handler('', path)}"
        otherwise = Manual("Send what is queued when the process is told to stop", body, path)
        yield EditFile(path, (_ensure_handler(path), client.imported_by(path)), _WHY, otherwise, (client.path,))
    elif any(npm.is_declared(project, name) for name in _SERVERLESS) or project.exists("vercel.json"):
        yield Note("Capture events in functions: flush before they end", f"await {GETTER}().flush();")


def _ensure_handler(path: str) -> Codemod:
    def run(text: str) -> str:
        script = parse(text)
        calls = [c for c in script.calls(r"[\s\S]*\.listen") if _is_listen(script, c)]
        if not calls:
            raise CannotEdit("does not call listen()")
        around = _around(calls)
        server = _server(script, calls[0]) if around is None else ""
        place = _place(script, calls[0]) if around is None else around
        return ensure_at(lambda _: ("after", place), _handler(server, path), _PRESENT, spaced=True)(text)

    return run


def _around(calls: list[Node]) -> Node | None:
    """The statement that holds several of `calls` in its branches: an `if` that says how the app listens.

    None when there is no such statement in the function of the first one.
    """
    for node in ancestors(statement_of(calls[0])):
        if node.type in (*FUNCTIONS, "class_body", "program"):
            return None
        held = [call for call in calls if node.start_byte <= call.start_byte < node.end_byte]
        if node.type in ("if_statement", "switch_statement") and len(held) > 1 and statement_of(node) == node:
            return node
    return None


def _handler(server: str, path: str) -> str:
    # linters of typed code want to see that nobody waits for the promise
    void = "void " if re.search(r"\.[cm]?ts$", path) else ""
    signals = '["SIGTERM", "SIGINT"]' + (" as const" if void else "")
    close = f"    {server}.close();\n" if server else ""
    flush = f"    {void}{GETTER}()\n      .shutdown()\n      .finally(() => process.exit(0));\n"
    return f"for (const signal of {signals}) {{\n  process.once(signal, () => {{\n{close}{flush}  }});\n}}"


def _is_listen(script: Script, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    return callee is not None and callee.type == "member_expression"


def _server(script: Script, call: Node) -> str:
    """What the file calls the HTTP server: the result of `app.listen()`, or what `createServer` made; "" without."""
    parent = call.parent
    if parent is not None and parent.type == "variable_declarator":
        name = parent.child_by_field_name("name")
        return script.source(name) if name is not None and name.type == "identifier" else ""
    if parent is not None and parent.type == "assignment_expression":
        left = parent.child_by_field_name("left")
        return script.source(left) if left is not None and left.type == "identifier" else ""
    callee = call.child_by_field_name("function")
    target = callee.child_by_field_name("object") if callee is not None else None
    if target is None or target.type != "identifier":
        return ""
    try:
        value = script.source(declared(script, target))
    except CannotEdit:
        return ""
    return script.source(target) if re.match(r"(?:[\w.]+\.)?createServer\(|new (?:[\w.]+\.)?Server\(", value) else ""


def _place(script: Script, call: Node) -> Node:
    """The statement that listens, or if that is part of an expression or a class, what holds it at top level."""
    statement = statement_of(call)
    between = [statement, *ancestors(statement)]
    plain = statement.parent is not None and statement.parent.type in ("program", "statement_block")
    inside = [node for node in [call, *ancestors(call)] if node.start_byte >= statement.start_byte]
    plain = plain and not any(node.type in FUNCTIONS for node in inside if node != statement)
    if plain and not any(node.type == "class_body" for node in between):
        return statement
    found = next((node for node in between if node.parent is not None and node.parent.type == "program"), None)
    if found is None:
        raise script.refuse("has a syntax error, or syntax this tool does not know, at the place to edit", call)
    return found
