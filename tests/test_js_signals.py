"""Handlers of SIGTERM and SIGINT: a promise is awaited before the process exits."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.signals import ensure_before_exit

CODEMOD = ensure_before_exit("flush()", r"\bflush\s*\(")

CHANGES = {
    "exit in a block": (
        'process.on("SIGTERM", () => {\n  server.close();\n  process.exit(0);\n});\n',
        'process.on("SIGTERM", async () => {\n  server.close();\n  await flush();\n  process.exit(0);\n});\n',
    ),
    "arrow that only exits": (
        "process.once('SIGINT', () => {\n  server.close(() => process.exit(0))\n})\n",
        "process.once('SIGINT', () => {\n  server.close(() => flush().then(() => process.exit(0)))\n})\n",
    ),
    "already async": (
        'process.on("SIGTERM", async () => {\n  await db.end();\n  process.exit(0);\n});\n',
        'process.on("SIGTERM", async () => {\n  await db.end();\n  await flush();\n  process.exit(0);\n});\n',
    ),
    "named function for both": (
        "function stop() {\n\tdb.end();\n\tprocess.exit();\n}\n"
        "process.on('SIGTERM', stop);\nprocess.on('SIGINT', stop);\n",
        "async function stop() {\n\tdb.end();\n\tawait flush();\n\tprocess.exit();\n}\n"
        "process.on('SIGTERM', stop);\nprocess.on('SIGINT', stop);\n",
    ),
    "loop over signals": (
        'for (const signal of ["SIGTERM", "SIGINT"]) {\n  process.on(signal, () => {\n    process.exit(0);\n  });\n}\n',
        'for (const signal of ["SIGTERM", "SIGINT"]) {\n  process.on(signal, async () => {\n    await flush();\n'
        "    process.exit(0);\n  });\n}\n",
    ),
    "last resort in a timeout stays": (
        'process.on("SIGTERM", () => {\n  setTimeout(() => process.exit(1), 5000);\n  process.exit(0);\n});\n',
        'process.on("SIGTERM", async () => {\n  setTimeout(() => process.exit(1), 5000);\n  await flush();\n'
        "  process.exit(0);\n});\n",
    ),
    "no exit at all": (
        'process.on("SIGTERM", () => {\n  server.close();\n});\n',
        'process.on("SIGTERM", async () => {\n  server.close();\n  await flush();\n});\n',
    ),
}
KEEPS = {
    "awaits it": 'process.on("SIGTERM", async () => {\n  await flush();\n  process.exit(0);\n});\n',
    "in another way": 'process.on("SIGTERM", () => flush().then(() => process.exit(0)));\n',
    "elsewhere in the file": 'process.on("SIGTERM", stop);\nasync function stop() { await flush(); }\n',
}
REFUSES = {
    "no handler": ("const app = 1;\n", "has no handler"),
    "another signal": ('process.on("SIGHUP", () => process.exit(0));\n', "has no handler"),
    "imported handler": (
        'import { stop } from "./stop.js";\nprocess.on("SIGTERM", stop);\n',
        "from somewhere else",
    ),
    "exit inside an expression": (
        'process.on("SIGTERM", () => {\n  ready && process.exit(0);\n});\n',
        "inside another",
    ),
    "typed result": (
        'process.on("SIGTERM", (): void => {\n  process.exit(0);\n});\n',
        "declared result",
    ),
    "one line without exit": ('process.on("SIGTERM", () => { server.close() });\n', "one line"),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, after: str) -> None:
    check(CODEMOD, before, after)


@pytest.mark.parametrize("text", KEEPS.values(), ids=KEEPS)
def test_keeps(text: str) -> None:
    check_keeps(CODEMOD, text)


@pytest.mark.parametrize(("text", "reason"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str) -> None:
    check_refuses(CODEMOD, text, reason)
