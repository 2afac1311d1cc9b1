"""Commands as a person types them next: with the directory as the user called it, quoted for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

PROGRAM = "posthog-wizard"


def place(directory: Path) -> list[str]:
    """The directory as an argument; nothing for the current one."""
    return [] if str(directory) == "." else [str(directory)]


def line(directory: Path, *words: str, names: Sequence[str] = ()) -> str:
    """`posthog-wizard verify apps/web`, to be pasted where the user stands; `names` are apps as `--target` has them."""
    targets = [word for name in names for word in ("--target", name)]
    return shlex.join([PROGRAM, *words, *place(directory), *targets])
