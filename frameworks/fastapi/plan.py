"""What changes in a FastAPI app: a client module, the official ASGI middleware, a flush when the app stops."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.fastapi import shutdown
from frameworks.fastapi.layout import apps, run_app
from frameworks.fastapi.middleware import can_connect, connect, pasted
from wizard import python_sdk
from wizard.answers import Answers
from wizard.changes import Change, Install, Manual, Note
from wizard.existing.offers import kept, remarks
from wizard.project import Project
from wizard.python_apps import listed, own_sources, unnamed
from wizard.python_client import client_module
from wizard.python_factories import remark

_ADVICE = "For example `uvicorn --env-file .env`, `docker run --env-file .env`, or python-dotenv and load_dotenv()."


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/fastapi and posthog.integrations.asgi (7.71)."""
    app, made = run_app(project), apps(project)
    if not made:
        title = "Give the app a name, then run this again: found no `name = FastAPI(...)`"
        yield Manual(title, "app = FastAPI()", unnamed(project, "FastAPI"))
        return
    place = app or made[0]
    client = python_sdk.beside(project, place.path, "posthog_client")
    there, first = python_sdk.standing(project, place.path, client.path, ("fastapi", "0.93"))
    if there.elsewhere:
        yield Install("posthog", python_sdk.REQUIREMENT)
        yield from kept(there, answers)
        return
    if first:
        yield first
        return
    flags = {"lifespan"} if shutdown.takes_own(project, app, client.path) else set()
    own = client_module(project, answers, place.path, client.path, "fastapi/posthog_client.py", flags)
    yield from own.changes
    if app is None:
        title = f"Connect the app that you run to PostHog (several are made: {listed(made)})"
        yield Manual(title, pasted(place, client.module), f"{place.path}:{place.line}")
    else:
        # A client that imports the settings reads the environment when it is imported: not before load_dotenv().
        edits = [connect(project, app, client, own.lazy), *shutdown.changes(project, app, client, own.lazy)]
        # What is left to the user comes last, so that its line is the one in the edited file.
        yield from edits if can_connect(project, app) else reversed(edits)
    yield from remark(project, place)
    yield from remarks(there, answers)
    if any("Mangum(" in text for _, text in own_sources(project)):
        yield Note("On Lambda, send events before each invocation ends: it is frozen then", "get_posthog().flush()")
    yield from python_sdk.exported(project)
    if not own.reaches:
        yield python_sdk.env_note(own.token, _ADVICE)
