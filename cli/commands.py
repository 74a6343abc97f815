"""The commands, in the order in which an operator meets them."""

import faust

from cli.counts import add_counts
from cli.dead_letters import add_dead_letters
from cli.explain.command import add_explain
from cli.partitions import add_partitions
from cli.produce.command import MakeFakes, add_produce
from cli.rebuild import add_rebuild_rows
from cli.reconcile.command import add_reconcile
from cli.rules import add_rules
from cli.top.command import add_top
from cli.verdicts import add_verdicts
from cli.whatif.command import add_what_if
from config import Settings


def attach(app: faust.App, settings: Settings, fakes: MakeFakes, program: str) -> None:
    """Add the commands to the `faust` program when it is started with this app.

    `fakes` makes the source of fake accounts for a seed, `program` is this program's version.
    Nothing is opened before a command runs.
    """
    add_produce(app, settings, fakes)
    add_counts(app, settings)
    add_top(app, settings)
    add_reconcile(app, settings)
    add_rebuild_rows(app, settings)
    add_dead_letters(app, settings)
    add_partitions(app, settings)
    add_rules(app, settings, program)
    add_what_if(app, settings)
    add_explain(app, settings)
    add_verdicts(app, settings)
