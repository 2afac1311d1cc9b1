"""From a command line to apps and answers: flag > variable > what the project says > prompt, else exit 2."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.apps import App, Found, find_apps
from wizard.commands.choices import Choices
from wizard.commands.choose_hosts import choose_hosts
from wizard.commands.choose_options import choose_options
from wizard.commands.choose_token import choose_token
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.project import Project, Tree, normal
from wizard.registry import all_frameworks
from wizard.workspace import candidates

if TYPE_CHECKING:
    from wizard.commands.connect import Connection


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answers, and what else was agreed on with PostHog on the way to them.

    `switch_on` are features to be switched on in the project itself, once the plan is carried out.
    """

    answers: Answers
    connection: Connection | None = None
    switch_on: tuple[str, ...] = ()


def choose_apps(tree: Tree, choices: Choices, console: Console) -> tuple[App, ...]:
    """The apps to work on. Raises UsageError when several are possible and nobody can choose."""
    if choices.framework:
        return tuple(choose_app(tree, choices.framework, target) for target in choices.target or (".",))
    found = find_apps(tree)
    if choices.target:
        return tuple(app for target in choices.target for app in _at(tree, found, target))
    if not found.apps:
        raise WizardError("found no app that the wizard supports here", _why_nothing(found))
    if len(found.apps) == 1 or choices.all_apps:
        return found.apps
    if not choices.may_ask:
        listing = "\n".join(f"  {_flags(app, found.apps)}" for app in found.apps)
        raise UsageError(
            f"{len(found.apps)} apps are here; say which:\n{listing}",
            "--target is repeatable; --all takes every one of them. Or set POSTHOG_WIZARD_TARGET.",
        )
    from wizard import prompts

    titles = [(str(i), _title(app), app.role.kind == "app") for i, app in enumerate(found.apps)]
    chosen = prompts.checkbox("Which apps shall send events to PostHog? (--target)", titles, required=True)
    return tuple(found.apps[int(i)] for i in chosen)


def _flags(app: App, apps: Sequence[App]) -> str:
    """The flags that mean this app and no other."""
    alone = sum(other.path == app.path for other in apps) == 1
    return f"--target {shlex.quote(app.path)}" + ("" if alone else f" --framework {app.id}")


def _title(app: App) -> str:
    kind = "" if app.role.kind == "app" else f" ({app.role.kind})"
    return f"{app.framework.name} in {app.path}{kind}"


def choose_app(tree: Tree, framework_id: str, target: str) -> App:
    """The directory `target` as an app of a framework, whatever detection says. Raises UsageError."""
    framework = all_frameworks().get(framework_id)
    if framework is None:
        raise UsageError(f"there is no framework {framework_id!r}", "See: posthog-wizard frameworks")
    project = _project(tree, target)
    return App(project, framework_id, framework.detect(project))


def _project(tree: Tree, target: str) -> Project:
    path = normal(target)
    if PurePosixPath(path).is_absolute() or path.startswith(".."):
        raise UsageError(f"--target {target} lies outside of {tree.root}")
    if not (tree.root / path).is_dir():
        raise UsageError(f"--target {target} is not a directory in {tree.root}", "See: posthog-wizard detect")
    known = next((p for p in candidates(tree) if p.path == path), None)
    return known or Project(tree, path)


def _at(tree: Tree, found: Found, target: str) -> Sequence[App]:
    from wizard.apps import detect

    project = _project(tree, target)
    apps = [a for a in found.apps if a.path == project.path] or detect(project)
    if not apps:
        raise WizardError(f"found no app that the wizard supports in {target}", _why_nothing(found))
    if len(apps) > 1:
        ids = " or ".join(f"--framework {a.id}" for a in apps)
        raise UsageError(f"{target} holds several apps", f"Add {ids}")
    return apps


def _why_nothing(found: Found) -> str:
    names = ", ".join(f.name for f in all_frameworks().values())
    looked = "".join(f"\n  {i.path}: {i.reason}" for i in found.ignored[:10])
    seen = (
        f" Manifests seen:{looked}\n"
        if looked
        else " There is no package.json, pyproject.toml, requirements file or manage.py.\n"
    )
    return f"Looked for {names}.{seen}If one of them is here, name it with --framework and --target."


def choose_answers(apps: Sequence[App], choices: Choices, console: Console) -> Answers:
    """Token, host and options for the apps. Raises UsageError naming the flag of an open question."""
    return choose(apps, choices, console).answers


def choose(apps: Sequence[App], choices: Choices, console: Console) -> Chosen:
    """The same, with the connection to PostHog that the token was looked up by, if it was."""
    versions = dict(_version(pair) for pair in choices.sdk_version)
    found = choose_token(apps, choices, console)
    proven = found.connection.access.hosts if found.connection else None
    where = choose_hosts(apps, choices, found.token, proven, console)
    picked = choose_options(apps, choices, found.token, where.hosts, found.connection, console)
    answers = Answers(where.hosts, found.token, picked.options, versions, choices.replace_token, where.read, where.open)
    return Chosen(answers, found.connection, picked.switch_on)


def _version(pair: str) -> tuple[str, str]:
    name, separator, version = pair.rpartition("=")
    name = name.rstrip("=")
    if not (name and separator and version):
        raise UsageError(f"--sdk-version {pair} is not NAME=VERSION", "For example --sdk-version posthog-js=1.434.18")
    return name, version
