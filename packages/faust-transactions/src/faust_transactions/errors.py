"""Errors of the engine.

::

    BatchingError
    ├── Fenced              another owner took the partition, or the broker timed it out
    ├── StateMismatch       what was committed before cannot be read, or has changed
    ├── SourceMismatch      the source topic is not the one that the row belongs to
    ├── Abandoned           the partition was revoked while its transaction was being written
    ├── IllegalTransition   a StreamTask was asked for a state that does not follow its own
    ├── TransactionRefused  the brokers refuse this transaction (too large, not authorized)
    └── RestoreFailed       the brokers refuse what a restore asks for

None of them reaches an agent: the engine answers each as the table in
:mod:`faust_transactions.commit.producer` says.
"""

__all__ = [
    "Abandoned",
    "BatchingError",
    "Fenced",
    "IllegalTransition",
    "RestoreFailed",
    "SourceMismatch",
    "StateMismatch",
    "TransactionRefused",
]


class BatchingError(Exception):
    """Base of the engine's errors."""


class Fenced(BatchingError):
    """This producer's epoch is over: nothing it writes from now on can become visible."""


class StateMismatch(BatchingError):
    """The brokers lost the end of a transaction, or may have: the row must be read again."""


class SourceMismatch(BatchingError):
    """The source topic was replaced or truncated: the row's offsets do not count its records."""


class Abandoned(BatchingError):
    """Writing was abandoned because the partition was revoked or the worker stops."""


class IllegalTransition(BatchingError):
    """A bug in the engine: a task was asked for a state that does not follow its own."""


class TransactionRefused(BatchingError):
    """The broker refuses this transaction for good; trying again would not help."""


class RestoreFailed(BatchingError):
    """The brokers refuse what a restore asks for; asking again would not help."""
