"""Package managers: how a dependency is declared, installed and recognised, one family per ecosystem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from wizard.changes import Manual, Note
from wizard.edits import Codemod
from wizard.errors import UsageError
from wizard.packages.command import Command
from wizard.project import Project

__all__ = ["Command", "Declaration", "Entry", "Family", "family", "meant_for"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An edit of another file without which a declaration means nothing: the version in a catalog."""

    path: str
    codemod: Codemod
    why: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """The manifest edit that asks for a package: `path` relative to the app; `create` allows a new file.

    The `entries` stand or fall with it; `by_hand` is all that a person writes instead. `told` is what the user should
    know of the version that is asked for.
    """

    path: str
    codemod: Codemod
    create: bool = False
    entries: tuple[Entry, ...] = ()
    by_hand: str = ""
    told: tuple[Manual | Note, ...] = ()


class Family(Protocol):
    """What `npm` and `pypi` offer to the plan. `manager` is the user's `--package-manager`, if given."""

    def is_declared(self, project: Project, package: str) -> bool:
        """Does a manifest of the app already ask for the package?"""

    def declare(
        self, project: Project, package: str, requirement: str, manager: str | None, oldest: str | None
    ) -> Declaration | Manual:
        """The manifest edit, or the step for a person where the manifest cannot be edited.

        What the workspace has settled on is asked for instead of `requirement` if it is `oldest` or later; with None
        it is `requirement` that the user wants.
        """

    def is_pending(self, project: Project, packages: tuple[str, ...], unfinished: bool = False) -> bool:
        """Is one of `packages` not installed though others are, or though it was to be (`unfinished`)?"""

    def install_command(
        self, project: Project, packages: tuple[str, ...], manager: str | None
    ) -> Command | Manual | None:
        """The one call that brings lockfile and installation along after the manifest was edited."""

    def brought_along(self, project: Project, manager: str | None) -> tuple[str, ...]:
        """The files, existing or not, relative to the app, that the install writes besides what it installs.

        The lockfile first, then what some tools write into their manifests and maps of packages.
        """

    def manager_name(self, project: Project, manager: str | None) -> str:
        """Name of the package manager the app uses."""


def meant_for(language: str, package_manager: str | None) -> str | None:
    """The user's `--package-manager` if it is one of that language: the apps of another one keep theirs.

    Raises UsageError for what is none of any language.
    """
    if package_manager is None:
        return None
    from wizard.packages import npm_tools, pypi_tools

    known = {"javascript": [*npm_tools.Manager], "python": [*pypi_tools.Manager]}
    if package_manager not in {name for names in known.values() for name in names}:
        listed = "; ".join(f"in {of.title()} {', '.join(names)}" for of, names in known.items())
        raise UsageError(
            f"unknown package manager {package_manager!r}", f"Use --package-manager with one of: {listed}."
        )
    return package_manager if package_manager in known[language] else None


def family(language: str) -> Family:
    """The family of a language: `javascript` or `python`."""
    from wizard.packages import npm, pypi

    return cast(Family, {"javascript": npm, "python": pypi}[language])
