"""What changes in a FastAPI app: a client module, the official ASGI middleware, a flush when the app stops."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.fastapi import shutdown
from frameworks.fastapi.layout import apps, run_app
from frameworks.fastapi.middleware import can_connect, connect, pasted
from wizard import environment, python_sdk, python_settings
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, Install, Manual
from wizard.project import Project
from wizard.templates import template

_ADVICE = "For example `uvicorn --env-file .env`, `docker run --env-file .env`, or python-dotenv and load_dotenv()."


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/fastapi and posthog.integrations.asgi (7.71)."""
    app, made = run_app(project), apps(project)
    if not made:
        yield Manual("Say where the app is made: found no `name = FastAPI(...)`", "app = FastAPI()")
        return
    place = app or made[0]
    client = python_sdk.beside(project, place.path, "posthog_client")
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
        flags |= {"lifespan"} if shutdown.takes_own(project, client.path) else set()
        content = template("fastapi/posthog_client.py", home.replace, flags).rstrip("\n") + "\n"
        yield CreateFile(client.path, content, "one PostHog client for the process, flushed at exit")
    if app is None:
        places = ", ".join(dict.fromkeys(a.path for a in made))
        title = f"Connect the app that you run to PostHog (several are made: {places})"
        yield Manual(title, pasted(place, client.module))
    else:
        # A client that imports the settings reads the environment when it is imported: not before load_dotenv().
        lazy = "settings" not in home.flags
        edits = [connect(project, app, client.module, lazy), *shutdown.changes(project, app, client, lazy)]
        # What is left to the user comes last, so that its line is the one in the edited file.
        yield from edits if can_connect(project, app) else reversed(edits)
    if "settings" not in home.flags:
        yield from python_sdk.env_note(project, names.token, _ADVICE)
