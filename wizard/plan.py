"""The plan: everything a run would do, computed in memory. Diff, JSON, apply and undo only read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard import environment
from wizard.answers import Answers
from wizard.apps import App
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.syntax import parses
from wizard.diff import file_diff
from wizard.edits import Codemod, chain
from wizard.errors import Bug, CannotEdit
from wizard.packages import Command, family
from wizard.project import Project
from wizard.registry import load_plan
from wizard.text import Encoding, decode, encode, same_line


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One declared edit of a file: its id (`--only`/`--skip` take it), and why it is needed."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """New content of one file; `path` is POSIX and relative to the plan's root, `before` is None for a new file."""

    path: str
    before: bytes | None
    after: bytes
    edits: tuple[PlannedEdit, ...] = ()

    @property
    def action(self) -> str:
        """`create` or `edit`."""
        return "create" if self.before is None else "edit"


@dataclass(frozen=True, slots=True)
class AppPlan:
    """What happens to one app. Manual steps and notes carry paths relative to the plan's root."""

    app: App
    files: tuple[FileChange, ...]
    installs: tuple[Command, ...]
    manual: tuple[Manual, ...]
    notes: tuple[Note, ...]
    packages: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The app's part of the `setup --json` contract."""
        return {
            "path": self.app.path,
            "framework": self.app.id,
            "variant": self.app.variant,
            "files": [
                {"path": f.path, "action": f.action, "edits": [{"id": e.id, "why": e.why} for e in f.edits]}
                for f in self.files
            ],
            "installs": [{"argv": list(argv), "cwd": c.cwd} for c in self.installs for argv in c.calls],
            "manual": [{"title": m.title, "body": m.body, "where": m.where} for m in self.manual],
            "notes": [{"title": n.title, "body": n.body} for n in self.notes],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does to a directory."""

    apps: tuple[AppPlan, ...]

    @property
    def files(self) -> tuple[FileChange, ...]:
        """All files, each once, in the order in which they were first changed."""
        merged: dict[str, FileChange] = {}
        for change in (f for app in self.apps for f in app.files):
            first = merged.get(change.path)
            merged[change.path] = (
                replace(change, before=first.before, edits=first.edits + change.edits) if first else change
            )
        return tuple(merged.values())

    @property
    def installs(self) -> tuple[Command, ...]:
        """Package-manager calls, each once."""
        calls: list[Command] = []
        for call in (c for app in self.apps for c in app.installs):
            if call not in calls:
                calls.append(call)
        return tuple(calls)

    @property
    def manual(self) -> tuple[Manual, ...]:
        """Steps left to a person."""
        return tuple(dict.fromkeys(m for app in self.apps for m in app.manual))

    @property
    def notes(self) -> tuple[Note, ...]:
        """Things worth knowing."""
        return tuple(dict.fromkeys(n for app in self.apps for n in app.notes))

    def diff(self) -> bytes:
        """One unified diff of all files, as `git apply` takes it in the plan's root."""
        return b"".join(file_diff(f.path, f.before, f.after) for f in self.files)

    def altered(self) -> tuple[int, int]:
        """Lines added and removed, counted from the diff."""
        lines = [line for f in self.files for line in file_diff(f.path, f.before, f.after).split(b"\n")]
        added = sum(line.startswith(b"+") and not line.startswith(b"+++ ") for line in lines)
        return added, sum(line.startswith(b"-") and not line.startswith(b"--- ") for line in lines)


def make_plan(apps: Sequence[App], answers: Answers, package_manager: str | None = None) -> Plan:
    """Plan all apps, each on top of the ones before it; checked to be stable before anybody can apply it.

    Raises Bug when planning again on the result would change it once more.
    """
    plan = _plan_apps(apps, answers, package_manager)
    overlay = {f.path: f.after for f in plan.files}
    again = _plan_apps([replace(a, project=a.project.overlaid(overlay)) for a in apps], answers, package_manager)
    if again.files:
        unstable = ", ".join(f.path for f in again.files)
        raise Bug(f"the plan is not stable: a second run would change {unstable} again; nothing was written")
    return plan


def _plan_apps(apps: Sequence[App], answers: Answers, package_manager: str | None) -> Plan:
    planned: list[AppPlan] = []
    overlay: dict[str, bytes] = {}
    for app in apps:
        project = app.project.overlaid(overlay)
        changes = load_plan(app.id)(project, answers)
        planned.append(_Resolver(replace(app, project=project), answers, package_manager).resolve(changes))
        overlay |= {f.path: f.after for f in planned[-1].files}
    return Plan(tuple(planned))


class _Resolver:
    """Turns the changes of one app into bytes, step by step, on a copy of the tree in memory."""

    def __init__(self, app: App, answers: Answers, package_manager: str | None) -> None:
        self.app, self.answers, self.override = app, answers, package_manager
        self.files: dict[str, FileChange] = {}
        self.manual: list[Manual] = []
        self.refused: dict[int, tuple[str, int, str]] = {}
        self.notes: list[Note] = []
        self.wanted: dict[str, str] = {}

    @property
    def project(self) -> Project:
        return self.app.project.overlaid({f.path: f.after for f in self.files.values()})

    def resolve(self, changes: Iterable[Change]) -> AppPlan:
        for change in changes:
            match change:
                case EditFile(path, codemods, why, otherwise):
                    self._edit(path, chain(*codemods), why, otherwise)
                case CreateFile(path, content, why, otherwise):
                    self._create(path, content, why, otherwise)
                case SetEnv(name, value, file):
                    self._environment(name, value, file or self.app.framework.env_file)
                case Install(package, requirement):
                    self.wanted[package] = self.answers.versions.get(package, requirement)
                case Manual():
                    self._leave(change)
                case Note():
                    self.notes.append(change)
        installs = tuple(self._install())
        files = tuple(f for f in self.files.values() if f.before != f.after)
        self._follow_lines()
        manual, notes = tuple(dict.fromkeys(self.manual)), tuple(dict.fromkeys(self.notes))
        return AppPlan(self.app, files, installs, manual, notes, tuple(self.wanted))

    def _edit(self, path: str, codemod: Codemod, why: str, otherwise: Manual, create: bool = False) -> None:
        data = self.project.bytes(path)
        if data is None and not create:
            self._leave(otherwise, CannotEdit("the file does not exist"), path)
            return
        try:
            text, encoding = decode(data) if data is not None else ("", Encoding())
            after = codemod(text)
            if after != text and parses(path, text) and not parses(path, after):
                raise CannotEdit("the edit would not parse")
        except CannotEdit as error:
            self._leave(otherwise, error, path)
            return
        if after != text:
            self._record(path, encode(after, encoding), why)

    def _create(self, path: str, content: str, why: str, otherwise: Manual | None) -> None:
        there = self.project.bytes(path)
        if there is None:
            self._record(path, content.encode(), why)
        elif there != content.encode() and otherwise is not None:
            self._leave(otherwise, CannotEdit("a file of that name exists"), path)

    def _environment(self, name: str, value: str, file: str) -> None:
        wanted = value if self.answers.token is not None else None
        for step in environment.ensure(self.project, name, wanted, file, self.answers.replace_token):
            if isinstance(step, Manual):
                self._leave(step)
                continue
            missing = Manual(f"Set {name}", f"{name}={value}", step.path)
            self._edit(step.path, step.codemod, step.why, missing, step.create)

    def _install(self) -> Iterator[Command]:
        if not self.wanted:
            return
        packages = family(self.app.framework.language)
        before = dict(self.files)
        for package, requirement in self.wanted.items():
            if packages.is_declared(self.project, package):
                continue
            manual = Manual(f"Install {package}", f"{package} {requirement}")
            target = packages.declare(self.project, package, requirement, self.override)
            if isinstance(target, Manual):
                self._leave(target)
            else:
                self._edit(target.path, target.codemod, f"declares {package}", manual, target.create)
        if self.files == before and not packages.is_pending(self.project, tuple(self.wanted)):
            return
        command = packages.install_command(self.project, tuple(self.wanted), self.override)
        if isinstance(command, Manual):
            self._leave(command)
        elif command is not None:
            yield replace(command, cwd=self.project.within(command.cwd))

    def _leave(self, step: Manual, error: CannotEdit | None = None, path: str = "") -> None:
        """Record a manual step with its place relative to the plan's root, and the reason when an edit was refused."""
        where = step.where or path
        if error is not None and error.line is not None:
            where = f"{path}:{error.line}"
            self.refused[len(self.manual)] = (path, error.line, self.project.read(path) or "")
        title = f"{step.title} ({error.reason})" if error is not None else step.title
        self.manual.append(Manual(title, step.body, self._place(where)))

    def _follow_lines(self) -> None:
        """A line where an edit was refused moves with the edits that came after: it is said as of the final file."""
        for index, (path, line, text) in self.refused.items():
            now = same_line(text, self.project.read(path) or "", line)
            self.manual[index] = replace(self.manual[index], where=self._place(f"{path}:{now}"))

    def _place(self, where: str) -> str:
        return self.app.project.within(where) if where else where

    def _record(self, path: str, after: bytes, why: str) -> None:
        full = self.app.project.within(path)
        earlier = self.files.get(full)
        edits = earlier.edits if earlier else ()
        edit = PlannedEdit(f"{full}#{len(edits) + 1}", why)
        before = earlier.before if earlier else self.app.project.tree.bytes(full)
        self.files[full] = FileChange(full, before, after, (*edits, edit))
