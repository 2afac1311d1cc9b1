"""Catalogs: where a workspace keeps versions (pnpm 9.5, bun 1.2.14, yarn 4.10, Rush), and those of which packages.

https://pnpm.io/catalogs, https://bun.sh/docs/pm/catalogs, https://yarnpkg.com/features/catalogs,
https://api.rushstack.io/pages/rush-lib.pnpmoptionsconfiguration.globalcatalogs
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.packages import npm_rush
from wizard.packages.npm_ranges import manifest
from wizard.project import Project

PROTOCOL = "catalog:"
_ENOUGH = 3  # packages that only the app uses, for a habit of its own


@dataclass(frozen=True, slots=True)
class Catalog:
    """`name` is empty for the default one; `file` in the directory `up` is as the app sees it, `path` the keys in it.

    `binary` is the package manager that reads it.
    """

    name: str
    file: str
    path: tuple[str, ...]
    entries: Mapping[str, str]
    up: str
    binary: str

    @property
    def reference(self) -> str:
        """What a package.json says instead of a range."""
        return f"{PROTOCOL}{self.name}"

    def ensure(self, package: str, requirement: str) -> Codemod:
        """The codemod that adds a package to it."""
        if self.file.endswith(".json"):
            from wizard.codemods.json import ensure_member

            return ensure_member(self.path, package, requirement, alphabetical=True)
        from wizard.codemods.yaml_entries import ensure_entry

        return ensure_entry(self.path, package, requirement)


def catalogs(project: Project) -> tuple[Catalog, ...]:
    """All catalogs that the app may refer to, the nearest first."""
    if catalogs not in project.memo:
        project.memo[catalogs] = tuple(_everywhere(project))
    return tuple(project.memo[catalogs])


def _everywhere(project: Project) -> Iterator[Catalog]:
    for up in project.upwards():
        yield from _in_yaml(project, up, "pnpm-workspace.yaml", "pnpm")
        yield from _in_yaml(project, up, ".yarnrc.yml", "yarn")
        yield from _in_rush(project, up)
        data = manifest(project, up)
        for holder, path in ((data.get("workspaces"), ("workspaces",)), (data, ())):
            if isinstance(holder, dict):
                yield from _in_mapping(holder, up, "package.json", path, "bun")


def resolved(project: Project, package: str, declared: str) -> str:
    """What `catalog:` or `catalog:NAME` stands for; other ranges as they are."""
    if not declared.startswith(PROTOCOL):
        return declared
    name = named(declared)
    return next((c.entries[package] for c in catalogs(project) if c.name == name and package in c.entries), declared)


def named(declared: str) -> str:
    """The catalog that `catalog:NAME` refers to; '' is the default one."""
    name = declared.removeprefix(PROTOCOL).strip()
    return "" if name == "default" else name


def mode(project: Project, up: str) -> str:
    """`catalogMode` of pnpm 10.12: with `strict` and `prefer`, `pnpm add` writes to the default catalog."""
    from wizard.packages import yaml_lines

    lines = yaml_lines.members(project.read(f"{up}/pnpm-workspace.yaml") or "")
    return next((value for keys, value in lines if keys == ("catalogMode",)), "manual")


def habit(own: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> tuple[str, ...] | None:
    """The names of the catalogs in which a workspace keeps what only one package of it uses; None for in none.

    Most workspaces keep in a catalog what several packages share, and only that; a new package is one of the others.
    Those of the app decide if there are some, else those of all packages; where every package is shared, the app's.
    `own` and each of `others` are name to range, without what lies in the repository itself.
    """
    users = Counter(name for manifest in (own, *others) for name in manifest)
    alone = [wanted for name, wanted in own.items() if users[name] == 1]
    if len(alone) < _ENOUGH:
        alone = [wanted for manifest in (own, *others) for name, wanted in manifest.items() if users[name] == 1]
    alone = alone or list(own.values())
    kept = [named(wanted) for wanted in alone if wanted.startswith(PROTOCOL)]
    return tuple(name for name, _ in Counter(kept).most_common()) if 2 * len(kept) > len(alone) else None


def _in_yaml(project: Project, up: str, file: str, binary: str) -> Iterator[Catalog]:
    text = project.read(f"{up}/{file}")
    if text is None or "catalog" not in text:
        return
    from wizard.codemods.yaml import Node, read

    def plain(node: Node) -> Any:
        if node.kind != "map":
            return node.value
        return {name: plain(value) for name in node.names() if (value := node.get(name)) is not None}

    try:
        root = plain(read(text))
    except CannotEdit:
        return
    if isinstance(root, dict):
        yield from _in_mapping(root, up, file, (), binary)


def _in_rush(project: Project, up: str) -> Iterator[Catalog]:
    if not project.exists(f"{up}/rush.json"):
        return
    file = npm_rush.config(project, up) + "/pnpm-config.json"
    text = project.read(f"{up}/{file}")
    if text is None or "globalCatalogs" not in text:
        return
    from wizard.codemods.json import peek

    found = peek(text, ("globalCatalogs",))
    if isinstance(found, dict):
        yield from _named(found, up, file, ("globalCatalogs",), "rush")


def _in_mapping(holder: Mapping[str, Any], up: str, file: str, path: tuple[str, ...], binary: str) -> Iterator[Catalog]:
    if "catalog" in holder:
        yield from _named({"default": holder["catalog"]}, up, file, path, binary, single=True)
    if isinstance(holder.get("catalogs"), dict):
        yield from _named(holder["catalogs"], up, file, (*path, "catalogs"), binary)


def _named(
    found: Mapping[str, Any], up: str, file: str, path: tuple[str, ...], binary: str, single: bool = False
) -> Iterator[Catalog]:
    place = file if up == "." else f"{up}/{file}"
    for name, entries in found.items():
        listed = entries if isinstance(entries, dict) else {}
        ranges = {package: wanted for package, wanted in listed.items() if isinstance(wanted, str)}
        keys = (*path, "catalog" if single else name)
        if entries is None or (isinstance(entries, dict) and (ranges or not entries)):
            yield Catalog("" if name == "default" else name, place, keys, ranges, up, binary)
