"""Accounts and their verdicts of one partition, joined by offset. No Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, NamedTuple

from faust_transactions import Span

from records.recorded import RecordedVerdict

#: A verdict that is older than the accounts by more was given about a record of a former topic:
#: clocks of producers and workers differ by less.
_CLOCKS_DIFFER_MS: Final = 3_600_000
#: Of so many accounts the earliest timestamp counts: the clock of one producer may be wrong.
_FIRST: Final = 1_000


class AccountRecord(NamedTuple):
    """A record of the accounts topic; `timestamp` is in ms since the epoch, or below 0."""

    offset: int
    value: bytes | None
    timestamp: int


@dataclass(slots=True)
class LeftOut:
    """Records that could not be compared, by why."""

    #: Verdicts whose account retention deleted, whose account is not there otherwise, which judge
    #: a record of a former topic of the same name, which come again or out of order.
    account_deleted: int = 0
    account_missing: int = 0
    former_topic: int = 0
    out_of_order: int = 0
    #: Verdicts that say other things about the account than it does itself.
    not_of_account: int = 0
    #: Accounts that have no verdict, though later ones have: dead letters, or deleted verdicts.
    without_verdict: int = 0
    #: Verdicts of other accounts topics, and records that are no verdicts.
    other_streams: int = 0
    not_verdicts: int = 0
    #: Accounts that the sample leaves out.
    not_sampled: int = 0

    def count(self, name: str) -> None:
        """Count one more under this field's name."""
        setattr(self, name, getattr(self, name) + 1)


Pair = tuple[RecordedVerdict, AccountRecord]


def join(
    verdicts: Iterator[RecordedVerdict],
    accounts: Iterator[AccountRecord],
    span: Span,
    left_out: LeftOut,
    wanted: Callable[[RecordedVerdict], bool] = lambda _verdict: True,
) -> Iterator[Pair]:
    """Each verdict with its account; both come in the order of the accounts.

    ``span`` are the accounts that there are. Reads no account beyond the last verdict's. What
    cannot be joined is counted in ``left_out``, as are verdicts that are not ``wanted``.
    """
    first = list(islice(accounts, _FIRST))
    floor = min((each.timestamp for each in first if each.timestamp > 0), default=0)
    accounts = chain(first, accounts)
    account = next(accounts, None)
    last = -1
    for verdict in verdicts:
        offset = verdict.offset
        if why := _not_joined(verdict, span, floor, last):
            left_out.count(why)
            continue
        last = offset
        while account is not None and account.offset < offset:
            left_out.without_verdict += 1
            account = next(accounts, None)
        if account is None or account.offset > offset:
            left_out.account_missing += 1
            continue
        if wanted(verdict):
            yield verdict, account
        else:
            left_out.not_sampled += 1
        account = next(accounts, None)


def _not_joined(verdict: RecordedVerdict, span: Span, floor: int, last: int) -> str | None:
    """Why a verdict is not looked for among the accounts: a field of LeftOut."""
    if verdict.verified_at + _CLOCKS_DIFFER_MS < floor:
        return "former_topic"
    if verdict.offset < span.begin:
        return "account_deleted"
    if verdict.offset >= span.end:
        return "account_missing"
    return "out_of_order" if verdict.offset <= last else None
