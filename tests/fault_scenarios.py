"""What is attacked: small histories of a directory, each with one step that meets the faults, and what must hold then.

A scenario's tree may only ever be found in one of its `stages`, or with a journal that brings it back to one.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.faults import Kind, attacked, killed
from tests.fixture_case import Case
from wizard import apply as applying
from wizard.commands import recover
from wizard.console import Console
from wizard.errors import WizardError
from wizard.journal import Journal, interrupted, journals, records
from wizard.merge import merge
from wizard.planning import make_plan
from wizard.project import Tree as Listing
from wizard.settling import settle
from wizard.undo import latest, plan_undo, undo

Tree = dict[str, tuple[str, int, bytes]]
Records = list[tuple[Journal, set[str]]]
MINE = b"# my own line"


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    before: bytes | None
    after: bytes


@dataclass
class World:
    """A directory with its state directory, which can be put back to how it was when it was last kept."""

    where: Path
    changes: tuple[Change, ...]
    kept: Path = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.where.with_name(self.where.name + "-kept")

    @property
    def root(self) -> Path:
        return self.where / "app"

    @property
    def state(self) -> Path:
        return self.where / "state"

    def keep(self) -> None:
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.where, self.kept, symlinks=True)

    def restore(self) -> None:
        shutil.rmtree(self.where)
        shutil.copytree(self.kept, self.where, symlinks=True)


Step = Callable[[World], object]


def apply_all(world: World) -> None:
    applying.apply(world.root, world.changes, command="posthog-wizard --ci", watch=["lock", "new.lock"])


def install(world: World) -> None:
    """What a package manager would do, and its record."""
    (world.root / "lock").write_bytes(b"new")
    (world.root / "new.lock").write_bytes(b"made")


def settled(world: World) -> None:
    settle(latest(world.root))


def apply_more(world: World) -> None:
    more = [Change(c.path, c.after, c.after + b"\n# more\n") for c in world.changes]
    applying.apply(world.root, [*more, Change("later/on.txt", None, b"x")], command="again")


def undo_latest(world: World) -> None:
    journal = latest(world.root)
    undo(journal, plan_undo(journal))


def undo_everything(world: World) -> None:
    while any(journal.state == "applied" for journal in journals(world.root)):
        undo_latest(world)


def edit(world: World) -> None:
    """A person's line in every file that was there before, at the first place that is not one of ours."""
    for change in world.changes:
        if change.before is not None:
            file = world.root / change.path
            found = file.read_bytes()
            other = change.after if found == change.before else change.before
            lines = found.splitlines(keepends=True)
            end = b"\r\n" if b"\r\n" in found else b"\n"
            places = (b"".join([*lines[:i], MINE + end, *lines[i:]]) for i in range(len(lines)))
            file.write_bytes(next(place for place in places if not merge(found, other, place).conflicts))


def next_start(world: World) -> None:
    """What `posthog-wizard --ci` does first."""
    recover.unfinished(world.root, Console(quiet=True), may_ask=False)


def finish(world: World) -> None:
    if (journal := applying.unfinished(world.root)) is not None:
        applying.finish(journal)


def killed_half_way(step: Step) -> Step:
    """`step`, killed between its first and its last change of the tree."""

    def half(world: World) -> None:
        world.keep()
        with attacked() as count:
            step(world)
        world.restore()
        swaps = [i for i, name in enumerate(count.calls) if name == "replace"]
        middle = swaps[len(swaps) // 2]
        assert killed("kill after", middle, lambda: step(world))
        assert len(interrupted(world.root)) == 1

    return half


@dataclass(frozen=True)
class Scenario:
    """`prepare` brings the directory to where `steps`, one after the other, are attacked."""

    name: str
    prepare: tuple[Step, ...]
    steps: tuple[Step, ...]


SCENARIOS = (
    Scenario("apply", (), (apply_all,)),
    Scenario("apply-install-settle", (apply_all, install), (settled,)),
    Scenario("undo", (apply_all,), (undo_latest,)),
    Scenario("undo-of-install", (apply_all, install, settled), (undo_latest,)),
    Scenario("undo-merges", (apply_all, edit), (undo_latest,)),
    Scenario("second-apply", (apply_all,), (apply_more,)),
    Scenario("undo-of-several", (apply_all, apply_more), (undo_latest, undo_latest)),
    Scenario("roll-back", (killed_half_way(apply_all),), (next_start,)),
    Scenario("finish", (killed_half_way(apply_all),), (finish,)),
    Scenario("roll-back-an-undo", (apply_all, killed_half_way(undo_latest)), (next_start,)),
    Scenario("finish-an-undo", (apply_all, killed_half_way(undo_latest)), (finish,)),
    Scenario("roll-back-edited", (killed_half_way(apply_all), edit), (next_start,)),
    Scenario("roll-back-an-undo-edited", (apply_all, killed_half_way(undo_latest), edit), (next_start,)),
)


class Attack:
    """One scenario on one fixture: what it looks like unharmed, and every fault at every call."""

    def __init__(self, case: Case, scenario: Scenario, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = f"{case.name} {scenario.name}"
        self.scenario = scenario
        self.world = prepared(case, where / "world")
        monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(self.world.state))
        for step in scenario.prepare:
            step(self.world)
        self.world.keep()
        self.starts_interrupted = applying.unfinished(self.world.root) is not None
        self.stages: list[Tree] = []
        if self.starts_interrupted:
            next_start(self.world)
            self.stages.append(tree(self.world.root))
            self.world.restore()
        else:
            self.stages.append(tree(self.world.root))
        with attacked() as count:
            for step in scenario.steps:
                step(self.world)
                count.calls.append("")  # never due: between the steps
                self.stages.append(tree(self.world.root))
        self.seen: list[tuple[Tree, Records]] = []
        self.missed = count.missed
        self.calls = count.calls
        check_state(self.world)
        undo_everything(self.world)
        self.ends = [tree(self.world.root)]
        self.world.restore()
        next_start(self.world)
        undo_everything(self.world)
        self.ends.append(tree(self.world.root))

    def points(self, kind: Kind) -> list[int]:
        """The calls at which a fault of this kind can strike."""
        return [i for i, name in enumerate(self._all_calls()) if kind != "short" or name == "write"]

    def _all_calls(self) -> list[str]:
        return [name for name in self.calls if name]

    def strike(self, kind: Kind, at: int) -> None:
        """Attack once, from the prepared state, and see that nothing is lost."""
        self.world.restore()
        before = tree(self.world.root)
        error: BaseException | None = None
        if kind.startswith("kill"):
            assert killed(kind, at, self._run), f"{self.name}: {kind} {at}: lived on"
        else:
            try:
                with attacked(kind, at):
                    self._run()
            except (WizardError, KeyboardInterrupt) as caught:
                error = caught
        try:
            self._judge(kind, error, before)
        except AssertionError as wrong:
            call = self._all_calls()[at]
            raise AssertionError(f"{self.name}: {kind}, call {at} ({call}): {wrong}; said {error!r}") from wrong

    def _run(self) -> None:
        for step in self.scenario.steps:
            step(self.world)

    def _judge(self, kind: Kind, error: BaseException | None, before: Tree) -> None:
        world = self.world
        found = tree(world.root)
        pending = applying.unfinished(world.root) is not None
        if isinstance(error, WizardError):
            assert error.exit_code == 1
            reason = error.message
            named = ("No space left on device", "Permission denied", "Input/output error", "interrupted")
            assert any(words in reason for words in named), "no reason named"
        if kind == "short":
            assert error is None
            assert found == self.stages[-1]
        if not pending:
            assert found in self.stages, f"the tree is in between: {difference(found, self.stages)}"
            if error is not None and len(self.stages) == 2 and not self.starts_interrupted:
                is_said = "everything was written" in getattr(error, "hint", "")
                assert found == (self.stages[-1] if is_said else before), "it failed, but the tree changed"
            if error is None and not kind.startswith("kill"):
                assert found == self.stages[-1], "it said nothing, but did not do its work"
        elif not kind.startswith("kill") and not self.starts_interrupted:
            assert error is not None
            assert kind.endswith("from then on"), "it failed once and left the work half done"
        next_start(world)
        cured = tree(world.root)
        assert cured in self.stages, f"the next start left it in between: {difference(cured, self.stages)}"
        check_state(world)
        if (outcome := (cured, records_of(world))) in self.seen:
            return  # the same undo was tried before
        self.seen.append(outcome)
        undo_everything(world)
        end = tree(world.root)
        assert end in self.ends, f"undo after it: {difference(end, self.ends)}"


def prepared(case: Case, where: Path) -> World:
    """A world of the fixture and its plan: modes that stand out, and a file that is reached through a symlink."""
    where.mkdir()
    world = World(where, ())
    shutil.copytree(case.folder / "project", world.root, symlinks=True)
    files = {p.relative_to(world.root).as_posix(): p.read_bytes() for p in world.root.rglob("*") if p.is_file()}
    listing = Listing(world.root, world.root, tuple(sorted(files)), files)
    plan = make_plan([case.app(listing)], case.answers())
    changes = [Change(f.path, f.before, f.after) for f in plan.files]
    changes.append(Change("made/by/us/deep.txt", None, b"deep\n"))
    changes.append(Change("made/.env.local", None, b"SECRET=1\n"))
    edited = [c for c in changes if c.before is not None]
    for change, mode in zip(edited, (0o640, 0o755, 0o600), strict=False):
        (world.root / change.path).chmod(mode)
    if edited:
        linked = world.root / edited[0].path
        linked.rename(linked.with_name("real " + linked.name))
        linked.symlink_to("real " + linked.name)
    (world.root / "lock").write_bytes(b"old")
    world.changes = tuple(changes)
    return world


def tree(root: Path) -> Tree:
    """Kind, mode and content of everything below `root`."""
    return dict(_seen(root, root))


def _seen(folder: Path, root: Path) -> Iterator[tuple[str, tuple[str, int, bytes]]]:
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        path = Path(item.path)
        name = path.relative_to(root).as_posix()
        mode = stat.S_IMODE(item.stat(follow_symlinks=False).st_mode)
        if item.is_symlink():
            yield name, ("link", 0, os.fsencode(path.readlink()))
        elif item.is_dir():
            yield name, ("folder", mode, b"")
            yield from _seen(path, root)
        else:
            yield name, ("file", mode, path.read_bytes())


def records_of(world: World) -> Records:
    """Every journal but for its name and time, with the files it has."""
    return [
        (replace(journal, folder=Path(), time=""), {file.name for file in journal.folder.iterdir()})
        for journal in records(world.root)
    ]


def difference(found: Tree, stages: Sequence[Tree]) -> str:
    """Where the tree differs from the nearest of the stages."""
    nearest = min(stages, key=lambda stage: sum(found.get(n) != stage.get(n) for n in {*found, *stage}))
    names = sorted(n for n in {*found, *nearest} if found.get(n) != nearest.get(n))
    return ", ".join(f"{n}: {found.get(n)} instead of {nearest.get(n)}" for n in names)


def check_state(world: World) -> None:
    """The state directory holds complete journals and nothing else, for nobody but the user."""
    for path in [world.state, *world.state.rglob("*")] if world.state.exists() else ():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path} has mode {mode:o}"
    for record in world.state.glob("*/*/"):
        names = {file.name for file in record.iterdir()}
        assert "journal.json" in names, f"{record.name} has no record: {names}"
        content = json.loads((record / "journal.json").read_bytes())
        assert content["state"] in ("applied", "undone"), content["state"]
        assert content["undoes"] is None, "the journal of an undo is left"
        entries = [*content["files"], *content["watched"]]
        known = {e[side] for e in entries for side in ("before", "after")}
        extra = names - known - {"journal.json"}
        assert not extra, f"{record.name}: {extra}"
        if content["state"] == "undone":
            assert names == {"journal.json"}, "an undone journal keeps contents"
    strays = {p.name for p in world.root.rglob("*") if "posthog-wizard-" in p.name}
    assert not strays, f"left in the tree: {strays}"
