"""`verify`: three links of the chain, each with its own verdict."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard import environment
from wizard.answers import Answers, key, name_of
from wizard.apps import App, find_apps
from wizard.commands.about_app import choices_of
from wizard.commands.choices import Choices
from wizard.commands.choose import choose
from wizard.commands.choose_apps import Picked, pick_apps
from wizard.commands.choose_project import Chosen
from wizard.commands.own_answers import meant
from wizard.commands.report import as_json, show_apps
from wizard.commands.show_verdicts import Checked, Proof, show
from wizard.commands.start_app import starter
from wizard.commands.typed import place
from wizard.console import Console
from wizard.emits import Emission
from wizard.errors import Exit
from wizard.project import Tree
from wizard.verify import Waits, app_link, exit_code, project_id, readable_link, to_json, token_link
from wizard.verify.readable import uuid_of
from wizard.verify.record import remember
from wizard.verify.verdicts import Wanted
from wizard.workspace import list_tree

__all__ = ["Checked", "VerifySettings", "check_apps", "links", "show", "verify", "worst"]


Again = Callable[[Sequence[App]], str]


@dataclass(frozen=True, slots=True)
class How:
    """What `verify` is to do beside the defaults.

    `again` is the command line that repeats it for these apps.
    """

    timeout: float = 60.0
    no_app: bool = False
    app_command: str | None = None
    app_url: str | None = None
    resume: str | None = None
    again: Again = lambda apps: "posthog-wizard verify"


class VerifySettings:
    """The command line of `verify`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.as_json: bool = options["as_json"]
        self.choices = choices_of(options)
        resume = options["resume"]
        self.how = How(
            timeout=options["timeout"],
            no_app=options["no_app"],
            app_command=options["app_command"],
            app_url=options["app_url"],
            resume=uuid_of(resume) if resume else None,
        )


def verify(settings: VerifySettings) -> int:
    """Check every app; exit 4 when a link failed or nothing was confirmed.

    Without a supported app a token that was given is checked all the same.
    """
    console = Console(quiet=settings.as_json)
    tree = list_tree(settings.choices.directory)
    picked = _pick(tree, settings.choices, console)
    show_apps(console, picked.apps)
    projects = choose(picked.apps, settings.choices, console).projects
    how = replace(settings.how, again=_again(settings, picked))
    checked = check_apps(projects, console, settings.choices.may_ask, how=how)
    show(console, checked, how.again(picked.apps))
    code = worst(checked)
    if settings.as_json:
        status = "unverified" if code else "verified"
        report = {"schema": 1, "status": status, "exit_code": int(code), "verification": links(checked)}
        as_json(console, report)
    return code


def check_apps(projects: Sequence[Chosen], console: Console, may_ask: bool, *, how: How | None = None) -> Checked:
    """The verdicts for each app. The token and the way into a project are the same for all its apps, so proven once."""
    how = how or How()
    console.head("Verifying")
    # what is wrong with the words of the user is told before anybody is called
    starts = [[(app, _start(app, one.answers, console, may_ask, how)) for app in one.apps] for one in projects]
    apps = [app for one in projects for app in one.apps]
    checked: list[Proof] = []
    for project, started in zip(projects, starts, strict=True):
        wanted = _wanted(project, how, how.again(project.apps), console)
        with console.working():
            connection = token_link(wanted)
            links = []
            for app, start in started:
                with console.about(name_of(app, apps) if len(apps) > 1 else ""):
                    links.append((app, app_link(start)))
            alone = () if links else (app_link(_nothing_to_start(how)),)
            readable = readable_link(connection, wanted)
        checked += [Proof(".", (connection.verdict, verdict, readable)) for verdict in alone]
        for app, verdict in links:
            verdicts = (connection.verdict, verdict, readable)
            remember(app.project.root, app.id, verdicts, exit_code(verdicts))
            checked.append(Proof(name_of(app, apps), verdicts, app.path, app.id))
    return checked


def _wanted(project: Chosen, how: How, again: str, console: Console) -> Wanted:
    answers, connection = project.answers, project.connection
    return Wanted(
        answers.token or None,
        answers.hosts,
        os.environ,
        console.progress,
        waits=Waits(),
        host_read=answers.host_read,
        project=project.number or project_id(os.environ),
        resume=how.resume,
        fresh=connection is not None and connection.made,
        access=connection.access if connection else None,
        again=again,
        host_set=_host_set(project.apps),
    )


def links(checked: Checked) -> list[dict[str, Any]]:
    """All verdicts as JSON data, each with the path and the framework of its app."""
    return [
        {"path": proof.path, "framework": proof.framework, **verdict}
        for proof in checked
        for verdict in to_json(proof.verdicts)
    ]


def worst(checked: Checked) -> Exit:
    """The exit code of the app that is worst off."""
    return max((exit_code(proof.verdicts) for proof in checked), default=Exit.OK)


_NOT_STARTED = "not started: --resume only looks again for the event that was sent"


Start = Callable[[], Emission] | str


def _nothing_to_start(how: How) -> Start:
    return _NOT_STARTED if how.resume else "there is no app here that the wizard can start"


def _start(app: App, answers: Answers, console: Console, may_ask: bool, how: How) -> Start:
    """What starts the app, or the reason why it is not started."""
    if how.resume:
        return _NOT_STARTED
    if how.no_app:
        return "not started, as --no-app says"
    return starter(app, answers, console, may_ask, how.timeout, command=how.app_command, url=how.app_url)


def _pick(tree: Tree, choices: Choices, console: Console) -> Picked:
    """The apps to check; none where there are none but a token was given, which can be proven by itself."""
    if choices.token and not choices.framework and not choices.target and not find_apps(tree).apps:
        console.say("No app that the wizard supports is here: only the token and the way into the project are checked.")
        return Picked(())
    return pick_apps(tree, choices)


def _host_set(apps: Sequence[App]) -> str:
    """Where the host of the (first) app is set: `NAME in file`; empty when no env file has it."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.host, app.framework.env_folder(app.project)):
            return f"{names.host} in {there[1]}"
    return ""


def _again(settings: VerifySettings, picked: Picked) -> Again:
    """The command line once more, without what only this run wanted; for some of its apps."""
    choices, how = settings.choices, settings.how

    def line(apps: Sequence[App]) -> str:
        words = ["posthog-wizard", "verify", *place(choices.directory)]
        words += [word for name in picked.called(apps) for word in ("--target", name)]
        wanted = {key(app) for app in apps}
        about = [word for word in choices.for_app if wanted & {key(app) for app in meant(word, picked.apps)[0]}]
        words += [part for word in about for part in ("--for", word)]
        for flag, value in (
            ("--token", choices.token if os.environ.get("POSTHOG_WIZARD_TOKEN") != choices.token else None),
            ("--region", choices.region),
            ("--host", choices.host),
            ("--project-id", choices.project_id),
            ("--app-command", how.app_command),
            ("--app-url", how.app_url),
        ):
            words += [flag, str(value)] if value else []
        return shlex.join(words)

    return line
