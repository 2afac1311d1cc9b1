"""Version ranges as package.json writes them, and the protocols that stand in for a range."""

from __future__ import annotations

import re

from wizard.project import BrokenFile, Project

_SIMPLE = re.compile(r"[\^~=v]?\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?")
_LOWER = re.compile(r">?=?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)")
_NUMBERS = re.compile(r"\D*?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


def floor(declared: str) -> str | None:
    """The lowest version that a range allows; None for `*`, tags, URLs and anything without a lower bound."""
    declared = _without_protocol(declared)
    if match := _SIMPLE.fullmatch(declared):
        major, minor, patch, pre = match.groups()
        return f"{major}.{minor or 0}.{patch or 0}{pre or ''}"
    canonical = _canonical(declared)
    if canonical is None:
        return None
    bounds = []
    for alternative in canonical.split("||"):
        lower = [match[1] for part in alternative.split() if (match := _LOWER.fullmatch(part))]
        if not lower:
            return None
        bounds.append(max(lower, key=numbers))
    return min(bounds, key=numbers)


def satisfies(version: str, declared: str) -> bool | None:
    """Does `version` lie in the range? None when `declared` is not a range."""
    canonical = _canonical(_without_protocol(declared))
    if canonical is None:
        return None
    import nodesemver

    return bool(nodesemver.satisfies(version, canonical, loose=False))


def is_range_or_tag(text: str) -> bool:
    """Can a package.json ask the registry for this: a version, a range, or a tag like `latest`?"""
    if _SIMPLE.fullmatch(text) or re.fullmatch(r"[A-Za-z][\w.-]*", text):
        return True
    return bool(text.strip()) and text.isprintable() and _canonical(text) is not None


def numbers(version: str) -> tuple[int, int, int]:
    """`15.3.0-canary.4` -> `(15, 3, 0)`; what comes after the third number does not count."""
    match = _NUMBERS.match(version)
    return (int(match[1]), int(match[2] or 0), int(match[3] or 0)) if match else (0, 0, 0)


def manifest(project: Project, up: str) -> dict[str, object]:
    """package.json of the directory `up`; a broken one above the app is none of our business, so `{}`."""
    try:
        return project.json(f"{up}/package.json")
    except BrokenFile:
        if up == ".":
            raise
        return {}


def _without_protocol(declared: str) -> str:
    declared = declared.strip()
    if declared.startswith("workspace:"):
        return declared.removeprefix("workspace:")
    if declared.startswith("npm:"):
        name, at, version = declared.removeprefix("npm:").rpartition("@")
        return version if at and name else declared if at else declared.removeprefix("npm:")
    return declared


def _canonical(declared: str) -> str | None:
    import nodesemver

    canonical = nodesemver.valid_range(declared, loose=False)
    return None if canonical is None else str(canonical)
