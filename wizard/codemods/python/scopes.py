"""What names mean in a Python file: where they are bound, and the dotted path an import gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from wizard.codemods.python.tree import Source, Statement, classes, scope, walk


def dotted(node: cst.CSTNode | None) -> str | None:
    """`a.b.c` of a chain of names; None for anything else."""
    match node:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=value, attr=attr):
            head = dotted(value)
            return None if head is None else f"{head}.{attr.value}"
    return None


def module_path(node: cst.ImportFrom) -> str:
    """`..a.b` of `from ..a.b import c`."""
    return "." * len(node.relative) + (dotted(node.module) or "")


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported name: `local` is what the file calls it, `path` what it is; `.` ends relative packages."""

    local: str
    path: str


def imported(node: cst.CSTNode) -> Iterator[Imported]:
    """The names that an import statement binds; `import a.b` binds `a`; a star binds none."""
    if isinstance(node, cst.Import):
        for alias in node.names:
            path = dotted(alias.name) or ""
            asname = alias.asname and dotted(alias.asname.name)
            yield Imported(asname, path) if asname else Imported(path.split(".")[0], path.split(".")[0])
    elif isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        module = module_path(node)
        for alias in node.names:
            name = dotted(alias.name) or ""
            path = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
            yield Imported((alias.asname and dotted(alias.asname.name)) or name, path)


def bound_names(node: cst.CSTNode) -> Iterator[str]:
    """The names that one statement binds in its own scope, nested blocks left out."""
    match node:
        case cst.Import() | cst.ImportFrom():
            yield from (name.local for name in imported(node))
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
            yield name.value
        case cst.Assign(targets=targets):
            for target in targets:
                yield from _target_names(target.target)
        case cst.AnnAssign(target=target) | cst.AugAssign(target=target):
            yield from _target_names(target)
        case cst.For(target=target):
            yield from _target_names(target)
        case cst.With(items=items):
            for item in items:
                if item.asname:
                    yield from _target_names(item.asname.name)
        case cst.Try(handlers=handlers) | cst.TryStar(handlers=handlers):
            for handler in handlers:
                if handler.name:
                    yield from _target_names(handler.name.name)


def _target_names(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, cst.Tuple | cst.List):
        for element in node.elements:
            yield from _target_names(element.value)


def bindings(source: Source, name: str) -> list[Statement]:
    """The statements of the module's own scope that bind `name`, in order."""
    return [s for s in module_scope(source) if name in bound_names(s.node)]


@lru_cache(maxsize=8)
def module_scope(source: Source) -> tuple[Statement, ...]:
    """All statements of the module's own scope, those in `if`, `try`, `with` and loops too."""
    return tuple(scope(source, source.module.body))


def for_type_checkers(source: Source, statement: Statement) -> bool:
    """Does a statement stand under `if TYPE_CHECKING:`, so that it never runs?"""
    return any(
        isinstance(node, cst.If) and (dotted(node.test) or "").rpartition(".")[2] == "TYPE_CHECKING"
        for node in statement.around
    )


@lru_cache(maxsize=8)
def import_table(source: Source) -> Mapping[str, str]:
    """What each imported name is, over all scopes of the file; names imported as two things are left out."""
    table: dict[str, set[str]] = {}
    for node in walk(source.module):
        for name in imported(node):
            table.setdefault(name.local, set()).add(name.path)
    return {local: next(iter(paths)) for local, paths in table.items() if len(paths) == 1}


def qualified(source: Source, node: cst.CSTNode | None) -> str | None:
    """The dotted path of a name chain through the file's imports: `F` -> `flask.Flask` after `from flask import
    Flask as F`. None when it does not start at an import.
    """
    path = dotted(node)
    if path is None:
        return None
    head, _, rest = path.partition(".")
    origin = import_table(source).get(head)
    if origin is None:
        return None
    return f"{origin}.{rest}" if rest else origin


def is_any(source: Source, node: cst.CSTNode | None, paths: tuple[str, ...]) -> bool:
    """Is `node` a name for one of the dotted `paths`?"""
    found = qualified(source, node)
    return found is not None and found in paths


def subclasses(source: Source, paths: tuple[str, ...]) -> list[cst.ClassDef]:
    """The classes of the file with a base that is one of the dotted `paths`, or a class of the file that has one."""
    found: list[cst.ClassDef] = []
    names: set[str] = set()
    for node in sorted(classes(source), key=source.span):
        if any(is_any(source, base.value, paths) or dotted(base.value) in names for base in node.bases):
            found.append(node)
            names.add(node.name.value)
    return found


def mentions(source: Source, name: str, within: cst.CSTNode | None = None) -> bool:
    """Does code (not a comment, string or import) use the identifier `name`?"""
    return name in source.text and any(_uses(node, name) for node in _without_imports(within or source.module))


def _uses(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _without_imports(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    skipped = {id(inner) for n in walk(node) if isinstance(n, cst.Import | cst.ImportFrom) for inner in walk(n)}
    return (n for n in walk(node) if id(n) not in skipped)
