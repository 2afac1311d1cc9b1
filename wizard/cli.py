"""The command line: dispatch, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

import click

from wizard.arguments import code, service
from wizard.arguments.group import cli
from wizard.errors import Exit, Interrupted, WizardError

__all__ = ["cli", "code", "main", "service"]

SCHEMA = 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments or os.environ.get("POSTHOG_WIZARD_JSON", "") not in ("", "0", "false")
    debug = "--debug" in arguments or os.environ.get("POSTHOG_WIZARD_DEBUG", "") not in ("", "0", "false")
    signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(50_000)  # what a run makes lives as long as the run; to look for cycles takes a tenth of it
    if os.environ.get("POSTHOG_WIZARD_OFFLINE", "").lower() in ("1", "true", "t", "yes", "y", "on"):
        from wizard.offline import forbid_sockets

        forbid_sockets()  # a promise that also binds the commands without the flag
    try:
        return int(cli(arguments, prog_name="posthog-wizard", standalone_mode=False) or Exit.OK)
    except click.ClickException as error:
        usage = error.ctx.get_usage() if isinstance(error, click.UsageError) and error.ctx else ""
        return _failed(Exit.USAGE, error.format_message(), usage or "posthog-wizard --help", as_json)
    except WizardError as error:
        if debug:
            _show(_trace())
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
        log = _log(_trace())
        if debug:
            _show(_trace())
        message = _redacted(f"our bug: {type(error).__name__}: {error}")
        return _failed(Exit.BUG, message, f"Please report it with {log}", as_json)


def _trace() -> str:
    import traceback

    return traceback.format_exc()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Being told to stop is being interrupted: everything started is ended, everything half done is rolled back."""
    raise KeyboardInterrupt


def _failed(code: Exit, message: str, hint: str, as_json: bool) -> int:
    from wizard.console import Console

    # a key may have been typed in the wrong place, and click repeats what it does not understand
    message, hint = _without_secrets(message), _without_secrets(hint)
    if as_json:
        import json

        report = {"schema": SCHEMA, "status": "error", "exit_code": int(code), "error": message, "hint": hint}
        Console(quiet=True).data((json.dumps(report, indent=2) + "\n").encode())
    Console().error(message, hint)
    return int(code)


def _log(text: str) -> str:
    """Where the text was written; what to do instead where nothing can be written."""
    from wizard.disk import make_private
    from wizard.shelves import state_path

    path = state_path() / "last-error.log"
    try:
        make_private(path.parent)
        path.write_text(_redacted(text), encoding="utf-8")
    except OSError:
        return "the output of the same command and --debug"
    return str(path)


def _show(text: str) -> None:
    from wizard.console import harmless

    sys.stderr.write(harmless(_redacted(text)))


def _redacted(text: str) -> str:
    return _without_secrets(text, public=True)


def _without_secrets(text: str, public: bool = False) -> str:
    from wizard import programs
    from wizard.posthog.masking import redact

    return redact(text, *programs.secrets(), public=public)
