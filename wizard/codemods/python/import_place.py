"""Where a new import line belongs: its group (standard library, third party, ours) and its place in that group."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import pairwise

import libcst as cst

from wizard.codemods.python.scopes import dotted, module_path
from wizard.codemods.python.tree import Source, Statement, logical_end, statements, string_value
from wizard.edits import Edit, insert
from wizard.text import line_end, line_start, next_line

_FUTURE, _STDLIB, _THIRD, _OURS, _RELATIVE = range(5)
_LOADS_ENV = re.compile(r"(?:^|\.)(?:load_dotenv|read_env|read_envfile|find_dotenv)$")


def new_import(source: Source, line: str, module: str, first_party: bool, lazy: bool = False) -> Edit:
    """Insert the import statement `line` of `module`; one of our own that is not `lazy` stays below `load_dotenv()`.

    Ours go to a second group that is neither standard library nor relative, where there is one. What is no standard
    library stays below the calls that the file makes between its imports (`monkey.patch_all()`, `sys.path.insert`).
    """
    ours = first_party or module.startswith(".")
    loads = _last_env_load(source) if ours and not lazy else None
    head = _head(source, loads, calls=_group(module) not in (_FUTURE, _STDLIB))
    if loads and not head:
        return _below(source, loads, line)
    group = _OURS if first_party and _group(module) == _THIRD else _group(module)
    runs = _runs(source, head)
    top = module.partition(".")[0]
    own = [r for r in runs if top and any(_module_of(s.node).partition(".")[0] == top for s in r)]
    own = own or [r for r in runs if group in {_group(_module_of(s.node)) for s in r}]
    own = own or ([r for r in runs if _group(_module_of(r[0].node)) == _THIRD][1:] if group == _OURS else [])
    if own:
        return _into(source, own[0], line)
    earlier = [s for s in head if _group(_module_of(s.node)) < group]
    if earlier:
        return _below(source, earlier[-1], line)
    if head:
        return insert(line_start(source.text, head[0].start), f"{line}\n\n")
    return _alone(source, line)


def _last_env_load(source: Source) -> Statement | None:
    found = None
    for statement in statements(source, source.module.body):
        node = statement.node
        if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and _loads_env(node.value):
            found = statement
    return found


def _loads_env(call: cst.Call) -> bool:
    return _LOADS_ENV.search(dotted(call.func) or "") is not None


def _head(source: Source, behind: Statement | None, calls: bool) -> list[Statement]:
    """The first run of top-level imports (`behind` a statement); between them may stand a docstring, `if`, `try`.

    With `calls`, the run below the last bare call that imports follow: what it does is meant to be done by then.
    """
    found: list[Statement] = []
    called = False
    for statement in statements(source, source.module.body):
        node = statement.node
        if behind and statement.start <= behind.start:
            continue
        if isinstance(node, cst.Import | cst.ImportFrom):
            found = [statement] if called else [*found, statement]
            called = False
        elif calls and isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and not _loads_env(node.value):
            called = bool(found)
        elif any(_group(_module_of(s.node)) != _FUTURE for s in found) and not isinstance(node, cst.If | cst.Try):
            break
    return found


def _into(source: Source, run: Sequence[Statement], line: str) -> Edit:
    """Into a run of imports: sorted when its neighbours of the same group are, else at the end of that group."""
    module = line.split()[1]
    group = _group(module)
    own = [s for s in run if _group(_module_of(s.node)) == group] or list(run)
    ours = (line.startswith("from "), module.casefold())
    for key in (_sections, _mixed):
        order = [key((isinstance(s.node, cst.ImportFrom), _module_of(s.node).casefold())) for s in own]
        if all(a <= b for a, b in pairwise(order)):
            smaller = [s for s, k in zip(own, order, strict=True) if k <= key(ours)]
            if smaller:
                return _lines_below(source, smaller[-1].end, f"{line}\n")
            return insert(line_start(source.text, own[0].start), f"{line}\n")
    return _lines_below(source, own[-1].end, f"{line}\n")


def _group(module: str) -> int:
    top = module.partition(".")[0]
    if module.startswith("."):
        return _RELATIVE
    if top == "__future__":
        return _FUTURE
    return _STDLIB if top in sys.stdlib_module_names else _THIRD


def _module_of(node: cst.CSTNode) -> str:
    if isinstance(node, cst.ImportFrom):
        return module_path(node)
    return node.names[0].evaluated_name if isinstance(node, cst.Import) else ""


def _runs(source: Source, head: Sequence[Statement]) -> list[list[Statement]]:
    """The imports of `head`, parted where a blank line or another statement stands between two."""
    runs: list[list[Statement]] = []
    for statement in head:
        between = source.text[runs[-1][-1].end : statement.start] if runs else "\n\n"
        lines = between.split("\n")[1:-1] if runs else [""]
        if runs and all(line.strip() for line in lines) and statement.index - runs[-1][-1].index <= 1:
            runs[-1].append(statement)
        else:
            runs.append([statement])
    return runs


def _sections(key: tuple[bool, str]) -> tuple[bool, str]:
    return key


def _mixed(key: tuple[bool, str]) -> tuple[bool, str]:
    return False, key[1]


def _below(source: Source, statement: Statement, line: str) -> Edit:
    """A group of its own under an earlier group."""
    rest = source.text[next_line(source.text, logical_end(source, statement.end)) :]
    gap = "" if not rest.strip() or rest.startswith(("\n", "\r\n")) else "\n"
    return _lines_below(source, statement.end, f"\n{line}\n{gap}")


def _lines_below(source: Source, end: int, lines: str) -> Edit:
    end = logical_end(source, end)
    stop, following = line_end(source.text, end), next_line(source.text, end)
    return insert(stop, "\n" + lines.rstrip("\n")) if stop == following else insert(following, lines)


def _alone(source: Source, line: str) -> Edit:
    """The first import of a file: below its docstring, or below its opening comments."""
    first = next(iter(statements(source, source.module.body)), None)
    if first and isinstance(first.node, cst.Expr) and string_value(first.node.value) is not None:
        return _below(source, first, line)
    place = _behind_opening_comments(source.text, first.start if first else len(source.text))
    if place == len(source.text):
        return insert(place, ("\n" if source.text and not source.text.endswith("\n") else "") + f"{line}\n")
    follows = source.text[place:].startswith(("\n", "\r\n"))
    return insert(place, f"{line}\n" if follows else f"{line}\n\n")


def _behind_opening_comments(text: str, first: int) -> int:
    """Behind `#!`, the coding line and the first paragraph of comments, unless that one leads the first statement."""
    pinned = place = 0
    while place < first and text.startswith("#", place):
        if text.startswith("#!", place) or (
            text.count("\n", 0, place) < 2 and "coding" in text[place : line_end(text, place)]
        ):
            pinned = next_line(text, place)
        place = next_line(text, place)
    return pinned if place >= first and first < len(text) else place
