"""The one line that does a run again, without questions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.answers import OPTIONS, Answers, Each, key, name_of
from wizard.apps import App
from wizard.choice import Selection
from wizard.commands.choices import Choices
from wizard.commands.choose_apps import Picked
from wizard.commands.choose_project import standing_tokens
from wizard.commands.typed import place


@dataclass(frozen=True, slots=True)
class Run:
    """How the files of a plan are written and what happens then: the flags that `setup` and `apply` share.

    `hints`: the end tells what to do next, which means nothing for a directory that is about to go.
    """

    directory: Path
    may_ask: bool
    no_install: bool
    no_verify: bool
    allow_dirty: bool
    offline: bool
    package_manager: str | None = None
    hints: bool = True

    @property
    def words(self) -> list[str]:
        """The flags as they are typed."""
        if self.offline:
            return ["--offline"]
        return [flag for flag, on in (("--no-install", self.no_install), ("--no-verify", self.no_verify)) if on]

    @property
    def place(self) -> list[str]:
        """The directory as an argument; nothing for the current one."""
        return place(self.directory)


def setup_line(
    run: Run,
    picked: Picked,
    answers: Answers | Each,
    choices: Choices,
    selection: Selection,
    switch_on: Sequence[str] = (),
    dashboard: bool = False,
) -> str:
    """`uvx posthog-wizard --ci ...`: every answer as a flag, or as `--for APP:ANSWER` where the apps differ."""
    words = [
        "uvx",
        "posthog-wizard",
        *run.place,
        "--ci",
        *_flags(_all_said(picked.apps, answers, choices)),
        *picked.words,
    ]
    words += [word for feature in switch_on for word in ("--switch-on", feature.replace("_", "-"))]
    words += ["--dashboard"] if dashboard else []
    if run.package_manager:
        words += ["--package-manager", run.package_manager]
    words += [word for pattern in selection.only for word in ("--only", pattern)]
    words += [word for pattern in sorted({*selection.skip, *selection.refused}) for word in ("--skip", pattern)]
    return shlex.join([*words, *run.words])


Said = Sequence[tuple[App, Mapping[str, Sequence[str]]]]
"""The answers of each app in the words of `--for`, by what they are about."""


_ONE = ("project", "place")


def _all_said(apps: Sequence[App], answers: Answers | Each, choices: Choices) -> Said:
    tokens = standing_tokens(apps)
    return [(app, dict(_said(app, answers.of(app), choices.of(app), tokens[key(app)]))) for app in apps]


def _flags(said: Said) -> Iterator[str]:
    """What is said of every app that it means something to is a flag; what is left each says of its own."""
    shared: dict[str, tuple[str, ...]] = {}
    for topic in dict.fromkeys(topic for _, its in said for topic in its):
        every = [tuple(its[topic]) for _, its in said if topic in its]
        usual = max(every, key=every.count)
        # where each says one thing, the own word takes the place of the shared one
        if every.count(usual) == len(every) or (topic in _ONE and all(every)):
            shared[topic] = usual
    for name, separator, value in (word.partition("=") for words in shared.values() for word in words):
        yield from (f"--{name}", value) if separator else (f"--{name}",)
    for app, its in said:
        name = name_of(app, [app for app, _ in said])
        for topic, words in its.items():
            if tuple(words) != shared.get(topic):
                yield from (part for word in words for part in ("--for", f"{name}:{word}"))


def _said(app: App, its: Answers, choices: Choices, standing: str | None) -> Iterator[tuple[str, list[str]]]:
    """The answers of one app in the words of `--for`, by what they are about. Nobody has to say what stands there."""
    given = choices.token or (None if standing == its.token else its.token)
    # what is in the environment anyway is no business of a log
    token = [f"token={given}"] if given and os.environ.get("POSTHOG_WIZARD_TOKEN") != given else []
    yield "project", ["no-token"] if its.token == "" else token
    place = f"region={its.hosts.region}" if its.hosts.region else f"host={its.hosts.ingest}"
    yield "place", [] if its.host_open else [place]
    for option in app.framework.options:
        on = its.wants(option)
        yield option, [] if on == OPTIONS[option].default else [("" if on else "no-") + option.replace("_", "-")]
    yield "versions", [f"sdk-version={name}={version}" for name, version in sorted(its.versions.items())]
    yield "replace", ["replace-token"] if its.replace_token else []


def apply_line(run: Run, file: Path, apps: Sequence[App], answers: Answers | Each, choices: Choices) -> str:
    """`uvx posthog-wizard apply plan.json --ci ...`: what a saved plan does not hold."""
    kept = ("token=", "host=")
    said = [
        (app, {topic: [word for word in words if word.startswith(kept)] for topic, words in its.items()})
        for app, its in _all_said(apps, answers, choices)
    ]
    words = ["uvx", "posthog-wizard", "apply", str(file), *run.place, "--ci", *_flags(said)]
    return shlex.join([*words, *run.words])
