"""Import statements: `import x` and `from x import y` are there, in the group and order that the file keeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import libcst as cst

from wizard.codemods.python.import_place import new_import
from wizard.codemods.python.scopes import bindings, for_type_checkers, imported, module_path, module_scope
from wizard.codemods.python.tree import Source, Statement, parse, statements
from wizard.edits import Codemod, Edit, insert, splice
from wizard.lists import insert_item
from wizard.text import line_end, line_start

_LONGEST = 88


def ensure_import(module: str) -> Codemod:
    """`import module` runs when the module is loaded (`import a.b` for a dotted one).

    An import under `if` or inside a function does not count, one in `try` does. Refuses when the first part of the
    name is bound to something else in the module's scope.
    """

    def run(text: str) -> str:
        source = parse(text)
        name = module.partition(".")[0]
        if any(_imports_module(s, module) for s in _running(source)):
            return text
        _check_free(source, name, name)
        return splice(text, [new_import(source, f"import {module}", module, first_party=False)])

    return run


def ensure_from_import(module: str, *names: str, first_party: bool = False, lazy: bool = False) -> Codemod:
    """`from module import names` runs when the module is loaded; an import of the same module is extended.

    `module` may be relative (`.client`). `first_party`: it belongs to the project, so that its import may read the
    environment and stays below a top-level `load_dotenv()`, unless it is `lazy`: then it stands with the other imports
    (E402). An import under `if` or inside a function does not count,
    one in `try` does. Refuses when a name is bound to something else in the module's scope.
    """

    def run(text: str) -> str:
        source = parse(text)
        missing = [name for name in names if not _is_imported(source, module, name)]
        for name in missing:
            _check_free(source, name, module + name if module.endswith(".") else f"{module}.{name}")
        if not missing:
            return text
        if (target := _extensible(source, module)) and (edits := _extend(source, target, missing[0])):
            return run(splice(text, edits))
        line = f"from {module} import {', '.join(sorted(missing))}"
        return splice(text, [new_import(source, line, module, first_party, lazy)])

    return run


def ensure_import_as(module: str, name: str, local: str) -> Codemod:
    """`from module import name as local` runs when the module is loaded; without `as` where both are the same.

    Refuses as `ensure_from_import` does.
    """
    if name == local:
        return ensure_from_import(module, name)

    def run(text: str) -> str:
        source = parse(text)
        path = f"{module}.{name}"
        if any(n.local == local and n.path == path for s in _running(source) for n in imported(s.node)):
            return text
        _check_free(source, local, path)
        return splice(text, [new_import(source, f"from {module} import {name} as {local}", module, first_party=False)])

    return run


def usable_name(text: str, path: str, otherwise: str) -> str:
    """What a file calls the thing at `path`, or can call it: its own name, else `otherwise` where that is taken."""
    name = path.rpartition(".")[2]
    taken = any(all(n.path != path for n in imported(s.node)) for s in bindings(parse(text), name))
    return local_name(text, path) or (otherwise if taken else name)


def local_name(text: str, path: str) -> str | None:
    """What a file calls the thing at the dotted `path` (`flask.Flask`) by its own imports; None when it does not."""
    source = parse(text)
    for statement in module_scope(source):
        for name in imported(statement.node):
            if not for_type_checkers(source, statement):
                if name.path == path:
                    return name.local
                if path.startswith(name.path + ".") and isinstance(statement.node, cst.Import):
                    return name.local + path[len(name.path) :]
    return None


def _imports_module(statement: Statement, module: str) -> bool:
    node = statement.node
    if not isinstance(node, cst.Import):
        return False
    return any(alias.evaluated_name == module and alias.asname is None for alias in node.names)


def _is_imported(source: Source, module: str, name: str) -> bool:
    path = module + name if module.endswith(".") else f"{module}.{name}"
    return any(
        found.local == name and found.path == path
        for statement in _running(source)
        for found in imported(statement.node)
    )


def _running(source: Source) -> list[Statement]:
    """The statements of the module's scope that no `if` guards; a `try` counts as running."""
    return [s for s in module_scope(source) if not any(isinstance(node, cst.If) for node in s.around)]


def _check_free(source: Source, name: str, path: str) -> None:
    for statement in bindings(source, name):
        same = any(found.local == name and found.path == path for found in imported(statement.node))
        if not same and not for_type_checkers(source, statement):
            raise source.refusal(f"already uses the name {name} for something else", statement.node)


def _extensible(source: Source, module: str) -> cst.ImportFrom | None:
    for statement in statements(source, source.module.body):
        node = statement.node
        if (
            isinstance(node, cst.ImportFrom)
            and module_path(node) == module
            and not isinstance(node.names, cst.ImportStar)
        ):
            return node
    return None


def _extend(source: Source, node: cst.ImportFrom, name: str) -> list[Edit]:
    assert not isinstance(node.names, cst.ImportStar)
    items = [source.span(alias) for alias in node.names]
    known = [alias.evaluated_name for alias in node.names]
    index = _sorted_place(known, name)
    if node.lpar and node.rpar:
        opened, closed = source.span(node.lpar)[0], source.span(node.rpar)[1] - 1
        return insert_item(source.text, opened, closed, items, index, name, ("#",), unit="    ")
    start, end = items[0][0], items[-1][1]
    line = source.text[line_start(source.text, start) : line_end(source.text, end)]
    if "\n" in line or len(line) + len(name) + 2 > _LONGEST:
        return []
    return [insert(end, f", {name}")] if index == len(items) else [insert(items[index][0], f"{name}, ")]


def _sorted_place(known: Sequence[str], name: str) -> int:
    for key in (str, str.casefold, _by_case):
        if len(known) > 1 and all(key(a) <= key(b) for a, b in pairwise(known)):  # type: ignore[operator]
            return next((i for i, other in enumerate(known) if key(other) > key(name)), len(known))  # type: ignore[operator]
    return len(known)


def _by_case(name: str) -> tuple[int, str]:
    # isort's default order_by_type: CONSTANTS, Classes, functions
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, name.casefold()
