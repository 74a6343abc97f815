"""`produce SIZE`: sends fake accounts as fast as the brokers acknowledge them."""

from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from random import Random

from rich.console import Console

from cli.accounts import Fakes, unique_values, values
from cli.errors import CommandError, Interrupted
from cli.interruption import interruption
from cli.progress import shown_progress
from cli.sending import Outgoing, Sender, Sent
from cluster import connect, ensure_topics, topic_spans
from config.settings import Settings


def send_accounts(
    settings: Settings, size: int, fakes: Fakes, *, seed: int | None, unique: bool, console: Console
) -> None:
    """Sends `size` accounts and says how many were acknowledged and how fast.

    They have no keys and go to the partitions in turn. Creates the topics that are missing, with
    the partitions that the worker wants. Raises CommandError when not all were acknowledged,
    ClusterError when there is no cluster to send to, Interrupted after Ctrl-C; what was
    acknowledged by then is told in any case.
    """
    if not size:
        console.print("0 accounts: nothing to send")
        return
    ensure_topics(connect(settings, patience=0), settings)
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
    """Gives the values to the partitions one after the other, evenly whatever their number.

    librdkafka would stay with a partition for some milliseconds, which for a small number of
    accounts is all of them. The first one is chosen at random, by the seed if there is one.
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
        console.print(f"{sent.unknown:,} were under way: not known whether they arrived")
    if left := size - sent.acknowledged - sent.failures - sent.unknown:
        console.print(f"{left:,} were not sent", highlight=False)
