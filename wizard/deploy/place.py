"""The app as deploy surfaces see it: which variables it reads when, which files above it speak of it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from wizard.changes import EditFile, Manual
from wizard.codemods import dotenv
from wizard.edits import Codemod, chain
from wizard.errors import CannotEdit
from wizard.globs import globs_regex
from wizard.project import BrokenFile, Project, normal
from wizard.text import decode, line_number

_PICKS = r"(?:--filter[= ]|-F |--scope[= ]|workspace |--workspace[= ]|-w |\bnx (?:build|run|deploy) |turbo prune )"
_PICKED = re.compile(_PICKS + r"[\"']?(?:\.\.\.)?(?:\./)?([@\w][\w@/.-]*)")
_ENTERED = re.compile(r"(?<![\w-])(?:cd|--cwd|--prefix|--dir|-C)[= ]+[\"']?(?:\./)?([\w][\w@/.-]*)")
_SCRIPT = re.compile(r"(?<![\w/.])(?:build[:-]([\w-]+)|([\w-]+)[:-]build)(?![\w/.])")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variable that the app reads, when it is built or when it runs."""

    name: str
    when: Literal["build", "run"]


@dataclass(frozen=True)
class Place:
    """An app and the variables that it reads. All paths are relative to the app and may climb with `..`."""

    project: Project
    wanted: tuple[Wanted, ...]
    language: str = "javascript"

    @cached_property
    def directories(self) -> tuple[str, ...]:
        """The app's directory and those above it, up to the repository's top."""
        return tuple(self.project.upwards())

    @cached_property
    def package(self) -> str:
        """The app's name in its package.json."""
        try:
            return str(self.project.json("package.json").get("name") or "")
        except BrokenFile:
            return ""

    def names(self, when: str) -> tuple[str, ...]:
        """The variables that are read then."""
        return tuple(w.name for w in self.wanted if w.when == when)

    def seen_from(self, directory: str) -> str:
        """The app's path as seen from a directory above it; `.` for its own."""
        root = os.path.normpath(self.project.root)
        return normal(os.path.relpath(root, os.path.normpath(os.path.join(root, directory))))  # noqa: PTH118

    def listed(self, directory: str, *patterns: str) -> list[str]:
        """Files of a directory (its own, or deeper where a pattern says so) that no other app below it owns."""
        prefix = "" if directory == "." else directory + "/"
        outer = self.directories[: self.directories.index(directory)] if directory in self.directories else ()
        if self.project.within(directory).startswith(".."):
            return [prefix + name for name in _on_disk(self.project.root / directory, patterns)]
        here = Project(self.project.tree, self.project.within(directory))
        if directory == ".":
            here = self.project
        # what lies in a directory nearer to the app was listed for that one
        nearer = tuple(f"{self.project.within(d)}/" for d in outer if d != directory)
        return [prefix + name for name in here.files(*patterns) if not here.within(name).startswith(nearer or ("\0",))]

    def first(self, directory: str, *names: str) -> str | None:
        """The first of those files that a directory has."""
        return self.project.first(*(normal(f"{directory}/{name}") for name in names))

    def above(self, *names: str) -> Iterator[tuple[str, str]]:
        """`(directory, path)` of the first of those files in the app's directory and in each one above it."""
        for directory in self.directories:
            if found := self.first(directory, *names):
                yield directory, found

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none, or none that a person wrote."""
        data = self.project.bytes(path)
        if data is None or len(data) > _LARGEST:
            return None
        try:
            return decode(data)[0]
        except CannotEdit:
            return None

    def is_ours(self, directory: str, text: str, path: str = "") -> bool:
        """Does a file of that directory speak of this app? One in the app's own directory need not name it."""
        app = self.seen_from(directory)
        return app == "." or self.names_app(app, text) or self._named_so(path)

    def names_app(self, app: str, text: str) -> bool:
        """Does a text name the app: by its path as seen from the top, or as a package that a command picks out?"""
        if app != "." and re.search(rf"(?<![\w@.-]){re.escape(app)}(?![\w-])", text):
            return True
        name = self.package
        if not name:
            return False
        return bool(re.search(rf"{_PICKS}[\"']?(?:\.\.\.)?{re.escape(name)}(?![\w/-])", text)) or (
            name.startswith("@") and bool(re.search(rf"(?<![\w@/-]){re.escape(name)}(?![\w/-])", text))
        )

    def builds(self, command: str) -> bool | None:
        """Does a command that builds something build this app? None when it does not say what it builds."""
        app = self.seen_from(self.directories[-1])
        if self.names_app(app, command):
            return True
        own = {PurePosixPath(app).name, self.package.rpartition("/")[2]} - {""}
        folders = {PurePosixPath(folder).name for folder in self._others}
        named = {name.rstrip("/").rpartition("/")[2] for name in _PICKED.findall(command)}
        named |= {n for n in (PurePosixPath(p).name for p in _ENTERED.findall(command)) if n in folders | own}
        named |= {n for n in (a or b for a, b in _SCRIPT.findall(command)) if n in folders | own}
        return bool(named & own) if named else None

    def may_build(self, command: str) -> bool:
        """Does nothing say that a command builds another app?"""
        return self.builds(command) is not False

    @cached_property
    def _others(self) -> tuple[str, ...]:
        """The directories with a package.json, but for the app's own."""
        ends = "/package.json"
        found = (path[: -len(ends)] for path in self.project.tree.paths if path.endswith(ends))
        return tuple(folder for folder in found if folder != self.project.path)

    def _named_so(self, path: str) -> bool:
        """Is a file named after the app's directory (`docker/web.Dockerfile`, `fly.web.toml`)?"""
        own = PurePosixPath(self.seen_from(self.directories[-1])).name
        return bool(own) and own in re.split(r"[./_-]", PurePosixPath(path).name)

    def shown(self, path: str) -> str:
        """A path as people know it: relative to the directory that they named."""
        return self.project.within(path)

    def line(self, path: str, position: int) -> str:
        """`path:line` of an offset."""
        return f"{path}:{line_number(self.read(path) or '', position)}"

    def in_env_file(self, path: str, name: str) -> bool:
        """Does an env file assign a value to the variable?"""
        return bool(dotenv.read(self.read(path) or "").get(name))

    def may_edit(self, path: str) -> bool:
        """Does the file lie in the directory that the user named, and not outside of it by a link?"""
        return not self.project.tree.leads_outside(self.project.within(path))

    def edits(self, path: str, codemods: Sequence[Codemod], why: str, step: Manual) -> tuple[EditFile, ...]:
        """The edit of a file; none where it may not be made or would be refused, for then it is only told."""
        text = self.read(path)
        if not codemods or text is None or not self.may_edit(path):
            return ()
        try:
            chain(*codemods)(text)
        except CannotEdit:
            return ()
        return (EditFile(path, tuple(codemods), why, step),)


def _on_disk(directory: os.PathLike[str], patterns: Iterable[str]) -> list[str]:
    """Files of a directory above the one that the user named, which was not listed."""
    matches = globs_regex(tuple(patterns)).fullmatch
    folders = {"", *(str(PurePosixPath(p).parent) for p in patterns if "*" not in str(PurePosixPath(p).parent))}
    found = []
    for folder in sorted(f for f in folders if f != "."):
        try:
            names = os.listdir(os.path.join(directory, folder))  # noqa: PTH118, PTH208
        except OSError:
            continue
        found += [f"{folder}/{name}" if folder else name for name in names]
    return sorted(name for name in found if matches(name))


def mentioned(text: str, name: str) -> bool:
    """Does a text hold the variable's name as a word?"""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def loaded_json(text: str) -> object:
    """Strict JSON as data; None for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def loaded_toml(text: str) -> object:
    """TOML as data; None for anything else."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
