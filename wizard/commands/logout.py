"""`logout`: what `login` got is revoked where PostHog lets us, and deleted from this machine."""

from __future__ import annotations

from typing import Any

from wizard.commands.login import hosts_given
from wizard.commands.login_ways import give_back
from wizard.commands.report import as_json as print_json
from wizard.console import Console
from wizard.errors import Exit, WizardError
from wizard.login import credentials
from wizard.posthog.http import place


def logout(region: str | None, host: str | None, as_json: bool) -> int:
    """Exit 0 when nothing is left to do, 3 when something could not be revoked or deleted."""
    console = Console(quiet=as_json)
    hosts = hosts_given(region, host)
    there = [app for app in credentials.stored_hosts() if hosts is None or app == hosts.app]
    if not there:
        console.say(f"Not logged in{f' to {place(hosts.app)}' if hosts else ''}: there is nothing to do.")
    done = [_out_of(app, console) for app in there]
    code = Exit.OK if all(row["deleted"] and not row["left"] for row in done) else Exit.INCOMPLETE
    if as_json:
        status = "logged_out" if code == Exit.OK else "incomplete"
        print_json(console, {"schema": 1, "status": status, "exit_code": int(code), "logins": done})
    return code


def _out_of(app: str, console: Console) -> dict[str, Any]:
    """One row of the report; `left` is what the person has to do, empty when nothing is."""
    kind, revoked, left, remark = "unknown", False, "", ""
    try:
        saved = credentials.saved(app)
    except WizardError as error:
        saved, left = None, f"{error.message}; it was not revoked"
    if saved is not None:
        kind = saved.access.kind
        if kind == "personal key":
            remark = f"The key itself stays valid; if nothing else uses it, delete it: {app}/settings/user-api-keys"
        else:
            console.progress(f"Revoking the login to {place(app)} (at most 40 s)")
            why_not = give_back(saved.revoke_url, saved.client, saved.refresh, saved.access.secret)
            revoked = not why_not
            left = f"It was not revoked ({why_not}): remove the wizard under {app}/settings/user" if why_not else ""
    deleted = _deleted(app, console)
    words = "revoked and deleted" if revoked else "deleted from this machine"
    console.item("+" if deleted else "x", f"{place(app)}: {words if deleted else 'could not be deleted'}.", "bold")
    for line in (remark, left):
        if line:
            console.item(" ", line)
    return {"host": app, "kind": kind, "revoked": revoked, "deleted": deleted, "remark": remark, "left": left}


def _deleted(app: str, console: Console) -> bool:
    try:
        credentials.delete(app)
    except WizardError as error:
        console.error(error.message, error.hint)
        return False
    return True
