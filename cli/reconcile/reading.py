"""`reconcile`: proves that each account ended in exactly one verdict or one dead letter.

The order of the looks is what makes the proof hold while the stream runs. First the rows of the
table: everything below their `next_offset` was committed, outcomes and all. Then the ends of the
verdicts and dead letters, which are behind all of these outcomes. Last the ends of the accounts,
so that there is no outcome whose account is not seen.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from faust_transactions import Span

from cli.reconcile.ledger import Findings, total
from cli.reconcile.proof import Proof
from cli.support.bounded_read import BoundedRead, Place
from cluster import (
    ClusterError,
    committed_offsets,
    committed_rows,
    connect,
    is_compacted,
    topic_spans,
)
from cluster.spans import Isolation
from config.settings import Settings


@dataclass(frozen=True)
class Reconciliation:
    """What was found, in each partition and in all."""

    topic: str
    partitions: Mapping[int, Findings]
    whole: Findings
    #: Where each partition of the accounts begins; what was before is deleted.
    begins: Mapping[int, int]
    #: Partitions that could not be read to their ends, and how far: a transaction is open there.
    stopped_at: Mapping[Place, int]
    seconds: float


def reconcile(
    settings: Settings,
    *,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Reconciliation | None:
    """Reads accounts, verdicts and dead letters once, up to where they go now.

    `progress` is told how many offsets were read, and of how many. Takes two bits of memory for
    each account and some seconds for a million. None when `stop` said True before the end; raises
    ClusterError.
    """
    began = time.monotonic()
    client = connect(settings, patience=0)
    dues = committed_offsets(settings)
    dues |= {partition: row.next_offset for partition, row in committed_rows(settings).items()}
    spans = _outcome_spans(settings, "read_uncommitted")
    accounts = topic_spans(settings, settings.accounts_topic)
    if not accounts:
        raise ClusterError(f"no topic {settings.accounts_topic}: there is nothing to reconcile")
    spans |= {(settings.accounts_topic, partition): span for partition, span in accounts.items()}
    proof = Proof(settings, accounts, dues)
    reading = BoundedRead(settings, spans)
    size = sum(span.end - span.begin for span in spans.values())
    done = 0
    for batch in reading.batches(stop):
        for record in batch:
            proof.enter(record)
        done += len(batch)
        progress(done, size)
    if stop():
        return None
    # What retention took away meanwhile was perhaps not read, so the begins count as they are now.
    begins = {p: span.begin for p, span in topic_spans(settings, settings.accounts_topic).items()}
    thinned = [place for place, span in _outcome_spans(settings).items() if span.begin]
    compacted = cache(lambda: is_compacted(client, settings.accounts_topic))
    partitions = proof.findings(begins, thinned, compacted)
    return Reconciliation(
        settings.accounts_topic,
        partitions,
        total(partitions.values(), proof.elsewhere),
        begins,
        reading.stopped_at,
        time.monotonic() - began,
    )


def _outcome_spans(
    settings: Settings, isolation: Isolation = "read_committed"
) -> dict[Place, Span]:
    return {
        (topic, partition): span
        for topic in (settings.verdicts_topic, settings.dead_letters_topic)
        for partition, span in topic_spans(settings, topic, isolation).items()
    }
