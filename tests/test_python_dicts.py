"""One more key in a dict of settings."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.dicts import ensure_key

HANDLER = ensure_key("REST", "HANDLER", '"p.handle"')

CHANGES = {
    "one_per_line": ('REST = {\n    "A": 1,\n}\n', 'REST = {\n    "A": 1,\n    "HANDLER": "p.handle",\n}\n'),
    "no_trailing_comma": ("REST = {\n    'A': 1\n}\n", "REST = {\n    'A': 1,\n    'HANDLER': 'p.handle'\n}\n"),
    "one_line": ("REST = {'A': 1}\n", "REST = {'A': 1, 'HANDLER': 'p.handle'}\n"),
    "empty": ("REST = {}\n", 'REST = {"HANDLER": "p.handle"}\n'),
    "annotated": ('REST: dict = {"A": 1}\n', 'REST: dict = {"A": 1, "HANDLER": "p.handle"}\n'),
    "nested_values": (
        'REST = {\n    "A": {\n        "HANDLER": 1,\n    },  # keep\n}\n',
        'REST = {\n    "A": {\n        "HANDLER": 1,\n    },  # keep\n    "HANDLER": "p.handle",\n}\n',
    ),
}
KEEPS = {
    "same_value": 'REST = {"HANDLER": "p.handle"}\n',
    "another_value": "REST = {\n    'HANDLER': 'own.handle',\n    'A': 1,\n}\n",
    "computed_value": 'REST = {"HANDLER": handler()}\n',
    "set_later": 'REST = {"A": 1}\nREST["HANDLER"] = "own.handle"\n',
    "unpacked_but_there": 'REST = {**base, "HANDLER": "own.handle"}\n',
}
REFUSES = {
    "none": ("OTHER = {}\n", "does not assign", None),
    "computed": ("X = 1\nREST = make()\n", "computes REST", 2),
    "twice": ("REST = {}\nREST = {}\n", "more than once", 2),
    "conditional": ("if X:\n    REST = {}\n", "under a condition", 2),
    "unpacks": ("REST = {**base}\n", "cannot be read", 1),
    "does_not_parse": ("REST = {\n", "does not parse", None),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, after: str) -> None:
    check(HANDLER, before, after)


@pytest.mark.parametrize("text", KEEPS.values(), ids=KEEPS)
def test_keeps(text: str) -> None:
    check_keeps(HANDLER, text)


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int | None) -> None:
    check_refuses(HANDLER, text, reason, line)
