"""The client module of a Python web app: the SDK, the variables, and the file that makes the one client."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wizard import environment, python_env, python_sdk, python_settings
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, Install
from wizard.project import Project
from wizard.templates import template


@dataclass(frozen=True, slots=True)
class Client:
    """What makes the client. `token` is the variable that holds the token.

    `lazy`: importing the module reads nothing of the environment, so that it need not stand below `load_dotenv()`.
    `reaches`: what is in the app's env file comes to the client, as far as the code tells.
    """

    changes: tuple[Change, ...]
    token: str
    lazy: bool
    reaches: bool


def client_module(
    project: Project, answers: Answers, app: str, module: str, source: str, flags: Collection[str] = ()
) -> Client:
    """The changes for the client at the path `module` of the app made in the file `app`; one that is there stays.

    `source` is the template, `flags` what of it the framework wants beside the options of `answers`.
    """
    names = environment.names(project, "", folder=python_env.env_folder(project))
    values = {names.token: answers.token or "", names.host: answers.host}
    home = python_settings.home(project, names, values, app, module)
    changes: list[Change] = [Install("posthog", python_sdk.REQUIREMENT), *home.changes]
    if not project.exists(module):
        chosen = {*home.flags, *flags}
        chosen |= {"error_tracking"} if answers.wants("error_tracking") else set()
        chosen |= {"pytest"} if python_sdk.uses_pytest(project) else set()
        content = template(source, home.replace, chosen).rstrip("\n") + "\n"
        why = "one PostHog client for the process, flushed at exit"
        changes.append(CreateFile(module, content, why, needs=home.needs))
    return Client(tuple(changes), names.token, home.lazy, home.reaches)
