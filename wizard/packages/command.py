"""What a package manager is called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Command:
    """One call: `argv` without a shell, `cwd` relative to the app, `env` added to the process environment.

    `packages` are the ones it is made for. `then` are the argvs that must follow in the same directory for the call to
    be complete (recompile, then sync).
    """

    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    then: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[tuple[str, ...], ...]:
        """All argvs in their order."""
        return (self.argv, *self.then)
