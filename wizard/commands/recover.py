"""What an earlier run left half done: finish it or roll it back before anything else."""

from __future__ import annotations

from pathlib import Path

from wizard import apply
from wizard.console import Console


def unfinished(root: Path, console: Console, may_ask: bool) -> None:
    """Offer to finish or roll back a run that was killed; with nobody to ask, roll it back and say so."""
    while (journal := apply.unfinished(root)) is not None:
        if may_ask and _wants_to_finish(journal.command):
            apply.finish(journal)
            console.say("The earlier run was finished.")
        else:
            apply.roll_back(journal)
            console.say("An earlier run was stopped half way; it was rolled back.")


def _wants_to_finish(command: str) -> bool:
    from wizard import prompts

    titles = [("back", "Roll it back: the tree as it was before"), ("finish", "Finish it: write the rest")]
    return prompts.select(f"An earlier run was stopped half way ({command}). What now?", titles, "back") == "finish"
