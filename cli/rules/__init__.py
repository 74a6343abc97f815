"""`rules check`."""

import click
import faust

from cli.rules.check import add_check
from cli.support.blocking_command import add_group


def add_rules(app: faust.App) -> None:
    """Add the group and its commands to the `faust` program."""
    group: click.Group = add_group("rules", "Check rule sets.")
    add_check(app, group)
