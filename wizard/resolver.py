"""A framework's changes become bytes, step by step, on a copy of the tree in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from wizard import environment
from wizard.answers import Answers
from wizard.apps import App
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.choice import Selection, edit_id
from wizard.codemods.syntax import parses
from wizard.deploy.map import deploy_map, within
from wizard.deploy.surface import Finding
from wizard.diff import holds_values
from wizard.edits import Codemod, chain
from wizard.env_schema import linter_note, schema_changes
from wizard.environment import EnvEdit
from wizard.errors import CannotEdit
from wizard.packages import Command, Declaration, Entry, family, meant_for
from wizard.plan import AppPlan, FileChange, LeftOut, PlannedEdit
from wizard.project import Project
from wizard.text import Encoding, decode, encode, same_line

_OUT, _TO_YOU = "is left out", "is left to you"


def _is_done(codemod: Codemod, text: str) -> bool:
    """Does the codemod find its work done? What it does not recognize it would do again, or report as missing."""
    try:
        return codemod(text) == text
    except CannotEdit:
        return False


class Resolver:
    """Turns the changes of one app into bytes. Paths in here are the app's own, those in its results the plan's."""

    def __init__(self, app: App, answers: Answers, package_manager: str | None, selection: Selection) -> None:
        self.app, self.answers, self.selection = app, answers, selection
        self.override = meant_for(app.framework.language, package_manager)
        self.files: dict[str, FileChange] = {}
        self.manual: list[Manual] = []
        self.refused: dict[int, tuple[str, int, str]] = {}
        self.notes: list[Note] = []
        self.wanted: dict[str, Install] = {}
        self.variables: dict[str, str] = {}
        self.left_out: list[LeftOut] = []
        self.missing: dict[str, str] = {}  # path to what has become of it

    @property
    def project(self) -> Project:
        return self.app.project.overlaid({f.path: f.after for f in self.files.values()})

    def resolve(self, changes: Iterable[Change]) -> AppPlan:
        for change in changes:
            match change:
                case EditFile(path, codemods, why, otherwise, needs):
                    self._edit(path, chain(*codemods), why, otherwise, needs)
                case CreateFile(path, content, why, otherwise, needs):
                    self._create(path, content, why, otherwise, needs)
                case SetEnv(name, value, file, needs):
                    file = file or environment.env_file(self.app.project, self.app.framework.env_file)
                    self._environment(name, value, file, needs)
                case Install(package):
                    self.wanted[package] = change
                case Manual():
                    self._leave(change)
                case Note():
                    self.notes.append(change)
        installs = tuple(self._install())
        self._schema()
        deploy = self._deploy()
        files = tuple(f for f in self.files.values() if f.before != f.after)
        self._follow_lines()
        manual, notes = tuple(dict.fromkeys(self.manual)), tuple(dict.fromkeys(self.notes))
        left_out = tuple(dict.fromkeys(self.left_out))
        return AppPlan(self.app, files, installs, manual, notes, tuple(self.wanted), left_out, deploy, self.variables)

    def _edit(
        self,
        path: str,
        codemod: Codemod,
        why: str,
        otherwise: Manual,
        needs: Sequence[str] = (),
        create: bool = False,
        private: bool = False,
    ) -> None:
        if self._leads_outside(path, otherwise):
            return
        data = self.project.bytes(path)
        if data is None and not create:
            self._leave(otherwise, CannotEdit("the file does not exist"), path)
            return
        try:
            text, encoding = decode(data) if data is not None else ("", Encoding())
            after = codemod(text)
            if after != text and parses(path, text) and not parses(path, after):
                raise CannotEdit("the edit would not parse")
            if after != text and not _is_done(codemod, after):
                raise CannotEdit("the edit would not be recognized the next time")
            data = encode(after, encoding)
        except CannotEdit as error:
            if self._is_wanted(path, why):
                self._leave(otherwise, error, path)
            return
        if after != text:
            self._record(path, data, why, otherwise, needs, private)

    def _create(self, path: str, content: str, why: str, otherwise: Manual | None, needs: Sequence[str]) -> None:
        if self._leads_outside(path, otherwise or Manual(f"Create {path}", content)):
            return
        there = self.project.bytes(path)
        if there is None and (twin := self._differs_in_case(path)):
            manual = otherwise or Manual(f"Create {path}", content)
            self._leave(manual, CannotEdit(f"some systems take it for {twin}, which exists"), path)
        elif there is None:
            self._record(path, content.encode(), why, otherwise, needs)
        elif there != content.encode() and otherwise is not None:
            self._leave(otherwise, CannotEdit("a file of that name exists"), path)

    def _environment(self, name: str, value: str, file: str, needs: Sequence[str]) -> None:
        wanted = value if self.answers.token is not None else None
        self.variables.setdefault(name, file)
        steps = tuple(environment.ensure(self.project, name, wanted, file, self.answers.replace_token))
        for step in steps:
            if isinstance(step, Manual):
                self._leave(step)
                continue
            missing = Manual(f"Set {name}", f"{name}={value}", step.path)
            self._edit(step.path, step.codemod, step.why, missing, (*step.needs, *needs), step.create, step.private)
        if wanted == "" and (place := next((s.path for s in steps if isinstance(s, EnvEdit) and s.private), None)):
            self._leave(environment.to_fill(name, place))
            self.notes.append(Note("A later run fills it in: posthog-wizard --token phc_..."))

    def _schema(self) -> None:
        """Where the app validates its environment, the variables are named as well."""
        reading = [
            f.path
            for f in self.files.values()
            if b"process.env." in f.after and b"process.env." not in (f.before or b"")
        ]
        for change in (
            linter_note(self.project, reading),
            *schema_changes(self.project, self.app.framework, self.variables),
        ):
            match change:
                case EditFile(path, codemods, why, otherwise, needs):
                    self._edit(path, chain(*codemods), why, otherwise, needs)
                case Note():
                    self.notes.append(change)

    def _deploy(self) -> tuple[Finding, ...]:
        """Edits what can be edited for the variables that the app reads; what is left after that is only told."""
        framework = self.app.framework
        edits = [e for f in deploy_map(self.project, self.variables, framework) for e in f.edits]
        for edit in edits:
            self._edit(edit.path, chain(*edit.codemods), edit.why, edit.otherwise, edit.needs)
        return within(self.app.project, deploy_map(self.project, self.variables, framework))

    def _install(self) -> Iterator[Command]:
        packages = family(self.app.framework.language)
        before = dict(self.files)
        for package, install in tuple(self.wanted.items()):
            if packages.is_declared(self.project, package):
                continue
            chosen = self.answers.versions.get(package)
            requirement, oldest = (install.requirement, install.oldest) if chosen is None else (chosen, None)
            target = packages.declare(self.project, package, requirement, self.override, oldest)
            if isinstance(target, Manual):
                self._leave(target)
                continue
            manual = Manual(f"Install {package}", target.by_hand or f"{package} {requirement}")
            if not self._declare(package, target, manual):
                del self.wanted[package]
        if not self.wanted:
            return
        unfinished = self.project.path in self.selection.uninstalled
        if self.files == before and not packages.is_pending(self.project, tuple(self.wanted), unfinished):
            return
        command = packages.install_command(self.project, tuple(self.wanted), self.override)
        if isinstance(command, Manual):
            self._leave(command)
        elif command is not None:
            yield command.placed(self.project.within)

    def _declare(self, package: str, target: Declaration, manual: Manual) -> bool:
        """Take the edits that ask for a package into the plan, all or none. False when the user does not want one."""
        edits = (*target.entries, Entry(target.path, target.codemod, f"declares {package}"))
        unwanted = [edit for edit in edits if not self._is_wanted(edit.path, edit.why)]
        self.missing |= {edit.path: _OUT for edit in unwanted}
        before, left = dict(self.files), len(self.manual)
        for edit in edits:
            needs = [other.path for other in unwanted if other is not edit]
            self._edit(edit.path, edit.codemod, edit.why, manual, needs, create=target.create)
            if len(self.manual) > left:
                self.files = before
                return not unwanted
        if unwanted:
            self._leave(replace(manual, where=target.path))
            return False
        for step in target.told:
            if isinstance(step, Note):
                self.notes.append(step)
            else:
                self._leave(step)
        return True

    def _leads_outside(self, path: str, otherwise: Manual) -> bool:
        """Is the file, by `..` or through a link, none of the directory's? Then the edit is left to the user."""
        outside = self.app.project.tree.leads_outside(self._place(path))
        if outside:
            self._leave(otherwise, CannotEdit("it lies outside of this directory"), path)
        return outside

    def _differs_in_case(self, path: str) -> str | None:
        """A file of the directory that macOS and Windows take for this one."""
        tree, full = self.project.tree, self._place(path)
        start, end = tree.below(str(PurePosixPath(full).parent))
        return next((there for there in tree.paths[start:end] if there.lower() == full.lower()), None)

    def _is_wanted(self, path: str, why: str) -> bool:
        return self.selection.against(edit_id(self._place(path), why)) is None

    def _leave(self, step: Manual, error: CannotEdit | None = None, path: str = "") -> None:
        """Record a manual step with its place relative to the plan's root, and the reason when an edit was refused."""
        where = step.where or path
        if error is not None:
            self.missing.setdefault(path, _TO_YOU)
            if error.line is not None:
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

    def _record(
        self,
        path: str,
        after: bytes,
        why: str,
        otherwise: Manual | None,
        needs: Sequence[str] = (),
        private: bool = False,
    ) -> None:
        """Take the edit into the plan, unless it is not chosen or what it needs will not be there."""
        full = self._place(path)
        name = edit_id(full, why)
        reason = self.selection.against(name)
        lacking = next((need for need in needs if need in self.missing), None)
        if reason is None and lacking is not None:
            reason = f"needs {self._place(lacking)}, which {self.missing[lacking]}"
            if self.missing[lacking] == _TO_YOU and otherwise is not None:
                self._leave(otherwise, CannotEdit(reason), path)
                return
        if reason is not None:
            self.left_out.append(LeftOut(name, why, reason))
            self.missing[path] = _OUT
            return
        earlier = self.files.get(full)
        now = earlier.after if earlier else self.app.project.tree.bytes(full)
        edit = PlannedEdit(name, why, now, after)
        self.files[full] = FileChange(
            full,
            earlier.before if earlier else now,
            after,
            (*(earlier.edits if earlier else ()), edit),
            private or holds_values(path) or (earlier is not None and earlier.private),
        )
