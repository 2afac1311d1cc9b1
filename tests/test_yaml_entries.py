"""YAML mappings: an entry at its place, in the style around it; what is shared or put together is left."""

from __future__ import annotations

import pytest

from tests import laws
from wizard.codemods.yaml_entries import ensure_entry
from wizard.edits import Codemod

PLAIN = ensure_entry(("catalog",), "posthog-js", "^1.434.0")
SCOPED = ensure_entry(("catalog",), "@posthog/react", "^1.11.0")
NAMED = ensure_entry(("catalogs", "web"), "posthog-js", "^1.434.0")
OLD = ensure_entry(("catalog",), "posthog-js", ">=1.2 <2")
NUMBER = ensure_entry(("catalog",), "posthog-js", "1.5")

CHANGES = {
    "between": (
        PLAIN,
        "packages:\n  - a\ncatalog:\n  next: ^15 # x\n  react: ^19\n\nother: 1\n",
        "packages:\n  - a\ncatalog:\n  next: ^15 # x\n  posthog-js: ^1.434.0\n  react: ^19\n\nother: 1\n",
    ),
    "a-comment-stays-with-the-next": (
        PLAIN,
        "catalog:\n  next: 1\n  # about react\n  react: 1\n",
        "catalog:\n  next: 1\n  posthog-js: ^1.434.0\n  # about react\n  react: 1\n",
    ),
    "a-group-ends-before-its-blank-line": (
        PLAIN,
        "catalog:\n  next: 1\n\n  # group\n  react: 1\n",
        "catalog:\n  next: 1\n  posthog-js: ^1.434.0\n\n  # group\n  react: 1\n",
    ),
    "first-and-above-the-comment": (
        SCOPED,
        "catalog:\n  # about it\n  '@tanstack/query': 1\n  next: 1\n",
        "catalog:\n  '@posthog/react': ^1.11.0\n  # about it\n  '@tanstack/query': 1\n  next: 1\n",
    ),
    "last": (PLAIN, "catalog:\n  next: 1", "catalog:\n  next: 1\n  posthog-js: ^1.434.0"),
    "not-sorted": (
        PLAIN,
        "catalog:\n  zod: 1\n  next: 1\nx: 1\n",
        "catalog:\n  zod: 1\n  next: 1\n  posthog-js: ^1.434.0\nx: 1\n",
    ),
    "everything-in-quotes": (
        PLAIN,
        'catalog:\n    "next": "1.0.0"\n    "zod": "1.0.0"\n',
        'catalog:\n    "next": "1.0.0"\n    "posthog-js": "^1.434.0"\n    "zod": "1.0.0"\n',
    ),
    "quotes-only-where-needed": (
        PLAIN,
        'catalog:\n  "@a/b": ^1.0.0\n  "@a/c": ^1.0.0\n  next: ^1.0.0\n',
        'catalog:\n  "@a/b": ^1.0.0\n  "@a/c": ^1.0.0\n  next: ^1.0.0\n  posthog-js: ^1.434.0\n',
    ),
    "quotes-as-elsewhere-in-the-file": (
        SCOPED,
        'packages:\n  - "a"\ncatalog:\n  next: 1\n',
        'packages:\n  - "a"\ncatalog:\n  "@posthog/react": ^1.11.0\n  next: 1\n',
    ),
    "a-range-that-needs-quotes": (
        OLD,
        "catalog:\n  next: ^1.0.0\n",
        "catalog:\n  next: ^1.0.0\n  posthog-js: '>=1.2 <2'\n",
    ),
    "a-version-that-is-a-number": (NUMBER, "catalog:\n  next: ^1\n", "catalog:\n  next: ^1\n  posthog-js: '1.5'\n"),
    "crlf": (
        PLAIN,
        "catalog:\r\n  next: 1\r\n  zod: 1\r\n",
        "catalog:\r\n  next: 1\r\n  posthog-js: ^1.434.0\r\n  zod: 1\r\n",
    ),
    "named": (
        NAMED,
        "catalogs:\n  web:\n    react: 1\n  api:\n    express: 5\n",
        "catalogs:\n  web:\n    posthog-js: ^1.434.0\n    react: 1\n  api:\n    express: 5\n",
    ),
    "braces": (PLAIN, "catalog: {a: 1, z: 2}\n", "catalog: {a: 1, posthog-js: ^1.434.0, z: 2}\n"),
    "braces-with-blanks": (SCOPED, "catalog: { a: 1 }\n", "catalog: { '@posthog/react': ^1.11.0, a: 1 }\n"),
    "braces-of-several-lines": (
        PLAIN,
        "catalog: {\n  a: 1,\n  z: 2\n}\n",
        "catalog: {\n  a: 1,\n  posthog-js: ^1.434.0,\n  z: 2\n}\n",
    ),
    "nothing-there": (PLAIN, "catalog: # none yet\nx: 1\n", "catalog: # none yet\n  posthog-js: ^1.434.0\nx: 1\n"),
    "no-such-key": (PLAIN, "packages:\n  - a\n", "packages:\n  - a\ncatalog:\n  posthog-js: ^1.434.0\n"),
    "a-value-of-several-lines": (
        PLAIN,
        "catalog:\n  a: |\n    x\n  z: 1\n",
        "catalog:\n  a: |\n    x\n  posthog-js: ^1.434.0\n  z: 1\n",
    ),
    "anchors-elsewhere": (
        PLAIN,
        "x: &x 1\ny: *x\ncatalog:\n  a: 1\n",
        "x: &x 1\ny: *x\ncatalog:\n  a: 1\n  posthog-js: ^1.434.0\n",
    ),
}

KEEPS = {
    "there": (PLAIN, "catalog:\n  posthog-js: 1.0.0\n"),
    "there-in-quotes": (SCOPED, 'catalog:\n  "@posthog/react": 1\n'),
    "there-without-a-value": (PLAIN, "catalog:\n  posthog-js:\n"),
    "there-in-braces": (PLAIN, "catalog: {posthog-js: 1}\n"),
    "there-and-not-sorted": (PLAIN, "catalog:\n  zod: 1\n  posthog-js: 1\n  a: 1\n"),
    "there-in-a-named-one": (NAMED, "catalogs:\n  web: {posthog-js: 1}\n"),
}

REFUSES = {
    "anchor": (PLAIN, "catalog: &c\n  y: 1\n", "anchor", 1),
    "alias": (PLAIN, "x: &x\n  a: 1\ncatalog: *x\n", "anchor", 1),
    "merge-key": (PLAIN, "b: &b\n  x: 1\ncatalog:\n  <<: *b\n  y: 1\n", "merge", 4),
    "an-aliased-version": (PLAIN, "x: &x 1\ncatalog:\n  a: *x\n  z: 1\n", "alias", 3),
    "twice": (PLAIN, "catalog:\n  posthog-js: 1\n  posthog-js: 2\n", "twice", 2),
    "mapping-twice": (PLAIN, "catalog:\n  a: 1\ncatalog:\n  b: 1\n", "twice", 1),
    "a-list": (PLAIN, "catalog:\n  - a\n", "not a mapping", 2),
    "a-word": (PLAIN, "catalog: none\n", "not a mapping", 1),
    "tilde": (PLAIN, "catalog: ~\n", "not a mapping", 1),
    "no-catalogs": (NAMED, "packages: []\n", "no catalogs", 1),
    "no-such-name": (NAMED, "catalogs:\n", "no web", 1),
    "not-yaml": (PLAIN, "catalog:\n\t- a: [\n", "not YAML", None),
    "two-documents": (PLAIN, "catalog: {}\n---\na: 1\n", "not YAML", None),
    "nothing": (PLAIN, "", "no catalog", 1),
    "comment-in-the-braces": (PLAIN, "catalog: {\n  # none\n}\n", "comment", 1),
    "keys-of-two-lines": (PLAIN, "catalog:\n  ? a\n  : 1\n", "do not know", None),
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


@pytest.mark.parametrize("before", ["catalog: {}\n", "x: 1\ncatalog: {} # none\ny: 1\n"])
def test_empty_braces_become_lines(before: str) -> None:
    after = PLAIN(before)
    assert after == before.replace(" {}", "", 1).replace("\ny", "\n  posthog-js: ^1.434.0\ny", 1).replace(
        "catalog:\n", "catalog:\n  posthog-js: ^1.434.0\n"
    )
    assert PLAIN(after) == after
