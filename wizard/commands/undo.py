"""`undo`: take the last setup back."""

from __future__ import annotations

from pathlib import Path

from wizard.commands import recover
from wizard.commands.report import as_json as print_json
from wizard.console import Console, is_interactive
from wizard.diff import file_diff
from wizard.errors import Exit, WizardError
from wizard.journal import journals
from wizard.undo import plan_undo
from wizard.undo import undo as take_back
from wizard.workspace import list_tree


def undo(directory: Path, *, dry_run: bool, list_only: bool, ci: bool, as_json: bool) -> int:
    """Restore every byte of the last apply; exit 3 when edits made since stand in the way of some."""
    console = Console(quiet=as_json)
    root = list_tree(directory).root
    may_ask = not ci and not as_json and is_interactive()
    if not dry_run:
        recover.unfinished(root, console, may_ask)
    applied = [j for j in journals(root) if j.state == "applied"]
    if list_only:
        rows = [{"id": j.id, "time": j.time, "command": j.command, "files": [f.path for f in j.files]} for j in applied]
        if as_json:
            print_json(console, {"schema": 1, "applied": rows})
        for row in rows:
            console.item("*", f"{row['time']}  {row['command']}")
        if not rows:
            console.say("Nothing to undo here.")
        return Exit.OK
    if not applied:
        raise WizardError("nothing to undo here", f"No setup of {root} is on record.")
    plan = plan_undo(applied[-1])
    diff = b"".join(file_diff(c.path, c.before, c.after) for c in plan.changes)
    if dry_run:
        console.data(diff)
    else:
        console.diff(diff)
        if may_ask:
            from wizard import prompts

            if not prompts.confirm("Take this back?"):
                console.say("Nothing was written.")
                return Exit.OK
        take_back(applied[-1], plan)
    for conflict in plan.conflicts:
        console.item("!", f"left as it is: {conflict.where}: {conflict.reason}", "bold yellow")
    if not dry_run:
        console.say(f"Undone: {len(plan.changes)} files as they were before.", "green")
    if as_json:
        report = {
            "schema": 1,
            "status": "planned" if dry_run else "undone",
            "exit_code": int(plan.exit_code),
            "files": [c.path for c in plan.changes],
            "conflicts": [{"where": c.where, "reason": c.reason} for c in plan.conflicts],
        }
        print_json(console, report)
    return plan.exit_code
