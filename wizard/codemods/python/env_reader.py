"""How a Python file reads its environment variables: django-environ, environs, decouple, starlette or `os`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from wizard.codemods.python.scopes import dotted, for_type_checkers, imported, is_any, module_scope
from wizard.codemods.python.tree import Source, Statement, parse, statements, walk

_ENV_CLASSES = ("environ.Env", "environ.FileAwareEnv", "environs.Env", "environs.FileAwareEnv")
_CONFIG_CLASSES = ("decouple.AutoConfig", "decouple.Config", "starlette.config.Config")
_OS = r"{}\.(?:environ|getenv)\b"
_LOADERS = re.compile(r"(?:^|\.)(?:load_dotenv|read_env|read_envfile)$")


@dataclass(frozen=True, slots=True)
class Reader:
    """`function` is what the file calls with a variable's name; `reads` is a regex of any read with this reader.

    `keyword`: the default is given as `default=`. `needs_os`: `import os` is still missing.
    """

    function: str
    reads: str
    keyword: bool = False
    needs_os: bool = False

    def call(self, variable: str, default: str) -> str:
        """Source that reads `variable` as a string."""
        return f'{self.function}("{variable}", {"default=" if self.keyword else ""}"{default}")'


def environment_reader(source: Source) -> Reader:
    """The reader that module-level code of the file can call; `os.environ.get` when it has none of its own."""
    names = _module_imports(source)
    own = [n for n, p in names.items() if p == "decouple.config" or _is_reader_of_ours(n, p, source.text)]
    if objects := [*_reader_objects(source), *own]:
        return Reader(objects[0], rf"{objects[0]}\s*[.(]", keyword=True)
    for path, function in (("os.getenv", "{}"), ("os.environ", "{}.get")):
        if name := next((n for n, p in names.items() if p == path), None):
            return Reader(function.format(name), rf"{name}\b")
    local = next((n for n, p in names.items() if p == "os"), None)
    if local is None:
        return Reader("os.environ.get", _OS.format("os"), needs_os=True)
    getenv, environ = source.text.count(f"{local}.getenv("), source.text.count(f"{local}.environ")
    return Reader(f"{local}.getenv" if getenv > environ else f"{local}.environ.get", _OS.format(local))


def _is_reader_of_ours(name: str, path: str, text: str) -> bool:
    """Is it `env` or `config` of another module of the project, called with the name of a variable here?"""
    return path.endswith((".env", ".config")) and re.search(rf"(?<![\w.]){name}\(\s*[\"'][A-Z]", text) is not None


def reads_environment(text: str) -> bool:
    """Does the module's own code load or read environment variables with any known reader?"""
    source = parse(text)
    return last_read(source, environment_reader(source)) is not None or last_load(source) is not None


def last_load(source: Source) -> Statement | None:
    """The last top-level statement that loads an env file (`load_dotenv()`, `env.read_env()`), `if` around or not."""
    return next(
        (s for s in reversed(list(statements(source, source.module.body))) if loads_environment(s)),
        None,
    )


def loads_environment(statement: Statement) -> bool:
    """Does running a statement load an env file (`load_dotenv()`, `env.read_env()`)?"""
    if isinstance(statement.node, cst.FunctionDef | cst.ClassDef):
        return False
    return any(isinstance(n, cst.Call) and _LOADERS.search(dotted(n.func) or "") for n in walk(statement.node))


def last_read(source: Source, reader: Reader) -> Statement | None:
    """The last top-level `NAME = ...` that reads the environment and is not a dict or a list of such reads."""
    used = re.compile(rf"(?<![\w.])(?:{reader.reads})")
    found = None
    for statement in statements(source, source.module.body):
        node = statement.node
        value = node.value if isinstance(node, cst.Assign | cst.AnnAssign) else None
        if value is None or isinstance(value, cst.Dict | cst.List | cst.Tuple | cst.Set):
            continue
        if used.search(source.code(value)):
            found = statement
    return found


def _module_imports(source: Source) -> dict[str, str]:
    return {
        name.local: name.path
        for statement in module_scope(source)
        if not for_type_checkers(source, statement)
        for name in imported(statement.node)
    }


def _reader_objects(source: Source) -> Iterator[str]:
    for statement in statements(source, source.module.body):
        node = statement.node
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call() as call):
                pass
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.Call() as call):
                pass
            case _:
                continue
        if is_any(source, call.func, (*_ENV_CLASSES, *_CONFIG_CLASSES)):
            yield name
