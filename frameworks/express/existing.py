"""PostHog code that somebody else wrote in an Express app."""

from __future__ import annotations

import re

from frameworks.express.client import Client
from frameworks.express.layout import own_sources
from wizard.project import Project
from wizard.text import line_number

_LOADED = re.compile(r"""^(?!\s*(?://|\*)).*(?:from\s*|require\s*\(\s*)["']posthog-node["']""", re.MULTILINE)


def already(project: Project, client: Client, idle: tuple[str, ...]) -> str | None:
    """The place where the SDK is used by hand, in words; None when only our own files do, or `idle` ones."""
    if client.is_ours:
        return None
    # `new ph.PostHog()`, a class that extends it, a client handed in: whoever loads the SDK has a client
    for path, text in own_sources(project):
        if path not in idle and (match := _LOADED.search(text)):
            return f"{path}:{line_number(text, match.start())} uses posthog-node"
    return None
