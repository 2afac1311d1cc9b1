"""Take an apply back: bytes that nobody touched since, and our hunks out of files that somebody did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.apply import carry_out
from wizard.disk import digest, snapshot
from wizard.errors import Exit, WizardError
from wizard.journal import Entry, Install, Journal, Undoes, content, journals
from wizard.merge import Merged, merge, merge_json, with_line_ends_of
from wizard.moves import moved_to
from wizard.reformatted import merge_loosely
from wizard.staging import target_of, unwritable


@dataclass(frozen=True, slots=True)
class Restore:
    """One file's content now and after the undo; `after` is None when the file is deleted."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that the undo leaves to the user: `where` is `path` or `path:line` in the file as it is now.

    One that cannot be resolved `by_hand` (a lockfile) does not keep the journal open.
    """

    where: str
    reason: str
    by_hand: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """A file for which there is nothing to do, and why."""

    path: str
    reason: str


_Outcome = Restore | Conflict | Note


@dataclass(frozen=True, slots=True)
class Undo:
    """What an undo would do. With conflicts the rest is still undone, and the run is incomplete.

    `stays` are files of the same apply that this undo leaves alone, because they lie in none of its targets; `done` are
    those that need not be looked at again. `stale` are the installs that bring lockfiles in line which do not fit the
    manifests any more.
    """

    changes: tuple[Restore, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()
    stays: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    stale: tuple[Install, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """How a run that carries this out ends."""
        return Exit.INCOMPLETE if self.conflicts else Exit.OK


def latest(root: Path) -> Journal:
    """The newest apply that is not undone. Raises WizardError when there is none."""
    for journal in reversed(journals(root)):
        if journal.state != "undone":
            return journal
    raise WizardError("nothing to undo here", "the record is kept per directory: run undo where you ran the setup")


def plan_undo(journal: Journal, targets: Sequence[str] = ()) -> Undo:
    """What `undo` would do to the files as they are now; writes nothing.

    With `targets` (directories relative to the root) only the files in them are taken back, without those of another
    app further down. What several apps share at the root of their workspace (a manifest, a lockfile, a compose file)
    goes with the last of them.

    Edited since: a three-way merge takes out our lines only. Created by us and edited since, or a lockfile that
    changed since the install: a conflict, because there is no telling whose lines are whose.
    """
    if journal.state == "undone":
        return Undo(())
    planned = [(entry.path, tuple(_planned(journal, entry))) for entry in journal.files if not entry.undone]
    if _are_last(targets, journal, [path for path, outcomes in planned if _is_left(outcomes)]):
        targets = ()
    mine = {path for path, _ in planned if _lies_in(path, targets, journal.targets)}
    alone = [target for target in targets if not _below(target, journal.targets)]
    mine |= {entry.path for entry in journal.watched if not targets or (alone and _lies_in(entry.path, alone))}
    planned += [(entry.path, tuple(_installed(journal, entry))) for entry in journal.watched]
    wanted = [(path, outcomes) for path, outcomes in planned if path in mine]
    outcomes = [outcome for _, outcomes in wanted for outcome in outcomes]
    changes = tuple(o for o in outcomes if isinstance(o, Restore))
    conflicts = tuple(o for o in outcomes if isinstance(o, Conflict))
    stays = tuple(path for path, outcomes in planned if path not in mine and _is_left(outcomes))
    beyond = (path for path in journal.beyond if (journal.root / path).exists())
    kept = {*stays, *beyond, *(conflict.where for conflict in conflicts)}
    asks_for_less = any(PurePosixPath(change.path).name in _MANIFESTS for change in changes)
    return Undo(
        changes=changes,
        conflicts=conflicts,
        notes=tuple(o for o in outcomes if isinstance(o, Note)),
        stays=stays,
        done=tuple(path for path, all_of in wanted if not any(isinstance(o, Conflict) for o in all_of)),
        stale=tuple(install for install in journal.installs if asks_for_less and install.lock in kept),
    )


_MANIFESTS = ("package.json", "pyproject.toml")
"""Those of the tools that keep one lockfile for several apps."""


def _are_last(targets: Sequence[str], journal: Journal, left: Sequence[str]) -> bool:
    """Is something of these targets among the paths that are `left`, and nothing of another app?"""
    apart = [path for path in left if not _lies_in(path, targets, journal.targets)]
    alone = not apart if not journal.targets else not any(_lies_in(path, journal.targets) for path in apart)
    return alone and len(apart) < len(left)


def _is_left(outcomes: Sequence[_Outcome]) -> bool:
    """Is there anything to take back?"""
    return any(not isinstance(outcome, Note) for outcome in outcomes)


def _lies_in(path: str, targets: Sequence[str], apps: Sequence[str] = ()) -> bool:
    """Does a file lie in one of the targets, and in none of the `apps` below a target that is an app itself?"""
    return not targets or any(
        PurePosixPath(path).is_relative_to(target)
        and not any(PurePosixPath(path).is_relative_to(app) for app in _below(target, apps))
        for target in targets
    )


def _below(target: str, apps: Sequence[str]) -> list[str]:
    """The apps in the directory of an app; those in any other directory are what it stands for."""
    if target not in apps:
        return []
    return [app for app in apps if app != target and PurePosixPath(app).is_relative_to(target)]


def undo(journal: Journal, undo: Undo, *, command: str = "undo", keep: bool = False) -> Journal:
    """Carry out `plan_undo(journal)`, all or nothing. Returns the journal: `undone`, or with conflicts still `applied`.

    After a conflict is resolved by hand, the next undo finds the rest done and completes; `keep` completes now, with
    the conflicts left for good. Raises WizardError with the tree as it was, also when a file changed since the plan.
    """
    if journal.state == "undone":
        raise WizardError("nothing to undo here: this run was undone before")
    is_open = bool(undo.stays) or (not keep and any(conflict.by_hand for conflict in undo.conflicts))
    paths = undo.done if undo.stays else ()
    undoes = Undoes(journal.id, was=journal.state, becomes="applied" if is_open else "undone", paths=paths)
    folders = [folder for folder in journal.folders if not unwritable(journal.root, folder)]
    return carry_out(journal.root, undo.changes, command=command, folders=folders, undoes=undoes)


def take_out(path: str, before: bytes, after: bytes, found: bytes) -> Merged:
    """`found` without the change from `before` to `after`, or the lines of it where that cannot be told apart."""
    base, ours = with_line_ends_of(found, after), with_line_ends_of(found, before)
    merged = (merge_json if path.endswith(".json") else merge)(base, ours, found)
    if merged.conflicts:
        return merge_loosely(path, base, ours, found) or merged
    return merged


def _planned(journal: Journal, entry: Entry) -> Iterator[_Outcome]:
    found = _now(journal, entry)
    if isinstance(found, Conflict):
        yield found
    elif found is None:
        yield from _gone(journal, entry)
    elif digest(found) == entry.before:
        return
    elif refusal := unwritable(journal.root, entry.target):
        yield Conflict(entry.path, f"{refusal}: left as it is")
    elif digest(found) == entry.after:
        yield Restore(entry.path, found, _original(journal, entry))
    elif entry.before is None and entry.after and found == with_line_ends_of(found, content(journal, entry.after)):
        yield Restore(entry.path, found, None)
    elif entry.before is None and not _is_of_lines(entry.path):
        yield Conflict(entry.path, "was created by us and edited since: left as it is; delete it if you do not need it")
    else:
        yield from _merged(journal, entry, found)


def _is_of_lines(path: str) -> bool:
    """Does each line stand for itself, so that a file of ours without our lines is a whole file?"""
    return PurePosixPath(path).name.startswith(".env")


def _gone(journal: Journal, entry: Entry) -> Iterator[_Outcome]:
    if entry.before is None and journal.state != "applied":
        return
    ours = {other.path for other in journal.files}
    now = moved_to(journal.root, content(journal, entry.after), ours) if entry.after is not None else None
    if now is not None and entry.before is None:
        yield Conflict(entry.path, f"was moved to {now}: left as it is; delete it if you do not need it")
    elif now is not None:
        yield Conflict(entry.path, f"was moved to {now}: left as it is; take our lines out there")
    else:
        yield Note(entry.path, "is gone already: nothing to take back")


def _merged(journal: Journal, entry: Entry, found: bytes) -> Iterator[_Outcome]:
    if entry.after is None:
        return
    merged = take_out(entry.path, _original(journal, entry) or b"", content(journal, entry.after), found)
    for line in merged.conflicts:
        yield Conflict(f"{entry.path}:{line}", "was edited since where we changed it: left as it is")
    if merged.content != found:
        is_all = entry.before is None and not merged.content.strip()
        yield Restore(entry.path, found, None if is_all else merged.content)


def _installed(journal: Journal, entry: Entry) -> Iterator[_Outcome]:
    found = _now(journal, entry)
    if isinstance(found, Conflict):
        yield found
    elif digest(found) == entry.before:
        return
    elif found is None:
        yield Note(entry.path, "is gone already: nothing to take back")
    elif refusal := unwritable(journal.root, entry.target):
        yield Conflict(entry.path, f"{refusal}: left as it is")
    elif digest(found) == entry.after:
        yield Restore(entry.path, found, _original(journal, entry))
    else:
        reason = "changed since the install: left as it is; let your package manager bring it in line"
        yield Conflict(entry.path, reason, by_hand=False)


def _now(journal: Journal, entry: Entry) -> bytes | Conflict | None:
    try:
        target = target_of(journal.root, entry.path)
        if target != journal.root / entry.target:
            return Conflict(entry.path, "leads elsewhere now: left as it is")
        return snapshot(target)
    except WizardError as error:
        return Conflict(entry.path, f"left as it is: {error.message}")


def _original(journal: Journal, entry: Entry) -> bytes | None:
    return None if entry.before is None else content(journal, entry.before)
