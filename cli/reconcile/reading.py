"""Reads the three topics and proves that each account ended in exactly one outcome.

The order in which the topics are asked makes the proof hold while the stream runs. First the rows
of the table: everything below their `next_offset` is committed, outcomes included. Then the ends
of verdicts and dead letters, which lie behind all of these outcomes. Last the ends of the accounts,
so that the account of each outcome is read.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from faust_transactions import Span, TopicIdentity

from cli.reading.positions import Position, accounts_identity, mismatches, positions
from cli.reconcile.findings import Findings, total
from cli.reconcile.ledger import PartitionLedger
from cli.reconcile.proof import Proof
from cluster import ClusterError, connect, is_compacted, topic_spans
from cluster.reading.account_times import CLOCKS_DIFFER_MS
from cluster.reading.offsets import Isolation
from config import Settings
from lookup.bounded_read import BoundedRead, Place
from records.outcome import OUTCOMES

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]

# By default Kafka accepts timestamps that are an hour ahead (message.timestamp.after.max.ms).
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Reconciliation:
    """What was found, in each partition and in all."""

    topic: TopicIdentity
    partitions: Mapping[int, Findings]
    whole: Findings
    #: First offset of each partition of the accounts; what was before is deleted.
    begins: Mapping[int, int]
    #: Partitions in which the stream has judged nothing yet.
    unstarted: Collection[int]
    #: Positions of the stream that are not in this topic, by partition.
    mismatches: Mapping[int, Position]
    #: Accounts topic of another stream -> its verdicts and dead letters in the outputs.
    other_streams: Mapping[str, int]
    #: Id of a token key -> verdicts of this stream.
    keys: Mapping[str, int]
    #: Outcome -> verdicts of this stream.
    outcomes: Mapping[str, int]
    #: Partitions that could not be read to their ends, and how far: a transaction is open there.
    stopped_at: Mapping[Place, int]
    seconds: float

    @property
    def proven(self) -> bool:
        """True when each account that is due ended in exactly one outcome."""
        return self.whole.proven and not self.mismatches


def reconcile(
    settings: Settings,
    *,
    progress: Progress = lambda _done, _of: None,
    stop: Stop = lambda: False,
) -> Reconciliation | None:
    """Read accounts, verdicts and dead letters once, up to where they end now.

    Calls `progress` with the number of offsets read, and with their total. Takes two bits of memory
    for each account and some seconds for a million. None when `stop` returned True before the end;
    raises ClusterError.
    """
    began = time.monotonic()
    client = connect(settings, timeout=0)
    topic = accounts_identity(settings)
    at = positions(settings)
    outcomes = _outcome_spans(settings, "read_uncommitted")
    spans = topic_spans(settings, settings.accounts_topic)
    if not spans:
        raise ClusterError(f"no topic {settings.accounts_topic}: there is nothing to reconcile")
    elsewhere = mismatches(at, topic, spans)
    proof = Proof(settings, _ledgers(topic, spans, at, elsewhere))
    accounts = {(settings.accounts_topic, partition): span for partition, span in spans.items()}
    # An outcome is compared with its account, so the accounts come first.
    stopped_at: dict[Place, int] = {}
    steps = ((accounts, proof.enter_account), (outcomes, proof.enter_outcome))
    advance = _total_of(progress, [*accounts.values(), *outcomes.values()])
    for wanted, enter in steps:
        reading = BoundedRead(settings, wanted)
        for batch in reading.batches(stop):
            for record in batch:
                enter(record)
            advance(len(batch))
        stopped_at |= reading.stopped_at
    if stop():
        return None
    if not accounts_identity(settings).is_same(topic):
        raise ClusterError(f"topic {topic.name} was re-created meanwhile: run reconcile again")
    # What retention deleted meanwhile was perhaps not read, so the begins count as they are now.
    begins = {p: span.begin for p, span in topic_spans(settings, settings.accounts_topic).items()}
    thinned = [place for place, span in _outcome_spans(settings).items() if span.begin]
    compacted = cache(lambda: is_compacted(client, settings.accounts_topic))
    partitions = proof.findings(begins, thinned, compacted)
    return Reconciliation(
        topic=topic,
        partitions=partitions,
        whole=total(partitions.values(), proof.elsewhere),
        begins=begins,
        unstarted=spans.keys() - at.keys(),
        mismatches=elsewhere,
        other_streams=dict(proof.other_streams.most_common()),
        keys=dict(proof.keys.most_common()),
        outcomes={outcome: proof.outcomes[outcome] for outcome in OUTCOMES},
        stopped_at=stopped_at,
        seconds=time.monotonic() - began,
    )


def _ledgers(
    topic: TopicIdentity,
    spans: Mapping[int, Span],
    at: Mapping[int, Position],
    elsewhere: Mapping[int, Position],
) -> dict[int, PartitionLedger]:
    def ledger(partition: int, span: Span) -> PartitionLedger:
        position = at.get(partition)
        known = position is not None and position.is_surely_of(topic)
        return PartitionLedger(
            topic.name,
            partition,
            span,
            None if position is None else position.next_offset,
            former=partition in elsewhere,
            clocks_differ=_HOUR_MS if known else CLOCKS_DIFFER_MS,
        )

    return {partition: ledger(partition, span) for partition, span in spans.items()}


def _total_of(progress: Progress, spans: Iterable[Span]) -> Callable[[int], None]:
    size = sum(span.end - span.begin for span in spans)
    done = 0

    def advance(number: int) -> None:
        nonlocal done
        done += number
        progress(done, size)

    return advance


def _outcome_spans(
    settings: Settings, isolation: Isolation = "read_committed"
) -> dict[Place, Span]:
    return {
        (topic, partition): span
        for topic in (settings.verdicts_topic, settings.dead_letters_topic)
        for partition, span in topic_spans(settings, topic, isolation).items()
    }
