"""Imports of a file, as `import` or `require`, whichever the file itself uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from wizard.codemods.js.statements import at_top, in_style_of, is_require, last_import
from wizard.codemods.js.tree import Script, after_line, arguments, code_of, named, parse, require_sound
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item
from wizard.text import indent_at, indented, line_start

Kind = Literal["esm", "cjs"]
Pair = tuple[str, str]
"""What a module calls a name, and what the file calls it."""

_NEXT_LINE = re.compile(r"next-line|@ts-ignore|@ts-expect-error|prettier-ignore")


@dataclass(frozen=True, slots=True)
class Imported:
    """One name a file takes from a module. `name` is the exported one, `default`, `*` (all of it) or `` (only run)."""

    module: str
    name: str
    local: str
    is_type: bool
    statement: Node
    clause: Node | None = None
    """What more names can be added to: an import clause or the pattern in front of `= require(...)`."""


def ensure_import(
    module: str,
    *,
    default: str | None = None,
    names: Sequence[str] = (),
    side_effect: bool = False,
    first: bool = False,
    kind: Kind | None = None,
) -> Codemod:
    """The file imports from `module`: its default export as `default`, `names` (`a`, `a as b`), or only runs it.

    Written as `import` or `require` as the file does; `kind` decides for files that show neither. Added to an import
    of the same module if there is one, else after the last import, or with `first` before all of them. What is
    imported under another local name counts as done (see `local_name`). In CommonJS `default` is the whole module.
    Raises CannotEdit when a wanted name already means something else.
    """
    wanted = ([("default", default)] if default else []) + [_specifier(name) for name in names]

    def run(text: str) -> str:
        script = parse(text)
        there = list(imports(script))
        if side_effect and not wanted and any(i.module == module and not i.is_type for i in there):
            return text
        missing = [(name, local) for name, local in wanted if _find(there, module, name) is None]
        if not missing and not side_effect:
            return text
        _require_free(script, [local for _, local in missing])
        esm = (kind_of(text) or kind) == "esm"
        if not esm and (kind_of(text) or kind) is None:
            raise CannotEdit("shows neither import nor require, so this tool cannot tell which one it needs")
        rest, edits = _extended(script, module, missing)
        if rest or (side_effect and not wanted):
            edits.append(_placed(script, _statement(module, rest, esm), _above(script, module), first))
        return splice(text, edits)

    return run


def local_name(text: str, module: str, name: str = "default") -> str | None:
    """What the file calls the export `name` of `module` (`default`, `*` or a named one); None when not imported."""
    return _find(list(imports(parse(text))), module, name)


def kind_of(text: str) -> Kind | None:
    """Whether the file is an ES module or CommonJS by its own syntax; None when it shows neither."""
    script = parse(text)
    if any(node.type in ("import_statement", "export_statement") for node in script.root.children):
        return "esm"
    if re.search(r"(?<![\w.$])(require\s*\(|module\.exports\b|exports\.\w)", code_of(text)):
        return "cjs"
    return None


def imports(script: Script) -> list[Imported]:
    """Everything that top level imports and requires bring into the file, in order."""
    found: list[Imported] = []
    for node in script.root.named_children:
        if node.type == "import_statement":
            found += _from_import(script, node)
        elif is_require(script, node):
            found += _from_require(script, node)
    return found


def _from_import(script: Script, node: Node) -> list[Imported]:
    types = any(child.type in ("type", "typeof") for child in node.children)
    clause = next((c for c in node.named_children if c.type in ("import_clause", "import_require_clause")), None)
    equals = clause is not None and clause.type == "import_require_clause"
    module = script.string((clause if clause and equals else node).child_by_field_name("source")) or ""
    extendable = None if types or equals else clause
    found = []
    for child in named(clause) if clause else []:
        match child.type:
            case "identifier":
                name = "*" if equals else "default"
                found.append(Imported(module, name, script.source(child), types, node, extendable))
            case "namespace_import" if named(child):
                found.append(Imported(module, "*", script.source(named(child)[0]), types, node, extendable))
            case "named_imports":
                for one in (n for n in named(child) if n.type == "import_specifier" and named(n)):
                    names = [script.source(n).strip("'\"") for n in named(one)]
                    of_type = types or one.children[0].type in ("type", "typeof")
                    found.append(Imported(module, names[0], names[-1], of_type, node, extendable))
    return found or [Imported(module, "", "", types, node, extendable)]


def _from_require(script: Script, statement: Node) -> list[Imported]:
    found = []
    for node in [c for c in statement.named_children if c.type == "variable_declarator"] or [statement]:
        call = next(script.calls("require", under=node), None)
        module = script.string(next(iter(arguments(call)), None)) if call else None
        if module is not None and call is not None:
            bound = list(_bound(script, node, call))
            found += [Imported(module, name, local, False, statement, clause) for name, local, clause in bound]
            if not bound:
                found.append(Imported(module, "", "", False, statement))
    return found


def _bound(script: Script, declarator: Node, call: Node) -> Iterator[tuple[str, str, Node | None]]:
    """Name, local name and extendable pattern of `const target = require(...)` or `require(...).name`."""
    target, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if target is None or value is None:
        return
    if target.type == "identifier" and value == call:
        yield "*", script.source(target), None
    elif target.type == "identifier" and value.type == "member_expression" and value.named_children[0] == call:
        yield script.source(value.named_children[-1]), script.source(target), None
    elif target.type == "object_pattern" and value == call:
        for one in named(target):
            if one.type in ("pair_pattern", "shorthand_property_identifier_pattern"):
                names = [script.source(n) for n in named(one) or [one]]
                yield names[0], names[-1], target


def _find(there: list[Imported], module: str, name: str) -> str | None:
    values = [i for i in there if i.module == module and not i.is_type and i.local]
    exact = next((i.local for i in values if i.name == name), None)
    if exact is None and name == "default":
        # in CommonJS the whole module is what a default import would be; only `* as` has a clause
        exact = next((i.local for i in values if i.name == "*" and i.clause is None), None)
    return exact


def _specifier(name: str) -> Pair:
    exported, _, local = name.partition(" as ")
    return exported, local or exported


def _require_free(script: Script, names: list[str]) -> None:
    for name, node in _bindings(script):
        if name in names:
            raise script.refuse(f"already uses the name {name} for something else", node)


def _bindings(script: Script) -> list[tuple[str, Node]]:
    found = [(i.local, i.statement) for i in imports(script) if i.local]
    for node in script.root.named_children:
        if node.type == "export_statement":
            node = node.child_by_field_name("declaration") or node
        if node.type in ("import_statement", "expression_statement", "comment"):
            continue
        if node.type in ("lexical_declaration", "variable_declaration"):
            for declarator in named(node):
                target = declarator.child_by_field_name("name")
                patterns = [target, *script.find("shorthand_property_identifier_pattern", "identifier", under=target)]
                found += [(script.source(n), node) for n in patterns if n] if target else []
        elif name := node.child_by_field_name("name"):
            found.append((script.source(name), node))
    return found


def _extended(script: Script, module: str, missing: list[Pair]) -> tuple[list[Pair], list[Edit]]:
    """What of `missing` still needs a statement of its own, and the edits that add the rest to existing ones."""
    edits: list[Edit] = []
    names = [pair for pair in missing if pair[0] != "default"]
    default = [pair for pair in missing if pair[0] == "default"]
    clauses = {i.clause.id: (i.clause, i.statement) for i in imports(script) if i.module == module and i.clause}
    for clause, statement in clauses.values():
        require_sound(script, statement)
        written = [_written(name, local, clause.type == "import_clause") for name, local in names]
        parts = {part.type: part for part in named(clause)}
        pattern = clause if clause.type == "object_pattern" else parts.get("named_imports")
        if clause.type == "import_clause" and default and "identifier" not in parts:
            glued = script.source(statement).startswith("import{")
            edits.append(insert(script.start(clause), " " * glued + default.pop()[1] + ", "))
        if pattern and written:
            edits += _appended(script, pattern, written)
            names = []
        elif set(parts) == {"identifier"} and written and clause.type == "import_clause":
            edits.append(insert(script.end(clause), ", { " + ", ".join(written) + " }"))
            names = []
    return default + names, edits


def _appended(script: Script, pattern: Node, names: list[str]) -> list[Edit]:
    members = named(pattern)
    items = [script.span(item) for item in members]
    start, end = script.span(pattern)
    own_lines = bool(items) and not script.text[line_start(script.text, items[-1][0]) : items[-1][0]].strip()
    there = [script.source(member) for member in members]
    index = len(items) - any(member.type == "rest_pattern" for member in members)
    if len(names) == 1 and there == sorted(there, key=str.lower):
        index = min(index, sum(name.lower() < names[0].lower() for name in there))
    new = (",\n" if own_lines else ", ").join(names)
    return insert_item(script.text, start, end - 1, items, index, new, pad=" ")


def _written(name: str, local: str, esm: bool) -> str:
    return name if name == local else f"{name} as {local}" if esm else f"{name}: {local}"


def _statement(module: str, missing: list[Pair], esm: bool) -> str:
    default = next((local for name, local in missing if name == "default"), None)
    names = ", ".join(_written(name, local, esm) for name, local in missing if name != "default")
    braces = f"{{ {names} }}" if names else None
    if esm:
        what = ", ".join(part for part in (default, braces) if part)
        return f'import {what} from "{module}";' if what else f'import "{module}";'
    lines = [f'const {part} = require("{module}");' for part in (default, braces) if part]
    return "\n".join(lines) or f'require("{module}");'


def _above(script: Script, module: str) -> Node | None:
    """The import that a new one goes below: the last, but for a package one of the packages' in front of own modules.

    Only where packages come first, and in alphabetical order where they are: so does what sorts imports (import/order,
    Biome, prettier's plugins).
    """
    last = last_import(script)
    if last is None or last.type != "import_statement" or not _is_package(module):
        return last
    values = [i for i in imports(script) if i.statement.type == "import_statement" and i.local and not i.is_type]
    ranks = [_is_package(i.module) for i in values]
    packages = [i for i in values if _is_package(i.module)]
    if not packages or ranks != sorted(ranks, reverse=True):
        return last
    modules = [i.module.lower() for i in packages]
    before = [i for i in packages if i.module.lower() < module.lower()] if modules == sorted(modules) else []
    return (before or packages)[-1].statement


def _is_package(module: str) -> bool:
    """Is it a package's name, and no path or one of the usual aliases (`@/lib`, `~/lib`, `#lib`)?"""
    return re.match(r"[./~#]|@/", module) is None


def _placed(script: Script, statement: str, last: Node | None, first: bool) -> Edit:
    text = script.text
    if last is None:
        return at_top(script, statement)
    if first:
        top = next(n for n in script.root.children if n.type == "import_statement" or is_require(script, n))
        require_sound(script, top)
        if text[line_start(text, script.start(top)) : script.start(top)].strip():
            raise script.refuse("has several statements on one line", top)
        while (above := top.prev_sibling) and above.type == "comment" and _NEXT_LINE.search(script.source(above)):
            top = above
        start = script.start(top)
        code = in_style_of(script, statement, text[start:])
        return insert(line_start(text, start), indented(code, indent_at(text, start)) + "\n")
    require_sound(script, last)
    place = after_line(script, last)
    code = in_style_of(script, statement, text[place:])
    return insert(place, "\n" + indented(code, indent_at(text, script.start(last))))
