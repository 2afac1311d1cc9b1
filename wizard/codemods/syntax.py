"""Does a text parse in the language of its file name? Used to drop an edit that would break a file."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from wizard.errors import CannotEdit


def parses(path: str, text: str) -> bool:
    """False only when a parser for this kind of file says so; kinds without one count as parsing."""
    suffix = PurePosixPath(path).suffix
    if suffix in {".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"}:
        from wizard.codemods.js.tree import parse

        return not parse(text).root.has_error
    if suffix == ".py":
        from wizard.codemods.python.tree import parse as parse_python

        try:
            parse_python(text)
        except CannotEdit:
            return False
    if PurePosixPath(path).name == "package.json":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
    return True
