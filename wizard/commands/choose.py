"""From a command line to apps and answers: flag > variable > what the project says > prompt, else exit 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wizard import environment
from wizard.answers import OPTIONS, Answers
from wizard.apps import App, Found, find_apps
from wizard.console import Console, is_interactive
from wizard.errors import UsageError, WizardError
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.hosts import Hosts
from wizard.posthog.tokens import mask, shape
from wizard.project import Project, Tree, normal
from wizard.registry import all_frameworks
from wizard.workspace import candidates


@dataclass(frozen=True, slots=True)
class Choices:
    """The part of a command line that decides what is set up and how."""

    directory: Path
    ci: bool = False
    token: str | None = None
    region: str | None = None
    host: str | None = None
    framework: str | None = None
    target: tuple[str, ...] = ()
    options: Mapping[str, bool | None] = field(default_factory=dict)
    sdk_version: tuple[str, ...] = ()
    replace_token: bool = False
    token_required: bool = True

    @property
    def may_ask(self) -> bool:
        """Is there somebody to ask?"""
        return not self.ci and is_interactive()


def choose_apps(tree: Tree, choices: Choices, console: Console) -> tuple[App, ...]:
    """The apps to work on. Raises UsageError when several are possible and nobody can choose."""
    if choices.framework:
        return tuple(choose_app(tree, choices.framework, target) for target in choices.target or (".",))
    found = find_apps(tree)
    if choices.target:
        return tuple(app for target in choices.target for app in _at(tree, found, target))
    if not found.apps:
        raise WizardError("found no app that the wizard supports here", _why_nothing(found))
    if len(found.apps) == 1:
        return found.apps
    if not choices.may_ask:
        listing = "\n".join(f"  --target {app.path} --framework {app.id}" for app in found.apps)
        raise UsageError(f"{len(found.apps)} apps are here; say which:\n{listing}", "Or set POSTHOG_WIZARD_TARGET.")
    from wizard import prompts

    titles = [(str(i), f"{a.framework.name} in {a.path}", True) for i, a in enumerate(found.apps)]
    chosen = prompts.checkbox("Which apps shall send events to PostHog? (--target)", titles, required=True)
    return tuple(found.apps[int(i)] for i in chosen)


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
        raise UsageError(f"--target {target} is not a directory in {tree.root}")
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
    versions = dict(_version(pair) for pair in choices.sdk_version)
    there = existing_token(apps)
    token = _token(choices, there, console)
    hosts, host_read = _hosts(apps, choices)
    return Answers(hosts, token, _options(apps, choices), versions, choices.replace_token, host_read)


def _version(pair: str) -> tuple[str, str]:
    name, separator, version = pair.rpartition("=")
    name = name.rstrip("=")
    if not (name and separator and version):
        raise UsageError(f"--sdk-version {pair} is not NAME=VERSION", "For example --sdk-version posthog-js=1.434.18")
    return name, version


def existing_token(apps: Sequence[App]) -> tuple[str, str] | None:
    """The token that an env file of the apps has, and which file."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.token, app.framework.env_folder(app.project)):
            return there
    return None


def _token(choices: Choices, there: tuple[str, str] | None, console: Console) -> str | None:
    if choices.token is not None:
        token = choices.token.strip()
        shape(token)
        if there and there[0] != token and not choices.replace_token:
            raise WizardError(
                f"{there[1]} already has the token {mask(there[0])}, you gave {mask(token)}",
                "Add --replace-token to use the new one, or leave --token out to keep the old one.",
            )
        return token
    if there:
        console.say(f"Token {mask(there[0])} from {there[1]}.")
        return there[0]
    if not choices.token_required:
        return None
    if not choices.may_ask:
        raise UsageError("the project token is missing", "Give --token phc_... or set POSTHOG_WIZARD_TOKEN.")
    from wizard import prompts

    console.raw("Your project token is in PostHog under Settings > Project > General (it starts with phc_):")
    console.raw("https://app.posthog.com/settings/project")
    return prompts.text("Project token (--token):", shape)


def _hosts(apps: Sequence[App], choices: Choices) -> tuple[Hosts, bool]:
    """The hosts, and whether it is the project alone that names them."""
    if choices.host and choices.region:
        raise UsageError("--host and --region exclude each other")
    if choices.host:
        return posthog_hosts.of(choices.host), False
    if choices.region:
        return posthog_hosts.cloud(choices.region), False
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.host, app.framework.env_folder(app.project)):
            return posthog_hosts.of(there[0]), True
    if not choices.token_required:
        return posthog_hosts.cloud("us"), False
    if not choices.may_ask:
        raise UsageError("the region is missing", "Give --region us|eu or --host URL, or set POSTHOG_WIZARD_REGION.")
    from wizard import prompts

    titles = [
        ("us", "US Cloud (us.posthog.com)"),
        ("eu", "EU Cloud (eu.posthog.com)"),
        ("own", "My own instance or proxy"),
    ]
    region = prompts.select("Where is your PostHog? (--region, --host)", titles)
    if region != "own":
        return posthog_hosts.cloud(region), False
    return posthog_hosts.of(prompts.text("URL of your PostHog (--host):", posthog_hosts.of)), False


def _options(apps: Sequence[App], choices: Choices) -> dict[str, bool]:
    relevant = [key for key in OPTIONS if any(key in app.framework.options for app in apps)]
    given = {key: value for key, value in choices.options.items() if value is not None}
    if useless := sorted(given.keys() - set(relevant)):
        flags = ", ".join("--" + key.replace("_", "-") for key in useless)
        raise UsageError(f"{flags} means nothing for {', '.join(sorted({a.framework.name for a in apps}))}")
    open_keys = [key for key in relevant if key not in given]
    if not open_keys or not choices.may_ask or not choices.token_required:
        return given
    from wizard import prompts

    titles = [(key, OPTIONS[key].ask, OPTIONS[key].default) for key in open_keys]
    chosen = prompts.checkbox("What shall be on? (space changes, enter accepts)", titles)
    return given | {key: key in chosen for key in open_keys}
