"""Lines that a person types or pastes while something else is waited for; nothing is taken that comes later."""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress

from wizard.errors import Interrupted

_MARKS = ("\x1b[200~", "\x1b[201~")  # around a paste, in terminals that say so


class Pasted:
    """Reads lines from the terminal without holding on to it: other questions may come in between and after."""

    def __init__(self) -> None:
        self._begun = ""

    def line(self, seconds: float) -> str | None:
        """A line within so many seconds, else None. Raises Interrupted at the end of the input."""
        found = self._on_windows(seconds) if sys.platform == "win32" else self._elsewhere(seconds)
        if found is None:
            return None
        for mark in _MARKS:
            found = found.replace(mark, "")
        return found.strip()

    def drop(self) -> None:
        """Forget what was typed and not taken: it was meant for what has been waited for, not for the next question."""
        self._begun = ""
        if sys.platform == "win32":
            import msvcrt

            while msvcrt.kbhit():
                msvcrt.getwch()
        else:
            import termios

            with suppress(termios.error):
                termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    def _elsewhere(self, seconds: float) -> str | None:
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return None
        # not through sys.stdin: its buffer would keep lines that the next question is to get
        read = os.read(sys.stdin.fileno(), 65536).decode(errors="replace")
        if not read:
            raise Interrupted
        self._begun += read
        if "\n" not in self._begun:
            return None
        line, _, self._begun = self._begun.partition("\n")
        return line

    def _on_windows(self, seconds: float) -> str | None:
        if sys.platform != "win32":
            return None
        import msvcrt

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not msvcrt.kbhit():
                time.sleep(0.02)
                continue
            key = msvcrt.getwche()
            if key in "\r\n":
                line, self._begun = self._begun, ""
                return line
            if key == "\x03":
                raise KeyboardInterrupt
            self._begun = self._begun[:-1] if key == "\b" else self._begun + key
        return None
