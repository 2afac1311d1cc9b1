"""Where a FastAPI app is made, and which one of several is run: read off the source text, without a parser."""

from __future__ import annotations

import re

from wizard.project import Project
from wizard.python_apps import Made, made, own_sources, started
from wizard.python_factories import taken

PATHS = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
"""The dotted paths of the constructor."""

MADE = r"FastAPI"
"""What a factory of another package calls, too."""


def paths(app: Made) -> tuple[str, ...]:
    """The dotted paths of what makes the app: the constructor, or the factory of another package."""
    return (app.maker,) if app.maker else PATHS


def apps(project: Project) -> list[Made]:
    """Every `name = FastAPI(...)` of the project's own code, short paths first; else those of a subclass, else those
    that a factory of another package makes.
    """
    subclass = re.compile(r"^class[ \t]+(\w+)\([^)\n]*\bFastAPI\b", re.MULTILINE)
    names = [match[1] for _, text in own_sources(project) for match in subclass.finditer(text)]
    own = made(project, MADE) or (made(project, "|".join(names)) if names else [])
    return own or taken(project, MADE)


def run_app(project: Project) -> Made | None:
    """The one of `apps` that is run; None when there is none, or several of which none is named."""
    return started(project, apps(project))


def variant(project: Project) -> str:
    """`lifespan` (of the app's own), `on-event`, or else `module` (an app at module level) or `factory`."""
    app = run_app(project) or next(iter(apps(project)), None)
    text = (project.read(app.path) or "") if app else ""
    if re.search(r"\blifespan\s*=(?!=)(?!\s*(?:posthog_lifespan|[\"']))", text):
        return "lifespan"
    if re.search(r"\.on_event\(", text):
        return "on-event"
    return "factory" if app and app.factory else "module"
