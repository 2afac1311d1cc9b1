"""`setup`: the whole way from a directory to an event that was seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard import refusals
from wizard.answers import OPTIONS, Each
from wizard.apps import App
from wizard.choice import Selection
from wizard.commands import recover
from wizard.commands.carry_out import Report, carry_out, refuse_missing, remember_choice
from wizard.commands.choices import Choices
from wizard.commands.choose import Agreed, choose
from wizard.commands.choose_apps import Picked, pick_apps
from wizard.commands.command_line import Run, setup_line
from wizard.commands.report import as_json, show_apps, show_plan, show_rest, summary
from wizard.commands.typed import line
from wizard.console import Console
from wizard.errors import Exit, UsageError
from wizard.plan import Plan
from wizard.planning import make_plan
from wizard.project import Tree
from wizard.settling import uninstalled
from wizard.workspace import list_tree, root_of


class Settings:
    """The command line of `setup`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.directory: Path = options["directory"]
        self.dry_run: bool = options["dry_run"]
        self.out: Path | None = options["out"]
        self.check: bool = options["check"]
        self.as_json: bool = options["as_json"]
        self.only: tuple[str, ...] = options["only"]
        self.skip: tuple[str, ...] = options["skip"]
        self.reconsider: bool = options["reconsider"]
        self.dashboard: bool = options["dashboard"]
        self.choices = Choices(
            directory=self.directory,
            ci=options["ci"] or options["as_json"],
            token=options["token"],
            region=options["region"],
            host=options["host"],
            framework=options["framework"],
            target=options["target"],
            all_apps=options["all_apps"],
            for_app=options["for_app"],
            options={key: options[key] for key in OPTIONS},
            sdk_version=options["sdk_version"],
            replace_token=options["replace_token"],
            token_required=not options["check"],
            no_token=options["no_token"],
            project_id=options["project_id"],
            switch_on=tuple(feature.replace("-", "_") for feature in options["switch_on"]),
            offline=options["offline"],
            sets_up=True,
        )
        self.run = Run(
            directory=self.directory,
            may_ask=self.choices.may_ask,
            no_install=options["no_install"] or options["offline"],
            no_verify=options["no_verify"] or options["offline"],
            allow_dirty=options["allow_dirty"],
            offline=options["offline"],
            package_manager=options["package_manager"],
        )
        if self.dashboard and options["offline"]:
            raise UsageError("--dashboard needs the network, which --offline forbids")
        if self.out and not self.dry_run:
            raise UsageError("--out saves the plan of a dry run", "Add --dry-run; then: posthog-wizard apply FILE")


def setup(settings: Settings) -> int:
    """Run the pipeline; returns the exit code."""
    console = Console(quiet=settings.as_json)
    report = Report()
    _run(settings, console, report)
    if settings.as_json:
        as_json(console, report.to_json())
    return report.exit_code


def _run(settings: Settings, console: Console, report: Report) -> None:
    root = root_of(settings.directory)
    if not settings.dry_run and not settings.check:
        recover.unfinished(root, console, may_ask=settings.choices.may_ask)
        if settings.reconsider:
            refusals.forget(root)
    else:
        recover.mention(root, console)
    tree = list_tree(settings.directory)
    picked = pick_apps(tree, settings.choices)
    console.head("Found")
    show_apps(console, picked.apps)
    agreed = choose(picked.apps, settings.choices, console)
    earlier = frozenset() if settings.reconsider else refusals.refused(root)
    selection = Selection(settings.only, settings.skip, earlier, uninstalled(root))
    report.plan = plan = make_plan(picked.apps, agreed.answers, settings.run.package_manager, selection)
    if settings.check:
        report.status = "would_change" if plan.files else "unchanged"
        report.exit_code = Exit.WOULD_CHANGE if plan.files else Exit.OK
        for change in plan.files:
            console.item("~", f"would {change.action} {change.path}")
        console.say(f"Would change {summary(plan)}." if plan.files else "Nothing to change.")
    elif settings.dry_run:
        _show_only(settings, console, plan, agreed, _reproduced(settings, picked, agreed, selection))
        for project in agreed.projects:
            if project.switch_on:
                from wizard.commands.switch_on import would_switch_on

                would_switch_on(project, console)
    elif not plan.files and not plan.installs:
        _nothing_to_do(settings, console, report, picked, agreed)
        _dashboards(settings, console, report, picked, agreed)
    else:
        _agree_and_apply(settings, console, report, tree, picked, agreed, selection)


def _dashboards(settings: Settings, console: Console, report: Report, picked: Picked, agreed: Agreed) -> None:
    if not settings.dashboard:
        return
    from wizard.commands.dashboard import after_setup

    report.dashboards = after_setup(
        settings.directory, picked, agreed.projects, console, may_ask=settings.choices.may_ask
    )


def _show_only(settings: Settings, console: Console, plan: Plan, agreed: Agreed, reproduce: str) -> None:
    if not settings.as_json:
        if console.stdout_is_terminal:
            console.page(plan.shown())
        else:
            console.data(plan.diff())
    show_rest(console, plan)
    console.say()
    console.say(f"Would change {summary(plan)}; nothing was written." if plan.files else "Nothing to change.")
    if settings.out:
        from wizard import saved_plan, version

        content = saved_plan.saved(plan, agreed.answers, settings.run.package_manager, version.current())
        saved_plan.write(settings.out, content)
        console.raw("Saved the plan. To carry it out: " + line(settings.directory, "apply", str(settings.out)))
    elif plan.files:
        console.raw("To do it: " + reproduce)


def _nothing_to_do(settings: Settings, console: Console, report: Report, picked: Picked, agreed: Agreed) -> None:
    plan = report.plan
    _switch_on(settings, console, report, agreed)
    report.status = "incomplete" if plan.manual else "unchanged"
    report.exit_code = Exit.INCOMPLETE if plan.manual else Exit.OK
    show_rest(console, plan)
    console.say()
    if plan.left_out:
        remember_choice(root_of(settings.directory), plan)
        console.say("Nothing to change but what is left out.")
    elif plan.manual:
        console.say("Nothing to change until that is done.")
    else:
        console.say("Already set up: nothing to change.")
        console.raw("Check events: " + line(settings.directory, "verify", names=picked.names))


def _switch_on(settings: Settings, console: Console, report: Report, agreed: Agreed) -> None:
    for project in agreed.projects:
        if project.switch_on:
            from wizard.commands.switch_on import switch_on

            for feature, on in switch_on(project, agreed.choices.of(project.apps[0]), console).items():
                # of several projects, it is on when it is on in all of them
                report.switched_on[feature] = on and report.switched_on.get(feature, True)


def _agree_and_apply(
    settings: Settings,
    console: Console,
    report: Report,
    tree: Tree,
    picked: Picked,
    agreed: Agreed,
    selection: Selection,
) -> None:
    show_plan(console, report.plan)
    refuse_missing(settings.run, tree, report.plan)
    if settings.choices.may_ask:
        chosen = _ask(settings, console, report, picked.apps, agreed.answers, selection)
        if chosen is None:
            report.status, report.exit_code = "declined", Exit.OK
            console.say("Nothing was written.")
            return
        selection = chosen
        if not report.plan.files and not report.plan.installs:
            _nothing_to_do(settings, console, report, picked, agreed)
            _dashboards(settings, console, report, picked, agreed)
            return
    reproduce = _reproduced(settings, picked, agreed, selection)

    def in_project() -> None:
        _switch_on(settings, console, report, agreed)

    def dashboards() -> None:
        _dashboards(settings, console, report, picked, agreed)

    carry_out(settings.run, console, report, tree, picked, agreed.projects, reproduce, in_project, dashboards)


def _reproduced(settings: Settings, picked: Picked, agreed: Agreed, selection: Selection) -> str:
    """The line that does what was agreed on, without a question."""
    return setup_line(
        settings.run,
        picked,
        agreed.answers,
        agreed.choices,
        selection,
        switch_on=tuple(dict.fromkeys(feature for project in agreed.projects for feature in project.switch_on)),
        dashboard=settings.dashboard,
    )


def _ask(
    settings: Settings,
    console: Console,
    report: Report,
    apps: tuple[App, ...],
    answers: Each,
    selection: Selection,
) -> Selection | None:
    """All, none, or edit by edit; `report.plan` is then what was agreed on."""
    from wizard import prompts
    from wizard.commands.choose_edits import choose_edits

    def replan(wanted: Selection) -> Plan:
        return make_plan(apps, answers, settings.run.package_manager, wanted)

    match prompts.key("Apply this?", {"y": "yes", "e": "choose edit by edit", "n": "no"}, "y"):
        case "y":
            return selection
        case "n":
            return None
    chosen = choose_edits(report.plan, selection, replan, console)
    if chosen is None or chosen == selection:
        return chosen
    report.plan = replan(chosen)
    if not report.plan.files:
        return chosen
    show_plan(console, report.plan, "What is left of the plan")
    return chosen if prompts.key("Apply this?", {"y": "yes", "n": "no"}, "y") == "y" else None
