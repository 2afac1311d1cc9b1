"""The part of a command line that decides what is set up, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wizard.answers import Key, Target, key
from wizard.console import is_interactive


@dataclass(frozen=True, slots=True)
class Choices:
    """Flags and variables, as click read them.

    `for_app` are the words of `--for`, `own` what they say about each app, once it is known which apps there are.
    `sets_up`: the answers are chosen here and then written, so that what contradicts them stops the run and the options
    are asked for. A command that only looks takes the first token it is given, and asks for no options.
    `token_required` is False for `--check`, which asks neither a person nor the network.
    """

    directory: Path
    ci: bool = False
    token: str | None = None
    region: str | None = None
    host: str | None = None
    framework: str | None = None
    target: tuple[str, ...] = ()
    all_apps: bool = False
    for_app: tuple[str, ...] = ()
    options: Mapping[str, bool | None] = field(default_factory=dict)
    sdk_version: tuple[str, ...] = ()
    replace_token: bool = False
    token_required: bool = True
    no_token: bool = False
    project_id: int | None = None
    switch_on: tuple[str, ...] = ()
    offline: bool = False
    sets_up: bool = False
    own: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, app: Target) -> Choices:
        """What counts for one app: what is said of it alone is stronger than what is said of all."""
        own = dict(self.own.get(key(app), {}))
        own["options"] = {**self.options, **own.get("options", {})}
        own["sdk_version"] = (*self.sdk_version, *own.get("sdk_version", ()))
        return replace(self, **own, own={})

    @property
    def project(self) -> tuple[Any, ...]:
        """What of it decides on the project in PostHog."""
        return self.token, self.no_token, self.project_id, self.region, self.host, self.replace_token

    @property
    def may_ask(self) -> bool:
        """Is there somebody to ask?"""
        return not self.ci and is_interactive()

    @property
    def may_call(self) -> bool:
        """Is the network there to ask?"""
        return self.token_required and not self.offline
