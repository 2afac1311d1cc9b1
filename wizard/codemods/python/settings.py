"""Settings that a module reads from the environment: assignments with its own reader, fields of a pydantic class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from wizard.codemods.python.calls import keyword
from wizard.codemods.python.env_reader import environment_reader, last_load, last_read
from wizard.codemods.python.imports import ensure_import
from wizard.codemods.python.literals import quote, quoted
from wizard.codemods.python.scopes import bindings, dotted, subclasses
from wizard.codemods.python.tree import (
    Source,
    Statement,
    after,
    block_indent,
    body_of,
    functions,
    parse,
    statements,
    string_value,
)
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import line_start, next_line

CASE_SENSITIVE = re.compile(r"\bcase_sensitive[\"']?\s*[=:]\s*True\b")
"""A settings class whose fields are called exactly like their variables."""
_LAST_WORDS = re.compile(
    r"^#[^\n]*\b(?:don'?t|do not|no|never|nothing)\b[^\n]*\b(?:after|below|beneath|past|under)\b[^\n]*\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
"""A comment that ends the file and says that nothing may follow it."""
_MODELS = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings")


@dataclass(frozen=True, slots=True)
class Setting:
    """A string called `name`, read from the environment variable `variable`."""

    name: str
    variable: str
    default: str = ""


def ensure_assignments(settings: Sequence[Setting], heading: str = "", *, at_end: bool = False) -> Codemod:
    """The module assigns each setting, read as the file reads its environment already.

    Readers, in this order: `env("X", default="")` of django-environ and environs, `config("X", default="")` of
    decouple and starlette, `os.getenv` or `os.environ.get` (imported by name too), which is the fallback and imports
    `os`. The lines go below the last plain assignment that reads the environment, else (with `at_end` always, and
    when a heading would part a paragraph) to the end of the file but above closing imports of local overrides.
    `heading` is a comment line without its `#`. A setting that the module's own scope binds anywhere stays. Refuses a
    file whose settings are a pydantic class (see `ensure_settings_fields`).
    """

    def run(text: str) -> str:
        source = parse(text)
        missing = [s for s in settings if not bindings(source, s.name)]
        if not missing:
            return text
        if models := subclasses(source, _MODELS):
            raise source.refusal(f"reads its settings in the pydantic class {models[0].name.value}", models[0])
        reader = environment_reader(source)
        if reader.needs_os:
            imported = ensure_import("os")(text)
            if imported == text:
                raise CannotEdit("os is imported, and the name then given to something else")
            return run(imported)
        style = quote(source)
        lines = [quoted(f"{s.name} = {reader.call(s.variable, s.default)}", style) for s in missing]
        read, load = last_read(source, reader), last_load(source)
        block = "\n".join([*([f"# {heading}"] if heading else []), *lines])
        if at_end or read is None or (load and load.start > read.start) or (heading and _continues(source, read)):
            return splice(text, [_at_end(source, block)])
        return splice(text, [after(source, read.end, "\n" + block if heading else block)])

    return run


def ensure_settings_fields(settings: Sequence[Setting]) -> Codemod:
    """The one pydantic `BaseSettings` class of the file has a field `name: str = default` for each setting.

    Names are those of the variables in a file with `case_sensitive=True`, else in upper case when most fields of the
    class are. A field that exists in any case stays.
    Refuses: no such class or several, an `env_prefix` (it would rename the variables), a class without fields' body.
    """

    def run(text: str) -> str:
        source = parse(text)
        model = _model(source)
        fields = _fields(source, model)
        known = {_name(f).casefold() for f in fields}
        style, reader = quote(source), environment_reader(source)
        read = re.compile(rf"(?:{reader.reads})")
        by_reader = [f for f in fields if (value := getattr(f.node, "value", None)) and read.match(source.code(value))]
        # Fields whose defaults are reads of decouple's: nothing else brings its .env file to the class.
        called = reader.keyword and len(by_reader) * 2 > len(fields)
        lines = [
            f"{_field_name(source, fields, s.name, s.variable)}: str = "
            + quoted(reader.call(s.variable, s.default) if called else f'"{s.default}"', style)
            for s in settings
            if s.name.casefold() not in known
        ]
        if not lines:
            return text
        body = body_of(source, model)
        last = fields[-1] if fields else None
        if last is None:
            first = next(iter(statements(source, body)))
            documented = isinstance(first.node, cst.Expr) and string_value(first.node.value) is not None
            if not documented or len(body) > 1:
                raise source.refusal(f"class {model.name.value} has no field to put new ones below", model)
            last = first
        return splice(text, [after(source, last.end, "\n".join(lines), block_indent(source, body))])

    return run


def settings_field(text: str, name: str) -> str:
    """The name that `ensure_settings_fields` gives (or gave) to the field `name`, called like its variable.

    Raises CannotEdit as that does.
    """
    source = parse(text)
    fields = _fields(source, _model(source))
    found = next((_name(f) for f in fields if _name(f).casefold() == name.casefold()), None)
    return found or _field_name(source, fields, name, name)


def settings_object(text: str) -> str | None:
    """What importers of the file use: `settings` for `settings = Settings()`, `get_settings()` for such a function.

    Arguments of the call do not matter; a variable wins over a function. None when there is neither.
    """
    source = parse(text)
    model = _model(source).name.value
    getters = []
    for statement in statements(source, source.module.body):
        node = statement.node
        value = node.value if isinstance(node, cst.Assign | cst.AnnAssign) else None
        targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else [getattr(node, "target", None)]
        if isinstance(value, cst.Call) and (target := dotted(targets[0])):
            if dotted(value.func) == model:
                return target
            getters += [target] if dotted(value.func) in getters else []
    for function in functions(source):
        returns = dotted(function.returns.annotation) if function.returns else None
        if returns == model and not function.params.params:
            getters.append(f"{function.name.value}()")
    return getters[0] if getters else None


def has_settings_class(text: str) -> bool:
    """Does the file define a pydantic `BaseSettings` class?"""
    return bool(subclasses(parse(text), _MODELS))


def _model(source: Source) -> cst.ClassDef:
    models = subclasses(source, _MODELS)
    if not models:
        raise CannotEdit("has no pydantic BaseSettings class")
    if len(models) > 1:
        raise source.refusal(f"has {len(models)} pydantic settings classes", models[-1])
    arguments = next((arg for arg in models[0].keywords if arg.keyword and arg.keyword.value == "env_prefix"), None)
    if arguments:
        raise source.refusal("gives its variables a prefix (env_prefix)", arguments)
    for statement in statements(source, body_of(source, models[0])):
        node = statement.node
        if isinstance(node, cst.Assign | cst.AnnAssign) and isinstance(node.value, cst.Call):
            prefix = keyword(node.value, "env_prefix")
            if prefix is not None and string_value(prefix) != "":
                raise source.refusal("gives its variables a prefix (env_prefix)", prefix)
        if isinstance(node, cst.ClassDef) and "env_prefix" in source.code(node):
            raise source.refusal("gives its variables a prefix (env_prefix)", node)
    return models[0]


def _fields(source: Source, model: cst.ClassDef) -> list[Statement]:
    return [
        s
        for s in statements(source, body_of(source, model))
        if isinstance(s.node, cst.AnnAssign) and isinstance(s.node.target, cst.Name) and _name(s) != "model_config"
    ]


def _name(field: Statement) -> str:
    return dotted(getattr(field.node, "target", None)) or ""


def _field_name(source: Source, fields: Sequence[Statement], name: str, variable: str) -> str:
    if CASE_SENSITIVE.search(source.text):
        return variable
    return name.upper() if sum(_name(f).isupper() for f in fields) * 2 > len(fields) else name.lower()


def _continues(source: Source, statement: Statement) -> bool:
    """Does the next line belong to the same paragraph?"""
    return bool(source.text[next_line(source.text, statement.end) :].partition("\n")[0].strip())


def _at_end(source: Source, block: str) -> Edit:
    text = source.text
    top = list(statements(source, source.module.body))
    tail = len(top)
    while tail and _imports_all(top[tail - 1].node):
        tail -= 1
    overrides = top[tail:] if any(isinstance(s.node, cst.Assign) for s in top[:tail]) else []
    if overrides:
        start = line_start(text, overrides[0].start)
        while start and text[line_start(text, start - 1) : start].startswith("#"):
            start = line_start(text, start - 1)
        return insert(start, block + "\n\n")
    if not text.strip():
        return insert(len(text), block + "\n")
    if last := _LAST_WORDS.search(text):
        gap = "" if text[: last.start()].endswith(("\n\n", "\n\r\n")) or not last.start() else "\n"
        return insert(last.start(), gap + block + "\n\n")
    gap = "\n\n" if isinstance(top[-1].node if top else None, cst.FunctionDef | cst.ClassDef) else "\n"
    return insert(len(text), ("" if text.endswith("\n") else "\n") + gap + block + "\n")


def _imports_all(node: cst.CSTNode) -> bool:
    """Is it `from x import *`, alone or as what `try` or `if` holds?"""
    if isinstance(node, cst.Try | cst.If):
        lines = [line for line in node.body.body if isinstance(line, cst.SimpleStatementLine)]
        return any(_imports_all(small) for line in lines for small in line.body)
    return isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar)
