"""Ways to write the same JavaScript, JSX, HTML or Astro: quotes, semicolons, commas, comments, headers, length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from random import Random

from tree_sitter import Node

from tests.variants.styles import Style
from wizard.codemods.js.style import needs_semicolon
from wizard.codemods.js.tree import Script, descend, parse
from wizard.edits import Edit, insert, splice
from wizard.text import indent_at, line_start

SCRIPTS = {".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts"}
_STATEMENTS = (
    "import_statement",
    "lexical_declaration",
    "variable_declaration",
    "expression_statement",
    "return_statement",
    "throw_statement",
    "export_statement",
)
_LISTS = ("object", "array", "arguments", "object_pattern", "array_pattern", "named_imports", "export_clause")
_TOKENS_BEFORE = ("return", "throw", "break", "continue", "async", "yield", "=>", "++", "--")

Edits = Callable[[Script, Random], Iterator[Edit]]


def _script(edits: Edits) -> Callable[[str, str, Random], str | None]:
    """A style that edits scripts; a result that does not parse is a style that means nothing here."""

    def restyle(path: str, text: str, random: Random) -> str | None:
        if PurePosixPath(path).suffix not in SCRIPTS or path.endswith(".d.ts") or parse(text).root.has_error:
            return None
        changed = splice(text, {(e.start, e.end): e for e in edits(parse(text), random)}.values())
        return None if changed == text or parse(changed).root.has_error else changed

    return restyle


def _semicolons_off(script: Script, random: Random) -> Iterator[Edit]:
    for node in script.find(*_STATEMENTS):
        end = script.end(node)
        ends_line = re.match(r"[ \t]*(//[^\n]*)?\r?(\n|$)", script.text[end:]) is not None
        in_loop = node.parent is not None and node.parent.type == "for_statement"
        needed = in_loop or needs_semicolon(script.text[end:])
        if script.source(node).endswith(";") and ends_line and not needed:
            yield Edit(end - 1, end, "")


def _semicolons_on(script: Script, random: Random) -> Iterator[Edit]:
    for node in script.find(*_STATEMENTS):
        in_block = node.parent is not None and node.parent.type in ("program", "statement_block")
        # `export function f() {}` takes none
        if in_block and node.type != "export_statement" and not script.source(node).endswith(";"):
            yield insert(script.end(node), ";")


def _quotes(quote: str) -> Edits:
    def edits(script: Script, random: Random) -> Iterator[Edit]:
        for node in script.find("string"):
            in_jsx = node.parent is not None and node.parent.type == "jsx_attribute"
            if in_jsx or re.search(r"['\"\\]", script.source(node)[1:-1]):
                continue
            start, end = script.span(node)
            yield Edit(start, start + 1, quote)
            yield Edit(end - 1, end, quote)

    return edits


def _lists(script: Script) -> Iterator[tuple[Node, Node]]:
    """Each list with its last item."""
    for node in script.find(*_LISTS):
        items = [child for child in node.named_children if child.type != "comment"]
        if items and items[-1].type not in ("rest_pattern", "spread_element"):
            yield node, items[-1]


def _commas_on(script: Script, random: Random) -> Iterator[Edit]:
    for node, last in _lists(script):
        if "," not in [child.type for child in node.children if child.start_byte >= last.end_byte]:
            yield insert(script.end(last), ",")


def _commas_off(script: Script, random: Random) -> Iterator[Edit]:
    for node, last in _lists(script):
        comma = next((c for c in node.children if c.start_byte >= last.end_byte and c.type == ","), None)
        if comma is not None and comma.prev_sibling and comma.prev_sibling.type != ",":
            yield Edit(*script.span(comma), "")


def _comment_lines(script: Script, random: Random) -> Iterator[Edit]:
    """A comment on a line of its own before and after every statement."""
    for number, node in enumerate(_alone(script)):
        start = line_start(script.text, script.start(node))
        text = random.choice((f"// note {number}\n", f"/* note {number} */\n", f"/**\n{{}} * note {number}\n{{}} */\n"))
        indent = indent_at(script.text, start)
        yield insert(start, indent + text.format(indent, indent))


def _comments_behind(script: Script, random: Random) -> Iterator[Edit]:
    """A comment at the end of every line that ends a statement, an item of a list or an attribute."""
    for number, (_, end) in enumerate(_line_ends(script)):
        yield insert(end, random.choice((f" // behind {number}", f" /* behind {number} */")))


def _comments_between(script: Script, random: Random) -> Iterator[Edit]:
    """Block comments between tokens, wherever a blank may stand."""
    number = 0
    for node in _leaves(script.root):
        before = node.prev_sibling.type if node.prev_sibling else ""
        if before in _TOKENS_BEFORE or random.random() > 0.15 or _in_text(node):
            continue
        number += 1
        yield insert(script.start(node), f"/* t{number} */ ")


def _comments_at_ends(script: Script, random: Random) -> Iterator[Edit]:
    """A comment as the last thing in every list, block and element."""
    for number, node in enumerate(script.find(*_LISTS, "statement_block", "jsx_self_closing_element")):
        width = 2 if node.type == "jsx_self_closing_element" else 1
        yield insert(script.end(node) - width, f" /* end {number} */ ")


def _alone(script: Script) -> Iterator[Node]:
    """Statements that begin their line, in blocks and at top level."""
    for node in descend(script.root):
        if node.parent and node.parent.type in ("program", "statement_block") and node.type != "comment":
            start = script.start(node)
            if not script.text[line_start(script.text, start) : start].strip() and node.type != "hash_bang_line":
                yield node


def _line_ends(script: Script) -> Iterator[tuple[Node, int]]:
    seen: set[int] = set()
    kinds = (*_STATEMENTS, "pair", "jsx_attribute", "import_specifier", "spread_element", "method_definition")
    for node in script.find(*kinds):
        end = script.end(node)
        match = re.match(r"[,;]?(?=\r?(\n|$))", script.text[end:])
        if match and end + match.end() not in seen:
            seen.add(end + match.end())
            yield node, end + match.end()


def _leaves(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.child_count and node.type not in ("string", "template_string", "comment", "regex"):
            pending.extend(reversed(node.children))
        elif node.type != "comment":
            yield node


def _in_text(node: Node) -> bool:
    """Is a comment in front of the node text of JSX or part of a type or template, or would it split a token?"""
    parent = node.parent
    inside = parent.type if parent else ""
    return (
        inside.startswith("jsx_element")
        or node.type in ("jsx_text", "hash_bang_line", ";", "<", "</", ">", "/>")
        or inside in ("jsx_closing_element", "jsx_opening_element", "template_substitution", "jsx_text", "program")
        or (inside.startswith("jsx_") and node.prev_sibling is None)
        or "template" in node.type
    )


def header(lines: str, *, modules: bool = True) -> Callable[[str, str, Random], str | None]:
    """`lines` become the first of the file."""

    def restyle(path: str, text: str, random: Random) -> str | None:
        suffix = PurePosixPath(path).suffix
        taken = text.startswith(("#!", "'use", '"use', "\ufeff"))
        if suffix not in SCRIPTS or taken or path.endswith(".d.ts") or (not modules and "import" in text):
            return None
        return lines + text

    return restyle


def padded(path: str, text: str, random: Random) -> str | None:
    """Ten thousand lines more, half of them below the imports and half at the end; only in some of the files."""
    if PurePosixPath(path).suffix not in SCRIPTS or path.endswith(".d.ts") or parse(text).root.has_error:
        return None
    if random.random() > 0.3:
        return None
    script = parse(text)
    functions = [f"function padding{n}(a) {{\n  return a + {n}\n}}\n" for n in range(3334)]
    imports = [n for n in script.root.children if n.type == "import_statement"]
    place = text.find("\n", script.end(imports[-1])) + 1 if imports else 0
    if not place or not text.endswith("\n"):
        return text + ("" if text.endswith("\n") else "\n") + "".join(functions)
    return text[:place] + "".join(functions[:1667]) + text[place:] + "".join(functions[1667:])


def one_line(path: str, text: str, random: Random) -> str | None:
    """Everything in one line, as minifiers leave it; comments that end a line go."""
    if PurePosixPath(path).suffix not in SCRIPTS or path.endswith(".d.ts") or parse(text).root.has_error:
        return None
    script = parse(text)
    with_ends = splice(text, _semicolons_on(script, random))
    script = parse(with_ends)
    kept = [script.span(node) for node in script.find("template_string", "string")]
    edits = [Edit(*script.span(node), "") for node in script.find("comment")]
    blanks = (m for m in re.finditer(r"[ \t]*\r?\n\s*", with_ends))
    taken = [(edit.start, edit.end) for edit in edits] + kept
    edits += [Edit(*m.span(), " ") for m in blanks if not any(a < m.end() and m.start() < b for a, b in taken)]
    changed = splice(with_ends, edits).strip()
    return None if parse(changed).root.has_error else changed


def exported_by_name(path: str, text: str, random: Random) -> str | None:
    """`export default x` as `const ours_ = x` and `export { ours_ as default }`, or `module.exports` by a name."""
    if PurePosixPath(path).suffix not in SCRIPTS or parse(text).root.has_error or path.endswith(".d.ts"):
        return None
    script = parse(text)
    for node in script.root.children:
        value = node.child_by_field_name("value") if node.type == "export_statement" else None
        if value is None or not re.match(r"export\s+default\b", script.source(node)):
            continue
        end = script.text[script.end(value) : script.end(node)]
        last = random.choice(("export { exported as default }", "export default exported"))
        renamed = f"const exported = {script.source(value)}{end}\n{last}{end}"
        changed = splice(text, [Edit(*script.span(node), renamed)])
        return None if parse(changed).root.has_error else changed
    return None


def parenthesized(path: str, text: str, random: Random) -> str | None:
    """`export default (x)`."""
    if PurePosixPath(path).suffix not in SCRIPTS or parse(text).root.has_error or path.endswith(".d.ts"):
        return None
    script = parse(text)
    for node in script.root.children:
        value = node.child_by_field_name("value") if node.type == "export_statement" else None
        if value is not None and re.match(r"export\s+default\b", script.source(node)):
            return splice(text, [insert(script.start(value), "("), insert(script.end(value), ")")])
    return None


def tabs_in_jsx(path: str, text: str, random: Random) -> str | None:
    """The text of elements begins with tabs, whatever the rest of the file does."""
    if PurePosixPath(path).suffix not in {".jsx", ".tsx", ".js"} or parse(text).root.has_error:
        return None
    script = parse(text)
    edits = []
    for node in script.find("jsx_text"):
        start = script.start(node)
        for match in re.finditer(r"(?m)^( {2})+", script.source(node)):
            edits.append(Edit(start + match.start(), start + match.end(), "\t" * (len(match[0]) // 2)))
    changed = splice(text, edits)
    return None if changed == text else changed


def comments_in_markup(path: str, text: str, random: Random) -> str | None:
    """Comments before and behind the tags of an HTML page or an Astro component."""
    if PurePosixPath(path).suffix not in {".html", ".astro"}:
        return None
    number = iter(range(10_000))
    pattern = r"(?im)^([ \t]*)(</?(?:head|body|html|title|meta|link)\b[^>\n]*>)[ \t]*(?=\r?$)"
    return re.sub(pattern, lambda m: f"{m[1]}<!-- b{next(number)} -->{m[2]} <!-- a{next(number)} -->", text)


JAVASCRIPT = (
    Style("no-semicolons", "semicolons", _script(_semicolons_off)),
    Style("semicolons", "semicolons", _script(_semicolons_on)),
    Style("single-quotes", "quotes", _script(_quotes("'"))),
    Style("double-quotes", "quotes", _script(_quotes('"'))),
    Style("trailing-commas", "commas", _script(_commas_on)),
    Style("no-trailing-commas", "commas", _script(_commas_off)),
    Style("export-by-name", "export", exported_by_name),
    Style("export-in-parentheses", "export", parenthesized),
    Style("tabs-in-jsx", "jsx", tabs_in_jsx),
    Style("comments-before", "comments", _script(_comment_lines)),
    Style("comments-behind", "comments", _script(_comments_behind)),
    Style("comments-between", "comments", _script(_comments_between)),
    Style("comments-at-ends", "comments", _script(_comments_at_ends)),
    Style("comments-in-markup", "comments", comments_in_markup),
    Style("use-client", "header", header("'use client'\n\n")),
    Style("use-strict", "header", header('"use strict";\n', modules=False)),
    Style("shebang", "header", header("#!/usr/bin/env node\n")),
    Style("shebang-and-use-strict", "header", header("#!/usr/bin/env node\n'use strict'\n\n", modules=False)),
    Style("license", "header", header("/*!\n * Copyright\n */\n// @ts-nocheck\n\n")),
    Style("one-line", "length", one_line),
)

LONG = (Style("ten-thousand-lines", "length", padded),)
"""Too slow for every combination."""
