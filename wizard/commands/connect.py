"""Choosing the project in PostHog: with what one is logged in, which projects there are, making a new one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wizard.commands.choices import Choices
from wizard.commands.choose_hosts import named_hosts
from wizard.console import Console, harmless
from wizard.errors import UsageError, WizardError
from wizard.login.credentials import access_for, stored_hosts
from wizard.posthog import projects
from wizard.posthog.access import Access, aloud
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts, cloud, login_line, of
from wizard.posthog.http import place
from wizard.posthog.private_api import project_of
from wizard.posthog.projects import ADMIN, Organization, Project
from wizard.posthog.regions import region_of_secret
from wizard.posthog.scopes import DEFAULT
from wizard.posthog.tokens import mask
from wizard.posthog.users import User, limits, me

_NEW, _ELSEWHERE = "new", "elsewhere"


@dataclass(frozen=True, slots=True)
class Connection:
    """A project and the access that reached it. The access stays in memory. `made`: the project is a minute old."""

    access: Access
    project: Project
    made: bool = False

    @property
    def called(self) -> str:
        """The project as messages call it."""
        return called(self.project)


def called(project: Project) -> str:
    """`'Web shop' (#12)`: names are anybody's, so they are quoted and shortened."""
    return f"'{_line(project.name)}' (#{project.id})"


def _line(name: str) -> str:
    line = " ".join(harmless(name).split())
    return line if len(line) <= 60 else line[:57] + "..."


def connect(choices: Choices, there: Hosts | None, console: Console, *, access: Access | None = None) -> Connection:
    """The project that `--project-id` names, or the one that a person chooses.

    `there` are the hosts that only the project's files name. Raises UsageError when nobody is logged in and nobody can
    be asked, WizardError when `--region` is not the region of the login.
    """
    found = access or known_access(choices, there, console) or _log_in(choices, there, console)
    named = named_hosts(choices)
    if named is not None and named.app != found.hosts.app:
        raise WizardError(
            f"{found.called} is for {place(found.hosts.app)}, but you named {place(named.app)}",
            f"Leave --region and --host out, or log in there: {login_line(named)}",
        )
    console.progress(f"Asking {place(found.hosts.app)} what {found.called} may do (at most 2 minutes)")
    found = limits(replace(found, pause=aloud(console.progress)))
    if choices.project_id is not None:
        project = projects.project(found, choices.project_id)
        chosen = Connection(found, project)
    else:
        chosen = _pick(found, console)
    if not chosen.project.token:
        raise ApiError(
            f"{place(found.hosts.app)} did not tell the token of project {chosen.called}",
            f"Copy it from {found.hosts.app}/settings/project and give it with --token.",
        )
    console.say(f"Project {chosen.called} on {place(found.hosts.app)}, token {mask(chosen.project.token)}.")
    return chosen


def known_access(choices: Choices, there: Hosts | None, console: Console) -> Access | None:
    """What is there without logging in: a personal key in the environment, else a login that was saved.

    The region of a personal key is proven by asking, never assumed. Raises ApiError when the network cannot say.
    """
    named = named_hosts(choices)
    hosts = named or there or _hosts_of_login(choices)
    found = access_for(os.environ, hosts, host_read=named is None and there is not None, say=console.progress)
    return found if found is None else _proven(found, console)


def access_of_key(key: str, choices: Choices, console: Console) -> Access:
    """A personal key that a person has just given. Raises ApiError when no region accepts it."""
    return _proven(Access(key, named_hosts(choices) or cloud("us")), console)


def _proven(access: Access, console: Console) -> Access:
    """With the region that PostHog says, where that is open: a personal key bears no mark of it."""
    if access.kind != "personal key" or access.hosts.region is None:
        return access
    console.progress(f"Asking both regions of PostHog Cloud about {access.called} (at most 10 s)")
    hosts = region_of_secret(access.secret)
    if hosts is None:
        raise ApiError(
            f"no region of PostHog Cloud accepts {access.called}",
            "It may be revoked. For your own instance, add --host.",
            status=401,
        )
    return replace(access, hosts=hosts)


def _hosts_of_login(choices: Choices) -> Hosts:
    """Where a login was saved for; when nothing says so, the US region stands for all of PostHog Cloud."""
    several = [of(host) for host in stored_hosts()]
    if len(several) > 1 and not choices.may_ask:
        names = " or ".join(f"--region {h.region}" if h.region else f"--host {shlex.quote(h.app)}" for h in several)
        raise UsageError("you are logged in to more than one PostHog", f"Name one: {names}")
    if len(several) > 1:
        from wizard import prompts

        chosen = prompts.select("Which PostHog? (--region, --host)", [(h.app, place(h.app)) for h in several])
        return next(h for h in several if h.app == chosen)
    return several[0] if several else cloud("us")


def _log_in(choices: Choices, there: Hosts | None, console: Console) -> Access:
    if not choices.may_ask:
        raise UsageError(
            f"--project-id {choices.project_id} needs a login",
            "Set POSTHOG_WIZARD_PERSONAL_KEY, or run posthog-wizard login first (for your own PostHog with --host), "
            "or give --token instead.",
        )
    from wizard.commands.login import interactive_login

    named = named_hosts(choices)
    return interactive_login(console, named or there, DEFAULT, host_read=named is None)


def _pick(access: Access, console: Console) -> Connection:
    """Ask for the project, unless there is only one."""
    from wizard import prompts

    user = _user(access)
    organization = user.organization or next(iter(user.organizations), None)
    while True:
        found = sorted(_projects(access, organization), key=lambda project: _place_of(project, user))
        elsewhere = [o for o in user.organizations if organization and o.id != organization.id]
        if len(found) == 1 and (not elsewhere or access.projects):
            return Connection(access, found[0])
        titles = [(str(p.id), _title(p, user)) for p in found]
        if _may_create(access, organization):
            titles.append((_NEW, "create a new project"))
        if elsewhere and not access.projects:
            titles.append((_ELSEWHERE, "a project of another organization"))
        if not titles:
            raise ApiError(
                f"{access.called} may see no project on {place(access.hosts.app)}",
                "Use a login or a key that reaches the project, or give --token.",
            )
        where = f" of {_line(organization.name)}" if organization and elsewhere else ""
        chosen = prompts.search(f"Which project{where}? (--project-id)", titles)
        if chosen == _ELSEWHERE:
            organization = _organization(elsewhere, user)
        elif chosen != _NEW:
            return Connection(access, next(p for p in found if str(p.id) == chosen))
        elif organization and (made := _create(access, organization, console)):
            return made


def _user(access: Access) -> User:
    """Who is logged in; a stranger without organizations when the credential may not say."""
    try:
        return me(access)
    except ApiError as error:
        if error.status != 403:
            raise
        return User("", "")


def _projects(access: Access, organization: Organization | None) -> Iterable[Project]:
    if access.projects:
        return [projects.project(access, number) for number in access.projects]
    return projects.projects(access, organization.id if organization else "@current")


def _place_of(project: Project, user: User) -> tuple[bool, bool, str]:
    current = user.project is not None and user.project.id == project.id
    return not current, project.is_demo, project.name.casefold()


def _title(project: Project, user: User) -> str:
    marks = [f"#{project.id}"]
    if user.project is not None and user.project.id == project.id:
        marks.append("current")
    if project.is_demo:
        marks.append("demo")
    return f"{_line(project.name)} ({', '.join(marks)})"


def _organization(several: Sequence[Organization], user: User) -> Organization:
    from wizard import prompts

    if len(several) == 1:
        return several[0]
    chosen = prompts.search("Which organization?", [(o.id, _line(o.name)) for o in several])
    return next(o for o in several if o.id == chosen)


def _may_create(access: Access, organization: Organization | None) -> bool:
    """Is it worth offering? Members may where their organization lets everybody, which only trying it shows."""
    if organization is None or access.projects:
        return False
    return access.kind == "login" or access.may("project:write")


def _create(access: Access, organization: Organization, console: Console) -> Connection | None:
    """A new project; None, with the reason said, when PostHog refuses it."""
    from wizard import prompts

    if not access.may("project:write"):
        console.say("This login may not create projects. To do so, log in again and grant project:write.")
        if not prompts.confirm("Log in again? (posthog-wizard login --scope project:write)"):
            return None
        from wizard.commands.login import interactive_login

        access = interactive_login(console, access.hosts, (*DEFAULT, "project:write"))
        access = limits(replace(access, pause=aloud(console.progress)))
    name = prompts.text("Name of the new project:", _check_name)
    try:
        project = projects.create(access, organization.id, name)
        project = project if project.token else projects.project(access, project.id)
    except ApiError as error:
        _say_why_not(error, organization, console)
        return None
    console.say(f"Created {called(project)}. PostHog may need a minute before it takes events for it.", "green")
    return Connection(access, project, made=True)


def _check_name(name: str) -> None:
    if not name.strip():
        raise UsageError("a project needs a name")
    if len(name.strip()) > 200:
        raise UsageError("at most 200 characters")


def _say_why_not(error: ApiError, organization: Organization, console: Console) -> None:
    hint = error.hint
    if error.status == 403 and not error.scope:
        few = organization.level is not None and organization.level < ADMIN
        hint = f"An admin of {_line(organization.name)} can create it." if few else hint
    elif error.status == 400:
        hint = "Take another name: it must be unique in the organization."
    console.item("!", f"No project was created: {error.message}", "bold yellow")
    if hint:
        console.item(" ", hint)


def refuse_other(connection: Connection, token: str, where: str, console: Console, *, stays: str) -> None:
    """Raises WizardError: `token` (from `where`) is of another project than the chosen one. `stays` says how."""
    console.progress("Looking up which project the other token belongs to")
    try:
        other = called(projects.project(connection.access, project_of(token, connection.access)))
    except ApiError:
        other = "another project"
    raise WizardError(
        f"{where} has the token {mask(token)} of {other}, but the chosen project is {connection.called}",
        f"Add --replace-token to use {connection.called}, or {stays}.",
    )
