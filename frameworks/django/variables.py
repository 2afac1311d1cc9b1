"""The names of the PostHog settings and variables of a Django project, and the env file that it loads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from frameworks.django.layout import home
from frameworks.django.settings import Settings, strings
from wizard import environment, python_env
from wizard.project import Project

_TOKENS = ("POSTHOG_PROJECT_TOKEN", "POSTHOG_API_KEY", "POSTHOG_PROJECT_API_KEY", "POSTHOG_KEY", "POSTHOG_TOKEN")
_HOSTS = ("POSTHOG_HOST", "POSTHOG_API_HOST")
_COOKIECUTTER = ".envs/.local/.django"


@dataclass(frozen=True, slots=True)
class Variables:
    """`token` and `host` are Django settings, the other two the variables behind them; `env_file` may be empty."""

    token: str
    host: str
    token_variable: str
    host_variable: str
    env_file: str


def variables(project: Project, settings: Settings) -> Variables:
    """The project's own names where its settings or env files have some, else the official ones."""
    names = environment.names(project, "")
    token, token_variable = _known(settings, _TOKENS, names.token)
    host, host_variable = _known(settings, _HOSTS, names.host)
    return Variables(token, host, token_variable, host_variable, _env_file(project))


def _known(settings: Settings, candidates: tuple[str, ...], default: str) -> tuple[str, str]:
    for name in dict.fromkeys((default, *candidates)):
        if own := next((a for a in settings.assigned(name) if a.path in settings.chain), None):
            return name, next((s for s in strings(own.value) if re.fullmatch(r"\w*POSTHOG_\w+", s)), name)
    return default, default


def _env_file(project: Project) -> str:
    """The env file that the code names, or cookiecutter-django's for local use; else the one beside manage.py, or of a
    directory above that has an example of it, or of `config/`; empty for the one of the app.
    """
    base = home(project)
    if project.exists(_COOKIECUTTER):
        return _COOKIECUTTER
    if named := python_env.env_file(project):
        return named
    folder = environment.folder_above(project, f"{base}/manage.py")
    if folder is None and (folder := environment.folder_above(project, f"{base}/config/.env")) is None:
        folder = base
    return "" if folder == "." and base != "." else f"{folder}/.env".removeprefix("./")
