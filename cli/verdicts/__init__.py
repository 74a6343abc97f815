"""`verdicts find`: verdicts from their topic.

`query.py` says which are wanted, `sieve.py` picks them out of records, `find.py` reads Kafka;
`printed.py` and `writer.py` show them, `remarks.py` says what a reader should know.
"""

import click
import faust

from cli.support.blocking_command import add_group
from cli.verdicts.command import add_find
from config import Settings


def add_verdicts(app: faust.App, settings: Settings) -> None:
    """Add the group and its command to the `faust` program."""
    group: click.Group = add_group("verdicts", "Find verdicts.")
    add_find(app, settings, group)
