"""Which env file an Express app loads, and whether that happens before the app is made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frameworks.express.dotenv import env_call
from frameworks.express.entry import loads
from frameworks.express.layout import Layout, is_esm, own_sources
from wizard.changes import Change, EditFile, Manual, Note
from wizard.codemods.js.imports import ensure_import
from wizard.env_loading import loaded_by_scripts
from wizard.environment import env_folder
from wizard.project import Project, normal

_FIRST = re.compile(r"""(?:import\s*|require\s*\(\s*)["']dotenv/config["']""")
_PATH = re.compile(r"""path\s*:\s*["']([^"'\n]+)["']""")
_BUILT = re.compile(
    r"""\bconfig\s*\([^;]{0,80}?path\s*:[^;"']{0,40}?(?P<here>__dirname|import\.meta\.(?:dirname|url)|process\.cwd\(\))"""
    r"""[^;"']{0,20}(?P<parts>["'][^;()]*["'])"""
)
_URL = re.compile(r"""\bconfig\s*\([^;]{0,80}?new\s+URL\(\s*["']([^"'\n]+)["']\s*,\s*import\.meta\.url""")
_FLAG = re.compile(r"--env-file(?:-if-exists)?[= ]([\w./-]+)|\benv-cmd\s+-f\s+([\w./-]+)|\bdotenv\s+-e\s+([\w./-]+)")
_LOADERS = re.compile(r"""\bdotenv|@dotenvx/|\benv-cmd\b|--env-file|\bloadEnvFile\b|\bbun\b""")


def env_file(project: Project, layout: Layout) -> str:
    """The env file that the code or the scripts name; "" when they name none or several."""
    texts = {path: project.read(path) or "" for path in layout.reached}
    calls = (call for text in texts.values() for call in env_call(text).finditer(text))
    named = {found for call in calls for found in _PATH.findall(call["given"])}
    named |= {found for path, text in texts.items() for found in _built(path, text)}
    every = {found for match in _FLAG.finditer(_scripts(project)) for found in match.groups() if found}
    for paths in (named, [*loaded_by_scripts(project)][:1], every):
        inside = {p for p in map(normal, paths) if not _is_outside(project, p)}
        if inside:
            return inside.pop() if len(inside) == 1 else ""
    return ""


def _is_outside(project: Project, path: str) -> bool:
    return path.startswith("/") or project.tree.leads_outside(project.within(path))


def _built(path: str, text: str) -> Iterator[str]:
    """Paths that begin at the file itself (which lies as deep when it is compiled), or where the app is started."""
    folder = path.rpartition("/")[0] or "."
    for match in _BUILT.finditer(text):
        parts = "/".join(re.findall(r"""["']([^"'\n]+)["']""", match["parts"]))
        yield f"{folder if match['here'] != 'process.cwd()' else '.'}/{parts}"
    yield from (f"{folder}/{found}" for found in _URL.findall(text))


def not_loaded(project: Project, layout: Layout, token: str) -> Iterator[Note]:
    """How the variables reach the process when nothing loads an env file."""
    if _LOADERS.search(_scripts(project)) or any(_LOADERS.search(text) for _, text in own_sources(project)):
        return
    if env_folder(project).startswith(".."):
        return  # the workspace loads its own before it starts the app
    entry = layout.entry or layout.app.path
    how = f"node --env-file=.env {entry}" if entry.endswith("js") else "node --env-file=.env ..."
    body = f"For example with `{how}`, `docker run --env-file .env`, or the settings of your host."
    yield Note(f"Nothing here loads .env files: give {token} to the process", body)


def late_env(project: Project, layout: Layout) -> Iterator[Change]:
    """Makes a file that loads the app's file before the variables load them first.

    Imports run before the body of the file, whatever the order of its lines
    (https://developer.mozilla.org/docs/Web/JavaScript/Reference/Statements/import, "Hoisting").
    """
    if layout.app.in_function:
        return
    for path in layout.reached:
        text = project.read(path) or ""
        config = env_call(text).search(text)
        if config is None or path == layout.app.path or _FIRST.search(text) or not _leads_to_app(project, path, layout):
            continue
        if not is_esm(project, path) and not _required_before(text, config.start()):
            return
        line = 'import "dotenv/config";' if is_esm(project, path) else 'require("dotenv/config");'
        title = f"Load the variables before {layout.app.path}"
        if config["given"].strip():
            body = "Move this call to a file of its own and import that first: imports run before it."
            yield Manual(f"{title}, which makes the PostHog client", body, path)
            return
        first = ensure_import("dotenv/config", side_effect=True, first=True)
        why = f"loads the variables before {layout.app.path}"
        yield EditFile(path, (first,), why, otherwise=Manual(f"{title}, as the first line", line, path))
        return


def _leads_to_app(project: Project, path: str, layout: Layout) -> bool:
    """Does a file load the app's file, maybe through others?"""
    pending, seen = [path], {path}
    while pending:
        for found in loads(project, pending.pop()):
            if found == layout.app.path:
                return True
            if found not in seen:
                seen.add(found)
                pending.append(found)
    return False


def _required_before(text: str, position: int) -> bool:
    return re.search(r"""require\s*\(\s*["']\.""", text[:position]) is not None


def _scripts(project: Project) -> str:
    scripts = project.json("package.json").get("scripts")
    return "\n".join(str(script) for script in scripts.values()) if isinstance(scripts, dict) else ""
