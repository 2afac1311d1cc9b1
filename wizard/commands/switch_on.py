"""Switching features on in the project, after a yes or `--switch-on`: said when it does not work, never a failure."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.answers import Answers
from wizard.commands.choices import Choices
from wizard.commands.choose_project import Chosen
from wizard.commands.connect import Connection, known_access
from wizard.console import Console
from wizard.errors import WizardError
from wizard.posthog import projects
from wizard.posthog.failures import ApiError
from wizard.posthog.private_api import project_of
from wizard.posthog.users import limits
from wizard.project_settings import NAMES, private


def switch_on(chosen: Chosen, choices: Choices, console: Console) -> dict[str, bool]:
    """Each feature by the narrowest endpoint, and whether it is on then; what is on already stays as it is."""
    if not chosen.switch_on:
        return {}
    page = f"{chosen.answers.hosts.app}/settings/project"
    done = dict.fromkeys(chosen.switch_on, False)
    try:
        found = chosen.connection or _connection(chosen.answers, choices, console)
        there = private(found.access, found.project.id) or {}
    except WizardError as error:
        _left(chosen.switch_on, error.message, page, console)
        return done
    for feature in done:
        if there.get(feature):
            console.say(f"On in the project {found.called} already: {NAMES[feature]}.")
        elif reason := _switched(found, feature):
            _left((feature,), reason, page, console)
            continue
        else:
            console.say(f"Switched on in the project {found.called}: {NAMES[feature]}.", "green")
        done[feature] = True
    return done


def _switched(found: Connection, feature: str) -> str:
    """Why it could not be switched on; nothing when it was."""
    try:
        projects.switch_on(found.access, found.project.id, feature)
    except ApiError as error:
        return error.message
    return ""


def would_switch_on(chosen: Chosen, console: Console) -> None:
    """What a run that writes would do."""
    if chosen.switch_on:
        console.say(f"Would switch on in the project: {', '.join(NAMES[feature] for feature in chosen.switch_on)}.")


def _connection(answers: Answers, choices: Choices, console: Console) -> Connection:
    """The project of the token, by the login there is. Raises WizardError when there is none."""
    if not answers.token:
        raise WizardError("no project was named")
    there = answers.hosts if answers.host_read else None
    access = known_access(choices, there, console) if choices.may_call else None
    if access is None:
        raise WizardError("nobody is logged in")
    access = limits(access)
    return Connection(access, projects.project(access, project_of(answers.token, access)))


def _left(features: Sequence[str], reason: str, page: str, console: Console) -> None:
    names = ", ".join(NAMES[feature] for feature in features)
    console.item("!", f"Not switched on in the project: {names} ({reason})", "bold yellow")
    console.raw(f"    {page}")
