"""The `rewrites()` of a Next.js config: ours come first, whatever shape the existing ones have."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from wizard.codemods.js.objects import add_items, add_member, key_of, member, value_of
from wizard.codemods.js.statements import Present
from wizard.codemods.js.tree import FUNCTIONS, Script, has_code, named, parse
from wizard.codemods.js.values import bare, config_object, declared, literal, returned
from wizard.edits import Codemod, Edit, splice
from wizard.text import indented


def ensure_rewrites(rules: Sequence[str], present: Present) -> Codemod:
    """`rewrites()` of the exported Next.js config starts with `rules` (object literals in prettier's default style).

    Each array that is returned gets them in front; of `{ beforeFiles, afterFiles, fallback }` it is `beforeFiles`
    (https://nextjs.org/docs/app/api-reference/config/next-config-js/rewrites). `present` sees strings, not comments.
    """

    def run(text: str) -> str:
        if has_code(text, present, strings=True) if isinstance(present, str) else present(text):
            return text
        script = parse(text)
        config = config_object(script)
        existing = None if config.type == "arguments" else member(script, config, "rewrites", over_spread=False)
        edits = add_member(script, config, _method(rules)) if existing is None else _composed(script, existing, rules)
        return splice(text, edits)

    return run


def _method(rules: Sequence[str]) -> str:
    return "async rewrites() {\n  return [\n" + indented(",\n".join(rules), "    ") + ",\n  ];\n}"


def _composed(script: Script, existing: Node, rules: Sequence[str]) -> list[Edit]:
    function = existing if existing.type == "method_definition" else value_of(script, existing)
    if function.type == "identifier":
        function = declared(script, function)
    if function.type not in FUNCTIONS:
        raise script.refuse("has rewrites that are not a function", existing)
    results = [bare(result) for result in returned(script, function)]
    lists = [bare(declared(script, result)) if result.type == "identifier" else result for result in results]
    if not lists:
        raise script.refuse("has rewrites that return nothing", existing)
    return [edit for node in {node.id: node for node in lists}.values() for edit in _in_front(script, node, rules)]


def _in_front(script: Script, result: Node, rules: Sequence[str]) -> list[Edit]:
    source = ",\n".join(rules)
    if result.type == "array":
        return add_items(script, result, source, 0)
    if result.type != "object":
        raise script.refuse("has rewrites whose result is neither an array nor an object literal", result)
    if any(key_of(script, one) not in ("beforeFiles", "afterFiles", "fallback") for one in named(result)):
        raise script.refuse("has rewrites whose result this tool does not understand", result)
    before = member(script, result, "beforeFiles")
    if before is None:
        return add_member(script, result, "beforeFiles: [\n" + indented(source, "  ") + ",\n]")
    return add_items(script, literal(script, value_of(script, before), "array"), source, 0)
