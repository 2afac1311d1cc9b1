"""`undo`: take the last setup back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from wizard.commands import recover
from wizard.commands.report import as_json as print_json
from wizard.commands.report import moment
from wizard.commands.typed import line
from wizard.console import Console, is_interactive
from wizard.diff import file_diff, holds_values
from wizard.errors import Exit, UsageError, WizardError
from wizard.journal import forget, journals
from wizard.moves import adopt, where_else
from wizard.plan import shown
from wizard.project import normal
from wizard.registry import all_frameworks
from wizard.undo import plan_undo
from wizard.undo import undo as take_back
from wizard.workspace import root_of


def forget_all(directory: Path, *, ci: bool, as_json: bool) -> int:
    """Remove the journals of a directory with the file contents in them: nothing can be undone then."""
    console = Console(quiet=as_json)
    root = root_of(directory)
    may_ask = not ci and not as_json and is_interactive()
    recover.unfinished(root, console, may_ask)
    if may_ask:
        from wizard import prompts

        if not prompts.confirm(f"Remove what is kept to undo set-ups of {root}?", default=False):
            console.say("Everything is kept.")
            return Exit.OK
    count = forget(root)
    console.say(f"Removed the record of {count} set-up{'' if count == 1 else 's'}; the files stay as they are.")
    if as_json:
        print_json(console, {"schema": 1, "status": "forgotten", "exit_code": 0, "forgotten": count})
    return Exit.OK


def adopt_from(old: Path, directory: Path) -> None:
    """The record of `old`, a directory that is gone, becomes that of the one it was moved to."""
    adopt(old, root_of(directory))


def _folder(root: Path, directory: Path, target: str) -> str:
    """The directory that `--target` names. Raises UsageError for one app of several in it."""
    path, _, framework = target.rpartition(":")
    if path and framework in all_frameworks() and not (root / target).is_dir():
        hint = f"All that was done there: {line(directory, 'undo', names=[path])}"
        raise UsageError(f"--target {target}: what was done in a directory can only be taken back together", hint)
    return normal(target)


def undo(
    directory: Path, *, dry_run: bool, list_only: bool, ci: bool, as_json: bool, targets: Sequence[str] = ()
) -> int:
    """Restore every byte of the last apply; exit 3 when edits made since stand in the way of some."""
    console = Console(quiet=as_json)
    root = root_of(directory)
    may_ask = not ci and not as_json and is_interactive()
    if dry_run:
        recover.mention(root, console)
    else:
        recover.unfinished(root, console, may_ask)
    applied = [j for j in journals(root) if j.state == "applied"]
    if list_only:
        rows = [{"id": j.id, "time": j.time, "command": j.command, "files": [f.path for f in j.files]} for j in applied]
        if as_json:
            print_json(console, {"schema": 1, "applied": rows})
        for row in rows:
            console.item("*", f"{moment(str(row['time']))}  {row['command']}")
        if not rows:
            console.say("Nothing to undo here.")
        return Exit.OK
    if not applied:
        raise WizardError("nothing to undo here", where_else(root) or f"No setup of {root} is on record.")
    targets = [_folder(root, directory, target) for target in targets]
    # a directory may hold other apps further down: the set-ups that were of its own app go first
    its_own = [journal for journal in applied if not journal.targets or set(targets) & set(journal.targets)]
    plans = ((journal, plan_undo(journal, targets)) for journal in reversed(its_own or applied))
    found = next(((j, p) for j, p in plans if not targets or p.changes or p.conflicts), None)
    if found is None:
        raise WizardError(
            f"no set-up on record changed anything in {' or '.join(targets)}",
            f"See: {line(directory, 'undo', '--list')}",
        )
    journal, plan = found
    # hundreds of lines of a package manager's own would bury the rest; --dry-run has them
    lockfiles = {entry.path for entry in journal.watched}
    locks = [change.path for change in plan.changes if change.path in lockfiles]
    if dry_run:
        console.data(b"".join(file_diff(c.path, c.before, c.after, holds_values(c.path)) for c in plan.changes))
    else:
        mine = [change for change in plan.changes if change.path not in locks]
        console.diff(b"".join(shown(c.path, c.before, c.after, holds_values(c.path)) for c in mine))
        for path in locks:
            console.item("~", f"{path}, as it was before the install")
        if may_ask:
            from wizard import prompts

            if not prompts.confirm("Take this back?"):
                console.say("Nothing was written.")
                return Exit.OK
        take_back(journal, plan)
    for note in plan.notes:
        console.item("-", f"{note.path}: {note.reason}")
    for conflict in plan.conflicts:
        console.item("!", f"left as it is: {conflict.where}: {conflict.reason}", "bold yellow")
    if plan.stays:
        why = "is not of the app in this directory" if "." in targets else f"lies outside of {' and '.join(targets)}"
        console.item("-", f"stays, because it {why}: {', '.join(plan.stays)}")
        console.raw("To take the rest back: " + line(directory, "undo"))
    for install in plan.stale:
        cwd = os.path.normpath(directory / install.cwd)
        where = f"  (in {cwd})" if cwd != "." else ""
        console.item("!", f"{install.lock} still has what was taken out, and CI may refuse it. Run:", "bold yellow")
        for call in install.calls:
            console.raw(f"      {call}{where}")
    if not dry_run:
        count = len(plan.changes)
        console.say(f"Undone: {count} file{'' if count == 1 else 's'}.", "green")
        beyond = [path for path in journal.beyond if (journal.root / path).exists()]
        if lockfiles & {*locks, *plan.stays} and not plan.stale:
            console.say("What was installed stays until your package manager installs again.", "dim")
        elif plan.changes and beyond and not plan.stale:
            console.item("!", f"outside of this directory, as the install left it: {', '.join(beyond)}", "bold yellow")
            console.say("Let your package manager install again: that brings it in line.")
    if as_json:
        report = {
            "schema": 1,
            "status": "planned" if dry_run else "undone",
            "exit_code": int(plan.exit_code),
            "files": [c.path for c in plan.changes],
            "notes": [{"path": n.path, "reason": n.reason} for n in plan.notes],
            "stays": list(plan.stays),
            "installs": [{"calls": list(i.calls), "cwd": i.cwd, "lock": i.lock} for i in plan.stale],
            "conflicts": [{"where": c.where, "reason": c.reason} for c in plan.conflicts],
        }
        print_json(console, report)
    return plan.exit_code
