"""The files that git lists: tracked, and untracked but not ignored, those of checked-out submodules included."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from threading import Thread

from wizard.git import git

_DELETED = ("diff-files", "--name-only", "--diff-filter=D", "--ignore-submodules=all", "--relative", "-z")
"""What `ls-files -d` tells too; but this looks at the files in several threads."""


def git_files(root: Path, top: Path) -> list[str] | None:
    """Paths relative to `root`, which lies in the repository `top`; None when git cannot be asked.

    What a sparse checkout leaves out is not there, and neither is what is tracked but was deleted.
    """
    asked: list[subprocess.CompletedProcess[bytes] | None] = []
    other = Thread(target=lambda: asked.append(git(root, *_DELETED)))
    other.start()
    listed = git(root, "ls-files", "-cot", "--exclude-standard", "-z")
    other.join()
    deleted = asked[0]
    if listed is None or deleted is None or listed.returncode != 0 or deleted.returncode != 0:
        return None
    # each with a letter and a blank in front: S is left out by a sparse checkout, ? is a repository of its own
    lines = os.fsdecode(listed.stdout).split("\0")[:-1]
    files = [line[2:] for line in lines if line[0] != "S" and line[-1] != "/"]
    gone = set(os.fsdecode(deleted.stdout).split("\0"))
    if len(gone) > 1:
        files = [name for name in files if name not in gone]
    names = set(files)
    if len(names) != len(files):
        files = list(dict.fromkeys(files))  # a conflict is listed once for each side
    for module in _submodules(root, top):
        # git lists a submodule as one name, whatever is in it
        inner = git_files(root / module, root / module) if module in names else None
        if inner is not None:
            files.remove(module)
            files += [f"{module}/{path}" for path in inner]
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
