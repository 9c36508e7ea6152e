"""`ci-gen model`: versions of models, and the pointers that name them."""

from __future__ import annotations

import click

from ci_gen.cli import model_change, model_look


@click.group(name="model", help="Publish, look at, promote and check versions of models.")
def command() -> None:
    """The group; each verb is a function in one of the modules beside this one."""


for each in (*model_change.COMMANDS, *model_look.COMMANDS):
    command.add_command(each)
