"""The record of every apply, in the user's state directory: who wrote what where, and the bytes to take it back."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from wizard.errors import WizardError

State = Literal["applying", "applied", "undone"]
_SCHEMA = 1
_META = "journal.json"
_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a journal. `before` and `after` are SHA-256 digests, None where the file does not exist."""

    path: str  # POSIX, relative to the root, as planned
    target: str  # the same with symlinks resolved: the file that is written
    before: str | None
    after: str | None  # of a watched file: what `settle` found
    mode: int | None  # permission bits before; None for a file that did not exist
    watched: bool = False  # `settle` reads it again


@dataclass(frozen=True, slots=True)
class Undoes:
    """What an undo's own journal says about the one it takes back: id, state before and state when done."""

    id: str
    was: State
    becomes: State


@dataclass(frozen=True, slots=True)
class Journal:
    """One apply. `watched` are files that we do not write but the package manager may; `folders` are those we make."""

    folder: Path
    root: Path
    time: str  # ISO 8601, UTC
    command: str
    state: State
    files: tuple[Entry, ...]
    watched: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()
    undoes: Undoes | None = None

    @property
    def id(self) -> str:
        """Unique per root; sorts by age."""
        return self.folder.name


def digest(data: bytes | None) -> str | None:
    """SHA-256 in hex; None for a file that does not exist."""
    return None if data is None else hashlib.sha256(data).hexdigest()


@contextmanager
def naming(what: str, hint: str = "") -> Iterator[None]:
    """Turn an OSError into a WizardError that says `cannot {what}` and the reason."""
    try:
        yield
    except OSError as error:
        raise WizardError(f"cannot {what}: {error.strerror or error}", hint) from error


def snapshot(file: Path) -> bytes | None:
    """Bytes of a regular file, None when there is none. Raises WizardError for a folder, pipe or device."""
    with naming(f"read {file}"):
        try:
            mode = file.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(mode):
            raise WizardError(f"{file} is not a regular file")
        return file.read_bytes()


def write_file(file: Path, data: bytes, mode: int = 0o600, like: Path | None = None) -> None:
    """Create `file` and bring it to the disk; `like` lends its mode, owner and attributes. Raises OSError."""
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        if like is not None:
            _take_after(file, like)
        os.fsync(fd)
    finally:
        os.close(fd)


def _take_after(file: Path, like: Path) -> None:
    if sys.platform != "win32":
        owner = like.stat()
        with suppress(PermissionError):  # another's file in a group-writable folder: only root may give it back
            os.chown(file, owner.st_uid, owner.st_gid)
    shutil.copystat(like, file)
    os.utime(file)  # build tools go by the time: new content must look new


def sync_folder(folder: Path) -> None:
    """Bring renames in `folder` to the disk, where the system can (Windows cannot open folders)."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems do not sync folders
            raise
    finally:
        os.close(fd)


def shelf(root: Path) -> Path:
    """The folder that holds the journals of a resolved root; POSTHOG_WIZARD_STATE_DIR overrides where."""
    from platformdirs import user_state_path

    override = os.environ.get("POSTHOG_WIZARD_STATE_DIR")
    state = Path(override) if override else user_state_path("posthog-wizard", appauthor=False)
    label = re.sub(r"[^A-Za-z0-9_-]", "_", root.name)[:40]
    return state / f"{label}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """Hold `root` for this process. The system frees it when the holder dies, so no lock is ever stale.

    Raises WizardError when another process holds it.
    """
    file = shelf(root) / "lock"
    with naming(f"use the state directory {file.parent}", "every file is as it was"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _hold(fd)
        except OSError as error:
            if error.errno not in _HELD:
                raise WizardError(f"cannot lock {file}: {error.strerror}") from error
            os.lseek(fd, 0, os.SEEK_SET)
            pid = os.read(fd, 20).decode("ascii", "replace").strip() or "unknown"
            raise WizardError(f"another posthog-wizard is at work in this directory (pid {pid})") from None
        with naming(f"write {file}"):
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(fd)


def _hold(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, 1 << 20, os.SEEK_SET)  # Windows locks are mandatory: keep the pid readable
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def begin(journal: Journal, contents: Iterable[bytes | None]) -> Journal:
    """Write a new journal to the disk, its folder and time chosen here; failing leaves nothing. Needs the lock."""
    shelved, numbers = shelf(journal.root), [0]
    for old in _folders(shelved):
        numbers.append(int(old.name.partition("-")[0]))
        if not (old / _META).exists():
            shutil.rmtree(old)  # left by a run that was killed before it touched the tree
    folder = shelved / f"{max(numbers) + 1:06}-{os.urandom(4).hex()}"
    journal = replace(journal, folder=folder, time=datetime.now(UTC).isoformat(timespec="seconds"))
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
    fresh = journal.folder / f"{_META}.new"
    fresh.unlink(missing_ok=True)
    write_file(fresh, json.dumps({"schema": _SCHEMA, **asdict(journal)}, indent=1, default=str).encode())
    fresh.replace(journal.folder / _META)
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
    for file in journal.folder.iterdir():
        if file.name != _META:
            with suppress(OSError):
                file.unlink()


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
            undoes=Undoes(**record["undoes"]) if record["undoes"] else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WizardError(f"the journal {folder} cannot be read: {error}", "remove that folder to go on") from error


def records(root: Path) -> list[Journal]:
    """Every journal of `root`, undos under way included, oldest first."""
    found = [load(folder) for folder in _folders(shelf(root.resolve()))]
    return [journal for journal in found if journal is not None]


def journals(root: Path) -> list[Journal]:
    """Every apply in `root`, whatever became of it, newest last."""
    return [journal for journal in records(root) if journal.undoes is None]


def _folders(shelved: Path) -> list[Path]:
    return sorted(folder for folder in shelved.glob("*-*") if re.fullmatch(r"\d{6,}-[0-9a-f]{8}", folder.name))


def settle(journal: Journal) -> Journal:
    """Record what the package manager made of the watched files, so that undo can tell its work from the user's."""

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
        return save(replace(journal, files=files, watched=watched))
