"""What can go wrong in the engine.

::

    BatchingError
    ├── Fenced              another owner took the partition, or the broker gave up on us
    ├── StateMismatch                what was committed before cannot be seen, or is gone
    ├── Abandoned           the partition was let go while its transaction was being written
    ├── TransactionRefused  the brokers refuse this transaction (too large, not authorized)
    └── RestoreFailed       the brokers refuse what a restore asks for

None of them reaches an agent: the engine answers each as the table in
:mod:`faust_transactions.producer` says.
"""

__all__ = [
    "Abandoned",
    "BatchingError",
    "Fenced",
    "RestoreFailed",
    "StateMismatch",
    "TransactionRefused",
]


class BatchingError(Exception):
    """Base of the engine's errors."""


class Fenced(BatchingError):
    """This producer's epoch is over: nothing it writes from now on can become visible."""


class StateMismatch(BatchingError):
    """The brokers lost the end of a transaction, or may have: the partition is to be read back."""


class Abandoned(BatchingError):
    """Writing was given up because the partition was revoked or the worker stops."""


class TransactionRefused(BatchingError):
    """The broker refuses this transaction for good; trying again would not help."""


class RestoreFailed(BatchingError):
    """What a restore asks for is refused; asking again would not help."""
