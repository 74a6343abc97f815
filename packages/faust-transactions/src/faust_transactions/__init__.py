"""Batched topics for Faust apps, each batch in one Kafka transaction.

Everything public is here, but the test doubles, which are in :mod:`faust_transactions.testing`.
Start reading at :class:`Engine`.
"""

from faust_transactions.batch import Batch, SourceRecord
from faust_transactions.commit.client import FULL_BATCH as PRODUCER_BATCH_BYTES
from faust_transactions.commit.client import LARGEST_RECORD as MAX_RECORD_BYTES
from faust_transactions.commit.producer import Output
from faust_transactions.compat import Worker, WorkerCommand, set_web_runner
from faust_transactions.engine import Engine
from faust_transactions.errors import (
    Abandoned,
    BatchingError,
    Fenced,
    StateMismatch,
    TransactionRefused,
)
from faust_transactions.gc_tuning import tune_gc
from faust_transactions.group.owners import member_name
from faust_transactions.kafka.follower import ChangelogFollower
from faust_transactions.kafka.latest import LatestRecords
from faust_transactions.kafka.offsets import (
    Span,
    committed_spans,
    offsets_at,
    partitions_of,
)
from faust_transactions.kafka.offsets import until as retry_until
from faust_transactions.kafka.record_headers import headers_of
from faust_transactions.kafka.tail import CONSUMER as TAIL_CONSUMER
from faust_transactions.kafka.tail import LastRecord, last_records, read_last
from faust_transactions.kafka.tail_search import TailSearch
from faust_transactions.kafka.topic_ids import TopicIds, topic_ids
from faust_transactions.kafka.topic_reader import TopicReader
from faust_transactions.kafka.versioned import Versioned
from faust_transactions.observe.health import Health, Level
from faust_transactions.observe.latency import BUCKETS as LATENCY_BUCKETS
from faust_transactions.observe.latency import LatencyHistogram
from faust_transactions.observe.loggers import quiet_libraries
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.observe.owned import PartitionProgress
from faust_transactions.sources.remedy import recreated_topic_remedy
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.partition import PartitionTable
from faust_transactions.transaction import Transaction, Transactions

__all__ = [
    "LATENCY_BUCKETS",
    "MAX_RECORD_BYTES",
    "PRODUCER_BATCH_BYTES",
    "TAIL_CONSUMER",
    "Abandoned",
    "Batch",
    "BatchingError",
    "ChangelogFollower",
    "Engine",
    "EngineMetrics",
    "Fenced",
    "Health",
    "LastRecord",
    "LatencyHistogram",
    "LatestRecords",
    "Level",
    "Output",
    "PartitionProgress",
    "PartitionTable",
    "SourceRecord",
    "Span",
    "StateMismatch",
    "TailSearch",
    "TopicIdentity",
    "TopicIds",
    "TopicReader",
    "Transaction",
    "TransactionRefused",
    "Transactions",
    "Versioned",
    "Worker",
    "WorkerCommand",
    "committed_spans",
    "headers_of",
    "last_records",
    "member_name",
    "offsets_at",
    "partitions_of",
    "quiet_libraries",
    "read_last",
    "recreated_topic_remedy",
    "retry_until",
    "set_web_runner",
    "topic_ids",
    "tune_gc",
]
