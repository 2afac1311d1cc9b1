"""The command line: arguments, dispatch, and the one place where errors become exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import click

from wizard.errors import Exit, Interrupted, WizardError
from wizard.flags import DEBUG, DIRECTORY, JSON, OFFLINE, carrying_out, choices, option

SCHEMA = 1


class _Commands(click.Group):
    """`setup` is what runs when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {"--help", "-h", "--version"}
        if not args or (args[0] not in self.commands and args[0] not in known):
            args = ["setup", *args]
        return super().parse_args(ctx, args)


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version."""
    if not wanted:
        return
    from wizard import version

    click.echo(f"posthog-wizard {version.current()}")
    ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """Set up PostHog in the app in this directory: exact diff first, undo at any time, proof that events arrive.

    Without a command this is `setup`. Nothing is written before you have seen the diff and said yes.
    """


@cli.command()
@DIRECTORY
@option("--dry-run", is_flag=True, help="Print the diff on stdout (git apply takes it); write and start nothing.")
@option("--out", type=click.Path(path_type=Path), metavar="FILE", help="With --dry-run: save the plan, for `apply`.")
@option("--check", is_flag=True, help="Exit 5 if anything would change; write nothing.")
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing; a missing answer is exit 2 and names its flag.")
@option("--token", help="Project token (phc_...), from Project settings in PostHog.")
@option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
@option("--host", help="URL of your own PostHog, or of your proxy, instead of a region.")
@option("--framework", help="Framework id (see `posthog-wizard frameworks`) instead of detection.")
@option("--target", multiple=True, metavar="PATH", help="App to set up, relative to DIRECTORY; repeatable.")
@choices
@option("--only", multiple=True, metavar="EDIT", help="Only these edits: ids (see --json), paths or globs; repeatable.")
@option("--skip", multiple=True, metavar="EDIT", help="Leave these edits out, and remember it; repeatable.")
@option("--reconsider", is_flag=True, help="Offer edits again that were refused earlier.")
@option("--package-manager", help="Package manager instead of the detected one (npm, pnpm, uv, ...).")
@option("--sdk-version", multiple=True, metavar="NAME=VERSION", help="Version or range of a package; repeatable.")
@option("--replace-token", is_flag=True, help="Replace a different token that the project already has.")
@carrying_out
@JSON
@DEBUG
def setup(**options: Any) -> int:
    """Find the app in DIRECTORY, show what would change, apply it, install the SDK, prove that an event arrives."""
    from wizard.commands.setup import Settings, setup

    return setup(Settings(**options))


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DIRECTORY
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing; a missing answer is exit 2 and names its flag.")
@option("--token", help="Project token (phc_...): a saved plan holds none.")
@option("--host", help="URL of your own PostHog, when the plan is for one.")
@carrying_out
@JSON
@DEBUG
def apply(**options: Any) -> int:
    """Carry out the plan in FILE (from --dry-run --out) in DIRECTORY, byte for byte, or say what has moved since."""
    from wizard.commands.apply import ApplySettings, apply

    return apply(ApplySettings(**options))


@cli.command()
@DIRECTORY
@OFFLINE
@JSON
@DEBUG
def detect(directory: Path, offline: bool, as_json: bool, debug: bool) -> int:
    """Say which apps are in DIRECTORY, why, and what of PostHog they already have."""
    from wizard.commands.detect import detect

    return detect(directory, as_json)


@cli.command()
@DIRECTORY
@option("--target", multiple=True, metavar="PATH", help="App to check, relative to DIRECTORY; repeatable.")
@option("--framework", help="Framework id instead of detection.")
@option("--token", help="Project token instead of the one in the project's env files.")
@option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
@option("--host", help="URL of your own PostHog.")
@option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing.")
@option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to wait for the app.")
@JSON
@DEBUG
def verify(**options: Any) -> int:
    """Check each link apart: token and host, the app's own code, and (with a personal key) the event in the project."""
    from wizard.commands.verify import VerifySettings, verify

    return verify(VerifySettings(**options))


@cli.command()
@DIRECTORY
@option("--dry-run", is_flag=True, help="Print the diff of the undo on stdout; write nothing.")
@option("--list", "list_only", is_flag=True, help="List what can be undone here.")
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
    return undo(directory, dry_run=dry_run, list_only=list_only, ci=ci, as_json=as_json)


@cli.command()
@JSON
@DEBUG
def frameworks(as_json: bool, debug: bool) -> int:
    """List the supported frameworks."""
    from wizard.commands.frameworks import frameworks

    return frameworks(as_json)


@cli.command()
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8010,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@JSON
@DEBUG
def listen(port: int, as_json: bool, debug: bool) -> int:
    """Be PostHog on this machine: show events live as any PostHog SDK sends them here."""
    from wizard.commands.listen import listen

    return listen(port, as_json)


@cli.command()
@DEBUG
def demo(debug: bool) -> int:
    """Set up a small bundled app for real, start it, watch its event arrive, undo. Needs no account."""
    from wizard.commands.demo import demo

    return demo()


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of SHELL, for example: eval "$(posthog-wizard completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "posthog-wizard", "_POSTHOG_WIZARD_COMPLETE").source())
    return Exit.OK


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments or os.environ.get("POSTHOG_WIZARD_JSON", "") not in ("", "0", "false")
    debug = "--debug" in arguments or os.environ.get("POSTHOG_WIZARD_DEBUG", "") not in ("", "0", "false")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(cli(arguments, prog_name="posthog-wizard", standalone_mode=False) or Exit.OK)
    except click.ClickException as error:
        usage = error.ctx.get_usage() if isinstance(error, click.UsageError) and error.ctx else ""
        return _failed(Exit.USAGE, error.format_message(), usage or "posthog-wizard --help", as_json)
    except WizardError as error:
        if debug:
            _show(traceback.format_exc())
        hint = error.hint
        if error.exit_code == Exit.BUG:
            hint = hint or "This is our bug, please report it with the output of the same command and --debug."
        return _failed(error.exit_code, error.message, hint, as_json)
    except (Interrupted, KeyboardInterrupt, EOFError, click.Abort):
        return _failed(Exit.INTERRUPTED, "interrupted; the tree is as it was before this step", "", as_json)
    except BrokenPipeError:
        # the reader of our stdout has gone (`| head`): nothing is left to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - the error boundary: whatever got here is our bug and ends in exit 70
        log = _log(traceback.format_exc())
        if debug:
            _show(traceback.format_exc())
        message = _redacted(f"our bug: {type(error).__name__}: {error}")
        return _failed(Exit.BUG, message, f"Please report it with {log}", as_json)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Being told to stop is being interrupted: everything started is ended, everything half done is rolled back."""
    raise KeyboardInterrupt


def _failed(code: Exit, message: str, hint: str, as_json: bool) -> int:
    from wizard.console import Console

    if as_json:
        report = {"schema": SCHEMA, "status": "error", "exit_code": int(code), "error": message, "hint": hint}
        Console(quiet=True).data((json.dumps(report, indent=2) + "\n").encode())
    Console().error(message, hint)
    return int(code)


def _log(text: str) -> Path:
    from wizard.disk import make_private
    from wizard.shelves import state_path

    make_private(state_path())
    path = state_path() / "last-error.log"
    path.write_text(_redacted(text), encoding="utf-8")
    return path


def _show(text: str) -> None:
    sys.stderr.write(_redacted(text))


def _redacted(text: str) -> str:
    from wizard.posthog.tokens import redact

    return redact(text, os.environ.get("POSTHOG_WIZARD_PERSONAL_KEY", ""), public=True)
