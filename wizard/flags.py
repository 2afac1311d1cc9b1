"""The flags of the command line that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wizard.answers import OPTIONS

F = TypeVar("F", bound=Callable[..., Any])


class _Words(click.types.StringParamType):
    """Text; of several in one variable those with a blank are in quotes, as in a shell. A backslash is a letter."""

    def split_envvar_value(self, value: str) -> list[str]:
        lexer = shlex.shlex(value, posix=True)
        lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
        try:
            return list(lexer)
        except ValueError as error:
            raise click.BadParameter(f"a quote is not closed in {value!r}") from error


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """A flag that is also a `POSTHOG_WIZARD_*` variable, as its help says."""
    long = next(n for n in names if n.startswith("--")).split("/")[0].removeprefix("--")
    variable = "POSTHOG_WIZARD_" + long.replace("-", "_").upper()
    if settings.get("multiple"):
        settings.setdefault("type", _Words())
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def _go_offline(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> bool:
    """From the first moment on, so that not even a question can reach the network."""
    if wanted:
        from wizard.offline import forbid_sockets

        forbid_sockets()
    return wanted


DIRECTORY = click.argument("directory", default=".", type=click.Path(path_type=Path))


def no_network(help: str) -> Callable[[F], F]:
    """The flag `--offline`, for a command that has something to do without the network."""
    return option("--offline", is_flag=True, callback=_go_offline, help=help)


OFFLINE = no_network("Use no network: implies --no-install and --no-verify.")
JSON = option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, whatever happens.")
DEBUG = option("--debug", is_flag=True, help="Show tracebacks.")


def for_app(help: str) -> Callable[[F], F]:
    """The flag `--for`, for a command that takes answers for several apps."""
    return option("--for", "for_app", multiple=True, metavar="APP:ANSWER", help=help)


def choices(function: F) -> F:
    """A flag for each option of the SDKs."""
    for choice in reversed(tuple(OPTIONS.values())):
        flag = choice.key.replace("_", "-")
        function = option(f"--{flag}/--no-{flag}", choice.key, default=None, help=f"{choice.ask}.")(function)
    return function


def carrying_out(function: F) -> F:
    """The flags of the commands that write files."""
    for flag in (
        OFFLINE,
        option("--allow-dirty", is_flag=True, help="Edit files that have uncommitted changes."),
        option("--no-verify", is_flag=True, help="Do not check that events arrive."),
        option("--no-install", is_flag=True, help="Change the manifests but do not run the package manager."),
    ):
        function = flag(function)
    return function
