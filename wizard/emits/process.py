"""Starting a command so that nothing of it can outlive us, and reading what it printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wizard import programs

PATIENCE = 5.0
"""Seconds a process has between the polite end and the forced one."""

MARK = "POSTHOG_WIZARD_STARTED"
"""Variable whose value is unique to a command, by which descendants that left the process group are recognised."""


_FORCE = getattr(signal, "SIGKILL", signal.SIGTERM)


class CannotStart(Exception):
    """A command that does not exist or may not be run; the text says which."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started command with its output so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def tail(self, lines: int = 20, *, plain: bool = True) -> str:
        """The last lines it printed without colours; with `plain` in ASCII."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 64_000))
            text = file.read().decode("utf-8", "replace")
        text = re.sub(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])", "", text)
        text = text.replace("\r", "").replace("\t", "  ")
        if plain:
            text = "".join(c if c == "\n" or " " <= c <= "~" else "?" for c in text)
        return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-lines:])


@contextmanager
def running(argv: Sequence[str], directory: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Run `argv` in `directory` (no shell) with `env`; on leaving, it and all its descendants are ended.

    Raises CannotStart.
    """
    with tempfile.TemporaryDirectory(prefix="posthog-wizard-", ignore_cleanup_errors=True) as scratch:
        log = Path(scratch) / "output"
        env = {**env, MARK: scratch}
        with log.open("wb") as output:
            process = _start([_program(argv[0], directory, env), *argv[1:]], directory, env, output)
        try:
            yield Running(process, log)
        finally:
            try:
                _end(process)
            finally:
                _end_strays(scratch, process.pid)


def _program(name: str, directory: Path, env: Mapping[str, str]) -> str:
    """Where a command is; one with a slash is relative to the app. Raises CannotStart."""
    found = programs.find(name, directory, path=env.get("PATH"))
    if found is None:
        raise CannotStart(f"there is no command {name}")
    return found


def _start(argv: list[str], directory: Path, env: Mapping[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    # A stdin that stays open: some dev servers end when theirs does.
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(
            argv,
            cwd=directory,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        raise CannotStart(f"cannot run {argv[0]}: {error.strerror}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group, by force if it does not go."""
    if sys.platform == "win32":
        # Windows has no groups to signal; taskkill follows the tree of parents.
        if process.poll() is None and (taskkill := programs.find("taskkill")):
            argv = [taskkill, "/T", "/F", "/PID", str(process.pid)]
            subprocess.run(argv, env=programs.variables(), capture_output=True, check=False)
    else:
        try:
            _signal_group(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also when the leader went by itself, or Ctrl-C came while we waited: its children may still be there.
            _signal_group(process.pid, _FORCE)
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


def _signal_group(group: int, number: int) -> None:
    if sys.platform != "win32":
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            # Nobody is left, or (macOS) only processes that have ended already.
            return


def _end_strays(mark: str, session: int) -> None:
    """End descendants that left the process group, where Linux names them.

    Those that made themselves a session of their own (daemons of build tools) still have our `mark` among their
    variables, those whose variables were taken away (tasks of Turborepo) are still in the `session` of the command.
    """
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # state, parent, group and session stand behind the name, which may have blanks and brackets
            inside = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[3]) == session
            ours = inside or wanted in (entry / "environ").read_bytes().split(b"\0")
            if ours and int(entry.name) != os.getpid():
                os.kill(int(entry.name), _FORCE)
        except OSError:
            # Not ours to read, or gone in the meantime.
            continue
