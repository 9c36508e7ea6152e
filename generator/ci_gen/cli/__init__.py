"""The command line: one module a command, imported when that command is called.

To add a command: write `ci_gen/cli/<name>.py` with a click command called `command`, and
name it in `COMMANDS`. A command returns its exit status (None is 0) or raises an error of
`ci_gen.errors`; it neither catches those nor calls `sys.exit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

from ci_gen._version import __version__
from ci_gen.errors import WRONG

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "init": (
            "ci_gen.cli.init:command",
            "Look at a repository, write its ci-gen.yaml and render its pipeline.",
        ),
        "generate": (
            "ci_gen.cli.generate:command",
            "Render everything again and keep hand edits.",
        ),
        "check": (
            "ci_gen.cli.check:command",
            "Say which generated file is out of date, and why.",
        ),
        "diff": (
            "ci_gen.cli.diff:command",
            "Show what generate would change.",
        ),
        "config": (
            "ci_gen.cli.config:command",
            "Show, read, set and describe the keys of ci-gen.yaml.",
        ),
        "detect": (
            "ci_gen.cli.detect:command",
            "Print what is known of the repository, each fact with the line that shows it.",
        ),
        "graph": (
            "ci_gen.cli.graph:command",
            "Draw the pipeline as text, Mermaid or SVG.",
        ),
        "run": (
            "ci_gen.cli.run:command",
            "Run jobs of the pipeline on this machine.",
        ),
        "release": (
            "ci_gen.cli.release:command",
            "Make, show and verify release records.",
        ),
        "bench": (
            "ci_gen.cli.bench:command",
            "Compare benchmarks of two builds.",
        ),
        "model": (
            "ci_gen.cli.model:command",
            "Publish, look at, promote and check versions of models.",
        ),
    }
)


class LazyGroup(click.Group):
    """A group that knows its commands' names and help, and imports a module on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with, or name the one that was meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it returns is the exit status."""
        status = super().invoke(ctx)
        ctx.exit(status if isinstance(status, int) else 0)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="ci-gen")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A complete, hardened CI/CD pipeline for llama.cpp services from one config file."""
    if ctx.invoked_subcommand is None:
        # Releases of click differ in what a call without a command is; ours is wrong usage.
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG)
