"""What is said about an account, as consumers read it."""

from typing import Any

import orjson

from records.wire import WireRecord


def record_id(topic: str, partition: int, offset: int) -> str:
    """The id of the verdict or dead letter of one input record: unique for ever."""
    return f"{topic}-{partition}-{offset}"


class Verdict(WireRecord):
    """The judgement of one account.

    `id`, `topic`, `partition` and `offset` say which input it judges, `account` is the token of the
    card, `card` its mask. `reasons` is empty exactly when `authorized`. `verified_at` is in
    milliseconds since the epoch.
    """

    id: str
    topic: str
    partition: int
    offset: int
    account: str
    card: str
    amount: float
    authorized: bool
    reasons: tuple[str, ...]
    verified_at: int

    def __post_init__(self) -> None:
        # JSON knows lists only; what was written as a tuple is to be read back as one.
        self.reasons = tuple(self.reasons)


def encode(
    topic: str,
    partition: int,
    offset: int,
    account: str,
    card: str,
    amount: float,
    reasons: tuple[str, ...],
    verified_at: int,
) -> bytes:
    """The bytes of a verdict, without making a `Verdict` first: for the hot path.

    The same as `Verdict(...).dumps()`; authorized when there are no reasons. `account` and `card`
    are the token and the mask, never the number.
    """
    fields: dict[str, Any] = {
        "id": f"{topic}-{partition}-{offset}",
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "account": account,
        "card": card,
        "amount": amount,
        "authorized": not reasons,
        "reasons": reasons,
        "verified_at": verified_at,
    }
    # A copy: what orjson returns sits in a buffer of 1 KiB, and thousands of them are kept until
    # their batch is committed. Getting and giving back that memory took ten times the dumping.
    return b"%b" % orjson.dumps(fields)
