"""`verdicts find`."""

from __future__ import annotations

import sys
from functools import partial

import click
import faust
from faust.cli import argument, option

from cli.support.blocking_command import EX_FAILURE, JSON, BlockingCommand
from cli.support.errors import Interrupted
from cli.support.interruption import interruption
from cli.support.output import PLAIN
from cli.support.progress import shown_progress
from cli.support.time_option import TimeParameter, check_order
from cli.verdicts.card_input import doubt, read_card
from cli.verdicts.find import Result, find
from cli.verdicts.query import Query, ReasonParameter, TokenParameter
from cli.verdicts.remarks import remarks
from cli.verdicts.writer import Writer
from cluster import Stopped, connect
from config import Settings
from records.outcome import OUTCOMES, Outcome
from records.token import key_id, token

_OPTIONS = (
    # Click's own error would repeat a card number that somebody wrote behind --card.
    argument("surplus", nargs=-1, metavar=""),
    option("--id", "record_id", metavar="ID", help="The verdict of this account."),
    option("--card", is_flag=True, help="Of a card; read from the terminal or standard input."),
    option("--token", "account", type=TokenParameter(), help="Of a card, by its account token."),
    option("--since", type=TimeParameter(), help="Judged since then: 2h, or ISO 8601 in UTC."),
    option("--until", type=TimeParameter(), help="Judged until then."),
    option("--outcome", type=click.Choice(OUTCOMES), help="With this outcome."),
    option("--reason", type=ReasonParameter(), help="With this reason among others."),
    JSON,
)


def add_find(app: faust.App, settings: Settings, group: click.Group) -> None:
    """Add the command to its group."""

    @app.command(*_OPTIONS, base=BlockingCommand, group=group, command_name="find")
    def find_command(
        self: BlockingCommand,
        surplus: tuple[str, ...],
        record_id: str | None,
        card: bool,
        account: str | None,
        since: int | None,
        until: int | None,
        outcome: Outcome | None,
        reason: str | None,
        as_json: bool,
    ) -> int:
        """Print the verdicts that match all options; exit 1 when there is none."""
        if surplus:
            raise click.UsageError(
                "options only; --card reads the number from the terminal or standard input"
            )
        if card and account is not None:
            raise click.UsageError("--card and --token exclude each other")
        check_order(since, until)
        key, doubts = None, None
        if card:
            number = read_card(sys.stdin, sys.stderr)
            account, doubts = token(number, settings.token_key_bytes), doubt(number)
            key = key_id(settings.token_key_bytes)
        query = Query(record_id, account, since, until, outcome, reason)
        result = _found(self, settings, query, key, as_json=as_json or self.json)
        for line in (*remarks(result, key), *([doubts] if doubts else [])):
            self.messages.print(line, **PLAIN)
        return 0 if result.found else EX_FAILURE


def _found(
    command: BlockingCommand, settings: Settings, query: Query, key: str | None, *, as_json: bool
) -> Result:
    connect(settings, timeout=0)
    with interruption() as asked, shown_progress(command.messages, "read") as progress:
        write = partial(Writer, command.stdout, settings.accounts_topic, as_json=as_json)
        try:
            result = find(
                settings,
                query,
                write(paused=progress.paused),
                key=key,
                progress=progress,
                stop=asked.is_set,
            )
        except Stopped:
            raise Interrupted from None
    if asked.is_set():
        raise Interrupted
    return result
