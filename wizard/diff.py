"""Unified diffs that `git apply` accepts, byte for byte; binary patches for what git takes for binary."""

from __future__ import annotations

import difflib
import hashlib
import re
import zlib
from base64 import b85encode

_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def file_diff(path: str, before: bytes | None, after: bytes | None) -> bytes:
    """The diff of one file, whose `path` is POSIX; `before` is None for a new file, `after` for a removed one."""
    if before == after:
        return b""
    a, b = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    head = [f"diff --git {a} {b}"]
    if before is None:
        head.append("new file mode 100644")
    if after is None:
        head.append("deleted file mode 100644")
    old, new = before or b"", after or b""
    if b"\0" in old + new:
        return "\n".join(head).encode() + b"\n" + _binary(before, after)
    if old != new:
        head += ["--- /dev/null" if before is None else f"--- {a}", "+++ /dev/null" if after is None else f"+++ {b}"]
    return "\n".join(head).encode() + b"\n" + b"".join(_hunks(old, new))


def _hunks(before: bytes, after: bytes) -> list[bytes]:
    old, new = _lines(before), _lines(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    out: list[bytes] = []
    for group in matcher.get_grouped_opcodes(3):
        a1, a2, b1, b2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        out.append(f"@@ -{_range(a1, a2)} +{_range(b1, b2)} @@\n".encode())
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += [_line(b" ", line) for line in old[i1:i2]]
                continue
            out += [_line(b"-", line) for line in old[i1:i2]]
            out += [_line(b"+", line) for line in new[j1:j2]]
    return out


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"


def _range(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"


def _quoted(path: str) -> str:
    """A path as git writes it: in quotes with octal escapes when it holds anything unusual."""
    raw = path.encode("utf-8", "surrogateescape")
    if re.fullmatch(rb"[!#-\[\]-~]+( [!#-\[\]-~]+)*", raw):
        return path
    body = "".join(
        {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x09: "\\t"}.get(c) or (chr(c) if 32 <= c < 127 else f"\\{c:03o}")
        for c in raw
    )
    return f'"{body}"'


def _binary(before: bytes | None, after: bytes | None) -> bytes:
    index = f"index {_blob(before)}..{_blob(after)}" + (" 100644" if None not in (before, after) else "")
    return index.encode() + b"\nGIT binary patch\n" + _literal(after or b"") + b"\n" + _literal(before or b"") + b"\n"


def _blob(data: bytes | None) -> str:
    return (
        "0" * 40 if data is None else hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    )


def _literal(data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    rows = [packed[i : i + 52] for i in range(0, len(packed), 52)]
    body = b"".join(_LENGTHS[len(row) - 1].encode() + b85encode(row + b"\0" * (-len(row) % 4)) + b"\n" for row in rows)
    return b"literal %d\n" % len(data) + body
