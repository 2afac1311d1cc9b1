"""The files of a tree where git cannot be asked: those that its own `.gitignore` files do not leave out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from wizard.gitignore import Rules


def walked(root: Path, left_out: Callable[[str, str], bool]) -> list[str]:
    """Paths relative to `root`. `left_out` says of a directory, by its absolute path and its name, to leave it alone.

    Links are listed and never followed, as git does. What lies in a directory that cannot be read is not there; raises
    OSError when that is `root` itself.
    """
    found: list[str] = []
    pending = [("", Rules())]
    while pending:
        folder, rules = pending.pop()
        directory = f"{root}/{folder}"
        try:
            with os.scandir(directory) as entries:
                here = list(entries)
        except OSError:
            if not folder:
                raise
            continue
        if own := next((entry for entry in here if entry.name == ".gitignore"), None):
            rules = rules.inside(folder, _ignore_file(own))
        for entry in here:
            path, link = folder + entry.name, entry.is_symlink()
            if os.path.isdir(entry.path) if link else entry.is_dir(follow_symlinks=False):  # noqa: PTH112 - of loops too
                if not left_out(directory + entry.name, entry.name) and not rules.ignore(path, True):
                    if link:
                        found.append(path)  # git lists a link to a directory as a file
                    else:
                        pending.append((f"{path}/", rules))
            elif (link or entry.is_file(follow_symlinks=False)) and not rules.ignore(path, False):
                found.append(path)
    return found


def _ignore_file(entry: os.DirEntry[str]) -> str:
    """The text of an ignore file as git reads it: a link is none, and neither is one in UTF-16."""
    try:
        if not entry.is_file(follow_symlinks=False):
            return ""
        with open(entry.path, "rb") as file:  # noqa: PTH123 - tens of thousands, and a Path for each takes long
            return file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
