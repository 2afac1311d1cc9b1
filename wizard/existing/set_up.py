"""One place that sets PostHog up, as a file tells it, whatever its language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_WEB = (
    "next|nextjs|react|preact|vue|nuxt|astro|svelte|sveltekit|solid|remix|vite|vitepress|gatsby|docusaurus"
    "|angular|ngx|use"
)
WRAPPER = re.compile(
    rf"(?:(?:{_WEB})-(?:\w+-)*posthog(?:-[\w-]+)?|posthog-(?!react-native)(?:{_WEB})(?:-[\w-]+)?)(?:/[\w-]+)*"
)
"""Packages that start the SDK themselves: hooks, plugins and integrations of frameworks that others published."""

Runtime = Literal["browser", "server"]
Kind = Literal["init", "provider", "snippet", "integration", "client", "module"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a set-up as far as the file tells: their names, the text of their values, where to add one.

    `line` is the last line of the options or of the call; `call` says that there are no options yet. `prefix` is what
    stands in front of a name (`posthog.` of a module that is configured by assignments).
    """

    values: dict[str, str]
    line: int
    call: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class SetUp:
    """One place that sets PostHog up; `options` is None when they cannot be read.

    `variables` are the environment variables that hold token and host. `bound` is False when only the name of the
    receiver says that it is PostHog; `own` marks an instance with a name of its own, beside which others may run.
    """

    line: int
    runtime: Runtime
    kind: Kind
    reason: str
    options: Options | None = None
    variables: tuple[str | None, str | None] = (None, None)
    bound: bool = True
    own: bool = False
