"""Which apps are in a tree: detectors run over every candidate directory, losers removed."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.detect import Evidence, Strength
from wizard.framework import Framework
from wizard.project import BrokenFile, Project, Tree
from wizard.registry import all_frameworks
from wizard.workspace import aside, candidates


@dataclass(frozen=True, slots=True)
class App:
    """A framework found in a directory."""

    project: Project
    id: str
    evidence: tuple[Evidence, ...]

    @property
    def framework(self) -> Framework:
        """The declaration of the framework."""
        return all_frameworks()[self.id]

    @property
    def path(self) -> str:
        """Directory of the app, relative to the tree."""
        return self.project.path

    @property
    def version(self) -> str | None:
        """Version of the framework, as far as manifests and lockfiles tell."""
        return next((e.version for e in self.evidence if e.version), None)

    @property
    def variant(self) -> str:
        """What the framework's plan distinguishes, in its own words (`app-router`)."""
        return self.framework.variant(self.project)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A directory that has a manifest and is no app for us, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of looking at a whole tree."""

    apps: tuple[App, ...]
    ignored: tuple[Ignored, ...]


def find_apps(tree: Tree) -> Found:
    """All apps of a tree in the order of their paths. Unreadable manifests end up in `ignored`."""
    apps: list[App] = []
    ignored: list[Ignored] = []
    for project in candidates(tree):
        try:
            here = detect(project)
        except BrokenFile as error:
            ignored.append(Ignored(project.path, error.message))
            continue
        if here and (name := aside(project.path)):
            ignored.append(Ignored(project.path, f"{here[0].framework.name} in a {name!r} directory"))
        elif here:
            apps += here
        else:
            ignored.append(Ignored(project.path, "no supported framework found in its manifest"))
    return Found(tuple(apps), tuple(ignored))


def detect(project: Project) -> list[App]:
    """The frameworks of one directory, each superseded one removed."""
    hits = {}
    for framework_id, framework in all_frameworks().items():
        evidence = framework.detect(project)
        if any(e.strength >= Strength.LIKELY for e in evidence):
            hits[framework_id] = App(project, framework_id, evidence)
    beaten = {loser for app in hits.values() for loser in app.framework.supersedes}
    return [app for framework_id, app in hits.items() if framework_id not in beaten]
