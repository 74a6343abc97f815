"""`rules`: check, publish, list, show, rollback."""

import click
import faust

from cli.rules.check import add_check
from cli.rules.list_versions import add_list
from cli.rules.publish import add_publish
from cli.rules.rollback import add_rollback
from cli.rules.show import add_show
from cli.support.blocking_command import add_group
from config import Settings


def add_rules(app: faust.App, settings: Settings, program: str) -> None:
    """Add the group and its commands to the `faust` program; `program` is its version."""
    group: click.Group = add_group("rules", "Check, publish and list rule sets.")
    add_check(app, group)
    add_publish(app, settings, group, program)
    add_list(app, settings, group)
    add_show(app, settings, group)
    add_rollback(app, settings, group, program)
