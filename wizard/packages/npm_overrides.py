"""Versions that the root of a workspace forces on all its packages: `overrides`, `resolutions`, `pnpm.overrides`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wizard.packages import yaml_lines
from wizard.packages.npm_ranges import manifest
from wizard.project import Project


def override(project: Project, package: str) -> tuple[str, str] | None:
    """`(file, range)` of what is forced on the app's `package`, the file as the app sees it; None when nothing is.

    Only what holds for every version and every dependent counts. Only a root's own fields do, which the app may be:
    a member's are read by nobody, but those of an app that is no member are its own.
    """
    if override not in project.memo:
        project.memo[override] = tuple(_everywhere(project))
    found = ((file, _range(holder, package)) for file, holder in project.memo[override])
    return next(((file, wanted) for file, wanted in found if wanted), None)


def _everywhere(project: Project) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for up in project.upwards():
        prefix = "" if up == "." else f"{up}/"
        yield from ((f"{prefix}package.json", holder) for holder in _holders(manifest(project, up)))
        text = project.read(f"{up}/pnpm-workspace.yaml") or ""
        if "overrides" in text:
            lines = (keys for keys in yaml_lines.members(text) if len(keys[0]) == 2 and keys[0][0] == "overrides")
            yield f"{prefix}pnpm-workspace.yaml", {keys[1]: value for keys, value in lines}


def _holders(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pnpm = data.get("pnpm")
    nested = pnpm.get("overrides") if isinstance(pnpm, dict) else None
    for holder in (data.get("overrides"), data.get("resolutions"), nested):
        if isinstance(holder, dict):
            yield holder


def _range(holder: Mapping[str, Any], package: str) -> str | None:
    found = next((holder[key] for key in (package, f"**/{package}") if key in holder), None)
    if isinstance(found, dict):
        found = found.get(".")
    return found.strip() if isinstance(found, str) and found.strip() and not found.startswith("$") else None
