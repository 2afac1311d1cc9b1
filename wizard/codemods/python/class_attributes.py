"""Attributes of a class that holds settings: new ones below those that are there."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from wizard.codemods.python.imports import ensure_import
from wizard.codemods.python.literals import quote, quoted
from wizard.codemods.python.scopes import import_table
from wizard.codemods.python.settings import Setting
from wizard.codemods.python.tree import Source, after, block_indent, body_of, classes, parse, statements
from wizard.edits import Codemod, splice
from wizard.errors import CannotEdit
from wizard.text import next_line


def ensure_environment_attributes(class_name: str, settings: Sequence[Setting], heading: str = "") -> Codemod:
    """The class assigns each setting, read from the environment as django-configurations does it.

    `values.Value("", environ_prefix=None)` when the file imports `configurations.values` and the attribute is called
    like the variable, else `os.environ.get` (and `import os`). See `ensure_attributes` for the place and refusals.
    """

    def run(text: str) -> str:
        source = parse(text)
        values = next((n for n, p in import_table(source).items() if p == "configurations.values"), None)
        missing = [s for s in settings if s.name not in _attributes(source, _class(source, class_name))]
        if not missing:
            return text
        named = all(s.name == s.variable for s in missing)
        pairs = [
            (s.name, f'{values}.Value("{s.default}", environ_prefix=None)')
            if values is not None and named
            else (s.name, f'os.environ.get("{s.variable}", "{s.default}")')
            for s in missing
        ]
        added = ensure_attributes(class_name, pairs, heading)
        if values is None or not named:
            # What it refuses, it refuses with a line of the text as it is.
            added(text)
            text = ensure_import("os")(text)
        return added(text)

    return run


def ensure_attributes(class_name: str, attributes: Sequence[tuple[str, str]], heading: str = "") -> Codemod:
    """The class assigns each `(name, value)`, below its last attribute, under the comment `heading`.

    An attribute that is there stays. Refuses: no such class, more than one, no attribute to put new ones below.
    """

    def run(text: str) -> str:
        source = parse(text)
        owner = _class(source, class_name)
        there = _attributes(source, owner)
        style = quote(source)
        lines = [quoted(f"{name} = {value}", style) for name, value in attributes if name not in there]
        if not lines:
            return text
        block = body_of(source, owner)
        own = [s for s in statements(source, block) if isinstance(s.node, cst.Assign | cst.AnnAssign)]
        if not own:
            raise source.refusal(f"class {class_name} has no attribute to put new ones below", owner)
        end = own[-1].end
        code = "\n".join([f"\n# {heading}", *lines] if heading else lines)
        if heading and text[next_line(text, end) :].partition("\n")[0].strip():
            code += "\n"
        return splice(text, [after(source, end, code, block_indent(source, block))])

    return run


def _class(source: Source, name: str) -> cst.ClassDef:
    found = [node for node in classes(source) if node.name.value == name]
    if len(found) != 1:
        raise CannotEdit(f"has {len(found) or 'no'} class {name}")
    return found[0]


def _attributes(source: Source, owner: cst.ClassDef) -> set[str]:
    found: set[str] = set()
    for statement in statements(source, body_of(source, owner)):
        node = statement.node
        targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else [getattr(node, "target", None)]
        found |= {t.value for t in targets if isinstance(t, cst.Name)}
    return found
