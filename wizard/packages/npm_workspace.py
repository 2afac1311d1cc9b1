"""What a workspace has settled on for a package: in a catalog, by an override, or in what its other packages say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.changes import Manual, Note
from wizard.packages import Entry, npm, npm_catalogs, npm_ranges, npm_rush, npm_tools
from wizard.packages.npm_catalogs import PROTOCOL, Catalog
from wizard.packages.npm_overrides import override
from wizard.packages.npm_tools import Manager
from wizard.project import BrokenFile, Project, normal
from wizard.workspaces import JAVASCRIPT, is_member, workspaces

_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies")
_LOCAL = ("workspace:", "link:", "file:", "portal:")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the app's manifest shall say of a package, and what goes with that (see `Declaration`)."""

    specifier: str
    entries: tuple[Entry, ...] = ()
    by_hand: str = ""
    told: tuple[Manual | Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    package: str
    requirement: str
    oldest: str

    def is_met(self, wanted: str, found: str | None) -> bool:
        """Does a range lead to a version that will do? `found` is the one in use, which stays after an install."""
        if found is not None:
            return npm_ranges.numbers(found) >= npm_ranges.numbers(self.oldest)
        floor, tested = npm_ranges.floor(wanted), npm_ranges.floor(self.requirement)
        if floor is not None and npm_ranges.numbers(floor) >= npm_ranges.numbers(self.oldest):
            return True
        return tested is not None and npm_ranges.satisfies(tested, wanted) is True


def asked(project: Project, tool: Manager, package: str, requirement: str, oldest: str | None) -> Asked:
    """What to write for `package`: the workspace's own version if that is `oldest` or later, else `requirement`.

    A version that others share is never changed. `oldest` '' is the lowest version of `requirement`; with None the user
    wants `requirement` and no other.
    """
    wish = _Wish(package, requirement, oldest or npm_ranges.floor(requirement) or "0")
    root = _root(project)
    if root is None:
        return _forced(project, wish) or Asked(requirement)
    members = tuple(_members(project, root))
    known = [c for c in npm_catalogs.catalogs(project) if c.binary == tool.binary and c.up == root]
    holding = _nearest(project, [c for c in known if package in c.entries])
    if oldest is None:
        same = holding is not None and holding.entries[package] == requirement
        if holding is not None:
            return Asked(holding.reference if same else requirement)
        return _new(project, tool, root, known, members, wish)
    if forced := _forced(project, wish):
        return forced
    if holding is not None:
        return _held(project, holding, members, wish)
    return _as_others(project, root, members, wish) or _new(project, tool, root, known, members, wish)


def _root(project: Project) -> str | None:
    """Where the workspace has its root that the app is the root or a member of, as the app sees it; None for none."""
    for up in project.upwards():
        if up == ".":
            own = npm_ranges.manifest(project, up)
            if own.get("workspaces") or "catalog" in own or "catalogs" in own or project.exists("pnpm-workspace.yaml"):
                return up
            if "catalog" in (project.read(".yarnrc.yml") or ""):
                return up
        elif is_member(project, up) or project.exists(f"{up}/rush.json"):
            return up
    return None


def _members(project: Project, root: str) -> Iterator[tuple[Project, Mapping[str, Any]]]:
    """The other packages of the workspace, its root among them, with their manifests; those that are listed."""
    top = project.within(root)
    if top.startswith(".."):
        return
    tree = project.tree
    folders = tuple(path.rpartition("/")[0] or "." for path in tree.named("package.json"))
    found = workspaces(tree, {"package.json": folders, "pnpm-workspace.yaml": (top,), "rush.json": (top,)})
    kinds = (*JAVASCRIPT, "rush")
    members = {path for w in found if w.path == top and w.kind in kinds for path in w.members}
    own = normal(f"{project.path}/{npm_tools.manifest_folder(project)}")
    for folder in sorted({top, *members} - {own}):
        other = Project(tree, folder)
        try:
            yield other, other.json("package.json")
        except BrokenFile:
            continue


def _nearest(project: Project, holding: Sequence[Catalog]) -> Catalog | None:
    """Of the catalogs that have the package the one that the app uses most, else the default, else the only one."""
    uses = [npm_catalogs.named(wanted) for wanted in npm.declared(project).values() if wanted.startswith(PROTOCOL)]
    ranked = sorted(holding, key=lambda c: (-uses.count(c.name), c.name != ""))
    if len(ranked) > 1 and not uses.count(ranked[0].name) and ranked[0].name:
        return None
    return ranked[0] if ranked else None


def _held(
    project: Project, catalog: Catalog, members: Sequence[tuple[Project, Mapping[str, Any]]], wish: _Wish
) -> Asked:
    wanted = catalog.entries[wish.package]
    users = [
        other
        for other, data in members
        for name, said in _asked_by(data).items()
        if name == wish.package and said.startswith(PROTOCOL) and npm_catalogs.named(said) == catalog.name
    ]
    found = next((v for other in users if (v := npm.in_use(other, wish.package))), None)
    if wish.is_met(wanted, found):
        return Asked(catalog.reference)
    file = project.within(catalog.file)
    title = f"{file} has {wish.package} {wanted}{_locked(found)}, which is too old for what this app gets"
    told = Note(title, f"So it asks for {wish.requirement} itself. Raise the catalog, then: {catalog.reference}")
    return Asked(wish.requirement, told=(told,))


def _as_others(
    project: Project, root: str, members: Sequence[tuple[Project, Mapping[str, Any]]], wish: _Wish
) -> Asked | None:
    """The range that Rush prefers, or on which the other packages of the workspace agree; None when there is none."""
    said = [(other, wanted) for other, data in members if (wanted := _asked_by(data).get(wish.package))]
    preferred = _preferred(project, root, wish.package)
    ranges = {preferred} if preferred else {wanted for _, wanted in said if _is_range(wanted)}
    if len(ranges) != 1:
        return None
    wanted = ranges.pop()
    users = [other for other, theirs in said if theirs == wanted]
    found = next((v for other in users if (v := npm.in_use(other, wish.package))), None)
    if wish.is_met(wanted, found):
        return Asked(wanted)
    place = project.within(_versions(project, root)) if preferred else users[0].within("package.json")
    title = f"{place} has {wish.package} {wanted}{_locked(found)}, too old for what this app gets"
    return Asked(wish.requirement, told=(Note(title, f"So it asks for {wish.requirement}: two versions until then."),))


def _preferred(project: Project, root: str, package: str) -> str | None:
    """https://rushjs.io/pages/configs/common-versions_json"""
    from wizard.codemods.json import peek

    found = peek(project.read(_versions(project, root)) or "", ("preferredVersions", package))
    return found if isinstance(found, str) and _is_range(found) else None


def _versions(project: Project, root: str) -> str:
    return f"{root}/{npm_rush.config(project, root)}/common-versions.json"


def _is_range(wanted: str) -> bool:
    return npm_ranges.satisfies("0.0.0", wanted) is not None and ":" not in wanted


def _new(
    project: Project,
    tool: Manager,
    root: str,
    known: Sequence[Catalog],
    members: Sequence[tuple[Project, Mapping[str, Any]]],
    wish: _Wish,
) -> Asked:
    """A new entry of a catalog where such packages are kept in one, else the range."""
    names = npm_catalogs.habit(_runtime(npm.manifest(project)), [_runtime(data) for _, data in members])
    strict = tool is Manager.PNPM and npm_catalogs.mode(project, root) in ("strict", "prefer")
    if names is None and not strict:
        return Asked(wish.requirement)
    name = names[0] if names and len(names) == 1 else ""
    catalog = next((c for c in known if c.name == name), None)
    if catalog is None and strict and not name:
        place = npm_tools.join(root, "pnpm-workspace.yaml")
        catalog = Catalog("", place, ("catalog",), {}, root, Manager.PNPM.binary)
    if catalog is None:
        listed = ", ".join(f"{PROTOCOL}{n}" for n in names or ())
        which = "which of the catalogs" if len(names or ()) > 1 else "where the catalog is that"
        told = Note(
            f"No telling {which} {wish.package} belongs in: {listed}", "Its range is in the app's own manifest."
        )
        return Asked(wish.requirement, told=(told,))
    if project.tree.leads_outside(project.within(catalog.file)):
        told = Note(
            f"Versions are kept in {catalog.file}, outside of this directory", "Run the wizard there to use it."
        )
        return Asked(wish.requirement, told=(told,))
    line = f'{project.within(npm.manifest_path(project))}: "{wish.package}": "{catalog.reference}"'
    by_hand = f"{project.within(catalog.file)}: {wish.package}: {wish.requirement}\n{line}"
    edit = catalog.ensure(wish.package, wish.requirement)
    why = f"adds {wish.package} to the catalog{catalog.name and ' '}{catalog.name}"
    return Asked(catalog.reference, (Entry(catalog.file, edit, why),), by_hand)


def _forced(project: Project, wish: _Wish) -> Asked | None:
    """The version that the workspace's root forces on everybody: npm takes no other range beside it."""
    found = override(project, wish.package)
    if found is None or not _is_range(found[1]):
        return None
    file, wanted = found
    if wish.is_met(wanted, None):
        return Asked(wanted, told=(Note(f"{project.within(file)} holds {wish.package} at {wanted} for everybody"),))
    step = Manual(
        f"Raise {wish.package} in {project.within(file)}: {wanted} is too old for this set-up",
        f"{wish.package} {wish.requirement}",
        file,
    )
    return Asked(wanted, told=(step,))


def _asked_by(data: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in _SECTIONS:
        listed = data.get(section)
        for name, wanted in listed.items() if isinstance(listed, dict) else ():
            if isinstance(wanted, str) and not wanted.startswith(_LOCAL):
                found.setdefault(name, wanted)
    return found


def _runtime(data: Mapping[str, Any]) -> dict[str, str]:
    return _asked_by({"dependencies": data.get("dependencies")})


def _locked(found: str | None) -> str:
    return f" ({found})" if found else ""
