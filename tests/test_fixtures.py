"""All fixtures: what is detected, the exact diff, and the laws that hold for every framework.

`UPDATE_FIXTURES=1 pytest tests/test_fixtures.py` rewrites `expected.diff`; read the change before committing it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.fixture_case import Case, cases, run_git, snapshot
from wizard.apply import apply
from wizard.apps import App
from wizard.codemods.syntax import parses
from wizard.diff import file_diff
from wizard.existing import existing
from wizard.journal import journals
from wizard.plan import Plan
from wizard.planning import make_plan
from wizard.registry import all_frameworks, load_launch, load_plan
from wizard.text import decode
from wizard.undo import plan_undo, undo
from wizard.workspace import list_tree

CASES = pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])


@CASES
def test_the_expected_diff_is_planned_applied_and_undone(case: Case, tmp_path: Path) -> None:
    root = case.copy(tmp_path)
    before = snapshot(root)
    plan = make_plan([detected(case, root)], case.answers())
    says_what_is_expected(case, plan)
    assert snapshot(root) == before, "planning wrote something"
    by_git = Path(shutil.copytree(root, tmp_path / "by-git", symlinks=True, ignore=shutil.ignore_patterns(".git")))
    if plan.files:
        run_git(by_git, "apply", "--whitespace=nowarn", "-", stdin=plan.diff())
        apply(root, plan.files, command="test")
    contents = {path: content for path, (_, content) in snapshot(root).items()}
    assert {path: content for path, (_, content) in snapshot(by_git).items()} == contents
    again = case.plan(root)
    assert not again.files, [f.path for f in again.files]
    assert set(again.manual) <= set(plan.manual), again.manual
    for change in plan.files:
        text = decode(change.before)[0] if change.before is not None else ""
        assert parses(change.path, decode(change.after)[0]) or not parses(change.path, text)
    for journal in reversed(journals(root)):
        taken_back = plan_undo(journal)
        assert not taken_back.conflicts
        undo(journal, taken_back)
    assert snapshot(root) == before


def detected(case: Case, root: Path) -> App:
    """The app of the case, found as the case says."""
    tree = list_tree(root)
    found = {app.id: app for app in case.apps(tree)}
    assert found.keys() == {case.wanted["framework"], *case.wanted.get("also", [])}
    app = found[case.wanted["framework"]]
    assert app.variant == case.wanted["variant"]
    assert existing(app.project, app.framework.language).state == case.wanted["state"]
    return app


def says_what_is_expected(case: Case, plan: Plan) -> None:
    """The diff, the steps left to the user and the notes."""
    # readable, env files too: what git applies is checked by itself
    diff = b"".join(file_diff(f.path, f.before, f.after) for f in plan.files)
    if os.environ.get("UPDATE_FIXTURES"):
        case.expected_diff.write_bytes(diff)
    assert diff.decode("utf-8", "surrogateescape") == case.expected_diff.read_bytes().decode("utf-8", "surrogateescape")
    manual = [(m.title, m.where) for m in plan.manual]
    expected = [tuple(pair) for pair in case.wanted.get("manual", [])]
    assert len(manual) == len(expected), manual
    for (title, where), (wanted_title, wanted_where) in zip(manual, expected, strict=True):
        assert title.startswith(wanted_title), manual
        assert where == wanted_where, manual
    notes = [n.title for n in plan.notes]
    wanted = case.wanted.get("notes", [])
    assert len(notes) == len(wanted), notes
    assert all(n.startswith(w) for n, w in zip(notes, wanted, strict=True)), notes


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()[::8]])
def test_the_same_tree_gets_the_same_plan(case: Case, tmp_path: Path) -> None:
    root = case.copy(tmp_path)
    assert case.plan(root).diff() == case.plan(root).diff()


def test_every_framework_has_fixtures_that_change_and_that_keep() -> None:
    for framework_id in all_frameworks():
        mine = [c for c in cases() if c.wanted["framework"] == framework_id]
        assert len(mine) >= 2, f"{framework_id} needs fixtures"
        assert any(c.expected_diff.read_bytes() for c in mine), f"{framework_id}: no fixture changes anything"
        assert any(c.wanted["state"] == "installed" for c in mine), f"{framework_id}: no fixture is installed already"


def test_every_framework_is_declared_whole() -> None:
    ids = all_frameworks()
    for framework_id, framework in ids.items():
        assert framework.docs.startswith("https://posthog.com/docs/"), framework_id
        assert set(framework.supersedes) <= PUBLIC_IDS - {framework_id}
        for loser in framework.supersedes:
            if loser in ids:
                assert framework_id not in ids[loser].supersedes, f"{framework_id} and {loser} supersede each other"
        load_plan(framework_id)
        load_launch(framework_id)


def test_no_expectation_without_a_case(fixtures: Path) -> None:
    folders = {p.name for p in fixtures.iterdir() if p.is_dir() and not p.name.startswith("detect-")}
    assert folders == {c.name for c in cases()}


def test_no_fixture_file_is_hidden_from_git(fixtures: Path) -> None:
    """A fixture's own .gitignore hides its env files from our repository too: they are added with `git add -f`."""
    if not (fixtures.parent / ".git").exists():
        pytest.skip("not a git checkout")
    hidden = run_git(fixtures, "ls-files", "-o", "-i", "--exclude-standard").decode().splitlines()
    assert [path for path in hidden if "__pycache__" not in path] == []


PUBLIC_IDS = set(
    """nextjs react-vite react-cra react-router remix tanstack-router tanstack-start vue nuxt sveltekit svelte
    astro angular gatsby docusaurus javascript-web express fastify koa hono nestjs node react-native expo django flask
    fastapi python rails ruby laravel php wordpress go elixir spring rust dotnet android ios flutter kmp""".split()
)
"""The public vocabulary: a framework may supersede one that is still to come."""
