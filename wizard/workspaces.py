"""Which workspaces are in a tree: where each is rooted, what kind it is, and which directories are its members."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard import nx
from wizard.errors import CannotEdit
from wizard.globs import glob_matches
from wizard.packages import yaml_lines
from wizard.project import BrokenFile, Project, Tree, normal
from wizard.text import decode


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace: `kind` is its tool, `path` the directory of its root, `members` those below it that are there."""

    kind: str
    path: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A file that may declare a workspace, and what is known of the tree around it."""

    tree: Tree
    folder: str
    file: str
    named: Mapping[str, Sequence[str]]

    def text(self) -> str:
        try:
            return decode(self.tree.bytes(self.file) or b"")[0]
        except (BrokenFile, CannotEdit):
            return ""

    def toml(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text())
        except (ValueError, RecursionError):
            return {}

    def json(self) -> dict[str, Any]:
        text = self.text()
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            from wizard.codemods.json import member  # comments and trailing commas

            try:
                found = member(text, ())
            except CannotEdit:
                return {}
        return found if isinstance(found, dict) else {}

    def below(self, path: str) -> str:
        return normal(f"{self.folder}/{path}")

    def matching(self, globs: Iterable[str], manifest: str) -> list[str]:
        """Directories below that have `manifest` and match a glob; later ones win, `!` takes away."""
        rules = [(g.removeprefix("!").removeprefix("./").rstrip("/"), not g.startswith("!")) for g in globs]
        prefix = "" if self.folder == "." else self.folder + "/"
        found = []
        for directory in self.named.get(manifest, ()):
            if directory != self.folder and directory.startswith(prefix):
                inner, taken = directory.removeprefix(prefix), False
                for glob, adds in rules:
                    if taken is not adds and glob_matches(glob, inner):
                        taken = adds
                if taken:
                    found.append(directory)
        return found


Read = Callable[[_Place], tuple[str, Iterable[str]] | None]


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _package_json(at: _Place) -> tuple[str, Iterable[str]] | None:
    if '"workspaces"' not in at.text():
        return None
    declared = at.json().get("workspaces")
    globs = _strings(declared.get("packages") if isinstance(declared, dict) else declared)
    if not globs:
        return None
    locked = {"yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun", "pnpm-lock.yaml": "pnpm"}
    kind = next((kind for name, kind in locked.items() if at.tree.exists(at.below(name))), "npm")
    return kind, at.matching(globs, "package.json")


def _pnpm(at: _Place) -> tuple[str, Iterable[str]] | None:
    globs = yaml_lines.items(at.text(), "packages")
    return ("pnpm", at.matching(globs, "package.json")) if globs else None


def _lerna(at: _Place) -> tuple[str, Iterable[str]]:
    return "lerna", at.matching(_strings(at.json().get("packages")) or ["packages/*"], "package.json")


def _rush(at: _Place) -> tuple[str, Iterable[str]]:
    listed = at.json().get("projects")
    projects = listed if isinstance(listed, list) else []
    folders = (p.get("projectFolder") for p in projects if isinstance(p, dict))
    return "rush", [at.below(folder) for folder in folders if isinstance(folder, str)]


def _nx(at: _Place) -> tuple[str, Iterable[str]]:
    prefix = "" if at.folder == "." else at.folder + "/"
    own = [d for d in at.named.get("project.json", ()) if d != at.folder and d.startswith(prefix)]
    return "nx", [*own, *nx.listed(at.tree, at.folder)]


def _turbo(at: _Place) -> tuple[str, Iterable[str]] | None:
    """A `turbo.json` of a package extends the one at the root."""
    return None if "extends" in at.json() else ("turborepo", ())


def _deno(at: _Place) -> tuple[str, Iterable[str]] | None:
    declared = at.json().get("workspace")
    globs = _strings(declared.get("members") if isinstance(declared, dict) else declared)
    if not globs:
        return None
    return "deno", [d for name in ("deno.json", "deno.jsonc", "package.json") for d in at.matching(globs, name)]


def _pyproject(at: _Place) -> tuple[str, Iterable[str]] | None:
    tool = at.toml().get("tool")
    tool = tool if isinstance(tool, dict) else {}
    uv = tool.get("uv")
    workspace = uv.get("workspace") if isinstance(uv, dict) else None
    if isinstance(workspace, dict):
        globs = [*_strings(workspace.get("members")), *(f"!{g}" for g in _strings(workspace.get("exclude")))]
        return "uv", at.matching(globs, "pyproject.toml")
    poetry = tool.get("poetry")
    if isinstance(poetry, dict):
        groups = poetry.get("group")
        tables = [poetry, *(groups.values() if isinstance(groups, dict) else ())]
        paths = [path for table in tables if isinstance(table, dict) for path in _paths(table.get("dependencies"))]
        return ("poetry", _inside(at, paths)) if paths else None
    pdm = tool.get("pdm")
    groups = pdm.get("dev-dependencies") if isinstance(pdm, dict) else None
    lines = [line for group in groups.values() for line in _strings(group)] if isinstance(groups, dict) else []
    paths = [m[1] for line in lines if (m := re.search(r"file:///(?:\$\{PROJECT_ROOT\}/)?([^#]+)", line))]
    return ("pdm", _inside(at, paths)) if paths else None


def _paths(dependencies: object) -> list[str]:
    """Paths of Poetry's path dependencies."""
    table = dependencies if isinstance(dependencies, dict) else {}
    return [d["path"] for d in table.values() if isinstance(d, dict) and isinstance(d.get("path"), str)]


def _inside(at: _Place, paths: Iterable[str]) -> list[str]:
    return [path for path in map(at.below, paths) if not path.startswith("..") and path != at.folder]


def _cargo(at: _Place) -> tuple[str, Iterable[str]] | None:
    table = at.toml().get("workspace")
    if not isinstance(table, dict):
        return None
    globs = [*_strings(table.get("members")), *(f"!{g}" for g in _strings(table.get("exclude")))]
    return "cargo", at.matching(globs, "Cargo.toml")


def _go(at: _Place) -> tuple[str, Iterable[str]]:
    blocks = re.findall(r"(?m)^use\s*(?:\(([^)]*)\)|(\S+))", re.sub(r"//.*", "", at.text()))
    words = (word for block, single in blocks for word in (block or single).split())
    return "go", _inside(at, (word.strip('"') for word in words))


def _gradle(at: _Place) -> tuple[str, Iterable[str]] | None:
    calls = re.findall(r"(?m)^\s*include\b\s*(?:\(([^)]*)\)|((?:[^\n]*,\s*\n)*[^\n]*))", at.text())
    names = [
        name
        for block, line in calls
        for call in [block or line]
        for name in re.findall(r"[\"']:?([\w:.-]+)[\"']", call)
    ]
    return ("gradle", [at.below(name.replace(":", "/")) for name in names]) if names else None


def _melos(at: _Place) -> tuple[str, Iterable[str]] | None:
    key = "packages" if at.file.endswith("melos.yaml") else "workspace"
    globs = yaml_lines.items(at.text(), key)
    return ("melos" if key == "packages" else "dart", at.matching(globs, "pubspec.yaml")) if globs else None


def _bundler(at: _Place) -> tuple[str, Iterable[str]] | None:
    paths = re.findall(r"(?m)^\s*(?:gem\b.*\bpath:|path)\s*[\"']([^\"']+)[\"']", at.text())
    return ("bundler", _inside(at, paths)) if paths else None


def _solution(at: _Place) -> tuple[str, Iterable[str]]:
    projects = re.findall(r"[\"']([^\"']+)\.(?:cs|fs|vb)proj[\"']", at.text())
    folders = (p.replace("\\", "/").rpartition("/")[0] or "." for p in projects)
    return "dotnet", _inside(at, folders)


_READERS: Mapping[str, Read] = {
    "package.json": _package_json,
    "pnpm-workspace.yaml": _pnpm,
    "lerna.json": _lerna,
    "rush.json": _rush,
    "nx.json": _nx,
    "turbo.json": _turbo,
    "deno.json": _deno,
    "deno.jsonc": _deno,
    "pyproject.toml": _pyproject,
    "Cargo.toml": _cargo,
    "go.work": _go,
    "settings.gradle": _gradle,
    "settings.gradle.kts": _gradle,
    "melos.yaml": _melos,
    "pubspec.yaml": _melos,
    "Gemfile": _bundler,
}

SOLUTIONS = (".sln", ".slnx")
"""Endings of .NET solution files, whose names are free."""

FILES = frozenset(_READERS)
"""Names of the files that may declare a workspace."""

JAVASCRIPT = ("bun", "npm", "pnpm", "yarn")
"""The kinds whose members are installed together, with one lockfile at the root."""

_INSTALLED: Mapping[tuple[str, ...], tuple[str, ...]] = {
    JAVASCRIPT: ("package.json", "pnpm-workspace.yaml"),
    ("uv",): ("pyproject.toml",),
    ("rush",): ("rush.json",),
    ("lerna",): ("package.json", "lerna.json"),
}


def is_member(project: Project, up: str, kinds: tuple[str, ...] = JAVASCRIPT, folder: str = ".") -> bool:
    """Is the app's `folder` the directory `up` itself, or a member of a workspace of `kinds` that is rooted there?

    `up` and `folder` are relative to the app; `up` may lie above the directory that the wizard runs in.
    """
    key = (is_member, up, kinds, folder)
    if key not in project.memo:
        at, own = normal(f"{project.path}/{up}"), normal(f"{project.path}/{folder}")
        if at.startswith(".."):  # not among the files of the tree
            found = _reaches(project.root / up, kinds, [project.root / folder])
        else:
            found = _has_member(project.tree, at, kinds, [own])
        project.memo[key] = at == own or found
    return bool(project.memo[key])


def root_above(directory: Path) -> Path | None:
    """The nearest directory above whose workspace has a member in `directory`: itself, or what lies right in it."""
    inside = [directory, *directory.glob("*/")]
    return next((up for up in directory.parents if any(_reaches(up, kinds, inside) for kinds in _INSTALLED)), None)


def _reaches(root: Path, kinds: tuple[str, ...], directories: Iterable[Path]) -> bool:
    """`_has_member` for a directory on the disk."""
    root = Path(os.path.normpath(root))
    inner = [normal(os.path.relpath(directory, root)) for directory in directories]
    return _has_member(Tree(root, root, ()), ".", kinds, inner)


def _has_member(tree: Tree, at: str, kinds: tuple[str, ...], inner: Sequence[str]) -> bool:
    """Does the workspace of `kinds` that is rooted in the folder `at` have one of the `inner` ones as its member?"""
    manifest, *others = _INSTALLED[kinds]
    if not any(tree.exists(normal(f"{at}/{name}")) for name in (manifest, *others)):
        return False
    named = {manifest: (at, *inner), **dict.fromkeys(others, (at,))}
    found = (w for w in workspaces(tree, named) if w.path == at and w.kind in kinds)
    return any(set(inner) & {*workspace.members} for workspace in found)


def workspaces(tree: Tree, named: Mapping[str, Sequence[str]]) -> tuple[Workspace, ...]:
    """Every workspace rooted in the tree, by path and kind; `named` are the directories of files by their names.

    A file that does not parse declares none. Sources: the manifests' own documentation (npm, pnpm, Yarn, Bun, Lerna,
    Rush, Nx, Turborepo, Deno, uv, Poetry, PDM, Cargo, Go, Gradle, .NET, Melos, Bundler).
    """
    found: dict[tuple[str, str], set[str]] = {}
    for name, folders in named.items():
        read = _READERS.get(name) or (_solution if name.endswith(SOLUTIONS) else None)
        for folder in folders if read else ():
            at = _Place(tree, folder, normal(f"{folder}/{name}"), named)
            if read is not None and (declared := read(at)) is not None:
                kind, members = declared
                found.setdefault((folder, kind), set()).update(members)
    return tuple(Workspace(kind, folder, tuple(sorted(members))) for (folder, kind), members in sorted(found.items()))
