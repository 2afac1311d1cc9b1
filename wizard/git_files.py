"""The files that git lists: tracked, and untracked but not ignored, those of checked-out submodules included."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from wizard.git import finished, started

_LISTED = ("ls-files", "-cot", "--exclude-standard", "-z")
_DELETED = ("diff-files", "--name-only", "--diff-filter=D", "--ignore-submodules=all", "--relative", "-z")
"""What `ls-files -d` tells too; but this looks at the files in several threads, and at the same time."""

_Asked = tuple[subprocess.Popen[bytes] | None, subprocess.Popen[bytes] | None]
_asked: dict[Path, _Asked] = {}


def ask(directory: Path) -> None:
    """Have git list a directory that is going to be listed: it works while the rest of the program is imported."""
    root = Path(os.path.abspath(directory))  # noqa: PTH100 - as `root_of`
    if root.is_dir() and any((folder / ".git").exists() for folder in (root, *root.parents)):
        _asked[root] = _ask(root)


def _ask(root: Path) -> _Asked:
    return started(root, *_LISTED), started(root, *_DELETED)


def git_files(root: Path, top: Path) -> list[str] | None:
    """Paths relative to `root`, which lies in the repository `top`; None when git cannot be asked.

    What a sparse checkout leaves out is not there, and neither is what is tracked but was deleted.
    """
    asked = _asked.pop(root, None) or _ask(root)
    listed, deleted = (None if process is None else finished(process) for process in asked)
    if listed is None or deleted is None or listed.returncode != 0 or deleted.returncode != 0:
        return None
    files = _files(os.fsdecode(listed.stdout))
    gone = set(os.fsdecode(deleted.stdout).split("\0"))
    if len(gone) > 1:
        files = [name for name in files if name not in gone]
    for module in _submodules(root, top):
        # git lists a submodule as one name, whatever is in it
        inner = git_files(root / module, root / module) if module in files else None
        if inner is not None:
            files.remove(module)
            files += [f"{module}/{path}" for path in inner]
    return files


def _files(listing: str) -> list[str]:
    """The files of a listing in which each has a letter and a blank in front, and a zero byte behind.

    S is left out by a sparse checkout, ? with a slash at its end a repository of its own, M a conflict, which is listed
    once for each side. Nearly all are H.
    """
    first, *tracked = f"\0{listing[:-1]}".split("\0H ")
    files = [name for name in tracked if "\0" not in name]
    for chunk in [first, *(name for name in tracked if "\0" in name)]:
        name, *others = chunk.split("\0")
        files += [name] if name else []
        files += dict.fromkeys(line[2:] for line in others if line and line[0] != "S" and line[-1] != "/")
    return files


def _submodules(root: Path, top: Path) -> Iterator[str]:
    """The submodules that `.gitmodules` names below `root` and that are checked out, as paths relative to it."""
    try:
        text = (top / ".gitmodules").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for path in re.findall(r"(?m)^[ \t]*path[ \t]*=[ \t]*(\S.*?)[ \t]*$", text):
        folder = top / path
        if ".." in PurePosixPath(path).parts or not (folder / ".git").exists() or not folder.is_relative_to(root):
            continue
        if Path(os.path.realpath(folder)) == Path(os.path.realpath(root)) / folder.relative_to(root):
            yield folder.relative_to(root).as_posix()
