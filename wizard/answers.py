"""Questions and their answers: flag > environment > inferred > prompt, and nothing left open without a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from wizard.posthog.hosts import Hosts


@dataclass(frozen=True, slots=True)
class Option:
    """A yes/no choice about what the SDK does; flag `--key/--no-key`, variable `POSTHOG_WIZARD_KEY`."""

    key: str
    ask: str
    default: bool


OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        option.key: option
        for option in (
            Option("autocapture", "Autocapture: clicks, inputs and page views without code", True),
            Option("session_replay", "Session replay: record sessions if the project allows it", True),
            Option("error_tracking", "Error tracking: report uncaught exceptions", True),
            Option("heatmaps", "Heatmaps: where people click and scroll, if the project allows it", True),
            Option("web_vitals", "Web vitals: how fast pages load, if the project allows it", True),
            Option("surveys", "Surveys: show those that you make in PostHog", True),
            Option("reverse_proxy", "Reverse proxy: send events through your own domain, past ad blockers", False),
        )
    }
)

IN_BROWSER = ("autocapture", "session_replay", "error_tracking", "heatmaps", "web_vitals", "surveys")
"""The options of posthog-js. All but `error_tracking` only say no: switched on they are what the project says."""


class Target(Protocol):
    """What is set up: a framework in a directory. One directory may hold several."""

    @property
    def path(self) -> str: ...

    @property
    def id(self) -> str: ...


Key = tuple[str, str]
"""Path and framework of a target."""


def key(app: Target) -> Key:
    """What tells a target from all others of its tree."""
    return app.path, app.id


def name_of(app: Target, apps: Iterable[Target]) -> str:
    """How `--target` and `--for` call the app: by its path, and by its framework too where the path holds several."""
    alone = sum(other.path == app.path for other in apps) == 1
    return app.path if alone else f"{app.path}:{app.id}"


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything the plan of one app may depend on besides the tree.

    `token` is None when only the code is wanted (`--check` without a token): no env value is written then. It is empty
    when the project is set up without one (`--no-token`): the variables are written without values then, and filled in
    by a later run; `host_open` says that nobody knows the region either.
    `versions` are the `--sdk-version NAME=VERSION` overrides. `replace_token` lets values in env files be replaced.
    `host_read` says that nobody named the hosts, they were read in the project: no secret is sent there.
    """

    hosts: Hosts
    token: str | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    replace_token: bool = False
    host_read: bool = False
    host_open: bool = False

    @property
    def host(self) -> str:
        """What the app's host variable is set to; empty as long as nobody knows the region."""
        return "" if self.host_open else self.hosts.ingest

    def wants(self, option: str) -> bool:
        """Is the option switched on?"""
        return self.options.get(option, OPTIONS[option].default)

    def of(self, app: Target) -> Answers:
        """Itself: these answers are for any app."""
        return self


@dataclass(frozen=True, slots=True)
class Each:
    """The answers of several apps, which may differ: by which project they send to, by what is on in them."""

    by_app: Mapping[Key, Answers]

    def of(self, app: Target) -> Answers:
        """What the plan of this app depends on."""
        return self.by_app[key(app)]
