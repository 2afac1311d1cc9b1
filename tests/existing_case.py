"""Apps in memory, and what is found in them, in one word for each set-up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wizard.existing import Site, survey
from wizard.project import Project, Tree

Files = Mapping[str, str]

PACKAGE = '{"name": "shop", "dependencies": {"posthog-js": "^1.340.0", "react": "19", "@acme/sdk": "workspace:*"}}'


def app(files: Files, path: str = ".", nested: tuple[str, ...] = ()) -> Project:
    """A project that exists only in memory."""
    overlay = {name: text.encode() for name, text in files.items()}
    root = Path("/nowhere/at/all")
    return Project(Tree(root, root, tuple(sorted(overlay)), overlay), path, nested)


def javascript(files: Files, path: str = ".", nested: tuple[str, ...] = ()) -> Project:
    """A JavaScript app; its manifest is added when it has none."""
    return app({"package.json": PACKAGE, **files}, path, nested)


def word(site: Site) -> str:
    """`path:line kind`."""
    return f"{site.place} {site.set_up.kind}"


def found(project: Project, language: str) -> tuple[list[str], list[str]]:
    """The set-ups that count, and those in files that nothing loads."""
    there = survey(project, language)
    return [word(site) for site in there.sites], [word(site) for site in there.idle]
