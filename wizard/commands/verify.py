"""`verify`: three links of the chain, each with its own verdict."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard import environment
from wizard.answers import Answers
from wizard.apps import App, find_apps
from wizard.commands.about_app import choices_of
from wizard.commands.choices import Choices
from wizard.commands.choose import choose
from wizard.commands.choose_apps import choose_apps, named
from wizard.commands.choose_project import Chosen
from wizard.commands.report import as_json, show_apps
from wizard.commands.show_verdicts import Checked, show
from wizard.commands.start_app import starter
from wizard.console import Console
from wizard.emits import Emission
from wizard.errors import Exit
from wizard.project import Tree
from wizard.verify import Waits, app_link, exit_code, project_id, readable_link, to_json, token_link
from wizard.verify.readable import uuid_of
from wizard.verify.record import remember
from wizard.verify.verdicts import Verdict, Wanted
from wizard.workspace import list_tree

__all__ = ["Checked", "VerifySettings", "check_apps", "links", "show", "verify", "worst"]


@dataclass(frozen=True, slots=True)
class How:
    """What `verify` is to do beside the defaults.

    `again` is the command line that repeats it, for the apps of these names or, without names, for all of them.
    """

    timeout: float = 60.0
    no_app: bool = False
    app_command: str | None = None
    app_url: str | None = None
    resume: str | None = None
    again: Callable[[Sequence[str]], str] = lambda names: "posthog-wizard verify"


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
            again=_again(self.choices, {"--app-command": options["app_command"], "--app-url": options["app_url"]}),
        )


def verify(settings: VerifySettings) -> int:
    """Check every app; exit 4 when a link failed or nothing was confirmed.

    Without a supported app a token that was given is checked all the same.
    """
    console = Console(quiet=settings.as_json)
    tree = list_tree(settings.choices.directory)
    apps = _apps(tree, settings.choices, console)
    show_apps(console, apps)
    projects = choose(apps, settings.choices, console).projects
    checked = check_apps(projects, console, settings.choices.may_ask, how=settings.how)
    show(console, checked, settings.how.again(()))
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
    checked: list[tuple[str, tuple[Verdict, ...]]] = []
    for project, started in zip(projects, starts, strict=True):
        again = how.again(named(project.apps).names if len(projects) > 1 else ())
        wanted = _wanted(project, how, again, console)
        with console.working():
            connection = token_link(wanted)
            links = [(app, app_link(start)) for app, start in started]
            alone = () if links else (app_link(_nothing_to_start(how)),)
            readable = readable_link(connection, wanted)
        checked += [(".", (connection.verdict, verdict, readable)) for verdict in alone]
        for app, verdict in links:
            verdicts = (connection.verdict, verdict, readable)
            remember(app.project.root, verdicts, exit_code(verdicts))
            checked.append((app.path, verdicts))
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
    """All verdicts as JSON data, each with the path of its app."""
    return [{"path": path, **verdict} for path, verdicts in checked for verdict in to_json(verdicts)]


def worst(checked: Checked) -> Exit:
    """The exit code of the app that is worst off."""
    return max((exit_code(verdicts) for _, verdicts in checked), default=Exit.OK)


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


def _apps(tree: Tree, choices: Choices, console: Console) -> tuple[App, ...]:
    """The apps to check; none where there are none but a token was given, which can be proven by itself."""
    if choices.token and not choices.framework and not choices.target and not find_apps(tree).apps:
        console.say("No app that the wizard supports is here: only the token and the way into the project are checked.")
        return ()
    return choose_apps(tree, choices)


def _host_set(apps: Sequence[App]) -> str:
    """Where the host of the (first) app is set: `NAME in file`; empty when no env file has it."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.host, app.framework.env_folder(app.project)):
            return f"{names.host} in {there[1]}"
    return ""


def _again(choices: Choices, more: Mapping[str, str | None]) -> Callable[[Sequence[str]], str]:
    """The command line once more, without what only this run wanted; for some of its apps, if they are named."""

    def line(names: Sequence[str]) -> str:
        words = ["posthog-wizard", "verify", *([] if str(choices.directory) == "." else [str(choices.directory)])]
        words += [word for name in names or choices.target for word in ("--target", name)]
        about = [word for word in choices.for_app if not names or word.removeprefix("./").startswith(mine(names))]
        words += [part for word in about for part in ("--for", word)]
        for flag, value in (
            ("--framework", None if names else choices.framework),
            ("--token", choices.token if os.environ.get("POSTHOG_WIZARD_TOKEN") != choices.token else None),
            ("--region", choices.region),
            ("--host", choices.host),
            ("--project-id", choices.project_id),
            *more.items(),
        ):
            words += [flag, str(value)] if value else []
        return shlex.join(words)

    def mine(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{name}:" for name in names)

    return line
