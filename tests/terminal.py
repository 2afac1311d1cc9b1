"""A wizard at the other end of a pseudo-terminal, and the keys that are typed there."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from wizard.cli import main

pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
ROOT = Path(__file__).resolve().parent.parent
ENTER, DOWN, SPACE, CTRL_C, CTRL_D = "\r", "\x1b[B", " ", "\x03", "\x04"


class Terminal:
    """A wizard process at the other end of a pty: a fork of this one, which has the imports behind it.

    `start=True` starts one from nothing, as a shell does.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        columns: int = 100,
        environment: dict[str, str] | None = None,
        start: bool = False,
    ) -> None:
        self.seen = self.whole = ""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "TERM": "xterm"}
        env["HTTPS_PROXY"] = "http://127.0.0.1:9"  # where nobody listens: PostHog itself is never asked
        env |= environment or {}
        env["PROMPT_TOOLKIT_NO_CPR"] = "1"  # nobody is at the other end to say where the cursor is
        _import_what_asks()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.chdir(cwd)
            if start:
                os.execve(sys.executable, [sys.executable, "-m", "wizard", *arguments], env)
            _run(arguments, env)

    def expect(self, words: str, timeout: float = 20) -> None:
        """Read until `words` appear (after what was expected before)."""
        deadline = time.monotonic() + timeout
        while words not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {words!r} in {self.seen!r}"
            try:
                self._read()
            except OSError:
                break
        assert words in self.seen, self.seen
        self.seen = self.seen.partition(words)[2]

    def _read(self) -> None:
        read = os.read(self.fd, 65536).decode(errors="replace")
        self.seen += read
        self.whole += read

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def exit_code(self, timeout: float = 20) -> int:
        """Read to the end; the code it exits with."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.fd], [], [], 0.1)
            if ready:
                with contextlib.suppress(OSError):
                    self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"still running: {self.seen!r}")


_ASKING = """questionary rich.console rich.text httpx wizard.prompts wizard.planning wizard.commands.setup
    wizard.commands.steps wizard.existing wizard.next_steps wizard.codemods.js.tree frameworks.flask.plan""".split()


@cache
def _import_what_asks() -> None:
    for name in _ASKING:
        import_module(name)


def _run(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """In the child: the command line on the terminal, which is at 0, 1 and 2. Does not return."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))
        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
