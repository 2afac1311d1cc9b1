"""What a Python file says when it is only read: settings module, lists of strings, star imports, AppConfig classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from wizard.codemods.python.scopes import dotted, module_path, module_scope, subclasses
from wizard.codemods.python.tree import Source, blocks, parse, statements, string_value, walk

_APP_CONFIG = ("django.apps.AppConfig", "django.apps.config.AppConfig")


def string_setdefault(text: str, key: str) -> str | None:
    """The value of the last `os.environ.setdefault(key, "...")` or `os.environ[key] = "..."`, in any function.

    None when there is none or its value is computed.
    """
    source = parse(text)
    found: list[tuple[int, str]] = []
    for node in walk(source.module):
        value = None
        if isinstance(node, cst.Call) and len(node.args) == 2:
            name = (dotted(node.func) or "").split(".")
            if name[-2:] == ["environ", "setdefault"] and string_value(node.args[0].value) == key:
                value = string_value(node.args[1].value)
        elif isinstance(node, cst.Assign) and isinstance(node.targets[0].target, cst.Subscript):
            target = node.targets[0].target
            index = target.slice[0].slice
            if (dotted(target.value) or "").endswith("environ") and isinstance(index, cst.Index):
                value = string_value(node.value) if string_value(index.value) == key else None
        if value is not None:
            found.append((source.span(node)[0], value))
    return max(found)[1] if found else None


def string_list(text: str, name: str) -> list[str]:
    """The strings that the module's `name` provably holds, in order: displays, `+`, `*`, `+=`, names of the same file.

    What cannot be read is left out; a conditional part counts too.
    """
    source = parse(text)
    return _strings(source, name, frozenset())


def star_imports(text: str) -> list[str]:
    """The modules of `from x import *` in the module's own scope, in order (`.base`, `config.settings.base`)."""
    source = parse(text)
    return [
        module_path(s.node)
        for s in module_scope(source)
        if isinstance(s.node, cst.ImportFrom) and isinstance(s.node.names, cst.ImportStar)
    ]


def assigns(text: str, name: str) -> bool:
    """Does the file assign `name` (not only extend it by `+=`), at module level or as a class attribute?"""
    source = parse(text)
    for node in walk(source.module):
        targets: Sequence[cst.CSTNode] = ()
        if isinstance(node, cst.Assign):
            targets = [t.target for t in node.targets]
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            targets = [node.target]
        if any(isinstance(t, cst.Name) and t.value == name for t in targets):
            return True
    return False


@dataclass(frozen=True, slots=True)
class AppConfig:
    """A Django AppConfig subclass: its class name, the dotted `name` of its app, whether it has `ready`."""

    class_name: str
    app: str | None
    has_ready: bool
    line: int


def app_configs(text: str) -> list[AppConfig]:
    """The AppConfig subclasses of a file, top down; `app` is None when `name` is inherited or computed."""
    source = parse(text)
    found = []
    for node in subclasses(source, _APP_CONFIG):
        values = {}
        methods = set()
        for block in blocks(node):
            for statement in statements(source, block):
                match statement.node:
                    case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                        values[name] = string_value(value)
                    case cst.AnnAssign(target=cst.Name(value=name), value=value):
                        values[name] = string_value(value)
                    case cst.FunctionDef(name=cst.Name(value=name)):
                        methods.add(name)
        found.append(AppConfig(node.name.value, values.get("name"), "ready" in methods, source.line(node)))
    return found


def _strings(source: Source, name: str, seen: frozenset[str]) -> list[str]:
    found: list[str] = []
    for statement in module_scope(source):
        node = statement.node
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=target))], value=value):
                pass
            case cst.AnnAssign(target=cst.Name(value=target), value=cst.BaseExpression() as value):
                pass
            case cst.AugAssign(target=cst.Name(value=target), operator=cst.AddAssign(), value=value):
                pass
            case _:
                continue
        if target == name:
            values = _values(source, value, seen | {name})
            replaces = not isinstance(node, cst.AugAssign) and not statement.around and name not in _names(value)
            found = values if replaces else [*found, *values]
    return found


def _names(value: cst.BaseExpression) -> set[str]:
    return {n.value for n in walk(value) if isinstance(n, cst.Name)}


def _values(source: Source, value: cst.BaseExpression, seen: frozenset[str]) -> list[str]:
    match value:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            return [string for element in elements for string in _values(source, element.value, seen)]
        case cst.BinaryOperation(left=left, operator=cst.Add(), right=right):
            return _values(source, left, seen) + _values(source, right, seen)
        case cst.Name(value=name):
            return [] if name in seen else _strings(source, name, seen)
    string = string_value(value)
    return [] if string is None else [string]
