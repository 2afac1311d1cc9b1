"""What a framework's plan can ask for. The core decides how each becomes bytes."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.edits import Codemod


@dataclass(frozen=True, slots=True)
class Manual:
    """A step left to a person: `body` is the exact text to paste, `where` is `path` or `path:line` in the app."""

    title: str
    body: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that asks for nothing now and does not make a run incomplete."""

    title: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A new file. One with other content is never overwritten: `otherwise` is left to the user.

    `needs` are paths of files that this one cannot do without: what the plan makes and this one imports.
    """

    path: str
    content: str
    why: str
    otherwise: Manual | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditFile:
    """Edits of one file, all or none: when a codemod refuses, the file stays and `otherwise` is left to the user.

    `needs` are paths of files without which the edit makes no sense: when the user refuses those, or they are left to
    the user, this edit is left out too. What an edit imports and the plan creates belongs here.
    """

    path: str
    codemods: tuple[Codemod, ...]
    why: str
    otherwise: Manual
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Install:
    """A dependency of the app; `requirement` is in the ecosystem's own words (`^1.434.0`, `>=7.71`).

    `oldest` is the first version that the plan works with, where a workspace has settled on one for all its apps; the
    lowest of `requirement` if it is not said.
    """

    package: str
    requirement: str
    oldest: str = ""


@dataclass(frozen=True, slots=True)
class SetEnv:
    """An environment variable the app reads. The core chooses the files, and never writes one that git tracks.

    `file` is the env file that the app loads, when that is another one than the framework's own. `needs` are paths of
    files without whose edit the variable must not be set: a settings class that refuses variables it does not know.
    """

    name: str
    value: str
    file: str = ""
    needs: tuple[str, ...] = ()


Change = CreateFile | EditFile | Install | SetEnv | Manual | Note
