"""What an earlier run left half done: finish it or roll it back before anything else."""

from __future__ import annotations

from pathlib import Path

from wizard import apply, undo
from wizard.console import Console
from wizard.errors import WizardError
from wizard.journal import Journal, interrupted
from wizard.staging import EditedSince


def unfinished(root: Path, console: Console, may_ask: bool) -> None:
    """Offer to finish or roll back a run that was killed; with nobody to ask, roll it back and say so.

    Raises WizardError when that run is still at work, or the user has since edited the very lines that it wrote.
    """
    while (journal := apply.unfinished(root)) is not None:
        where = "" if journal.root == root.resolve() else f" in {journal.root}"
        if may_ask and _wants_to_finish(journal.command, where):
            apply.finish(journal)
            console.say(f"The earlier run{where} was finished.")
        else:
            _roll_back(journal, console)
            console.say(f"An earlier run{where} was stopped half way; it was rolled back.")


def mention(root: Path, console: Console) -> None:
    """For a run that writes nothing: say that the tree it reads is half written."""
    for journal in interrupted(root):
        words = f"An earlier run in {journal.root} was stopped half way: files here are half written."
        console.item("!", words + " The next run that may write rolls it back.", "bold yellow")


def _roll_back(journal: Journal, console: Console) -> None:
    try:
        apply.roll_back(journal)
    except EditedSince:
        plan = undo.plan_undo(journal)
        undo.undo(journal, plan, keep=journal.undoes is not None)
        for conflict in plan.conflicts:
            console.item("!", f"left as it is: {conflict.where}: {conflict.reason}", "bold yellow")
        if plan.conflicts:
            places = ", ".join(conflict.where for conflict in plan.conflicts)
            raise WizardError(
                f"an earlier run was stopped half way; it was rolled back but for what you edited since: {places}",
                "bring these in order by hand, then run the same command again",
            ) from None


def _wants_to_finish(command: str, where: str) -> bool:
    from wizard import prompts

    titles = [("back", "Roll it back: the tree as it was before"), ("finish", "Finish it: write the rest")]
    question = f"An earlier run{where} was stopped half way ({command}). What now?"
    return prompts.select(question, titles, "back") == "finish"
