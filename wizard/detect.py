"""Detectors as data: each looks at a project and answers with evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from wizard.asides import is_own_code
from wizard.packages import npm as _npm
from wizard.packages import pypi as _pypi
from wizard.project import Project


class Strength(IntEnum):
    """How much a signal says. A framework is detected from LIKELY on; HINTs only add to the explanation."""

    HINT = 1
    LIKELY = 2
    CERTAIN = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal: its strength, the reason in words (with the file), and the version it shows, if any."""

    strength: Strength
    reason: str
    version: str | None = None


Detector = Callable[[Project], tuple[Evidence, ...]]
"""All signals found; empty when there is none."""


def npm(*names: str, strength: Strength = Strength.CERTAIN) -> Detector:
    """Any of `names` is declared in package.json."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        declared = _npm.declared(project)
        where = _npm.manifest_path(project)
        return tuple(
            Evidence(strength, f"{where} lists {name} {declared[name]}", _npm.version(project, name))
            for name in names
            if name in declared
        )

    return detector


def own_npm(*names: str, strength: Strength = Strength.CERTAIN) -> Detector:
    """Any of `names` is declared in a package.json that declares this app's packages and no other's."""
    detector = npm(*names, strength=strength)
    return lambda project: () if _npm.is_shared(project) else detector(project)


def hoisted_npm(*names: str, strength: Strength = Strength.CERTAIN) -> Detector:
    """Any of `names` is declared at the root of the workspace, for all who are in it, and not by the app itself."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        own = {} if _npm.is_shared(project) else _npm.declared(project)
        where, listed = _npm.hoisted(project)
        return tuple(
            Evidence(strength, f"{where} lists {name} {listed[name]}", _npm.version(project, name))
            for name in names
            if name in listed and name not in own
        )

    return detector


def in_dependencies(*names: str, strength: Strength = Strength.CERTAIN) -> Detector:
    """Any of `names` is in `dependencies` of package.json: the package runs with it, and not only its tests."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        runtime = _npm.manifest(project).get("dependencies")
        listed = [name for name in names if isinstance(runtime, dict) and name in runtime]
        return npm(*listed, strength=strength)(project) if listed else ()

    return detector


def pypi(*names: str, strength: Strength = Strength.CERTAIN) -> Detector:
    """Any of `names` is declared in a Python manifest."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        declared = _pypi.declared(project)
        return tuple(
            Evidence(strength, f"{declared[name].where} lists {name}", _pypi.version(project, name))
            for name in names
            if name in declared
        )

    return detector


def file(*globs: str, contains: str = "", strength: Strength = Strength.LIKELY) -> Detector:
    """A listed file matches any of `globs` and, if given, the app's own code the regular expression `contains`."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        for path, text in project.sources(*globs) if contains else ((p, "") for p in project.files(*globs)):
            if not contains or (re.search(contains, text) and is_own_code(path)):
                return (Evidence(strength, f"found {path}"),)
        return ()

    return detector


def any_of(*detectors: Detector) -> Detector:
    """All signals of all detectors."""
    return lambda project: tuple(e for d in detectors for e in d(project))


def all_of(*detectors: Detector) -> Detector:
    """All signals, or none when one detector finds nothing."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        found: tuple[Evidence, ...] = ()
        for one in detectors:
            signals = one(project)
            if not signals:
                return ()
            found += signals
        return found

    return detector


def unless(detector: Detector, *, found: Detector) -> Detector:
    """What `detector` finds, or nothing when `found` finds something."""
    return lambda project: () if found(project) else detector(project)
