"""The plan: everything a run would do, as a value. Diff, JSON, saved plan, apply and undo only read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wizard.apps import App
from wizard.changes import Manual, Note
from wizard.deploy.surface import Finding
from wizard.diff import file_diff, shown_diff
from wizard.packages import Command
from wizard.packages.command import together
from wizard.posthog.tokens import redact


def shown(path: str, before: bytes | None, after: bytes | None, private: bool) -> bytes:
    """The diff of one file as it is shown: tokens and the other values of a private file are masked."""
    diff = shown_diff(path, before, after, private)
    return (
        redact(diff.decode("utf-8", "surrogateescape"), public=True).encode("utf-8", "surrogateescape")
        if private
        else diff
    )


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One declared edit of a file: its id (`--only`/`--skip` take it), why it is needed, the file before and after it.

    Edits of one file with the same reason share an id: they are taken or refused together.
    """

    id: str
    why: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An edit that was planned and not chosen; `reason` says by what."""

    id: str
    why: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """New content of one file; `path` is POSIX and relative to the plan's root, `before` is None for a new file.

    The content of a `private` file (an env file) is shown to its owner and kept out of saved plans.
    """

    path: str
    before: bytes | None
    after: bytes
    edits: tuple[PlannedEdit, ...] = ()
    private: bool = False

    @property
    def action(self) -> str:
        """`create` or `edit`."""
        return "create" if self.before is None else "edit"


@dataclass(frozen=True, slots=True)
class AppPlan:
    """What happens to one app. Manual steps and notes carry paths relative to the plan's root.

    `variables` are those that the app reads, with the env file (relative to the app) that each belongs in.
    """

    app: App
    files: tuple[FileChange, ...]
    installs: tuple[Command, ...]
    manual: tuple[Manual, ...]
    notes: tuple[Note, ...]
    packages: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    deploy: tuple[Finding, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The app's part of the `setup --json` contract."""
        return {
            "path": self.app.path,
            "framework": self.app.id,
            "variant": self.app.variant,
            "docs": self.app.framework.docs,
            "files": [
                {"path": f.path, "action": f.action, "edits": [{"id": e.id, "why": e.why} for e in f.edits]}
                for f in self.files
            ],
            "installs": [{"argv": list(argv), "cwd": c.cwd} for c in self.installs for argv in c.calls],
            "manual": [{"title": m.title, "body": m.body, "where": m.where} for m in self.manual],
            "notes": [{"title": n.title, "body": n.body} for n in self.notes],
            "deploy": [finding.to_json() for finding in self.deploy],
            "left_out": [{"id": e.id, "why": e.why, "reason": e.reason} for e in self.left_out],
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
                replace(
                    change,
                    before=first.before,
                    edits=first.edits + change.edits,
                    private=first.private or change.private,
                )
                if first
                else change
            )
        return tuple(merged.values())

    @property
    def installs(self) -> tuple[Command, ...]:
        """Package-manager calls, one for all apps of a workspace."""
        return together(command for app in self.apps for command in app.installs)

    @property
    def manual(self) -> tuple[Manual, ...]:
        """Steps left to a person."""
        return tuple(dict.fromkeys(m for app in self.apps for m in app.manual))

    @property
    def notes(self) -> tuple[Note, ...]:
        """Things worth knowing."""
        return tuple(dict.fromkeys(n for app in self.apps for n in app.notes))

    @property
    def deploy(self) -> tuple[Finding, ...]:
        """Where the apps are built or run besides this machine, once the plan is carried out."""
        return tuple(dict.fromkeys(f for app in self.apps for f in app.deploy))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Edits that were not chosen."""
        return tuple(dict.fromkeys(e for app in self.apps for e in app.left_out))

    def diff(self) -> bytes:
        """One unified diff of all files, as `git apply` takes it in the plan's root."""
        return b"".join(file_diff(f.path, f.before, f.after, f.private) for f in self.files)

    def shown(self) -> bytes:
        """The diff for people and logs: no value of an env file is readable in it."""
        return b"".join(shown(f.path, f.before, f.after, f.private) for f in self.files)

    def altered(self) -> tuple[int, int]:
        """Lines added and removed, counted from the diff."""
        lines = [line for f in self.files for line in shown_diff(f.path, f.before, f.after, f.private).split(b"\n")]
        added = sum(line.startswith(b"+") and not line.startswith(b"+++ ") for line in lines)
        return added, sum(line.startswith(b"-") and not line.startswith(b"--- ") for line in lines)
