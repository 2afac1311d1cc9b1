"""Rewrites of Next.js configs: added, or put in front of the existing ones."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.rewrites import ensure_rewrites

REWRITES = ensure_rewrites(
    ['{ source: "/ingest/a", destination: "https://a" }', '{ source: "/ingest", destination: "b" }'], "/ingest"
)
OURS = "{ source: '/ingest/a', destination: 'https://a' },\n{i}{ source: '/ingest', destination: 'b' },\n"


def ours(indent: str) -> str:
    return indent + OURS.replace("{i}", indent)


CHANGES = {
    "none": (
        "module.exports = {\n  images: { domains: ['a'] },\n}\n",
        "module.exports = {\n  images: { domains: ['a'] },\n  async rewrites() {\n    return [\n"
        + ours("      ")
        + "    ]\n  },\n}\n",
    ),
    "array": (
        "export default {\n  async rewrites() {\n    return [\n      // ours\n      { source: '/a' },\n    ]\n  },\n"
        "}\n",
        "export default {\n  async rewrites() {\n    return [\n"
        + ours("      ")
        + "      // ours\n      { source: '/a' },\n    ]\n  },\n}\n",
    ),
    "arrow_with_array": (
        "const c = {\n  rewrites: async () => [\n    { source: '/a' },\n  ],\n}\nexport default withA(c)\n",
        "const c = {\n  rewrites: async () => [\n"
        + ours("    ")
        + "    { source: '/a' },\n  ],\n}\nexport default withA(c)\n",
    ),
    "empty_array": (
        "export default {\n  a: 'a',\n  rewrites: () => [],\n}\n",
        "export default {\n  a: 'a',\n  rewrites: () => [\n" + ours("    ") + "  ],\n}\n",
    ),
    "before_files": (
        "export default {\n  rewrites() {\n    return {\n      beforeFiles: [\n        { source: '/a' },\n      ],\n"
        "    }\n  },\n}\n",
        "export default {\n  rewrites() {\n    return {\n      beforeFiles: [\n"
        + ours("        ")
        + "        { source: '/a' },\n      ],\n    }\n  },\n}\n",
    ),
    "after_files_only": (
        "export default {\n  rewrites() {\n    return {\n      afterFiles: [a('b')],\n    }\n  },\n}\n",
        "export default {\n  rewrites() {\n    return {\n      afterFiles: [a('b')],\n      beforeFiles: [\n"
        + ours("        ")
        + "      ],\n    }\n  },\n}\n",
    ),
    "every_return": (
        "export default {\n  rewrites() {\n    if (a) {\n      return []\n    }\n    return [\n      b('c'),\n    ]\n"
        "  },\n}\n",
        "export default {\n  rewrites() {\n    if (a) {\n      return [\n"
        + ours("        ")
        + "      ]\n    }\n    return [\n"
        + ours("      ")
        + "      b('c'),\n    ]\n  },\n}\n",
    ),
    "function_by_name": (
        "const rewrites = async () => {\n  const rules = [\n    { source: '/a' },\n  ]\n  return rules\n}\n"
        "export default { rewrites }\n",
        "const rewrites = async () => {\n  const rules = [\n"
        + ours("    ")
        + "    { source: '/a' },\n  ]\n  return rules\n}\n"
        "export default { rewrites }\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_ensure_rewrites(before: str, after: str) -> None:
    check(REWRITES, before, after, only_adds="=> []" not in before)


@pytest.mark.parametrize(
    "text",
    [
        "export default { rewrites: () => [{ source: '/ingest/:path*', destination: 'x' }] }\n",
        "import { rewrites } from './ingest-rewrites' // '/ingest'\nexport default { a: '/ingest' }\n",
    ],
)
def test_keeps(text: str) -> None:
    check_keeps(REWRITES, text)


REFUSES = {
    "assigned_later": (
        "const c = { a: 1 }\nc.b = 2\nc.rewrites = async () => []\nmodule.exports = c\n",
        "by an assignment",
        3,
    ),
    "assigned_by_its_name": ("const c = ({})\nc['rewrites'] = f\nmodule.exports = c\n", "by an assignment", 2),
    "assigned_to_the_exports": (
        "module.exports = { a: 1 }\nmodule.exports.rewrites = f\n",
        "by an assignment",
        2,
    ),
    "merged_later": ("const c = {}\nObject.assign(c, more)\nmodule.exports = c\n", "Object.assign", 2),
    "imported_function": ("import { rewrites } from './r'\nexport default { rewrites }\n", "from somewhere else", 2),
    "no_function": ("export default {\n  rewrites: [],\n}\n", "not a function", 2),
    "one_return_of_two_unknown": (
        "export default {\n  rewrites() { if (a) return []\n return b() },\n}\n",
        "neither an array",
        3,
    ),
    "return_without_value": (
        "export default {\n  rewrites() { if (a) return;\n return [] },\n}\n",
        "returns nothing",
        2,
    ),
    "no_return": ("export default {\n  rewrites() {},\n}\n", "return nothing", 2),
    "call": ("export default {\n  rewrites: () => f(),\n}\n", "neither an array", 2),
    "concatenated": ("export default {\n  rewrites: () => [].concat(b),\n}\n", "neither an array", 2),
    "other_object": ("export default {\n  rewrites: () => ({ a: [] }),\n}\n", "does not understand", 2),
    "spread_result": ("export default {\n  rewrites: () => ({ ...a }),\n}\n", "does not understand", 2),
    "comment_is_not_there_yet": ("// '/ingest'\nexport default f\n", "takes f from somewhere else", 2),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int) -> None:
    check_refuses(REWRITES, text, reason, line)
