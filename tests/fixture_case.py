"""A fixture app: `project/`, what is asked of it in `case.toml`, and the diff that must come out."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wizard.answers import Answers
from wizard.apps import App, detect, find_apps
from wizard.framework import Framework
from wizard.plan import Plan
from wizard.planning import make_plan
from wizard.posthog import hosts
from wizard.project import Tree
from wizard.registry import all_frameworks
from wizard.workspace import candidates, list_tree

FOLDER = Path(__file__).resolve().parent.parent / "fixtures"
TOKEN = "phc_fixture00000000000000000000000000000000000"


@dataclass(frozen=True)
class Case:
    """One fixture.

    `case.toml`: `framework`, `variant`, `state` (of PostHog before), `target` (default `.`), `options`, `host`,
    `manual` (`[[title, where], ...]`), `notes` (titles), both by the beginning of their titles, `git` (default true).
    """

    name: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @cached_property
    def wanted(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "case.toml").read_text(encoding="utf-8"))

    @property
    def framework(self) -> Framework:
        return all_frameworks()[self.wanted["framework"]]

    @property
    def expected_diff(self) -> Path:
        return self.folder / "expected.diff"

    def copy(self, where: Path) -> Path:
        """A working copy, in a git repository of its own unless the case says otherwise."""
        root = where / "app"
        shutil.copytree(self.folder / "project", root, symlinks=True)
        if self.wanted.get("git", True):
            _commit(root, self.name)
        return root

    def answers(self) -> Answers:
        return Answers(hosts.of(self.wanted.get("host", "us.i.posthog.com")), TOKEN, self.wanted.get("options", {}))

    def apps(self, tree: Tree) -> list[App]:
        """The apps of the case: those found, or those of the directory that `target` names."""
        target = self.wanted.get("target")
        if target is None:
            return list(find_apps(tree).apps)
        return [app for project in candidates(tree) if project.path == target for app in detect(project)]

    def app(self, tree: Tree) -> App:
        found = {app.id: app for app in self.apps(tree)}
        assert self.wanted["framework"] in found, f"detected {sorted(found)}"
        return found[self.wanted["framework"]]

    def plan(self, root: Path) -> Plan:
        return make_plan([self.app(list_tree(root))], self.answers())


def cases() -> list[Case]:
    """All fixtures, in alphabetical order."""
    return [Case(path.name) for path in sorted(FOLDER.iterdir()) if (path / "case.toml").is_file()]


_copies: Counter[str] = Counter()
_kept = tempfile.TemporaryDirectory(prefix="posthog-wizard-tests-", ignore_cleanup_errors=True)


def _commit(root: Path, name: str) -> None:
    """Make `root` a repository with everything committed: asking git is slow, so the second copy's `.git` is kept."""
    kept, repository = Path(_kept.name, name), root / ".git"
    if kept.exists():
        shutil.copytree(kept, repository)
        return
    run_git(root, "init", "-q")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start", "--allow-empty")
    _copies[name] += 1
    if _copies[name] > 1:
        shutil.rmtree(repository / "hooks", ignore_errors=True)  # the samples that come with git
        shutil.copytree(repository, kept)


def run_git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git in `root` with an identity and no user configuration."""
    settings = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.invalid",
        "-c",
        "core.autocrlf=false",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "maintenance.auto=false",
    ]
    done = subprocess.run(["git", *settings, *arguments], cwd=root, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file below `root`, without git's own."""
    return {
        str(p.relative_to(root)): (p.lstat().st_mode, p.read_bytes() if p.is_file() else b"")
        for p in sorted(root.rglob("*"))
        if ".git" not in p.relative_to(root).parts
    }
