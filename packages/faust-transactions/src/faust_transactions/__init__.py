"""Batched topics and one Kafka transaction per batch, for any Faust app.

Knows nothing of what is in the records. Start reading at :mod:`faust_transactions.engine`.
"""

from faust_transactions.batch import Batch, SourceRecord
from faust_transactions.engine import Engine
from faust_transactions.errors import Abandoned, BatchingError, Fenced, TransactionRefused
from faust_transactions.producer import Output
from faust_transactions.stores.partition import PartitionTable
from faust_transactions.transaction import Transaction, Transactions

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
