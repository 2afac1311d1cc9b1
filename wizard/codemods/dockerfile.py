"""Dockerfiles: their instructions and stages, and build arguments declared where the app is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wizard.edits import Codemod, insert, splice
from wizard.errors import CannotEdit
from wizard.text import line_end, line_number, line_start, next_line

_DIRECTIVE = re.compile(r"#[ \t]*(\w+)[ \t]*=[ \t]*(.*?)[ \t]*\Z")
_KEYWORD = re.compile(r"[ \t]*([A-Za-z]+)(?:[ \t]+|\Z)")
_HEREDOC = re.compile(r"""(?<!<)<<(-?)(["']?)([A-Za-z_]\w*)\2""")
_FROM = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*\Z", re.IGNORECASE)
_PAIR = re.compile(r"""([\w.-]+)(?:=((?:"[^"]*"|'[^']*'|\\.|[^\s"'])*))?""")
_COPIED = re.compile(r"--(?:from=|mount=\S*\bfrom=)([\w.-]+)", re.IGNORECASE)
_SECRET_ENV = re.compile(r"--mount=\S*\btype=secret\S*\benv=(\w+)")
BUILDS = re.compile(
    r"\b(?:npm|pnpm|yarn|bun|npx|bunx|pnpx|turbo|nx|next|vite|astro|nuxt|nuxi|ng|gatsby|react-scripts|react-router"
    r"|remix|vue-cli-service|expo|make|just|task|node)\b[^&|;\n]{0,120}?\s(?:[\w@/.-]{1,80}[:#]){0,3}build(?:[:-]\w[\w:-]*)?(?=[\s;&|\"')]|\Z)"
)
"""A shell command that builds a web app."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its keyword in capitals; what follows, continued lines joined, here-documents included."""

    keyword: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What one FROM begins; `base` is an image or the name of an earlier stage."""

    base: str
    name: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """How a variable comes into a build: by `ARG`, `ENV` or a secret `RUN --mount`; with or without a value."""

    keyword: str
    name: str
    value: str | None
    start: int


@lru_cache(maxsize=8)
def stages(text: str) -> tuple[Stage, ...]:
    """The stages of a file in order. Raises CannotEdit for what is not a Dockerfile."""
    found: list[tuple[str, str, list[Instruction]]] = []
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            match = _FROM.match(instruction.value)
            if match is None:
                raise CannotEdit("a FROM cannot be read", line_number(text, instruction.start))
            found.append((match[1], match[2] or "", []))
        elif found:
            found[-1][2].append(instruction)
        elif instruction.keyword != "ARG":
            raise CannotEdit("the file does not begin with FROM", line_number(text, instruction.start))
    if not found:
        raise CannotEdit("there is no FROM")
    return tuple(Stage(base, name, tuple(inside)) for base, name, inside in found)


def instructions(text: str) -> Iterator[Instruction]:
    """All instructions of a file. Raises CannotEdit."""
    escape, position, directives = "\\", 0, True
    while position < len(text):
        line = text[position : line_end(text, position)]
        directive = _DIRECTIVE.match(line) if directives else None
        directives = directive is not None
        if directive and directive[1].lower() == "escape":
            escape = directive[2]
        if not line.strip() or line.lstrip().startswith("#"):
            position = next_line(text, position)
            continue
        instruction, position = _instruction(text, position, escape)
        yield instruction


def _instruction(text: str, start: int, escape: str) -> tuple[Instruction, int]:
    parts: list[str] = []
    position, goes_on = start, True
    while goes_on and position < len(text):
        end = line_end(text, position)
        line = text[position:end]
        position = next_line(text, position)
        if parts and (not line.strip() or line.lstrip().startswith("#")):
            continue  # comments and empty lines do not end a continuation
        goes_on = line.rstrip(" \t").endswith(escape)
        parts.append(line.rstrip(" \t").removesuffix(escape) if goes_on else line)
    match = _KEYWORD.match(parts[0])
    if match is None:
        raise CannotEdit("a line is no instruction", line_number(text, start))
    keyword = match[1].upper()
    value = " ".join([parts[0][match.end() :], *(part.strip() for part in parts[1:])]).strip()
    if keyword in ("RUN", "COPY", "ADD"):
        for dash, _, word in _HEREDOC.findall(value):
            body, position = _heredoc(text, position, word, bool(dash))
            value += "\n" + body
    return Instruction(keyword, value, start, position), position


def _heredoc(text: str, start: int, word: str, dash: bool) -> tuple[str, int]:
    position = start
    while position < len(text):
        line = text[position : line_end(text, position)]
        if (line.lstrip("\t") if dash else line) == word:
            return text[start:position], next_line(text, position)
        position = next_line(text, position)
    raise CannotEdit(f"the here-document {word} has no end", line_number(text, min(start, len(text))))


def declared(instruction: Instruction) -> Iterator[Declared]:
    """The variables that an instruction gives to those after it (and a RUN to itself)."""
    match instruction.keyword:
        case "ARG":
            for name, value in _pairs(instruction.value):
                yield Declared("ARG", name, value, instruction.start)
        case "ENV":
            first = re.match(r"([\w.-]+)\s+(\S.*)", instruction.value, re.DOTALL)
            pairs = [(first[1], first[2])] if first else _pairs(instruction.value)
            for name, value in pairs:
                yield Declared("ENV", name, value, instruction.start)
        case "RUN":
            for name in _SECRET_ENV.findall(instruction.value):
                yield Declared("RUN", name, None, instruction.start)


def _pairs(value: str) -> list[tuple[str, str | None]]:
    return [(m[1], m[2]) for m in _PAIR.finditer(value)]


def in_scope(text: str, stage: Stage, before: Instruction | None = None) -> dict[str, Declared]:
    """The variables of a stage (as seen by the instruction `before`), those of the stages that it is made from too."""
    every = stages(text)
    line = [stage]
    for earlier in reversed(every[: every.index(stage)]):
        if earlier.name and earlier.name.lower() == line[-1].base.lower():
            line.append(earlier)
    found: dict[str, Declared] = {}
    for instruction in (i for ancestor in reversed(line) for i in ancestor.instructions):
        found.update((d.name, d) for d in declared(instruction) if d.keyword != "RUN" or instruction == before)
        if instruction == before:
            break
    return found


def made_from(text: str, target: str = "") -> tuple[Stage, ...]:
    """The stage `target` (its name or number; the last one without) and all that it is based on or copies from."""
    every = stages(text)
    known = {str(number): stage for number, stage in enumerate(every)}
    known |= {stage.name.lower(): stage for stage in every if stage.name}
    pending, found = [known.get(target.lower(), every[-1])], list[Stage]()
    while pending:
        stage = pending.pop()
        if stage not in found:
            found.append(stage)
            copied = (name for i in stage.instructions for name in _COPIED.findall(i.value))
            pending += [known[name.lower()] for name in (stage.base, *copied) if name.lower() in known]
    return tuple(found)


def build_steps(text: str, is_wanted: Callable[[str], bool] = lambda command: True) -> list[tuple[Stage, Instruction]]:
    """The first RUN of each stage that builds a web app with a command that is wanted, with its stage.

    A command is asked about as it is written, and as it would be after `cd` to the directory that it runs in.
    """
    found = []
    for stage in stages(text):
        folder = ""
        for instruction in stage.instructions:
            command = _plain(instruction.value)
            if instruction.keyword == "WORKDIR":
                folder = _entered(command)
            builds = instruction.keyword == "RUN" and BUILDS.search(command)
            if builds and is_wanted(command) and is_wanted(f"{folder}{command}"):
                found.append((stage, instruction))
                break
    return found


def _entered(folder: str) -> str:
    """`cd app/web && ` for a directory that may be named after an app; `/app` alone says nothing."""
    path = folder.strip("\"' /")
    return f"cd {path} && " if "/" in path and path.rpartition("/")[2] not in ("app", "src", "code") else ""


def _plain(command: str) -> str:
    """A command in JSON form as a shell would show it."""
    return re.sub(r'"\s*,\s*"', " ", command) if command.lstrip().startswith("[") else command


def ensure_build_arguments(names: Sequence[str], is_wanted: Callable[[str], bool] = lambda command: True) -> Codemod:
    """The stage that builds the app declares ARG for each of `names` before its build; one that it has stays.

    `is_wanted` says of a command that builds an app if it is the one that is meant.

    An argument that nobody passes is not in the environment, so that an env file in the context still counts.
    Source: docs.docker.com/build/building/variables.
    """

    def run(text: str) -> str:
        steps = build_steps(text, is_wanted)
        if len(steps) != 1:
            raise CannotEdit("there is no RUN that builds the app" if not steps else "several stages build an app")
        stage, step = steps[0]
        scope = in_scope(text, stage, step)
        lacking = [name for name in names if name not in scope]
        if not lacking:
            return text
        place = _above_comments(text, step.start)
        indent = text[step.start : step.start + len(text[step.start :]) - len(text[step.start :].lstrip(" \t"))]
        return splice(text, [insert(place, "".join(f"{indent}ARG {name}\n" for name in lacking))])

    return run


def _above_comments(text: str, start: int) -> int:
    """The start of the comment that stands right above a line, or of the line."""
    while start > 0:
        above = line_start(text, start - 1)
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start
