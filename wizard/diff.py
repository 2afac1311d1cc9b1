"""Unified diffs that `git apply` accepts, byte for byte; binary patches for what git takes for binary."""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b85encode
from collections import Counter
from difflib import SequenceMatcher
from itertools import accumulate

from wizard.errors import CannotEdit
from wizard.merge import Hunk, hunks
from wizard.text import common_start, decode

_CONTEXT = 3
_MANY_PAIRS = 500_000
_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ENV_FILE = re.compile(r"^\.env(?:rc)?(?:\.|$)|\.env$")
_TOKEN = re.compile(rb"[^\n]+|\n")


def file_diff(path: str, before: bytes | None, after: bytes | None, private: bool = False) -> bytes:
    """The diff of one file, whose `path` is POSIX; `before` is None for a new file, `after` for a removed one.

    Of a `private` file (see `holds_values`) nothing is shown that was there: no context lines where git can do without,
    else a binary delta, which names what stays by its offsets.
    """
    if before == after:
        return b""
    old, new = before or b"", after or b""
    if before is not None and after is not None and private and not _at_the_end(old, new):
        # git takes no delta that makes nothing: it is too short for it
        return _head(path, before, after) + _binary(before, after, _delta(old, new) if new else _literal(new))
    if b"\0" in old + new:
        return _head(path, before, after) + _binary(before, after, _literal(new) + b"\n" + _literal(old))
    return _text(path, before, after, 0 if private else _CONTEXT)


def shown_diff(path: str, before: bytes | None, after: bytes | None, private: bool = False) -> bytes:
    """The diff for a person to read, with the old values of a private file masked: not for `git apply`."""
    if not private or before is None or after is None or before == after:
        return file_diff(path, before, after, private)
    try:
        old, new = (re.sub(r"\r(?!\n)", "\n", decode(data)[0]).encode() for data in (before, after))
    except CannotEdit:
        return file_diff(path, before, after, private)
    kept = {line.strip() for line in _lines(old)}
    lines = _lines(_text(path, old, new, 0))
    head = next((i for i, line in enumerate(lines) if line.startswith(b"@@")), len(lines))
    return b"".join([*lines[:head], *(_masked(line, kept) for line in lines[head:])])


def holds_values(path: str) -> bool:
    """Is it by its name an env file with values in it, not the example or the schema of one?"""
    name = path.rsplit("/", 1)[-1].lower()
    return bool(_ENV_FILE.search(name)) and not any(
        word in name for word in ("example", "sample", "template", "dist", "schema")
    )


def _masked(line: bytes, kept: set[bytes]) -> bytes:
    sign, content = line[:1], line[1:].strip()
    if sign not in b"-+" or (sign == b"+" and content not in kept) or not content or content.startswith(b"#"):
        return line
    name, equals, value = content.partition(b"=")
    return sign + (name + equals + (b"***" if value else b"") if equals else b"***") + b"\n"


def _text(path: str, before: bytes | None, after: bytes | None, context: int) -> bytes:
    old, new = before or b"", after or b""
    names = b""
    if old != new:
        a, b = (_quoted(f"{side}/{path}") for side in "ab")
        names = f"--- {'/dev/null' if before is None else a}\n+++ {'/dev/null' if after is None else b}\n".encode()
    return _head(path, before, after) + names + b"".join(_hunks(old, new, context))


def _head(path: str, before: bytes | None, after: bytes | None) -> bytes:
    mode = "new file mode 100644\n" if before is None else "deleted file mode 100644\n" if after is None else ""
    return f"diff --git {_quoted(f'a/{path}')} {_quoted(f'b/{path}')}\n{mode}".encode()


def _at_the_end(old: bytes, new: bytes) -> bool:
    """Are whole lines added to or taken from the end, and nothing else? Only that does git take without context.

    Not behind a single line: git holds such a hunk to be for the start of the file.
    """
    short, long = sorted((old, new), key=len)
    return long.startswith(short) and bool(not short or re.search(rb"\n.*\n\Z", short)) and b"\0" not in long


def _hunks(before: bytes, after: bytes, context: int) -> list[bytes]:
    old = _lines(before)
    groups: list[list[Hunk]] = []
    for hunk in _changes(old, _lines(after)):
        if groups and hunk.start - groups[-1][-1].end <= 2 * context:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
    out: list[bytes] = []
    shift = 0
    for group in groups:
        start, stop = max(group[0].start - context, 0), min(group[-1].end + context, len(old))
        growth = sum(len(hunk.lines) - (hunk.end - hunk.start) for hunk in group)
        out.append(f"@@ -{_range(start, stop)} +{_range(start + shift, stop + shift + growth)} @@\n".encode())
        at = start
        for hunk in group:
            out += [_line(b" ", line) for line in old[at : hunk.start]]
            out += [_line(b"-", line) for line in old[hunk.start : hunk.end]]
            out += [_line(b"+", line) for line in hunk.lines]
            at = hunk.end
        out += [_line(b" ", line) for line in old[at:stop]]
        shift += growth
    return out


def _changes(old: list[bytes], new: list[bytes]) -> list[Hunk]:
    """As difflib sees them, which finds more in common; by landmarks where it would take long."""
    counts, more = Counter(old), Counter(new)
    if sum(count * more[line] for line, count in counts.items()) > _MANY_PAIRS:
        return hunks(old, new)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Hunk(i1, i2, tuple(new[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


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


def _binary(before: bytes | None, after: bytes | None, body: bytes) -> bytes:
    index = f"index {_blob(before)}..{_blob(after)}" + (" 100644" if None not in (before, after) else "")
    return index.encode() + b"\nGIT binary patch\n" + body + b"\n"


def _blob(data: bytes | None) -> str:
    return (
        "0" * 40 if data is None else hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    )


def _literal(data: bytes) -> bytes:
    return b"literal %d\n" % len(data) + _packed(data)


def _delta(before: bytes, after: bytes) -> bytes:
    """What is new in `after`, as git's delta against `before`: the rest is copied by its offsets.

    One way only: the way back would hold the values that were replaced. (gitformat-pack: "Deltified representation")
    """
    out = _varint(len(before)) + _varint(len(after))
    old = _TOKEN.findall(before)
    offsets = list(accumulate(map(len, old), initial=0))
    at = 0
    for hunk in [*hunks(old, _TOKEN.findall(after)), Hunk(len(old), len(old), ())]:
        gone, new = b"".join(old[hunk.start : hunk.end]), b"".join(hunk.lines)
        same = common_start(gone, new)
        tail = common_start(gone[same:][::-1], new[same:][::-1])
        start = offsets[hunk.start] + same
        out += _copy(at, start) + _insert(new[same : len(new) - tail])
        at = offsets[hunk.end] - tail
    out += _copy(at, len(before))
    return b"delta %d\n" % len(out) + _packed(out, 0)


def _copy(start: int, end: int) -> bytes:
    steps = range(start, end, 0xFFFF)
    return b"".join(b"\xbf" + at.to_bytes(4, "little") + min(0xFFFF, end - at).to_bytes(2, "little") for at in steps)


def _insert(data: bytes) -> bytes:
    return b"".join(bytes([len(data[i : i + 127])]) + data[i : i + 127] for i in range(0, len(data), 127))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _packed(data: bytes, level: int = 9) -> bytes:
    packed = zlib.compress(data, level)
    rows = [packed[i : i + 52] for i in range(0, len(packed), 52)]
    return b"".join(_LENGTHS[len(row) - 1].encode() + b85encode(row + b"\0" * (-len(row) % 4)) + b"\n" for row in rows)
