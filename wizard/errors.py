"""Every error that a user can meet, with the exit code it ends in."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line (README, "Exit codes")."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    INCOMPLETE = 3
    UNVERIFIED = 4
    WOULD_CHANGE = 5
    BUG = 70
    INTERRUPTED = 130


class WizardError(Exception):
    """A failure we can name: printed as `error: message` and `hint: hint`, never as a traceback."""

    exit_code = Exit.REFUSED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WizardError):
    """The command line is wrong, or a question is open and nobody can answer it."""

    exit_code = Exit.USAGE


class Bug(WizardError):
    """An invariant of ours does not hold; nothing was written because of it."""

    exit_code = Exit.BUG


class Interrupted(Exception):
    """Ctrl-C or the end of the input at a question."""


class CannotEdit(Exception):
    """Raised by a codemod that does not provably understand the text it was given.

    `reason` is shown to the user; `line` (1-based) is where the hand-made edit belongs, when known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
