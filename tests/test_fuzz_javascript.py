"""Codemods for JavaScript, HTML and Astro against sources that nobody would write.

`pytest -m slow tests/test_fuzz_javascript.py` runs CASES of them with a new seed; WIZARD_SEED=N repeats a run,
WIZARD_CASES=N changes how many. A source that breaks something becomes a row in the table of its codemod. Files made
to hang or overflow a program are in `fuzz/pathological.py`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from tests.fixture_case import Case, cases
from tests.fuzz import pathological
from tests.fuzz.javascript import ENSURE, LOOKS, MARKUP, SCRIPTS, Attack, rows, sources, uncovered
from tests.fuzz.javascript_laws import holds, in_time, looks, unharmed
from tests.fuzz.javascript_words import MARKUP_WORDS, ODD, WORDS
from tests.fuzz.mutate import mutated, seed, summary
from tests.variants.plans import files_of, plan_of
from wizard.errors import CannotEdit
from wizard.plan import Plan
from wizard.text import decode

SUFFIXES = SCRIPTS + MARKUP
CASES = int(os.environ.get("WIZARD_CASES", "10000"))


def _source(random: Random, attack: Attack) -> str:
    pool = random.choice((rows(attack.rows), rows(attack.rows), sources(attack.kind), ODD))
    text = random.choice(pool)
    if attack.kind == "markup":
        return text if random.random() < 0.1 else mutated(text, random, MARKUP_WORDS)
    # comments of HTML are read by chance in scripts, and no module may have them
    return (text if random.random() < 0.1 else mutated(text, random, WORDS)).replace("<!--", "<! --")


def attacked(count: int, start: int) -> Counter[str]:
    """What came out of `count` cases, each with a seed of its own."""
    outcome: Counter[str] = Counter()
    looking = list(LOOKS)
    for number in range(start, start + count):
        random = Random(number)
        attack = random.choice(ENSURE)
        text = _source(random, attack)
        name = random.choice(looking) if random.random() < 0.2 else ""
        try:
            outcome[looks(name, text) if name else holds(attack, text)] += 1
        except Exception as error:
            error.add_note(f"WIZARD_SEED={number}, {name or attack.target} on:\n{text!r}")
            raise
    return outcome


@cache
def _apps() -> list[Case]:
    return [case for case in cases() if case.framework.language == "javascript"]


def planned(count: int, start: int) -> Counter[str]:
    """The same for whole plans: one or two files of a fixture app are mutated."""
    outcome: Counter[str] = Counter()
    for number in range(start, start + count):
        random = Random(number)
        case = random.choice(_apps())
        files = dict(files_of(case))
        code = sorted(path for path in files if path.endswith(SUFFIXES))
        for path in random.sample(code, min(len(code), random.choice((1, 1, 2)))):
            text = mutated(files[path].decode("utf-8", "replace"), random, MARKUP_WORDS)
            files[path] = text.encode("utf-8", "replace")
        try:
            plan = plan_of(case, files)
            if not isinstance(plan, Plan):
                outcome["refused"] += 1
                continue
            for change in (c for c in plan.files if c.before is not None and c.path.endswith(SUFFIXES)):
                before, after = (decode(data or b"")[0] for data in (change.before, change.after))
                unharmed(before, after, markup=change.path.endswith(MARKUP))
        except Exception as error:
            error.add_note(f"WIZARD_SEED={number}, {case.name}")
            raise
        outcome["changed" if plan.files else "kept"] += 1
    return outcome


def test_every_public_function_is_attacked() -> None:
    assert uncovered() == set()


def test_some_mutations() -> None:
    outcome = attacked(300, seed(1))
    assert min(outcome[one] for one in ("changed", "kept", "refused")) > 10, outcome


def test_some_plans() -> None:
    outcome = planned(60, seed(1))
    assert outcome["changed"] > 20, outcome


@pytest.mark.slow
def test_many_plans(tell: Callable[[str], None]) -> None:
    start = seed()
    tell(summary("javascript plans", start, planned(CASES // 10, start)))


@pytest.mark.slow
def test_many_mutations(tell: Callable[[str], None]) -> None:
    start = seed()
    tell(summary("javascript", start, attacked(CASES, start)))


SHAPES = [("script", name) for name in pathological.SCRIPTS] + [("markup", name) for name in pathological.MARKUP]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), SHAPES, ids=[f"{kind}: {name}" for kind, name in SHAPES])
def test_ends_in_time_whatever_the_file(kind: str, name: str) -> None:
    text = (pathological.SCRIPTS if kind == "script" else pathological.MARKUP)[name]
    for attack in {attack.target: attack for attack in ENSURE if attack.kind == kind}.values():
        started = time.process_time()
        with contextlib.suppress(CannotEdit):
            attack.codemod(text)
        in_time(started)
    for name in LOOKS:
        looks(name, text)


@pytest.mark.parametrize(
    "name", ["brackets", "calls", "names", "elements", "template", "headers", "open objects", "type arguments"]
)
def test_nothing_overflows(name: str) -> None:
    text = pathological.SCRIPTS[name]
    for attack in (attack for attack in ENSURE[::6] if attack.kind == "script"):
        started = time.process_time()
        with contextlib.suppress(CannotEdit):
            attack.codemod(text)
        in_time(started)
