"""Edit by edit, as `git add -p` does it: each with its reason, its docs and its own diff, taken or refused."""

from __future__ import annotations

from collections.abc import Callable

from wizard import prompts
from wizard.apps import App
from wizard.choice import Selection
from wizard.console import Console
from wizard.plan import FileChange, Plan, PlannedEdit, shown

_KEYS = {
    "y": "take this edit",
    "n": "leave it out; it is not offered again until --reconsider",
    "a": "take this and all that follow",
    "d": "leave out this and all that follow",
    "q": "stop: nothing is written",
    "?": "what the keys mean",
}

Replan = Callable[[Selection], Plan]
"""The plan with what is selected."""


def choose_edits(plan: Plan, selection: Selection, replan: Replan, console: Console) -> Selection | None:
    """Ask about each edit; None when nothing shall be written. An edit that needs a refused one is left out with it."""
    taken: list[str] = []
    while pending := _pending(plan, taken):
        app, change, edit = pending[0]
        done = len(taken) + len(plan.left_out)
        _show(console, app, change, edit, f"Edit {done + 1} of {done + len({e.id for _, _, e in pending})}")
        match prompts.key("Take this edit?", _KEYS, "y"):
            case "y":
                taken.append(edit.id)
            case "a":
                return selection
            case "q":
                return None
            case "n":
                before = plan.left_out
                selection = selection.without([edit.id])
                plan = replan(selection)
                for other in plan.left_out:
                    if other not in before and other.id != edit.id:
                        console.item("-", f"left out too: {other.id} ({other.reason})")
            case "d":
                return selection.without(e.id for _, _, e in pending)
            case _:
                for key, meaning in _KEYS.items():
                    console.raw(f"  {key}  {meaning}")
    return selection


def _pending(plan: Plan, taken: list[str]) -> list[tuple[App, FileChange, PlannedEdit]]:
    return [(a.app, f, e) for a in plan.apps for f in a.files for e in f.edits if e.id not in taken]


def _show(console: Console, app: App, change: FileChange, edit: PlannedEdit, count: str) -> None:
    console.head(f"{count}: {change.path}")
    console.raw(f"Why:  {edit.why}")
    console.raw(f"Docs: {app.framework.docs}")
    console.diff(shown(change.path, edit.before, edit.after, change.private))
