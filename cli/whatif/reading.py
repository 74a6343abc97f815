"""Accounts that have a verdict, read from Kafka with it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from faust_transactions import Span

from cli.whatif.join import AccountRecord, LeftOut, Pair, join
from cluster import topic_spans
from config import Settings
from lookup.bounded_read import BoundedRead, Record
from lookup.spans import verdict_spans
from records import BankAccount
from records.codec.account import account_of
from records.recorded import RecordedVerdict, read_recorded
from rules.given import given
from rules.judge_again import Given

Progress = Callable[[int, int], None]
Stop = Callable[[], bool]
Batches = Generator[list[Record], None, None]


class JudgedAccounts:
    """The accounts of this stream that have a verdict, up to now; to be read once.

    Reads one partition after the other, accounts and verdicts side by side, so that memory does not
    grow with their number. Times are those of the verdicts' records, in ms since the epoch.
    ``sample``: about so many accounts, chosen by a hash of their ids.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        since: int | None = None,
        until: int | None = None,
        sample: int | None = None,
        progress: Progress = lambda _done, _of: None,
        stop: Stop = lambda: False,
    ) -> None:
        self.left_out = LeftOut()
        #: Partitions that could not be read to their ends, and how far: a transaction is open.
        self.stopped_at: dict[tuple[str, int], int] = {}
        self._settings = settings
        self._stop = stop
        self._progress = progress
        self._verdicts = verdict_spans(settings, since, until)
        self._accounts = topic_spans(settings, settings.accounts_topic)
        self._done, self._of = 0, sum(span.end - span.begin for span in self._verdicts.values())
        # One of so many is chosen.
        self.one_in = max(1, math.ceil(self._of / sample)) if sample else 1
        self._from_first = since is not None

    def __iter__(self) -> Iterator[tuple[RecordedVerdict, Given]]:
        """Each verdict and the fields of its account. Raises ClusterError."""
        for partition, span in sorted(self._verdicts.items()):
            if not self._stop():
                yield from self._of_partition(partition, span)

    def _of_partition(self, partition: int, span: Span) -> Iterator[tuple[RecordedVerdict, Given]]:
        accounts = self._accounts.get(partition, Span(0, 0))
        reading = self._read(self._settings.verdicts_topic, partition, span)
        with closing(self._verdicts_in(partition, reading)) as verdicts:
            first = next(verdicts, None)
            if first is None:
                return
            begin = accounts.begin
            if self._from_first:
                begin = max(begin, min(first.offset, accounts.end))
            records = self._read(
                self._settings.accounts_topic, partition, Span(begin, accounts.end)
            )
            with closing(_accounts_in(records)) as read:
                for pair in join(
                    _chain(first, verdicts), read, accounts, self.left_out, self._is_sampled
                ):
                    entry = self._entry(pair)
                    if entry is not None:
                        yield entry

    def _entry(self, pair: Pair) -> tuple[RecordedVerdict, Given] | None:
        verdict, record = pair
        account = account_of(record.value)
        if not isinstance(account, BankAccount) or account.amount != verdict.amount:
            self.left_out.not_of_account += 1
            return None
        # The token as it was judged: it holds whatever the key is by now.
        return verdict, given(account, verdict.account, record.timestamp)

    def _verdicts_in(
        self, partition: int, batches: Batches
    ) -> Generator[RecordedVerdict, None, None]:
        topic = self._settings.accounts_topic
        with closing(batches):
            for batch in batches:
                for record in batch:
                    verdict = read_recorded(record.value())
                    if verdict is None:
                        self.left_out.not_verdicts += 1
                    elif verdict.topic != topic or verdict.partition != partition:
                        self.left_out.other_streams += 1
                    else:
                        yield verdict
                self._done += len(batch)
                self._progress(self._done, self._of)

    def _read(self, topic: str, partition: int, span: Span) -> Batches:
        reading = BoundedRead(self._settings, {(topic, partition): span})
        try:
            yield from reading.batches(self._stop)
        finally:
            self.stopped_at |= reading.stopped_at

    def _is_sampled(self, verdict: RecordedVerdict) -> bool:
        return is_sampled(verdict.id, self.one_in)


def is_sampled(record_id: str, one_in: int) -> bool:
    """Whether this account is in the sample: the same ones each time, from all over the topic."""
    return one_in == 1 or zlib.crc32(record_id.encode()) % one_in == 0


def _accounts_in(batches: Batches) -> Generator[AccountRecord, None, None]:
    with closing(batches):
        for batch in batches:
            for record in batch:
                yield AccountRecord(record.offset(), record.value(), record.timestamp()[1])


def _chain(first: RecordedVerdict, rest: Iterator[RecordedVerdict]) -> Iterator[RecordedVerdict]:
    yield first
    yield from rest
