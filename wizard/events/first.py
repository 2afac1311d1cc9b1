"""The exact lines that capture a first event in an app: in its language, its module style, for its client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.apps import App
from wizard.existing import Site
from wizard.existing.entries import is_aside
from wizard.packages import pypi
from wizard.project import Project

EVENT = "signed_up"

_EXPORTED = re.compile(r"export\s+(?:default\s+)?(?:async\s+)?(function|const|let|var|class)\s+([\w$]+)")
_COMMONJS = re.compile(
    r"(?:module\.)?exports(?:\s*=\s*\{\s*([\w$]+)|\.([\w$]+)\s*=|\s*=\s*([\w$]+)\s*;?\s*$)", re.MULTILINE
)
_CLIENT = re.compile(r"posthog|client|analytics", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lines:
    """`code` is put where it happens; `where` (`path:line`) is where the client is in reach, if it imports none."""

    code: tuple[str, ...]
    where: str = ""


def first_event_lines(app: App, sites: tuple[Site, ...]) -> Lines:
    """What to write; `sites` are the set-ups of the app."""
    runtime = app.framework.runtime
    own = [site for site in sites if site.runtime == runtime] or list(sites)
    if app.framework.language == "python" and runtime == "server":
        return _python(app.project, own)
    if runtime == "server":
        return _node(app.project, own)
    site = own[0] if own else None
    snippet = site is not None and site.set_up.kind == "snippet"
    source = (app.project.read(site.path) or "") if site else ""
    return Lines(tuple(_styled(_browser(snippet), source)))


def _browser(snippet: bool) -> list[str]:
    call = f'posthog.capture("{EVENT}", {{ plan: "free" }});'
    return [f"window.{call}"] if snippet else ['import posthog from "posthog-js";', "", call]


def _styled(lines: list[str], like: str) -> list[str]:
    """Our lines as the file `like` is written: its quotes and semicolons."""
    from wizard.codemods.js.style import restyle, style_of
    from wizard.existing.init import script_of

    if not like.strip():
        return lines
    page = "x.html" if like.lstrip().startswith("<") else "x.ts"
    return restyle("\n".join(lines), style_of(script_of(page, like))).split("\n")


def _node(project: Project, sites: list[Site]) -> Lines:
    site = next((one for one in sites if one.set_up.kind == "client"), None)
    source = (project.read(site.path) or "") if site else ""
    made = re.search(r"\b(?:const|let|var)\s+([\w$]+)\s*(?::[^=\n]+)?=\s*new\s", source)
    exported = _exported(source)
    name, is_function = exported or (made[1] if made else "posthog", False)
    client = f"{name}()" if is_function else name
    call = f'{client}.capture({{ distinctId: user.id, event: "{EVENT}" }});'
    if site is None:
        return Lines((call,))
    if user := _importer(project, site.path, name):
        return Lines(tuple(_styled([call], source)), user)
    if exported is None and made:
        return Lines(tuple(_styled([call], source)), site.place)
    relative = "./" + site.path
    required = re.search(r"\brequire\s*\(|module\.exports", source) and not re.search(r"^\s*import\b", source, re.M)
    specifier = re.sub(r"\.tsx?$", "", relative) if site.path.endswith((".ts", ".tsx")) else relative
    whole = exported is None or re.search(rf"\bmodule\.exports\s*=\s*{re.escape(name)}\b", source)
    local = name if whole else f"{{ {name} }}"
    start = f'const {local} = require("{specifier}");' if required else f'import {local} from "{specifier}";'
    return Lines(tuple(_styled([start, "", call], source)))


def _exported(source: str) -> tuple[str, bool] | None:
    """What a module exports that looks like the client, and whether it is called to get it."""
    names = [(match[2], match[1] == "function") for match in _EXPORTED.finditer(source)]
    for match in _COMMONJS.finditer(source):
        name = next(group for group in match.groups() if group)
        names.append((name, re.search(rf"function\s+{re.escape(name)}\b", source) is not None))
    found = next((pair for pair in names if _CLIENT.search(pair[0])), names[0] if len(names) == 1 else None)
    if found and not found[1]:
        arrow = re.search(rf"\b{re.escape(found[0])}\s*=\s*(?:async\s*)?\([^)]*\)\s*(?::[^=]+)?=>", source)
        return found[0], arrow is not None
    return found


def _importer(project: Project, module: str, name: str) -> str:
    """`path:line` of the first file that imports `name` from the module; empty when none does."""
    stem = re.escape(PurePosixPath(module).name.rpartition(".")[0])
    imported = re.compile(rf"^.*\b{re.escape(name)}\b.*(?:from|require\()\s*[\"'][^\"']*{stem}(?:\.\w+)?[\"'].*$", re.M)
    for path, text in project.sources("**/*.{js,jsx,ts,tsx,mjs,cjs,mts,cts}"):
        if path != module and not is_aside(path) and (match := imported.search(text)):
            return f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
    return ""


def _python(project: Project, sites: list[Site]) -> Lines:
    kinds = ("module", "client")
    site = next((one for kind in kinds for one in sites if one.set_up.kind == kind), None)
    source = (project.read(site.path) or "") if site else ""
    if site is None or site.set_up.kind == "module":
        return Lines(("import posthog", "", _captured("posthog", project)))
    made = re.search(r"^def\s+(\w*(?:posthog|client)\w*)\s*\(", source, re.MULTILINE)
    assigned = re.search(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?\w*Posthog\w*\(", source, re.MULTILINE)
    name = made[1] if made else assigned[1] if assigned else ""
    if not name:
        return Lines((_captured("client", project),), site.place)
    client = f"{name}()" if made else name
    return Lines((*_imports(project, site.path, name), _captured(client, project)))


def _captured(client: str, project: Project) -> str:
    if pypi.at_least(project, "posthog", "6.0"):
        return f'{client}.capture("{EVENT}", distinct_id=str(user.id))'
    return f'{client}.capture(str(user.id), "{EVENT}")'


def _imports(project: Project, path: str, name: str) -> Iterator[str]:
    """The import as another file of the app has it already, else the dotted path from the app's directory."""
    stem = re.escape(PurePosixPath(path).stem)
    known = re.compile(rf"^from\s+([\w.]*\b{stem})\s+import\s+.*\b{re.escape(name)}\b", re.MULTILINE)
    for other, text in project.sources("**/*.py"):
        if other != path and (match := known.search(text)) and not match[1].startswith("."):
            yield from (f"from {match[1]} import {name}", "")
            return
    dotted = ".".join(PurePosixPath(path.removeprefix("src/")).with_suffix("").parts)
    yield from (f"from {dotted} import {name}", "")
