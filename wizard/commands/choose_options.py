"""What shall be on: flags, else one question that starts from the project's own settings; and what these contradict.

Without a terminal the defaults are the documented ones, whatever the project says: the same tree with the same flags
gives the same diff. What the project has switched on changes only where the question starts from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from wizard import project_settings
from wizard.answers import OPTIONS
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.console import Console
from wizard.errors import UsageError
from wizard.posthog.hosts import Hosts
from wizard.project_settings import NAMES, disagreements, off

if TYPE_CHECKING:
    from wizard.commands.connect import Connection


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answers, and the features that are to be switched on in the project itself."""

    options: dict[str, bool]
    switch_on: tuple[str, ...] = ()


def choose_options(
    apps: Sequence[App],
    choices: Choices,
    token: str | None,
    hosts: Hosts,
    connection: Connection | None,
    console: Console,
    before: Mapping[str, bool] = MappingProxyType({}),
) -> Chosen:
    """What is on in these apps. `before` is what was said of others: there the question starts."""
    open_keys = [key for key in OPTIONS if any(_is_open(key, app, choices) for app in apps)]
    given = {key: on for key, on in given_options(apps, choices).items() if key not in open_keys}
    # a command that only looks, or carries out what was chosen before, has nothing to ask
    if not choices.sets_up or not choices.may_ask or not choices.token_required:
        return Chosen(given, choices.switch_on)
    in_browser = {key for app in apps if app.framework.runtime == "browser" for key in app.framework.options}
    there = _settings(token, hosts, connection, choices, console) if in_browser else {}
    fixed = [key for key in off(there) if key in open_keys and not _may_switch(key, connection)]
    chosen = _ask([key for key in open_keys if key not in fixed], there, before)
    said = {key: on for key, on in (given | chosen).items() if key in in_browser}
    switches = _switches([key for key in off(there) if said.get(key)], connection)
    for sentence in disagreements({key: on for key, on in said.items() if key not in switches}, there):
        console.item("!", f"{sentence}.", "yellow")
    if fixed:
        names = ", ".join(NAMES[key] for key in fixed)
        console.item("-", f"Off in the project, which the code cannot change: {names}. Switch them on there:")
        console.raw(f"    {hosts.app}/settings/project")
    # what the project has off needs no second switch in the code, which would stay when it is switched on there
    options = given | {key: on or key in off(there) for key, on in chosen.items()}
    return Chosen(options, (*choices.switch_on, *switches))


def given_options(apps: Sequence[App], choices: Choices) -> dict[str, bool]:
    """What flags say of the options that the apps have."""
    said = ((app, name, on) for app in apps for name, on in choices.of(app).options.items())
    return {name: on for app, name, on in said if on is not None and name in app.framework.options}


def refuse_useless(apps: Sequence[App], choices: Choices) -> None:
    """Raises UsageError for a flag that means nothing to any of the apps."""
    given = {key for key, on in choices.options.items() if on is not None}
    if useless := sorted(given - {key for app in apps for key in app.framework.options}):
        flags = ", ".join("--" + key.replace("_", "-") for key in useless)
        raise UsageError(f"{flags} means nothing for {', '.join(sorted({a.framework.name for a in apps}))}")


def _is_open(key: str, app: App, choices: Choices) -> bool:
    return key in app.framework.options and choices.of(app).options.get(key) is None


def _settings(
    token: str | None, hosts: Hosts, connection: Connection | None, choices: Choices, console: Console
) -> dict[str, bool]:
    """What the project has on and off, when it can be asked; one dim line says that it cannot."""
    if not token or not choices.may_call:
        return {}
    there = (
        project_settings.private(connection.access, connection.project.id)
        if connection is not None
        else project_settings.public(token, hosts)
    )
    if there is None:
        console.progress("What is on in the project could not be read: the usual is suggested.")
    return (there or {}) | dict.fromkeys(choices.switch_on, True)


def _ask(keys: Sequence[str], there: Mapping[str, bool], before: Mapping[str, bool]) -> dict[str, bool]:
    """The answers of a person; what was said before, or else the project says, is where they start from."""
    from wizard import prompts

    titles = []
    for key in keys:
        option = OPTIONS[key]
        short = option.ask.partition(":")[0]
        says = {True: "on", False: "off", None: ""}[there.get(key)]
        forms = (f"{option.ask} - {says} in the project", f"{short} - {says} in the project", f"{short} ({says} there)")
        title = prompts.fitting(*(forms if says else (option.ask, short)), room=6)
        titles.append((key, title, before.get(key, there.get(key, option.default))))
    if not titles:
        return {}
    chosen = prompts.checkbox("What shall be on? (space changes, enter accepts)", titles)
    return {key: key in chosen for key in keys}


def _may_switch(key: str, connection: Connection | None) -> bool:
    """Could the feature be switched on in the project from here, for all that is known?"""
    if connection is None:
        return False
    access = connection.access
    return access.may("project:write") or (key == "session_replay" and access.may("product_enablement:write"))


def _switches(wanted: Sequence[str], connection: Connection | None) -> tuple[str, ...]:
    """Those of the features that are off in the project, though wanted, which a person agrees to switch on there."""
    from wizard import prompts

    keys = [key for key in wanted if _may_switch(key, connection)]
    if connection is None or not keys:
        return ()
    names = ", ".join(NAMES[key] for key in keys)
    flags = " ".join("--switch-on " + key.replace("_", "-") for key in keys)
    asked = f"Switch on {names} in the project {connection.called}, too? ({flags})"
    return tuple(keys) if prompts.confirm(asked, default=False) else ()
