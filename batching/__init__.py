"""Batched topics and one Kafka transaction per batch, for any Faust app.

Knows nothing of what is in the records. Start reading at :mod:`batching.engine`.
"""

from batching.batch import Batch, SourceRecord
from batching.engine import Engine
from batching.errors import Abandoned, BatchingError, Fenced, TransactionRefused
from batching.table import PartitionTable
from batching.transaction import Transaction, Transactions
from batching.writer import Output

__all__ = [
    "Abandoned",
    "Batch",
    "BatchingError",
    "Engine",
    "Fenced",
    "Output",
    "PartitionTable",
    "SourceRecord",
    "Transaction",
    "TransactionRefused",
    "Transactions",
]
