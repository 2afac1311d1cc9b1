"""The one line that does a run again, without questions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.answers import OPTIONS, Answers
from wizard.apps import App
from wizard.choice import Selection


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
        return [] if str(self.directory) == "." else [str(self.directory)]


def setup_line(
    run: Run,
    apps: Sequence[App],
    answers: Answers,
    *,
    token: str | None,
    framework: str | None,
    targets: bool,
    selection: Selection,
    switch_on: Sequence[str] = (),
    dashboard: bool = False,
) -> str:
    """`uvx posthog-wizard --ci ...`: every answer as a flag.

    `token` is None when the project has it already. `targets`: the apps were chosen among several.
    """
    words = ["uvx", "posthog-wizard", *run.place, "--ci", *_token(token)]
    if answers.token == "":
        words.append("--no-token")
    if not answers.host_open:
        words += ["--region", answers.hosts.region] if answers.hosts.region else ["--host", answers.hosts.ingest]
    if framework:
        words += ["--framework", framework]
    if targets or len(apps) > 1 or apps[0].path != ".":
        words += [word for app in apps for word in ("--target", app.path)]
    for key, value in answers.options.items():
        if value != OPTIONS[key].default:
            words.append(("--" if value else "--no-") + key.replace("_", "-"))
    words += [word for feature in switch_on for word in ("--switch-on", feature.replace("_", "-"))]
    words += [word for name, version in answers.versions.items() for word in ("--sdk-version", f"{name}={version}")]
    words += ["--dashboard"] if dashboard else []
    words += ["--replace-token"] if answers.replace_token else []
    if run.package_manager:
        words += ["--package-manager", run.package_manager]
    words += [word for pattern in selection.only for word in ("--only", pattern)]
    words += [word for pattern in sorted({*selection.skip, *selection.refused}) for word in ("--skip", pattern)]
    return shlex.join([*words, *run.words])


def apply_line(run: Run, file: Path, answers: Answers, token: str | None) -> str:
    """`uvx posthog-wizard apply plan.json --ci ...`."""
    words = ["uvx", "posthog-wizard", "apply", str(file), *run.place, "--ci", *_token(token)]
    if not answers.hosts.region:
        words += ["--host", answers.hosts.ingest]
    return shlex.join([*words, *run.words])


def _token(token: str | None) -> list[str]:
    """Nothing when it is in the environment anyway: it is then no business of a log."""
    return ["--token", token] if token and os.environ.get("POSTHOG_WIZARD_TOKEN") != token else []
