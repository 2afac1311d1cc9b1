"""Every Python codemod on mutated sources, whole plans on mutated apps, and texts made to be too much.

`pytest -m slow tests/test_fuzz_python.py` takes some minutes; WIZARD_SEED=N repeats a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from tests.fixture_case import Case, cases
from tests.fuzz.mutate import mutated, seed, summary
from tests.fuzz.python import ENSURE, LOOKS, ODD, WORDS, public_functions, rows, sources
from tests.fuzz.python_laws import compiled, holds, looks
from tests.variants.plans import check as check_plan
from tests.variants.plans import files_of, plan_of, restyled
from tests.variants.python import TEN_THOUSAND_LINES
from wizard.codemods.syntax import parses
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.plan import Plan
from wizard.text import decode

Tell = Callable[[str], None]
FRAMEWORKS = ("django", "flask", "fastapi")
APPS = [case for case in cases() if case.wanted["framework"] in FRAMEWORKS]


def test_every_public_codemod_is_attacked() -> None:
    found = {name for _, name, signature in public_functions() if signature.return_annotation == "Codemod"}
    assert found == set(ENSURE)
    readers = {name for _, name, signature in public_functions() if next(iter(signature.parameters), "") == "text"}
    assert readers | {"parse"} == set(LOOKS)


@pytest.mark.parametrize("name", ENSURE)
def test_odd_syntax(name: str) -> None:
    for codemod in ENSURE[name]:
        for text in ODD:
            check(name, codemod, text, 0)


def test_some_mutated_sources(tell: Tell) -> None:
    fuzz(300, seed(20), tell)


@pytest.mark.slow
def test_many_mutated_sources(tell: Tell) -> None:
    fuzz(12_000, seed(), tell)


def test_some_mutated_apps(tell: Tell) -> None:
    fuzz_plans(8, seed(20), tell)


@pytest.mark.slow
def test_many_mutated_apps(tell: Tell) -> None:
    fuzz_plans(1000, seed(), tell)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["django-startproject", "flask-factory", "fastapi-lifespan"])
def test_ten_thousand_lines_more(name: str) -> None:
    case = Case(name)
    files = restyled(case, [TEN_THOUSAND_LINES], "utf-8", 0)
    found = plan_of(case, files)
    assert isinstance(found, Plan)
    assert [m.title for m in found.manual if "read at most" in m.title] == []
    assert [f.path for f in found.files] == [f.path for f in case_plan(case).files]
    check_plan(case, found, files)


def case_plan(case: Case) -> Plan:
    found = plan_of(case, files_of(case))
    assert isinstance(found, Plan)
    return found


def fuzz(count: int, number: int, tell: Tell) -> None:
    """A codemod of the tables with one of its own sources, or a registered one with any source."""
    random, outcomes = Random(number), Counter[str]()
    own, names = rows(), sorted(ENSURE)
    for _ in range(count):
        ours = True
        if random.random() < 0.6:
            name, codemod, text = random.choice(own)
            ours = False
        else:
            name = random.choice(names)
            codemod, text = random.choice(ENSURE[name]), random.choice(sources())
        text = odd_but_valid(text, random)
        outcomes[check(name, codemod, text, number, ours=ours)] += 1
        if random.random() < 0.2:
            looks(LOOKS[random.choice(sorted(LOOKS))], text)
    tell(summary("python", number, outcomes))


def odd_but_valid(text: str, random: Random) -> str:
    """A mutated text, most of the time one that still parses."""
    for _ in range(1 if random.random() < 0.2 else 12):
        changed = mutated(text, random, WORDS)
        if compiled(changed) is not None:
            break
    return changed


def check(name: str, codemod: Codemod, text: str, number: int, *, ours: bool = True) -> str:
    try:
        return holds(codemod, text) if ours else holds(codemod, text, None)
    except Exception as error:
        error.add_note(f"{name}, seed {number}, on {text!r}")
        raise


def fuzz_plans(count: int, number: int, tell: Tell) -> None:
    random, outcomes = Random(number), Counter[str]()
    for _ in range(count):
        case = random.choice(APPS)
        files = dict(files_of(case))
        for path in random.sample([p for p in sorted(files) if p.endswith(".py")], 1):
            try:
                text, encoding = decode(files[path])
            except CannotEdit:
                continue
            text = odd_but_valid(text, random)
            files[path] = encoding.bom + text.encode(encoding.codec, "replace")
        outcomes[plan(case, files, number)] += 1
    tell(summary("python plans", number, outcomes))


def plan(case: Case, files: dict[str, bytes], number: int) -> str:
    """Plan a mutated app: it is never unstable, and nothing that parsed is broken."""
    try:
        found = plan_of(case, files)
        if not isinstance(found, Plan):
            return "refused"
        for change in found.files:
            before = decode(change.before)[0] if change.before is not None else ""
            assert parses(change.path, decode(change.after)[0]) or not parses(change.path, before), change.path
    except Exception as error:
        changed = {p: decode(d)[0] for p, d in files.items() if files_of(case)[p] != d}
        error.add_note(f"{case.name}, seed {number}, with {changed!r}")
        raise
    return "changed" if found.files else "kept"
