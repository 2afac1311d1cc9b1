"""The npm family (npm, pnpm, yarn, bun): what package.json declares, the versions in use, how to declare more."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from wizard.changes import Manual
from wizard.errors import UsageError
from wizard.packages import Declaration, npm_lockfiles, npm_ranges, npm_tools
from wizard.packages.command import Command
from wizard.packages.npm_tools import Manager
from wizard.packages.npm_tools import manager as chosen
from wizard.project import BrokenFile, Project

__all__ = [
    "Manager",
    "at_least",
    "chosen",
    "declare",
    "declared",
    "install_command",
    "installable",
    "installed",
    "is_declared",
    "is_pending",
    "is_shared",
    "lockfile",
    "manager_name",
    "manifest",
    "manifest_path",
    "version",
]

_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def declared(project: Project) -> dict[str, str]:
    """Package name to range as package.json writes them; what is really installed wins over peers.

    Raises BrokenFile when package.json does not parse.
    """
    data = manifest(project)
    found: dict[str, str] = {}
    for section in _SECTIONS:
        members = data.get(section)
        if isinstance(members, dict):
            for name, requirement in members.items():
                if isinstance(requirement, str):
                    found.setdefault(name, requirement)
    return found


def manifest_path(project: Project) -> str:
    """The package.json that declares the app's packages, relative to the app (`../../package.json` in Nx)."""
    return npm_tools.join(npm_tools.manifest_folder(project), "package.json")


def manifest(project: Project) -> dict[str, object]:
    """The package.json that declares the app's packages, as data. Raises BrokenFile for the app's own."""
    if manifest not in project.memo:
        project.memo[manifest] = npm_ranges.manifest(project, npm_tools.manifest_folder(project))
    return dict(project.memo[manifest])


def is_shared(project: Project) -> bool:
    """Does the manifest declare the packages of other apps too, so that a package in it says little of this one?"""
    return npm_tools.manifest_folder(project) != "."


def version(project: Project, name: str) -> str | None:
    """The version of `name` that the app uses: node_modules, else the lockfile, else the floor of the declared range.

    `workspace:`, `catalog:`, tags, aliases and URLs never raise; None when nothing tells.
    """
    on_disk = _manifest_version(project, name)
    if on_disk is not None:
        return on_disk
    requirement = declared(project).get(name)
    if requirement is None:
        return None
    return npm_lockfiles.resolved(project, name, requirement) or npm_ranges.floor(
        npm_ranges.resolved_catalog(project, name, requirement)
    )


def at_least(project: Project, name: str, minimum: str, *, unknown: bool = True) -> bool:
    """Is the version of `name` at least `minimum` (`"15.3"`)? A pre-release of 15.3.0 counts as 15.3.0.

    `unknown` is the answer when no version can be told (not declared, `latest`, a URL): current by default.
    """
    found = version(project, name)
    return unknown if found is None else npm_ranges.numbers(found) >= npm_ranges.numbers(minimum)


def installed(project: Project, name: str) -> bool:
    """Can the app resolve `name` now (node_modules up the tree, or a Plug'n'Play map)?"""
    if any(project.exists(f"{up}/node_modules/{name}/package.json") for up in project.upwards()):
        return True
    return any(f'"{name}"' in (project.read(f"{up}/.pnp.cjs") or "") for up in project.upwards())


def installable(project: Project) -> bool:
    """Has someone installed this app's packages here before?"""
    return any(
        (project.root / up / "node_modules").is_dir() or project.exists(f"{up}/.pnp.cjs") for up in project.upwards()
    )


def is_declared(project: Project, package: str) -> bool:
    """Does package.json list the package where it gets installed? A peer dependency alone does not count."""
    data = manifest(project)
    sections = [data.get(section) for section in _SECTIONS[:3]]
    return any(package in section for section in sections if isinstance(section, dict))


def declare(project: Project, package: str, requirement: str, manager: str | None = None) -> Declaration | Manual:
    """The edit of package.json that lists `package` under `dependencies`; alphabetical if they were.

    A declaration that is there stays as it is, in whatever section and with whatever range the app builds with. A
    manifest that is a link to elsewhere is left. Raises UsageError for what is no range and no tag.
    """
    from wizard.codemods.json import ensure_member, member

    if not npm_ranges.is_range_or_tag(requirement):
        hint = f"For example --sdk-version {package}=1.434.0"
        raise UsageError(f"{requirement!r} is no version of {package}", hint)
    path = manifest_path(project)
    if project.tree.leads_outside(project.within(path)):
        line = f'"{package}": "{requirement}"'
        return Manual(f"Add {package} to {path}, which lies outside of this directory", line)

    def declares_package(text: str) -> str:
        for section in _SECTIONS[:3]:
            if member(text, (section, package)) is not None:
                return text
        return ensure_member(("dependencies",), package, requirement, alphabetical=True)(text)

    return Declaration(path, declares_package)


def is_pending(project: Project, packages: tuple[str, ...]) -> bool:
    """Are the app's other packages installed, but not all of `packages`?"""
    return installable(project) and not all(installed(project, package) for package in packages)


def install_command(project: Project, packages: tuple[str, ...], manager: str | None = None) -> Command | Manual:
    """The one call, in the app's directory, that brings lockfile and node_modules along. Raises UsageError.

    A step for a person when the lockfile is a link that leads out of the repository.
    """
    tool = chosen(project, manager)
    call, lock = npm_tools.call(project, tool), npm_tools.lockfile(project, tool)
    if project.tree.leads_outside(project.within(lock), project.tree.top):
        return Manual("Install by hand: the lockfile lies outside of the repository", shlex.join(call.argv), lock)
    return replace(call, packages=packages)


def lockfile(project: Project, manager: str | None = None) -> str:
    """Where the lockfile is or will be, relative to the app (maybe `../..`). Raises UsageError."""
    return npm_tools.lockfile(project, chosen(project, manager))


def manager_name(project: Project, manager: str | None = None) -> str:
    """`npm`, `pnpm`, `yarn`, `yarn-berry` or `bun`. Raises UsageError when nobody can tell which."""
    return chosen(project, manager)


def _manifest_version(project: Project, name: str) -> str | None:
    for up in project.upwards():
        try:
            found = project.json(f"{up}/node_modules/{name}/package.json").get("version")
        except BrokenFile:
            return None
        if isinstance(found, str) and re.match(r"\d+\.\d+", found):
            return found
    return None
