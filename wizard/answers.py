"""Questions and their answers: flag > environment > inferred > prompt, and nothing left open without a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

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
            Option("reverse_proxy", "Reverse proxy: send events through your own domain, past ad blockers", False),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything a plan may depend on besides the tree.

    `token` is None when only the code is wanted (`--check` without a token): no env value is written then.
    `versions` are the `--sdk-version NAME=VERSION` overrides. `replace_token` lets values in env files be replaced.
    `host_read` says that nobody named the hosts, they were read in the project: no secret is sent there.
    """

    hosts: Hosts
    token: str | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    replace_token: bool = False
    host_read: bool = False

    def wants(self, option: str) -> bool:
        """Is the option switched on?"""
        return self.options.get(option, OPTIONS[option].default)
