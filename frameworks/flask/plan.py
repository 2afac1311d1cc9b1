"""What changes in a Flask app: a client module, the official integration right after the app is made."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.flask.layout import Made, made
from wizard import environment, python_sdk
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.python.app_setup import ensure_after_construction
from wizard.codemods.python.imports import ensure_from_import
from wizard.existing import sites
from wizard.project import Project
from wizard.templates import template

_MODULE = "posthog_client"
_INTEGRATION = "PosthogFlaskIntegration"


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/flask and posthog.integrations.flask (7.66)."""
    apps = made(project)
    if not apps:
        yield Manual("Say where the app is made: found no `name = Flask(...)`", "app = Flask(__name__)")
        return
    app = apps[0]
    client = python_sdk.beside(project, app.path, _MODULE)
    if elsewhere := sites(project, "python", "server", besides=(app.path, client.path)):
        yield Install("posthog", python_sdk.REQUIREMENT)
        yield Note(f"PostHog is already set up: {elsewhere[0]}", "Left as it is.")
        return
    if by_hand := _set_up_by_hand(project, app, client.path):
        yield Install("posthog", python_sdk.REQUIREMENT)
        yield Note(f"PostHog is already set up: {by_hand}", "Left as it is.")
        return
    if shadow := python_sdk.shadowed(project):
        yield Manual(
            "Rename your own module posthog: it hides the SDK of that name", f"git mv {shadow} analytics.py", shadow
        )
        return
    if too_old := python_sdk.unsupported(project):
        yield too_old
        return
    names = environment.names(project, "")
    yield Install("posthog", python_sdk.REQUIREMENT)
    yield SetEnv(names.token, answers.token or "")
    yield SetEnv(names.host, answers.hosts.ingest)
    if not project.exists(client.path):
        flags = {"error_tracking"} if answers.wants("error_tracking") else set()
        replace = {"POSTHOG_PROJECT_TOKEN": names.token, "POSTHOG_HOST": names.host}
        content = template("flask/posthog_client.py", replace, flags)
        yield CreateFile(client.path, content, "one PostHog client for the process, flushed at exit")
    yield _connect(app, client.module)
    yield from python_sdk.env_note(project, names.token)


def _connect(app: Made, module: str) -> EditFile:
    """The integration goes below the construction and the configuration of the app, before its routes."""
    wire = f"{_INTEGRATION}({app.name}, client=get_posthog())"
    imports = f"from posthog.integrations.flask import {_INTEGRATION}\nfrom {module} import get_posthog"
    return EditFile(
        app.path,
        (
            ensure_after_construction(
                "flask.Flask",
                snippet=lambda name: f"{_INTEGRATION}({name}, client=get_posthog())",
                marker=_INTEGRATION,
                variable=app.name,
            ),
            ensure_from_import("posthog.integrations.flask", _INTEGRATION),
            ensure_from_import(module, "get_posthog", first_party=True),
        ),
        "gives every request a PostHog context and reports its exceptions",
        otherwise=Manual("Connect the app to PostHog, right after it is made", f"{imports}\n\n{wire}", app.path),
    )


def _set_up_by_hand(project: Project, app: Made, client: str) -> str | None:
    """PostHog code in the app's own file or client module that is not what this plan writes."""
    if project.exists(client):
        return None
    found = sites(project, "python", "server")
    return str(found[0]) if found else None
