"""JSON and JSONC: members and items added, everything else kept."""

from __future__ import annotations

import json

import pytest

from tests import laws
from wizard.codemods.json import ensure_item, ensure_member, member, scan
from wizard.edits import Codemod
from wizard.errors import CannotEdit

DEPENDENCY = ensure_member(("dependencies",), "posthog-js", "^1.2.0", alphabetical=True)
LAST = ensure_member(("dependencies",), "posthog-js", "^1.2.0")
TURBO = ensure_item(("tasks", "build", "env"), "POSTHOG_HOST")

CHANGES = {
    "alphabetical-middle": (
        DEPENDENCY,
        '{\n  "dependencies": {\n    "next": "15",\n    "react": "19"\n  }\n}\n',
        '{\n  "dependencies": {\n    "next": "15",\n    "posthog-js": "^1.2.0",\n    "react": "19"\n  }\n}\n',
    ),
    "alphabetical-first-with-tabs": (
        DEPENDENCY,
        '{\n\t"dependencies": {\n\t\t"react": "19"\n\t}\n}',
        '{\n\t"dependencies": {\n\t\t"posthog-js": "^1.2.0",\n\t\t"react": "19"\n\t}\n}',
    ),
    "alphabetical-last-after-scoped": (
        DEPENDENCY,
        '{\n  "dependencies": {\n    "@a/b": "1",\n    "next": "15"\n  }\n}\n\n',
        '{\n  "dependencies": {\n    "@a/b": "1",\n    "next": "15",\n    "posthog-js": "^1.2.0"\n  }\n}\n\n',
    ),
    "unordered-goes-last": (
        DEPENDENCY,
        '{\n    "dependencies": {\n        "vue": "3",\n        "axios": "1"\n    }\n}\n',
        '{\n    "dependencies": {\n        "vue": "3",\n        "axios": "1",\n        "posthog-js": "^1.2.0"\n'
        "    }\n}\n",
    ),
    "order-not-asked-for": (
        LAST,
        '{\n  "dependencies": {\n    "react": "19"\n  }\n}\n',
        '{\n  "dependencies": {\n    "react": "19",\n    "posthog-js": "^1.2.0"\n  }\n}\n',
    ),
    "section-made": (
        DEPENDENCY,
        '{\n  "name": "app",\n  "devDependencies": {\n    "vite": "7"\n  }\n}\n',
        '{\n  "name": "app",\n  "devDependencies": {\n    "vite": "7"\n  },\n  "dependencies": {\n'
        '    "posthog-js": "^1.2.0"\n  }\n}\n',
    ),
    "empty-section": (
        DEPENDENCY,
        '{\n  "dependencies": {},\n  "x": 1\n}\n',
        '{\n  "dependencies": {\n    "posthog-js": "^1.2.0"\n  },\n  "x": 1\n}\n',
    ),
    "empty-document": (DEPENDENCY, "{}\n", '{\n  "dependencies": {\n    "posthog-js": "^1.2.0"\n  }\n}\n'),
    "one-line-document": (
        LAST,
        '{"name": "x", "dependencies": {"a": "1"}}',
        '{"name": "x", "dependencies": {"a": "1", "posthog-js": "^1.2.0"}}',
    ),
    "comments-and-trailing-comma": (
        LAST,
        '// top\n{\n  "dependencies": {\n    // why "{" here\n    "z": "http://x", // tail\n  }, /* end */\n}\n',
        '// top\n{\n  "dependencies": {\n    // why "{" here\n    "z": "http://x", // tail\n'
        '    "posthog-js": "^1.2.0",\n  }, /* end */\n}\n',
    ),
    "comment-after-last-without-comma": (
        LAST,
        '{\n  "dependencies": {\n    "z": "1" // tail\n  }\n}\n',
        '{\n  "dependencies": {\n    "z": "1", // tail\n    "posthog-js": "^1.2.0"\n  }\n}\n',
    ),
    "turbo-array": (
        TURBO,
        '{\n  "tasks": { "build": { "env": ["A", "B"] } }\n}\n',
        '{\n  "tasks": { "build": { "env": ["A", "B", "POSTHOG_HOST"] } }\n}\n',
    ),
    "turbo-array-per-line": (
        TURBO,
        '{\n  "tasks": {\n    "build": {\n      "env": [\n        "A" // a\n      ]\n    }\n  }\n}\n',
        '{\n  "tasks": {\n    "build": {\n      "env": [\n        "A", // a\n        "POSTHOG_HOST"\n      ]\n'
        "    }\n  }\n}\n",
    ),
    "turbo-array-made": (
        TURBO,
        '{\n  "tasks": {\n    "build": {\n      "outputs": ["dist/**"]\n    }\n  }\n}\n',
        '{\n  "tasks": {\n    "build": {\n      "outputs": ["dist/**"],\n      "env": [\n        "POSTHOG_HOST"\n'
        "      ]\n"
        "    }\n  }\n}\n",
    ),
}

KEEPS = {
    "there": (DEPENDENCY, '{"dependencies": {"posthog-js": "*"}}'),
    "there-with-another-type": (DEPENDENCY, '{"dependencies": {"posthog-js": null}}'),
    "key-in-escapes": (DEPENDENCY, '{"dependencies": {"posthog\\u002djs": "1"}}'),
    "there-after-a-comment": (DEPENDENCY, '{\n  "dependencies": { /* } */ "posthog-js": "1", }\n}'),
    "item-there": (TURBO, '{"tasks": {"build": {"env": ["POSTHOG_HOST"]}}}'),
    "item-there-in-escapes": (TURBO, '{"tasks": {"build": {"env": ["POSTHOG\\u005fHOST"]}}}'),
}

REFUSES = {
    "empty": (DEPENDENCY, "", "ends too early", 1),
    "truncated": (DEPENDENCY, '{\n  "a": {\n', "ends too early", 3),
    "not-an-object": (DEPENDENCY, '["a"]', "the document is not an object", 1),
    "section-is-a-list": (DEPENDENCY, '{\n  "dependencies": []\n}', "dependencies is not an object", 2),
    "twice": (DEPENDENCY, '{\n  "dependencies": {},\n  "dependencies": {}\n}', "dependencies is there twice", 3),
    "single-quotes": (DEPENDENCY, "{\n  'a': 1\n}", "is not JSON", 2),
    "missing-comma": (DEPENDENCY, '{\n  "a": 1\n  "b": 2\n}', "is not JSON", 3),
    "conflict-markers": (DEPENDENCY, '{\n<<<<<<< HEAD\n  "a": 1\n}', "is not JSON", 2),
    "two-documents": (DEPENDENCY, "{}\n{}\n", "is not JSON", 2),
    "too-deep": (DEPENDENCY, "[" * 500 + "]" * 500, "is not JSON", 1),
    "item-into-a-string": (TURBO, '{\n  "tasks": {"build": {"env": "A"}}\n}', "env is not a list", 2),
    "unclosed-comment": (DEPENDENCY, '{ "a": 1 /* ', "is not JSON", 1),
    "unclosed-comment-at-the-end": (DEPENDENCY, '{\n  "a": 1\n}\n/*\n', "is not JSON", 4),
    "blank-that-json-does-not-know": (DEPENDENCY, '{\n  "a":\u2028 1\n}', "is not JSON", 2),
    "escape-that-json-does-not-know": (DEPENDENCY, '{\n  "\\q": 1\n}', "is not JSON", 2),
    "leading-zero": (DEPENDENCY, '{\n  "a": 01\n}', "is not JSON", 2),
    "digits-of-other-scripts": (DEPENDENCY, '{\n  "a": \u0661\n}', "is not JSON", 2),
    "number-of-5000-digits-beside-ours": (TURBO, '{"tasks": {"build": {"env": [%s]}}}' % ("1" * 5000), "too long", 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str) -> None:
    codemod, before, after = CHANGES[name]
    laws.check(codemod, before, after)


@pytest.mark.parametrize("name", KEEPS)
def test_keeps(name: str) -> None:
    laws.check_keeps(*KEEPS[name])


@pytest.mark.parametrize("name", REFUSES)
def test_refuses(name: str) -> None:
    codemod, text, reason, line = REFUSES[name]
    laws.check_refuses(codemod, text, reason, line)


@pytest.mark.parametrize(
    "text",
    ['{"a": [1, -2.5e3, true, false, null, "x\\"y"], "b": {"c": {}}}', "[]", '"only"', " 12 "],
    ids=["mixed", "empty-list", "string", "number"],
)
def test_scanner_agrees_with_the_standard_library(text: str) -> None:
    assert member(text, ()) == json.loads(text)
    node = scan(text)
    assert text[node.start : node.end] == text.strip()


def test_member_of_a_path_that_is_not_there() -> None:
    assert member('{"a": {"b": 1}}', ("a", "c")) is None
    assert member('{"a": 1}', ("a", "b")) is None


def test_nested_value_is_laid_out_like_the_file() -> None:
    codemod: Codemod = ensure_member((), "tasks", {"build": {"env": ["A"]}})
    before = '{\n    "version": 2\n}\n'
    after = codemod(before)
    assert json.loads(after) == {"version": 2, "tasks": {"build": {"env": ["A"]}}}
    assert after.startswith('{\n    "version": 2,\n    "tasks": {\n        "build"')


def test_scan_refuses_a_control_character_in_a_string() -> None:
    with pytest.raises(CannotEdit):
        scan('{"a": "x\ny"}')
