"""Where a Flask app is made: read off the source text, without a parser."""

from __future__ import annotations

import re

from wizard.project import Project
from wizard.python_apps import Made, made, own_sources, started
from wizard.python_factories import taken

MADE = "Flask"
"""What a factory of another package calls, too."""

_WRAPPER = re.compile(r"^class\s+(?P<name>\w+)\(\s*(?:flask\.)?Flask\s*[,)]", re.MULTILINE)
_KNOWN = ("APIFlask", "FlaskApp", "AsyncApp", "OpenAPI")


def apps(project: Project) -> list[Made]:
    """Every `name = Flask(...)` of the project's own code; else those that a factory of another package makes."""
    return made(project, MADE) or taken(project, MADE)


def app(project: Project) -> Made | None:
    """The one of `apps` that is run; None when there is none, or several of which none is named."""
    return started(project, apps(project))


def wrapped(project: Project) -> Made | None:
    """An app made with a subclass of Flask or a framework around it (APIFlask, Connexion, flask-openapi3)."""
    texts = [text for _, text in own_sources(project)]
    own = [m["name"] for text in texts for m in _WRAPPER.finditer(text)]
    known = [name for name in _KNOWN if any(re.search(rf"\bimport\b.*\b{name}\b|connexion\.{name}", t) for t in texts)]
    names = [*own, *known]
    return next(iter(made(project, "|".join(map(re.escape, names)))), None) if names else None


def inner_app(project: Project, app: Made) -> str:
    """The Flask object itself: Connexion keeps it in its `app` attribute."""
    outside = re.search(
        rf"\b{re.escape(app.name)}\b[^=\n]*=\s*(?:\w+\.)?(?:FlaskApp|AsyncApp)\(", project.read(app.path) or ""
    )
    return f"{app.name}.app" if outside else app.name


def catch_all(project: Project) -> tuple[str, str] | None:
    """`(path, function)` of an error handler for every Exception that does not report it itself, if any."""
    pattern = re.compile(
        r"^[ \t]*@[\w.]*\.?(?:app_)?errorhandler\(\s*Exception\s*\)\s*\n(?:[ \t]*@.*\n)*[ \t]*(?:async )?def (\w+)",
        re.MULTILINE,
    )
    registered = re.compile(r"\.register_error_handler\(\s*Exception\s*,\s*([\w.]+)")
    for path, text in own_sources(project):
        for match in (pattern.search(text), registered.search(text)):
            if match and "capture_exception" not in text:
                return path, match[1]
    return None


def variant(project: Project) -> str:
    """`module` (an app at module level), `factory`, or `wrapped` (by a subclass or another framework)."""
    found = apps(project)
    if not found:
        return "wrapped" if wrapped(project) else "module"
    return "factory" if all(a.factory for a in found) else "module"
