"""The project in PostHog that an app's token belongs to, and the access to it: for commands that need a login."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from wizard.answers import Answers
from wizard.console import Console
from wizard.errors import WizardError
from wizard.login.credentials import access_for
from wizard.posthog.access import Access, aloud
from wizard.posthog.hosts import login_line
from wizard.posthog.http import place
from wizard.posthog.private_api import project_of
from wizard.posthog.scopes import DEFAULT
from wizard.posthog.users import limits
from wizard.verify import project_id

_OR_KEY = "or set POSTHOG_WIZARD_PERSONAL_KEY to a personal API key (phx_...)."


@dataclass(frozen=True, slots=True)
class Reached:
    """A project's id, and who may look at it, as far as that is known."""

    access: Access
    project: int


def reach(answers: Answers, given: int | None, console: Console, *, may_ask: bool, what: str) -> Reached:
    """The project `given`, or that of the token. `what` needs the login: `the dashboard`.

    Raises WizardError when nobody is logged in, and a person cannot or will not, or the project is not to be found.
    """
    access = access_for(os.environ, answers.hosts, host_read=answers.host_read, say=console.progress)
    if access is None:
        access = _log_in(answers, console, what) if may_ask else None
    if access is None:
        raise WizardError(f"{what} needs a login to {place(answers.hosts.app)}", _how_to(answers))
    console.progress(f"Asking {place(access.hosts.app)} what {access.called} may do (at most 2 minutes)")
    access = limits(replace(access, pause=aloud(console.progress)))
    project = given or project_id(os.environ)
    if project is None:
        if not answers.token:
            raise WizardError(f"nobody said for which project {what} is", "Add --project-id, or --token phc_...")
        console.progress("Looking up the project of the token")
        project = project_of(answers.token.strip(), access)
    return Reached(access, project)


def _how_to(answers: Answers) -> str:
    login = login_line(answers.hosts)
    if answers.host_read and answers.hosts.region is None:
        return f"It is the project alone that names it. Only if that is your PostHog: {login}"
    return f"Run {login}, {_OR_KEY}"


def _log_in(answers: Answers, console: Console, what: str) -> Access | None:
    from wizard import prompts
    from wizard.commands.login import interactive_login

    if not prompts.confirm(f"{what[0].upper()}{what[1:]} needs a login. Log in to {place(answers.hosts.app)} now?"):
        return None
    return interactive_login(console, answers.hosts, DEFAULT, host_read=answers.host_read)
