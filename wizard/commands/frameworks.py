"""`frameworks`: the table of supported frameworks, generated from the registry."""

from __future__ import annotations

from wizard.commands.report import as_json as print_json
from wizard.console import Console
from wizard.errors import Exit
from wizard.registry import all_frameworks

COLUMNS = ("id", "framework", "supported", "options")


def rows() -> list[tuple[str, str, str, str]]:
    """One row per framework, in the order of `COLUMNS`."""
    return [(i, f.name, f.supports, ", ".join(f.options)) for i, f in all_frameworks().items()]


def markdown() -> str:
    """The table of the README."""
    lines = ["| " + " | ".join(row) + " |" for row in (COLUMNS, ("---",) * len(COLUMNS), *rows())]
    return "\n".join(lines) + "\n"


def frameworks(as_json: bool) -> int:
    """Print the table on stdout."""
    console = Console()
    if as_json:
        found = [dict(zip(COLUMNS, row, strict=True)) | {"docs": all_frameworks()[row[0]].docs} for row in rows()]
        print_json(console, {"schema": 1, "frameworks": found})
        return Exit.OK
    console.data(markdown().encode())
    return Exit.OK
