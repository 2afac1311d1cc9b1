"""All files of a directory, listed once, and their content."""

from __future__ import annotations

import os
import posixpath
import stat
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from wizard.errors import WizardError

Content = bytes
T = TypeVar("T")
MEND = "Mend that file, then run again."

LARGEST_FILE = 64_000_000
"""Bytes; the largest lockfiles known have a third of it."""

END = 3
"""Characters that the paths are sorted by: no file that anybody asks for has a shorter ending than `.py`."""


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
        if Tree.known not in self.memo:
            self.memo[Tree.known] = frozenset(self.paths)
        return cast(frozenset[str], self.memo[Tree.known])

    def named(self, name: str) -> tuple[str, ...]:
        """The listed paths of the files by this name."""
        if name not in self.memo:
            ending = f"/{name}"
            found = (path for path in self.ending(name[-END:]) if path.endswith(ending) or path == name)
            self.memo[name] = tuple(found)
        return cast(tuple[str, ...], self.memo[name])

    def ending(self, end: str) -> Sequence[str]:
        """The listed paths that end in these `END` characters: the one look at all of them."""
        if Tree.ending not in self.memo:
            ends = self.memo[Tree.ending] = defaultdict[str, list[str]](list)
            for path in self.paths:
                ends[path[-END:]].append(path)
        return cast(Sequence[str], self.memo[Tree.ending].get(end, ()))

    def bytes(self, path: str) -> Content | None:
        """Content of a file by its path relative to `root`; None when there is no such file."""
        path = normal(path)
        return self.overlay[path] if path in self.overlay else self._on_disk(path)

    def _on_disk(self, path: str) -> Content | None:
        try:
            return _content(self.root, path)
        except (OSError, ValueError) as error:
            if self.size(path) is None:
                return None
            reason = error.strerror if isinstance(error, OSError) else error
            raise BrokenFile(f"cannot read {path}: {reason}", "Check the permissions of that file.") from error

    def reading(self, path: str, read: Callable[[Content], T]) -> T | None:
        """What `read` makes of a file's bytes, which are not kept: asked once for all apps. None without a file."""
        path = normal(path)
        changed = path in self.overlay
        kept = self.memo if changed else self.readings
        key = (read, path)
        if key not in kept:
            data = self.overlay[path] if changed else self._on_disk(path)
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
        """The range of `paths` that lies below a directory."""
        return below(self.paths, directory)

    def with_files(self, files: Mapping[str, Content]) -> Tree:
        """The tree as it will be once `files` are written."""
        overlay = {**self.overlay, **files}
        fresh = overlay.keys() - self.known
        paths = tuple(sorted([*self.paths, *fresh])) if fresh else self.paths
        return Tree(self.root, self.top, paths, overlay, self.pruned, readings=self.readings)


def below(paths: Sequence[str], directory: str) -> tuple[int, int]:
    """The range of the sorted `paths` that lies below a directory: they stand together."""
    if directory == ".":
        return 0, len(paths)
    start = bisect_left(paths, directory + "/")
    return start, bisect_left(paths, directory + "0", start)  # "0" follows "/"


def normal(path: str) -> str:
    """`a/./b/../c` -> `a/c`; the empty path is `.`."""
    # nearly all are: the rest is asked for again and again
    if path[:1] in ("", ".", "/") or path[-1] == "/" or "//" in path or "/." in path or "\\" in path:
        return _normal(path)
    return path


@lru_cache(maxsize=1 << 12)
def _normal(path: str) -> str:
    return posixpath.normpath(path.replace(os.sep, "/"))


def _content(root: Path, path: str) -> bytes | None:
    """All bytes of a regular file; None for all else. Thousands are read: a Path and a buffer for each take long."""
    opened = os.open(f"{root}/{path}", _TO_READ)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            return None
        if found.st_size > LARGEST_FILE:
            raise BrokenFile(f"{path} has {found.st_size:,} bytes, more than any file that the wizard reads", MEND)
        data = os.read(opened, found.st_size + 1)
        while len(data) != found.st_size and (more := os.read(opened, 1 << 20)):
            data += more
        return data
    finally:
        os.close(opened)


# without waiting for whoever may write to a pipe, and not on every system
_TO_READ = sum(getattr(os, flag, 0) for flag in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"))
