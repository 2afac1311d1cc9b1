"""From a command line and apps to answers: flag > variable > what the project says > prompt, else exit 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizard.answers import Each, Key, key, name_of
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.commands.choose_options import choose_options, given_options, refuse_useless
from wizard.commands.choose_project import (
    Chosen,
    by_project,
    choose_project,
    joined,
    show_projects,
    standing_tokens,
)
from wizard.commands.choose_token import existing_token
from wizard.commands.own_answers import with_own
from wizard.console import Console
from wizard.errors import UsageError


@dataclass(frozen=True, slots=True)
class Agreed:
    """The answers of each app, and the projects in PostHog that they send to, each once; `choices` know each app."""

    answers: Each
    projects: tuple[Chosen, ...]
    choices: Choices


def choose(apps: Sequence[App], choices: Choices, console: Console) -> Agreed:
    """Token, host, options and versions for each app. Raises UsageError naming the flag of an open question."""
    choices = with_own(choices, apps)
    refuse_useless(apps, choices)
    return choose_with(apps, choices, console)


def choose_with(apps: Sequence[App], choices: Choices, console: Console) -> Agreed:
    """The same from choices that know each app."""
    versions = {key(app): dict(_version(pair) for pair in choices.of(app).sdk_version) for app in apps}
    way = _one_by_one if _differ(apps, choices) else _together
    projects, options = way(apps, choices, console)
    projects = joined(projects)
    show_projects(projects, console)
    answers = {
        key(app): replace(
            project.answers,
            options={name: on for name, on in options[key(app)].items() if name in app.framework.options},
            versions=versions[key(app)],
            replace_token=choices.of(app).replace_token,
        )
        for project in projects
        for app in project.apps
    }
    return Agreed(Each(answers), projects, choices)


_Options = dict[Key, dict[str, bool]]


def _together(apps: Sequence[App], choices: Choices, console: Console) -> tuple[Sequence[Chosen], _Options]:
    """One question for all apps that it is open for; what their files say apart stays apart."""
    projects: list[Chosen] = []
    units = by_project(apps, choices)
    headed = len(units) > 1 and choices.may_ask
    for unit in units:
        if headed:
            console.head(", ".join(name_of(app, apps) for app in unit))
        projects.append(choose_project(unit, choices, projects, apps, console))
    # the project that says most about what is on in a browser
    projects.sort(key=lambda project: not any(app.framework.runtime == "browser" for app in project.apps))
    first, *others = projects
    if headed:
        console.head("All of them")
    picked = choose_options(apps, choices, first.answers.token, first.answers.hosts, first.connection, console)
    said = replace(choices, options={**choices.options, **picked.options})
    decided = [replace(first, switch_on=picked.switch_on)]
    for other in others:
        its = choose_options(other.apps, said, other.answers.token, other.answers.hosts, other.connection, console)
        decided.append(replace(other, switch_on=its.switch_on))
    return decided, {key(app): picked.options | given_options([app], choices) for app in apps}


def _one_by_one(apps: Sequence[App], choices: Choices, console: Console) -> tuple[Sequence[Chosen], _Options]:
    """Every question for each app; what was said of the one before is where the next begins."""
    projects: list[Chosen] = []
    options: _Options = {}
    before: dict[str, bool] = {}
    # those that know their project first: the others can be told to take the same
    for number, app in enumerate(sorted(apps, key=lambda app: existing_token([app]) is None), 1):
        console.head(f"{name_of(app, apps)} ({app.framework.name}), {number} of {len(apps)}")
        project = choose_project((app,), choices, joined(projects), apps, console)
        answers = project.answers
        picked = choose_options([app], choices, answers.token, answers.hosts, project.connection, console, before)
        projects.append(replace(project, switch_on=picked.switch_on))
        options[key(app)] = picked.options
        before |= picked.options
    return projects, options


def _differ(apps: Sequence[App], choices: Choices) -> bool:
    """Does a person want other answers for each? Asked only where at least two have something open."""
    if not choices.sets_up or not choices.may_ask or not choices.token_required:
        return False
    tokens = standing_tokens(apps)
    if sum(_is_open(app, choices.of(app), tokens[key(app)]) for app in apps) < 2:
        return False
    from wizard import prompts

    return prompts.key("The same answers for all of them?", {"y": "yes", "n": "no: app by app"}, "y") == "n"


def _is_open(app: App, its: Choices, token: str | None) -> bool:
    project = token or its.token or its.no_token or its.project_id
    return not project or any(its.options.get(option) is None for option in app.framework.options)


def _version(pair: str) -> tuple[str, str]:
    name, separator, version = pair.rpartition("=")
    name = name.rstrip("=")
    if not (name and separator and version):
        raise UsageError(f"--sdk-version {pair} is not NAME=VERSION", "For example --sdk-version posthog-js=1.434.18")
    return name, version
