"""Set-ups of earlier recipes: an init in a provider, and a provider whose init is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frameworks.nextjs import layout as places
from frameworks.nextjs.browser import Code
from frameworks.nextjs.layout import Layout
from wizard.changes import Change, Install, Manual, Note
from wizard.codemods.js.tree import code_of
from wizard.existing.offers import Standing
from wizard.packages import npm
from wizard.project import Project
from wizard.text import line_number

_BARE = re.compile(r"<(?:\w+\.)?(?:PostHogProvider|PHProvider)\b[^>]*\bclient\s*=")
_CONSENT = re.compile(r"consent|cookie|gdpr|opt_?in", re.IGNORECASE)
"""An init that waits for somebody's consent cannot move to a file that runs at once."""
_BLOCK = re.compile(r"^const posthogToken\b.*?^}$", re.MULTILINE | re.DOTALL)


def newer_place(project: Project, layout: Layout, there: Standing) -> Iterator[Note]:
    """An init in a component still works; since Next.js 15.3 there is a file that runs before the app hydrates."""
    path, first = places.client_file(project, layout), there.elsewhere[0]
    known = npm.version(project, "next") is not None and places.has_client_file(project)
    if first.path.startswith("../") or _CONSENT.search(project.read(first.path) or ""):
        return  # what a package of the workspace does, it does for other apps, too
    if known and first.set_up.kind == "init" and not project.exists(path):
        body = f"Move the call from {first.place} there if you like; never keep both: only the first that runs counts."
        yield Note(f"Next.js 15.3 and later can start PostHog in {path}", body)


def without_init(code: Code) -> Iterator[Change]:
    """The step for a provider that is handed a client nobody starts; a second provider would go around it."""
    place = _bare_provider(code)
    block = _BLOCK.search(code.file("_app.tsx"))
    if place and block:
        yield Install("posthog-js", "^1.434.0", oldest="1.335")
        body = f'import posthog from "posthog-js";\n\n{block.group()}'
        yield Manual(
            "Start PostHog below the imports: the provider there is given a client without a token", body, place
        )


def _bare_provider(code: Code) -> str | None:
    if places.has_client_file(code.project) or not code.layout.app:
        return None
    own = f"{code.layout.app}/{code.layout.component('posthog-provider')}"
    for path, text in code.project.sources("**/*.{tsx,jsx,js}"):
        if path != own and _BARE.search(text) and (match := _BARE.search(code_of(text))):
            return f"{path}:{line_number(text, match.start())}"
    return None
