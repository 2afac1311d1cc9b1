"""Which apps send to one project in PostHog, and which project that is: what their env files say keeps them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wizard.answers import Answers, Key, key, name_of
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.commands.choose_hosts import Where, choose_hosts, named_hosts, read_hosts
from wizard.commands.choose_token import Found, choose_token, existing_token
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.posthog.hosts import Hosts
from wizard.posthog.masking import mask

if TYPE_CHECKING:
    from wizard.commands.connect import Connection


@dataclass(frozen=True, slots=True)
class Chosen:
    """A project in PostHog, and the apps that send to it.

    `answers` are those of the first of them: token and hosts are the same for all. `switch_on` are features to be
    switched on in the project itself, once the plan is carried out.
    """

    answers: Answers
    connection: Connection | None = None
    switch_on: tuple[str, ...] = ()
    apps: tuple[App, ...] = ()
    number: int | None = None
    """The `--project-id`, if it was given."""


def by_project(apps: Sequence[App], choices: Choices) -> list[tuple[App, ...]]:
    """The apps for which token and hosts are chosen together: the same is said of them, and stands in their env files.

    An app without a token or a host of its own goes with the others as long as these agree.
    """
    tokens = standing_tokens(apps)
    hosts = _standing_hosts(apps, tokens)
    units: dict[object, list[App]] = {}
    for app in apps:
        units.setdefault((choices.of(app).project, tokens[key(app)], hosts[key(app)]), []).append(app)
    # those that know their project first: the others can be told to take the same
    known = sorted(units.values(), key=lambda unit: tokens[key(unit[0])] is None)
    return [tuple(unit) for unit in known] or [()]


def standing_tokens(apps: Sequence[App]) -> Mapping[Key, str | None]:
    """The token of each app that nobody has to say: that in its env files, or else the only one of all of them."""
    own = {key(app): found[0] if (found := existing_token([app])) else None for app in apps}
    different = {token for token in own.values() if token}
    shared = different.pop() if len(different) == 1 else None
    return {app: token or shared for app, token in own.items()}


def _standing_hosts(apps: Sequence[App], tokens: Mapping[Key, str | None]) -> Mapping[Key, Hosts | None]:
    """The same for the hosts; those of another token say nothing."""
    own = {key(app): _own_hosts(app) for app in apps}
    standing: dict[Key, Hosts | None] = {}
    for app, hosts in own.items():
        alike = {other for at, other in own.items() if other and tokens[at] == tokens[app]}
        standing[app] = hosts or (alike.pop() if len(alike) == 1 else None)
    return standing


def _own_hosts(app: App) -> Hosts | None:
    """What is no URL says nothing here: it matters only to who names no hosts, and is told then."""
    try:
        return read[0] if (read := read_hosts([app])) else None
    except UsageError:
        return None


def choose_project(
    apps: tuple[App, ...], choices: Choices, earlier: Sequence[Chosen], everyone: Sequence[App], console: Console
) -> Chosen:
    """The project of apps of which the same is said. `earlier` are those of others, `everyone` is all apps of the run.

    Raises UsageError naming the flag of an open question, WizardError when two answers contradict each other.
    """
    try:
        return _choose(apps, choices.of(apps[0]) if apps else choices, earlier, console)
    except WizardError as error:
        if len(apps) in (0, len(everyone)):
            raise
        names = [name_of(app, everyone) for app in apps]
        raise type(error)(
            f"{', '.join(names)}: {error.message}", f"{error.hint}{_alone(names[0], error.hint)}"
        ) from error


def _alone(name: str, hint: str) -> str:
    """The flag of the hint as it is said of one app."""
    flag = re.match(r"(?:Give|Add) --([a-z-]+)(?: (\S+\.\.\.|us\|eu))?", hint)
    return f" For it alone: --for {name}:{flag[1]}{f'={flag[2]}' if flag[2] else ''}" if flag else ""


def _choose(apps: tuple[App, ...], its: Choices, earlier: Sequence[Chosen], console: Console) -> Chosen:
    there = named_hosts(its) or (read[0] if (read := read_hosts(apps)) else None)
    same = [one for one in earlier if one.answers.token and there in (None, one.answers.hosts)]
    known = {_called(one): Found(one.answers.token, one.connection) for one in reversed(same)}
    found = choose_token(apps, its, console, known)
    like = next((one.answers for one in same if one.answers.token == found.token), None)
    if like is not None and there is None:
        where = Where(like.hosts, like.host_read, like.host_open)
    else:
        proven = found.connection.access.hosts if found.connection else None
        before = earlier[-1].answers.hosts if earlier else None
        where = choose_hosts(apps, its, found.token, proven, console, before)
    answers = Answers(where.hosts, found.token, host_read=where.read, host_open=where.open)
    return Chosen(answers, found.connection, (), apps, its.project_id)


def _called(project: Chosen) -> str:
    return f"the same project as {', '.join(name_of(app, project.apps) for app in project.apps)}"


def joined(projects: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Each project once, however many apps came to it on their own."""
    found: dict[object, Chosen] = {}
    for one in projects:
        place = (one.answers.token, one.answers.hosts, one.answers.host_open)
        before = found.get(place)
        found[place] = (
            one
            if before is None
            else replace(
                before,
                apps=(*before.apps, *one.apps),
                connection=before.connection or one.connection,
                switch_on=tuple(dict.fromkeys((*before.switch_on, *one.switch_on))),
            )
        )
    return tuple(found.values())


def show_projects(projects: Sequence[Chosen], console: Console) -> None:
    """Which app sends where, when they do not all send to one place."""
    asked = [project for project in projects if project.answers.token is not None]
    if len(asked) < 2:
        return
    everyone = [app for project in projects for app in project.apps]
    console.head("They send to different projects")
    for project in asked:
        answers = project.answers
        names = ", ".join(name_of(app, everyone) for app in project.apps)
        token = f"token {mask(answers.token)}" if answers.token else "no token yet"
        place = "nobody knows where yet" if answers.host_open else _place(answers.hosts)
        console.item("-", f"{names}: {token}, {place}")


def _place(hosts: Hosts) -> str:
    return f"PostHog Cloud {hosts.region.upper()}" if hosts.region else hosts.app
