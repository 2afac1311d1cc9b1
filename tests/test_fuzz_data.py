"""Codemods for env files, manifests and requirement files against mutated sources.

`pytest -m slow tests/test_fuzz_data.py -s` runs WIZARD_CASES (default 6000) of them; WIZARD_SEED repeats a run.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from tests.fuzz.data import MODULES, PATHOLOGICAL, TARGETS, Target
from tests.fuzz.mutate import mutated, seed, summary
from wizard.errors import CannotEdit

CASES = int(os.environ.get("WIZARD_CASES", "6000"))
LIMIT = 2.0


def public_codemods() -> set[str]:
    """`module.function` of everything public in the modules that makes a codemod."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if inspect.signature(function).return_annotation == "Codemod"
    }


def test_every_codemod_is_attacked() -> None:
    assert public_codemods() == set(TARGETS)


def outcome(target: Target, text: str) -> str:
    """`changed`, `refused` or `kept`; raises AssertionError when a law does not hold."""
    refusal, after = None, text
    started = time.process_time()
    try:
        after = target.codemod(text)
    except CannotEdit as error:
        refusal = error
    assert time.process_time() - started < LIMIT, "takes too long"
    if refusal is not None:
        assert refusal.reason.isascii()
        assert refusal.line is None or 1 <= refusal.line <= text.count("\n") + 1
        return "refused"
    if after == text:
        return "kept"
    with contextlib.suppress(CannotEdit):  # then no plan makes the first edit either
        assert target.codemod(after) == after, "a second pass changes it again"
    if target.only_adds:
        rest = iter(after)
        assert all(char in rest for char in text if not char.isspace()), "something is lost"
    target.check(text, after)
    return "changed"


def attack(cases: int, number: int) -> str:
    """Run that many cases with that seed; what came of them."""
    random = Random(number)
    every = [(name, target) for name, targets in TARGETS.items() for target in targets]
    counts: Counter[str] = Counter()
    for case in range(cases):
        name, target = every[case % len(every)]
        text = mutated(random.choice(target.sources), random, target.words)
        try:
            counts[outcome(target, text)] += 1
        except Exception as error:
            error.add_note(f"{name}, seed {number}, case {case}: {text!r}")
            raise
    return summary("data", number, counts)


def test_some_cases(tell: Callable[[str], None]) -> None:
    tell(attack(400, seed(1)))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "text"), PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_no_text_takes_long(kind: str, text: str) -> None:
    targets = [target for name, targets in TARGETS.items() if kind in name for target in targets]
    assert targets
    for target in targets:
        started = time.process_time()
        with contextlib.suppress(CannotEdit):
            target.codemod(text)
        assert time.process_time() - started < LIMIT


@pytest.mark.slow
def test_many_cases(tell: Callable[[str], None]) -> None:
    tell(attack(CASES, seed()))
