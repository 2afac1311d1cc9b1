"""Environment variables of a project: their names, the files that hold them, what git may see of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath, PurePosixPath

from wizard.changes import Manual
from wizard.codemods import dotenv
from wizard.edits import Codemod, insert, splice
from wizard.env_loading import loaded
from wizard.errors import CannotEdit
from wizard.git import git
from wizard.project import Project, normal
from wizard.text import decode

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


def names(project: Project, prefix: str, written_prefix: str | None = None, folder: str | None = None) -> Names:
    """The project's own names when an env file has some that start with `prefix`, else today's official ones.

    `written_prefix` is used for new names (Vite lets `VITE_` through, its React docs write `VITE_PUBLIC_`). `folder` is
    where the app's env files are, when its scripts do not tell.
    Source of the endings: posthog.com/docs, older pages of it and the SDKs' examples.
    """
    folder = env_folder(project) if folder is None else folder
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


def env_folder(project: Project) -> str:
    """The directory of the app's env files: its own, unless its scripts load one of the workspace."""
    return str(PurePosixPath(env_file(project, ".env")).parent)


def env_file(project: Project, default: str) -> str:
    """The env file of the workspace that is loaded before the app starts, else the app's own, `default`.

    The workspace's counts when it (or its example) is there and the app has none of its own, which would count too.
    Source: github.com/entropitor/dotenv-cli, nextjs.org/docs (loadEnvConfig).
    """
    if project.first(*_VALUES, *EXAMPLES):
        return default
    for path in (normal(found) for found in loaded(project)):
        there = project.first(path, *examples_of(path))
        if path.startswith("../") and there and not project.tree.leads_outside(project.within(path)):
            return path
    return default


def folder_above(project: Project, path: str) -> str | None:
    """The directory of the app's env files, as seen from one of its files: the nearest one that has a `.env`, else an
    example of one, going up to the app's own. None when nothing tells.
    """
    above = [str(folder) for folder in PurePosixPath(normal(path)).parents]
    for files in ((".env",), EXAMPLES):
        if found := next((f for f in above if project.first(*(normal(f"{f}/{name}") for name in files))), None):
            return found
    return None


def examples_of(path: str) -> list[str]:
    """Where the example of an env file may be: under its own name (`.env.web.template`), else the one of its folder."""
    folder, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    own = [] if name in _VALUES else [f"{name}.{ending}" for ending in ("example", "sample", "template", "dist")]
    return [normal(f"{folder}/{example}") for example in (*own, *EXAMPLES)]


@dataclass(frozen=True, slots=True)
class EnvEdit:
    """One file to change for a variable; `create` allows a new file, `private` says that it holds values.

    `needs` are paths without whose edit this one must not be made.
    """

    path: str
    codemod: Codemod
    why: str
    create: bool = False
    private: bool = False
    needs: tuple[str, ...] = ()


def ensure(
    project: Project, name: str, value: str | None, default_file: str, replace: bool = False
) -> Iterator[EnvEdit | Manual]:
    """The edits that give the app variable `name`: the value in a git-ignored file, the bare name in the example file.

    `value` None writes no value, an empty one the bare name; a value that is there stays unless `replace`. A file that
    git tracks gets no value, nor does one that a link puts outside of the directory (dotfiles): left to the user.
    """
    folder = str(PurePosixPath(default_file).parent)
    example = project.first(*examples_of(default_file), *EXAMPLES)
    if example is not None and not project.tree.leads_outside(project.within(example)):
        yield EnvEdit(example, dotenv.ensure_variable(name, ""), f"tells teammates that the app reads {name}")
    there = current(project, name, folder)
    if value is None or (there and (there[0] == value or not replace)):
        return
    path = there[1] if there else _value_file(project, default_file)
    needs: tuple[str, ...] = ()
    if outside := _outside(project, path):
        climbs = project.within(path).startswith("../")
        place = path if climbs else f"{outside}, where {path} links to"
        title = f"Set {name} in {place}: it lies outside of this directory"
        yield Manual(title, _line(name, value), path)
        return
    match _visibility(project, path):
        case "tracked" if _is_encrypted(project, path):
            yield Manual(f"Set {name} in {path}, which dotenvx encrypts", _encrypted(name, value, path), path)
            return
        case "tracked":
            yield Manual(f"Set {name} outside of git (git tracks {path})", _line(name, value), path)
            return
        case "unknown":
            yield Manual(f"Set {name} outside of git (git cannot say if it tracks {path})", _line(name, value), path)
            return
        case "visible":
            ignore, pattern = _ignore_place(project, path)
            if project.exists(ignore) and _git_reads(project, ignore) is None:
                title = f"Set {name} in {path} once git ignores that file (git cannot read {ignore})"
                yield Manual(title, _line(name, value), path)
                return
            yield EnvEdit(ignore, _ensure_ignored(pattern), f"keeps {path} out of git", create=True)
            needs = (ignore,)
    codemod = (dotenv.set_variable if there else dotenv.ensure_variable)(name, value)
    yield EnvEdit(path, codemod, f"gives the app {name}", create=True, private=True, needs=needs)


def to_fill(name: str, path: str) -> Manual:
    """The step that is left when a variable was written without a value, because nobody knew it."""
    return Manual(f"Fill in {name}", _line(name, ""), path)


def _value_file(project: Project, default: str) -> str:
    """The framework's own env file; a `.env` beside it that is there and not tracked, or that git ignores already while
    it would offer to add the other.
    """
    plain = str(PurePosixPath(default).with_name(".env"))
    if project.exists(default) or plain == default:
        return default
    if project.exists(plain):
        return plain if _visibility(project, plain) != "tracked" else default
    hidden = _visibility(project, default) != "ignored" and _visibility(project, plain) == "ignored"
    return plain if hidden else default


def _outside(project: Project, path: str) -> str:
    """Where a link really leads, when that is outside of the directory we work in; "" for everything inside."""
    root, target = os.path.realpath(project.tree.root), os.path.realpath(project.root / path)
    return "" if PurePath(target).is_relative_to(root) else target


def _line(name: str, value: str) -> str:
    if not value:
        host = re.search(r"HOST|URL|ENDPOINT", name, re.IGNORECASE)
        return f"{name}={'https://<us or eu>.i.posthog.com' if host else 'phc_<the project token>'}"
    try:
        return f"{name}={dotenv.quoted(value)}"
    except CannotEdit:
        return f"{name}={value}"


def _is_encrypted(project: Project, path: str) -> bool:
    """Is an env file one of dotenvx, which is meant to be in git? Source: dotenvx.com/docs/quickstart."""
    return any(name.startswith("DOTENV_PUBLIC_KEY") for name in dotenv.read(project.read(path) or ""))


def _encrypted(name: str, value: str, path: str) -> str:
    return f"npx dotenvx set {_line(name, value).replace('=', ' ', 1)} -f {path}"


def is_ignored(project: Project, path: str) -> bool:
    """Does git not track the file, and not offer to?"""
    return _visibility(project, path) == "ignored"


def _visibility(project: Project, path: str) -> str:
    """`ignored`, `tracked`, `visible` (git would offer to add it), or `unknown`: git cannot say if it tracks the file.

    Of a link, what it leads to counts: there the values are.
    """
    base = project.root
    path = os.path.relpath(os.path.realpath(base / path), os.path.realpath(base)).replace(os.sep, "/")
    answer = None
    if (project.tree.top / ".git").exists() and base.is_dir():
        tracked = git(base, "ls-files", "--error-unmatch", "--", path)
        if tracked is not None and tracked.returncode == 0:
            return "tracked"
        ignored = git(base, "check-ignore", "-q", "--no-index", "--", path)
        if ignored is not None and ignored.returncode == 0:
            return "ignored"
        answer = "visible" if tracked and tracked.returncode == 1 else "unknown" if project.exists(path) else None
    below = (str(directory) for directory in PurePosixPath(path).parents if str(directory) != ".")
    for directory in (*below, *project.upwards()):
        file = f"{directory}/.gitignore"
        if answer == "visible" and project.within(file) not in project.tree.overlay:
            continue  # git has read that one
        seen = os.path.relpath(base / path, base / directory).replace(os.sep, "/")
        if _matches(_git_reads(project, file) or "", seen):
            return "ignored"
    return answer or "visible"


def _git_reads(project: Project, ignore: str) -> str | None:
    """An ignore file as git understands it: no link, and not in UTF-16."""
    data = project.bytes(ignore)
    if data is None or (project.root / ignore).is_symlink():
        return None
    try:
        text, encoding = decode(data)
    except CannotEdit:
        return None
    return text if encoding.codec == "utf-8" else None


def _ignore_place(project: Project, path: str) -> tuple[str, str]:
    """`(ignore file, line for it)`: the app's, or the one beside the env file when that is there or not in the app."""
    path = os.path.relpath(os.path.realpath(project.root / path), os.path.realpath(project.root)).replace(os.sep, "/")
    folder, _, name = path.rpartition("/")
    if folder and (path.startswith("../") or project.exists(f"{folder}/.gitignore")):
        return f"{folder}/.gitignore", name
    return ".gitignore", path


def _matches(gitignore: str, path: str) -> bool:
    """Do the lines ignore the env file? The last one that matches decides. Only used where git cannot be asked."""
    ignored = False
    whole = PurePosixPath(path)
    for line in gitignore.split("\n"):
        pattern = line.removesuffix("\r").rstrip(" ")
        bare = pattern.removeprefix("!").removeprefix("**/")
        anchored = "/" in bare.rstrip("/")
        places = (
            str(place) if anchored else place.name
            for place in (*whole.parents, *(() if bare.endswith("/") else (whole,)))
        )
        if any(fnmatchcase(place, bare.strip("/")) for place in places if place not in ("", ".")):
            ignored = not pattern.startswith("!")
    return ignored


def _ensure_ignored(path: str) -> Codemod:
    line = re.sub(r"([\\*?\[#!])", r"\\\1", path)

    def codemod(text: str) -> str:
        if _matches(text, path) or line in re.split(r"\r?\n", text):
            return text
        before = "" if not text or text.endswith("\n") else "\n"
        return splice(text, [insert(len(text), f"{before}{line}\n")])

    return codemod
