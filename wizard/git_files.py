"""The files that git lists: tracked, and untracked but not ignored, those of checked-out submodules included."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from wizard.git import git


def git_files(root: Path, top: Path) -> list[str] | None:
    """Paths relative to `root`, which lies in the repository `top`; None when git cannot be asked."""
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(git, root, "ls-files", "-d", "-z")
        listed = git(root, "ls-files", "-co", "--exclude-standard", "-z")
        deleted = pending.result()
    if listed is None or deleted is None or listed.returncode != 0:
        return None
    names = set(os.fsdecode(listed.stdout).split("\0")) - set(os.fsdecode(deleted.stdout).split("\0"))
    files = [name for name in names if name and not name.endswith("/")]
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
