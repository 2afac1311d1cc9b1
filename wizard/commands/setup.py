"""`setup`: the whole way from a directory to an event that was seen."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.answers import OPTIONS, Answers
from wizard.apps import App
from wizard.commands import recover
from wizard.commands.choose import Choices, choose_answers, choose_apps
from wizard.commands.report import as_json, calls, show_apps, show_plan, show_rest, summary
from wizard.console import Console
from wizard.errors import Bug, Exit, WizardError
from wizard.install import explain, missing_binaries, run_install
from wizard.packages import Command, family
from wizard.plan import Plan, make_plan
from wizard.project import Tree
from wizard.workspace import git, list_tree


class Settings:
    """The command line of `setup`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.directory: Path = options["directory"]
        self.dry_run: bool = options["dry_run"]
        self.check: bool = options["check"]
        self.as_json: bool = options["as_json"]
        self.no_install: bool = options["no_install"]
        self.no_verify: bool = options["no_verify"]
        self.allow_dirty: bool = options["allow_dirty"]
        self.package_manager: str | None = options["package_manager"]
        self.choices = Choices(
            directory=self.directory,
            ci=options["ci"] or options["as_json"],
            token=options["token"],
            region=options["region"],
            host=options["host"],
            framework=options["framework"],
            target=options["target"],
            options={key: options[key] for key in OPTIONS},
            sdk_version=options["sdk_version"],
            replace_token=options["replace_token"],
            token_required=not options["check"],
        )


@dataclass
class _Report:
    """The `setup --json` object, filled in as the run goes on."""

    status: str = "planned"
    exit_code: Exit = Exit.OK
    plan: Plan = field(default_factory=lambda: Plan(()))
    verification: list[dict[str, Any]] | None = None
    install: dict[str, Any] | None = None
    journal: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "status": self.status,
            "exit_code": int(self.exit_code),
            "apps": [app.to_json() for app in self.plan.apps],
            "install": self.install,
            "verification": self.verification,
            "journal": self.journal,
        }


def setup(settings: Settings) -> int:
    """Run the pipeline; returns the exit code."""
    console = Console(quiet=settings.as_json)
    report = _Report()
    _run(settings, console, report)
    if settings.as_json:
        as_json(console, report.to_json())
    return report.exit_code


def _run(settings: Settings, console: Console, report: _Report) -> None:
    root = list_tree(settings.directory).root
    if not settings.dry_run and not settings.check:
        recover.unfinished(root, console, may_ask=settings.choices.may_ask)
    tree = list_tree(settings.directory)
    apps = choose_apps(tree, settings.choices, console)
    console.head("Found")
    show_apps(console, apps)
    answers = choose_answers(apps, settings.choices, console)
    report.plan = plan = make_plan(apps, answers, settings.package_manager)
    if settings.check:
        report.status = "would_change" if plan.files else "unchanged"
        report.exit_code = Exit.WOULD_CHANGE if plan.files else Exit.OK
        for change in plan.files:
            console.item("~", f"would {change.action} {change.path}")
        console.say(f"Would change {summary(plan)}." if plan.files else "Nothing to change.")
        return
    if settings.dry_run:
        if not settings.as_json:
            console.data(plan.diff())
        show_rest(console, plan)
        console.say()
        console.say(f"Would change {summary(plan)}; nothing was written." if plan.files else "Nothing to change.")
        return
    if not plan.files and not plan.installs:
        report.status = "incomplete" if plan.manual else "unchanged"
        report.exit_code = Exit.INCOMPLETE if plan.manual else Exit.OK
        show_rest(console, plan)
        console.say()
        console.say("Already set up: nothing to change. To check that events arrive: posthog-wizard verify")
        return
    _apply(settings, console, report, tree, apps, answers)


def _apply(
    settings: Settings, console: Console, report: _Report, tree: Tree, apps: tuple[App, ...], answers: Answers
) -> None:
    from wizard.apply import apply
    from wizard.journal import settle

    plan = report.plan
    console.head("Plan")
    show_plan(console, plan)
    console.say()
    console.say(summary(plan), "bold")
    commands = () if settings.no_install else plan.installs
    if missing := missing_binaries(commands, tree.root):
        raise WizardError(
            f"{', '.join(missing)} is not installed; nothing was written",
            "Install it, or add --no-install, or choose with --package-manager.",
        )
    _refuse_dirty(settings, tree, plan)
    if settings.choices.may_ask:
        from wizard import prompts

        if not prompts.confirm("Apply this?"):
            report.status, report.exit_code = "declined", Exit.OK
            console.say("Nothing was written.")
            return
    reproduce = _command_line(settings, apps, answers)
    locks = _lockfiles(apps, settings.package_manager)
    journal = apply(tree.root, plan.files, command=reproduce, watch=locks)
    _check_disk(tree.root, plan)
    report.journal = journal.id
    console.say(f"Applied: {summary(plan)}.", "green")
    installed = _install(commands, tree.root, console, report)
    settle(journal)
    remaining = bool(plan.manual) or (bool(plan.installs) and (settings.no_install or not installed))
    report.status = "incomplete" if remaining else "applied"
    report.exit_code = Exit.INCOMPLETE if remaining else Exit.OK
    if not settings.no_verify and installed:
        _verify(settings, console, report, apps, answers)
    _close(console, report, installed, settings, reproduce)


def _lockfiles(apps: tuple[App, ...], package_manager: str | None) -> list[str]:
    """Lockfiles that the install may change, inside of the tree, so that undo can restore them."""
    found = []
    for app in apps:
        lockfile = family(app.framework.language).lockfile(app.project, package_manager)
        if lockfile is not None and not app.project.within(lockfile).startswith(".."):
            found.append(app.project.within(lockfile))
    return list(dict.fromkeys(found))


def _install(commands: tuple[Command, ...], root: Path, console: Console, report: _Report) -> bool:
    """Run the package manager, if there is anything to run; says what went wrong, if anything."""
    if not commands:
        return True
    with console.waiting(f"Installing with {Path(commands[0].argv[0]).name} (at most 15 minutes)") as remark:
        result = run_install(commands, root, remark)
    report.install = {"ok": result.ok, "argv": list(result.argv), "trouble": None}
    if result.ok:
        console.say("Installed.", "green")
        return True
    packages = tuple(sdk for app in report.plan.apps for sdk in app.packages)
    trouble = explain(result.output, Command(result.argv, result.cwd), packages)
    title = trouble.title if trouble else f"{result.argv[0]} ended with exit code {result.returncode}"
    if result.timed_out:
        title = f"{result.argv[0]} took too long and was stopped"
    report.install["trouble"] = {"title": title, "hint": trouble.hint if trouble else ""}
    console.error(f"the install failed: {title}", trouble.hint if trouble else "")
    console.say(f"Ran {shlex.join(result.argv)} in {root / result.cwd}: exit {result.returncode}. Its last lines:")
    for line in result.tail:
        console.raw(f"    {line}")
    console.say("The edits stay; run that command again to finish.")
    return False


def _verify(settings: Settings, console: Console, report: _Report, apps: tuple[App, ...], answers: Answers) -> None:
    from wizard.commands.verify import check_apps, links, show, worst

    checked = check_apps(apps, answers, console, settings.choices.may_ask)
    show(console, checked)
    report.verification = links(checked)
    if worst(checked) and report.exit_code is Exit.OK:
        report.status, report.exit_code = "unverified", worst(checked)


def _close(console: Console, report: _Report, installed: bool, settings: Settings, reproduce: str) -> None:
    plan = report.plan
    console.head("Done" if report.exit_code is Exit.OK else "Not finished")
    for change in plan.files:
        console.item("+" if change.action == "create" else "~", change.path)
    for step in plan.manual:
        console.item("!", f"left to you: {step.title}" + (f" [{step.where}]" if step.where else ""), "bold yellow")
    if plan.installs and (settings.no_install or not installed):
        for call, where in calls(plan):
            console.item("!", f"left to you: run {call}{where}", "bold yellow")
    for note in plan.notes:
        console.item("-", note.title)
    console.say()
    console.raw("Check events:   posthog-wizard verify" + _in(settings))
    console.raw("Take it back:   posthog-wizard undo" + _in(settings))
    console.raw("The same again: " + reproduce)


def _in(settings: Settings) -> str:
    return "" if str(settings.directory) == "." else f" {shlex.quote(str(settings.directory))}"


def _refuse_dirty(settings: Settings, tree: Tree, plan: Plan) -> None:
    """Only files of the plan count; without git the journal is the safety net."""
    paths = [f.path for f in plan.files if f.before is not None]
    if settings.allow_dirty or not paths or not (tree.top / ".git").exists():
        return
    status = git(tree.root, "status", "--porcelain", "-z", "--", *paths)
    if status is None or status.returncode != 0:
        return
    dirty = sorted(
        {entry[3:].decode() for entry in status.stdout.split(b"\0") if entry and not entry.startswith(b"??")}
    )
    if not dirty:
        return
    listing = ", ".join(dirty)
    if settings.choices.may_ask:
        from wizard import prompts

        if prompts.confirm(f"{listing} has uncommitted changes. Edit it anyway? (--allow-dirty)", default=False):
            return
    raise WizardError(f"{listing} has uncommitted changes; nothing was written", "Commit them, or add --allow-dirty.")


def _check_disk(root: Path, plan: Plan) -> None:
    """The files on disk are what the plan promised."""
    wrong = [f.path for f in plan.files if (root / f.path).read_bytes() != f.after]
    if wrong:
        raise Bug(f"{', '.join(wrong)} on disk is not what was planned", "Run posthog-wizard undo, and report this.")


def _command_line(settings: Settings, apps: tuple[App, ...], answers: Answers) -> str:
    """The one line that does this run again, without questions."""
    words: list[str] = ["uvx", "posthog-wizard"]
    if str(settings.directory) != ".":
        words.append(str(settings.directory))
    words.append("--ci")
    if answers.token:
        words += ["--token", answers.token]
    words += ["--region", answers.hosts.region] if answers.hosts.region else ["--host", answers.hosts.ingest]
    if settings.choices.framework:
        words += ["--framework", settings.choices.framework]
    if settings.choices.target or len(apps) > 1 or apps[0].path != ".":
        words += [word for app in apps for word in ("--target", app.path)]
    for key, value in _non_default(answers.options).items():
        words.append(("--" if value else "--no-") + key.replace("_", "-"))
    words += [word for name, version in answers.versions.items() for word in ("--sdk-version", f"{name}={version}")]
    if settings.package_manager:
        words += ["--package-manager", settings.package_manager]
    words += [f for f, on in (("--no-install", settings.no_install), ("--no-verify", settings.no_verify)) if on]
    return shlex.join(words)


def _non_default(options: Mapping[str, bool]) -> dict[str, bool]:
    return {key: value for key, value in options.items() if value != OPTIONS[key].default}
