"""TOML manifests: requirements and keys added without touching a byte around them."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from wizard.codemods.toml_spans import Path, Section, Statement, array_items, sections
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item
from wizard.text import indent_unit, line_end, line_number

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


def ensure_requirement(path: Path, name: str, specifier: str) -> Codemod:
    """The array at `path` (`("project", "dependencies")`) asks for `name`: with `specifier` if new, else as it is.

    The new item takes the quotes, the layout and the order of the others. A missing array is made in its table.
    Refuses a missing table, and `dependencies` that are dynamic.
    """

    def run(text: str) -> str:
        parts = sections(text)
        data = tomllib.loads(text)
        table, key = _at(data, path[:-1]), path[-1]
        if not isinstance(table, dict):
            raise CannotEdit(f"there is no table [{'.'.join(path[:-1])}]")
        if key not in table:
            if key in table.get("dynamic", ()):
                raise CannotEdit(
                    f"{key} is dynamic: another file lists it", _line(text, parts, (*path[:-1], "dynamic"))
                )
            new = f"{key} = [\n{indent_unit(text, '    ')}{json.dumps(name + specifier)},\n]"
            return _checked(text, _append_statement(text, parts, path[:-1], new), path, [name + specifier])
        items = table[key]
        if not isinstance(items, list):
            raise CannotEdit(f"{'.'.join(path)} is not a list")
        if any(isinstance(item, str) and _same(item, name) for item in items):
            return text
        statement = _statement(text, parts, path)
        item = f"{name} ({specifier})" if items and all("(" in str(i) for i in items) else name + specifier
        edits = _array_edits(text, statement, items, item)
        return _checked(text, edits, path, [*items, item])

    return run


def ensure_key(table: Path, key: str, value: str) -> Codemod:
    """The table has `key`: with the string `value` if it is new, else as it is; a missing table goes to the end."""

    def run(text: str) -> str:
        parts = sections(text)
        data = tomllib.loads(text)
        there = _at(data, table)
        if isinstance(there, dict) and any(_same(name, key) for name in there):
            return text
        bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
        new = f"{key if bare else json.dumps(key)} = {json.dumps(value)}"
        edits = [_new_table(text, table, new)] if there is None else _append_statement(text, parts, table, new)
        return _checked(text, edits, (*table, key), value)

    return run


def _array_edits(text: str, statement: Statement, items: Sequence[object], item: str) -> list[Edit]:
    spans = array_items(text, statement.value)
    quoted = [text[start:end] for start, end in spans]
    single = bool(quoted) and all(q.startswith("'") for q in quoted)
    new = f"'{item}'" if single and "'" not in item else json.dumps(item)
    names = [_normalised(str(i)) for i in items]
    ordered = len(names) > 1 and names == sorted(names)
    index = sum(name < _normalised(item) for name in names) if ordered else len(names)
    return insert_item(text, statement.value, statement.end - 1, spans, index, new, ("#",), unit="    ")


def _append_statement(text: str, parts: Sequence[Section], path: Path, new: str) -> list[Edit]:
    """After the last statement of the section `[path]`, before its sub-tables."""
    section = next((s for s in parts if s.path == path and not s.many and (path == () or s.end)), None)
    if section is None:
        raise CannotEdit(f"the table {'.'.join(path)} is not written as [{'.'.join(path)}]")
    last = section.statements[-1].end if section.statements else section.end
    end = line_end(text, last)
    return [insert(end, "\n" + new)]


def _new_table(text: str, table: Path, new: str) -> Edit:
    header = f"[{'.'.join(table)}]\n{new}"
    end = len(text.rstrip())
    if not end:
        return insert(0, header + "\n")
    end = line_end(text, end)
    return insert(end, f"\n\n{header}" + ("\n" if end == len(text) else ""))


def _statement(text: str, parts: Sequence[Section], path: Path) -> Statement:
    for section in parts:
        for statement in section.statements:
            if statement.path == path and not section.many and text[statement.value] == "[":
                return statement
    raise CannotEdit(f"{'.'.join(path)} is written in a way we do not know")


def _line(text: str, parts: Sequence[Section], path: Path) -> int | None:
    starts = [s.start for section in parts for s in section.statements if s.path == path]
    return line_number(text, starts[0]) if starts else None


def _checked(text: str, edits: list[Edit], path: Path, value: object) -> str:
    """The edited text, if tomllib reads in it exactly what was there plus the value, and tomlkit the value too."""
    after = splice(text, edits)
    expected = copy.deepcopy(tomllib.loads(text))
    table: dict[str, Any] = expected
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = value
    try:
        actual, second = tomllib.loads(after), tomlkit.parse(after).unwrap()
    except (ValueError, TOMLKitError, RecursionError) as error:
        raise CannotEdit("the edit would not parse") from error
    if _sorted(actual, path) != _sorted(expected, path) or _at(_sorted(second, path), path) != _at(actual, path):
        raise CannotEdit(f"{'.'.join(path)} is written in a way we do not know")
    return after


def _sorted(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """The order of requirements does not matter."""
    table = _at(data, path[:-1])
    if isinstance(table, dict) and isinstance(table.get(path[-1]), list):
        table[path[-1]] = sorted(map(repr, table[path[-1]]))
    return data


def _at(data: object, path: Path) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _same(requirement: str, name: str) -> bool:
    return _normalised(requirement) == _normalised(name)


def _normalised(requirement: str) -> str:
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[1] if match else requirement).lower()
