"""What telling the metrics takes by itself: the same calls as for a batch, and nothing else.

Two workers never run alike, and on two cores their difference is larger than one per cent. This is
exact, but leaves out what the calls do to the caches of the code around them; so both are shown.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from faust_transactions import EngineMetrics
from faust_transactions.testing import StoredRecord
from prometheus_client import CollectorRegistry, generate_latest

from agents.judgement import Judgement
from agents.judging import STAGES
from agents.metrics import AccountMetrics
from rules.versions.active import builtin

#: A full batch; as a worker has them that has much to do.
BATCH = 2_000
_REPEATED = 300


@dataclass(frozen=True)
class Calls:
    """Medians of processor time: seconds for an account, and for one look at `/metrics`."""

    account: float
    look: float


def measure(registry: CollectorRegistry | None = None) -> Calls:
    """Update and scrape some hundred times, as a worker in full batches would."""
    registry = registry or CollectorRegistry()
    engine, accounts = EngineMetrics(registry), AccountMetrics(registry)
    now = time.time_ns() // 1_000_000
    # Neither in order nor from one moment: the dear case for the latency.
    records = [
        StoredRecord(number, None, timestamp=now - 7 * number % 30_000) for number in range(BATCH)
    ]
    version = builtin()
    accounts.follow(version)
    judgement = Judgement(BATCH, version, verdicts=[(b"", b"")] * BATCH)
    judgement.outcomes.update(authorized=BATCH // 2, unauthorized=BATCH // 2)
    judgement.reasons.update(veritas_declined=BATCH // 2)
    judgement.hits.update(name_blank=1, card_checksum=1)
    judgement.seconds = dict.fromkeys(STAGES, 0.005)
    updated, looked = [], []
    for _ in range(_REPEATED):
        began = time.thread_time()
        _update(engine, accounts, records, judgement)
        between = time.thread_time()
        generate_latest(registry)
        updated.append(between - began)
        looked.append(time.thread_time() - between)
    return Calls(median(updated) / BATCH, median(looked))


def _update(
    engine: EngineMetrics,
    accounts: AccountMetrics,
    records: Sequence[StoredRecord],
    judgement: Judgement,
) -> None:
    """What `Engine.begin` and the verification agent report of one batch."""
    engine.queue_seconds.observe(0.001)
    engine.work_seconds.observe(0.02)
    engine.transactions.labels("aborted").inc(0)
    engine.transaction_seconds.observe(0.01)
    engine.batch_committed("bankaccount", records)
    accounts(judgement)
