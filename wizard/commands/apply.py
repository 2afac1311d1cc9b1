"""`apply`: carry out a saved plan, byte for byte, or say what has moved since it was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard import saved_plan, version
from wizard.answers import Each, key
from wizard.apps import App
from wizard.choice import Selection
from wizard.commands import recover
from wizard.commands.carry_out import Report, carry_out, refuse_missing
from wizard.commands.choices import Choices
from wizard.commands.choose import Agreed, choose_with
from wizard.commands.choose_apps import choose_app, named
from wizard.commands.command_line import Run, apply_line
from wizard.commands.own_answers import with_own
from wizard.commands.report import as_json, show_apps, show_plan, show_rest
from wizard.commands.typed import line
from wizard.console import Console, is_interactive
from wizard.errors import Exit, UsageError, WizardError
from wizard.planning import make_plan
from wizard.project import Tree
from wizard.saved_plan import SavedPlan, SavedTarget
from wizard.settling import uninstalled
from wizard.workspace import list_tree, root_of


class ApplySettings:
    """The command line of `apply`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.file: Path = options["file"]
        self.as_json: bool = options["as_json"]
        self.ci: bool = options["ci"] or self.as_json
        self.token: str | None = options["token"]
        self.host: str | None = options["host"]
        self.for_app: tuple[str, ...] = options["for_app"]
        self.run = Run(
            directory=options["directory"],
            may_ask=not self.ci and is_interactive(),
            no_install=options["no_install"] or options["offline"],
            no_verify=options["no_verify"] or options["offline"],
            allow_dirty=options["allow_dirty"],
            offline=options["offline"],
        )


def apply(settings: ApplySettings) -> int:
    """Run it; returns the exit code."""
    console = Console(quiet=settings.as_json)
    report = Report()
    _run(settings, console, report)
    if settings.as_json:
        as_json(console, report.to_json())
    return report.exit_code


def _run(settings: ApplySettings, console: Console, report: Report) -> None:
    saved = saved_plan.load(settings.file)
    recover.unfinished(root_of(settings.run.directory), console, may_ask=settings.run.may_ask)
    tree = list_tree(settings.run.directory)
    _refuse_elsewhere(settings, saved, tree)
    picked = named(choose_app(tree, target.id, target.path) for target in saved.targets)
    show_apps(console, picked.apps)
    agreed = _agreed(settings, saved, picked.apps, console)
    answers = agreed.answers
    selection = Selection(refused=frozenset(saved.left_out), uninstalled=uninstalled(tree.root))
    report.plan = plan = make_plan(picked.apps, answers, saved.package_manager, selection)
    is_applied = saved_plan.is_applied(saved, plan, tree)
    if is_applied and not plan.installs:
        report.status = "incomplete" if plan.manual else "unchanged"
        report.exit_code = Exit.INCOMPLETE if plan.manual else Exit.OK
        show_rest(console, plan)
        console.say("This plan is applied already: nothing to change.")
        return
    if not is_applied:
        _refuse_moved(settings, saved, report, answers, tree)
    show_plan(console, plan)
    refuse_missing(settings.run, tree, plan)
    if settings.run.may_ask:
        from wizard import prompts

        if prompts.key("Apply this?", {"y": "yes", "n": "no"}, "y") == "n":
            report.status, report.exit_code = "declined", Exit.OK
            console.say("Nothing was written.")
            return
    reproduce = apply_line(settings.run, settings.file, picked.apps, answers, agreed.choices)
    carry_out(settings.run, console, report, tree, picked, agreed.projects, reproduce)


def _agreed(settings: ApplySettings, saved: SavedPlan, apps: tuple[App, ...], console: Console) -> Agreed:
    """The answers that the plan was made from; tokens, and the host of an own instance, are asked for again."""
    given = Choices(
        directory=settings.run.directory,
        ci=settings.ci,
        token=settings.token,
        host=settings.host,
        for_app=settings.for_app,
        offline=settings.run.offline,
    )
    said = with_own(given, apps)
    own = {key(target): _own(target, said.of(target)) for target in saved.targets}
    agreed = choose_with(apps, replace(given, for_app=(), own=own), console)
    answers = [agreed.answers.of(target) for target in saved.targets]
    for target, its in zip(saved.targets, answers, strict=True):
        if not target.region and not target.is_for(its.hosts.ingest):
            raise WizardError(f"the plan is not for {its.hosts.ingest}", "Give the --host that it was made with.")
    if saved_plan.project_numbers(answers) != [target.project for target in saved.targets]:
        belong: dict[int, list[str]] = {}
        for target in saved.targets:
            belong.setdefault(target.project, []).append(target.path)
        together = "; ".join(", ".join(paths) for paths in belong.values())
        raise WizardError(
            f"the apps of the plan belong together by project in another way: {together}",
            "Give the token of each with --for APP:token=phc_...",
        )
    return agreed


def _own(target: SavedTarget, said: Choices) -> dict[str, Any]:
    """What the plan and the command line say of one app."""
    if target.region and (said.host or said.region not in (None, target.region)):
        raise UsageError(f"the plan is for PostHog Cloud {target.region.upper()}, --host names another")
    if target.no_token and said.token:
        raise UsageError("the plan was made without a token", "Apply it without --token, or make it again with one.")
    return {
        "token": said.token,
        "region": None if target.host_open else target.region or said.region,
        "host": said.host,
        "options": dict(target.options),
        "sdk_version": tuple(f"{name}={version}" for name, version in target.versions.items()),
        "replace_token": target.replace_token,
        "no_token": target.no_token,
    }


def _refuse_elsewhere(settings: ApplySettings, saved: SavedPlan, tree: Tree) -> None:
    missing = dict.fromkeys(target.path for target in saved.targets if not (tree.root / target.path).is_dir())
    if missing:
        hint = f"Name the directory that it was made in: {line(Path(), 'apply', str(settings.file))} DIRECTORY"
        raise WizardError(f"the plan is for {', '.join(missing)}, which is not in {tree.root}", hint)


def _refuse_moved(settings: ApplySettings, saved: SavedPlan, report: Report, answers: Each, tree: Tree) -> None:
    moved = list(saved_plan.differences(saved, report.plan, answers, tree))
    if not moved:
        return
    hint = f"Make it again: {line(settings.run.directory, '--dry-run', '--out', str(settings.file))}"
    if saved.made_by != version.current():
        hint += f". Or use the version that made it: uvx posthog-wizard@{saved.made_by} apply {settings.file}"
    listing = "".join(f"\n  {clause}" for clause in moved)
    raise WizardError(f"the plan does not fit any more; nothing was written:{listing}", hint)
