"""The commands about the code in a directory: set up, apply, undo, detect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wizard.answers import IN_BROWSER
from wizard.arguments.group import cli
from wizard.errors import Exit
from wizard.flags import DEBUG, DIRECTORY, JSON, OFFLINE, carrying_out, choices, for_app, option


@cli.command(short_help="Set PostHog up here: diff first, then apply, then prove.")
@DIRECTORY
@option("--dry-run", is_flag=True, help="Print the diff on stdout (git apply takes it); write and start nothing.")
@option("--out", type=click.Path(path_type=Path), metavar="FILE", help="With --dry-run: save the plan, for `apply`.")
@option("--check", is_flag=True, help="Exit 5 if anything would change; write nothing.")
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing; a missing answer is exit 2 and names its flag.")
@option("--token", help="Project token (phc_...), from Project settings in PostHog.")
@option("--no-token", is_flag=True, help="Set up without a token: empty variables, to be filled in later (exit 3).")
@option("--project-id", type=click.IntRange(min=1), help="Number of the project in PostHog (needs a login).")
@option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
@option("--host", help="URL of your own PostHog, or of your proxy, instead of a region.")
@option("--framework", help="Framework id (see `posthog-wizard frameworks`) instead of detection.")
@option("--target", multiple=True, metavar="PATH", help="App to set up, relative to DIRECTORY; repeatable.")
@option("--all", "all_apps", is_flag=True, help="Every app that is found, but no documentation or command.")
@for_app("Answer for one app alone: apps/web:region=eu, apps/web:no-autocapture; repeatable.")
@choices
@option(
    "--switch-on",
    multiple=True,
    type=click.Choice([feature.replace("_", "-") for feature in IN_BROWSER]),
    help="Switch this on in the project in PostHog, too (needs a login); repeatable.",
)
@option("--only", multiple=True, metavar="EDIT", help="Only these edits: ids (see --json), paths or globs; repeatable.")
@option("--skip", multiple=True, metavar="EDIT", help="Leave these edits out, and remember it; repeatable.")
@option("--reconsider", is_flag=True, help="Offer edits again that were refused earlier.")
@option("--package-manager", help="Package manager instead of the detected one (npm, pnpm, uv, ...).")
@option("--sdk-version", multiple=True, metavar="NAME=VERSION", help="Version or range of a package; repeatable.")
@option("--dashboard", is_flag=True, help="Create a starter dashboard in PostHog at the end (needs a login).")
@option("--replace-token", is_flag=True, help="Replace a different token that the project already has.")
@carrying_out
@JSON
@DEBUG
def setup(**options: Any) -> int:
    """Find the app in DIRECTORY, show what would change, apply it, install the SDK, prove that an event arrives."""
    from wizard.commands.setup import Settings, setup

    return setup(Settings(**options))


@cli.command(short_help="Carry out a saved plan.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DIRECTORY
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing; a missing answer is exit 2 and names its flag.")
@option("--token", help="Project token (phc_...): a saved plan holds none.")
@option("--host", help="URL of your own PostHog, when the plan is for one.")
@for_app("Token or host of one app alone: apps/web:token=phc_...; repeatable.")
@carrying_out
@JSON
@DEBUG
def apply(**options: Any) -> int:
    """Carry out the plan in FILE (from --dry-run --out) in DIRECTORY, byte for byte, or say what has moved since."""
    from wizard.commands.apply import ApplySettings, apply

    return apply(ApplySettings(**options))


@cli.command(short_help="Take the last setup back, byte for byte.")
@DIRECTORY
@option("--dry-run", is_flag=True, help="Print the diff of the undo on stdout; write nothing.")
@option("--list", "list_only", is_flag=True, help="List what can be undone here.")
@option("--target", multiple=True, metavar="PATH", help="Only what was done in this directory; repeatable.")
@option("--from", "moved_from", metavar="OLD", help="The directory was set up as OLD and has been moved here.")
@option("--forget", is_flag=True, help="Remove what is kept for undo here; nothing of it can be undone then.")
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing.")
@OFFLINE
@JSON
@DEBUG
def undo(
    directory: Path,
    dry_run: bool,
    list_only: bool,
    target: tuple[str, ...],
    moved_from: str | None,
    forget: bool,
    ci: bool,
    offline: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Take the last setup in DIRECTORY back, byte for byte; later edits of yours stay."""
    from wizard.commands.undo import adopt_from, forget_all, undo

    if moved_from:
        adopt_from(Path(moved_from), directory)
    if forget:
        return forget_all(directory, ci=ci, as_json=as_json)
    return undo(directory, dry_run=dry_run, list_only=list_only, ci=ci, as_json=as_json, targets=target)


@cli.command(short_help="Say which apps are here, and why.")
@DIRECTORY
@OFFLINE
@JSON
@DEBUG
def detect(directory: Path, offline: bool, as_json: bool, debug: bool) -> int:
    """Say which apps are in DIRECTORY, why, and what of PostHog they already have."""
    from wizard import git_files

    git_files.ask(directory)
    from wizard.commands.detect import detect

    return detect(directory, as_json)


@cli.command(short_help="List the supported frameworks.")
@JSON
@DEBUG
def frameworks(as_json: bool, debug: bool) -> int:
    """List the supported frameworks."""
    from wizard.commands.frameworks import frameworks

    return frameworks(as_json)


@cli.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of SHELL, for example: eval "$(posthog-wizard completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "posthog-wizard", "_POSTHOG_WIZARD_COMPLETE").source())
    return Exit.OK
