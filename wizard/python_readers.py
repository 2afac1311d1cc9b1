"""What a Python app reads its variables with when its env file does not reach the environment: an object to call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from warnings import catch_warnings, simplefilter

from wizard.project import Project
from wizard.python_apps import own_sources

_MARKS = re.compile(r"\b(?:from|import)[ \t]+(?:decouple|environs|starlette\.config)\b")
_FILLS = re.compile(r"\bload_dotenv\s*\(|\bread_env(?:file)?\s*\(")
_ASIDE = frozenset({"alembic", "migrations", "scripts", "bin", "tools"})
"""Directories of programs that are started besides the app: what they load is not there when the app runs."""

_OBJECTS = {"decouple": ("Config", "AutoConfig"), "starlette.config": ("Config",), "environs": ("Env",)}


@dataclass(frozen=True, slots=True)
class Reader:
    """`name(variable, default="")` reads a variable; `path` is the module that has it, empty for decouple's own."""

    name: str
    path: str


def fills_environment(project: Project) -> bool:
    """Does code of the app load an env file into the environment?

    Not so `read_env` of environs, which keeps what it read to itself since 15.0.
    """
    return any(
        _FILLS.search(text) if "environs" not in text else "load_dotenv" in text
        for path, text in own_sources(project)
        if _ASIDE.isdisjoint(PurePosixPath(path).parts[:-1])
    )


def reader(project: Project, app: str) -> Reader | None:
    """The object that the app's modules call with the names of variables; None where there is none to import.

    The file `app` imports what reads it, so an object that is made there cannot be had from it.
    Source: starlette.io/config, github.com/HBNetwork/python-decouple, github.com/sloria/environs.
    """
    found = [one for path, text in own_sources(project) for one in _readers(path, text) if path != app or not one.path]
    return min(found, key=lambda one: (one.path.count("/"), one.path), default=None)


def _readers(path: str, text: str) -> Iterator[Reader]:
    tree = _parsed(text) if _MARKS.search(text) else None
    if tree is None or not _ASIDE.isdisjoint(PurePosixPath(path).parts[:-1]):
        return
    loads = re.search(r"\bread_env\s*\(", text) is not None
    imported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for name, origin in imported.items():
        if origin == ("decouple", "config") or (origin == ("environs", "env") and loads):
            yield Reader("config", "") if origin[0] == "decouple" else Reader(name, path)
    if "decouple.config(" in text:
        yield Reader("config", "")
    for node in _module_level(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function, args=args, keywords=keywords)):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=function, args=args, keywords=keywords)):
                pass
            case _:
                continue
        module, made = _origin(function, imported)
        given = [k.arg for k in keywords]
        reads = loads if module == "environs" else bool(args or given)
        if made in _OBJECTS.get(module, ()) and reads and not {"env_prefix", "prefix"} & set(given):
            yield Reader(name, path)


def _module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        yield from (node, *node.body) if isinstance(node, ast.Try | ast.If) else (node,)


def _origin(function: ast.expr, imported: dict[str, tuple[str, str]]) -> tuple[str, str]:
    match function:
        case ast.Name(id=name):
            return imported.get(name, ("", ""))
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return module, name
    return "", ""


def _parsed(text: str) -> ast.Module | None:
    try:
        with catch_warnings():
            simplefilter("ignore")  # of odd escapes: not ours to tell
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
