"""What the settings of a Django project say: which file defines what, how the files build on each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath
from warnings import catch_warnings, simplefilter

from frameworks.django.layout import imported_file, late_targets, settings_file, star_targets
from wizard.project import Project

MIDDLEWARE = "posthog.integrations.django.PosthogContextMiddleware"
_TEST_NAME = re.compile(r"(?:^|_)(?:tests?|testing|ci)(?:_|$)")
_SETTINGS_NAME = re.compile(r"(?:^|_)settings(?:_|$)|^conf$")
_LOADS_ENV = re.compile(r"\bload_dotenv\s*\(|\bread_env(?:file)?\s*\(|^\s*(?:from|import)\s+decouple\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Assigned:
    """One `name = value` in a module or class body; `extends`: the value builds on the earlier one."""

    path: str
    line: int
    owner: str | None
    extends: bool
    value: ast.expr


@dataclass(frozen=True, slots=True)
class Settings:
    """The files behind the settings module (`leaf`): `chain` is all that it takes over, what is built on first.

    `beside` are the other settings files of the same directories (production, tests) and those that the chain takes
    over last (local_settings); `texts` has them all.
    """

    leaf: str
    chain: tuple[str, ...]
    beside: tuple[str, ...]
    texts: dict[str, str]

    @property
    def tests(self) -> tuple[str, ...]:
        """The settings files of test suites that take over one of the chain."""
        return tuple(p for p in (*self.chain, *self.beside) if _is_test(p) and p != self.leaf)

    def assigned(self, name: str) -> list[Assigned]:
        """All assignments of `name`, those of the chain first."""
        return [a for path in (*self.chain, *self.beside) for a in _assigned(path, self.texts[path], name)]

    def definition(self, name: str) -> Assigned | None:
        """The assignment of the chain that others build on; None when the chain has none of its own."""
        return next((a for a in self.assigned(name) if a.path in self.chain and not a.extends), None)

    def redefinitions(self, name: str) -> list[Assigned]:
        """Other files and classes that replace `name` instead of building on it; those of test suites left out."""
        first = self.definition(name)
        other = [a for a in self.assigned(name) if first and (a.path, a.owner) != (first.path, first.owner)]
        return [a for a in other if not a.extends and not _is_test(a.path)]

    def mentions(self, pattern: str) -> bool:
        """Does code of the chain match the regular expression?"""
        return any(re.search(pattern, code_of(self.texts[path])) for path in self.chain)

    def apps(self) -> list[str]:
        """The installed apps in order, as far as they are written out as strings in lists called `..._APPS`."""
        found: list[str] = []
        for path in self.chain:
            for assigned in _assigned(path, self.texts[path], "APPS"):
                found += strings(assigned.value)
        return list(dict.fromkeys(found))

    def loads_env_file(self, *others: str) -> bool:
        """Does the chain, a package that it lies in, or the text of an entry point load a `.env` file?"""
        own = [text for path, text in self.texts.items() if path in self.chain or path.endswith("__init__.py")]
        return any(_LOADS_ENV.search(code_of(text)) for text in (*own, *others))


def read_settings(project: Project) -> Settings | None:
    """The settings of the project; None when the file behind the settings module cannot be told."""
    leaf = settings_file(project)
    if leaf is None or project.read(leaf) is None:
        return None
    chain: list[str] = []

    def visit(path: str, seen: frozenset[str]) -> None:
        if path in seen or path in chain:
            return
        text = project.read(path) or ""
        builds_on = (star_targets, _inherited, _included)
        for target in (found for targets in builds_on for found in targets(project, path, text)):
            visit(target, seen | {path})
        chain.append(path)

    visit(leaf, frozenset())
    late = [found for path in chain for found in late_targets(project, path, project.read(path) or "")]
    beside = [path for path in dict.fromkeys((*_neighbours(project, chain), *late)) if path not in chain]
    return Settings(leaf, tuple(chain), tuple(beside), {p: project.read(p) or "" for p in (*chain, *beside)})


def written(text: str, name: str, owner: str | None = None) -> list[Assigned]:
    """The assignments of `name` in one file that build on no earlier one, in the module or the class `owner`."""
    return [a for a in _assigned("", text, name) if a.owner == owner and not a.extends]


def strings(value: ast.expr) -> list[str]:
    """The string literals anywhere in an expression."""
    return [n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def code_of(text: str) -> str:
    """The text with whole-line and trailing comments blanked (good enough for a search)."""
    return re.sub(r"(?m)#[^\n\"']*$|^\s*#[^\n]*$", "", text)


def _neighbours(project: Project, chain: list[str]) -> Iterator[str]:
    """Settings files in the directories of the chain: all of a package of settings, else those named alike."""
    for folder in dict.fromkeys(dirname(path) for path in chain):
        package = PurePosixPath(folder).name in ("settings", "conf") or any(
            PurePosixPath(p).stem in ("base", "common") for p in chain if dirname(p) == folder
        )
        for path in project.files(f"{folder}/*.py" if folder else "*.py"):
            if package or _SETTINGS_NAME.search(PurePosixPath(path).stem):
                yield path


def _inherited(project: Project, path: str, text: str) -> list[str]:
    """The files that define the classes which django-configurations' settings classes of this file extend."""
    tree = _tree(text) if "class " in text else None
    body = tree.body if tree else []
    bases = {b.id for node in body if isinstance(node, ast.ClassDef) for b in node.bases if isinstance(b, ast.Name)}
    modules = [
        "." * node.level + (node.module or "")
        for node in body
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) in bases for alias in node.names)
    ]
    return [found for module in modules if (found := imported_file(project, path, module))]


def _included(project: Project, path: str, text: str) -> list[str]:
    """The files that django-split-settings' `include("base.py", ...)` names."""
    tree = _tree(text) if "split_settings" in text else None
    calls = [
        call
        for call in (ast.walk(tree) if tree else ())
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "include"
    ]
    # include(*_base_settings): the names stand in a tuple of the same file
    listed = [a.value.id for c in calls for a in c.args if isinstance(a, ast.Starred) and isinstance(a.value, ast.Name)]
    values = [a.value for name in dict.fromkeys(listed) for a in _assigned(path, text, name)]
    names = [name for value in (*calls, *values) for name in strings(value)]
    folder = dirname(path)
    files = project.files(f"{folder}/**/*.py" if folder else "**/*.py")
    return [f for name in names for f in files if fnmatch(f, normpath(join(folder, name)))]


def _assigned(path: str, text: str, name: str) -> list[Assigned]:
    """Assignments of `name` (or `ANYTHING_name`, for lists of apps) in module and class bodies, top down."""
    tree = _tree(text)
    return list(_in_body(path, tree.body, name, None)) if tree else []


def _in_body(path: str, body: list[ast.stmt], name: str, owner: str | None) -> Iterator[Assigned]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield from _in_body(path, node.body, name, node.name)
            case ast.If() | ast.Try() | ast.With():
                for inner in ("body", "orelse", "finalbody"):
                    yield from _in_body(path, getattr(node, inner, []), name, owner)
            case ast.Assign(targets=targets, value=value):
                if any(_names(target, name) for target in targets):
                    yield Assigned(path, node.lineno, owner, _builds_on(value, name), value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _names(target, name):
                yield Assigned(path, node.lineno, owner, _builds_on(value, name), value)
            case ast.AugAssign(target=target, value=value) if _names(target, name):
                yield Assigned(path, node.lineno, owner, True, value)


def _names(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and (target.id == name or (name == "APPS" and target.id.endswith("_APPS")))


def _builds_on(value: ast.expr, name: str) -> bool:
    return any(
        (isinstance(n, ast.Name) and n.id == name) or (isinstance(n, ast.Attribute) and n.attr == name)
        for n in ast.walk(value)
    )


def _is_test(path: str) -> bool:
    return _TEST_NAME.search(PurePosixPath(path).stem) is not None


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    # MemoryError: expressions too deep for CPython's parser. The warnings are about the project's code, not ours.
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError), catch_warnings():
        simplefilter("ignore")
        return ast.parse(text)
    return None
