"""Where things went that are no longer where a journal has them: files within a directory, directories as a whole."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from wizard.disk import digest, make_private, naming, snapshot, write_file
from wizard.errors import WizardError
from wizard.journal import Journal, journals, load, records, remove, save
from wizard.shelves import lock, related, roots, shelf

_OTHERS = {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", "dist", "build", ".next", "target"}
_MOST = 20_000  # files looked at


def moved_to(root: Path, data: bytes, ours: Collection[str] = ()) -> str | None:
    """The one file in `root` (POSIX, relative) with exactly this content; None when there is none, or several.

    `ours` are files that have their content from us: none of them is another one that was moved.
    """
    found = []
    looked = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - _OTHERS)
        for name in files:
            file = Path(folder, name)
            looked += 1
            try:
                is_it = not file.is_symlink() and file.stat().st_size == len(data) and snapshot(file) == data
            except (OSError, WizardError):
                continue  # gone meanwhile, or not ours to read
            path = file.relative_to(root).as_posix()
            if is_it and path not in ours:
                found.append(path)
        if looked > _MOST:
            return None
    return found[0] if len(found) == 1 and data.strip() else None


def moved_from(root: Path) -> list[Path]:
    """Directories on record that are gone, and of whose set-up a file is here as it was left."""
    root = root.resolve()
    return [old for old in roots() if not old.exists() and any(_is_here(j, root) for j in journals(old))]


def where_else(root: Path) -> str:
    """What to tell somebody for whom there is nothing to undo in `root`: where there is. Empty when nowhere."""
    if moved := moved_from(root):
        return f"this was set up as {moved[0]}, which is gone: posthog-wizard undo --from {moved[0]}"
    near = [other for other in related(root.resolve()) if any(j.state == "applied" for j in journals(other))]
    return f"there is a set-up of {near[0]}: posthog-wizard undo {near[0]}" if near else ""


def adopt(old: Path, root: Path) -> int:
    """Make the journals of `old`, a directory that was moved to `root`, those of `root`; how many applies.

    Killed half way, it may be called again. Raises WizardError when `old` is still there, nothing of it is on record,
    or `root` has a set-up of its own.
    """
    root, old = root.resolve(), old.resolve()
    if old.exists():
        raise WizardError(f"{old} is still there", f"posthog-wizard undo {old}")
    with lock(old), lock(root):
        moving = records(old)
        if not moving:
            raise WizardError(f"nothing of {old} is on record")
        own = {journal.id for journal in records(root)} - {journal.id for journal in moving}
        if own:
            raise WizardError(f"{root} has a set-up of its own", f"posthog-wizard undo {root}")
        with naming("write the journal"):
            for journal in moving:
                _move(journal, root)
    return sum(journal.undoes is None for journal in moving)


def _move(journal: Journal, root: Path) -> None:
    folder = shelf(root) / journal.id
    if load(folder) is None:
        make_private(folder)
        for entry in (*journal.files, *journal.watched):
            for name in (entry.before, entry.after):
                data = snapshot(journal.folder / name) if name is not None else None
                if data is not None and name is not None and snapshot(folder / name) != data:
                    (folder / name).unlink(missing_ok=True)
                    write_file(folder / name, data)
        save(replace(journal, folder=folder, root=root))
    remove(journal)


def _is_here(journal: Journal, root: Path) -> bool:
    if journal.state == "undone":
        return False
    files = (entry for entry in journal.files if entry.after is not None)
    return any(digest(_read(root / entry.target)) == entry.after for entry in files)


def _read(file: Path) -> bytes | None:
    try:
        return snapshot(file)
    except WizardError:
        return None
