"""Which package manager of the npm family an app uses, and the one call that brings its lockfile along."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath

from wizard.errors import UsageError
from wizard.globs import glob_matches
from wizard.packages import yaml_lines
from wizard.packages.command import Command
from wizard.packages.npm_ranges import manifest
from wizard.project import Project


class Manager(StrEnum):
    """A package manager; `yarn` is version 1, `yarn-berry` any later one."""

    NPM = "npm"
    PNPM = "pnpm"
    YARN = "yarn"
    BERRY = "yarn-berry"
    BUN = "bun"

    @property
    def binary(self) -> str:
        """The name of its executable."""
        return "yarn" if self is Manager.BERRY else self.value


_LOCKFILES = {
    "package-lock.json": Manager.NPM,
    "npm-shrinkwrap.json": Manager.NPM,
    "pnpm-lock.yaml": Manager.PNPM,
    "yarn.lock": Manager.YARN,
    "bun.lock": Manager.BUN,
    "bun.lockb": Manager.BUN,
}


def manager(project: Project, override: str | None = None) -> Manager:
    """The package manager of the app: `override` > packageManager > devEngines > nearest lockfile > npm.

    A field above the app counts only when no lockfile lies nearer, or when the app is a member of that workspace.
    An app with `workspace:` dependencies is never npm's. Raises UsageError for two lockfiles side by side without a
    field, and for an unknown override.
    """
    if override is not None:
        return _overridden(project, override)
    ups = list(project.upwards())
    locked = next((up for up in ups if any(project.exists(f"{up}/{name}") for name in _LOCKFILES)), None)
    for up in ups:
        field = _from_fields(project, up)
        if field is not None:
            if locked is None or ups.index(up) <= ups.index(locked) or _is_member(project, up):
                return field
            break
    found = Manager.NPM if locked is None else _from_lockfiles(project, locked)
    return _from_workspace_files(project) if found is Manager.NPM and _has_workspace_protocol(project) else found


def manifest_folder(project: Project) -> str:
    """The directory whose package.json declares the app's packages: its own, or the workspace's when it has none.

    Nx workspaces declare the packages of all apps at their root
    (https://nx.dev/docs/concepts/decisions/dependency-management).
    """
    if manifest_folder not in project.memo:
        project.memo[manifest_folder] = _manifest_folder(project)
    return str(project.memo[manifest_folder])


def _manifest_folder(project: Project) -> str:
    own = manifest(project, ".")
    if any(own.get(section) for section in _SECTIONS):
        return "."
    hoisted = not project.exists("package.json") and bool(project.files("{next,astro,vite}.config.*"))
    for up in list(project.upwards())[1:]:
        shared = hoisted or project.exists(f"{up}/nx.json") or (own and _is_member(project, up))
        if shared and any(manifest(project, up).get(section) for section in _SECTIONS):
            return up
    return "."


_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def lockfile(project: Project, manager: Manager) -> str:
    """The path, relative to the app, of the lockfile that `manager` will bring along, or make at the workspace root."""
    names = [name for name, owner in _LOCKFILES.items() if owner.binary == manager.binary]
    ups = list(project.upwards())
    found = next((join(up, name) for up in ups for name in names if project.exists(f"{up}/{name}")), None)
    root = next((up for up in ups[1:] if _is_member(project, up)), ".")
    return found or join(root, names[0])


def call(project: Project, manager: Manager) -> Command:
    """The one call, once package.json is written, that updates lockfile and node_modules: in the app's directory, or in
    that of the manifest that declares its packages.

    Never `--force` or `--legacy-peer-deps`, never a prompt; a lockfile that `CI=true` would freeze is let go.
    """
    folder = manifest_folder(project)
    shared = next((up for up in list(project.upwards())[1:] if _is_member(project, up)), None)
    call = Command(_CALLS[manager], folder, workspace=shared if folder == "." else folder)
    if manager is not Manager.PNPM or folder != ".":
        return call
    scope = _pnpm_scope(project)
    if shared is None or "--filter" not in scope:
        return replace(call, argv=("pnpm", *scope, *call.argv[1:]), workspace=None)
    named = ("--filter", f"{{./{_seen_from(project, shared)}}}")
    return replace(call, argv=("pnpm", *scope, *call.argv[1:]), alone=scope, named=named)


_PNPM_QUIET = ("--config.confirm-modules-purge=false", "--config.strict-dep-builds=false")
_CALLS = {
    Manager.NPM: ("npm", "install", "--no-audit", "--no-fund"),
    Manager.PNPM: ("pnpm", "install", "--no-frozen-lockfile", *_PNPM_QUIET),
    Manager.YARN: ("yarn", "install", "--non-interactive"),
    Manager.BERRY: ("yarn", "install", "--no-immutable"),
    Manager.BUN: ("bun", "install"),
}


def _overridden(project: Project, name: str) -> Manager:
    if name == "yarn":
        return _yarn_kind(project)
    try:
        return Manager(name)
    except ValueError:
        known = ", ".join(Manager)
        raise UsageError(f"unknown package manager {name!r}", f"Use --package-manager with one of {known}.") from None


def _from_fields(project: Project, up: str) -> Manager | None:
    data = manifest(project, up)
    field = data.get("packageManager")
    if isinstance(field, str) and (found := _named(project, *_name_and_version(field))):
        return found
    engines = data.get("devEngines")
    wanted = engines.get("packageManager") if isinstance(engines, dict) else None
    for entry in wanted if isinstance(wanted, list) else [wanted]:
        if isinstance(entry, dict) and (
            found := _named(project, str(entry.get("name")), str(entry.get("version", "")))
        ):
            return found
    return None


def _name_and_version(field: str) -> tuple[str, str]:
    name, _, version = field.strip().partition("@")
    return name, version


def _named(project: Project, name: str, version: str) -> Manager | None:
    if name == "yarn":
        major = re.search(r"\d+", version)
        return _yarn_kind(project) if major is None else Manager.YARN if major.group() == "1" else Manager.BERRY
    return Manager(name) if name in ("npm", "pnpm", "bun") else None


def _from_lockfiles(project: Project, up: str) -> Manager:
    names = [name for name in _LOCKFILES if project.exists(f"{up}/{name}")]
    found = {_LOCKFILES[name] for name in names}
    if len(found) > 1:
        where = "" if up == "." else f" in {up}"
        raise UsageError(
            f"two package managers have a lockfile{where}: {' and '.join(names)}",
            f"Say which with --package-manager {'|'.join(sorted(found))}, or delete the stale lockfile.",
        )
    return _yarn_kind(project) if found == {Manager.YARN} else found.pop()


def _yarn_kind(project: Project) -> Manager:
    for up in project.upwards():
        if project.exists(f"{up}/.yarnrc.yml"):
            return Manager.BERRY
        text = project.read(f"{up}/yarn.lock")
        if text is not None:
            return Manager.BERRY if re.search(r"^__metadata:", text, re.MULTILINE) else Manager.YARN
    return Manager.YARN


def _has_workspace_protocol(project: Project) -> bool:
    data = manifest(project, ".")
    sections = (data.get(key) for key in ("dependencies", "devDependencies", "optionalDependencies"))
    return any("workspace:" in json.dumps(section) for section in sections if section)


def _from_workspace_files(project: Project) -> Manager:
    """Without a lockfile: pnpm has its own workspace file, yarn berry its own settings, and bun a settings file."""
    marks = {"pnpm-workspace.yaml": Manager.PNPM, ".yarnrc.yml": Manager.BERRY, "bunfig.toml": Manager.BUN}
    for up in project.upwards():
        for name, owner in marks.items():
            if project.exists(f"{up}/{name}"):
                return owner
    return Manager.PNPM


def _pnpm_scope(project: Project) -> tuple[str, ...]:
    """Only the app in a workspace that it is a member of; no workspace at all if it lies below one of others."""
    above = next((up for up in project.upwards() if project.exists(f"{up}/pnpm-workspace.yaml")), ".")
    if above == ".":
        return ()
    return ("--filter", "{.}") if _is_member(project, above) else ("--ignore-workspace",)


def _is_member(project: Project, up: str) -> bool:
    """Is the app the root of the workspace at `up`, or one of its packages?"""
    if up == ".":
        return True
    app = _seen_from(project, up)
    data = manifest(project, up)
    workspaces = data.get("workspaces")
    if isinstance(workspaces, dict):
        workspaces = workspaces.get("packages")
    globs = [glob for glob in workspaces if isinstance(glob, str)] if isinstance(workspaces, list) else []
    globs += yaml_lines.items(project.read(f"{up}/pnpm-workspace.yaml") or "", "packages")
    included = False
    for glob in globs:
        if glob_matches(glob.removeprefix("!").removeprefix("./").rstrip("/"), app):
            included = not glob.startswith("!")
    return included


def _seen_from(project: Project, up: str) -> str:
    """The app's directory as the directory `up` sees it."""
    return PurePosixPath(os.path.relpath(project.root, project.root / up).replace(os.sep, "/")).as_posix()


def join(up: str, name: str) -> str:
    return name if up == "." else f"{up}/{name}"
