"""What happens once a plan is agreed on: write it, install, verify, say how it went. Shared by `setup` and `apply`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard import refusals
from wizard.apps import App
from wizard.commands.choose_apps import Picked
from wizard.commands.choose_project import Chosen
from wizard.commands.command_line import Run
from wizard.commands.report import by_hand, calls, summary
from wizard.commands.typed import line
from wizard.console import Console
from wizard.errors import Bug, Exit, WizardError
from wizard.git import git
from wizard.install import InstallResult, Trouble, missing_binaries, run_install
from wizard.journal import Install
from wizard.packages import Command, family, meant_for
from wizard.plan import Plan
from wizard.project import Tree

if TYPE_CHECKING:
    from wizard.commands.steps import Todo


@dataclass
class Report:
    """The JSON object of `setup` and `apply`, filled in as the run goes on."""

    status: str = "planned"
    exit_code: Exit = Exit.OK
    plan: Plan = field(default_factory=lambda: Plan(()))
    verification: list[dict[str, Any]] | None = None
    install: dict[str, Any] | None = None
    journal: str | None = None
    switched_on: dict[str, bool] = field(default_factory=dict)
    next_steps: list[Todo] = field(default_factory=list)
    dashboards: list[dict[str, Any]] | None = None

    def to_json(self) -> dict[str, Any]:
        """Schema 1 of the contract (README)."""
        return {
            "schema": 1,
            "status": self.status,
            "exit_code": int(self.exit_code),
            "apps": [app.to_json() for app in self.plan.apps],
            "install": self.install,
            "verification": self.verification,
            "journal": self.journal,
            "switched_on": self.switched_on,
            "next_steps": [todo.to_json() for todo in self.next_steps],
            "dashboards": self.dashboards,
        }


def refuse_missing(run: Run, tree: Tree, plan: Plan) -> None:
    """Raises WizardError when a program that the install needs is not on this machine."""
    commands = () if run.no_install else plan.installs
    if missing := missing_binaries(commands, tree.root):
        raise WizardError(
            f"{', '.join(missing)} is not installed; nothing was written",
            "Install it, or add --no-install, or choose with --package-manager.",
        )


def carry_out(
    run: Run,
    console: Console,
    report: Report,
    tree: Tree,
    picked: Picked,
    projects: Sequence[Chosen],
    reproduce: str,
    in_project: Callable[[], None] = lambda: None,
    dashboards: Callable[[], None] = lambda: None,
) -> None:
    """Write `report.plan`, all or nothing, then install and verify. `reproduce` is the line that does it again.

    `in_project` is what was agreed on besides, to be done in PostHog once the files are written. `dashboards` makes
    those that were asked for.
    """
    from wizard.apply import apply
    from wizard.settling import fold, settle
    from wizard.shelves import lock

    plan = report.plan
    _refuse_dirty(run, tree, plan)
    installs = () if run.no_install else plan.installs
    watch = [path for path in _brought_along(picked.apps, run.package_manager) if installs or not path.startswith("..")]
    with lock(tree.root.resolve()):
        paths = [app.project.path for app in picked.apps]
        to_install = [_recorded(command) for command in installs]
        journal = apply(tree.root, plan.files, command=reproduce, watch=watch, targets=paths, installs=to_install)
        failed = installs
        try:
            _check_disk(tree.root, plan)
            remember_choice(tree.root, plan)
            report.journal = journal.id
            console.say(f"Applied: {summary(plan)}.", "green")
            failed = _install(installs, tree.root, console, report)
        finally:
            # also when Ctrl-C ends the package manager: undo has to know what that made of the lockfile
            counts = fold(settle(journal, [_recorded(command) for command in failed]))
            report.journal = counts.id if counts is not None else None
    left = plan.installs if run.no_install else failed
    remaining = bool(plan.manual or left)
    report.status = "incomplete" if remaining else "applied"
    report.exit_code = Exit.INCOMPLETE if remaining else Exit.OK
    in_project()
    if not run.no_verify and not failed:
        _verify(run, console, report, picked, projects)
    dashboards()
    _close(run, console, report, picked, left, reproduce)


def _recorded(command: Command) -> Install:
    """A call that names its packages says nothing of what else the manifests ask for by then."""
    is_general = not any(name in word for name in command.packages for argv in command.calls for word in argv)
    return Install(tuple(map(shlex.join, command.calls)), command.cwd, command.lock if is_general else None)


def remember_choice(root: Path, plan: Plan) -> None:
    """Edits that were refused by hand or by `--skip` are not offered again; those taken now are."""
    taken = {edit.id for change in plan.files for edit in change.edits}
    refusals.remember(root, [e.id for e in plan.left_out if e.reason == "skipped"], taken)


def _brought_along(apps: tuple[App, ...], package_manager: str | None) -> list[str]:
    """Lockfiles and the like that the install may change, so that undo can restore those inside of the tree."""
    brought_along = (
        app.project.within(path)
        for app in apps
        for path in family(app.framework.language).brought_along(
            app.project, meant_for(app.framework.language, package_manager)
        )
    )
    return list(dict.fromkeys(brought_along))


def _install(commands: tuple[Command, ...], root: Path, console: Console, report: Report) -> tuple[Command, ...]:
    """Run the package managers; says what went wrong, if anything, and returns what is left to be run.

    The trouble of one app is no reason to leave its neighbour half set up.
    """
    left: list[Command] = []
    for command in commands:
        with console.waiting(f"Installing with {Path(command.argv[0]).name} (at most 15 minutes)") as remark:
            result = run_install([command], root, remark)
        if not left:
            report.install = {"ok": result.ok, "argv": list(result.argv), "trouble": None}
        if result.ok:
            where = "" if command.cwd == "." else f" in {command.cwd}"
            console.say("Installed." if len(commands) == 1 else f"Installed{where}.", "green")
        else:
            left.append(command)
            _say_why(result, root, console, report)
    return tuple(left)


def _say_why(result: InstallResult, root: Path, console: Console, report: Report) -> None:
    trouble = result.trouble or Trouble("")
    if report.install and report.install["trouble"] is None:
        report.install["trouble"] = {"title": trouble.title, "hint": trouble.hint}
    console.error(f"the install failed: {trouble.title}", trouble.hint)
    where = os.path.normpath(root / result.cwd)
    console.say(f"Ran {shlex.join(result.argv)} in {where}: exit {result.returncode}. Its last lines:")
    for last in result.tail:
        console.raw(f"    {last}")
    console.say("The edits stay; run that command again to finish.")


def _verify(run: Run, console: Console, report: Report, picked: Picked, projects: Sequence[Chosen]) -> None:
    from wizard.commands.verify import How, check_apps, links, show, worst

    how = How(again=lambda apps: line(run.directory, "verify", names=picked.called(apps)))
    checked = check_apps(projects, console, run.may_ask, how=how)
    show(console, checked, how.again(picked.apps))
    report.verification = links(checked)
    if worst(checked) and report.exit_code is Exit.OK:
        report.status, report.exit_code = "unverified", worst(checked)


def _close(
    run: Run, console: Console, report: Report, picked: Picked, left: tuple[Command, ...], reproduce: str
) -> None:
    plan = report.plan
    if plan.left_out or plan.manual or left:
        console.head("Done" if report.exit_code is Exit.OK else "Not finished")
    for left_out in plan.left_out:
        console.item("-", f"left out: {left_out.id}")
    for (title, _), places in by_hand(plan).items():
        console.item("!", f"left to you: {title}" + (f"  [{', '.join(places)}]" if places else ""), "bold yellow")
    for call, where in calls(left, str(run.directory)):
        console.item("!", f"left to you: run {call}{where}", "bold yellow")
    if not run.hints:
        return
    proven = {
        (row["path"], row["framework"])
        for row in report.verification or ()
        if row["link"] != "token" and row["status"] == "passed"
    }
    from wizard.commands.steps import show_steps, steps_after

    def typed(words: Sequence[str], apps: Sequence[App]) -> str:
        return line(run.directory, *words, names=picked.called(apps))

    report.next_steps = steps_after(picked.apps, typed, proven=proven)
    said = {"verify"} if report.dashboards is None else {"verify", "dashboard"}
    show_steps(console, [todo for todo in report.next_steps if todo.step.id not in said], typed)
    console.say()
    console.raw("Check events:   " + typed(["verify"], picked.apps))
    console.raw("Take it back:   " + typed(["undo"], ()))
    console.raw("The same again: " + reproduce)


def _refuse_dirty(run: Run, tree: Tree, plan: Plan) -> None:
    """Only files of the plan count, and none that is as an earlier run left it; without git the journal is enough."""
    from wizard.settling import as_left

    ours = as_left(tree.root)
    paths = [f.path for f in plan.files if f.before is not None and f.path not in ours]
    if run.allow_dirty or not paths or not (tree.top / ".git").exists():
        return
    status = git(tree.root, "status", "--porcelain", "--no-renames", "-z", "--", *paths)
    if status is None or status.returncode != 0:
        return
    dirty = sorted(
        {os.fsdecode(entry[3:]) for entry in status.stdout.split(b"\0") if entry and not entry.startswith(b"??")}
    )
    if not dirty:
        return
    listing = ", ".join(dirty)
    if run.may_ask:
        from wizard import prompts

        if prompts.confirm(f"{listing} has uncommitted changes. Edit it anyway? (--allow-dirty)", default=False):
            return
    raise WizardError(f"{listing} has uncommitted changes; nothing was written", "Commit them, or add --allow-dirty.")


def _check_disk(root: Path, plan: Plan) -> None:
    """The files on disk are what the plan promised."""
    wrong = [f.path for f in plan.files if (root / f.path).read_bytes() != f.after]
    if wrong:
        hint = f"Run {line(root, 'undo')}, and report this."
        raise Bug(f"{', '.join(wrong)} on disk is not what was planned", hint)
