"""What the package manager made of an apply, recorded for undo and for the next run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wizard.disk import digest, naming, snapshot
from wizard.journal import Entry, Install, Journal, content, journals, keep, remove, save
from wizard.shelves import lock


def uninstalled(root: Path) -> frozenset[str]:
    """The directories of the apps whose edits are written, but whose install failed or never came to its end."""
    open_ones = (j for j in journals(root) if j.state == "applied" and not all(i.done for i in j.installs))
    return frozenset(target for journal in open_ones for target in journal.targets)


def as_left(root: Path) -> frozenset[str]:
    """The files that still are as an earlier run and its package manager left them."""
    entries = (e for j in journals(root) if j.state == "applied" for e in (*j.files, *j.watched) if not e.undone)
    return frozenset(entry.path for entry in entries if digest(snapshot(root / entry.target)) == entry.after)


def settle(journal: Journal, left: Sequence[Install] = ()) -> Journal:
    """Record what the package manager made of the watched files, so that undo can tell its work from the user's.

    `left` are the installs that are not done.
    """

    def settled(entry: Entry) -> Entry:
        data = snapshot(journal.root / entry.target)
        keep(journal, [data])
        return replace(entry, after=digest(data))

    with lock(journal.root), naming(f"write the journal in {journal.folder}"):
        files = tuple(
            settled(entry) if entry.watched and (journal.root / entry.target).exists() else entry
            for entry in journal.files
        )
        watched = tuple(settled(entry) for entry in journal.watched)
        installs = tuple(replace(install, done=install not in left) for install in journal.installs)
        return save(replace(journal, files=files, watched=watched, installs=installs))


def fold(journal: Journal) -> Journal | None:
    """A settled run that only installed becomes a part of the one whose edits it was for: one undo takes back both.

    Returns the journal that counts; None when nothing is left to be taken back.
    """
    with lock(journal.root), naming(f"write the journal in {journal.folder}"):
        is_done = bool(journal.installs) and all(install.done for install in journal.installs)
        for old in journals(journal.root):
            if is_done and old.state == "applied" and set(old.targets) <= set(journal.targets):
                save(replace(old, installs=tuple(replace(install, done=True) for install in old.installs)))
        changed = {e.path: e for e in (*journal.files, *journal.watched) if e.before != e.after}
        earlier = [old for old in journals(journal.root) if old.state == "applied" and old.id != journal.id]
        last = earlier[-1] if earlier else None
        if changed and (journal.files or last is None or not _follows(journal, last, changed)):
            return journal
        if changed and last is not None:
            keep(last, [content(journal, e.after) for e in changed.values() if e.after is not None])
            watched = (replace(e, after=changed[e.path].after) if e.path in changed else e for e in last.watched)
            last = save(replace(last, watched=tuple(watched)))
        remove(journal)
        return last if changed else None


def _follows(journal: Journal, last: Journal, changed: Mapping[str, Entry]) -> bool:
    """Is it of the same apps, and did nobody touch the files between the two?"""
    then = {entry.path: entry.after for entry in last.watched}
    found = all(path in then and then[path] == entry.before for path, entry in changed.items())
    return found and set(journal.targets) <= set(last.targets)
