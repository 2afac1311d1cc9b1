"""Everything that is printed: data on stdout as bytes, words for people on stderr. Only this module imports rich."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

_COMMAND = re.compile(r"(?<=: |  )(?:uvx )?posthog-wizard .*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Console:
    """Words go to stderr through rich (wrapped, coloured when the terminal can); data goes to stdout untouched.

    `quiet` drops everything but errors (used with `--json`).
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._rich: RichConsole | None = None
        self._passing: Callable[[str], None] | None = None
        self._about = ""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @property
    def rich(self) -> RichConsole:
        """The rich console on stderr, made on first use because importing rich takes 80 ms."""
        if self._rich is None:
            from rich.console import Console as RichConsole

            columns = os.environ.get("COLUMNS", "")
            width = int(columns) if columns.isdigit() and int(columns) else None
            self._rich = RichConsole(stderr=True, highlight=False, soft_wrap=False, emoji=False, width=width)
        return self._rich

    @property
    def stdout_is_terminal(self) -> bool:
        """Does a person read what goes to stdout?"""
        return sys.stdout.isatty()

    def page(self, content: bytes) -> None:
        """Text for a person on stdout."""
        self.data(harmless(content.decode("utf-8", "backslashreplace")).encode())

    def data(self, content: bytes) -> None:
        """Write to stdout, byte for byte."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def say(self, line: str = "", style: str = "") -> None:
        """One line for people."""
        if not self.quiet:
            self.rich.print(harmless(line), style=style or None, markup=False)

    def head(self, line: str) -> None:
        """The title of a part of the run."""
        self.say()
        self.say(line, "bold")

    def item(self, mark: str, line: str, style: str = "") -> None:
        """One row of a list; `mark` is a single ASCII character."""
        if self.quiet:
            return
        from rich.text import Text

        room = max(self.rich.width - 4, 16)
        first, *rest = [part for text in harmless(line).split("\n") for part in _wrapped(text, room)]
        self.rich.print(Text.assemble("  ", (mark, style or "bold"), " ", first), soft_wrap=True)
        for part in rest:
            self.rich.print(f"    {part}", markup=False, soft_wrap=True)

    def raw(self, line: str) -> None:
        """One line that must never be wrapped: a URL, a command, text to paste."""
        if not self.quiet:
            self.rich.print(harmless(line), markup=False, soft_wrap=True)

    def diff(self, content: bytes) -> None:
        """A unified diff on stderr, coloured when the terminal can."""
        if self.quiet:
            return
        for line in content.decode("utf-8", "backslashreplace").splitlines():
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            if line.startswith(("diff --git", "+++", "---", "new file")):
                style = "bold"
            self.rich.print(harmless(line.rstrip("\r")), style=style or None, markup=False, soft_wrap=True)

    def error(self, message: str, hint: str = "") -> None:
        """`error: ...` and `hint: ...`, also when quiet."""
        from rich.text import Text

        first, *rest = harmless(message).split("\n")
        self.rich.print(Text("error: ", style="bold red"), Text(first), sep="")
        for line in rest:  # lists of flags and files, to be copied
            self.rich.print(line, markup=False, soft_wrap=True)
        if hint:
            self.rich.print(Text("hint: ", style="bold"), Text(harmless(hint)), sep="", soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A plain table on stderr; on a narrow terminal one block per row."""
        if self.quiet:
            return
        widest = [max(len(r[i]) for r in (columns, *rows)) for i in range(len(columns))]
        if sum(widest) + 2 * len(columns) > self.rich.width:
            for row in rows:
                self.say(row[0], "bold")
                for name, cell in zip(columns[1:], row[1:], strict=True):
                    self.say(f"  {name}: {cell}")
            return
        for row in (columns, *rows):
            self.raw("  ".join(cell.ljust(width) for cell, width in zip(row, widest, strict=True)).rstrip())

    def progress(self, line: str) -> None:
        """A passing remark of a long step: what it is doing or waiting for."""
        line = f"{self._about}: {line}" if self._about else line
        if self._passing is not None:
            self._passing(line)
        else:
            self.say(f"  {line}", "dim")

    @contextmanager
    def about(self, name: str) -> Iterator[None]:
        """While this lasts, passing remarks are about this one of several apps; empty for the only one."""
        self._about = name
        try:
            yield
        finally:
            self._about = ""

    @contextmanager
    def working(self) -> Iterator[None]:
        """While this lasts, each remark of `progress` takes the place of the one before, where the terminal can.

        Anything else than a terminal gets a line for each. No question may be asked meanwhile.
        """
        if self.quiet or self._passing or not self.rich.is_terminal or self.rich.is_dumb_terminal:
            yield
            return
        from rich.text import Text

        with self.rich.status(Text("..."), spinner="line") as status:
            self._passing = lambda line: status.update(Text(harmless(line)))
            try:
                yield
            finally:
                self._passing = None

    @contextmanager
    def waiting(self, for_what: str) -> Iterator[Callable[[str], None]]:
        """Show what is being waited for; gives a function for passing remarks.

        A terminal gets a spinner with the latest remark, anything else one line and no remarks.
        """
        if not self.quiet and self.rich.is_terminal and not self.rich.is_dumb_terminal:
            from rich.text import Text

            with self.rich.status(Text(for_what), spinner="line") as status:
                room = max(self.rich.width - 4, 20)
                yield lambda remark: status.update(Text(f"{for_what}\n    {harmless(remark[:room])}"))
        else:
            self.say(for_what)
            yield lambda remark: None


def _wrapped(text: str, room: int) -> list[str]:
    """`text` in lines of `room` columns; a command at its end that does not fit goes to a line of its own, unbroken."""
    if len(text) > room and (command := _COMMAND.search(text)):
        return [*_wrapped(text[: command.start()].rstrip(), room), command[0]]
    from textwrap import wrap

    return wrap(text, room, break_on_hyphens=False) or [""]


def harmless(text: str) -> str:
    """`text` with control characters (but tabs and line ends) and reversals of direction as escapes.

    Names of files and lines of programs are a stranger's, and a terminal obeys them.
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def is_interactive() -> bool:
    """Can a question be asked? Only when both ends are a terminal that can do more than print."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())
