"""Every fixture app in every style: only declared lines change, and every byte of the rest stays.

The quick run takes some of them; `pytest -m slow tests/test_variants.py` takes each fixture with each style, and
WIZARD_EXAMPLES=N random combinations of styles (hypothesis prints the seed of a failure).
"""

from __future__ import annotations

import os
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixture_case import Case, cases
from tests.variants.data import DATA
from tests.variants.javascript import JAVASCRIPT, LONG
from tests.variants.plans import check, plan_of, restyled
from tests.variants.python import PYTHON
from tests.variants.styles import ENCODINGS, GENERAL, Style
from wizard.plan import Plan

STYLES = (*GENERAL, *JAVASCRIPT, *PYTHON, *DATA)
GROUPS = [list(group) for _, group in groupby(sorted(STYLES, key=lambda s: s.group), key=lambda s: s.group)]
MANY = int(os.environ.get("WIZARD_EXAMPLES", "3000"))

combinations = st.tuples(*(st.sampled_from([None, *group]) for group in GROUPS)).map(
    lambda drawn: [style for style in drawn if style is not None]
)


def holds(case: Case, styles: list[Style], codec: str, seed: int) -> None:
    """The laws for one restyled fixture."""
    files = restyled(case, styles, codec, seed)
    plan = plan_of(case, files)
    if isinstance(plan, Plan):
        check(case, plan, files)


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(cases()), combinations, st.sampled_from(ENCODINGS), st.integers(0, 1000))
def test_some_styles(case: Case, styles: list[Style], codec: str, seed: int) -> None:
    holds(case, styles, codec, seed)


@pytest.mark.slow
@settings(max_examples=MANY, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(cases()), combinations, st.sampled_from(ENCODINGS), st.integers(0, 1000))
def test_many_combinations(case: Case, styles: list[Style], codec: str, seed: int) -> None:
    holds(case, styles, codec, seed)


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_every_style(case: Case) -> None:
    for style in STYLES:
        for seed in range(3):
            holds(case, [style], "utf-8", seed)
    for style in LONG:
        holds(case, [style], "utf-8", 0)
    for codec in ENCODINGS:
        holds(case, [], codec, 0)
