"""Lines at module level: an assignment that is missing, statements below the assignments they use."""

from __future__ import annotations

import libcst as cst

from wizard.codemods.python.scopes import bindings, mentions
from wizard.codemods.python.tree import Source, Statement, after, parse, statements
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import next_line


def ensure_assignment(name: str, value: str) -> Codemod:
    """The module assigns `name = value` (source): below its last top-level assignment, else below its imports.

    A name that the module's own scope binds in any way stays as it is.
    """

    def run(text: str) -> str:
        source = parse(text)
        if bindings(source, name):
            return text
        top = list(statements(source, source.module.body))
        line = f"{name} = {value}"
        assigned = [s for s in top if isinstance(s.node, cst.Assign | cst.AnnAssign)]
        if assigned:
            return splice(text, [after(source, assigned[-1].end, line)])
        imports = [s for s in top if isinstance(s.node, cst.Import | cst.ImportFrom)]
        if imports:
            return splice(text, [_paragraph_below(source, imports[-1], line)])
        return splice(text, [insert(len(text), ("" if not text or text.endswith("\n") else "\n") + line + "\n")])

    return run


def ensure_below_assignments(code: str, *names: str, marker: str) -> Codemod:
    """The lines `code` stand below the last top-level assignment of any of `names`, with a blank line around.

    Code that has the identifier `marker` (outside imports) is left as it is. Refuses when no name is assigned at the
    top level.
    """

    def run(text: str) -> str:
        source = parse(text)
        if mentions(source, marker):
            return text
        own = [s for name in names for s in bindings(source, name) if not s.around]
        found = sorted((s for s in own if isinstance(s.node, cst.Assign | cst.AnnAssign)), key=lambda s: s.start)
        if not found:
            raise CannotEdit(f"does not assign {names[0]} at its top level")
        return splice(text, [_paragraph_below(source, found[-1], code)])

    return run


def _paragraph_below(source: Source, statement: Statement, code: str) -> Edit:
    following = source.text[next_line(source.text, statement.end) :].partition("\n")[0]
    return after(source, statement.end, "\n" + code + ("\n" if following.strip() else ""))
