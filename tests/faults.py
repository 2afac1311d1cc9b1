"""Attacks on a run: one count over every system call that changes the disk, and at call N a kill or a failure.

The calls of `os` are counted where Python makes them. An audit hook tells of every change to the disk that went around
them (`missed`), so a new way of writing cannot slip out of the attack.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import pytest

Kind = Literal[
    "none",  # count only
    "kill before",
    "kill after",
    "ENOSPC",
    "EACCES",
    "EIO",
    "ENOSPC from then on",  # the disk stays full
    "short",  # a write takes half of what it is given
    "interrupt before",  # Ctrl-C
    "interrupt after",
    "interrupt from then on",
]
KILLS: tuple[Kind, ...] = ("kill before", "kill after")
ERRORS: tuple[Kind, ...] = ("ENOSPC", "EACCES", "EIO")
INTERRUPTS: tuple[Kind, ...] = ("interrupt before", "interrupt after", "interrupt from then on")

_CALLS = (
    "open write pwrite writev replace rename renames link symlink chmod fchmod lchmod chown fchown lchown mkdir rmdir "
    "unlink remove fsync fdatasync sync truncate ftruncate posix_fallocate utime setxattr removexattr mkfifo mknod "
    "copy_file_range sendfile splice"
).split()
_EVENTS = (
    "os.rename os.link os.symlink os.chmod os.chown os.mkdir os.rmdir os.remove os.truncate os.utime os.setxattr "
    "os.removexattr os.posix_spawn os.exec os.fork os.system subprocess.Popen"
).split()
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Count:
    """What an attacked run called, in order, and what it changed past the count."""

    calls: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    inside: bool = False


_counting: list[Count] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _counting or _counting[-1].inside:
        return
    is_change = event in _EVENTS or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING)
    if is_change:
        _counting[-1].missed.append(f"{event} {arguments[0]!r}")


@cache
def _watch() -> None:
    """Start to listen; there is no way to stop."""
    sys.addaudithook(_audit)


@contextmanager
def attacked(kind: Kind = "none", at: int = 0) -> Iterator[Count]:
    """Inside, call number `at` (from 0) of those that change the disk meets its fault; the rest are real."""
    _watch()
    count = Count()
    _counting.append(count)
    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            if hasattr(os, name):
                patch.setattr(os, name, _counted(name, getattr(os, name), count, kind, at))
        try:
            yield count
        finally:
            _counting.pop()


def _counted(name: str, real: Callable[..., Any], count: Count, kind: Kind, at: int) -> Callable[..., Any]:
    def called(*arguments: Any, **keywords: Any) -> Any:
        if count.inside or (name == "open" and not arguments[1] & _WRITING):
            return real(*arguments, **keywords)
        index = len(count.calls)
        count.calls.append(name)
        is_due = index == at
        if kind == "kill before" and is_due:
            os.kill(os.getpid(), signal.SIGKILL)
        if (kind == "interrupt before" and is_due) or (kind == "interrupt from then on" and index >= at):
            raise KeyboardInterrupt
        if (kind in ERRORS and is_due) or (kind == "ENOSPC from then on" and index >= at):
            number = getattr(errno, kind.partition(" ")[0])
            raise OSError(number, os.strerror(number))
        if kind == "short" and is_due and name == "write":
            arguments = (arguments[0], bytes(arguments[1])[: max(1, len(arguments[1]) // 2)])
        count.inside = True
        try:
            result = real(*arguments, **keywords)
        finally:
            count.inside = False
            if kind == "kill after" and is_due:
                os.kill(os.getpid(), signal.SIGKILL)
        if kind == "interrupt after" and is_due:
            if name == "open":
                os.close(result)
            raise KeyboardInterrupt
        return result

    return called


def killed(kind: Kind, at: int, act: Callable[[], object]) -> bool:
    """Run `act` in a child under attack; was it killed? Raises AssertionError when it ended in any other way."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with attacked(kind, at):
                act()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert was_killed or status == 0, f"ended with status {status} instead of being killed at call {at}"
    return was_killed
