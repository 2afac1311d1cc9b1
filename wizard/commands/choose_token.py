"""Getting the project token, least effort first: given, found in an env file, pasted, looked up, or done without."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from wizard import environment
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.commands.choose_hosts import named_hosts, read_hosts
from wizard.console import Console
from wizard.errors import Exit, UsageError, WizardError
from wizard.posthog.hosts import Hosts
from wizard.posthog.masking import SECRETS, mask
from wizard.posthog.tokens import shape

if TYPE_CHECKING:
    from wizard.commands.connect import Connection

_PASTE, _LOG_IN, _WITHOUT = "paste", "log in", "without"


@dataclass(frozen=True, slots=True)
class Found:
    """`token` is None when only the code is wanted, empty when the project is set up without one.

    `connection` is there when the token was looked up in PostHog.
    """

    token: str | None
    connection: Connection | None = None


def existing_token(apps: Sequence[App]) -> tuple[str, str] | None:
    """The token that an env file of the apps has, and which file."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.token, app.framework.env_folder(app.project)):
            return there[0], app.project.within(there[1])
    return None


def choose_token(
    apps: Sequence[App], choices: Choices, console: Console, earlier: Mapping[str, Found] = MappingProxyType({})
) -> Found:
    """The token of the apps; `earlier` are those of other apps, by how a person is told of them.

    Raises UsageError in CI when there is none, WizardError when two contradict each other.
    """
    there = existing_token(apps)
    if choices.token is not None:
        return _given(apps, choices, there, console)
    if choices.project_id is not None and choices.may_call and (choices.sets_up or not there):
        return _looked_up(apps, choices, there, console)
    if there:
        console.say(f"Token {mask(there[0])} from {there[1]}.")
        return Found(there[0])
    if not choices.token_required:
        return Found(None)
    if choices.no_token:
        return Found("")
    if choices.project_id is not None and choices.offline:
        raise UsageError("--project-id needs the network, which --offline forbids", "Give --token phc_... instead.")
    if not choices.may_ask:
        others = ", or --project-id with a login, or --no-token" if choices.sets_up else ""
        raise UsageError("the project token is missing", f"Give --token phc_... (or set POSTHOG_WIZARD_TOKEN){others}.")
    return _asked(apps, choices, earlier, console)


def _given(apps: Sequence[App], choices: Choices, there: tuple[str, str] | None, console: Console) -> Found:
    if choices.no_token:
        raise UsageError("--token and --no-token exclude each other")
    token = (choices.token or "").strip()
    if (odd := shape(token)) and choices.sets_up:
        console.item("!", f"{odd[:1].upper()}{odd[1:]}.", "bold yellow")
    if there and there[0] != token and not choices.replace_token:
        raise WizardError(
            f"{there[1]} already has the token {mask(there[0])}, you gave {mask(token)}",
            "Add --replace-token to use the new one, or leave --token out to keep the old one.",
        )
    return Found(token)


def _looked_up(apps: Sequence[App], choices: Choices, there: tuple[str, str] | None, console: Console) -> Found:
    """The token of `--project-id`. One that an env file has already must be of the same project."""
    from wizard.commands import connect

    known = connect.known_access(choices, _read(apps, choices), console)
    if known is None and there and not choices.may_ask:
        console.say(f"Token {mask(there[0])} from {there[1]}. Nobody is logged in to see which project it is of.")
        return Found(there[0])
    found = connect.connect(choices, _read(apps, choices), console, access=known)
    token = found.project.token
    if there and there[0] != token and not choices.replace_token:
        connect.refuse_other(found, there[0], there[1], console, stays="leave --project-id out to keep the old one")
    return Found(token, found)


def _read(apps: Sequence[App], choices: Choices) -> Hosts | None:
    """What the project's files name, unless the user does."""
    found = None if named_hosts(choices) else read_hosts(apps)
    return found[0] if found else None


def _asked(apps: Sequence[App], choices: Choices, earlier: Mapping[str, Found], console: Console) -> Found:
    from wizard import prompts

    known = _logged_in_by() if choices.may_call else ""
    if not known and not earlier:
        _tell_where(apps, choices, console)
    ways = [(_PASTE, "paste the project token (phc_...)")]
    if choices.may_call:
        # whoever is logged in has the project one key away
        ways.insert(0 if known else 1, (_LOG_IN, known or "log in and choose the project"))
    if choices.sets_up:
        ways.append((_WITHOUT, "go on without, fill it in later"))
    ways = [*((called, called) for called in earlier), *ways]
    while (way := prompts.select("Which project? (--token)", ways, paste=True)) == _LOG_IN:
        from wizard.commands import connect

        try:
            found = connect.connect(choices, _read(apps, choices), console)
            return Found(found.project.token, found)
        except WizardError as error:
            if error.exit_code is Exit.BUG:
                raise
            # whoever has answered so far can still paste the token
            console.error(error.message, error.hint)
    if way in earlier:
        return earlier[way]
    if way == _WITHOUT:
        return Found("")
    if (known or earlier) and way == _PASTE:
        _tell_where(apps, choices, console)
    return _pasted("" if way == _PASTE else way, apps, choices, console)


def _tell_where(apps: Sequence[App], choices: Choices, console: Console) -> None:
    hosts = named_hosts(choices) or _read(apps, choices)
    console.say("The project token starts with phc_. In PostHog it is under Settings > Project > General:")
    console.raw(f"{hosts.app if hosts else 'https://app.posthog.com'}/settings/project")


def _logged_in_by() -> str:
    """How the way through PostHog is called when nobody needs to log in for it; empty when one has to."""
    from wizard.login.credentials import personal_key, stored_hosts

    if personal_key(os.environ):
        return "choose it with your personal key"
    return "choose it: you are logged in" if stored_hosts() else ""


def _pasted(text: str, apps: Sequence[App], choices: Choices, console: Console) -> Found:
    """A token that a person gave, or the one of the personal key that a person gave in its place."""
    from wizard import prompts

    while True:
        text = text or prompts.text("Project token (--token):", _token_or_key, hide=_is_secret)
        try:
            _token_or_key(text)
        except UsageError as error:
            console.error(error.message, error.hint)
            text = ""
            continue
        if not _is_key(text):
            if (odd := shape(text)) and not prompts.confirm(f"{odd[:1].upper()}{odd[1:]}. Take it?", default=False):
                text = ""
                continue
            return Found(text.strip())
        key, text = text.strip(), ""
        console.say("This is a personal API key: a secret, which no app may hold.")
        if choices.may_call and prompts.confirm("Look up the project token with it? (It is not kept)"):
            from wizard.commands import connect

            found = connect.connect(choices, None, console, access=connect.access_of_key(key, choices, console))
            return Found(found.project.token, found)


def _is_secret(text: str) -> bool:
    return text.strip()[:4].lower() in SECRETS


def _is_key(text: str) -> bool:
    return text.strip()[:4].lower() == "phx_"


def _token_or_key(text: str) -> None:
    """Raises UsageError for what is neither; other secrets are refused as ever."""
    if not _is_key(text):
        shape(text)
