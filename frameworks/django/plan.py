"""What changes in a Django project: settings, the official middleware, and the AppConfig that starts PostHog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import dirname, join, normpath

from frameworks.django import rest, start
from frameworks.django.apps import home_app
from frameworks.django.existing import hidden_by, set_up_elsewhere, several_projects
from frameworks.django.layout import VARIABLE, manage_files, settings_module
from frameworks.django.settings import MIDDLEWARE, Assigned, Settings, read_settings, written
from frameworks.django.variables import variables
from wizard import python_sdk
from wizard.answers import Answers
from wizard.changes import Change, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.python.lists import ensure_extended, ensure_in_every_list, ensure_in_list
from wizard.edits import Codemod
from wizard.existing.offers import kept, remarks
from wizard.project import Project

_BEHIND = "django.contrib.auth.middleware.AuthenticationMiddleware"


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/django and posthog.integrations.django (7.91)."""
    settings = read_settings(project)
    if settings is None:
        yield _no_settings(project)
        return
    there = set_up_elsewhere(project, settings)
    if there.elsewhere:
        yield Install("posthog", python_sdk.REQUIREMENT)
        # the middleware of the SDK reports the exceptions of requests, whatever the client's options say
        yield from kept(there, answers, variables(project, settings).env_file, without=("error_tracking",))
        return
    before = hidden_by(project) or several_projects(project) or python_sdk.unsupported(project) or _too_old(settings)
    if stop := before or python_sdk.too_old(project, "django", "3.2"):
        yield stop
        return
    reads = variables(project, settings)
    yield Install("posthog", python_sdk.REQUIREMENT)
    yield SetEnv(reads.token_variable, answers.token or "", reads.env_file)
    yield SetEnv(reads.host_variable, answers.host, reads.env_file)
    home = home_app(project, settings, settings_module(project))
    errors = answers.wants("error_tracking")
    edits = [*start.changes(project, settings, reads, home, errors), *_middleware(settings)]
    yield from _refused_last(project, [*edits, *(rest.changes(settings) if errors else ())])
    yield from remarks(there, answers)
    yield from python_sdk.exported(project)
    if not settings.loads_env_file(*(project.read(path) or "" for path in manage_files(project))):
        yield Note(
            f"Nothing here loads .env files: give {reads.token_variable} to the process",
            "For example `set -a; . ./.env` in the shell, `env_file:` in compose, or python-dotenv in manage.py.",
        )


def _no_settings(project: Project) -> Manual:
    """Which file is missing, when that is known, and what to make it of; else what to write into manage.py."""
    entry, module = "".join(manage_files(project)[:1]), settings_module(project)
    if module is None or not entry:
        return Manual("Say which settings module is used: it cannot be read from manage.py", _WHICH, entry)
    file = normpath(join(dirname(entry), module.replace(".", "/") + ".py"))
    title = f"Make the settings first, then run the wizard again: {module} is not here"
    examples = project.files(*(f"{file.removesuffix('.py')}{end}" for end in _EXAMPLES))
    return Manual(title, f"cp {examples[0]} {file}" if examples else f"{VARIABLE}={module}", entry)


def _middleware(settings: Settings) -> Iterator[Change]:
    """The middleware goes behind the one that knows the user, in the file that defines the list."""
    here = settings.definition("MIDDLEWARE")
    path = here.path if here else settings.leaf
    element = f'"{MIDDLEWARE}"'
    paste = Manual("Add the PostHog middleware behind AuthenticationMiddleware", f"{element},", path)
    if not settings.mentions(rf"[\"']{MIDDLEWARE}[\"']") or len(_written(settings)) > 1:
        yield EditFile(
            path,
            (_listed(here, len(_written(settings)) > 1) if here else ensure_extended("MIDDLEWARE", element),),
            "gives each request a PostHog context with its user, and reports exceptions",
            otherwise=paste,
        )
    for other in settings.redefinitions("MIDDLEWARE"):
        if MIDDLEWARE not in settings.texts[other.path]:
            title = f"Add the PostHog middleware where {other.path} replaces MIDDLEWARE"
            yield Manual(title, paste.body, f"{other.path}:{other.line}")


def _written(settings: Settings) -> list[Assigned]:
    """What the file that defines the list assigns to it: one of a branch each, maybe."""
    here = settings.definition("MIDDLEWARE")
    return written(settings.texts[here.path], "MIDDLEWARE", here.owner) if here else []


def _listed(here: Assigned, several: bool) -> Codemod:
    ensure = ensure_in_every_list if several else ensure_in_list
    return ensure("MIDDLEWARE", f'"{MIDDLEWARE}"', behind=_BEHIND, in_class=here.owner)


def _refused_last(project: Project, changes: Sequence[Change]) -> list[Change]:
    """What will be left to the user comes last, so that its line is the one in the edited file."""

    def rank(change: Change) -> int:
        return 2 - start.goes(project, change.path, change.codemods) if isinstance(change, EditFile) else 2

    return sorted(changes, key=rank)


def _too_old(settings: Settings) -> Manual | None:
    """MIDDLEWARE_CLASSES went with Django 2.0; the SDK's middleware cannot be used in it."""
    old = settings.definition("MIDDLEWARE_CLASSES")
    if old is None or settings.definition("MIDDLEWARE"):
        return None
    return Manual(
        "Move from MIDDLEWARE_CLASSES to MIDDLEWARE first: Django before 1.10 is not supported",
        f'MIDDLEWARE = [\n    ...,\n    "{MIDDLEWARE}",\n]',
        f"{old.path}:{old.line}",
    )


_EXAMPLES = (".py.*", "{_,-,.}{example,sample,template,dist}.py")
_WHICH = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")'
