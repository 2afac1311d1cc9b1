"""What must hold of an edit to an env file, a manifest or a requirement file, in the terms of their real readers."""

from __future__ import annotations

import ast
import configparser
import contextlib
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement

from tests.fuzz import env_readers
from wizard.codemods import dockerfile, dotenv, toml

Check = Callable[[str, str], None]
"""`(before, after)` of an edit that changed something; raises AssertionError."""


def env_check(name: str, value: str) -> Check:
    """Every other variable reads as before in three readers; ours gives the very value in all that agree with us."""

    def check(before: str, after: str) -> None:
        for reader in (env_readers.node, env_readers.python, dotenv.read):
            was, now = dict(reader(before)), dict(reader(after))
            ours, theirs = now.pop(name, None), was.pop(name, None)
            agrees = {*was, name} == {*dotenv.read(before), name}
            if agrees and (theirs is not None or name not in dotenv.read(before)):
                assert ours == value, f"{reader.__module__}.{reader.__name__} reads another value"
            if agrees or after.startswith(before):
                assert was == now, f"{reader.__module__}.{reader.__name__} reads other variables"

    return check


def json_check(path: tuple[str, ...], key: str, value: object) -> Check:
    """The document reads as before, doubled keys and the order of keys included, but for ours."""

    def check(before: str, after: str) -> None:
        was, now = strict(before), strict(after)
        assert without(now, path, key, was) == was
        there: Any = json.loads(uncommented(after))
        for name in (*path, key):
            there = there[name]
        assert there == value
        assert comments(after) == comments(before)
        if json_parses(before):
            json.loads(after)

    return check


def array_check(path: tuple[str, ...], item: object) -> Check:
    """As for a member, for the last item of an array."""

    def check(before: str, after: str) -> None:
        old: Any = json.loads(uncommented(before))
        new: Any = json.loads(uncommented(after))
        there: Any = new
        for name in path:
            old, there = (old.get(name) if isinstance(old, dict) else None), there[name]
        assert there == [*(old or []), item]
        assert comments(after) == comments(before)

    return check


def strict(text: str) -> Any:
    """A JSON document with comments and trailing commas as nested lists of pairs."""
    return json.loads(uncommented(text), object_pairs_hook=lambda pairs: ("{", list(pairs)))


_COMMENT = r"(?>//[^\r\n]*)|/\*(?:(?!\*/).)*\*/"
_JSONC = re.compile(rf'"(?:[^"\\]|\\.)*"|{_COMMENT}|,(?=(?:\s|{_COMMENT})*[}}\]])', re.DOTALL)


def uncommented(text: str) -> str:
    """Plain JSON: comments and trailing commas are blanks."""
    return _JSONC.sub(lambda m: m[0] if m[0][0] == '"' else " ", text)


def comments(text: str) -> list[str]:
    """The comments in order."""
    return [m[0] for m in _JSONC.finditer(text) if m[0][0] == "/"]


def without(tree: Any, path: tuple[str, ...], key: str, was: Any) -> Any:
    """The tree without the member, and without the objects on its path that were not there."""
    kind, pairs = tree
    head, rest = (path[0], path[1:]) if path else (key, None)
    old = next((v for k, v in was[1] if k == head), None) if isinstance(was, tuple) else None
    kept = []
    for name, value in pairs:
        if name != head:
            kept.append((name, value))
        elif rest is not None and old is not None:
            kept.append((name, without(value, rest, key, old)))
    return kind, kept


def json_parses(text: str) -> bool:
    """Is it plain JSON?"""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def toml_check(path: tuple[str, ...], item: str | None, value: str | None) -> Check:
    """The document reads as before, but for one new item of the array, or one new key, at `path`."""

    def check(before: str, after: str) -> None:
        was, now = tomllib.loads(before), tomllib.loads(after)
        table = now
        for name in path[:-1]:
            table = table[name]
        if item is not None:
            names = [toml._normalised(str(i)) for i in table[path[-1]]]
            table[path[-1]].pop(names.index(item))
        else:
            assert table.pop(path[-1]) == value
        assert pruned(was) == pruned(now)
        assert re.findall(r"(?m)^[ \t]*#[^\n]*", before) == re.findall(r"(?m)^[ \t]*#[^\n]*", after)

    return check


def pruned(data: Any) -> Any:
    """Without empty tables and arrays; numbers that equal no other are spelled out."""
    if isinstance(data, dict):
        return {k: v for k, v in ((k, pruned(v)) for k, v in data.items()) if v not in ({}, [])}
    return [pruned(v) for v in data] if isinstance(data, list) else repr(data)


def pip_lines(text: str) -> list[str]:
    """The lines of a requirement file as pip joins them and takes the comments out."""
    joined: list[str] = []
    parts: list[str] = []
    for line in text.splitlines():
        comment = re.match(r"(^|\s+)#.*$", line)
        if not line.endswith("\\") or comment:
            joined.append("".join([*parts, " " + line if comment else line]))
            parts = []
        else:
            parts.append(line.strip("\\"))
    if parts:
        joined.append("".join(parts))
    bare = (re.sub(r"(^|\s+)#.*$", "", line).strip() for line in joined)
    return [line for line in bare if line]


def requirement_check(before: str, after: str) -> None:
    """pip sees one line more, which asks for ours, and asks for it once."""
    was, now = pip_lines(before), pip_lines(after)
    ours = [line for line in now if asks_for(line) == "posthog"]
    assert len(ours) == 1, f"asked for {len(ours)} times"
    now.remove(ours[0])
    assert was == now


def asks_for(line: str) -> str | None:
    """The distribution that a line names; None for options, paths and what pip rejects."""
    try:
        return re.sub(r"[-_.]+", "-", Requirement(line).name).lower()
    except InvalidRequirement:
        return None


def cfg_check(before: str, after: str) -> None:
    """configparser reads one line more in install_requires and the same elsewhere."""
    was, now = cfg(before), cfg(after)
    if was is None:
        return
    assert now is not None, "does not parse any more"
    old, new = was["options"].pop("install_requires"), now["options"].pop("install_requires")
    assert was == now
    lines = new.split("\n")
    lines.remove("posthog>=7.71")
    assert lines == old.split("\n")


def cfg(text: str) -> dict[str, dict[str, str]] | None:
    """The sections of a setup.cfg; None when it does not parse."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {name: dict(parser[name]) for name in parser.sections()}


def py_check(before: str, after: str) -> None:
    """The same tree, but for one more item at the end of install_requires."""
    was, now = ast.parse(before), ast.parse(after)
    keyword = next(n for n in ast.walk(now) if isinstance(n, ast.keyword) and n.arg == "install_requires")
    assert isinstance(keyword.value, ast.List)
    assert ast.literal_eval(keyword.value.elts.pop()) == "posthog>=7.71"
    assert ast.dump(was) == ast.dump(now)


def yaml_check(before: str, after: str) -> None:
    """PyYAML reads the same values but for ours, which comes last in its list or mapping."""
    try:
        was, now = _yaml(before), _yaml(after)
    except yaml.constructor.ConstructorError:  # keys that Python has no mapping for
        return
    services = now["services"]
    if isinstance(services, list):
        assert services[0]["envVars"].pop() == {"key": "KEY", "sync": "false"}
        if not services[0]["envVars"]:
            del services[0]["envVars"]
    else:
        web, old = services["web"], was["services"]["web"]
        for holder, earlier in ((web, old), (web.get("build"), old.get("build"))):
            if not isinstance(holder, dict):
                continue
            for key in ("environment", "args"):
                names = holder.get(key)
                if isinstance(names, dict) and "KEY" in names and names["KEY"] == "":
                    del names["KEY"]
                elif isinstance(names, list) and names and names[-1] == "KEY":
                    names.pop()
                if names == [] and key not in earlier:
                    del holder[key]
    assert was == now


def entry_check(path: Sequence[str], key: str, value: str) -> Check:
    """PyYAML reads the same values but for ours, and nothing of the text but empty braces is gone."""

    def check(before: str, after: str) -> None:
        with contextlib.suppress(yaml.constructor.ConstructorError):  # keys that Python has no mapping for
            reads_as_before(_yaml(before), _yaml(after))
        rest = iter(after)
        assert all(char in rest for char in re.sub(r"\{\s*\}", "", before) if not char.isspace()), "something is lost"

    def reads_as_before(was: Any, now: Any) -> None:
        holder = now
        for step in path:
            holder = holder[step]
        assert holder.pop(key) == value
        if not holder:
            for tree in (was, now):
                for step in path[:-1]:
                    tree = tree[step]
                assert tree.pop(path[-1], "") in ("", {})
        assert was == now

    return check


def _yaml(text: str) -> Any:
    """The values, as the parser in C reads them: PyYAML's own takes no tab behind a value."""
    return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))


def docker_check(before: str, after: str) -> None:
    """One line more, and no instruction but ours."""
    was, now = before.splitlines(), after.splitlines()
    assert len(now) == len(was) + 1
    ours = [i for i, line in enumerate(now) if line.strip() == "ARG KEY" and now[:i] == was[:i]]
    assert any(now[:i] + now[i + 1 :] == was for i in ours)
    old = [(i.keyword, i.value) for i in dockerfile.instructions(before)]
    new = [(i.keyword, i.value) for i in dockerfile.instructions(after)]
    new.remove(("ARG", "KEY"))
    assert sorted(old) == sorted(new)
