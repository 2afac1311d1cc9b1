"""What changes in a Flask app: a client module, the official integration right after the app is made."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.flask.layout import app as started_app
from frameworks.flask.layout import apps, catch_all, inner_app, wrapped
from wizard import python_sdk
from wizard.answers import Answers
from wizard.changes import Change, EditFile, Install, Manual
from wizard.codemods.python.app_setup import ensure_beside_init_app
from wizard.codemods.python.imports import ensure_from_import
from wizard.existing.offers import kept, remarks
from wizard.project import Project
from wizard.python_apps import Made, listed, unnamed
from wizard.python_client import client_module
from wizard.python_factories import remark

_MODULE = "posthog_client"
_INTEGRATION = "PosthogFlaskIntegration"
_ADVICE = "`flask run` loads .env when python-dotenv is installed; gunicorn does not. Call load_dotenv()."


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/flask and posthog.integrations.flask (7.66)."""
    app, others = started_app(project), apps(project)
    place = app or next(iter(others), None) or wrapped(project)
    if place is None:
        title = "Give the app a name, then run this again: found no `name = Flask(...)`"
        yield Manual(title, "app = Flask(__name__)", unnamed(project, "Flask"))
        return
    client = python_sdk.beside(project, place.path, _MODULE)
    there, first = python_sdk.standing(project, place.path, client.path, ("flask", "2.0"))
    if there.elsewhere:
        yield Install("posthog", python_sdk.REQUIREMENT)
        yield from kept(there, answers)
        return
    if first:
        yield first
        return
    own = client_module(project, answers, place.path, client.path, "flask/posthog_client.py")
    yield from own.changes
    yield from _connect(project, place, client, own.lazy, several=app is None and len(others) > 1)
    if answers.wants("error_tracking"):
        yield from _swallowed(project, client.path)
    yield from remark(project, place)
    yield from remarks(there, answers)
    yield from python_sdk.exported(project)
    if not own.reaches:
        yield python_sdk.env_note(own.token, _ADVICE)


def _connect(
    project: Project, app: Made, client: python_sdk.Neighbour, lazy: bool, *, several: bool
) -> Iterator[Change]:
    """The integration goes below the configuration of the app or its extensions, before its routes.

    `lazy`: importing the client module reads nothing of the environment.
    """
    wire = f"{_INTEGRATION}({inner_app(project, app)}, client=get_posthog())"
    imports = f"from posthog.integrations.flask import {_INTEGRATION}\nfrom {client.module} import get_posthog"
    title = "Connect the app to PostHog, right after it is made"
    if several:
        title = f"Connect the app that you run to PostHog (several are made: {listed(apps(project))})"
        yield Manual(title, f"{imports}\n\n{wire}", f"{app.path}:{app.line}")
        return
    codemods = (
        ensure_beside_init_app(
            app.maker or "flask.Flask",
            snippet=lambda name: f"{_INTEGRATION}({name}, client=get_posthog())",
            marker=_INTEGRATION,
            variable=app.name,
        ),
        ensure_from_import("posthog.integrations.flask", _INTEGRATION),
        ensure_from_import(client.module, "get_posthog", first_party=True, lazy=lazy),
    )
    why = "gives every request a PostHog context and reports its exceptions"
    otherwise = Manual(title, f"{imports}\n\n{wire}", app.path)
    yield EditFile(app.path, codemods, why, otherwise, needs=(client.path,))


def _swallowed(project: Project, client: str) -> Iterator[Manual]:
    """Flask gives the integration no exception that a handler of the app takes."""
    handler = catch_all(project)
    if handler is not None:
        path, function = handler
        module = python_sdk.module_from(project, path, client)
        body = f"from {module} import get_posthog\n\nget_posthog().capture_exception(error)  # in {function}()"
        title = f"Report the exceptions that {function}() handles: PostHog does not see them otherwise"
        yield Manual(title, body, path)
