"""The Node version that an app says it runs on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.changes import Note
from wizard.packages import npm_ranges
from wizard.project import Project

_SUPPORTED = "^20.20.0 || >=22.22.0"
"""`engines` of posthog-node 5.31.0 and 5.70.0."""
_NEWEST = ("20.99.0", "22.99.0", "99.0.0")


def old_node(project: Project) -> Iterator[Note]:
    """A note when the app is held to a Node that posthog-node does not support."""
    for place, wanted in _stated(project):
        if re.search(r"\d", wanted) and not _may_be_supported(wanted):
            yield Note(f"posthog-node needs Node ^20.20 or >=22.22, but {place} says {wanted}", "Upgrade Node there.")
            return


def _may_be_supported(wanted: str) -> bool:
    """Does a range hold a version that posthog-node runs on? Tried with its own bounds and the end of each line."""
    bounds = [(*match.split("."), "0", "0")[:3] for match in re.findall(r"\d+(?:\.\d+){0,2}", wanted)]
    ends = [f"{major}.{minor}.{patch}" for major, *rest in bounds for minor, patch in ((rest[0], rest[1]), ("99", "0"))]
    # `23.4` is any patch of it
    ends += [f"{major}.{minor}.99" for major, minor, _ in bounds]
    tried = (version for version in (*_NEWEST, *ends) if npm_ranges.satisfies(version, _SUPPORTED))
    return any(npm_ranges.satisfies(version, wanted) for version in tried)


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
