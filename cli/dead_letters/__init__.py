"""`dead-letters list`, `dead-letters show` and `dead-letters replay`."""

import click
import faust

from cli.dead_letters.list_letters import add_list
from cli.dead_letters.replay_letters import add_replay
from cli.dead_letters.show_letter import add_show
from cli.support.blocking_command import add_group
from config import Settings


def add_dead_letters(app: faust.App, settings: Settings) -> None:
    """Add the group and its commands to the `faust` program."""
    group: click.Group = add_group(
        "dead-letters", "List dead letters, show one, or replay chosen ones."
    )
    add_list(app, settings, group)
    add_show(app, settings, group)
    add_replay(app, settings, group)
