"""Which AppConfig of the project's own starts PostHog."""

from __future__ import annotations

import re
from dataclasses import dataclass

from frameworks.django.layout import module_file
from frameworks.django.settings import Settings
from wizard.codemods.python.names import AppConfig, app_configs
from wizard.errors import CannotEdit
from wizard.packages import pypi
from wizard.project import Project

_PREFERRED = ("core", "common", "users", "accounts", "main")


@dataclass(frozen=True, slots=True)
class Home:
    """An AppConfig class that Django loads: the file and the name of the class."""

    path: str
    class_name: str


def home_app(project: Project, settings: Settings, module: str | None) -> Home | None:
    """The AppConfig to start PostHog in: core, common, users, accounts, main, the project's own, else the first one.

    Only installed apps of the repository count. None when there is none that Django certainly loads.
    """
    wanted = (*_PREFERRED, (module or "").split(".")[0])

    def rank(name: str) -> int:
        return wanted.index(name) if name in wanted else len(wanted)

    ordered = sorted(settings.apps(), key=lambda entry: rank(_label(entry)))
    return next((home for entry in ordered if (home := _home(project, entry))), None)


def _label(entry: str) -> str:
    return re.sub(r"\.apps\.\w+$", "", entry).rpartition(".")[2]


def _home(project: Project, entry: str) -> Home | None:
    """The AppConfig behind an entry of INSTALLED_APPS, a class path or a package."""
    module, _, name = entry.rpartition(".")
    if name[:1].isupper():
        path = module_file(project, module)
        return Home(path, name) if path and any(c.class_name == name for c in _configs(project, path)) else None
    path = module_file(project, f"{entry}.apps")
    configs = _configs(project, path) if path else []
    # Django finds the one AppConfig of a package by itself from 3.2 on.
    if path is None or len(configs) != 1 or not pypi.at_least(project, "django", "3.2"):
        return None
    return Home(path, configs[0].class_name)


def _configs(project: Project, path: str) -> list[AppConfig]:
    text = project.read(path)
    try:
        return app_configs(text) if text else []
    except CannotEdit:
        return []
