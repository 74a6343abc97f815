"""`produce SIZE`: sends fake accounts as fast as the brokers acknowledge them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from random import Random

import click
import faust
from faust.cli import argument, option
from rich.console import Console

from cli.produce.fake_values import Fakes, unique_values, values
from cli.support.blocking_command import BlockingCommand
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.progress import shown_progress
from cli.support.sender import Outgoing, Sender, Sent
from cluster import connect, ensure_topics, topic_spans
from config import Settings

_MOST = 10**12

MakeFakes = Callable[[int | None], Fakes]
"""Makes the source of fake accounts for a seed."""


def add_produce(app: faust.App, settings: Settings, fakes: MakeFakes) -> None:
    """Add the command to the `faust` program."""

    @app.command(
        argument("size", type=click.IntRange(0, _MOST)),
        option("--seed", type=int, default=settings.seed, help="Make the accounts reproducible."),
        option("--unique", is_flag=True, help="Give every account its own card number."),
        base=BlockingCommand,
    )
    def produce(self: BlockingCommand, size: int, seed: int | None, unique: bool) -> None:
        """Send SIZE fake accounts; print how many were acknowledged and how fast."""
        send_accounts(settings, size, fakes(seed), seed=seed, unique=unique, console=self.console)


def send_accounts(
    settings: Settings, size: int, fakes: Fakes, *, seed: int | None, unique: bool, console: Console
) -> None:
    """Send `size` accounts; print how many were acknowledged and how fast.

    The accounts have no keys and go to the partitions in turn. Creates missing topics with the
    partitions that the worker needs. Raises CommandError when not all were acknowledged,
    ClusterError when no cluster can be reached, Interrupted after Ctrl-C; prints what was
    acknowledged in each case.
    """
    if not size:
        console.print("0 accounts: nothing to send")
        return
    ensure_topics(connect(settings, timeout=0), settings)
    made = unique_values(fakes, size, seed) if unique else values(fakes, size)
    partitions = len(topic_spans(settings, settings.accounts_topic))
    sender = Sender(settings, settings.accounts_topic)
    with interruption() as asked, shown_progress(console, "accounts") as advance:
        sent = sender.send(
            in_turn(made, partitions, seed),
            progress=lambda so_far: advance(so_far.acknowledged, size),
            stop=asked.is_set,
        )
    _report(console, settings.accounts_topic, size, sent)
    if asked.is_set():
        raise Interrupted
    if sent.acknowledged < size:
        raise CommandError(f"{size - sent.acknowledged:,} of {size:,} accounts not acknowledged")


def in_turn(made: Iterable[bytes], partitions: int, seed: int | None) -> Iterator[Outgoing]:
    """Assign the values to the partitions in turn, so that any number is spread evenly.

    librdkafka would stay with one partition for some milliseconds, which is enough for all of a
    small number of accounts. The first partition is random, or follows from the seed.
    """
    first = Random(seed).randrange(partitions)
    turns = islice(cycle(range(partitions)), first, None)
    return (Outgoing(value, None, turn) for value, turn in zip(made, turns, strict=False))


def _report(console: Console, topic: str, size: int, sent: Sent) -> None:
    console.print(
        f"{sent.acknowledged:,} of {size:,} accounts acknowledged in topic {topic} "
        f"in {sent.seconds:.1f} s: {sent.per_second:,.0f}/s",
        highlight=False,
    )
    for why, number in sent.failed.most_common():
        console.print(f"{number:,} failed: {why}", highlight=False, markup=False)
    if sent.unknown:
        console.print(f"{sent.unknown:,} were in flight: it is unknown whether they arrived")
    if left := size - sent.acknowledged - sent.failures - sent.unknown:
        console.print(f"{left:,} were not sent", highlight=False)
