"""The npm family (npm, pnpm, yarn, bun): what package.json declares, the versions in use, how to declare more."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from posixpath import dirname, join

from wizard.changes import Manual
from wizard.errors import UsageError
from wizard.packages import Declaration, npm_catalogs, npm_lockfiles, npm_overrides, npm_ranges, npm_tools
from wizard.packages.command import Command
from wizard.packages.npm_tools import Manager
from wizard.packages.npm_tools import manager as chosen
from wizard.project import BrokenFile, Project

__all__ = [
    "Manager",
    "at_least",
    "brought_along",
    "chosen",
    "declare",
    "declared",
    "hoisted",
    "in_use",
    "install_command",
    "installable",
    "installed",
    "is_declared",
    "is_pending",
    "is_shared",
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


def hoisted(project: Project) -> tuple[str, dict[str, str]]:
    """The package.json at the root of the app's workspace, relative to the app, and what it declares for all of them.

    They can import that without listing it; empty where there is no workspace above.
    """
    folder = npm_tools.manifest_folder(project)
    root = npm_tools.workspace_root(project) if folder == "." else folder
    data = npm_ranges.manifest(project, root) if root else {}
    sections = (data.get(name) for name in reversed(_SECTIONS[:3]))
    members = [each for section in sections if isinstance(section, dict) for each in section.items()]
    found = {name: requirement for name, requirement in members if isinstance(requirement, str)}
    return npm_tools.join(root or ".", "package.json"), found


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
    """The version of `name` that the app uses: by the lockfile, else node_modules, else the floor of its range.

    The lockfile comes first, because that is what the next install, the build and the colleagues get; node_modules may
    be from another branch. `workspace:`, `catalog:`, tags, aliases and URLs never raise; None when nothing tells.
    """
    requirement = _requirement(project, name)
    return in_use(project, name) or (npm_ranges.floor(requirement) if requirement is not None else None)


def in_use(project: Project, name: str) -> str | None:
    """The version of `name` that is locked, else the one that is installed.

    One that the declared range excludes is from before somebody edited the manifest, and does not count.
    """
    requirement = _requirement(project, name)
    if requirement is not None:
        said = declared(project).get(name, "")
        catalog = npm_catalogs.named(said) if said.startswith(npm_catalogs.PROTOCOL) else None
        locked = npm_lockfiles.resolved(project, name, requirement, catalog)
        if locked is not None and not _is_outdated(locked, requirement):
            return locked
    on_disk = _manifest_version(project, name)
    outdated = on_disk is not None and requirement is not None and _is_outdated(on_disk, requirement)
    return None if outdated else on_disk


def _requirement(project: Project, name: str) -> str | None:
    """The range that counts for `name`: an override, or what is declared, with what it has in a catalog."""
    requirement = declared(project).get(name) or hoisted(project)[1].get(name)
    if requirement is None:
        return None
    forced = npm_overrides.override(project, name)
    return npm_catalogs.resolved(project, name, forced[1] if forced else requirement)


def _is_outdated(version: str, requirement: str) -> bool:
    return "-" not in version and npm_ranges.satisfies(version, requirement) is False


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


def declare(
    project: Project, package: str, requirement: str, manager: str | None = None, oldest: str | None = ""
) -> Declaration | Manual:
    """The edit of package.json that lists `package` under `dependencies`; alphabetical if they were.

    Where the workspace keeps its versions elsewhere, `npm_workspace` says what to write. A declaration that is there
    stays as it is, in whatever section and with whatever range the app builds with. A manifest that is a link to
    elsewhere is left. Raises UsageError for what is no range and no tag.
    """
    from wizard.codemods.json import ensure_member, member
    from wizard.packages.npm_workspace import asked

    if not npm_ranges.is_range_or_tag(requirement):
        hint = f"For example --sdk-version {package}=1.434.0"
        raise UsageError(f"{requirement!r} is no version of {package}", hint)
    path = manifest_path(project)
    if project.tree.leads_outside(project.within(path)):
        line = f'"{package}": "{requirement}"'
        return Manual(f"Add {package} to {path}, which lies outside of this directory", line)
    wanted = asked(project, chosen(project, manager), package, requirement, oldest)

    def declares_package(text: str) -> str:
        for section in _SECTIONS[:3]:
            if member(text, (section, package)) is not None:
                return text
        return ensure_member(("dependencies",), package, wanted.specifier, alphabetical=True)(text)

    return Declaration(path, declares_package, entries=wanted.entries, by_hand=wanted.by_hand, told=wanted.told)


def is_pending(project: Project, packages: tuple[str, ...], unfinished: bool = False) -> bool:
    """Are the app's other packages installed, or `unfinished` is their install, but not all of `packages`?"""
    return (unfinished or installable(project)) and not all(installed(project, package) for package in packages)


def install_command(project: Project, packages: tuple[str, ...], manager: str | None = None) -> Command | Manual:
    """The one call, in the app's directory, that brings lockfile and node_modules along. Raises UsageError.

    A step for a person when the lockfile is a link that leads out of the repository, or when Lerna itself links the
    packages (up to version 6, https://lerna.js.org/docs/legacy-package-management).
    """
    tool = chosen(project, manager)
    if npm_tools.is_linked_by_lerna(project):
        name = manifest(project).get("name")
        return Manual("Install with Lerna, which links this app's neighbours", f"npx lerna bootstrap --scope {name}")
    call, lock = npm_tools.call(project, tool), npm_tools.lockfile(project, tool)
    if project.tree.leads_outside(project.within(lock), project.tree.top):
        return Manual("Install by hand: the lockfile lies outside of the repository", shlex.join(call.argv), lock)
    return replace(call, packages=packages, is_first=not installable(project), lock=lock)


def brought_along(project: Project, manager: str | None = None) -> tuple[str, ...]:
    """The lockfile, relative to the app (maybe `../..`), and what its manager writes beside it. Raises UsageError."""
    tool = chosen(project, manager)
    lock = npm_tools.lockfile(project, tool)
    return (lock, *(join(dirname(lock), name) for name in _BESIDE.get(tool, ())))


_BESIDE = {Manager.BERRY: (".pnp.cjs", ".pnp.loader.mjs"), Manager.RUSH: ("repo-state.json",)}
"""What is written beside the lockfile and may be tracked like it (https://yarnpkg.com/features/caching#zero-installs)."""


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
