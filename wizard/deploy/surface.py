"""What a deploy surface is: a file that says how the app is built or run elsewhere, and what it knows of variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from wizard.changes import EditFile
from wizard.deploy.place import Place

State = Literal["there", "missing", "unseen"]
"""`there`: the surface gives the app the variable. `missing`: this is where it belongs, and it is not here.
`unseen`: its value is kept where we cannot look without an account: it is to be set there, once."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What a surface knows of one variable; `where` is the place that names it (`path:line`), if any."""

    name: str
    state: State
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its part of the JSON contract; values are never in it."""
        return {"name": self.name, "state": self.state, "where": self.where}


@dataclass(frozen=True, slots=True)
class Finding:
    """One surface of an app. `how` are the lines to type or to paste, `then` what makes them count.

    `when` says when the variables are read: `build` for those that a bundle holds, `run` for those of a process.
    `edits` are what a plan can do about it. `part` is the service or job that is meant, where a file has several.
    Paths are relative to the app.
    """

    surface: str
    title: str
    where: str
    when: Literal["build", "run"]
    variables: tuple[Variable, ...]
    how: tuple[str, ...] = ()
    then: str = ""
    edits: tuple[EditFile, ...] = ()
    part: str = ""

    @property
    def state(self) -> State:
        """The worst of its variables: one that is missing, else one that cannot be seen."""
        states = {variable.state for variable in self.variables}
        return "missing" if "missing" in states else "unseen" if "unseen" in states else "there"

    def to_json(self) -> dict[str, Any]:
        """Its part of the JSON contract."""
        return {
            "surface": self.surface,
            "title": self.title,
            "where": self.where,
            "when": self.when,
            "state": self.state,
            "variables": [variable.to_json() for variable in self.variables],
            "how": list(self.how),
            "then": self.then,
        }


Surface = Callable[[Place], Iterator[Finding]]
"""Looks for one kind of surface of the app."""


def lacking(variables: tuple[Variable, ...]) -> list[str]:
    """The names that are not there."""
    return [variable.name for variable in variables if variable.state != "there"]
