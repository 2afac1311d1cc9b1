"""Where a FastAPI app sends what is still queued when it stops: uvicorn re-raises SIGTERM, so atexit does not run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from frameworks.fastapi.layout import paths
from wizard import python_sdk
from wizard.changes import Change, EditFile, Manual
from wizard.codemods.python.calls import ensure_keyword
from wizard.codemods.python.imports import ensure_from_import
from wizard.codemods.python.shutdown import (
    ensure_added_on_shutdown,
    ensure_after_yield,
    ensure_on_shutdown,
    shutdown_style,
)
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.project import Project
from wizard.python_apps import Made, module_file, own_sources
from wizard.python_factories import factory_of
from wizard.text import line_number

LIFESPAN = "posthog_lifespan"
_FLUSH = "get_posthog().flush()"
_FLUSHES = re.compile(r"\bget_posthog\(\)\.flush\b")
_WHY = "sends what is still queued when the server stops (uvicorn ends on SIGTERM without atexit)"
_HANDLERS = re.compile(
    r"\b(?:on_event|add_event_handler|on_startup|on_shutdown|lifespan\w+|register_tortoise)\b"
    # not uvicorn's and Mangum's own `lifespan="off"`
    r"|\blifespan\b(?!\s*=\s*[\"'])"
)
_IMPORTED = r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\([^)]*|[^\n(]*)\b"


def takes_own(project: Project, app: Made | None, client: str) -> bool:
    """Can the app be given a lifespan of ours? Beside one, the handlers of `on_event` would silently never run.

    A factory of another package takes one only when it has a parameter for it.
    """
    if (there := project.read(client)) is not None:
        return LIFESPAN in there
    if app is not None and app.maker:
        factory = factory_of(project, app.maker)
        if factory is None or not re.search(r"\blifespan\b", factory.parameters):
            return False
    return not any(_HANDLERS.search(text) for _, text in own_sources(project))


def changes(project: Project, app: Made, client: python_sdk.Neighbour, lazy: bool) -> Iterator[Change]:
    """Yield the edit that makes the app flush when it stops: in its own lifespan or handler, else in one of ours.

    `lazy`: importing the client module reads nothing of the environment.
    """
    text = project.read(app.path) or ""
    if any(_FLUSHES.search(other) for path, other in own_sources(project) if path != client.path):
        return
    if LIFESPAN in text or takes_own(project, app, client.path):
        yield _given(app, client, lazy)
        return
    try:
        style = shutdown_style(text, *paths(app))
    except CannotEdit:
        return
    paste = (
        f"from {client.module} import get_posthog\n\n# in the lifespan, behind its yield, or in a shutdown handler\n"
    )
    behind = ensure_after_yield(_FLUSH, *paths(app), marker="get_posthog")
    if style == "lifespan":
        yield _edit(app.path, client, behind, paste, lazy)
    elif style == "on_event":
        handler = ensure_on_shutdown("flush_posthog", _FLUSH, marker="get_posthog")
        yield _edit(app.path, client, handler, paste, lazy)
    elif style == "add_event_handler":
        added = ensure_added_on_shutdown(_FLUSH.removesuffix("()"), marker="get_posthog")
        yield _edit(app.path, client, added, paste, lazy)
    elif style == "imported" and (path := _source_of(project, app, text)):
        yield _edit(
            path, replace(client, module=python_sdk.module_from(project, path, client.path)), behind, paste, lazy
        )
    else:
        yield _edit(app.path, client, _unknown(app), paste, lazy)


def _unknown(app: Made) -> Codemod:
    """Refuses at the line that makes the app."""

    def refuse(text: str) -> str:
        made = re.search(rf"^[ \t]*{re.escape(app.name)}[ \t]*[:=]", text, re.MULTILINE)
        line = line_number(text, made.start()) if made else None
        raise CannotEdit("what runs when it stops is not a function of this project", line)

    return refuse


def _given(app: Made, client: python_sdk.Neighbour, lazy: bool) -> EditFile:
    """A lifespan of the client module: the app has none and nothing that one would switch off."""
    imports, call = f"from {client.module} import {LIFESPAN}", paths(app)[0].rpartition(".")[2]
    return EditFile(
        app.path,
        (
            ensure_keyword("lifespan", LIFESPAN, *paths(app), variable=app.name),
            ensure_from_import(client.module, LIFESPAN, first_party=True, lazy=lazy),
        ),
        _WHY,
        otherwise=Manual("Flush PostHog when the app stops", f"{imports}\n\n{call}(lifespan={LIFESPAN})", app.path),
        needs=(client.path,),
    )


def _edit(path: str, client: python_sdk.Neighbour, codemod: Codemod, paste: str, lazy: bool) -> EditFile:
    codemods = (codemod, ensure_from_import(client.module, "get_posthog", first_party=True, lazy=lazy))
    otherwise = Manual("Flush PostHog when the app stops", paste + _FLUSH, path)
    return EditFile(path, codemods, _WHY, otherwise, needs=(client.path,))


def _source_of(project: Project, app: Made, text: str) -> str | None:
    """The file of the project that defines the lifespan which the app's file imports."""
    given = re.search(r"\blifespan\s*=\s*(\w+)\b(?!\s*[.(])", text)
    imported = re.search(_IMPORTED + re.escape(given[1]) + r"\b", text, re.MULTILINE) if given else None
    return module_file(project, app.path, imported[1]) if imported else None
