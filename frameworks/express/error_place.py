"""Which file gets the error handler: often the app is made in one file, and its routes are added in another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from frameworks.express.entry import imported, loads
from frameworks.express.layout import Layout
from frameworks.express.routes import before_404, behind_routes
from wizard.codemods.js.anchors import before_errors_of, end_of_routes_of
from wizard.codemods.js.statements import Locate
from wizard.codemods.js.tree import code_of
from wizard.project import Project

_ANSWERS = re.compile(
    r"(?P<app>[\w$.]+)\s*\.\s*use\(\s*(?:"
    r"(?:async\s*)?(?:function\s*\w*\s*)?\(\s*_?err\w*\b[^()]*,[^()]*,[^()]*,[^()]*\)"
    r"|[\w$.]*err(?:or)?s?_?(?:handl|middleware|convert)\w*\b(?!\.not_?found)|err(?:or)?s?\.(?:handle|convert)\w*)",
    re.IGNORECASE,
)
_ROUTE = re.compile(
    r"^[ \t]*(?P<app>[\w$]+)\.(?:use|post|put|patch|delete|all|route|get)\((?P<given>[^\n]*)", re.MULTILINE
)
_ERRORS = re.compile(r"err(?:or)?s?_?(?:handl|middleware|convert)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorPlace:
    """The file, what it calls the app (None for the file that makes it), and where the handler goes."""

    path: str
    app: str | None
    locate: Locate


def error_place(project: Project, layout: Layout, present: str) -> ErrorPlace:
    """Where errors of all routes pass, before anything answers them.

    `present` is a regex for the handler: a file that has it already is the place.
    """
    made = ErrorPlace(layout.app.path, None, behind_routes(layout.app.callee))
    if re.search(present, project.read(layout.app.path) or ""):
        return made
    if layout.app.in_function:
        return _inside(project, layout) or made
    for path in layout.reached:
        if path != layout.app.path and (name := _adds_routes(project, path, layout)):
            return ErrorPlace(path, name, before_404(end_of_routes_of(name)))
    return _inside(project, layout) or made


def _adds_routes(project: Project, path: str, layout: Layout) -> str | None:
    """The name under which a file imports the app, when it adds routes to it."""
    text = project.read(path) or ""
    if layout.app.path not in loads(project, path):
        return None
    named = re.escape(layout.app.name)
    names = {layout.app.name} if re.search(rf"[{{,]\s*{named}\s*[,}}]", text) else set()
    stem = re.escape(re.sub(r"\.\w+$", "", layout.app.path.rpartition("/")[2]))
    bound = r"(?:import\s+(\w+)\s+from|(?:const|let|var)\s+(\w+)\s*=\s*require\()"
    whole = re.findall(rf"{bound}\s*[\"'][./][^\"'\n]*\b{stem}(?:\.\w+)?[\"']", text)
    names |= {name for match in whole for name in match if name}
    routes = [match for match in _ROUTE.finditer(text) if match["app"] in names]
    # an error middleware alone comes later than ours anyhow, and `app.get("port")` reads a setting
    adds = [m for m in routes if not _ERRORS.search(m["given"]) and not re.fullmatch(r"[^,]*\).*", m["given"].strip())]
    return adds[0]["app"] if adds else None


def _inside(project: Project, layout: Layout) -> ErrorPlace | None:
    """The file to which the app is handed, when that one answers the errors and the app's own does not."""
    own, *others = imported(project, layout.app.path)
    if any(_answers(project.read(own) or "")):
        return None
    for path in others:
        text = project.read(path) or ""
        for name in _answers(text):
            if re.search(rf"\b{re.escape(name)}\b\s*(?::[^=\n]+)?=(?!=|>)", text) is None and "." not in name:
                return ErrorPlace(path, name, before_404(before_errors_of(name)))
    return None


def _answers(text: str) -> Iterator[str]:
    """What a file calls the apps that it gives an error middleware."""
    if _ANSWERS.search(text):
        yield from (match["app"] for match in _ANSWERS.finditer(code_of(text)))
