"""The frameworks, found by walking `frameworks/`; never a list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import cast

import frameworks
from wizard.answers import Answers
from wizard.changes import Change
from wizard.framework import Framework, Launch
from wizard.project import Project

PlanFunction = Callable[[Project, Answers], Iterator[Change]]
LaunchFunction = Callable[[Project, int], Launch]


@cache
def all_frameworks() -> Mapping[str, Framework]:
    """Every framework by its id, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(frameworks.__path__):
        if module.ispkg:
            found[module.name.replace("_", "-")] = cast(
                Framework, importlib.import_module(f"frameworks.{module.name}").FRAMEWORK
            )
    return dict(sorted(found.items()))


def load_plan(framework_id: str) -> PlanFunction:
    """The `plan` function of a framework: the one lazy seam between detection and codemods."""
    return cast(PlanFunction, _module(framework_id, "plan").plan)


def load_launch(framework_id: str) -> LaunchFunction:
    """The `launch` function of a framework."""
    return cast(LaunchFunction, _module(framework_id, "launch").launch)


def _module(framework_id: str, name: str) -> ModuleType:
    return importlib.import_module(f"frameworks.{framework_id.replace('-', '_')}.{name}")
