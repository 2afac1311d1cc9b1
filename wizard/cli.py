"""The command line: arguments, dispatch, and the one place where errors become exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

from wizard.answers import OPTIONS
from wizard.errors import Exit, Interrupted, WizardError

F = TypeVar("F", bound=Callable[..., Any])
SCHEMA = 1


class _Commands(click.Group):
    """`setup` is what runs when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {"--help", "-h", "--version"}
        if not args or (args[0] not in self.commands and args[0] not in known):
            args = ["setup", *args]
        return super().parse_args(ctx, args)


def _option(*names: str, **settings: Any) -> Callable[[F], F]:
    """A flag that is also a `POSTHOG_WIZARD_*` variable, as its help says."""
    long = next(n for n in names if n.startswith("--")).split("/")[0].removeprefix("--")
    variable = "POSTHOG_WIZARD_" + long.replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def _choices(function: F) -> F:
    for option in reversed(tuple(OPTIONS.values())):
        flag = option.key.replace("_", "-")
        function = _option(f"--{flag}/--no-{flag}", option.key, default=None, help=f"{option.ask}.")(function)
    return function


DIRECTORY = click.argument("directory", default=".", type=click.Path(path_type=Path))
JSON = _option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, whatever happens.")
DEBUG = _option("--debug", is_flag=True, help="Show tracebacks.")


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version; reading it takes 25 ms, so nobody else waits for it."""
    if not wanted:
        return
    from importlib import metadata

    try:
        version = metadata.version("posthog-wizard")
    except metadata.PackageNotFoundError:
        version = "unknown (not installed)"
    click.echo(f"posthog-wizard {version}")
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
@_option("--dry-run", is_flag=True, help="Print the diff on stdout (git apply takes it); write and start nothing.")
@_option("--check", is_flag=True, help="Exit 5 if anything would change; write nothing.")
@_option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing; a missing answer is exit 2 and names its flag.")
@_option("--token", help="Project token (phc_...), from Project settings in PostHog.")
@_option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
@_option("--host", help="URL of your own PostHog, or of your proxy, instead of a region.")
@_option("--framework", help="Framework id (see `posthog-wizard frameworks`) instead of detection.")
@_option("--target", multiple=True, metavar="PATH", help="App to set up, relative to DIRECTORY; repeatable.")
@_choices
@_option("--package-manager", help="Package manager instead of the detected one (npm, pnpm, uv, ...).")
@_option("--sdk-version", multiple=True, metavar="NAME=VERSION", help="Version or range of a package; repeatable.")
@_option("--replace-token", is_flag=True, help="Replace a different token that the project already has.")
@_option("--no-install", is_flag=True, help="Change the manifests but do not run the package manager.")
@_option("--no-verify", is_flag=True, help="Do not check that events arrive.")
@_option("--allow-dirty", is_flag=True, help="Edit files that have uncommitted changes.")
@JSON
@DEBUG
def setup(**options: Any) -> int:
    """Find the app in DIRECTORY, show what would change, apply it, install the SDK, prove that an event arrives."""
    from wizard.commands.setup import Settings, setup

    return setup(Settings(**options))


@cli.command()
@DIRECTORY
@JSON
@DEBUG
def detect(directory: Path, as_json: bool, debug: bool) -> int:
    """Say which apps are in DIRECTORY, why, and what of PostHog they already have."""
    from wizard.commands.detect import detect

    return detect(directory, as_json)


@cli.command()
@DIRECTORY
@_option("--target", multiple=True, metavar="PATH", help="App to check, relative to DIRECTORY; repeatable.")
@_option("--framework", help="Framework id instead of detection.")
@_option("--token", help="Project token instead of the one in the project's env files.")
@_option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
@_option("--host", help="URL of your own PostHog.")
@_option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing.")
@_option(
    "--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to wait for the app."
)
@JSON
@DEBUG
def verify(**options: Any) -> int:
    """Check each link apart: token and host, the app's own code, and (with a personal key) the event in the project."""
    from wizard.commands.verify import VerifySettings, verify

    return verify(VerifySettings(**options))


@cli.command()
@DIRECTORY
@_option("--dry-run", is_flag=True, help="Print the diff of the undo on stdout; write nothing.")
@_option("--list", "list_only", is_flag=True, help="List what can be undone here.")
@_option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing.")
@JSON
@DEBUG
def undo(directory: Path, dry_run: bool, list_only: bool, ci: bool, as_json: bool, debug: bool) -> int:
    """Take the last setup in DIRECTORY back, byte for byte; later edits of yours stay."""
    from wizard.commands.undo import undo

    return undo(directory, dry_run=dry_run, list_only=list_only, ci=ci, as_json=as_json)


@cli.command()
@JSON
@DEBUG
def frameworks(as_json: bool, debug: bool) -> int:
    """List the supported frameworks."""
    from wizard.commands.frameworks import frameworks

    return frameworks(as_json)


@cli.command()
@_option(
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
            traceback.print_exc()
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
            traceback.print_exc()
        return _failed(Exit.BUG, f"our bug: {type(error).__name__}: {error}", f"Please report it with {log}", as_json)


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
    from wizard.state import state_directory

    path = state_directory() / "last-error.log"
    path.write_text(text, encoding="utf-8")
    return path
