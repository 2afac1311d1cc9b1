"""The `matcher` of a Next.js middleware: a path that it never sees."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from wizard.codemods.js.objects import key_of
from wizard.codemods.js.tree import Script, ancestors, parse, require_sound
from wizard.edits import Codemod, insert, splice

_ALL_BUT = "/((?!"
_ELSEWHERE = re.compile(r"/(?:[\w.-]+(?:/.*)?|\([\w|-]+\)(?:/.*|\(\.\*\))?)?")
"""A pattern whose first part is a name, or one of several names."""


def exclude_from_matcher(path: str) -> Codemod:
    """No pattern in `config.matcher` lets the middleware see `path` (`ph-relay`) and what is below it.

    Patterns for all paths but some (`/((?!api).*)`) except it, too; those for other paths stay; the rest is refused.
    Source: https://nextjs.org/docs/app/api-reference/file-conventions/proxy#matcher
    """

    def run(text: str) -> str:
        script = parse(text)
        pairs = (node for node in script.find("pair") if key_of(script, node) == "matcher")
        matchers = [node for node in pairs if _of_config(script, node)]
        if len(matchers) != 1:
            raise script.refuse(f"has {len(matchers)} matchers where this tool needs one", next(iter(matchers), None))
        require_sound(script, matchers[0])
        edits = []
        for node in _patterns(script, matchers[0].child_by_field_name("value")):
            pattern = script.string(node)
            if pattern is not None and pattern.startswith(_ALL_BUT):
                if path not in pattern:
                    edits.append(insert(script.span(node)[0] + 1 + len(_ALL_BUT), f"{path}|"))
            elif pattern is None or not _ELSEWHERE.fullmatch(pattern) or path in pattern:
                raise script.refuse("has a pattern in its matcher that may see all paths", node)
        return splice(text, edits)

    return run


def _of_config(script: Script, node: Node) -> bool:
    """Is a pair a direct member of `export const config`?"""
    declarator = next((one for one in ancestors(node) if one.type == "variable_declarator"), None)
    name = declarator.child_by_field_name("name") if declarator else None
    within = [one.type for one in ancestors(node)]
    return name is not None and script.source(name) == "config" and within.count("object") == 1


def _patterns(script: Script, value: Node | None) -> Iterator[Node]:
    """The expressions that say which paths: the value, the items of a list, `source` of an object."""
    if value is None:
        return
    if value.type == "array":
        for item in value.named_children:
            if item.type != "comment":
                yield from _patterns(script, item)
    elif value.type == "object":
        sources = [one for one in value.named_children if one.type == "pair" and key_of(script, one) == "source"]
        yield from (inner for one in sources if (inner := one.child_by_field_name("value")))
        if not sources:
            yield value
    else:
        yield value
