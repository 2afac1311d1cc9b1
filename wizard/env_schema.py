"""Apps that validate their environment (`createEnv`, varlock): the PostHog variables in its schema, or the lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from wizard.changes import EditFile, Manual, Note
from wizard.codemods.dotenv import ensure_variable
from wizard.codemods.dotenv import read as dotenv_read
from wizard.codemods.js.env_schema import ensure_env_variable
from wizard.edits import chain
from wizard.errors import CannotEdit
from wizard.framework import Framework
from wizard.project import Project, normal

_FILES = ("**/*.ts", "**/*.mjs", "**/*.js")
_NAMED = re.compile(r"(?:^|/)(?:env(?:[.-]\w+)*|env/[\w.-]+)\.(?:ts|mjs|js)$", re.IGNORECASE)
_IMPORTS = re.compile(r"""from\s+["']@t3-oss/env-\w+["']""")

_IMPORT = re.compile(r"^[ \t]*#[ \t]*@import\([ \t]*[\"']?(\.[\w./-]*)[\"']?[ \t]*(?:,([^)]*))?\)", re.MULTILINE)

_RULES = re.compile(r"restrictEnvAccess|(?<!no-)\b(?:no-process-env|noProcessEnv)\b(?![\"']?\s*:\s*[\"'\[]*(?:off|0))")
"""ESLint's and Biome's rules, and the config of create-t3-turbo that says the same."""

_LINTERS = (
    "eslint.config.js",
    "eslint.config.mjs",
    "eslint.config.ts",
    ".eslintrc.json",
    ".eslintrc.js",
    ".eslintrc.cjs",
    "biome.json",
    "biome.jsonc",
)


def schema_changes(project: Project, framework: Framework, names: Collection[str]) -> Iterator[EditFile | Note]:
    """The variables in the app's schema, all of them optional; a note with the lines where that is not sure.

    The app runs without: it reads the variables itself, and what a schema does not name is ignored.
    """
    if not names:
        return
    yield from _varlock(project, framework, names)
    if framework.language != "javascript":
        return
    files = sorted((p for p in project.files(*_FILES) if _NAMED.search(p)), key=lambda p: (p.count("/"), p))
    path = next((p for p in files if _IMPORTS.search(project.read(p) or "")), None)
    text = project.read(path) if path else None
    if path is None or text is None:
        return
    sections = {name: "client" if framework.bundles(name) else "server" for name in names}
    codemods = tuple(ensure_env_variable(section, name) for name, section in sections.items())
    lines = [f"{section}: {name}: z.string().optional()," for name, section in sections.items()]
    lines += [f"runtimeEnv: {name}: process.env.{name}," for name in sections]
    try:
        chain(*codemods)(text)
    except CannotEdit as error:
        if not all(name in text for name in sections):
            title = f"{project.within(path)} validates the app's variables: add the PostHog ones ({error.reason})"
            yield Note(title, "\n".join(lines))
        return
    why = "names the PostHog variables in the schema of the environment"
    yield EditFile(path, codemods, why, Manual(f"Name the PostHog variables in {path}", "\n".join(lines), path))


def _varlock(project: Project, framework: Framework, names: Collection[str]) -> Iterator[EditFile]:
    """varlock takes what its schema does not name for a secret, and a build fails that has one in a page.

    Source: https://varlock.dev/reference/item-decorators, and a build that failed (Next.js 16, varlock 1.18).
    """
    path = f"{framework.env_folder(project)}/.env.schema".removeprefix("./")
    text = project.read(path)
    if text is None or not re.search(r"^[ \t]*#[ \t]*@\w", text, re.MULTILINE):
        return
    host = framework.names(project).host
    names = [name for name in names if name not in _imported(project, path, text)]
    if not names:
        return
    comments = {name: "@public @optional" + (" @type=url" if name == host else "") for name in names}
    codemods = tuple(ensure_variable(name, "", comment) for name, comment in comments.items())
    lines = "\n".join(f"# {comment}\n{name}=" for name, comment in comments.items())
    why = "names the PostHog variables in varlock's schema"
    yield EditFile(path, codemods, why, Manual(f"Name the PostHog variables in {path}", lines, path))


def _imported(project: Project, path: str, text: str, depth: int = 0) -> set[str]:
    """The variables that a schema takes from others: all of a file or of a directory, or those it picks.

    Source: https://varlock.dev/guides/import
    """
    found: set[str] = set()
    for match in _IMPORT.finditer(text) if depth < 5 else ():
        place = normal(f"{path.rpartition('/')[0] or '.'}/{match[1]}")
        file = place if project.exists(place) else normal(f"{place}/.env.schema")
        there = project.read(file) or ""
        known = {*dotenv_read(there), *_imported(project, file, there, depth + 1)}
        picked = set(re.findall(r"\w+", match[2] or ""))
        found |= known & picked if picked else known
    return found


def linter_note(project: Project, written: Collection[str]) -> Note | None:
    """What to do about a linter that forbids process.env, with the files (relative to the tree) that read it now."""
    places = (f"{folder}/{name}" for folder in project.upwards() for name in _LINTERS)
    place = next((place for place in places if _RULES.search(project.read(place) or "")), None) if written else None
    if place is None:
        return None
    title = f"{project.within(place)} lets no file read process.env: read the variables there as it wants, or allow it"
    return Note(title, "\n".join(written))
