"""Where a FastAPI app is made, and which one of several is run: read off the source text, without a parser."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from wizard.project import Project
from wizard.python_apps import Made, made, own_sources, started

PATHS = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
"""The dotted paths of the constructor."""


def apps(project: Project) -> list[Made]:
    """Every `name = FastAPI(...)` of the project's own code, short paths first; else those of a subclass."""
    subclass = re.compile(r"^class[ \t]+(\w+)\([^)\n]*\bFastAPI\b", re.MULTILINE)
    names = [match[1] for _, text in own_sources(project) for match in subclass.finditer(text)]
    return made(project, "FastAPI") or (made(project, "|".join(names)) if names else [])


def run_app(project: Project) -> Made | None:
    """The app that is run; without a start command the only outer one, else the one of a module `main` or `app`."""
    found = apps(project)
    if app := started(project, found):
        return app
    for name in ("main", "app"):
        named = [a for a in found if PurePosixPath(a.path).stem == name]
        if len(named) == 1:
            return named[0]
    return None


def variant(project: Project) -> str:
    """`lifespan` (of the app's own), `on-event`, or else `module` (an app at module level) or `factory`."""
    app = run_app(project) or next(iter(apps(project)), None)
    text = (project.read(app.path) or "") if app else ""
    if re.search(r"\blifespan\s*=(?!=)(?!\s*(?:posthog_lifespan|[\"']))", text):
        return "lifespan"
    if re.search(r"\.on_event\(", text):
        return "on-event"
    return "factory" if app and app.factory else "module"
