"""What starts an app besides its framework: the user's own command, or one that the project names."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wizard import programs
from wizard.errors import UsageError, WizardError
from wizard.framework import Launch
from wizard.packages import npm_tools
from wizard.packages.pypi_environment import environment, interpreter
from wizard.project import BrokenFile, Project

_SCRIPTS = ("dev", "start:dev", "dev:start", "develop", "start", "serve", "preview")
_SHELL = re.compile(r"[|&;<>`()]|\$\(")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_OUTSIDE = re.compile(
    r"(?:^|[\s;&|('\"])((?:docker|podman|nerdctl)(?:[ -]compose)?|kubectl|vagrant|ssh|systemctl|pm2)(?=\s|$)"
)
_TAKES_PORT: Mapping[str, tuple[str, ...]] = {
    "vite": ("--port", "{port}", "--strictPort"),
    "astro": ("--port", "{port}"),
    "next": ("--port", "{port}"),
    "nuxt": ("--port", "{port}"),
    "nuxi": ("--port", "{port}"),
    "webpack": ("--port", "{port}"),
    "ng": ("--port", "{port}"),
    "vinxi": ("--port", "{port}"),
    "wrangler": ("--port", "{port}"),
    "remix": ("--port", "{port}"),
    "react-router": ("--port", "{port}"),
    "gatsby": ("--port", "{port}"),
    "parcel": ("--port", "{port}"),
}
"""Tools whose development server takes a port, by the first word of the script that starts it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A command of the project's own; `where` says which file names it."""

    launch: Launch
    where: str


def given(command: str, url: str | None, port: int) -> Launch:
    """The user's own command as argv without a shell; `NAME=value` in front sets a variable, `$PORT` is the port.

    Without `url` the app is told a free port by the variable PORT, and what it prints says where it answers. Raises
    UsageError for what only a shell understands.
    """
    if url is not None:
        _check(url)
    told = _port_of(url) if url else port
    if name := outside(command):
        raise UsageError(
            f"--app-command: what {name} starts does not run under this command: it would not see the variables of "
            "the proof, and would go on after it",
            "Name the command that runs the app itself (npm run dev, flask run), or leave the app out with --no-app.",
        )
    argv, env = split(command, {"PORT": str(told)})
    return Launch(argv, url, env={"PORT": str(told), **env})


def outside(command: str) -> str:
    """What in a command hands the app to somebody else (containers, another machine, a daemon); "" when nothing."""
    found = _OUTSIDE.search(command)
    return "" if found is None or (found[1] == "pm2" and "--no-daemon" in command) else found[1]


def split(command: str, known: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """`A=1 node app.js` as `(("node", "app.js"), {"A": "1"})`; variables come from `known`, then from ours."""
    try:
        # there a backslash parts the folders of a path
        words = shlex.split(command.replace("\\", "\\\\") if os.name == "nt" else command)
    except ValueError as error:
        raise UsageError(f"--app-command cannot be read: {error}", "Close every quote.") from error
    if shell := next((word for word in _unquoted(command) if _SHELL.search(word)), None):
        hint = 'Put it into a script of its own, or write it as: sh -c "..."'
        raise UsageError(f"--app-command is run without a shell, which {shell!r} needs", hint)
    env: dict[str, str] = {}
    while words and (match := _ASSIGNMENT.fullmatch(words[0])):
        env[match[1]] = _filled(match[2], known)
        del words[0]
    if not words:
        raise UsageError("--app-command names no program", 'For example --app-command "npm run dev"')
    if words[0] in ("sh", "bash", "zsh"):
        return tuple(words), env
    return tuple(_filled(word, known) for word in words), env


def _unquoted(command: str) -> list[str]:
    return re.sub(r"'[^']*'|\"[^\"]*\"|\\.", "", command).split()


def _filled(word: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return known.get(name) or os.environ.get(name) or match[2] or ""

    return _VARIABLE.sub(value, word)


def _check(url: str) -> None:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise UsageError(f"--app-url {url} is no URL", "For example --app-url http://localhost:3000/")


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def url_port(url: str) -> int:
    """The port that an `--app-url` names. Raises UsageError for what is no URL."""
    _check(url)
    return _port_of(url)


def found(project: Project, port: int) -> Found | None:
    """The first command that the project itself names for starting the app; None when it names none."""
    for candidate in (_from_scripts, _from_procfile, _from_manage_py, _from_python_tools):
        if there := next(candidate(project, port), None):
            return there
    return None


def _from_scripts(project: Project, port: int) -> Iterator[Found]:
    try:
        scripts = project.json("package.json").get("scripts")
        tool = npm_tools.manager(project).binary
    except (BrokenFile, UsageError):
        return
    for name in _SCRIPTS:
        if isinstance(scripts, dict) and isinstance(text := scripts.get(name), str) and text.strip():
            if any(outside(str(scripts.get(f"{when}{name}", ""))) for when in ("pre", "", "post")):
                continue
            more = _port_flags(text, port)
            between = ("--",) if more and tool == "npm" else ()
            launch = Launch((tool, "run", name, *between, *more), None, env={"PORT": str(port)})
            yield Found(launch, f"package.json (script {name})")


def _port_flags(script: str, port: int) -> tuple[str, ...]:
    """Flags for the tool that a script ends in; none when it has a port already or is something else."""
    words = re.split(r"&&|\|\||;", script)[-1].split()
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in ("cross-env", "npx", "dotenv", "--")):
        del words[0]
    if not words or {"-p", "--port"} & set(words) or any(word.startswith("--port=") for word in words):
        return ()
    return tuple(flag.format(port=port) for flag in _TAKES_PORT.get(words[0], ()))


def _from_procfile(project: Project, port: int) -> Iterator[Found]:
    text = project.read("Procfile") or ""
    if match := re.search(r"^web:[ \t]*(\S.*)$", text, re.MULTILINE):
        if outside(match[1]):
            return
        try:
            argv, env = split(match[1].strip(), {"PORT": str(port)})
        except UsageError:
            return
        yield Found(Launch((_own(project, argv[0]), *argv[1:]), None, env={"PORT": str(port), **env}), "Procfile (web)")


def _own(project: Project, name: str) -> str:
    """A program of the app's own virtual environment rather than a stranger's of the same name."""
    place = environment(project)
    if place is None or "/" in name:
        return name
    python = interpreter(place)
    if name in ("python", "python3"):
        return str(python)
    return programs.find(name, path=str(python.parent)) or name


def _from_manage_py(project: Project, port: int) -> Iterator[Found]:
    if project.exists("manage.py") and (place := environment(project)):
        argv = (str(interpreter(place)), "manage.py", "runserver", f"127.0.0.1:{port}", "--noreload")
        yield Found(Launch(argv, f"http://127.0.0.1:{port}/"), "manage.py")


def _from_python_tools(project: Project, port: int) -> Iterator[Found]:
    try:
        data = project.toml("pyproject.toml")
    except BrokenFile:
        return
    env = {"PORT": str(port)}
    for tool, section, runner in (("poe", "tasks", "poe"), ("pdm", "scripts", "pdm"), ("rye", "scripts", "rye")):
        tasks = _table(_table(data, "tool"), tool).get(section)
        if isinstance(tasks, dict) and (name := next((n for n in _SCRIPTS if n in tasks), None)):
            argv = (_own(project, runner), name) if runner == "poe" else (runner, "run", name)
            yield Found(Launch(argv, None, env=env), f"pyproject.toml (tool.{tool}.{section}.{name})")
    entries = _table(_table(data, "project"), "scripts")
    place = environment(project)
    if len(entries) == 1 and place is not None:
        [name] = entries
        if program := programs.find(name, path=str(interpreter(place).parent)):
            yield Found(Launch((program,), None, env=env), f"pyproject.toml (project.scripts.{name})")


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def suggestion(project: Project) -> str:
    """What a Makefile or justfile offers: too free a form to be run unasked."""
    for file, tool in (("Makefile", "make"), ("makefile", "make"), ("justfile", "just"), ("Justfile", "just")):
        text = project.read(file) or ""
        between = r"[^:=\n]*" if tool == "make" else r"[^:\n]*"
        if match := re.search(rf"^(dev|run|start|serve|up|runserver)\b{between}:(?!=)", text, re.MULTILINE):
            return f'{file} has {match[1]}; to use it: --app-command "{tool} {match[1]}"'
    return ""


def nothing(reason: str, hint: str, project: Project) -> WizardError:
    """The error for an app that nothing starts, with what the user can name instead."""
    more = suggestion(project) or 'Name what starts it: --app-command "COMMAND".'
    return WizardError(reason, " ".join(filter(None, (hint, more))))
