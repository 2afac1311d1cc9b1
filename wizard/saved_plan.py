"""A plan as a file: what to review, and what `apply` must arrive at again. It holds no value of an env file.

Nothing in the file is ever written to the tree: `apply` plans anew from the same answers, and refuses unless the result
is, byte for byte, what was saved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from wizard.answers import Answers, Each
from wizard.apps import App
from wizard.diff import file_diff
from wizard.disk import digest
from wizard.errors import WizardError
from wizard.plan import FileChange, Plan
from wizard.project import Tree, normal

_KIND, _SCHEMA = "posthog-wizard plan", 2
_TOKEN, _HOST = "<the project token>", "<the host>"


@dataclass(frozen=True, slots=True)
class SavedTarget:
    """An app of a saved plan, and the answers that its part was made from."""

    path: str
    id: str
    project: int
    """Which of the plan's projects in PostHog it sends to, counted from 0: apps with the same token have the same."""
    region: str | None
    host: str | None
    """SHA-256 of the URL of an own instance; None on PostHog Cloud."""
    options: Mapping[str, bool]
    versions: Mapping[str, str]
    replace_token: bool
    no_token: bool
    """Was it made without a token? `host_open`: and without a region or a host."""
    host_open: bool

    def is_for(self, host: str) -> bool:
        """Was it made for an own instance at this URL?"""
        return self.host == digest(host.encode())


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a saved plan was made from (`targets`, `package_manager` ...) and what came out (`files`, `apps`)."""

    made_by: str
    targets: tuple[SavedTarget, ...]
    package_manager: str | None
    left_out: Mapping[str, str]
    """Id of an edit to the reason why it is not in the plan."""
    files: tuple[Mapping[str, Any], ...]
    apps: tuple[Mapping[str, Any], ...] = field(default=())


def saved(plan: Plan, answers: Answers | Each, package_manager: str | None, made_by: str) -> bytes:
    """The file: JSON, the same for the same plan, with a digest of itself."""
    values = _values(plan, answers)
    numbers = project_numbers([answers.of(app.app) for app in plan.apps])
    record = {
        "kind": _KIND,
        "schema": _SCHEMA,
        "made_by": made_by,
        "targets": [_target(app.app, answers.of(app.app), n) for app, n in zip(plan.apps, numbers, strict=True)],
        "package_manager": package_manager,
        "left_out": {e.id: e.reason for e in plan.left_out},
        "files": [_file(change, values) for change in plan.files],
        "apps": [_without_values(app.to_json(), values) for app in plan.apps],
    }
    return json.dumps({**record, "digest": _digest(record)}, indent=1).encode() + b"\n"


def project_numbers(answers: Sequence[Answers]) -> list[int]:
    """A number for each, the same for the same token: which apps belong together, without saying where to."""
    tokens = list(dict.fromkeys(its.token for its in answers))
    return [tokens.index(its.token) for its in answers]


def _target(app: App, its: Answers, project: int) -> dict[str, Any]:
    own_host = _own_host(its)
    return {
        "path": app.path,
        "id": app.id,
        "project": project,
        "region": its.hosts.region,
        "host": digest(own_host.encode() if own_host else None),
        "options": {option: its.wants(option) for option in app.framework.options},
        "versions": dict(its.versions),
        "replace_token": its.replace_token,
        "no_token": its.token == "",
        "host_open": its.host_open,
    }


def write(file: Path, data: bytes) -> None:
    """Write a saved plan. Raises WizardError instead of overwriting a file that is something else."""
    if file.is_dir():
        raise WizardError(f"{file} is a directory", "Give --out a file name.")
    if file.exists():
        try:
            load(file)
        except WizardError as error:
            raise WizardError(f"--out would overwrite {file}, which is no saved plan", "Name another file.") from error
    try:
        # a name that nothing has: beside the plan may lie anything of the user's
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as fresh:
            fresh.write(data)
        Path(fresh.name).replace(file)
    except OSError as error:
        raise WizardError(f"cannot write {file}: {error.strerror}") from error


def load(file: Path) -> SavedPlan:
    """Read a saved plan. Raises WizardError when it is none, was altered, or is of another version's making."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WizardError(f"cannot read {file}: {error.strerror}") from error
    hint = "Make one: posthog-wizard --dry-run --out plan.json"
    try:
        record = json.loads(data)
    except ValueError as error:
        raise WizardError(f"{file} is no saved plan: it is not JSON", hint) from error
    if not isinstance(record, dict) or record.get("kind") != _KIND:
        raise WizardError(f"{file} is no saved plan", hint)
    if record.get("schema") != _SCHEMA:
        raise WizardError(f"{file} was made by another version of posthog-wizard, {record.get('made_by')}", hint)
    if record.pop("digest", None) != _digest(record):
        raise WizardError(f"{file} was changed by hand since it was made", hint)
    del record["kind"], record["schema"]
    try:
        targets = tuple(SavedTarget(**target) for target in record.pop("targets"))
        found = SavedPlan(**{**record, "files": tuple(record["files"]), "apps": tuple(record["apps"])}, targets=targets)
        outside = [f["path"] for f in found.files if normal(f["path"]).startswith(("..", "/"))]
    except (TypeError, KeyError, ValueError) as error:
        raise WizardError(f"{file} is no saved plan: {error}", hint) from error
    if outside:
        raise WizardError(f"{file} names a path outside of the directory: {outside[0]}", hint)
    return found


def is_applied(saved_plan: SavedPlan, plan: Plan, tree: Tree) -> bool:
    """Is everything that the saved plan would do done already?"""
    return not plan.files and all(f["private"] or digest(tree.bytes(f["path"])) == f["after"] for f in saved_plan.files)


def differences(saved_plan: SavedPlan, plan: Plan, answers: Answers | Each, tree: Tree) -> Iterator[str]:
    """What has moved since the plan was saved, a clause each that names the file; nothing when it still holds."""
    values = _values(plan, answers)
    now = {change.path: _file(change, values) for change in plan.files}
    for then in saved_plan.files:
        path, before = str(then["path"]), then.get("before")
        there = tree.bytes(path)
        if not then["private"] and before != digest(there):
            how = "is there now" if before is None else "is gone" if there is None else "was edited since"
            yield f"{path} {how}"
        elif (found := now.get(path)) is None:
            yield f"{path} would not be changed any more"
        elif {**found, "diff": ""} != {**then, "diff": ""}:
            yield f"{path} would be changed in another way"
    known = {str(then["path"]) for then in saved_plan.files}
    yield from (f"{path} would be changed too" for path in now if path not in known)
    if _steps(saved_plan.apps) != _steps(_without_values(app.to_json(), values) for app in plan.apps):
        yield "what is installed or left to you would be something else"


def _steps(apps: Any) -> list[Any]:
    return [(app["path"], app["framework"], app["installs"], app["manual"]) for app in apps]


def _own_host(answers: Answers) -> str | None:
    """The URL of an own instance is a value too; those of PostHog Cloud are no secret."""
    return None if answers.hosts.region else answers.hosts.ingest


def _values(plan: Plan, answers: Answers | Each) -> Mapping[str, str]:
    """What may not be in the file, with the name that stands for it."""
    every = [answers.of(app.app) for app in plan.apps]
    tokens = {its.token: _TOKEN for its in every if its.token}
    return tokens | {host: _HOST for its in every if (host := _own_host(its))}


def _file(change: FileChange, values: Mapping[str, str]) -> dict[str, Any]:
    """What is saved of a file; of one that holds values only by which edits it is changed."""
    head = {"path": change.path, "action": change.action, "edits": [e.id for e in change.edits]}
    if change.private or any(value.encode() in change.after for value in values):
        return {**head, "private": True, "before": None, "after": None, "diff": None}
    diff = file_diff(change.path, change.before, change.after).decode("utf-8", "backslashreplace")
    return {**head, "private": False, "before": digest(change.before), "after": digest(change.after), "diff": diff}


def _without_values(report: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The report of an app with names in place of the values."""
    text = json.dumps(report)
    for value, name in values.items():
        text = text.replace(json.dumps(value)[1:-1], name)
    found: dict[str, Any] = json.loads(text)
    return found


def _digest(record: Mapping[str, Any]) -> str | None:
    return digest(json.dumps(record, sort_keys=True).encode())
