"""The env file that a Python app's own code reads, from the expression that names it."""

from __future__ import annotations

import ast
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from warnings import catch_warnings, simplefilter

from wizard import environment
from wizard.env_loading import composed
from wizard.project import Project, normal
from wizard.python_apps import module_file, own_sources

_MARKS = re.compile(r"\b(?:load_dotenv|read_env|_?env_file|RepositoryEnv|starlette\.config|decouple)\b")
_WORDS = ("dotenv", "read_env", "env_file", "RepositoryEnv", "starlette.config", "decouple")  # many times faster
_KEYWORDS = ("dotenv_path", "env_file", "_env_file", "path")
_ASIDE = re.compile(r"(?:^|[._/-])(?:test|tests|testing|prod|production|ci|example|sample|template|dist)(?:[._/-]|$)")
_TOP = "/above" * 9
"""Where the tree is said to be: paths that climb out of it stay to be told from those inside."""

_SAME = frozenset({"resolve", "absolute", "as_posix", "expanduser"})
_WRAPS = frozenset({"Path", "PurePath", "PosixPath", "str", "fspath", "abspath", "realpath", "normpath", "join"})


@dataclass(frozen=True, slots=True)
class _Module:
    project: Project
    path: str
    tree: ast.Module
    depth: int = 0


def env_file(project: Project) -> str:
    """The env file that the app's code names, else the one that compose gives to it; "" when it cannot be told.

    Of several the one that is there (or has an example) counts, else the one of the usual name, else the first. A path
    that is not built on `__file__` begins where the app is started: its own directory, or the one that its modules are
    imported from when the file is there.
    """
    kept = project.memo.get(__name__)
    if kept is None:
        found = [normal(path) for path in dict.fromkeys(_named(project)) if not _ASIDE.search(path.rpartition("/")[2])]
        there = [path for path in found if _is_there(project, path)]
        kept = next(iter(there or sorted(found, key=lambda path: path.rpartition("/")[2] != ".env")), "")
        if not (found or project.first(".env", *environment.EXAMPLES)):
            kept = next((path for path in composed(project) if _is_there(project, path)), "")
        project.memo[__name__] = kept
    return str(kept)


def env_folder(project: Project) -> str:
    """The directory of the app's env files: that of the one its code reads, else the app's own."""
    return str(PurePosixPath(env_file(project) or environment.env_file(project, ".env")).parent)


def _is_there(project: Project, path: str) -> bool:
    return project.first(path, *environment.examples_of(path)) is not None


def _named(project: Project) -> Iterator[str]:
    """What each call and setting names, those that fill the environment first."""
    later: list[str] = []
    for path, text in own_sources(project):
        if not any(word in text for word in _WORDS) or not _MARKS.search(text) or (tree := _parsed(text)) is None:
            continue
        module = _Module(project, path, tree)
        for node in ast.walk(tree):
            fills, expressions = _names_file(node, text)
            for one in expressions:
                found = _above(module) if one is None else _placed(module, _evaluated(one, module))
                if found and fills:
                    yield found
                elif found:
                    later.append(found)
    yield from later


def _names_file(node: ast.AST, text: str) -> tuple[bool, list[ast.expr | None]]:
    """`(fills the environment, expressions of the files)`; None for what the library looks for by itself."""
    match node:
        case ast.ImportFrom(module="decouple", names=names) if any(
            one.name in ("config", "AutoConfig") for one in names
        ):
            return False, [None]  # looks for it above the module that calls it
        case ast.Import(names=names) if "decouple" in {n.name for n in names}:
            return False, [None]
        case ast.Call(func=function):
            name = _called(function)
            given = node.args[:1] + [k.value for k in node.keywords if k.arg in _KEYWORDS]
            if name == "load_dotenv" or (name == "read_env" and re.search(r"\benvirons\b", text)):
                return True, [None if _searches(one) else one for one in given] or [None]
            if name == "read_env":
                beside = ast.parse("os.path.join(os.path.dirname(__file__), '.env')", mode="eval").body
                return True, [*given] or [beside]
            if name == "RepositoryEnv" or (name == "Config" and "starlette.config" in text):
                return False, [*given]
            listed = [k.value for k in node.keywords if k.arg in ("env_file", "_env_file")]
            return False, [*_each(listed)]
        case ast.Assign(targets=[ast.Name(id="env_file")], value=value) if node.col_offset:
            return False, [*_each([value])]
        case ast.Dict(keys=keys, values=values):
            return False, [
                *_each([v for k, v in zip(keys, values, strict=True) if _constant(k) == "env_file"]),
            ]
    return False, []


def _searches(node: ast.expr) -> bool:
    """Is it `find_dotenv()` without a name?"""
    return isinstance(node, ast.Call) and _called(node.func) == "find_dotenv" and not node.args


def _each(values: list[ast.expr]) -> Iterator[ast.expr]:
    for value in values:
        yield from value.elts if isinstance(value, ast.Tuple | ast.List) else [value]


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _above(module: _Module) -> str | None:
    """What python-dotenv and decouple find without a path: the nearest `.env` above the file that asks, no other."""
    project = module.project
    folder = environment.folder_above(project, module.path)
    higher = (above for above in project.upwards() if not project.within(above).startswith(".."))
    for above in higher if folder is None else ():
        if project.first(*(normal(f"{above}/{name}") for name in (".env", *environment.EXAMPLES))):
            folder = above
            break
    return None if folder is None else normal(f"{folder}/.env")


def _placed(module: _Module, value: str | None) -> str | None:
    """A value as a path relative to the app; None for what is no env file."""
    if not value or "env" not in posixpath.basename(value) or value.startswith("~"):
        return None
    project = module.project
    if value.startswith("/"):
        inside = value.startswith(_TOP.rpartition("/above")[0])
        here = posixpath.normpath(f"{_TOP}/{project.path}")
        return posixpath.relpath(posixpath.normpath(value), here) if inside else None
    starts = [".", *(str(folder) for folder in PurePosixPath(module.path).parents)]
    return next((p for p in (normal(f"{s}/{value}") for s in starts) if _is_there(project, p)), normal(value))


def _evaluated(node: ast.expr, module: _Module) -> str | None:
    try:
        return _value(node, module)
    except RecursionError:  # strings added up by the thousand
        return None


def _value(node: ast.expr, module: _Module) -> str | None:
    """The string or path that an expression comes to; None when that takes running it."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id="__file__"):
            return posixpath.normpath(f"{_TOP}/{module.project.within(module.path)}")
        case ast.Name(id=name):
            return _variable(name, module)
        case ast.Attribute(value=inner, attr="parent"):
            return _up(_value(inner, module), 1)
        case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(count))):
            return _up(_value(inner, module), count + 1)
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=int(count))):
            return _up(_value(left, module), count)  # of django-environ's Path
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([_value(left, module), _value(right, module)])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _glued([_value(left, module), _value(right, module)])
        case ast.JoinedStr(values=parts):
            inner_parts = (p.value if isinstance(p, ast.FormattedValue) else p for p in parts)
            return _glued([_value(part, module) for part in inner_parts])
        case ast.BoolOp(op=ast.Or(), values=[*_, last]):
            return _value(last, module)
        case ast.Call():
            return _result(node, module)
    return None


def _result(node: ast.Call, module: _Module) -> str | None:
    name, given = _called(node.func), [_value(one, module) for one in node.args]
    inner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name == "find_dotenv" and given:
        return given[0]
    if name in ("cwd", "getcwd"):
        return posixpath.normpath(f"{_TOP}/{module.project.path}")
    if name == "dirname" and len(given) == 1:
        return _up(given[0], 1)
    if name in ("getenv", "get") and len(given) == 2:
        return given[1]
    if name in _WRAPS and given:
        return _joined(given)
    if inner is not None and name in _SAME:
        return _value(inner, module)
    if inner is not None and name == "joinpath":
        return _joined([_value(inner, module), *given])
    if inner is not None and name == "with_name" and given:
        return _joined([_up(_value(inner, module), 1), given[0]])
    if inner is not None and name == "path" and given:
        return _joined([_value(inner, module), *given])  # of django-environ's Path
    if isinstance(node.func, ast.Name) and given and (called := _variable(name, module)):
        return _joined([called, *given])
    return None


def _variable(name: str, module: _Module) -> str | None:
    """What a module gives a name, where it does so once; a name that it imports is looked up there."""
    values = [
        node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and any(
            isinstance(t, ast.Name) and t.id == name
            for t in (node.targets if isinstance(node, ast.Assign) else [node.target])
        )
    ]
    if module.depth > 4:
        return None
    deeper = _Module(module.project, module.path, module.tree, module.depth + 1)
    if len(values) == 1 and values[0] is not None:
        return _value(values[0], deeper)
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and (origin := next((a for a in node.names if _is(a, name)), None)):
            dotted = "." * node.level + (node.module or "")
            path = module_file(module.project, module.path, dotted)
            tree = _parsed(module.project.read(path) or "") if path else None
            if path and tree:
                return _variable(origin.name, _Module(module.project, path, tree, module.depth + 1))
    return None


def _is(imported: ast.alias, name: str) -> bool:
    return (imported.asname or imported.name) == name


def _up(path: str | None, count: int) -> str | None:
    for _ in range(count):
        path = posixpath.dirname(posixpath.normpath(path)) if path else path
    return path


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return posixpath.normpath(posixpath.join(*known)) if len(known) == len(parts) else None


def _glued(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known).replace(os.sep, "/") if len(known) == len(parts) else None


def _parsed(text: str) -> ast.Module | None:
    try:
        with catch_warnings():
            simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
