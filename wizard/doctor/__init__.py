"""Findings about an app and its project in PostHog: what is wrong, how bad it is, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wizard.apps import App
from wizard.errors import Exit
from wizard.events import AppEvents
from wizard.posthog.hosts import Hosts

Severity = Literal["critical", "warning", "info"]

_ORDER: Mapping[str, int] = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """`critical` is only what stops events or gives a secret away. `todo` is a command or an instruction.

    `where` is `path:line` in the app, or the address of a page of PostHog.
    """

    id: str
    severity: Severity
    sentence: str
    todo: str = ""
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON data."""
        return {
            "id": self.id,
            "severity": self.severity,
            "sentence": self.sentence,
            "todo": self.todo or None,
            "where": self.where or None,
        }


@dataclass(frozen=True, slots=True)
class Patient:
    """What every check may look at. `token` and `hosts` are those that the app's code uses, as far as files tell.

    `page` is the beginning of the project's pages in PostHog. `on` are the features of the project, by their names in
    `project_settings`, empty when nobody could say. `place` are the directory and the app as commands take them, with a
    blank in front.
    """

    app: App
    events: AppEvents
    hosts: Hosts
    token: str | None = field(default=None, repr=False)
    token_place: str = ""
    on: Mapping[str, bool] = field(default_factory=dict)
    page: str = ""
    place: str = ""

    @property
    def options(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Where posthog-js is set up with options that can be read, and these."""
        for site in self.events.sites:
            if site.runtime == "browser" and site.set_up.options is not None:
                yield site.place, site.set_up.options.values


Check = Callable[[Patient], Iterable[Finding]]


def sorted_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, each once."""
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: _ORDER[finding.severity]))


def exit_code(found: Iterable[Finding]) -> Exit:
    """UNVERIFIED (4) when something stops events or gives a secret away; OK (0) for everything milder, and for nothing.

    Warnings and hints are worth reading, but no reason to fail a pipeline.
    """
    return Exit.UNVERIFIED if any(one.severity == "critical" for one in found) else Exit.OK


@dataclass(frozen=True, slots=True)
class CodeHost:
    """Where the code sends to: `url` as it is written there, or empty; `told` is False when the code does not say.

    A code that names no host at all is told: the SDKs send to the US region then.
    """

    url: str = ""
    told: bool = True


def code_host(events: AppEvents, runtime: str) -> CodeHost:
    """The PostHog behind a proxy (`ui_host`), else the host that the code names; variables and paths tell nothing."""
    sites = sorted(events.sites, key=lambda site: site.runtime != runtime)
    if not sites or sites[0].set_up.options is None:
        return CodeHost(told=False)
    values = sites[0].set_up.options.values
    for option in ("ui_host", "api_host", "host"):
        if match := re.fullmatch(r"[\"'`](https?://[^\"'`$\s]+)[\"'`]", values.get(option, "").strip()):
            return CodeHost(match[1])
    return CodeHost(told=not {"api_host", "host"} & values.keys())


def literal_token(app: App, events: AppEvents) -> tuple[str, str] | None:
    """The project token that stands in the code itself, and where."""
    for site in events.sites:
        text = app.project.read(site.path) or ""
        if match := re.search(r"[\"'`](phc_[A-Za-z0-9]{20,60})[\"'`]", text):
            return match[1], f"{site.path}:{text.count(chr(10), 0, match.start()) + 1}"
    return None
