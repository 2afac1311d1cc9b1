"""Bringing the files of a journal to one of their two sides: staged beside their targets, swapped in by renames."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from wizard.disk import digest, naming, snapshot, sync_folder, write_file
from wizard.errors import WizardError
from wizard.journal import Entry, Journal, content

Side = Literal["before", "after"]


class EditedSince(WizardError):
    """A file of an interrupted run is not as that run left it: only a merge can take the run back."""


def target_of(root: Path, path: str) -> Path:
    """The file that writing `path` writes, symlinks resolved. Raises WizardError when it is not inside `root`."""
    try:
        target = (root / path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of symlinks: RuntimeError up to Python 3.12
        raise WizardError(f"{path} cannot be resolved: {error}") from error
    if target == root or not target.is_relative_to(root):
        raise WizardError(f"{path} leads outside {root}: refused", f"edit {target} by hand if you mean it")
    return target


def bring(journal: Journal, side: Side, *, strict: bool = True) -> None:
    """Stage every file that is not yet there, then swap them in, then remove what is left of the staging.

    Raises EditedSince, with nothing changed, when one of the files is neither as before nor as after, unless not
    `strict`: then such a file is left as it is. Raises WizardError when the disk refuses.
    """
    pending = _pending(journal, side, strict)
    for entry in pending:
        with naming(f"write {entry.path}"):
            _stage(journal, entry, side)
    if _pending(journal, side, strict) != pending:
        raise WizardError("a file changed while we were writing")
    for entry in pending:
        with naming(f"write {entry.path}"):
            _swap(journal, entry, side)
    with naming("clean up"):
        sweep(journal)


def unwritable(root: Path, target: str) -> str:
    """Why a file or folder, POSIX and relative to `root`, cannot be replaced or removed; empty when it can."""
    file = root / target
    parent = next(folder for folder in file.parents if os.path.lexists(folder))
    if not parent.is_dir():
        return f"needs a folder where {_named(parent, root)} is a file"
    for needed in (parent, file) if file.is_file() else (parent,):
        if not needed.stat().st_mode & 0o222 or not os.access(needed, os.W_OK):
            return "is read-only" if needed == file else f"is in a read-only folder ({_named(parent, root)})"
    return ""


def _named(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder != root else str(root)


def _pending(journal: Journal, side: Side, strict: bool) -> list[Entry]:
    pending = []
    for entry in journal.files:
        found = _found(journal, entry)
        if found not in (entry.before, entry.after):
            if strict:
                raise EditedSince(f"{entry.path} was edited since we began to write", "roll it back: your edits stay")
        elif found != _wanted(entry, side):
            pending.append(entry)
    return pending


def _found(journal: Journal, entry: Entry) -> str | None:
    """The digest of the file as it is; "" when it is no longer a file of ours to read or write."""
    target = journal.root / entry.target
    try:
        return digest(snapshot(target)) if target_of(journal.root, entry.target) == target else ""
    except WizardError:
        return ""


def _wanted(entry: Entry, side: Side) -> str | None:
    return entry.before if side == "before" else entry.after


def _temporary(journal: Journal, entry: Entry) -> Path:
    # beside the target, so that the rename stays on one file system; known from the journal, so that a crash leaks none
    folder = (journal.root / entry.target).parent
    return folder / f".posthog-wizard-{journal.id}-{journal.files.index(entry)}"


def _stage(journal: Journal, entry: Entry, side: Side) -> None:
    wanted, target = _wanted(entry, side), journal.root / entry.target
    if wanted is None:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(journal, entry)
    temporary.unlink(missing_ok=True)
    exists = target.exists()
    secret = exists or entry.mode is not None or target.name.startswith(".env")
    write_file(temporary, content(journal, wanted), 0o600 if secret else 0o666, like=target if exists else None)
    if not exists and entry.mode is not None:
        temporary.chmod(entry.mode)


def _swap(journal: Journal, entry: Entry, side: Side) -> None:
    target = journal.root / entry.target
    if _wanted(entry, side) is None:
        target.unlink()
    else:
        _temporary(journal, entry).replace(target)
    sync_folder(target.parent)


def sweep(journal: Journal) -> None:
    """Remove what a run staged and did not use, and the folders it made when they are empty."""
    for entry in journal.files:
        _unless((errno.ENOENT, errno.ENOTDIR), _temporary(journal, entry).unlink)
    for folder in sorted(journal.folders, reverse=True):
        _unless((errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST), (journal.root / folder).rmdir)


def _unless(expected: Sequence[int], act: Callable[[], None]) -> None:
    try:
        act()
    except OSError as error:
        if error.errno not in expected:
            raise
