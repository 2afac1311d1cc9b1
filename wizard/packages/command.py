"""What a package manager is called with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Command:
    """One call: `argv` without a shell, `cwd` relative to the app, `env` added to the process environment.

    `packages` are the ones it is made for. `then` are the argvs that must follow in the same directory for the call to
    be complete (recompile, then sync). `workspace` is the directory where one call can serve several apps, if there is
    one: there `alone` (the words in `argv` that mean this app) gives way to the `named` of each. `is_first`: nothing is
    installed yet, so that the call brings everything and not just what is new. `lock` is the file that lists the
    packages when the call has done its work.
    """

    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    then: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()
    workspace: str | None = None
    alone: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    is_first: bool = False
    lock: str | None = None

    @property
    def calls(self) -> tuple[tuple[str, ...], ...]:
        """All argvs in their order."""
        return (self.argv, *self.then)

    def placed(self, place: Callable[[str], str]) -> Command:
        """With all paths as `place` makes them."""
        workspace, lock = (None if path is None else place(path) for path in (self.workspace, self.lock))
        return replace(self, cwd=place(self.cwd), workspace=workspace, lock=lock)


def together(commands: Iterable[Command]) -> tuple[Command, ...]:
    """The calls in their order, with one for all apps of a workspace (paths are relative to one directory)."""
    groups: dict[object, list[Command]] = {}
    for command in commands:
        general = tuple(word for word in command.argv if word not in command.alone)
        place = (command.cwd, command.argv) if command.workspace is None else (command.workspace, general)
        groups.setdefault((place, command.then, tuple(sorted(command.env.items()))), []).append(command)
    return tuple(_one_for(group) for group in groups.values())


def _one_for(group: list[Command]) -> Command:
    first = replace(group[0], packages=tuple(dict.fromkeys(name for c in group for name in c.packages)))
    if first.workspace is None or len({command.cwd for command in group}) == 1:
        return first
    at = first.argv.index(first.alone[0]) if first.alone else len(first.argv)
    before, after = first.argv[:at], first.argv[at + len(first.alone) :]
    named = tuple(dict.fromkeys(command.named for command in group))
    return replace(first, argv=(*before, *(word for words in named for word in words), *after), cwd=first.workspace)
