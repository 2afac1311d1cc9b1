"""Environment variables of a project: their names, the files that hold them, what git may see of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from wizard.changes import Manual
from wizard.codemods import dotenv
from wizard.edits import Codemod, insert, splice
from wizard.project import Project, normal
from wizard.workspace import git

EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    "example.env",
    ".env.local.example",
)
_VALUES = (".env.local", ".env.development.local", ".env.development", ".env")
_TOKEN_ENDS = ("PROJECT_TOKEN", "KEY", "TOKEN", "API_KEY", "PROJECT_API_KEY", "PUBLIC_KEY")
_HOST_ENDS = ("HOST", "API_HOST")


@dataclass(frozen=True, slots=True)
class Names:
    """The names under which the app reads token and host."""

    token: str
    host: str


def names(project: Project, prefix: str, written_prefix: str | None = None, folder: str = ".") -> Names:
    """The project's own names when an env file has some that start with `prefix`, else today's official ones.

    `written_prefix` is used for new names (Vite lets `VITE_` through, its React docs write `VITE_PUBLIC_`). `folder` is
    where the app's env files are, when that is not the app's own directory.
    Source of the endings: posthog.com/docs, older pages of it and the SDKs' examples.
    """
    places = (f"{place}/{file}" for file in (*_VALUES, *EXAMPLES) for place in dict.fromkeys((folder, ".")))
    known = [name for path in places for name in dotenv.read(project.read(path) or "")]

    def pick(ends: tuple[str, ...]) -> str:
        pattern = re.compile(rf"{re.escape(prefix)}(?:PUBLIC_)?POSTHOG_(?:{'|'.join(ends)})")
        return next((n for n in known if pattern.fullmatch(n)), f"{written_prefix or prefix}POSTHOG_{ends[0]}")

    return Names(pick(_TOKEN_ENDS), pick(_HOST_ENDS))


def current(project: Project, name: str, folder: str = ".") -> tuple[str, str] | None:
    """`(value, path)` of a non-empty variable in the env files of `folder`, the one that wins at run time first."""
    for path in (normal(f"{folder}/{file}") for file in _VALUES):
        value = dotenv.read(project.read(path) or "").get(name)
        if value:
            return value, path
    return None


@dataclass(frozen=True, slots=True)
class EnvEdit:
    """One file to change for a variable; `create` allows a new file."""

    path: str
    codemod: Codemod
    why: str
    create: bool = False


def ensure(
    project: Project, name: str, value: str | None, default_file: str, replace: bool = False
) -> Iterator[EnvEdit | Manual]:
    """The edits that give the app variable `name`: the value in a git-ignored file, the bare name in the example file.

    `value` None writes no value; a value that is there stays unless `replace`. A file that git tracks gets no value:
    the step is left to the user.
    """
    folder = str(PurePosixPath(default_file).parent)
    example = project.first(*(normal(f"{place}/{name}") for place in dict.fromkeys((folder, ".")) for name in EXAMPLES))
    if example is not None:
        yield EnvEdit(example, dotenv.ensure_variable(name, ""), f"tells teammates that the app reads {name}")
    there = current(project, name, folder)
    if value is None or (there and (there[0] == value or not replace)):
        return
    path = there[1] if there else _value_file(project, default_file)
    match _visibility(project, path):
        case "tracked":
            yield Manual(f"Set {name} outside of git (git tracks {path})", f"{name}={dotenv.quoted(value)}", path)
            return
        case "visible":
            yield EnvEdit(".gitignore", _ensure_ignored(path), f"keeps {path} out of git", create=True)
    codemod = (dotenv.set_variable if there else dotenv.ensure_variable)(name, value)
    yield EnvEdit(path, codemod, f"gives the app {name}", create=True)


def _value_file(project: Project, default: str) -> str:
    """The framework's own env file, or an existing `.env` beside it that git does not track."""
    plain = str(PurePosixPath(default).with_name(".env"))
    if not project.exists(default) and project.exists(plain) and _visibility(project, plain) != "tracked":
        return plain
    return default


def _visibility(project: Project, path: str) -> str:
    """`ignored`, `tracked`, or `visible` (git would offer to add it)."""
    base = project.root
    if (project.tree.top / ".git").exists() and base.is_dir():
        tracked = git(base, "ls-files", "--error-unmatch", "--", path)
        if tracked is not None and tracked.returncode == 0:
            return "tracked"
        ignored = git(base, "check-ignore", "-q", "--no-index", "--", path)
        if ignored is not None and ignored.returncode == 0:
            return "ignored"
    for directory in project.upwards():
        if _matches(project.read(f"{directory}/.gitignore") or "", path):
            return "ignored"
    return "visible"


def _matches(gitignore: str, path: str) -> bool:
    """Do the lines ignore the env file? The last one that matches decides. Only used where git cannot be asked."""
    ignored = False
    for line in gitignore.splitlines():
        pattern = line.strip()
        if fnmatchcase(path, pattern.removeprefix("!").lstrip("/")):
            ignored = not pattern.startswith("!")
    return ignored


def _ensure_ignored(path: str) -> Codemod:
    def codemod(text: str) -> str:
        if _matches(text, path):
            return text
        before = "" if not text or text.endswith("\n") else "\n"
        return splice(text, [insert(len(text), f"{before}{path}\n")])

    return codemod
