"""`verify`: three links of the chain, each with its own verdict."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard import environment
from wizard.answers import Answers
from wizard.apps import App, find_apps
from wizard.commands.about_app import choices_of
from wizard.commands.choices import Choices
from wizard.commands.choose import choose, choose_apps
from wizard.commands.report import as_json, show_apps
from wizard.commands.show_verdicts import Checked, show
from wizard.commands.start_app import starter
from wizard.console import Console
from wizard.emits import Emission
from wizard.errors import Exit
from wizard.posthog.access import Access
from wizard.project import Tree
from wizard.verify import Waits, app_link, exit_code, project_id, readable_link, to_json, token_link
from wizard.verify.readable import uuid_of
from wizard.verify.record import remember
from wizard.verify.verdicts import Wanted
from wizard.workspace import list_tree

__all__ = ["Checked", "VerifySettings", "check_apps", "links", "show", "verify", "worst"]


@dataclass(frozen=True, slots=True)
class How:
    """What `verify` is to do beside the defaults.

    `fresh`: the project was made a moment ago. `access` is what the user logged in with in this run.
    """

    timeout: float = 60.0
    no_app: bool = False
    app_command: str | None = None
    app_url: str | None = None
    resume: str | None = None
    project: int | None = None
    fresh: bool = False
    access: Access | None = None
    again: str = "posthog-wizard verify"


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
            project=options["project_id"],
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
    chosen = choose(apps, settings.choices, console)
    how = settings.how
    if chosen.connection:
        how = replace(how, access=chosen.connection.access, fresh=chosen.connection.made)
    checked = check_apps(apps, chosen.answers, console, settings.choices.may_ask, how=how)
    show(console, checked, settings.how.again)
    code = worst(checked)
    if settings.as_json:
        status = "unverified" if code else "verified"
        report = {"schema": 1, "status": status, "exit_code": int(code), "verification": links(checked)}
        as_json(console, report)
    return code


def check_apps(
    apps: Sequence[App],
    answers: Answers,
    console: Console,
    may_ask: bool,
    *,
    how: How | None = None,
) -> Checked:
    """The verdicts for each app. The token and the way into the project are the same for all, so proven once."""
    how = how or How()
    console.head("Verifying")
    wanted = Wanted(
        answers.token or None,
        answers.hosts,
        os.environ,
        console.progress,
        waits=Waits(),
        host_read=answers.host_read,
        project=how.project or project_id(os.environ),
        resume=how.resume,
        fresh=how.fresh,
        access=how.access,
        again=how.again,
        host_set=_host_set(apps),
    )
    # what is wrong with the words of the user is told before anybody is called
    starts = [(app.path, _start(app, answers, console, may_ask, how)) for app in apps]
    starts = starts or [(".", _nothing_to_start(how))]
    with console.working():
        connection = token_link(wanted)
        started = [(path, app_link(start)) for path, start in starts]
        readable = readable_link(connection, wanted)
    checked: Checked = [(path, (connection.verdict, verdict, readable)) for path, verdict in started]
    for app, (_, verdicts) in zip(apps, checked, strict=False):
        remember(app.project.root, verdicts, exit_code(verdicts))
    return checked


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
    return choose_apps(tree, choices, console)


def _host_set(apps: Sequence[App]) -> str:
    """Where the host of the (first) app is set: `NAME in file`; empty when no env file has it."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.host, app.framework.env_folder(app.project)):
            return f"{names.host} in {there[1]}"
    return ""


def _again(choices: Choices, more: Mapping[str, str | None]) -> str:
    """The command line once more, without what only this run wanted."""
    words = ["posthog-wizard", "verify", *([] if str(choices.directory) == "." else [str(choices.directory)])]
    words += [word for target in choices.target for word in ("--target", target)]
    for flag, value in (
        ("--framework", choices.framework),
        ("--token", choices.token if os.environ.get("POSTHOG_WIZARD_TOKEN") != choices.token else None),
        ("--region", choices.region),
        ("--host", choices.host),
        ("--project-id", choices.project_id),
        *more.items(),
    ):
        words += [flag, str(value)] if value else []
    return shlex.join(words)
