"""What the scripts of package.json run a server with: the program and its flags, without what only watches files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from frameworks.express.entry import resolve
from wizard.project import Project

_SCRIPTS = ("dev", "start:dev", "dev:server", "server:dev", "develop", "start", "serve", "server", "watch")
_WRAPPERS: Mapping[str, tuple[str, ...]] = {"dotenv": ("--",), "dotenvx": ("run", "--"), "env-cmd": ("--",)}
"""Programs that read env files for another; the words of which the last comes right before that one, if it is there."""
_RUNNERS = ("node", "tsx", "ts-node", "ts-node-dev", "tsnd", "babel-node", "swc-node", "esr")
_WATCH = re.compile(r"--(?:watch(?:-path|-preserve-output)?|inspect(?:-brk)?|respawn|clear)(?:=.*)?")
_TAKES_VALUE = frozenset(
    "-r --require --import --loader --env-file --env-file-if-exists -P --project -C -O --compiler --tsconfig --presets "
    "--extensions --config-file --config -x --exec -w --watch-path -e --ext -i --ignore --ignore-watch --delay "
    "--signal -f".split()
)
_NODEMON_KEEPS = ("-r", "--require", "--import", "--env-file", "--loader")


@dataclass(frozen=True, slots=True)
class Start:
    """A command in the app's directory; `build` runs to its end before."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, ...] = ()


def started_by(project: Project) -> Start | None:
    """What the first script does that runs one file of the app by itself; None when there is none such."""
    scripts = project.json("package.json").get("scripts")
    if not isinstance(scripts, dict):
        return None
    found = (_read(project, text) for name in _SCRIPTS if isinstance(text := scripts.get(name), str))
    return next((start for start in found if start is not None), None)


def _read(project: Project, script: str) -> Start | None:
    if re.search(r"[|&;<>`$()]", script):
        return None
    try:
        words = shlex.split(script)
    except ValueError:
        return None
    env: dict[str, str] = {}
    before: list[str] = []
    while words:
        name = words[0]
        if assigned := re.fullmatch(r"(\w+)=(.*)", name):
            env[assigned[1]] = assigned[2]
        elif name == "nodemon":
            return _watched(project, words[1:], Start(tuple(before), env))
        elif name in _WRAPPERS:
            own = _wrapper(words)
            before += [_own(project, name), *words[1:own]]
            words = words[own:]
            continue
        elif name not in ("cross-env", "npx"):
            break
        words = words[1:]
    return _run(project, words, Start(tuple(before), env))


def _wrapper(words: list[str]) -> int:
    """How many words belong to what reads env files: up to `--`, else its flags with their values."""
    if "--" in words:
        return words.index("--") + 1
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2
    return at


def _watched(project: Project, words: list[str], base: Start) -> Start | None:
    """`nodemon FLAGS FILE`, as Node or what `--exec` names runs it; with a configuration of its own it stays closed."""
    if project.exists("nodemon.json") or "nodemonConfig" in project.json("package.json"):
        return None
    kept: list[str] = []
    program = ""
    rest = ""
    for flag, value in _flags(words):
        if flag in ("-x", "--exec"):
            program = value
        elif flag in _NODEMON_KEEPS:
            kept += [flag, value]
        elif not flag:
            rest = value
    if program:
        return _run(project, [*shlex.split(program), *([rest] if rest else [])], base)
    file = _file(project, rest or str(project.json("package.json").get("main") or ""))
    if file is None:
        return None
    # https://github.com/remy/nodemon#nodemon-and-typescript: it runs these with ts-node
    return _run(project, ["ts-node" if re.search(r"\.[cm]?ts$", file) else "node", *kept, file], base)


def _run(project: Project, words: list[str], base: Start) -> Start | None:
    """A runner with its flags and one file that is there."""
    if not words or words[0] not in _RUNNERS:
        return None
    name, words = words[0], words[1:]
    if name == "tsx" and words[:1] == ["watch"]:
        words = words[1:]
    argv: list[str] = []
    file = None
    for flag, value in _flags(words):
        if not flag:
            if file is not None:
                argv.append(value)
                continue
            file = _file(project, value)
            if file is None:
                return None
            argv.append(value)
        elif not _WATCH.fullmatch(flag):
            argv += [flag, value] if value else [flag]
    if file is None:
        return None
    return Start((*base.argv, _own(project, name), *argv), base.env)


def _flags(words: list[str]) -> Iterator[tuple[str, str]]:
    """`(flag, its value or "")`, and `("", word)` for what is no flag; `--flag=value` stays one word."""
    at = 0
    while at < len(words):
        word = words[at]
        if not word.startswith("-"):
            yield "", word
        elif word in _TAKES_VALUE and at + 1 < len(words):
            yield word, words[at + 1]
            at += 1
        else:
            yield word, ""
        at += 1


def _file(project: Project, word: str) -> str | None:
    """The source file of that very name; what a build makes is not there yet."""
    found = resolve(project, word) if word else None
    first = word.removeprefix("./").partition("/")[0]
    return found if found and found.partition("/")[0] in (first, f"{first}.js") else None


def _own(project: Project, name: str) -> str:
    """A program of the app's own packages, where `npm run` would find it."""
    return project.first(*(f"{up}/node_modules/.bin/{name}" for up in project.upwards())) or name
