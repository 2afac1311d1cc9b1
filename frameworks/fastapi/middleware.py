"""The official ASGI middleware in an app: by add_middleware, or first in its list `middleware=[...]`."""

from __future__ import annotations

from frameworks.fastapi.layout import paths
from wizard.changes import EditFile, Manual
from wizard.codemods.python.app_setup import ensure_after_construction, refuse_late_environment
from wizard.codemods.python.calls import keyword, only_constructed, prepend_to_keyword_list
from wizard.codemods.python.imports import ensure_from_import, local_name
from wizard.codemods.python.tree import parse
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.project import Project
from wizard.python_apps import Made
from wizard.python_sdk import Neighbour

_MIDDLEWARE = "PosthogASGIMiddleware"
_WRAPPERS = ("starlette.middleware", "fastapi.middleware")


def connect(project: Project, app: Made, client: Neighbour, lazy: bool) -> EditFile:
    """The edit of the file that makes the app. The client is made there, at start-up, behind `load_dotenv()`.

    `lazy`: importing the `client` module reads nothing of the environment.
    """
    text = project.read(app.path) or ""
    return EditFile(
        app.path,
        (
            *(_first_in_list(text, app) if _has_list(text, app) else (_added(app),)),
            ensure_from_import("posthog.integrations.asgi", _MIDDLEWARE),
            ensure_from_import(client.module, "get_posthog", first_party=True, lazy=lazy),
        ),
        "gives every request a PostHog context and reports its exceptions",
        otherwise=Manual("Connect the app to PostHog, right after it is made", pasted(app, client.module), app.path),
        needs=(client.path,),
    )


def pasted(app: Made, module: str) -> str:
    """The lines to paste below the construction of the app."""
    imports = f"from posthog.integrations.asgi import {_MIDDLEWARE}\n\nfrom {module} import get_posthog"
    return f"{imports}\n\n{app.name}.add_middleware({_MIDDLEWARE}, client=get_posthog())"


def can_connect(project: Project, app: Made) -> bool:
    """Will the edit be made? Not where the app is no plain variable."""
    try:
        only_constructed(parse(project.read(app.path) or ""), *paths(app), variable=app.name)
    except CannotEdit:
        return False
    return True


def _added(app: Made) -> Codemod:
    return ensure_after_construction(
        *paths(app),
        snippet=lambda name: f"{name}.add_middleware({_MIDDLEWARE}, client=get_posthog())",
        marker=_MIDDLEWARE,
        variable=app.name,
    )


def _first_in_list(text: str, app: Made) -> tuple[Codemod, ...]:
    """First is outermost, so that what the other middlewares do and raise is seen too."""
    known = next((name for base in _WRAPPERS if (name := local_name(text, f"{base}.Middleware"))), None)
    element = f"{known or 'Middleware'}({_MIDDLEWARE}, client=get_posthog())"
    first = prepend_to_keyword_list("middleware", element, *paths(app), marker=_MIDDLEWARE, variable=app.name)
    loaded = refuse_late_environment(*paths(app), variable=app.name)
    return (loaded, first) if known else (loaded, first, ensure_from_import(_WRAPPERS[0], "Middleware"))


def _has_list(text: str, app: Made) -> bool:
    """Is the app constructed with `middleware=[...]` that can be extended?"""
    try:
        call = only_constructed(parse(text), *paths(app), variable=app.name).call
        prepend_to_keyword_list("middleware", "x", *paths(app), marker=_MIDDLEWARE, variable=app.name)(text)
    except CannotEdit:
        return False
    return keyword(call, "middleware") is not None
