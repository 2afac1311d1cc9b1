"""YAML: entries added behind the last one, anchors and merge keys read through and never written through."""

from __future__ import annotations

import pytest

from tests import laws
from wizard.codemods.yaml import ensure_name, ensure_record, read
from wizard.edits import Codemod
from wizard.errors import CannotEdit

ENV = ensure_name(("services", "web", "environment"), "KEY")
ARGS = ensure_name(("services", "web", "build", "args"), "KEY")
RENDER = ensure_record(("services", 0, "envVars"), "key", "KEY", ["sync: false"])

CHANGES = {
    "list": (
        ENV,
        "services:\n  web:\n    environment:\n      - A=1\n      - B # why\n    ports: []\n",
        "services:\n  web:\n    environment:\n      - A=1\n      - B # why\n      - KEY\n    ports: []\n",
    ),
    "list-at-the-parents-column": (
        ENV,
        "services:\n  web:\n    environment:\n    - A=1\n  other: {}\n",
        "services:\n  web:\n    environment:\n    - A=1\n    - KEY\n  other: {}\n",
    ),
    "mapping": (
        ENV,
        "services:\n  web:\n    environment:\n      A: 1\n      B: ${B}\n\n  # the other\n  db:\n    image: x\n",
        "services:\n  web:\n    environment:\n      A: 1\n      B: ${B}\n      KEY:\n\n"
        "  # the other\n  db:\n    image: x\n",
    ),
    "mapping-that-ends-in-a-block": (
        ENV,
        "services:\n  web:\n    environment:\n      A: |\n        one\n        two\n\n    image: x\n",
        "services:\n  web:\n    environment:\n      A: |\n        one\n        two\n      KEY:\n\n    image: x\n",
    ),
    "mapping-that-ends-in-nothing": (
        ENV,
        "services:\n  web:\n    environment:\n      A:\n    image: x\n",
        "services:\n  web:\n    environment:\n      A:\n      KEY:\n    image: x\n",
    ),
    "no-final-newline": (
        ENV,
        "services:\n  web:\n    environment:\n      - A=1",
        "services:\n  web:\n    environment:\n      - A=1\n      - KEY",
    ),
    "variables-made": (
        ENV,
        "services:\n  web:\n    image: x # pinned\n  db: {}\n",
        "services:\n  web:\n    image: x # pinned\n    environment:\n      - KEY\n  db: {}\n",
    ),
    "arguments-made": (
        ARGS,
        "services:\n  web:\n    build:\n      context: .\n    ports:\n      - 80:80\n",
        "services:\n  web:\n    build:\n      context: .\n      args:\n        - KEY\n    ports:\n      - 80:80\n",
    ),
    "anchors-elsewhere": (
        ENV,
        "x-a: &a\n  A: 1\nservices:\n  db:\n    environment: *a\n  web:\n    environment:\n      <<: *a\n      B: 2\n",
        "x-a: &a\n  A: 1\nservices:\n  db:\n    environment: *a\n  web:\n    environment:\n      <<: *a\n      B: 2\n"
        "      KEY:\n",
    ),
    "wide-characters-before": (
        ENV,
        "# \u00fc \U0001f600\nservices:\n  web:\n    environment:\n      - A=\u00e9\n",
        "# \u00fc \U0001f600\nservices:\n  web:\n    environment:\n      - A=\u00e9\n      - KEY\n",
    ),
    "record": (
        RENDER,
        "services:\n  - type: web\n    envVars:\n      - key: A\n        value: 1\n"
        "      - key: B\n        sync: false\n",
        "services:\n  - type: web\n    envVars:\n      - key: A\n        value: 1\n"
        "      - key: B\n        sync: false\n"
        "      - key: KEY\n        sync: false\n",
    ),
    "record-list-made": (
        RENDER,
        "services:\n- type: web\n  name: a\n\ndatabases: []\n",
        "services:\n- type: web\n  name: a\n  envVars:\n    - key: KEY\n      sync: false\n\ndatabases: []\n",
    ),
}

KEEPS = {
    "item": (ENV, "services:\n  web:\n    environment:\n      - KEY\n"),
    "item-with-a-value": (ENV, "services:\n  web:\n    environment:\n      - A=1\n      - KEY=x\n"),
    "item-in-quotes": (ENV, "services:\n  web:\n    environment:\n      - 'KEY=x'\n"),
    "flow-list": (ENV, "services:\n  web:\n    environment: [A, KEY]\n"),
    "key": (ENV, "services:\n  web:\n    environment:\n      KEY: ${KEY:-x}\n"),
    "key-without-a-value": (ENV, "services:\n  web:\n    environment:\n      KEY:\n"),
    "key-in-quotes": (ENV, 'services:\n  web:\n    environment:\n      "KEY": x\n'),
    "merged-key": (ENV, "x: &x\n  KEY: 1\nservices:\n  web:\n    environment:\n      <<: *x\n      A: 1\n"),
    "one-of-several-merged": (ENV, "x: &x {A: 1}\ny: &y {KEY: 1}\nservices: {web: {environment: {<<: [*x, *y]}}}\n"),
    "record": (RENDER, "services:\n  - envVars:\n      - key: KEY\n        value: x\n"),
    "record-other-way-round": (RENDER, "services:\n  - envVars:\n      - sync: false\n        key: KEY\n"),
}

REFUSES = {
    "open-text-block-above": (
        ARGS,
        "services:\n  web:\n    build:\n      a:\n        - A\r    environment:\r      B: |\r      ",
        "part of something else",
        None,
    ),
    "flow-list": (ENV, "services:\n  web:\n    environment: [A, B]\n", "brackets", 3),
    "flow-mapping": (ENV, "services:\n  web: {image: x}\n", "brackets", 2),
    "alias": (ENV, "x: &x\n  - A\nservices:\n  web:\n    environment: *x\n", "alias", 5),
    "anchor": (ENV, "services:\n  web:\n    environment: &e\n      - A\n", "anchor", 3),
    "tag": (ENV, "services:\n  web:\n    environment: !reset\n      - A\n", "tag", 3),
    "merged-service": (ENV, "x: &x\n  environment:\n    - A\nservices:\n  web:\n    <<: *x\n", "merged", 6),
    "merged-service-without": (ENV, "x: &x\n  image: a\nservices:\n  web:\n    <<: *x\n    ports: []\n", "hide", 5),
    "service-is-an-alias": (ENV, "services:\n  a: &a\n    image: x\n  web: *a\n", "anchor", 2),
    "last-item-is-an-alias": (
        ENV,
        "a: &a B\nservices:\n  web:\n    environment:\n      - A\n      - *a\n",
        "do not know",
        None,
    ),
    "twice": (ENV, "services:\n  web:\n    environment: []\n    environment: []\n", "twice", 3),
    "a-scalar": (ENV, "services:\n  web:\n    environment: x\n", "neither", 3),
    "empty": (ENV, "services:\n  web:\n    environment:\n", "neither", None),
    "no-service": (ENV, "services:\n  other:\n    image: x\n", "no web", 2),
    "not-yaml": (ENV, "services:\n\t- a: [\n", "not YAML", None),
    "two-documents": (ENV, "services: {}\n---\nservices: {}\n", "not YAML", None),
    "a-template": (ENV, "services:\n  {{ if x }}\n  web:\n    image: y\n", "not YAML", None),
    "records-are-no-list": (RENDER, "services:\n  - envVars:\n      A: 1\n", "not a list", 3),
    "records-in-brackets": (RENDER, "services:\n  - envVars: [{key: A}]\n", "brackets", 2),
    "blank-lines-that-are-part-of-a-value": (
        ENV,
        "services:\n  web:\n    environment:\n      A: |+\n        one\n\n    image: x\n",
        "do not know",
        None,
    ),
    "itself": (ENV, "services: &a\n  web: *a\n", "itself|anchor", None),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    laws.check(codemod, before, after)


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    laws.check_keeps(codemod, text)


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    laws.check_refuses(codemod, text, reason, line)


def test_values_are_read_through_merge_keys_own_ones_first() -> None:
    root = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\n")
    assert [root.text("c", key) for key in "xyz"] == ["0", "2", "4"]
    assert root.at("c", "w") is None
    assert root.text("a") is None


def test_on_is_a_key_like_any_other() -> None:
    assert read("on:\n  push:\n").at("on") is not None


def test_an_empty_file_is_nothing() -> None:
    assert read("# only a comment\n").at("services") is None


def test_aliases_of_aliases_are_not_multiplied() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "\n".join([*lines, "services:", "  web:", "    environment:", "      - A", ""])
    assert ENV(text).endswith("- A\n      - KEY\n")


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(CannotEdit, match="too long"):
        read("a: b\n" * 100_000)
