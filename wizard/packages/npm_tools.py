"""Which package manager of the npm family an app uses, and the one call that brings its lockfile along."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from posixpath import dirname

from wizard.errors import UsageError
from wizard.packages import npm_rush
from wizard.packages.command import Command
from wizard.packages.npm_ranges import manifest
from wizard.project import Project
from wizard.workspaces import is_member


class Manager(StrEnum):
    """A package manager; `yarn` is version 1, `yarn-berry` any later one."""

    NPM = "npm"
    PNPM = "pnpm"
    YARN = "yarn"
    BERRY = "yarn-berry"
    BUN = "bun"
    DENO = "deno"
    RUSH = "rush"

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
    """The package manager of the app: `override` > Rush > packageManager > devEngines > `only-allow` > nearest lockfile
    > deno.lock > Lerna's npmClient > npm.

    What a root above the app says counts only when no lockfile lies nearer, or when the app is a member of it; the
    lockfile of a workspace comes before one that lies about in a member.
    An app with `workspace:` dependencies is never npm's. Raises UsageError for two lockfiles side by side without a
    field, and for an unknown override.
    """
    if override is not None:
        return _overridden(project, override)
    if npm_rush.root(project) is not None:
        return Manager.RUSH
    ups = list(project.upwards())
    locked = next((up for up in _locked(project) if any(project.exists(f"{up}/{name}") for name in _LOCKFILES)), None)
    for up in ups:
        field = _from_fields(project, up)
        if field is not None:
            if locked is None or ups.index(up) <= ups.index(locked) or is_member(project, up):
                return field
            break
    found = _without_lockfile(project) if locked is None else _from_lockfiles(project, locked)
    return _from_workspace_files(project) if found is Manager.NPM and _has_workspace_protocol(project) else found


def _locked(project: Project) -> Iterator[str]:
    """The directories where the app's lockfile may be, the likeliest first."""
    root = workspace_root(project)
    # https://pnpm.io/settings#sharedworkspacelockfile
    settings = "".join(project.read(f"{root}/{name}") or "" for name in (".npmrc", "pnpm-workspace.yaml"))
    if root is not None and not re.search(r"^shared-?workspace-?lockfile *[=:] *false", settings, re.M | re.I):
        yield root
    yield from project.upwards()


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
        shared = hoisted or project.exists(f"{up}/nx.json") or (own and is_member(project, up))
        if shared and any(manifest(project, up).get(section) for section in _SECTIONS):
            return up
    return "."


def workspace_root(project: Project) -> str | None:
    """The root of the workspace that the app is a member of, as seen from the app; None outside of one."""
    return next((up for up in list(project.upwards())[1:] if is_member(project, up)), None)


_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def lockfiles(manager: Manager) -> tuple[str, ...]:
    """The names that its lockfile may have, the newest first."""
    return tuple(name for name, owner in _LOCKFILES.items() if owner.binary == manager.binary)


def lockfile(project: Project, manager: Manager) -> str:
    """The path, relative to the app, of the lockfile that `manager` will bring along, or make at the workspace root."""
    if manager is Manager.RUSH and (root := npm_rush.root(project)) is not None:
        kept = [join(root, f"{npm_rush.config(project, root)}/{name}") for name in ("pnpm-lock.yaml", *_LOCKFILES)]
        return next((path for path in kept if project.exists(path)), kept[0])
    names = ("deno.lock",) if manager is Manager.DENO else lockfiles(manager)
    found = next((join(up, name) for up in _locked(project) for name in names if project.exists(f"{up}/{name}")), None)
    return found or join(workspace_root(project) or ".", names[0])


def call(project: Project, manager: Manager) -> Command:
    """The one call, once package.json is written, that updates lockfile and node_modules: at the root of the workspace,
    for pnpm in the app's directory, else in that of the manifest that declares its packages.

    Never `--force` or `--legacy-peer-deps`, never a prompt; a lockfile that `CI=true` would freeze is let go.
    """
    if manager is Manager.RUSH and (root := npm_rush.root(project)) is not None:
        own = npm_rush.subspace(project, root)
        return Command((*_CALLS[manager], *(("--subspace", own) if own else ())), root)
    folder = manifest_folder(project)
    if manager is Manager.DENO:
        return Command(_CALLS[manager], folder, workspace=dirname(lockfile(project, manager)) or ".")
    shared = workspace_root(project)
    if folder != ".":
        return Command(_CALLS[manager], folder)
    if manager is not Manager.PNPM:
        # in a member, npm would leave out what the workspace's root needs
        return Command(_CALLS[manager], shared or ".")
    call = Command(_CALLS[manager], folder, workspace=shared)
    scope = _pnpm_scope(project)
    if shared is None or "--filter" not in scope:
        return replace(call, argv=("pnpm", *scope, *call.argv[1:]), workspace=None)
    named = ("--filter", f"{{./{project.seen_from(shared)}}}")
    return replace(call, argv=("pnpm", *scope, *call.argv[1:]), alone=scope, named=named)


_PNPM_QUIET = ("--config.confirm-modules-purge=false", "--config.strict-dep-builds=false")
_CALLS = {
    Manager.NPM: ("npm", "install", "--no-audit", "--no-fund"),
    Manager.PNPM: ("pnpm", "install", "--no-frozen-lockfile", *_PNPM_QUIET),
    Manager.YARN: ("yarn", "install", "--non-interactive"),
    Manager.BERRY: ("yarn", "install", "--no-immutable"),
    Manager.BUN: ("bun", "install"),
    Manager.DENO: ("deno", "install", "--frozen=false"),
    Manager.RUSH: ("rush", "update"),
}


def is_linked_by_lerna(project: Project) -> bool:
    """Is the app a package of Lerna's, but no member of a workspace?"""
    ups = [up for up in project.upwards() if up != "." and is_member(project, up, ("lerna",))]
    return bool(ups) and not any(is_member(project, up) for up in ups)


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
    scripts = data.get("scripts")
    if isinstance(scripts, dict) and (only := _ONLY.search(str(scripts.get("preinstall", "")))):
        return _named(project, only[1], "")
    return None


_ONLY = re.compile(r"\bonly-allow (\w+)")
_CLIENT = re.compile(r'"npmClient"\s*:\s*"(\w+)"')


def _without_lockfile(project: Project) -> Manager:
    """pnpm has a workspace file, Deno keeps a lockfile beside others, Lerna names the one it calls (npm by default)."""
    for up in project.upwards():
        if project.exists(f"{up}/pnpm-workspace.yaml") and is_member(project, up):
            return Manager.PNPM
        if project.exists(f"{up}/deno.lock"):
            return Manager.DENO
        if client := _CLIENT.search(project.read(f"{up}/lerna.json") or ""):
            return _named(project, client[1], "") or Manager.NPM
    return Manager.NPM


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
        place = project.within(up)
        where = "" if place == "." else f" in {place}"
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
    return ("--filter", "{.}") if is_member(project, above) else ("--ignore-workspace",)


def join(up: str, name: str) -> str:
    return name if up == "." else f"{up}/{name}"
