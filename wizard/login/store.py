"""Where credentials lie: a file for the user alone in the config directory, or the system's keyring."""

from __future__ import annotations

import errno
import importlib
import json
import os
import queue
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wizard.disk import make_private, naming, replace_file, sync_folder
from wizard.errors import WizardError

SCHEMA = 1
_SERVICE = "posthog-wizard"
_LARGEST = 1_000_000
KEYRING_LIMIT = 30.0
"""Seconds that the system's keyring may take; a locked one asks the person for its password."""

_LOCK_LIMIT = 60.0  # seconds; more than the request takes that is made under the lock
_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)

Say = Callable[[str], None]


def config_path() -> Path:
    """The config directory; POSTHOG_WIZARD_CONFIG_DIR overrides where."""
    from platformdirs import user_config_path

    override = os.environ.get("POSTHOG_WIZARD_CONFIG_DIR")
    return Path(override) if override else user_config_path("posthog-wizard", appauthor=False)


def credentials_file() -> Path:
    """The file with what `login` saved."""
    return config_path() / "credentials.json"


def private_folder(folder: Path) -> None:
    """Make `folder` for the user alone, or make it so. Raises WizardError for one that is somebody else's."""
    with naming(f"use the config directory {folder}"):
        make_private(folder)
        if sys.platform == "win32":
            return
        there = folder.stat()
        if there.st_uid != os.geteuid():
            raise WizardError(f"{folder} belongs to somebody else", "Set POSTHOG_WIZARD_CONFIG_DIR to one of yours.")
        if there.st_mode & 0o077:
            folder.chmod(0o700)


def private_read(file: Path) -> bytes | None:
    """The bytes of a file of ours, None when there is none; made unreadable for others if it was not.

    Raises WizardError for a link, for a file of somebody else, and for what is no file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(file, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise WizardError(
                f"{file} is a link, which is not followed", "Remove the link and log in again."
            ) from error
        raise WizardError(f"cannot read {file}: {error.strerror}") from error
    with os.fdopen(fd, "rb") as opened, naming(f"read {file}"):
        there = os.fstat(fd)
        if not stat.S_ISREG(there.st_mode):
            raise WizardError(f"{file} is not a regular file")
        if sys.platform != "win32":
            if there.st_uid != os.geteuid():
                raise WizardError(f"{file} belongs to somebody else; it is not used")
            if there.st_mode & 0o077:
                os.fchmod(fd, 0o600)
        return opened.read(_LARGEST)


def private_write(file: Path, data: bytes) -> None:
    """Bring new content to a file of ours in one step, for the user alone. Raises WizardError, for a link too."""
    if file.is_symlink():
        raise WizardError(f"{file} is a link, which is not followed", "Remove the link and log in again.")
    with naming(f"write {file}", "What is there is as it was."):
        replace_file(file, data)
        sync_folder(file.parent)


def read_entries() -> dict[str, Any]:
    """What is saved, by the app host it is for. Raises WizardError for a file that is not ours, and leaves it alone."""
    file = credentials_file()
    content = private_read(file)
    if content is None:
        return {}
    hint = f"Nothing in it was touched. Move it away to start afresh: {file}"
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WizardError(f"{file} is damaged: it is no JSON", hint) from error
    entries = whole.get("logins") if isinstance(whole, dict) else None
    schema = whole.get("schema") if isinstance(whole, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise WizardError(f"{file} was written by a newer posthog-wizard", "Use that one, or move the file away.")
    if schema != SCHEMA or not isinstance(entries, dict):
        raise WizardError(f"{file} was not written by posthog-wizard", hint)
    return entries


def write_entries(entries: Mapping[str, Any]) -> None:
    """Save all entries; the file goes with the last one. Raises WizardError."""
    file = credentials_file()
    private_folder(file.parent)
    if entries:
        private_write(file, (json.dumps({"schema": SCHEMA, "logins": entries}, indent=2) + "\n").encode())
        return
    with naming(f"remove {file}"):
        file.unlink(missing_ok=True)


def prove_writable() -> None:
    """Raises WizardError when nothing could be saved: better known before a login than after it."""
    read_entries()
    probe = config_path() / "probe"
    private_folder(probe.parent)
    private_write(probe, b"")
    with naming(f"remove {probe}"):
        probe.unlink(missing_ok=True)


@contextmanager
def locked(say: Say = lambda message: None) -> Iterator[None]:
    """One process at a time changes what is saved; the system frees the lock when its holder dies."""
    folder = config_path()
    private_folder(folder)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with naming(f"use {folder / 'lock'}"):
        fd = os.open(folder / "lock", flags, 0o600)
    deadline = time.monotonic() + _LOCK_LIMIT
    told = False
    try:
        while not _try(fd):
            if not told:
                told = True
                say(f"Waiting for another posthog-wizard that is renewing the login (at most {_LOCK_LIMIT:.0f} s)")
            if time.monotonic() > deadline:
                raise WizardError(
                    f"another posthog-wizard has been renewing the login for {_LOCK_LIMIT:.0f} s", "Try again."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(fd)


def _try(fd: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise WizardError(f"cannot lock {config_path()}: {error.strerror}") from error
    return True


def keyring() -> Any | None:
    """The system's keyring when the extra `posthog-wizard[keyring]` is installed and has a real one behind it."""
    try:
        module = importlib.import_module("keyring")
        backend = module.get_keyring()
    except (ImportError, AttributeError, RuntimeError):
        return None
    real = [b for b in getattr(backend, "backends", [backend]) if _is_real(b)]
    return module if real else None


def _is_real(backend: Any) -> bool:
    """Neither a stand-in that keeps or refuses everything, nor a plain file by another name."""
    return not type(backend).__module__.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt"))


def keyring_get(host: str) -> str | None:
    """What the keyring has for `host`; None when it has nothing. Raises WizardError when it cannot be asked."""
    found = _with_keyring(lambda ring: ring.get_password(_SERVICE, host))
    return found if isinstance(found, str) else None


def keyring_set(host: str, secret: str) -> None:
    """Put a secret into the keyring, and see that it is there. Raises WizardError."""
    _with_keyring(lambda ring: ring.set_password(_SERVICE, host, secret))
    if keyring_get(host) != secret:
        raise WizardError("the keyring did not keep what it was given")


def keyring_delete(host: str) -> None:
    """Take a secret out of the keyring. Raises WizardError when it cannot be asked; one that is gone is fine."""
    if keyring_get(host) is not None:
        _with_keyring(lambda ring: ring.delete_password(_SERVICE, host))


def _with_keyring(work: Callable[[Any], Any]) -> Any:
    """Within a limit, because the system may wait for a password that nobody can type."""
    ring = keyring()
    if ring is None:
        raise WizardError("the system's keyring cannot be reached from here")
    done: queue.Queue[tuple[Any, str]] = queue.Queue()

    def run() -> None:
        try:
            done.put((work(ring), ""))
        except (ring.errors.KeyringError, OSError, RuntimeError, WizardError) as error:
            done.put((None, type(error).__name__))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, failed = done.get(timeout=KEYRING_LIMIT)
    except queue.Empty as error:
        raise WizardError(f"the system's keyring did not answer within {KEYRING_LIMIT:.0f} s") from error
    if failed:
        raise WizardError(f"the system's keyring refuses ({failed})", "It may be locked.")
    return result
