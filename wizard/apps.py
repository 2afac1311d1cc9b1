"""Which apps are in a tree: detectors run over every candidate directory, losers removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizard.asides import aside
from wizard.detect import Evidence, Strength
from wizard.framework import Framework
from wizard.packages import npm
from wizard.project import BrokenFile, Project, Tree
from wizard.registry import all_frameworks
from wizard.roles import LISTED, Role, depended_on, role
from wizard.unsupported import listed, unsupported
from wizard.workspace import candidates, foreign, language, named
from wizard.workspaces import Workspace, workspaces

NAMED = Role("app", "you named it")
"""What a directory is that nobody had to judge."""


@dataclass(frozen=True, slots=True)
class App:
    """A framework found in a directory."""

    project: Project
    id: str
    evidence: tuple[Evidence, ...]
    role: Role = NAMED

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
    workspaces: tuple[Workspace, ...] = ()


def find_apps(tree: Tree) -> Found:
    """All apps of a tree in the order of their paths. Unreadable manifests end up in `ignored`, libraries too."""
    apps: list[App] = []
    ignored: list[Ignored] = []
    files = named(tree)
    projects = candidates(tree, files)
    needed = depended_on(projects)
    declared = workspaces(tree, files)
    roots = {workspace.path: workspace.kind for workspace in reversed(declared)}
    for project in projects:
        try:
            here = [replace(app, role=role(project, needed, app.framework)) for app in detect(project)]
            its = here[0].role if here else role(project, needed)
        except BrokenFile as error:
            ignored.append(Ignored(project.path, error.message))
            continue
        if here and (name := aside(project.path)):
            ignored.append(Ignored(project.path, f"{here[0].framework.name} in a directory called {name}"))
        elif offered := [app for app in here if app.role.kind in LISTED]:
            apps += offered
        else:
            ignored.append(Ignored(project.path, _why_not(project, here, its, roots.get(project.path))))
    for path in tree.pruned:
        name = path.rpartition("/")[2]
        ignored.append(
            Ignored(path, f"not looked into, being called {name!r}; run the wizard in it to set up an app there")
        )
    for path, manifest in foreign(files, {project.path for project in projects}).items():
        ignored.append(Ignored(path, f"{language(manifest)} ({manifest}): not supported yet"))
    return Found(tuple(apps), tuple(ignored), declared)


def _why_not(project: Project, here: Sequence[App], its: Role, root_of: str | None) -> str:
    if its.kind not in LISTED:
        what = "tests" if its.kind == "tests" else f"a {its.kind}"
        return f"{here[0].framework.name}, but {what}: {its.reason}" if here else f"{what}: {its.reason}"
    root = f"the root of the workspace ({root_of})" if root_of else ""
    if known := unsupported(project):
        return f"{root}, and {known}: not supported yet" if root else f"{known}: not supported yet"
    if root:
        return root
    almost = next((f for f in all_frameworks().values() if f.package in listed(project)), None)
    if almost:
        return f"lists {almost.package}, but holds no {almost.name} app"
    told_above = npm.is_shared(project) and not project.exists("package.json")
    return f"no web framework in its {'code' if told_above else 'manifest'}"


def detect(project: Project) -> list[App]:
    """The frameworks of one directory, each superseded one removed."""
    hits = {}
    for framework_id, framework in all_frameworks().items():
        evidence = framework.detect(project)
        if any(e.strength >= Strength.LIKELY for e in evidence):
            hits[framework_id] = App(project, framework_id, evidence)
    beaten = {loser for app in hits.values() for loser in app.framework.supersedes}
    return [app for framework_id, app in hits.items() if framework_id not in beaten]
