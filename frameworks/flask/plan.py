"""What changes in a Flask app: a client module, the official integration right after the app is made."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.flask.layout import app as started_app
from frameworks.flask.layout import catch_all, inner_app, wrapped
from wizard import environment, python_sdk, python_settings
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual
from wizard.codemods.python.app_setup import ensure_beside_init_app
from wizard.codemods.python.imports import ensure_from_import
from wizard.project import Project
from wizard.python_apps import Made, made
from wizard.templates import template

_MODULE = "posthog_client"
_INTEGRATION = "PosthogFlaskIntegration"
_ADVICE = "`flask run` loads .env when python-dotenv is installed; gunicorn does not. Call load_dotenv()."


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/flask and posthog.integrations.flask (7.66)."""
    app, others = started_app(project), made(project, "Flask")
    place = app or next(iter(others), None) or wrapped(project)
    if place is None:
        yield Manual("Say where the app is made: found no `name = Flask(...)`", "app = Flask(__name__)")
        return
    client = python_sdk.beside(project, place.path, _MODULE)
    there = python_sdk.standing(project, place.path, client.path)
    if there.note:
        yield Install("posthog", python_sdk.REQUIREMENT)
        yield there.note
        return
    if there.manual:
        yield there.manual
        return
    names = environment.names(project, "")
    values = {names.token: answers.token or "", names.host: answers.hosts.ingest}
    home = python_settings.home(project, names, values, place.path, client.path)
    yield Install("posthog", python_sdk.REQUIREMENT)
    yield from home.changes
    if not project.exists(client.path):
        flags = set(home.flags) | ({"error_tracking"} if answers.wants("error_tracking") else set())
        flags |= {"pytest"} if python_sdk.uses_pytest(project) else set()
        content = template("flask/posthog_client.py", home.replace, flags)
        yield CreateFile(client.path, content, "one PostHog client for the process, flushed at exit")
    lazy = "settings" not in home.flags
    yield from _connect(project, place, client.module, lazy, several=app is None and len(others) > 1)
    if answers.wants("error_tracking"):
        yield from _swallowed(project, client.path)
    if lazy:
        yield from python_sdk.env_note(project, names.token, _ADVICE)


def _connect(project: Project, app: Made, module: str, lazy: bool, *, several: bool) -> Iterator[Change]:
    """The integration goes below the configuration of the app or its extensions, before its routes.

    `lazy`: importing the client module reads nothing of the environment.
    """
    wire = f"{_INTEGRATION}({inner_app(project, app)}, client=get_posthog())"
    imports = f"from posthog.integrations.flask import {_INTEGRATION}\nfrom {module} import get_posthog"
    title = "Connect the app to PostHog, right after it is made"
    if several:
        places = ", ".join(dict.fromkeys(a.path for a in made(project, "Flask")))
        yield Manual(f"Connect the app that you run to PostHog (several are made: {places})", f"{imports}\n\n{wire}")
        return
    codemods = (
        ensure_beside_init_app(
            "flask.Flask",
            snippet=lambda name: f"{_INTEGRATION}({name}, client=get_posthog())",
            marker=_INTEGRATION,
            variable=app.name,
        ),
        ensure_from_import("posthog.integrations.flask", _INTEGRATION),
        ensure_from_import(module, "get_posthog", first_party=True, lazy=lazy),
    )
    why = "gives every request a PostHog context and reports its exceptions"
    yield EditFile(app.path, codemods, why, otherwise=Manual(title, f"{imports}\n\n{wire}", app.path))


def _swallowed(project: Project, client: str) -> Iterator[Manual]:
    """Flask gives the integration no exception that a handler of the app takes."""
    handler = catch_all(project)
    if handler is not None:
        path, function = handler
        module = python_sdk.module_from(project, path, client)
        body = f"from {module} import get_posthog\n\nget_posthog().capture_exception(error)  # in {function}()"
        title = f"Report the exceptions that {function}() handles: PostHog does not see them otherwise"
        yield Manual(title, body, path)
