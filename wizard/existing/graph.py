"""Which files of an app are loaded when it runs: followed from the files that start it, without a parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

from wizard.errors import CannotEdit
from wizard.existing.entries import is_aside, javascript_entries, python_entries
from wizard.existing.modules import JavaScriptModules, PythonModules
from wizard.project import LARGEST_SOURCE, Project
from wizard.text import decode

MOST_FILES = 6_000
"""Files followed; what lies beyond counts as loaded."""

_Imports = tuple[tuple[str, ...], tuple[str, ...], bool]
_NOTHING: _Imports = ((), (), False)

# each branch starts with a character of its own, which makes the search several times faster
_COMMENT = re.compile(
    r"""\"(?:\\.|[^"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"""
    r"|<!--(?:[^-]|-(?!->)){0,500}-->|//[^\n]*",
    re.DOTALL,
)
"""A string, which stays (`"./**/*.ts"` opens no comment), or a comment."""
_HASH = re.compile(r"(?m)#[^\n\"']*$")
# what comes before a word is asked after it: a search for something that begins with a letter is ten times faster
_TYPES = re.compile(
    r"(?:import(?<!\wimport)|export(?<!\wexport))\s+type\s+"
    r"(?:\{[^}]{0,5000}\}|[\w$]+|\*(?:\s*as\s+[\w$]+)?)\s*from\s*[\"'][^\"'\n]*[\"']"
)
_LAYOUT = re.compile(r"layout:(?<![^\n]layout:)\s*[\"']?([^\s\"']+)")
_IMPORTED = re.compile(
    r"""(?:from(?<!\wfrom)|import(?<!\wimport)\s*\(?|require(?<!\wrequire)\s*\()\s*(["'`])([^"'`\n$]+)\1"""
)
_RELATIVE = re.compile(r"""["'`](\.{1,2}/[^"'`\n]*)["'`]""")
_SCRIPT = re.compile(r"""<(?:script|Script)\b[^>]{0,500}?\bsrc\s*=\s*\{?["']([^"']+)["']""")
_COMPUTED = re.compile(
    r"(?:require(?<![.\w$]require)|import(?<![.\w$]import))\s*\(\s*(?![\"'`)\s])",
)
_CONTEXT = re.compile(r"require\.context(?<!\wrequire\.context)\s*\(\s*[\"']([^\"']+)[\"']")
_FROM = re.compile(r"[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]*(\([^)]{0,20000}\)|[^\n;#]+)")
_PLAIN = re.compile(r"[ \t]*(?:[^\n#\"']*;[ \t]*)?import[ \t]+([^\n;#]+)")
_DOTTED = re.compile(r"[\"']([A-Za-z_]\w*(?:\.\w+)*)(?::\w+)?[\"']")
_WALKED = tuple(
    re.compile(pattern)
    for pattern in (
        r"import_module(?<!\wimport_module)\s*\(\s*(?![\"'])",
        r"__import__(?<!\w__import__)\s*\(\s*(?![\"'])",
        r"pkgutil\.(?<!\wpkgutil\.)",
        r"_modules\((?<=\bfind_modules\(|\biter_modules\()",
    )
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The files that an app loads, relative to the tree. `groups` are files that run together (one page, one process).

    `whole` is True when that cannot be told: code that computes what it imports, or no start that this tool knows.
    """

    paths: frozenset[str]
    whole: bool
    _edges: dict[str, list[str]] = field(default_factory=dict)
    _groups: dict[str, list[str]] = field(default_factory=dict)

    def has(self, path: str) -> bool:
        """Is a file loaded, as far as that can be told?"""
        return path in self.paths or (self.whole and not is_aside(path))

    def together(self, paths: Iterable[str]) -> bool:
        """Is there a page or a process that loads all of `paths`?"""
        wanted = set(paths)
        everywhere = self._below(self._groups.get("", []))
        groups = [entries for name, entries in self._groups.items() if name] or [[]]
        return any(wanted <= everywhere | self._below(entries) for entries in groups)

    def _below(self, entries: Sequence[str]) -> set[str]:
        seen, pending = set(entries), list(entries)
        while pending:
            for target in self._edges.get(pending.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        return seen


def loaded(project: Project, language: str, starts: Sequence[str] = (), unused: Sequence[str] = ()) -> Loaded:
    """Follow the imports of an app from the files that start it.

    `starts` are more of those, relative to the app; `unused` are some that only seem to be.
    """
    if language == "javascript":
        groups, edges_in = javascript_entries(project), _javascript
    else:
        groups, edges_in = python_entries(project), _python
    # what a file loads is the same wherever one starts from
    if edges_in not in project.memo:
        project.memo[edges_in] = cache(edges_in(project, project.tree.known))
    edges_of: Edges = project.memo[edges_in]
    for path in starts:
        groups.setdefault(path, []).append(project.within(path))
    skipped = {project.within(path) for path in unused}
    groups = {name: [path for path in entries if path not in skipped] for name, entries in groups.items()}
    pending = [path for entries in groups.values() for path in entries]
    edges: dict[str, list[str]] = {}
    seen = set(pending)
    whole = not pending
    while pending:
        if len(edges) >= MOST_FILES:
            whole = True
            break
        path = pending.pop()
        targets, computed = edges_of(path)
        edges[path] = targets
        # what a configuration computes is not what the app loads
        whole = whole or (computed and ".config." not in path)
        fresh = [target for target in targets if target not in seen]
        seen.update(fresh)
        pending += fresh
    return Loaded(frozenset(seen), whole, edges, groups)


Edges = Callable[[str], tuple[list[str], bool]]


def _text(data: bytes) -> str:
    if len(data) > LARGEST_SOURCE:
        return ""
    try:
        return decode(data)[0]
    except CannotEdit:
        return ""


def _javascript(project: Project, known: frozenset[str]) -> Edges:
    modules = JavaScriptModules(project, known)

    def edges(path: str) -> tuple[list[str], bool]:
        specifiers, folders, computed = project.tree.reading(path, _specifiers) or _NOTHING
        found = [target for one in specifiers for target in modules.resolve(path, one)]
        return found + [t for folder in folders for t in modules.below(path, folder)], computed

    return edges


def _specifiers(data: bytes) -> _Imports:
    """What a script or page loads: specifiers, beginnings of computed paths, and whether one is wholly computed."""
    code = _TYPES.sub("", _COMMENT.sub(_without_comment, _text(data)))
    plain = [match[2] for match in _IMPORTED.finditer(code)] + _SCRIPT.findall(code) + _LAYOUT.findall(code)
    relative = _RELATIVE.findall(code)
    plain += [one for one in relative if "$" not in one and "*" not in one]
    begun = [re.split(r"[$*{]", one)[0] for one in relative if "$" in one or "*" in one]
    begun += [re.split(r"[*{]", one)[0] for one in re.findall(r"import\.meta\.glob[^(]*\(\s*[\"'](/[^\"']+)", code)]
    contexts = [one.rstrip("/") + "/" for one in _CONTEXT.findall(code)]
    return tuple(dict.fromkeys(plain)), (*begun, *contexts), _COMPUTED.search(code) is not None


def _without_comment(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] in "\"'`":
        return found
    # the `//` of a URL in the text of a page
    return found if found[:2] == "//" and match.string[match.start() - 1 : match.start()] == ":" else " "


def _python(project: Project, known: frozenset[str]) -> Edges:
    modules = PythonModules(project, known)

    def edges(path: str) -> tuple[list[str], bool]:
        names, dotted, computed = project.tree.reading(path, _names) or _NOTHING
        found = [*modules.resolved(path, names)]
        return found + [target for name in dotted for target in modules.named(name)], computed

    return edges


def _names(data: bytes) -> _Imports:
    """What a Python file imports, what its strings may name, and whether it computes what it imports."""
    code = _HASH.sub("", re.sub(r"\\\r?\n", " ", _text(data)))
    found = dict.fromkeys(_imported_names(code))
    return tuple(found), tuple(dict.fromkeys(_DOTTED.findall(code))), any(one.search(code) for one in _WALKED)


def _imported_names(code: str) -> Iterator[str]:
    lines = dict.fromkeys(code.rfind("\n", 0, match.start()) + 1 for match in re.finditer("import", code))
    end = 0
    for start in lines:
        if start >= end and (match := _FROM.match(code, start)):
            end = match.end()
            module, names = match[1], re.findall(r"(\w+)(?:\s+as\s+\w+)?\s*(?:,|$)", match[2].strip("() \t\r\n"))
            joint = "" if module.endswith(".") else "."
            yield module
            yield from (f"{module}{joint}{name}" for name in names)
    for start in lines:
        if match := _PLAIN.match(code, start):
            yield from (name.split(" as ")[0].strip() for name in match[1].split(","))


def relative_to_app(project: Project, path: str) -> str:
    """A path of the tree as seen from the app, with `..` when it lies outside."""
    base = PurePosixPath(project.path)
    if project.path == ".":
        return path
    up = 0
    while not PurePosixPath(path).is_relative_to(base):
        base, up = base.parent, up + 1
    return "../" * up + str(PurePosixPath(path).relative_to(base))
