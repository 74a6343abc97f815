"""What a reconciliation has to explain, a line each."""

from collections.abc import Iterator

from cli.reading.positions import describe_mismatches
from cli.reconcile.reading import Reconciliation
from cli.support.numbers import number_of


def remarks(result: Reconciliation) -> Iterator[str]:
    """The lines, the most serious first."""
    yield from _former(result)
    yield from _lost(result)
    yield from _unverifiable(result)
    whole = result.whole
    if whole.pending:
        pending = number_of(whole.pending, "account is", "accounts are")
        yield f"{pending} pending: the stream has not reached them."
    for (topic, partition), offset in result.stopped_at.items():
        yield f"{topic}-{partition} was read up to offset {offset}: a transaction is open there."
    for topic, number in result.other_streams.items():
        outcomes = number_of(number, "verdict or dead letter", "verdicts and dead letters")
        yield f"{outcomes} in the outputs belong to another stream, of topic {topic}."
    if len(result.keys) > 1:
        keys = ", ".join(f"{key} ({number:,})" for key, number in result.keys.items())
        yield (
            f"The verdicts have tokens of {len(result.keys)} keys, {keys}: one card has several "
            "tokens. Start all workers with the same FRAUD_TOKEN_KEY."
        )


def _former(result: Reconciliation) -> Iterator[str]:
    topic, former = result.topic.name, result.whole.former
    belong = "belongs" if former == 1 else "belong"
    outcomes = (
        f"{number_of(former, 'verdict or dead letter', 'verdicts and dead letters')} {belong} to "
        "records that are no longer there"
    )
    if result.mismatches:
        judged = result.whole.verdicts + result.whole.dead_letters
        statement = describe_mismatches(result.mismatches, result.topic, judged=judged)
        yield statement[0].upper() + statement[1:] + "."
        if former:
            yield f"{outcomes}, or to another topic."
    elif former:
        yield (
            f"The accounts topic {topic} was re-created: {outcomes}, being older than the accounts "
            "at their offsets. (If it was not, the clock of its producers is ahead of that of the "
            "workers.) Accounts listed as missing have no verdict: send those, and no others, "
            "again as new records."
        )


def _lost(result: Reconciliation) -> Iterator[str]:
    if not result.whole.lost:
        return
    places = ", ".join(
        f"{found.lost:,} in {result.topic.name}-{partition}"
        for partition, found in result.partitions.items()
        if found.lost
    )
    yield (
        f"{number_of(result.whole.lost, 'offset was', 'offsets were')} deleted before the stream "
        f"judged them, and are lost: {places}. Raise retention.ms and retention.bytes of the topic."
    )


def _unverifiable(result: Reconciliation) -> Iterator[str]:
    whole = result.whole
    for partition, begin in result.begins.items():
        if begin and partition in result.unstarted:
            yield (
                f"{result.topic.name}-{partition} begins at offset {begin:,}, and the stream has "
                "judged nothing in it yet: if it was running when the accounts before it were "
                "deleted, they are lost."
            )
        elif begin:
            yield (
                f"{result.topic.name}-{partition} begins at offset {begin:,}: the accounts before "
                "it are deleted and not part of this proof."
            )
    if whole.accounts_deleted:
        deleted = number_of(whole.accounts_deleted, "outcome is", "outcomes are")
        yield f"{deleted} unverifiable: the accounts topic no longer has what was judged."
    if whole.outcomes_deleted:
        deleted = number_of(whole.outcomes_deleted, "account is", "accounts are")
        yield f"{deleted} unverifiable: retention may have deleted the verdict or dead letter."
    if whole.offsets_deleted:
        deleted = number_of(whole.offsets_deleted, "deleted offset is", "deleted offsets are")
        yield f"{deleted} unverifiable: transaction markers, or accounts that were not judged."
