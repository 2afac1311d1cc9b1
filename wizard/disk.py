"""Files on the disk, brought there for good: reading whole files, writing new ones, syncing folders."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wizard.errors import WizardError


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


def replace_file(file: Path, data: bytes) -> None:
    """Bring new content to a file of ours in one step, readable for the user alone. Raises OSError."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)  # left by a run that was killed
    write_file(fresh, data)
    fresh.replace(file)


def keep_record(file: Path, record: Mapping[str, Any]) -> None:
    """Bring a record of ours to `file` as JSON, for the user alone. Raises WizardError."""
    with naming(f"write {file}"):
        make_private(file.parent)
        replace_file(file, json.dumps({"schema": 1, **record}, indent=1).encode())


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


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the user alone (as the XDG specification asks)."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
