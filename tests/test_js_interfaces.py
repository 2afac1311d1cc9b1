"""Members added to a TypeScript interface."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.interfaces import ensure_interface_members

ENV = ensure_interface_members("ImportMetaEnv", {"VITE_A": "string", "VITE_B": "string"})

ROWS = {
    "only_a_comment": (
        "interface ImportMetaEnv { /* none */ }\n",
        "interface ImportMetaEnv { /* none */\n  readonly VITE_A: string;\n  readonly VITE_B: string;\n }\n",
    ),
    "only_comments_on_lines": (
        "interface ImportMetaEnv {\n    // ours\n    // below\n}\n",
        "interface ImportMetaEnv {\n    // ours\n    // below\n    readonly VITE_A: string;\n"
        "    readonly VITE_B: string;\n}\n",
    ),
    "vite_documentation": (
        "interface ImportMetaEnv {\n  readonly VITE_APP_TITLE: string\n  // more env variables...\n}\n",
        "interface ImportMetaEnv {\n  readonly VITE_APP_TITLE: string\n  readonly VITE_A: string\n"
        "  readonly VITE_B: string\n  // more env variables...\n}\n",
    ),
    "semicolons_and_tabs": (
        "interface ImportMetaEnv {\n\treadonly X: string;\n}\n",
        "interface ImportMetaEnv {\n\treadonly X: string;\n\treadonly VITE_A: string;\n\treadonly VITE_B: string;\n}\n",
    ),
    "commas": (
        "interface ImportMetaEnv {\n  X: string,\n  Y?: string,\n}\n",
        "interface ImportMetaEnv {\n  X: string,\n  Y?: string,\n  VITE_A: string,\n  VITE_B: string,\n}\n",
    ),
    "last_one_without_its_comma": (
        "interface ImportMetaEnv {\n  X: string,\n  Y: string\n}\n",
        "interface ImportMetaEnv {\n  X: string,\n  Y: string,\n  VITE_A: string,\n  VITE_B: string,\n}\n",
    ),
    "one_is_there": (
        "interface ImportMetaEnv {\n  VITE_B?: 'x'; // ours\n}\n",
        "interface ImportMetaEnv {\n  VITE_B?: 'x'; // ours\n  VITE_A: string;\n}\n",
    ),
    "empty": (
        "declare const a: 1;\ninterface ImportMetaEnv {}\n",
        "declare const a: 1;\ninterface ImportMetaEnv {\n  readonly VITE_A: string;\n  readonly VITE_B: string;\n}\n",
    ),
    "one_line": (
        "interface ImportMetaEnv { X: string }\n",
        "interface ImportMetaEnv { X: string; VITE_A: string; VITE_B: string }\n",
    ),
    "one_line_ended": (
        "interface ImportMetaEnv { readonly X: string; }\n",
        "interface ImportMetaEnv { readonly X: string; readonly VITE_A: string; readonly VITE_B: string; }\n",
    ),
    "in_a_global_block": (
        "declare global {\n  interface ImportMetaEnv {\n    X: string;\n  }\n}\nexport {};\n",
        "declare global {\n  interface ImportMetaEnv {\n    X: string;\n    VITE_A: string;\n    VITE_B: string;\n  }\n"
        "}\nexport {};\n",
    ),
    "index_signature": (
        "interface ImportMetaEnv {\n  [key: string]: string;\n}\n",
        "interface ImportMetaEnv {\n  [key: string]: string;\n  readonly VITE_A: string;\n"
        "  readonly VITE_B: string;\n}\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), ROWS.values(), ids=ROWS)
def test_members(before: str, after: str) -> None:
    check(ENV, before, after)


KEEPS = {
    "both_there": "interface ImportMetaEnv {\n  readonly VITE_A: string\n  readonly VITE_B?: string\n}\n",
    "quoted": "interface ImportMetaEnv {\n  'VITE_A': string\n  \"VITE_B\": boolean\n}\n",
    "extends": "interface ImportMetaEnv extends Base { VITE_A: string; VITE_B: string }\n",
}


@pytest.mark.parametrize("text", KEEPS.values(), ids=KEEPS)
def test_keeps(text: str) -> None:
    check_keeps(ENV, text)


REFUSES = {
    "no_interface": ("interface Other {}\n", "0 times", None),
    "in_a_comment": ("// interface ImportMetaEnv {}\nexport {}\n", "0 times", None),
    "a_type": ("type ImportMetaEnv = { X: string }\n", "0 times", None),
    "twice": ("interface ImportMetaEnv {}\ninterface ImportMetaEnv {}\n", "2 times", None),
    "broken": ("interface ImportMetaEnv {\n  X: ;\n}\n", "syntax", 2),
    "ends_on_the_last_line": ("interface ImportMetaEnv {\n  X: string }\n", "ends on the line", 2),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int | None) -> None:
    check_refuses(ENV, text, reason, line)
