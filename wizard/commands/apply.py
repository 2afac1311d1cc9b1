"""`apply`: carry out a saved plan, byte for byte, or say what has moved since it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard import saved_plan, version
from wizard.answers import Answers
from wizard.apps import App
from wizard.choice import Selection
from wizard.commands import recover
from wizard.commands.carry_out import Report, carry_out, refuse_missing
from wizard.commands.choices import Choices
from wizard.commands.choose import choose_answers, choose_app
from wizard.commands.choose_token import existing_token
from wizard.commands.command_line import Run, apply_line
from wizard.commands.report import as_json, show_apps, show_plan, show_rest
from wizard.console import Console, is_interactive
from wizard.errors import Exit, UsageError, WizardError
from wizard.planning import make_plan
from wizard.project import Tree
from wizard.saved_plan import SavedPlan
from wizard.workspace import list_tree, root_of


class ApplySettings:
    """The command line of `apply`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.file: Path = options["file"]
        self.as_json: bool = options["as_json"]
        self.ci: bool = options["ci"] or self.as_json
        self.token: str | None = options["token"]
        self.host: str | None = options["host"]
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
    apps = tuple(choose_app(tree, framework, path) for path, framework in saved.targets)
    show_apps(console, apps)
    answers = _answers(settings, saved, apps, console)
    report.plan = plan = make_plan(apps, answers, saved.package_manager, Selection(refused=frozenset(saved.left_out)))
    if saved_plan.is_applied(saved, plan, tree):
        report.status = "incomplete" if plan.manual else "unchanged"
        report.exit_code = Exit.INCOMPLETE if plan.manual else Exit.OK
        show_rest(console, plan)
        console.say("This plan is applied already: nothing to change.")
        return
    _refuse_moved(settings, saved, report, answers, tree)
    show_plan(console, plan)
    refuse_missing(settings.run, tree, plan)
    if settings.run.may_ask:
        from wizard import prompts

        if prompts.key("Apply this?", {"y": "yes", "n": "no"}, "y") == "n":
            report.status, report.exit_code = "declined", Exit.OK
            console.say("Nothing was written.")
            return
    token = settings.token or (None if existing_token(apps) else answers.token)
    reproduce = apply_line(settings.run, settings.file, answers, token)
    carry_out(settings.run, console, report, tree, apps, answers, reproduce)


def _answers(settings: ApplySettings, saved: SavedPlan, apps: tuple[App, ...], console: Console) -> Answers:
    """The answers that the plan was made from; the token, and the host of an own instance, are asked for again."""
    if settings.host and saved.region:
        raise UsageError(f"the plan is for PostHog Cloud {saved.region.upper()}, --host names another")
    if settings.token and saved.no_token:
        raise UsageError("the plan was made without a token", "Apply it without --token, or make it again with one.")
    choices = Choices(
        directory=settings.run.directory,
        ci=settings.ci,
        token=settings.token,
        region=None if saved.host_open else saved.region,
        host=settings.host,
        options=saved.options,
        sdk_version=tuple(f"{name}={found}" for name, found in saved.versions.items()),
        replace_token=saved.replace_token,
        no_token=saved.no_token,
        offline=settings.run.offline,
    )
    answers = choose_answers(apps, choices, console)
    if not saved.region and not saved.is_for(answers.hosts.ingest):
        raise WizardError(f"the plan is not for {answers.hosts.ingest}", "Give the --host that it was made with.")
    return answers


def _refuse_moved(settings: ApplySettings, saved: SavedPlan, report: Report, answers: Answers, tree: Tree) -> None:
    moved = list(saved_plan.differences(saved, report.plan, answers, tree))
    if not moved:
        return
    hint = f"Make it again: posthog-wizard --dry-run --out {settings.file}"
    if saved.made_by != version.current():
        hint += f". Or use the version that made it: uvx posthog-wizard@{saved.made_by} apply {settings.file}"
    listing = "".join(f"\n  {clause}" for clause in moved)
    raise WizardError(f"the plan does not fit any more; nothing was written:{listing}", hint)
