"""`partitions release`."""

import click
import faust

from cli.partitions.release import add_release
from cli.support.blocking_command import add_group
from config import Settings


def add_partitions(app: faust.App, settings: Settings) -> None:
    """Add the group and its command to the `faust` program."""
    group: click.Group = add_group("partitions", "Let a held partition go on.")
    add_release(app, settings, group)
