"""Write a plan's files: all or nothing, safe against a crash at any instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from wizard.disk import digest, naming, snapshot
from wizard.errors import Bug, WizardError
from wizard.journal import (
    AGAIN,
    Entry,
    Install,
    Journal,
    Undoes,
    begin,
    forget_contents,
    interrupted,
    journals,
    load,
    remove,
    save,
    tidy,
)
from wizard.shelves import lock
from wizard.staging import bring, sweep, target_of, unwritable


class Change(Protocol):
    """A file's content before and after; None where it does not exist. `path` is POSIX, relative to the root."""

    @property
    def path(self) -> str: ...
    @property
    def before(self) -> bytes | None: ...
    @property
    def after(self) -> bytes | None: ...


def apply(
    root: Path,
    changes: Sequence[Change],
    *,
    command: str,
    watch: Sequence[str] = (),
    targets: Sequence[str] = (),
    installs: Sequence[Install] = (),
) -> Journal:
    """Bring every file to its `after`, or none; the journal returned is what undo needs.

    `command` is shown with the journal. `watch` names files (POSIX, relative to `root`) that the package manager may
    change next: call `journal.settle` when it is done. A watched path that leads outside `root` is only named.
    `targets` are the directories of the apps: an undo of one knows by them whether another needs what they share.
    `installs` are the calls that follow, until `settle` says otherwise still to be made.
    Raises WizardError with the tree as it was: another wizard is at work, an earlier run was interrupted, a file is
    not what was planned on, may not be written, or the disk refuses.
    """
    return carry_out(root, changes, command=command, watch=watch, targets=targets, installs=installs)


def carry_out(
    root: Path,
    changes: Sequence[Change],
    *,
    command: str,
    watch: Sequence[str] = (),
    folders: Sequence[str] = (),
    undoes: Undoes | None = None,
    targets: Sequence[str] = (),
    installs: Sequence[Install] = (),
) -> Journal:
    """`apply`, and with `undoes` the undo of a journal, which may also remove `folders` left empty."""
    root = root.resolve()
    if not root.is_dir():
        raise WizardError(f"{root} is not a directory")
    with lock(root):
        if any(old.root != root or undoes is None or undoes.id != old.id for old in interrupted(root)):
            raise WizardError("an earlier run was interrupted while it wrote", AGAIN)
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
            targets=tuple(targets),
            beyond=tuple(path for path in watch if path.startswith("../")),
            installs=tuple(installs),
        )
        with naming("write the journal", "every file is as it was"):
            contents = [data for change in changes for data in (change.before, change.after)]
            journal = begin(journal, [*contents, *(snapshot(root / entry.target) for entry in watched)])
        try:
            bring(journal, "after")
            with naming("write the journal"):
                return _complete(journal)
        except BaseException as error:
            if undoes is not None and load(journal.folder) is None:  # nothing but the clean-up was disturbed
                target = load(journal.folder.parent / undoes.id) or journal
                with naming("clean up the journals"), suppress(KeyboardInterrupt):  # the next start tidies up
                    _cleared(target)
                return target
            _withdraw(journal, error)
            if isinstance(error, WizardError):
                message = f"{error.message}; every file is as it was"
                raise WizardError(message, "run the same command again") from error
            raise


def unfinished(root: Path) -> Journal | None:
    """The journal of a run that was killed while it wrote files in `root`, the newest first.

    Raises WizardError when that run is still at work.
    """
    pending = interrupted(root)
    if not pending:
        tidy(root.resolve())
        return None
    with lock(pending[-1].root):
        again = load(pending[-1].folder)
        return again if again is not None and again.state == "applying" else None


def roll_back(journal: Journal) -> None:
    """Bring every file of an unfinished journal to its content before, and forget the journal.

    Raises WizardError, with nothing changed, when one of its files was edited since.
    """
    with lock(journal.root):
        journal = _reloaded(journal)
        bring(journal, "before")
        with naming(f"remove the journal {journal.folder}"):
            _reopen(journal)
            remove(journal)


def finish(journal: Journal) -> None:
    """Bring every file of an unfinished journal to its content after.

    Raises WizardError, with nothing changed, when one of its files was edited since.
    """
    with lock(journal.root):
        journal = _reloaded(journal)
        bring(journal, "after")
        with naming(f"write the journal {journal.folder}"):
            _complete(journal)


def _checked(root: Path, change: Change, watched: bool) -> Entry:
    target = target_of(root, change.path)
    found = snapshot(target)
    if found != change.before:
        what = "was created" if change.before is None else "is gone" if found is None else "changed"
        raise WizardError(f"{change.path} {what} while we were planning", "run the same command again")
    relative = target.relative_to(root).as_posix()
    if refusal := unwritable(root, relative):
        raise WizardError(f"{change.path} {refusal}: refused", "make it writable if you want it changed")
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


def _withdraw(journal: Journal, cause: BaseException) -> None:
    """Put everything back in the process that failed. A file that somebody else changed meanwhile is left to them."""
    try:
        if journal.undoes is None:
            save(journal)  # it may have been interrupted after the record of success
        bring(journal, "before", strict=False)
        _reopen(journal)
        remove(journal)
    except (OSError, WizardError, KeyboardInterrupt) as error:
        first, second = (str(each) or "interrupted" for each in (cause, error))
        is_written = any(found.id == journal.id and found.state == "applied" for found in journals(journal.root))
        hint = "everything was written: posthog-wizard undo takes it back" if is_written else AGAIN
        raise WizardError(f"{first}, and putting it back failed: {second}", hint) from error


def _complete(journal: Journal) -> Journal:
    """Record success: the apply is applied, or what the undo undoes is undone. Returns the journal that counts."""
    if journal.undoes is None:
        return save(replace(journal, state="applied"))
    target = _undone(journal)
    if journal.undoes.was == "applying":
        sweep(target)
    if target.undoes is not None:
        _reopen(target)
    else:
        files = journal.undoes.done(target.files, True)
        target = save(replace(target, state=journal.undoes.becomes, files=files))
    remove(journal)
    return _cleared(target)


def _cleared(target: Journal) -> Journal:
    """The journal that was undone, without what nobody needs of it."""
    if target.undoes is not None:
        remove(target)
    elif target.state == "undone":
        forget_contents(target)
    return target


def _reopen(journal: Journal) -> None:
    """Of an undo that is taken back: what it undoes counts again."""
    if journal.undoes is not None:
        target = _undone(journal)
        save(replace(target, state=journal.undoes.was, files=journal.undoes.done(target.files, False)))


def _undone(journal: Journal) -> Journal:
    """The journal that an undo's own journal takes back."""
    target = load(journal.folder.parent / journal.undoes.id) if journal.undoes else None
    if target is None:
        raise WizardError(f"the journal {journal.folder} takes back one that is gone")
    return target


def _reloaded(journal: Journal) -> Journal:
    found = load(journal.folder)
    if found is None or found.state != "applying":
        raise WizardError("that interrupted run was dealt with meanwhile")
    return found
