"""The group that all commands hang on; `setup` is the one that needs no name."""

from __future__ import annotations

import click


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


def examples(*lines: str) -> str:
    """The end of a command's help: lines to copy, each with what it is for."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """Set up PostHog in the app in this directory: exact diff first, undo at any time, proof that events arrive.

    Without a command this is `setup`. Nothing is written before you have seen the diff and said yes.
    """
