"""Templates: whole, valid source files; lines can depend on options and names be replaced."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent.parent / "templates"
_MARK = re.compile(
    r"^(?P<code>.*?)[ \t]*(?://|#|<!--|/\*)[ \t]*if (?P<not>not )?(?P<flag>[a-z_]+)(?:[ \t]*(?:-->|\*/))?$"
)


def template(path: str, replace: Mapping[str, str] | None = None, flags: Collection[str] = ()) -> str:
    """The text of `templates/<path>` with line ends `\\n`.

    A line that ends in the comment `if NAME` (`if not NAME`) is kept, without the comment, only when NAME is (not)
    in `flags`. `replace` maps identifiers in the template to what the project calls them, as whole words.
    """
    text = (_FOLDER / path).read_text(encoding="utf-8")
    lines = []
    for line in text.split("\n"):
        if match := _MARK.match(line):
            if (match["flag"] in flags) == (match["not"] is not None):
                continue
            line = match["code"]
        lines.append(line)
    text = "\n".join(lines)
    for old, new in (replace or {}).items():
        text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new.replace("\\", r"\\"), text)
    return text
