"""`--for TARGET:ANSWER`: what is said of one app alone, in the words of the flags that say it of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wizard.answers import OPTIONS, Key, key, name_of
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.errors import UsageError
from wizard.posthog import hosts as posthog_hosts

_VERSION = "version of "


def with_own(choices: Choices, apps: Sequence[App]) -> Choices:
    """The choices with what `--for` says of each of the apps.

    Raises UsageError, which names what is possible, for an app that is not among them, an answer that is none or means
    nothing there, and for two that contradict each other.
    """
    said: dict[Key, dict[str, Any]] = {}
    words: dict[tuple[Key, str], str] = {}
    for word in choices.for_app:
        here, answer = meant(word, apps)
        for app in here:
            for name, value in _fields(word, answer, app, choices).items():
                if before := words.get((key(app), name)):
                    raise UsageError(f"--for {before} and --for {word} exclude each other")
                words[key(app), name] = word
                said.setdefault(key(app), {})[name] = value
    return replace(choices, own={app: _assembled(own) for app, own in said.items()})


def meant(word: str, apps: Sequence[App]) -> tuple[list[App], str]:
    """The apps that the word begins with, and the rest of it. A path means every app in that directory."""
    called: dict[str, list[App]] = {}
    for app in apps:
        for name in (app.path, f"{app.path}:{app.id}"):
            called.setdefault(name, []).append(app)
    bare = word.removeprefix("./")
    names = [name for name in called if bare.startswith(f"{name}:")]
    if not names:
        listing = "".join(f"\n  --for {name_of(app, apps)}:ANSWER" for app in apps)
        raise UsageError(f"--for {word} names none of the apps of this run, which are:{listing}")
    name = max(names, key=len)
    return called[name], bare[len(name) + 1 :]


def _fields(word: str, answer: str, app: App, choices: Choices) -> dict[str, Any]:
    """What the answer sets, by the names of `Choices`; an option by its key, a version by its package."""
    name, separator, value = answer.partition("=")
    match name, bool(separator and value):
        case "token", True:
            return {"token": value, "no_token": False, "project_id": None}
        case "project-id", True if value.isdecimal() and int(value):
            return {"token": None, "no_token": False, "project_id": int(value)}
        case "region", True if value in posthog_hosts.REGIONS:
            return {"region": value, "host": None}
        case "host", True:
            return {"region": None, "host": value}
    if choices.sets_up:
        option = name.removeprefix("no-").replace("-", "_")
        match name, bool(separator):
            case "no-token", False:
                return {"token": None, "no_token": True, "project_id": None}
            case "replace-token", False:
                return {"replace_token": True}
            case "sdk-version", True if "=" in value.strip("="):
                return {_VERSION + value.rpartition("=")[0]: value}
            case _, False if option in app.framework.options:
                return {option: not name.startswith("no-")}
    what = f"{answer!r} is no answer" if answer else "an answer is missing"
    raise UsageError(f"--for {word}: {what}; for {app.framework.name} there are:{_valid(app, choices)}")


def _valid(app: App, choices: Choices) -> str:
    names = ["token=phc_...", "project-id=NUMBER", "region=us|eu", "host=URL"]
    if choices.sets_up:
        names += ["no-token", "replace-token", "sdk-version=NAME=VERSION"]
        options = [key.replace("_", "-") for key in OPTIONS if key in app.framework.options]
        names += [f"{option}, no-{option}" for option in options]
    return "".join(f"\n  {name}" for name in names)


def _assembled(own: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Choices`."""
    versions = tuple(value for name, value in own.items() if name.startswith(_VERSION))
    options = {name: value for name, value in own.items() if name in OPTIONS}
    rest = {name: value for name, value in own.items() if name not in options and not name.startswith(_VERSION)}
    return {**rest, "options": options, "sdk_version": versions}
