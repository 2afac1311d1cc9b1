"""Resolved versions out of the lockfiles of npm, pnpm, yarn (classic and berry) and bun."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from wizard.errors import UsageError
from wizard.packages import npm_rush, npm_tools, yaml_lines
from wizard.packages.npm_ranges import manifest
from wizard.project import BrokenFile, Project

LOCKFILES = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")


def resolved(project: Project, name: str, declared: str, catalog: str | None = None) -> str | None:
    """The version that the nearest lockfile holding the app's `name` gives it; None when none does.

    The lockfile of the app's own package manager comes before one that another left behind. `declared` is a range;
    where it stands in a `catalog`, that one's name.
    """
    if (rush := npm_rush.root(project)) is not None:
        text = project.read(f"{rush}/{npm_rush.config(project, rush)}/pnpm-lock.yaml")
        return None if text is None else _pnpm(text, name, npm_rush.importer(project, rush), catalog)
    own = _own(project)
    for up in project.upwards():
        importer = project.seen_from(up)
        for file in sorted(LOCKFILES, key=lambda file: file not in own):
            text = project.read(f"{up}/{file}")
            if text is None:
                continue
            match file:
                case "package-lock.json" | "npm-shrinkwrap.json":
                    version = _npm(project, f"{up}/{file}", name, importer)
                case "pnpm-lock.yaml":
                    version = _pnpm(text, name, importer, catalog)
                case "yarn.lock":
                    version = _yarn(text, name, declared)
                case _:
                    version = _bun(text, name, str(manifest(project, ".").get("name", "")))
            if version is not None:
                return version
    return None


def _own(project: Project) -> tuple[str, ...]:
    if _own not in project.memo:
        try:
            names = npm_tools.lockfiles(npm_tools.manager(project))
        except UsageError:
            names = ()
        project.memo[_own] = names
    return tuple(project.memo[_own])


def _npm(project: Project, path: str, name: str, importer: str) -> str | None:
    try:
        lock = project.json(path)
    except BrokenFile:
        return None
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        return _version_of(lock.get("dependencies"), name)
    for directory in _ancestors(importer):
        key = f"{directory}node_modules/{name}"
        entry = packages.get(key)
        if isinstance(entry, dict) and entry.get("link"):
            key = str(entry.get("resolved"))
        if version := _version_of(packages, key):
            return version
    return None


def _version_of(holder: object, key: str) -> str | None:
    entry: Any = holder.get(key) if isinstance(holder, Mapping) else None
    version = entry.get("version") if isinstance(entry, Mapping) else None
    return _plain(version) if isinstance(version, str) else None


def _ancestors(importer: str) -> Iterator[str]:
    parts = [] if importer == "." else importer.split("/")
    for count in range(len(parts), -1, -1):
        yield "".join(f"{part}/" for part in parts[:count])


@lru_cache(maxsize=4)
def _importers(text: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What stands before the packages; several packages of several apps are looked up in it."""
    return tuple(yaml_lines.members(re.split(r"^packages:", text, maxsplit=1, flags=re.MULTILINE)[0]))


def _pnpm(text: str, name: str, importer: str, catalog: str | None) -> str | None:
    """Formats 5 to 9: `importers: <app>: dependencies: <name>: [version:]`, or without importers at the top level.

    What the importer does not have may be in the catalog: `catalogs: <catalog>: <name>: version:`.
    """
    found = None
    for keys, value in _importers(text):
        if keys == ("catalogs", catalog or "default", name, "version") and catalog is not None:
            found = found or _plain(value)
        if keys[:1] == ("importers",):
            if keys[1:2] != (importer,):
                continue
            keys = keys[2:]
        elif importer != ".":
            continue
        if len(keys) >= 2 and keys[0] in _SECTIONS and keys[1] == name and keys[2:] in ((), ("version",)) and value:
            found = _plain(value) or found
    return found


@lru_cache(maxsize=4)
def _locked_by_yarn(text: str) -> Mapping[str, Mapping[str, str]]:
    """Package name to its descriptors (`next@npm:^15.0.0`) to their versions."""
    found: dict[str, dict[str, str]] = {}
    descriptors: list[str] = []
    for line in text.splitlines():
        if line[:1] not in (" ", "#", ""):
            descriptors = [part.strip().strip('"') for part in line.rstrip(":").strip('"').split(",")]
        elif descriptors and (match := re.match(r'  version:? "?([^"\s]+)"?$', line)):
            for descriptor in descriptors:
                found.setdefault(descriptor[: descriptor.find("@", 1)], {})[descriptor] = match[1]
            descriptors = []
    return found


def _yarn(text: str, name: str, declared: str) -> str | None:
    versions = _locked_by_yarn(text).get(name, {})
    exact = versions.get(f"{name}@{declared}") or versions.get(f"{name}@npm:{declared}")
    found = exact or (next(iter(versions.values())) if len(set(versions.values())) == 1 else None)
    return _plain(found) if found and not found.startswith("0.0.0-use.local") else None


def _bun(text: str, name: str, app: str) -> str | None:
    """The text lockfile; the binary bun.lockb decodes to nothing that matches."""
    for key in (f"{app}/{name}", name):
        match = re.search(rf'^\s*{re.escape(json.dumps(key))}: \["(?:[^"]*)@([^"@]+)"', text, re.MULTILINE)
        if match and (version := _plain(match[1])):
            return version
    return None


def _plain(version: str) -> str | None:
    """`15.1.0(react@19.0.0)`, `15.1.0_react@19` and the alias `/@x/next@15.1.0(a@1.0.0)` -> `15.1.0`.

    None for links, files and URLs.
    """
    if "://" in version or version.startswith(("link:", "file:", "git")):
        return None
    match = _VERSION.match(re.sub(r"^/?(?:@[^@/]+/)?[^\d@/(][^@/(]*[@/](?=\d)", "", version))
    return match.group() if match else None
