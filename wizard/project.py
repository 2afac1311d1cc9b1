"""One app root in a tree: a read-only, cached view of its files and manifests."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

from wizard.errors import CannotEdit
from wizard.globs import known_ends, matching
from wizard.text import decode
from wizard.tree import END, MEND, BrokenFile, Content, Tree, below, normal

__all__ = ["LARGEST_SOURCE", "BrokenFile", "Content", "Project", "Tree", "normal"]

LARGEST_SOURCE = 1_000_000
"""Bytes; a longer source file is generated or data and is never scanned for code."""


@dataclass(frozen=True)
class Project:
    """One app root inside a tree. All paths are POSIX and relative to the app; `path` is the app in the tree.

    Paths may climb with `..` for reading (a lockfile at the workspace root). `nested` are app roots below this one,
    whose files are not this app's.
    """

    tree: Tree
    path: str = "."
    nested: tuple[str, ...] = ()

    @cached_property
    def memo(self) -> dict[object, Any]:
        """What was derived from this view of the app before: the view does not change, so neither does that."""
        return {}

    @property
    def root(self) -> Path:
        """The app's directory on disk."""
        return self.tree.root / self.path

    def within(self, path: str) -> str:
        """`path` relative to the tree's root."""
        return normal(path if self.path == "." and path[:1] not in ("", "/") else f"{self.path}/{path}")

    def seen_from(self, up: str) -> str:
        """The project's directory as a directory above it sees it, which it calls `up` itself (`../..`)."""
        return os.path.relpath(self.root, self.root / up).replace(os.sep, "/")

    def bytes(self, path: str) -> Content | None:
        """Content of a file; None when it does not exist."""
        return self.tree.bytes(self.within(path))

    def read(self, path: str) -> str | None:
        """Text of a file; None when it does not exist or is not text."""
        data = self.bytes(path)
        if data is None:
            return None
        try:
            return decode(data)[0]
        except CannotEdit:
            return None

    def exists(self, path: str) -> bool:
        """Is there a file at `path`?"""
        return self.tree.exists(self.within(path))

    def first(self, *paths: str) -> str | None:
        """The first of `paths` that is a file."""
        return next((path for path in paths if self.exists(path)), None)

    def is_dir(self, path: str) -> bool:
        """Does the app have a directory `path` that holds a listed file?"""
        start, end = self.tree.below(self.within(path))
        return start < end

    def files(self, *patterns: str) -> list[str]:
        """The app's listed files that match any glob (`**` crosses directories, `{a,b}` alternates), sorted."""
        if len(patterns) == 1:
            return list(self._matching(patterns[0]))
        return sorted({path for pattern in patterns for path in self._matching(pattern)})

    def _matching(self, pattern: str) -> tuple[str, ...]:
        key = ("files", pattern)
        if key not in self.memo:
            ends = known_ends(pattern, END)
            if ends is None:
                self.memo[key] = matching(self._own if "/" in pattern or "**" in pattern else self._top, pattern)
            else:
                found = [path for end in ends for path in matching(self._ending(end), pattern)]
                self.memo[key] = tuple(found if len(ends) == 1 else sorted(found))
        return cast(tuple[str, ...], self.memo[key])

    def _ending(self, end: str) -> Sequence[str]:
        key = ("ending", end)
        if key not in self.memo:
            self.memo[key] = self._own_of(self.tree.ending(end))
        return cast(Sequence[str], self.memo[key])

    @cached_property
    def _own(self) -> Sequence[str]:
        return self._own_of(self.tree.paths)

    @cached_property
    def _top(self) -> Sequence[str]:
        paths, size = self.tree.paths, len(self._prefix)
        at, end = below(paths, self.path)
        found = []
        while at < end:
            slash = paths[at].find("/", size)
            if slash < 0:
                found.append(paths[at][size:])
                at += 1
            else:
                at = below(paths, paths[at][:slash])[1]
        return found

    def _own_of(self, paths: Sequence[str]) -> Sequence[str]:
        """Those of the tree's sorted `paths` that are the app's, as it sees them."""
        start, end = below(paths, self.path)
        own: list[str] = []
        for nested in self._boundaries if start < end else ():
            first, after = below(paths, nested)
            own += paths[start:first]
            start = after
        own += paths[start:end]
        size = len(self._prefix)
        return [path[size:] for path in own] if size else own

    @cached_property
    def _boundaries(self) -> Sequence[str]:
        """The outermost of the nested directories, in order."""
        found: list[str] = []
        for nested in sorted(f"{directory}/" for directory in self.nested if directory.startswith(self._prefix)):
            if not found or not nested.startswith(f"{found[-1]}/"):
                found.append(nested[:-1])
        return found

    @property
    def _prefix(self) -> str:
        return "" if self.path == "." else f"{self.path}/"

    def sources(self, *patterns: str, holding: str = "") -> Iterator[tuple[str, str]]:
        """`(path, text)` of the app's matching files, but for generated giants and undecodable ones.

        Those alone that are `holding` a word of ASCII, which each file is asked for once, whoever asks.
        """
        for path in self.files(*patterns):
            full = self.within(path)
            size = self.tree.size(full)
            if size is None or size > LARGEST_SOURCE or (holding and not self.tree.reading(full, _holds(holding))):
                continue
            text = self.read(path)
            if text is not None and holding in text:
                yield path, text

    def json(self, path: str) -> dict[str, Any]:
        """A strict JSON manifest as a dict; `{}` when it does not exist. Raises BrokenFile."""
        data = self.bytes(path)
        return dict(_json(data, self.within(path))) if data is not None else {}

    def toml(self, path: str) -> dict[str, Any]:
        """A TOML manifest as a dict; `{}` when it does not exist. Raises BrokenFile."""
        data = self.bytes(path)
        return dict(_toml(data, self.within(path))) if data is not None else {}

    def upwards(self) -> Iterator[str]:
        """Relative paths of the directories from the app (`.`) up to the repository's top (`..`, `../..`)."""
        directory, prefix = Path(os.path.normpath(self.root)), "."
        top = self.tree.top
        while True:
            yield prefix
            if directory == top or directory == directory.parent:
                return
            directory = directory.parent
            prefix = ".." if prefix == "." else f"../{prefix}"

    def overlaid(self, files: Mapping[str, Content]) -> Project:
        """This app as it will be once `files` (relative to the tree's root) are written: with none, what it is."""
        return self if not files else Project(self.tree.with_files(files), self.path, self.nested)


@cache
def _holds(word: str) -> Callable[[Content], bool]:
    letters = word.encode("ascii")
    return lambda data: letters in data or b"\0" in data  # in UTF-16 a zero stands between them


@cache
def _json(data: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(decode(data)[0])
    except CannotEdit as error:
        raise BrokenFile(f"{name} {error.reason}") from error
    except json.JSONDecodeError as error:
        raise BrokenFile(f"{name}:{error.lineno}: not valid JSON: {error.msg}", MEND) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise BrokenFile(f"{name}: no manifest looks like this: {error}", MEND) from error
    if not isinstance(value, dict):
        raise BrokenFile(f"{name}: not a JSON object", MEND)
    return value


@cache
def _toml(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(decode(data)[0])
    except CannotEdit as error:
        raise BrokenFile(f"{name} {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise BrokenFile(f"{name}: not valid TOML: {error}", MEND) from error
    except (ValueError, RecursionError) as error:
        raise BrokenFile(f"{name}: no manifest looks like this: {error}", MEND) from error
