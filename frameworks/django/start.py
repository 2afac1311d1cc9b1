"""The settings that PostHog is started with, and the place that starts it: an AppConfig, else the settings module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent

from frameworks.django.apps import Home
from frameworks.django.layout import module_file
from frameworks.django.settings import Assigned, Settings
from frameworks.django.variables import Variables
from wizard.changes import Change, EditFile, Manual
from wizard.codemods.python.class_attributes import ensure_attributes, ensure_environment_attributes
from wizard.codemods.python.imports import ensure_from_import, ensure_import, ensure_import_as, usable_name
from wizard.codemods.python.literals import quote, quoted
from wizard.codemods.python.methods import ensure_in_method
from wizard.codemods.python.module_lines import ensure_assignment, ensure_below_assignments
from wizard.codemods.python.settings import Setting, ensure_assignments
from wizard.codemods.python.tree import parse
from wizard.edits import Codemod, chain
from wizard.errors import CannotEdit
from wizard.packages import pypi
from wizard.project import Project
from wizard.templates import template

_SWITCH = "POSTHOG_MW_CAPTURE_EXCEPTIONS"
_DECOUPLE = r"(?:from|import)[ \t]+decouple\b"
_PYTEST = re.compile(r"DJANGO_SETTINGS_MODULE\s*=\s*[\"']?([\w.]+)|--ds[= ]([\w.]+)")


def changes(
    project: Project, settings: Settings, reads: Variables, home: Home | None, errors: bool
) -> Iterator[Change]:
    """Yield the edits of the settings, of the AppConfig `home`, and of the settings of the test suite."""
    here = settings.definition("MIDDLEWARE")
    path, owner = (here.path, here.owner) if here else (settings.leaf, None)
    covered = _test_settings(project, settings)
    flags = {"error_tracking"} if errors else set()
    flags |= {"pytest"} if _uses_pytest(project) and (home is None or not covered) else {"manage_test"}
    names = {"POSTHOG_PROJECT_TOKEN": reads.token, "POSTHOG_HOST": reads.host}
    here_too = flags | {"module_init"} if home is None and owner is None else flags & {"error_tracking"}
    paste = template("django/settings.py", names, here_too)
    codemods = [*_settings(settings, path, owner, reads, errors)]
    if home is None and owner is None:
        codemods += [_started_here(names, flags, reads), ensure_import("posthog"), ensure_import("sys")]
    if codemods:
        why = "reads the project token and the host from the environment"
        yield EditFile(path, tuple(codemods), why, otherwise=Manual("Add the PostHog settings", paste, path))
    yield from _start(project, home, names, flags, path, safe=goes(project, path, codemods))
    if home is None and owner is not None:
        yield Manual("Start PostHog in the AppConfig of an app of yours", template("django/apps.py", names, flags))
    for test in covered if home else ():
        yield EditFile(
            test,
            (_in_style(lambda style: ensure_assignment(reads.token, f"{style}{style}")),),
            "keeps the events of the test suite from being sent",
            otherwise=Manual("Send no events from tests", f'{reads.token} = ""', test),
        )


def _settings(settings: Settings, path: str, owner: str | None, reads: Variables, errors: bool) -> Iterator[Codemod]:
    wanted = ((reads.token, reads.token_variable), (reads.host, reads.host_variable))
    missing = [Setting(n, v) for n, v in wanted if all(a.path == path for a in _in_chain(settings, n))]
    heading = "" if any(_in_chain(settings, n) for n, _ in wanted) else "PostHog"
    switch = not errors and not [a for a in _in_chain(settings, _SWITCH) if a.path != path]
    if owner is not None:
        yield ensure_environment_attributes(owner, missing, heading)
        yield ensure_attributes(owner, [(_SWITCH, "False")] if switch else [])
        return
    if heading and settings.mentions(_DECOUPLE) and "config(" not in settings.texts[path]:
        # decouple alone knows what is in its .env file: nothing of it reaches os.environ.
        yield ensure_from_import("decouple", "config")
    yield ensure_assignments(missing, heading, at_end=True)
    if switch:
        yield ensure_assignment(_SWITCH, "False")


def _in_chain(settings: Settings, name: str) -> list[Assigned]:
    return [a for a in settings.assigned(name) if a.path in settings.chain]


def _started_here(names: dict[str, str], flags: set[str], reads: Variables) -> Codemod:
    """The settings module itself sets the module-level client, which reads its attributes at the first call."""
    text = template("django/settings.py", names, flags | {"module_init"})
    code = "testing = " + text.rpartition("\ntesting = ")[2].strip()
    return _in_style(
        lambda style: ensure_below_assignments(quoted(code, style), _SWITCH, reads.token, reads.host, marker="posthog")
    )


def _start(
    project: Project, home: Home | None, names: dict[str, str], flags: set[str], settings: str, safe: bool
) -> Iterator[Change]:
    """`settings` is the file that gets the settings which `ready()` reads."""
    if home is None:
        return
    text = template("django/apps.py", names, flags).replace("ProjectConfig", home.class_name)
    paste = Manual("Start PostHog when Django is ready", text, home.path)
    if not safe:
        # Without the settings, ready() would end the boot with an AttributeError.
        if "posthog" not in (project.read(home.path) or ""):
            yield paste
        return
    body = dedent(text.partition("def ready(self):\n")[2]).strip()
    yield EditFile(
        home.path,
        (
            _ready(body, home.class_name),
            ensure_import("posthog"),
            ensure_import("sys"),
        ),
        "starts PostHog once Django is ready, but not in tests",
        otherwise=paste,
        needs=(settings,),
    )


def _ready(body: str, class_name: str) -> Codemod:
    """The method `ready()` with the lines `body`, under the name that the file has or can have for the settings."""

    def run(text: str) -> str:
        name = usable_name(text, "django.conf.settings", "django_settings")
        code = quoted(re.sub(r"\bsettings\.", f"{name}.", body), quote(parse(text)))
        method = ensure_in_method("ready", code, "django.apps.AppConfig", marker="posthog", class_name=class_name)
        return chain(method, ensure_import_as("django.conf", "settings", name))(text)

    return run


def goes(project: Project, path: str, codemods: Sequence[Codemod]) -> bool:
    """Will the edits of a file be made?"""
    try:
        chain(*codemods)(project.read(path) or "")
    except CannotEdit:
        return False
    return True


def _in_style(make: Callable[[str], Codemod]) -> Codemod:
    """A codemod made with the quote that the file prefers."""
    return lambda text: make(quote(parse(text)))(text)


def _test_settings(project: Project, settings: Settings) -> list[str]:
    """The settings files of test suites; none for the classes of django-configurations."""
    if any(a.owner for a in settings.assigned("MIDDLEWARE")):
        return []
    named = _pytest_settings(project)
    return [p for p in settings.tests if not named or p in named]


def _uses_pytest(project: Project) -> bool:
    return "pytest-django" in pypi.declared(project) or bool(_pytest_settings(project))


def _pytest_settings(project: Project) -> list[str]:
    """The settings files that the configuration of pytest names."""
    found = []
    for name in ("pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"):
        for match in _PYTEST.finditer(project.read(name) or ""):
            found.append(module_file(project, match[1] or match[2]))
    return [path for path in found if path]
