"""Where the journals of a directory are kept, and who is at work in it: one wizard at a time, nested ones included."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.disk import make_private, naming
from wizard.errors import WizardError

_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_WAIT = "wait until it is done, then run the same command again"
_PATIENCE = 5.0  # seconds; the gate is held for milliseconds
_held: set[Path] = set()


def state_path() -> Path:
    """The state directory; POSTHOG_WIZARD_STATE_DIR overrides where."""
    from platformdirs import user_state_path

    override = os.environ.get("POSTHOG_WIZARD_STATE_DIR")
    return Path(override) if override else user_state_path("posthog-wizard", appauthor=False)


def shelf(root: Path) -> Path:
    """The folder that holds the journals of a resolved root."""
    label = re.sub(r"[^A-Za-z0-9_-]", "_", root.name)[:40]
    return state_path() / f"{label}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"


def roots() -> list[Path]:
    """Every directory that has a shelf."""
    found = []
    for file in sorted(state_path().glob("*/lock")):
        try:
            line = file.read_text("ascii").partition("\n")[0]
            root = Path(json.loads(line))
        except (OSError, ValueError, TypeError):
            continue  # a run that was killed before it wrote anything else
        if shelf(root) == file.parent:
            found.append(root)
    return found


def related(root: Path) -> list[Path]:
    """The other directories with a shelf that contain a resolved root or lie in it."""
    return [r for r in roots() if r != root and (r.is_relative_to(root) or root.is_relative_to(r))]


@contextmanager
def lock(root: Path) -> Iterator[None]:
    """Hold a resolved `root`, and what is in it or around it, for this process, which may take it again inside.

    The system frees it when the holder dies, so no lock is ever stale. Raises WizardError when another process is at
    work there.
    """
    if root in _held:
        yield
        return
    state = state_path()
    with naming(f"use the state directory {state}", "every file is as it was"):
        make_private(state)
        make_private(shelf(root))
    with _gate(state):
        for other in related(root):
            if other not in _held:
                os.close(_taken(other))
        fd = _taken(root)
        try:
            with naming(f"write {shelf(root) / 'lock'}"):
                _sign(fd, root)
        except BaseException:
            os.close(fd)
            raise
    _held.add(root)
    try:
        yield
    finally:
        _held.discard(root)
        os.close(fd)


@contextmanager
def _gate(state: Path) -> Iterator[None]:
    """One process at a time looks who else is there: without it, two nested roots could pass each other."""
    file = state / "lock"
    deadline = time.monotonic() + _PATIENCE
    with naming(f"use the state directory {state}", "every file is as it was"):
        fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try(fd, file):
            if time.monotonic() > deadline:
                raise WizardError("another posthog-wizard is at work", _WAIT)
            time.sleep(0.01)
        yield
    finally:
        os.close(fd)


def _taken(root: Path) -> int:
    file = shelf(root) / "lock"
    with naming(f"use the state directory {file.parent}", "every file is as it was"):
        fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if _try(fd, file):
            return fd
        with naming(f"read {file}"):
            pid = os.read(fd, 1 << 16).decode("ascii", "replace").partition("\n")[2].strip() or "unknown"
        raise WizardError(f"another posthog-wizard is at work in {root} (pid {pid})", _WAIT)
    except BaseException:
        os.close(fd)
        raise


def _sign(fd: int, root: Path) -> None:
    # never truncated first: the line with the root must outlive a kill, or nobody finds what that run left
    line = json.dumps(str(root)) + f"\n{os.getpid()}\n"
    rest = memoryview(line.encode("ascii"))
    os.lseek(fd, 0, os.SEEK_SET)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.ftruncate(fd, len(line))


def _try(fd: int, file: Path) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(fd, 1 << 20, os.SEEK_SET)  # Windows locks are mandatory: keep the text readable
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
            os.lseek(fd, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise WizardError(f"cannot lock {file}: {error.strerror}") from error
    return True
