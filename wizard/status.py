"""Where a set-up stands, looked at anew: what is left to do as facts that can be checked again, asked of nobody."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from wizard import environment, refusals
from wizard.answers import Answers, name_of
from wizard.apps import App
from wizard.choice import Selection, edit_id
from wizard.deploy.map import deploy_map, within
from wizard.deploy.surface import Finding
from wizard.errors import WizardError
from wizard.existing import Existing, existing
from wizard.journal import Journal, journals
from wizard.plan import AppPlan
from wizard.planning import draft
from wizard.posthog import hosts
from wizard.project import Tree
from wizard.verify.record import Verified, last_verified

Kind = Literal["setup", "edit", "manual", "install", "variable", "deploy"]
State = Literal["set_up", "incomplete", "absent"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, as a fact: `done` is None when it cannot be told from here. `where` is `path` or `path:line`."""

    id: str
    kind: Kind
    title: str
    where: str
    done: bool | None

    def to_json(self) -> dict[str, Any]:
        """Its part of the JSON contract."""
        return {"id": self.id, "kind": self.kind, "title": self.title, "where": self.where, "done": self.done}


@dataclass(frozen=True, slots=True)
class AppStatus:
    """Where one app stands. `counts` is False for an app without PostHog beside others that have it.

    `verified` is what the last `verify` found, which nobody checks again here.
    """

    app: App
    state: State
    steps: tuple[Step, ...]
    deploy: tuple[Finding, ...]
    verified: Verified | None = None
    counts: bool = True

    @property
    def remaining(self) -> tuple[Step, ...]:
        """What is known not to be done."""
        return tuple(step for step in self.steps if step.done is False) if self.counts else ()

    def to_json(self) -> dict[str, Any]:
        """Its part of the JSON contract."""
        return {
            "path": self.app.path,
            "framework": self.app.id,
            "state": self.state,
            "remaining": [step.to_json() for step in self.steps],
            "deploy": [finding.to_json() for finding in self.deploy],
            "verified": self.verified.to_json() if self.verified else None,
        }


def statuses(tree: Tree, apps: Sequence[App], *, named: bool, place: Sequence[str] = ()) -> tuple[AppStatus, ...]:
    """The status of each app; `named` says that the user chose them, `place` is the directory as commands take it.

    Opens no socket, writes nothing.
    """
    applied = last_applied(tree)
    words = _words(applied)
    found = [_status(tree, app, _line(place, name_of(app, apps)), _options(app, words)) for app in apps]
    if named or all(status.state == "absent" for status in found):
        return tuple(found)
    return tuple(replace(status, counts=status.state != "absent") for status in found)


def last_applied(tree: Tree) -> Journal | None:
    """The set-up that `undo` would take back."""
    return next((j for j in reversed(journals(tree.root)) if j.state == "applied"), None)


def _status(tree: Tree, app: App, set_up: str, options: Mapping[str, bool]) -> AppStatus:
    there = existing(app.project, app.framework.language)
    if there.state == "absent":
        step = Step(f"{app.path}#setup", "setup", f"Set PostHog up: {set_up}", app.path, False)
        return AppStatus(app, "absent", (step,), ())
    answers = _answers(app, options)
    plan = draft([app], answers, selection=Selection(refused=refusals.refused(tree.root))).apps[0]
    names = tuple(plan.variables) or _variables(there)
    deploy = plan.deploy or within(app.project, deploy_map(app.project, names, app.framework))
    steps = (*_left(plan), *_values(app, names, plan.variables), *_deployed(deploy))
    unfinished = any(step.done is False and step.kind != "deploy" for step in steps)
    verified = last_verified(app.project.root, app.id)
    return AppStatus(app, "incomplete" if unfinished else "set_up", steps, deploy, verified)


def _line(place: Sequence[str], name: str) -> str:
    return shlex.join(["posthog-wizard", *place, *([] if name == "." else ["--target", name])])


def _answers(app: App, options: Mapping[str, bool]) -> Answers:
    """What the project says itself; nothing else is asked of anybody."""
    names = app.framework.names(app.project)
    folder = app.framework.env_folder(app.project)
    token = environment.current(app.project, names.token, folder)
    host = environment.current(app.project, names.host, folder)
    try:
        where = hosts.of(host[0]) if host else hosts.cloud("us")
    except WizardError:
        where = hosts.cloud("us")
    return Answers(where, token[0] if token else None, options, host_read=True)


def _words(applied: Journal | None) -> list[str]:
    """The line that does the set-up here again."""
    try:
        return shlex.split(applied.command) if applied else []
    except ValueError:
        return []


def _options(app: App, words: Sequence[str]) -> dict[str, bool]:
    """What was chosen for the app when PostHog was set up here: for all, or with `--for` for it alone."""
    own = [
        word[len(name) :]
        for name in (f"{app.path}:", f"{app.path}:{app.id}:")
        for word in words
        if word.startswith(name)
    ]
    said = {*words, *(f"--{word}" for word in own)}
    flags = {key: key.replace("_", "-") for key in app.framework.options}
    return {k: f"--{flag}" in said for k, flag in flags.items() if f"--{flag}" in said or f"--no-{flag}" in said}


def _variables(there: Existing) -> tuple[str, ...]:
    """The variables that a set-up which somebody else made reads."""
    return tuple(dict.fromkeys(name for site in there.sites for name in site.set_up.variables if name))


def _left(plan: AppPlan) -> Iterator[Step]:
    for file in plan.files:
        for edit in file.edits:
            yield Step(edit.id, "edit", f"{file.path}: {edit.why}", file.path, False)
    for manual in plan.manual:
        path = manual.where.partition(":")[0] or plan.app.path
        yield Step(edit_id(path, manual.title), "manual", manual.title, manual.where, False)
    for command in plan.installs:
        for argv in command.calls:
            line = shlex.join(argv)
            yield Step(f"{command.cwd}#install", "install", f"Run {line}", command.cwd, False)


def _values(app: App, names: Sequence[str], files: Mapping[str, str]) -> Iterator[Step]:
    for name in names:
        folder = str(PurePosixPath(files[name]).parent) if name in files else app.framework.env_folder(app.project)
        there = environment.current(app.project, name, folder)
        where = app.project.within(there[1]) if there else ""
        done = there is not None or bool(os.environ.get(name))
        title = f"{name} has a value" if done else f"Give {name} a value"
        yield Step(f"{app.path}#{name}", "variable", title, where or ("" if there else "the environment"), done)


def _deployed(findings: Sequence[Finding]) -> Iterator[Step]:
    for finding in findings:
        path = finding.where.partition(":")[0]
        for variable in finding.variables:
            done = {"there": True, "missing": False, "unseen": None}[variable.state]
            title = f"{finding.title}: {variable.name}"
            part = f"-{finding.part}" if finding.part else ""
            name = f"{path}#{finding.surface}{part}-{finding.when}-{variable.name}"
            yield Step(name, "deploy", title, variable.where or finding.where, done)
