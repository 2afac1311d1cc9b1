"""What an earlier run left half done: finish it or roll it back before anything else."""

from __future__ import annotations

from pathlib import Path

from wizard import apply
from wizard.console import Console


def unfinished(root: Path, console: Console, may_ask: bool) -> None:
    """Offer to finish or roll back a run that was killed; with nobody to ask, roll it back and say so."""
    journal = apply.unfinished(root)
    if journal is None:
        return
    finish = False
    if may_ask:
        from wizard import prompts

        titles = [("back", "Roll it back: the tree as it was before"), ("finish", "Finish it: write the rest")]
        finish = prompts.select("An earlier run was stopped half way. What now?", titles, "back") == "finish"
    if finish:
        apply.finish(journal)
        console.say("The earlier run was finished.")
    else:
        apply.roll_back(journal)
        console.say("An earlier run was stopped half way; it was rolled back.")
