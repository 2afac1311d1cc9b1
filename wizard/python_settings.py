"""Where a Python app reads its configuration: a settings class, an object that it calls, else the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wizard import environment, python_env, python_sdk
from wizard.changes import Change, EditFile, Manual, SetEnv
from wizard.codemods.python.settings import (
    CASE_SENSITIVE,
    Setting,
    ensure_settings_fields,
    settings_field,
    settings_object,
)
from wizard.environment import Names, folder_above
from wizard.errors import CannotEdit
from wizard.project import Project
from wizard.python_apps import module_file, own_sources
from wizard.python_readers import Reader, fills_environment, reader
from wizard.text import line_number

_CLASS = re.compile(r"^class[ \t]+\w+\([^)]*\bBaseSettings\b", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import\b", re.MULTILINE)
_ENV_FILE = re.compile(r"\benv_file\s*=\s*(?:[\"'](?P<path>[\w./-]+)[\"'])?")
_LENIENT = re.compile(r"\bextra\s*=\s*(?:[\"'](?:ignore|allow)|Extra\.(?:ignore|allow))|\bdotenv_filtering\s*=")


@dataclass(frozen=True, slots=True)
class Home:
    """Where the values are read: `replace` and `flags` for the template of the client module, and the changes before.

    The template reads `own_token` and `own_host` with the flag `own`, `os.environ` without it. `lazy`: importing the
    client module reads nothing. `reaches`: what is in the app's env file is known to come to the client.
    """

    replace: Mapping[str, str]
    flags: frozenset[str]
    changes: tuple[Change, ...]
    lazy: bool = True
    reaches: bool = True

    @property
    def needs(self) -> tuple[str, ...]:
        """The files without whose edit the client module has nothing to read from."""
        return tuple(change.path for change in self.changes if isinstance(change, EditFile))


def home(project: Project, names: Names, values: Mapping[str, str], app: str, client: str) -> Home:
    """As the app reads its own variables: the one settings class of the project, when it can be extended and its object
    be imported; what its modules call; the file of a settings class that cannot be extended; else the environment.

    `values` are the variables with their values; `app` is the file that makes the app, `client` the client module.
    A class that would refuse to boot with unknown variables in its env file, and cannot be given fields, gets no
    values there: they are left to the user.
    """
    files = [(path, text) for path, text in own_sources(project) if _CLASS.search(text)]
    fills = fills_environment(project)
    if len(files) == 1 and (found := _extended(project, *files[0], names, values, app, client)):
        return replace(found, reaches=fills or "env_file" in files[0][1])
    file = python_env.env_file(project)
    own_names = {"POSTHOG_PROJECT_TOKEN": names.token, "POSTHOG_HOST": names.host}
    plain = Home(own_names, frozenset({"environ"}), (), reaches=fills)
    if strict := next(_refusing(files), None):
        lines = "\n".join(f"{name}={value}" for name, value in values.items())
        title = "Give the process the variables of PostHog; not in {} before the settings class has fields for them"
        return replace(plain, changes=(Manual(title.format(strict[1]), lines, strict[0]),))
    written = replace(plain, changes=tuple(SetEnv(name, value, file) for name, value in values.items()))
    if fills:
        return written
    if called := reader(project, app):
        return _called(project, called, names, app, client, written)
    if any(_ENV_FILE.search(text) for _, text in files):
        return _from_file(project, file, names, client, written)
    return written


def _called(project: Project, called: Reader, names: Names, app: str, client: str, written: Home) -> Home:
    token, host = (f'{called.name}("{name}", default="")' for name in (names.token, names.host))
    own = {"own_token": token, "own_host": host}
    if not called.path:
        return replace(written, replace=own, flags=frozenset({"own", "decouple"}), reaches=True)
    module = _imported_as(project, called.path, app, client)
    own |= {"settings_module": module, "settings_name": called.name}
    return replace(written, replace=own, flags=frozenset({"own", "settings"}), lazy=False, reaches=True)


def _from_file(project: Project, file: str, names: Names, client: str, written: Home) -> Home:
    """python-dotenv is there: pydantic reads env files with it."""
    file = file or environment.env_file(project, ".env")
    own = {
        "own_token": f'variables.get("{names.token}") or ""',
        "own_host": f'variables.get("{names.host}")',
        "path_to_env_file": os.path.relpath(file, PurePosixPath(client).parent).replace(os.sep, "/"),
    }
    return replace(written, replace=own, flags=frozenset({"own", "environ", "dotenv"}), reaches=True)


def _extended(
    project: Project, path: str, text: str, names: Names, values: Mapping[str, str], app: str, client: str
) -> Home | None:
    fields = (Setting(names.token, names.token), Setting(names.host, names.host))
    codemod = ensure_settings_fields(fields)
    try:
        codemod(text)
        token, host = (settings_field(text, field.name) for field in fields)
        used = settings_object(text)
    except CannotEdit:
        return None
    if used is None or "." in used or (CASE_SENSITIVE.search(text) and (token, host) != (names.token, names.host)):
        return None
    own = {
        "settings_module": _imported_as(project, path, app, client),
        "settings_name": used.removesuffix("()"),
        "own_token": f"{used}.{token}",
        "own_host": f"{used}.{host}",
    }
    paste = Manual("Add the PostHog settings", f'{token}: str = ""\n{host}: str = ""', path)
    edit = EditFile(path, (codemod,), "reads the project token and the host where the other settings are read", paste)
    changes = (edit, *_variables(project, path, text, values))
    return Home(own, frozenset({"own", "settings"}), changes, lazy=False)


def _variables(project: Project, path: str, text: str, values: Mapping[str, str]) -> Iterator[Change]:
    match = _ENV_FILE.search(text)
    file = python_env.env_file(project) or (match and match["path"]) or ""
    if match and not file and (folder := folder_above(project, path)) not in (None, "."):
        file = f"{folder}/.env"  # the path is computed: it lies where its example lies
    yield from (SetEnv(name, value, file, needs=(path,)) for name, value in values.items())


def _imported_as(project: Project, path: str, app: str, client: str) -> str:
    """How the client module imports the settings: as the app's file or any other module does, else by its place."""
    first = [(app, project.read(app) or "")]
    for other, text in [*first, *own_sources(project)]:
        beside = other.rpartition("/")[0] == client.rpartition("/")[0]
        for match in _IMPORT.finditer(text):
            if (beside or not match[1].startswith(".")) and module_file(project, other, match[1]) == path:
                return match[1]
    return python_sdk.module_from(project, app, path)


def _refusing(files: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """`(path:line, env file)` of classes that end the boot when their env file has a variable without a field.

    Source: pydantic-settings, whose models forbid extra values and read all of the env file.
    """
    for path, text in files:
        env_file = _ENV_FILE.search(text)
        if env_file and not _LENIENT.search(text) and "pydantic_settings" in text:
            yield f"{path}:{line_number(text, env_file.start())}", env_file["path"] or ".env"
