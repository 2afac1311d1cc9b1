"""Write a plan's files: all or nothing, safe against a crash at any instant."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal, Protocol

from wizard.errors import Bug, WizardError
from wizard.journal import (
    Entry,
    Journal,
    Undoes,
    begin,
    content,
    digest,
    forget_contents,
    load,
    lock,
    naming,
    records,
    remove,
    save,
    snapshot,
    sync_folder,
    write_file,
)

Side = Literal["before", "after"]
_AGAIN = "start posthog-wizard again: it offers to finish or to roll back"


class Change(Protocol):
    """A file's content before and after; None where it does not exist. `path` is POSIX, relative to the root."""

    @property
    def path(self) -> str: ...
    @property
    def before(self) -> bytes | None: ...
    @property
    def after(self) -> bytes | None: ...


def apply(root: Path, changes: Sequence[Change], *, command: str, watch: Sequence[str] = ()) -> Journal:
    """Bring every file to its `after`, or none; the journal returned is what undo needs.

    `command` is shown with the journal. `watch` names files (POSIX, relative to `root`) that the package manager may
    change next: call `journal.settle` when it is done. A watched path that leads outside `root` is not watched.
    Raises WizardError with the tree as it was: another wizard is at work, an earlier run was interrupted, a file is
    not what was planned on, may not be written, or the disk refuses.
    """
    return carry_out(root, changes, command=command, watch=watch)


def carry_out(
    root: Path,
    changes: Sequence[Change],
    *,
    command: str,
    watch: Sequence[str] = (),
    folders: Sequence[str] = (),
    undoes: Undoes | None = None,
) -> Journal:
    """`apply`, and with `undoes` the undo of a journal, which may also remove `folders` left empty."""
    root = root.resolve()
    if not root.is_dir():
        raise WizardError(f"{root} is not a directory")
    with lock(root):
        for old in records(root):
            if old.state == "applying" and not (undoes and undoes.id == old.id):
                raise WizardError("an earlier run was interrupted while it wrote", _AGAIN)
        files = tuple(_checked(root, change, change.path in watch) for change in changes)
        if len({entry.target for entry in files}) != len(files):
            raise Bug("two changes of one file")
        planned = {entry.target for entry in files}
        watched = tuple(entry for entry in _watched(root, watch) if entry.target not in planned)
        journal = Journal(
            folder=Path(),  # begin chooses it, and the time
            root=root,
            time="",
            command=command,
            state="applying",
            files=files,
            watched=watched,
            folders=(*folders, *_missing_folders(root, files)),
            undoes=undoes,
        )
        with naming("write the journal", "every file is as it was"):
            contents = [data for change in changes for data in (change.before, change.after)]
            journal = begin(journal, [*contents, *(snapshot(root / entry.target) for entry in watched)])
        try:
            _bring(journal, "after")
            with naming("write the journal"):
                return _complete(journal)
        except WizardError as error:
            _withdraw(journal, error)
            raise WizardError(f"{error.message}; every file is as it was", "run the same command again") from error
        except BaseException as error:
            _withdraw(journal, error)
            raise


def unfinished(root: Path) -> Journal | None:
    """The journal of a run that was killed while it wrote. Raises WizardError when that run is still at work."""
    pending = [journal for journal in records(root) if journal.state == "applying"]
    if not pending:
        return None
    with lock(root.resolve()):
        return next((journal for journal in reversed(records(root)) if journal.state == "applying"), None)


def roll_back(journal: Journal) -> None:
    """Bring every file of an unfinished journal to its content before, and forget the journal.

    Raises WizardError, with nothing changed, when one of its files was edited since.
    """
    with lock(journal.root):
        journal = _reloaded(journal)
        _bring(journal, "before")
        with naming(f"remove the journal {journal.folder}"):
            _set_undone(journal, forward=False)
            remove(journal)


def finish(journal: Journal) -> None:
    """Bring every file of an unfinished journal to its content after.

    Raises WizardError, with nothing changed, when one of its files was edited since.
    """
    with lock(journal.root):
        journal = _reloaded(journal)
        _bring(journal, "after")
        with naming(f"write the journal {journal.folder}"):
            _complete(journal)


def target_of(root: Path, path: str) -> Path:
    """The file that writing `path` writes, symlinks resolved. Raises WizardError when it is not inside `root`."""
    try:
        target = (root / path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of symlinks: RuntimeError up to Python 3.12
        raise WizardError(f"{path} cannot be resolved: {error}") from error
    if target == root or not target.is_relative_to(root):
        raise WizardError(f"{path} leads outside {root}: refused", f"edit {target} by hand if you mean it")
    return target


def _checked(root: Path, change: Change, watched: bool) -> Entry:
    target = target_of(root, change.path)
    found = snapshot(target)
    if found != change.before:
        what = "was created" if change.before is None else "is gone" if found is None else "changed"
        raise WizardError(f"{change.path} {what} while we were planning", "run the same command again")
    parent = next(folder for folder in target.parents if os.path.lexists(folder))
    if not parent.is_dir():
        raise WizardError(f"{change.path} needs a folder where {parent} is a file")
    for needed in (parent, target) if found is not None else (parent,):
        if not needed.stat().st_mode & 0o222 or not os.access(needed, os.W_OK):
            name = change.path if needed == target else f"the folder {parent} of {change.path}"
            raise WizardError(f"{name} is read-only: refused", "make it writable if you want it changed")
    relative = target.relative_to(root).as_posix()
    mode = target.stat().st_mode & 0o7777 if found is not None else None
    return Entry(change.path, relative, digest(change.before), digest(change.after), mode, watched)


def _watched(root: Path, watch: Sequence[str]) -> Iterable[Entry]:
    for path in dict.fromkeys(watch):
        with suppress(WizardError):  # outside the root, or no regular file: undo has no business there either
            target = target_of(root, path)
            found = snapshot(target)
            mode = target.stat().st_mode & 0o7777 if found is not None else None
            yield Entry(path, target.relative_to(root).as_posix(), digest(found), None, mode, watched=True)


def _missing_folders(root: Path, files: Iterable[Entry]) -> list[str]:
    parents = {folder for entry in files for folder in (root / entry.target).parents if folder.is_relative_to(root)}
    return sorted(folder.relative_to(root).as_posix() for folder in parents if not folder.exists())


def _bring(journal: Journal, side: Side, *, strict: bool = True) -> None:
    """Stage every file that is not yet there, then swap them in, then remove what is left of the staging."""
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
        _sweep(journal)


def _pending(journal: Journal, side: Side, strict: bool) -> list[Entry]:
    pending = []
    for entry in journal.files:
        found = digest(snapshot(journal.root / entry.target))
        if found not in (entry.before, entry.after):
            if strict:
                hint = "`posthog-wizard undo` takes back our part of it"
                raise WizardError(f"{entry.path} was edited since we began to write", hint)
        elif found != _wanted(entry, side):
            pending.append(entry)
    return pending


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


def _sweep(journal: Journal) -> None:
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


def _withdraw(journal: Journal, cause: BaseException) -> None:
    """Put everything back in the process that failed. A file that somebody else changed meanwhile is left to them."""
    try:
        if (found := load(journal.folder)) is None:
            return  # an undo that was complete already: forgetting its journal is the last step
        if found.state != "applying":
            save(journal)  # interrupted after the record of success
        _bring(journal, "before", strict=False)
        _set_undone(journal, forward=False)
        remove(journal)
    except (OSError, WizardError) as error:
        raise WizardError(f"{str(cause) or 'interrupted'}, and putting it back failed: {error}", _AGAIN) from error


def _complete(journal: Journal) -> Journal:
    """Record success: the apply is applied, or what the undo undoes is undone. Returns the journal that counts."""
    if journal.undoes is None:
        return save(replace(journal, state="applied"))
    done = _set_undone(journal, forward=True)
    remove(journal)
    if done.state == "undone":
        forget_contents(done)
    return done


def _set_undone(journal: Journal, *, forward: bool) -> Journal:
    if journal.undoes is None:
        return journal
    target = load(journal.folder.parent / journal.undoes.id)
    if target is None:
        raise WizardError(f"the journal {journal.undoes.id} is gone")
    if forward and journal.undoes.was == "applying":
        _sweep(target)
    return save(replace(target, state=journal.undoes.becomes if forward else journal.undoes.was))


def _reloaded(journal: Journal) -> Journal:
    found = load(journal.folder)
    if found is None or found.state != "applying":
        raise WizardError("that interrupted run was dealt with meanwhile")
    return found
