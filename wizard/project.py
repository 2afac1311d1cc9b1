"""A read-only, cached view of a directory tree and of the app roots in it."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

from wizard.errors import CannotEdit, WizardError
from wizard.globs import matching
from wizard.text import decode

Content = bytes
T = TypeVar("T")
_MEND = "Mend that file, then run again."

LARGEST_SOURCE = 1_000_000
"""Bytes; a longer source file is generated or data and is never scanned for code."""

LARGEST_FILE = 64_000_000
"""Bytes; the largest lockfiles known have a third of it."""


class BrokenFile(WizardError):
    """A manifest that does not parse: nothing can be said about the app it describes."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All files below a directory that are not ignored, with planned content laid over the disk.

    `root` is the directory that the user named, `top` the repository or workspace it lies in (maybe the same);
    `paths` are POSIX and relative to `root`. Ignored files (`.env.local`) are not in `paths` but can be read.
    """

    root: Path
    top: Path
    paths: tuple[str, ...]
    overlay: Mapping[str, Content] = field(default_factory=dict)
    pruned: tuple[str, ...] = ()
    """Directories that were left out although the repository has the manifest of something in them."""
    memo: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was derived from all paths before; they do not change."""
    readings: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was read off single files on disk before; shared by all views of the same tree."""

    @property
    def known(self) -> frozenset[str]:
        """The listed paths, to ask whether one is among them."""
        if "known" not in self.memo:
            self.memo["known"] = frozenset(self.paths)
        return cast(frozenset[str], self.memo["known"])

    def named(self, name: str) -> tuple[str, ...]:
        """The listed paths of the files by this name."""
        if name not in self.memo:
            ending = f"/{name}"
            self.memo[name] = tuple(path for path in self.paths if path.endswith(ending) or path == name)
        return cast(tuple[str, ...], self.memo[name])

    def bytes(self, path: str) -> Content | None:
        """Content of a file by its path relative to `root`; None when there is no such file."""
        path = normal(path)
        if path in self.overlay:
            return self.overlay[path]
        size = self.size(path)
        if size is None:
            return None
        if size > LARGEST_FILE:
            raise BrokenFile(f"{path} has {size:,} bytes, more than any file that the wizard reads", _MEND)
        try:
            return _content(f"{self.root}/{path}", size)
        except OSError as error:
            raise BrokenFile(f"cannot read {path}: {error.strerror}", "Check the permissions of that file.") from error

    def reading(self, path: str, read: Callable[[Content], T]) -> T | None:
        """What `read` makes of a file's bytes, which are not kept: asked once for all apps. None without a file."""
        path = normal(path)
        kept = self.memo if path in self.overlay else self.readings
        key = (read, path)
        if key not in kept:
            data = self.bytes(path)
            kept[key] = None if data is None else read(data)
        return cast(T | None, kept[key])

    def size(self, path: str) -> int | None:
        """Bytes of the regular file at `path`; None for all else: directories, pipes, devices, loops of links."""
        path = normal(path)
        if path in self.overlay:
            return len(self.overlay[path])
        try:
            found = os.stat(f"{self.root}/{path}")  # noqa: PTH116
        except PermissionError as error:
            raise BrokenFile(f"cannot read {path}: {error.strerror}", "Check the permissions of that file.") from error
        except (OSError, ValueError):
            return None  # not there, or a name that no file can have
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def exists(self, path: str) -> bool:
        """Is there a file (not a directory) at `path`?"""
        path = normal(path)
        return path in self.overlay or os.path.isfile(f"{self.root}/{path}")  # noqa: PTH113 - False for impossible names

    def leads_outside(self, path: str, of: Path | None = None) -> bool:
        """Would writing `path` write outside of `of` (default: `root`), by `..` or through a symlink?"""
        inside = Path(os.path.realpath(of or self.root))
        try:
            target = Path(os.path.realpath(self.root / normal(path)))
        except (OSError, ValueError):
            return True
        return target == inside or not target.is_relative_to(inside)

    def below(self, directory: str) -> tuple[int, int]:
        """The range of `paths` that lies below a directory: sorted paths make it contiguous."""
        if directory == ".":
            return 0, len(self.paths)
        return bisect_left(self.paths, directory + "/"), bisect_left(self.paths, directory + "0")  # "0" follows "/"

    def with_files(self, files: Mapping[str, Content]) -> Tree:
        """The tree as it will be once `files` are written."""
        overlay = {**self.overlay, **files}
        paths = tuple(sorted({*self.paths, *overlay}))
        return Tree(self.root, self.top, paths, overlay, self.pruned, readings=self.readings)


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
            self.memo[key] = matching(self._own if "/" in pattern or "**" in pattern else self._top, pattern)
        return cast(tuple[str, ...], self.memo[key])

    @cached_property
    def _top(self) -> tuple[str, ...]:
        return tuple(path for path in self._own if "/" not in path)

    @cached_property
    def _own(self) -> tuple[str, ...]:
        prefix = "" if self.path == "." else self.path + "/"
        start, end = self.tree.below(self.path)
        own: list[str] = []
        for nested in sorted(f"{n}/" for n in self.nested):
            first, after = self.tree.below(nested.rstrip("/"))
            if first >= start:
                own += self.tree.paths[start:first]
                start = after
        own += self.tree.paths[start:end]
        return tuple(path[len(prefix) :] for path in own) if prefix else tuple(own)

    def sources(self, *patterns: str) -> Iterator[tuple[str, str]]:
        """`(path, text)` of the app's matching files, but for generated giants and undecodable ones."""
        for path in self.files(*patterns):
            size = self.tree.size(self.within(path))
            if size is not None and size <= LARGEST_SOURCE:
                text = self.read(path)
                if text is not None:
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
        """This app as it will be once `files` (relative to the tree's root) are written."""
        return Project(self.tree.with_files(files), self.path, self.nested)


def normal(path: str) -> str:
    """`a/./b/../c` -> `a/c`; the empty path is `.`."""
    # nearly all are: the rest is asked for again and again
    if path[:1] in ("", ".", "/") or path[-1] == "/" or "//" in path or "/." in path or "\\" in path:
        return _normal(path)
    return path


@lru_cache(maxsize=1 << 12)
def _normal(path: str) -> str:
    return str(PurePosixPath(os.path.normpath(path).replace(os.sep, "/")))


def _content(file: str, size: int) -> bytes:
    """All bytes of a file that has about `size` of them. Thousands are read: a Path and a buffer for each take long."""
    opened = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        data = os.read(opened, size + 1)
        while len(data) != size and (more := os.read(opened, 1 << 20)):
            data += more
        return data
    finally:
        os.close(opened)


@cache
def _json(data: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(decode(data)[0])
    except CannotEdit as error:
        raise BrokenFile(f"{name} {error.reason}") from error
    except json.JSONDecodeError as error:
        raise BrokenFile(f"{name}:{error.lineno}: not valid JSON: {error.msg}", _MEND) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise BrokenFile(f"{name}: no manifest looks like this: {error}", _MEND) from error
    if not isinstance(value, dict):
        raise BrokenFile(f"{name}: not a JSON object", _MEND)
    return value


@cache
def _toml(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(decode(data)[0])
    except CannotEdit as error:
        raise BrokenFile(f"{name} {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise BrokenFile(f"{name}: not valid TOML: {error}", _MEND) from error
    except (ValueError, RecursionError) as error:
        raise BrokenFile(f"{name}: no manifest looks like this: {error}", _MEND) from error
