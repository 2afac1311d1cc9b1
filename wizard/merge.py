"""Three-way merge of lines, in bytes: takes one side's change out of a file that was edited elsewhere since."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Lines = Sequence[bytes]
_COMMA = re.compile(rb",(?=\r?\n)")
_TOO_MANY_PAIRS = 4_000_000  # difflib is quadratic; beyond this a block without a single landmark counts as rewritten


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `start:end` (0-based) of the base become `lines`."""

    start: int
    end: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged content, or the 1-based lines of `theirs` where the two sides meet; then `content` is `theirs`."""

    content: bytes
    conflicts: tuple[int, ...] = ()


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Apply the change from `base` to `ours` to `theirs`, which was itself made from `base`.

    Changes may touch but not overlap. Where our change could stand in several places with different results, that is
    a conflict too. Line ends (`\\n`, `\\r\\n`, `\\r`) are part of the lines.
    """
    if base == theirs or ours == theirs:
        return Merged(ours)
    if base == ours:
        return Merged(theirs)
    lines = base.splitlines(keepends=True)
    change = place(lines, ours.splitlines(keepends=True), theirs.splitlines(keepends=True))
    if change.conflicts:
        return Merged(theirs, change.conflicts)
    return Merged(_assemble(lines, change.ours, change.theirs))


@dataclass(frozen=True, slots=True)
class Placed:
    """Our change as hunks that fit beside theirs, or the 1-based lines of theirs where they do not."""

    ours: tuple[Hunk, ...]
    theirs: tuple[Hunk, ...]
    conflicts: tuple[int, ...]


def place(base: Lines, ours: Lines, theirs: Lines) -> Placed:
    """Find where our change from `base` goes in `theirs`. What they changed in the same way is in neither list."""
    their_hunks = hunks(base, theirs)
    our_hunks = hunks(base, ours)
    placed: list[Hunk] = []
    conflicts: list[int] = []
    for index, hunk in enumerate(our_hunks):
        low = our_hunks[index - 1].end if index else 0
        high = our_hunks[index + 1].start if index + 1 < len(our_hunks) else len(base)
        found = _place(list(_slides(base, hunk, low, high)), their_hunks)
        clash = found if isinstance(found, int) else _moved(base, found or hunk, their_hunks)
        if clash is not None:
            conflicts.append(_line_in(their_hunks, clash))
        elif isinstance(found, Hunk):
            placed.append(found)
    return Placed(tuple(placed), tuple(their_hunks), tuple(sorted(set(conflicts))))


def merge_json(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    """`merge` for JSON laid out over lines, where a neighbour of the last member gains or loses a comma.

    Only where `merge` conflicts, the commas of `theirs` follow from its lines, and the result is JSON.
    """
    strict = merge(base, ours, theirs)
    bare = merge(*(_COMMA.sub(b"", side) for side in (base, ours, theirs)))
    if not strict.conflicts or bare.conflicts or _with_commas(_COMMA.sub(b"", theirs)) != theirs:
        return strict
    content = _with_commas(bare.content)
    try:
        json.loads(content)
    except ValueError:
        return strict
    return Merged(content)


def _with_commas(content: bytes) -> bytes:
    """JSON lines with a comma after each that ends a value which another follows."""
    return re.sub(rb"(?<=[^\s{\[:,])(?=\r?\n\s*[^\s}\]:,])", b",", content)


def hunks(base: Lines, changed: Lines) -> list[Hunk]:
    """The differences between two lists of lines, in order."""
    found = []
    b = c = 0
    for i, j in [*matches(base, changed), (len(base), len(changed))]:
        if i > b or j > c:
            found.append(Hunk(b, i, tuple(changed[c:j])))
        b, c = i + 1, j + 1
    return found


def matches(a: Lines, b: Lines) -> list[tuple[int, int]]:
    """Pairs of equal lines, ascending in both. Lines that occur once on each side are the landmarks (patience diff)."""
    found: list[tuple[int, int]] = []
    todo = [(0, len(a), 0, len(b))]
    while todo:
        a1, a2, b1, b2 = todo.pop()
        while a1 < a2 and b1 < b2 and a[a1] == b[b1]:
            found.append((a1, b1))
            a1, b1 = a1 + 1, b1 + 1
        while a1 < a2 and b1 < b2 and a[a2 - 1] == b[b2 - 1]:
            a2, b2 = a2 - 1, b2 - 1
            found.append((a2, b2))
        if a1 == a2 or b1 == b2:
            continue
        landmarks = _landmarks(a[a1:a2], b[b1:b2])
        if landmarks:
            ends = [(i + a1, j + b1) for i, j in landmarks]
            found += ends
            starts = [(a1, b1), *((i + 1, j + 1) for i, j in ends)]
            todo += [(i1, i2, j1, j2) for (i1, j1), (i2, j2) in zip(starts, [*ends, (a2, b2)], strict=True)]
        elif (a2 - a1) * (b2 - b1) <= _TOO_MANY_PAIRS:
            blocks = SequenceMatcher(None, a[a1:a2], b[b1:b2], autojunk=False).get_matching_blocks()
            found += [(a1 + block.a + k, b1 + block.b + k) for block in blocks for k in range(block.size)]
    return sorted(found)


def _landmarks(a: Lines, b: Lines) -> list[tuple[int, int]]:
    counts_a, counts_b = Counter(a), Counter(b)
    where = {line: j for j, line in enumerate(b) if counts_b[line] == 1}
    pairs = [(i, where[line]) for i, line in enumerate(a) if counts_a[line] == 1 and line in where]
    return _ascending(pairs)


def _ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second numbers rise (patience sorting)."""
    tops: list[int] = []
    owners: list[int] = []
    previous: list[int | None] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        tops[pile : pile + 1] = [j]
        owners[pile : pile + 1] = [index]
        previous.append(owners[pile - 1] if pile else None)
    chain = []
    at = owners[-1] if owners else None
    while at is not None:
        chain.append(pairs[at])
        at = previous[at]
    return chain[::-1]


def _slides(base: Lines, hunk: Hunk, low: int, high: int) -> Iterator[Hunk]:
    """Every way to say the same change: a block between equal lines can be shifted (`low`, `high`: its neighbours)."""
    yield hunk
    if hunk.lines and hunk.end > hunk.start:
        return
    moved = hunk
    while moved.start > low:
        line, last = base[moved.start - 1], moved.lines[-1] if moved.lines else base[moved.end - 1]
        if line != last:
            break
        moved = Hunk(moved.start - 1, moved.end - 1, (line, *moved.lines[:-1]) if moved.lines else ())
        yield moved
    moved = hunk
    while moved.end < high:
        line, first = base[moved.end], moved.lines[0] if moved.lines else base[moved.start]
        if line != first:
            break
        moved = Hunk(moved.start + 1, moved.end + 1, (*moved.lines[1:], line) if moved.lines else ())
        yield moved


def _place(slides: Sequence[Hunk], theirs: Sequence[Hunk]) -> Hunk | int | None:
    """Where our change goes: the hunk, None when they made the same change, or the base line of the conflict."""
    if any(slide in theirs for slide in slides):
        return None
    clean = [slide for slide in slides if not any(_clash(slide, other) for other in theirs)]
    if not clean:
        first = slides[0]
        return next(max(first.start, other.start) for other in theirs if _clash(first, other))
    left, right = min(clean, key=lambda h: h.start), max(clean, key=lambda h: h.start)
    between = [other for other in theirs if left.end <= other.start and other.end <= right.start]
    if between and left != right:
        return between[0].start
    return clean[0]


def _moved(base: Lines, ours: Hunk, theirs: Sequence[Hunk]) -> int | None:
    """Where they put a line that we take out and they took from there, too: it was moved, not deleted."""
    taken = (base[max(ours.start, h.start) : min(ours.end, h.end)] for h in theirs)
    gone = {line.strip() for lines in taken for line in lines if re.search(rb"\w", line)}
    return next((h.start for h in theirs for line in h.lines if line.strip() in gone), None)


def _clash(ours: Hunk, theirs: Hunk) -> bool:
    if not ours.lines and not theirs.lines:
        return False  # both delete: what either took out is out
    if ours.start == ours.end == theirs.start == theirs.end:
        return True  # both insert at one place: the order is anybody's guess
    if ours.start == ours.end:
        return theirs.start < ours.start < theirs.end
    if theirs.start == theirs.end:
        return ours.start < theirs.start < ours.end
    return max(ours.start, theirs.start) < min(ours.end, theirs.end)


def _line_in(theirs: Sequence[Hunk], line: int) -> int:
    """The 1-based line of `theirs` where base line `line` (0-based) is."""
    shifted = line
    for hunk in theirs:
        if hunk.start < line:
            kept = len(hunk.lines) if hunk.end <= line else min(line - hunk.start, max(len(hunk.lines) - 1, 0))
            shifted += kept - (min(hunk.end, line) - hunk.start)
    return 1 + shifted


def _assemble(base: Lines, ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> bytes:
    every = [*ours, *theirs]
    gone = {line for hunk in every for line in range(hunk.start, hunk.end)}
    # at one offset, what is inserted stands before what replaces the line there
    adding = sorted((h for h in every if h.lines), key=lambda h: (h.start, h.end > h.start))
    result: list[bytes] = []
    position = 0
    for hunk in [*adding, Hunk(len(base), len(base), ())]:
        result += (base[i] for i in range(position, hunk.start) if i not in gone)
        result += hunk.lines
        position = max(position, hunk.start)
    return _joined(result)


def _joined(lines: Sequence[bytes]) -> bytes:
    """The lines in a row; one without a line end (the last line of its side) gets one when another follows."""
    crlf, ends = (sum(line.endswith(end) for line in lines) for end in (b"\r\n", b"\n"))
    eol = b"\r\n" if crlf * 2 > ends else b"\n"
    ended = [line if line.endswith((b"\n", b"\r")) else line + eol for line in lines[:-1]]
    return b"".join([*ended, *lines[-1:]])


def with_line_ends_of(sample: bytes, content: bytes) -> bytes:
    """`content` with the line ends of `sample`, when both keep to one kind each (git converts them on checkout)."""
    kinds = {(data.count(b"\r\n") > 0, data.count(b"\n") > data.count(b"\r\n")) for data in (sample, content)}
    if kinds != {(True, False), (False, True)}:
        return content
    to_crlf = b"\r\n" in sample
    return content.replace(b"\n", b"\r\n") if to_crlf else content.replace(b"\r\n", b"\n")
