"""From a tree to the apps to work on: named, all of them, the only one, or chosen from a list, else exit 2."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.answers import key, name_of
from wizard.apps import App, Found, detect, find_apps
from wizard.commands.choices import Choices
from wizard.errors import UsageError, WizardError
from wizard.project import Project, Tree, normal
from wizard.registry import all_frameworks
from wizard.workspace import candidates


@dataclass(frozen=True, slots=True)
class Picked:
    """The apps to work on, and what `--target` calls them: nothing for the only app of the directory itself."""

    apps: tuple[App, ...]
    names: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The flags that mean these apps to any command."""
        return [word for name in self.names for word in ("--target", name)]

    def called(self, apps: Iterable[App]) -> tuple[str, ...]:
        """What `--target` calls some of them; nothing where the directory is enough."""
        wanted = {key(app) for app in apps}
        return tuple(name for app, name in zip(self.apps, self.names, strict=False) if key(app) in wanted)


def choose_apps(tree: Tree, choices: Choices) -> tuple[App, ...]:
    """The apps to work on. Raises UsageError when several are possible and nobody can choose."""
    return pick_apps(tree, choices).apps


def pick_apps(tree: Tree, choices: Choices) -> Picked:
    """The same, with how another command names them."""
    if choices.framework:
        return named(choose_app(tree, choices.framework, target) for target in choices.target or (".",))
    if choices.target:
        return named(app for target in choices.target for app in _at(tree, target))
    there = found_apps(tree)
    if len(there) == 1:
        return Picked(there) if there[0].path == "." else named(there)
    if choices.all_apps:
        return named(usual(there))
    if not choices.may_ask:
        raise UsageError(
            f"{len(there)} apps are here; say which:\n{_listing(there)}",
            f"--target is repeatable; --all takes {_all(there)}. Or set POSTHOG_WIZARD_TARGET.",
        )
    from wizard import prompts

    likely = usual(there)
    titles = [(str(i), _title(app), app in likely) for i, app in enumerate(there)]
    ask = "Which apps shall send events to PostHog? (--target; space changes, enter accepts)"
    chosen = prompts.checkbox(ask, titles, required=True)
    return named(there[int(i)] for i in chosen)


def named(apps: Iterable[App]) -> Picked:
    """Each app once, with a name that finds it again: its path, unless detection sees something else there, or more."""
    once = tuple({key(app): app for app in apps}.values())
    return Picked(once, tuple(_name(app) for app in once))


def _name(app: App) -> str:
    return app.path if [found.id for found in detect(app.project)] == [app.id] else f"{app.path}:{app.id}"


def found_apps(tree: Tree) -> tuple[App, ...]:
    """Every app of the tree. Raises WizardError when there is none, with what was looked at."""
    found = find_apps(tree)
    if not found.apps:
        raise WizardError("found no app that the wizard supports here", _why_nothing(found))
    return found.apps


def usual(apps: Sequence[App]) -> tuple[App, ...]:
    """What `--all` takes, and where the checklist starts: no documentation and no commands, unless that is all."""
    return tuple(app for app in apps if app.role.kind == "app") or tuple(apps)


def _listing(apps: Sequence[App]) -> str:
    """A row for each app: the flag that means it and no other, and what it is."""
    flags = [f"--target {shlex.quote(name_of(app, apps))}" for app in apps]
    width = max(map(len, flags))
    likely = usual(apps)
    return "\n".join(
        f"  {flag:{width}}  {_what(app)}{'' if app in likely else ' (not in --all)'}"
        for flag, app in zip(flags, apps, strict=True)
    )


def _all(apps: Sequence[App]) -> str:
    return "every one of them" if len(usual(apps)) == len(apps) else f"{len(usual(apps))} of them"


def _what(app: App) -> str:
    return app.framework.name + ("" if app.role.kind == "app" else f", {app.role.kind}")


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


def _at(tree: Tree, target: str) -> Sequence[App]:
    """The app of a directory, which `PATH:FRAMEWORK` names where it holds several, or where detection sees none."""
    path, _, framework = target.rpartition(":")
    if path and framework in all_frameworks() and not (tree.root / target).is_dir():
        return [choose_app(tree, framework, path)]
    project = _project(tree, target)
    apps = detect(project)
    if not apps:
        raise WizardError(f"found no app that the wizard supports in {target}", _why_nothing(find_apps(tree)))
    if len(apps) > 1:
        names = " or ".join(f"--target {name_of(a, apps)}" for a in apps)
        raise UsageError(f"{target} holds several apps", f"Say which: {names}")
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
