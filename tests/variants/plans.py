"""Plans a restyled fixture app in memory, and checks what must hold whatever the style."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from random import Random

from tests.fixture_case import Case
from tests.variants.styles import Style, encoded
from wizard.choice import EVERYTHING, Selection
from wizard.codemods.syntax import parses
from wizard.errors import CannotEdit, WizardError
from wizard.plan import FileChange, Plan
from wizard.planning import make_plan
from wizard.project import Tree
from wizard.text import common_start, decode

Files = dict[str, bytes]


@cache
def files_of(case: Case) -> Mapping[str, bytes]:
    """Every file of the fixture's project by its POSIX path; links are followed."""
    root = case.folder / "project"
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def restyled(case: Case, styles: Sequence[Style], codec: str, seed: int) -> Files:
    """The fixture's files, each in all of the styles that mean something for it."""
    random = Random(seed)
    out: Files = {}
    for path, data in files_of(case).items():
        try:
            text, encoding = decode(data)
        except CannotEdit:
            out[path] = data
            continue
        for style in styles:
            changed = style.restyle(path, text, random)
            text = text if changed is None else changed
        plain = encoding.codec == "utf-8" and not encoding.bom
        out[path] = encoded(text, codec) if plain else encoding.bom + text.encode(encoding.codec)
    return out


def plan_of(case: Case, files: Mapping[str, bytes], selection: Selection = EVERYTHING) -> Plan | WizardError:
    """The plan for the files as the fixture's project, nothing on disk; the error when the tree cannot be planned."""
    nowhere = Path("/nonexistent/fixture")
    tree = Tree(nowhere, nowhere, tuple(sorted(files)), files)
    try:
        found = {app.id: app for app in case.apps(tree)}
        if case.wanted["framework"] not in found:
            return WizardError("not detected")
        return make_plan([found[case.wanted["framework"]]], case.answers(), selection=selection)
    except WizardError as error:
        if error.exit_code == 70:
            raise
        return error


def check(case: Case, plan: Plan, files: Mapping[str, bytes]) -> None:
    """The laws of every edit: see the functions below. What an edit may alter is taken from the fixture as it is."""
    removed = _declared(case)
    final = {**files, **{f.path: f.after for f in plan.files}}
    for change in plan.files:
        if change.before is None:
            continue
        before, after = decode(change.before), decode(change.after)
        assert before[1] == after[1], f"{change.path}: the encoding or its mark changed"
        _line_ends(change.path, before[0], after[0])
        _parses(change.path, before[0], after[0])
        if not removed.get(change.path):
            _only_adds(change.path, before[0], after[0])
        _only_declared_lines(change, removed.get(change.path, 0))
    for step in plan.manual:
        path, _, line = step.where.partition(":")
        if line:
            assert 1 <= int(line) <= len(decode(final[path])[0].splitlines()), step.where


@cache
def _declared(case: Case) -> Mapping[str, int]:
    base = plan_of(case, files_of(case))
    return {f.path: removed_lines(f) for f in base.files} if isinstance(base, Plan) else {}


def removed_lines(change: FileChange) -> int:
    """How many of the old lines are not in the new file, line ends aside."""
    old = decode(change.before)[0].splitlines() if change.before is not None else []
    new = decode(change.after)[0].splitlines()
    return len(old) - sum(size for _, _, size in _matching(old, new))


def _matching(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """`(start in old, start in new, size)` of what stayed; only the part between the first and the last difference is
    compared line by line, for that is quadratic."""
    first = common_start(old, new)
    last = common_start(old[first:][::-1], new[first:][::-1])
    yield 0, 0, first
    matcher = SequenceMatcher(None, old[first : len(old) - last], new[first : len(new) - last], autojunk=False)
    for block in matcher.get_matching_blocks():
        yield block.a + first, block.b + first, block.size
    yield len(old) - last, len(new) - last, last


def _only_declared_lines(change: FileChange, declared: int) -> None:
    """No style makes an edit touch more of the old lines than it does in the fixture, commas of last items aside."""
    spare = 2  # a last item without a trailing comma gains one
    assert removed_lines(change) <= declared + spare, f"{change.path}: alters lines that it need not"


def _line_ends(path: str, before: str, after: str) -> None:
    """Old lines keep their ends, new ones take the majority's; the last line ends as it did unless ours follows."""
    ends = set(re.findall(r"\r\n|\n|\r", before))
    new = set(re.findall(r"\r\n|\n|\r", after))
    assert not ends or new <= ends, f"{path}: line ends {ends} became {new}"
    old_lines, new_lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    bare, now = ([line.rstrip("\r\n") for line in lines] for lines in (old_lines, new_lines))
    for a, b, size in _matching(bare, now):
        for i in range(size):
            old, fresh = old_lines[a + i], new_lines[b + i]
            last = a + i == len(old_lines) - 1
            if re.search(r"\w", old) and not last:  # a bracket alone may be one of ours
                assert old == fresh, f"{path}: {old!r} became {fresh!r}"
    if before and before[-1] == "\n":
        assert after[-1] == "\n", f"{path}: lost its final newline"


def _only_adds(path: str, before: str, after: str) -> None:
    """Every character of the old text is in the new one, in order."""
    rest = iter(after)
    for offset, char in enumerate(before):
        assert char in rest, f"{path}: lost {before[offset : offset + 60]!r}"


def _parses(path: str, before: str, after: str) -> None:
    assert parses(path, after) or not parses(path, before), f"{path}: parsed before, does not now"


def has_mark(data: bytes) -> bool:
    """Does the file begin with a byte order mark?"""
    return data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
