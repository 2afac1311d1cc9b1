"""The Node version that an app says it runs on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.changes import Note
from wizard.packages import npm_ranges
from wizard.project import Project

_RUNS = ("20.20.0", "20.99.0", "22.22.0", "22.99.0", "24.99.0", "26.99.0", "99.0.0")
"""Versions that posthog-node supports: `engines` of 5.31.0 and 5.70.0 is `^20.20.0 || >=22.22.0`."""


def old_node(project: Project) -> Iterator[Note]:
    """A note when the app is held to a Node that posthog-node does not support."""
    for place, wanted in _stated(project):
        if not any(npm_ranges.satisfies(version, wanted) for version in _RUNS) and re.search(r"\d", wanted):
            yield Note(f"posthog-node needs Node ^20.20 or >=22.22, but {place} says {wanted}", "Upgrade Node there.")
            return


def _stated(project: Project) -> Iterator[tuple[str, str]]:
    data = project.json("package.json")
    for section in ("volta", "engines"):
        members = data.get(section)
        if isinstance(members, dict) and isinstance(members.get("node"), str):
            yield f"package.json ({section})", members["node"]
    for path in (".nvmrc", ".node-version"):
        match = re.match(r"\s*v?(\d[\d.x]*)\s*$", project.read(path) or "")
        if match:
            yield path, match[1]
    if match := re.search(r"^nodejs[ \t]+v?(\d[\d.]*)", project.read(".tool-versions") or "", re.MULTILINE):
        yield ".tool-versions", match[1]
