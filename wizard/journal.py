"""The record of every apply, in the user's state directory: who wrote what where, and the bytes to take it back."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from wizard.disk import digest, naming, replace_file, snapshot, sync_folder, write_file
from wizard.errors import WizardError
from wizard.posthog.masking import redact
from wizard.shelves import lock, related, shelf

State = Literal["applying", "applied", "undone"]
AGAIN = "start posthog-wizard again: it offers to finish or to roll back"
_SCHEMA = 1
_META = "journal.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a journal. `before` and `after` are SHA-256 digests, None where the file does not exist."""

    path: str  # POSIX, relative to the root, as planned
    target: str  # the same with symlinks resolved: the file that is written
    before: str | None
    after: str | None  # of a watched file: what `settle` found
    mode: int | None  # permission bits before; None for a file that did not exist
    watched: bool = False  # `settle` reads it again
    undone: bool = False  # taken back already, by the undo of one app among several


@dataclass(frozen=True, slots=True)
class Undoes:
    """What an undo's own journal says about the one it takes back: id, state before and state when done.

    `paths` are the files that are taken back for good while the rest stays applied.
    """

    id: str
    was: State
    becomes: State
    paths: tuple[str, ...] = ()

    def done(self, entries: tuple[Entry, ...], undone: bool) -> tuple[Entry, ...]:
        """The entries with those of `paths` marked, or unmarked."""
        return tuple(replace(entry, undone=undone) if entry.path in self.paths else entry for entry in entries)


@dataclass(frozen=True, slots=True)
class Install:
    """One call of a package manager that belongs to an apply, as one would type it in `cwd`.

    `lock` is the lockfile that it brings in line with the manifests, whatever they say by then.
    """

    calls: tuple[str, ...]
    cwd: str
    lock: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """One apply. `watched` are files that we do not write but the package manager may; `folders` are those we make.

    `targets` are the directories of the apps that it set up, as far as it says. `beyond` are files outside of the root
    that the package manager may have changed: undo leaves them, and says so. `installs` are the calls that were to
    follow.
    """

    folder: Path
    root: Path
    time: str  # ISO 8601, UTC
    command: str
    state: State
    files: tuple[Entry, ...]
    watched: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()
    undoes: Undoes | None = None
    targets: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    installs: tuple[Install, ...] = ()

    @property
    def id(self) -> str:
        """Unique per root; sorts by age."""
        return self.folder.name


def begin(journal: Journal, contents: Iterable[bytes | None]) -> Journal:
    """Write a new journal to the disk, its folder and time chosen here; failing leaves nothing. Needs the lock."""
    _tidy(journal.root)
    shelved = shelf(journal.root)
    newest = max((int(old.name.partition("-")[0]) for old in _folders(shelved)), default=0)
    journal = replace(
        journal,
        folder=shelved / f"{newest + 1:06}-{os.urandom(4).hex()}",
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        command=redact(journal.command, public=True),
    )
    journal.folder.mkdir(mode=0o700)
    try:
        keep(journal, contents)
        save(journal)
        sync_folder(shelved)
    except BaseException:
        remove(journal)
        raise
    return journal


def keep(journal: Journal, contents: Iterable[bytes | None]) -> None:
    """Store contents so that `content` finds them by digest."""
    for data in contents:
        file = journal.folder / (digest(data) or "")
        if data is not None and snapshot(file) != data:
            file.unlink(missing_ok=True)  # left half written by a run that was killed
            write_file(file, data)


def content(journal: Journal, name: str) -> bytes:
    """The bytes with digest `name`. Raises WizardError when the journal is damaged."""
    data = snapshot(journal.folder / name)
    if data is None or digest(data) != name:
        raise WizardError(f"the journal {journal.folder} is damaged: {name[:12]} is missing or altered")
    return data


def save(journal: Journal) -> Journal:
    """Replace the journal's record on the disk in one step."""
    record = json.dumps({"schema": _SCHEMA, **asdict(journal)}, indent=1, default=str)
    replace_file(journal.folder / _META, record.encode())
    # should the success be lost in a power cut, the run is found "applying" and finished: no reason to fail
    with suppress(*() if journal.state == "applying" else (OSError,)):
        sync_folder(journal.folder)
    return journal


def remove(journal: Journal) -> None:
    """Forget a journal, its record first: what a crash leaves of it counts for nothing."""
    (journal.folder / _META).unlink(missing_ok=True)
    shutil.rmtree(journal.folder, ignore_errors=True)


def forget_contents(journal: Journal) -> None:
    """Drop the bytes of a journal that is undone: they may hold secrets, and nobody needs them any more."""
    for file in _superfluous(journal.folder):
        with suppress(OSError):
            file.unlink()


def forget(root: Path) -> int:
    """Remove every journal of `root` with the bytes in it; how many applies that were. Nothing can be undone then.

    Raises WizardError while an interrupted run needs one of them.
    """
    root = root.resolve()
    with lock(root):
        known = records(root)
        if any(journal.state == "applying" for journal in known):
            raise WizardError("an earlier run was interrupted while it wrote", AGAIN)
        with naming(f"remove the journals in {shelf(root)}"):
            for journal in known:
                remove(journal)
            _tidy(root)
    return sum(journal.undoes is None for journal in known)


def tidy(root: Path) -> None:
    """Remove what killed runs left on the shelf of a resolved root: bytes that no journal needs. May fail silently."""
    if any(True for folder in _folders(shelf(root)) for _ in _superfluous(folder)):
        with lock(root):
            _tidy(root)


def _tidy(root: Path) -> None:
    # rolling back an undo needs the bytes of what it undoes
    is_calm = all(journal.state != "applying" for journal in records(root))
    for folder in _folders(shelf(root)):
        for file in _superfluous(folder):
            with suppress(OSError):
                if file == folder:
                    shutil.rmtree(folder)
                elif is_calm:
                    file.unlink()


def _superfluous(folder: Path) -> Iterator[Path]:
    """What nobody needs in a journal's folder; all of it when its record was never written, or is gone already."""
    journal = load(folder)
    if journal is None:
        yield folder
        return
    entries = (*journal.files, *journal.watched) if journal.state != "undone" else ()
    needed = {name for entry in entries for name in (entry.before, entry.after)} | {_META}
    yield from (file for file in sorted(folder.iterdir()) if file.name not in needed)


def load(folder: Path) -> Journal | None:
    """The journal in `folder`; None when it was never completed. Raises WizardError when it cannot be read."""
    data = snapshot(folder / _META)
    if data is None:
        return None
    try:
        record: Mapping[str, Any] = json.loads(data)
        if record["schema"] != _SCHEMA:
            raise ValueError("written by another version of posthog-wizard")
        return Journal(
            folder=folder,
            root=Path(record["root"]),
            time=record["time"],
            command=record["command"],
            state=record["state"],
            files=tuple(Entry(**entry) for entry in record["files"]),
            watched=tuple(Entry(**entry) for entry in record["watched"]),
            folders=tuple(record["folders"]),
            undoes=_undoes(record["undoes"]) if record["undoes"] else None,
            targets=tuple(record.get("targets", ())),
            beyond=tuple(record.get("beyond", ())),
            installs=tuple(_install(entry) for entry in record.get("installs", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WizardError(f"the journal {folder} cannot be read: {error}", "remove that folder to go on") from error


def _undoes(record: Mapping[str, Any]) -> Undoes:
    return Undoes(record["id"], record["was"], record["becomes"], tuple(record.get("paths", ())))


def _install(record: Mapping[str, Any]) -> Install:
    return Install(tuple(record["calls"]), record["cwd"], record["lock"], record["done"])


def records(root: Path) -> list[Journal]:
    """Every journal of `root`, undos under way included, oldest first."""
    found = [load(folder) for folder in _folders(shelf(root.resolve()))]
    return [journal for journal in found if journal is not None]


def interrupted(root: Path) -> list[Journal]:
    """Journals of runs that were killed while they wrote, of `root` and of others that touch files in it."""
    root = root.resolve()
    near = [journal for other in related(root) for journal in records(other)]
    return [
        journal
        for journal in (*near, *records(root))
        if journal.state == "applying"
        and (journal.root == root or any((journal.root / e.target).is_relative_to(root) for e in journal.files))
    ]


def journals(root: Path) -> list[Journal]:
    """Every apply in `root`, whatever became of it, newest last."""
    return [journal for journal in records(root) if journal.undoes is None]


def _folders(shelved: Path) -> list[Path]:
    return sorted(folder for folder in shelved.glob("*-*") if re.fullmatch(r"\d{6,}-[0-9a-f]{8}", folder.name))
