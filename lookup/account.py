"""Finds an account and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from faust_transactions import Span, headers_of

from cluster import changelog_topic, topic_spans
from cluster.reading.rows import last_rows, rows_in
from config import Settings
from lookup.bounded_read import Record
from lookup.errors import NoIdError
from lookup.reader import RecordReader
from lookup.search import Entry, first_from
from records import DeadLetter, record_id
from records.recorded import RecordedVerdict, read_recorded

T = TypeVar("T")

#: judged: it has a verdict. dead_letter: it became one. pending: the stream has not reached it.
#: deleted: it was judged, but neither verdict nor dead letter is left. absent: there is no account
#: at this offset, and no verdict about one.
Status = Literal["judged", "dead_letter", "pending", "deleted", "absent"]

#: A verdict that is older than its account by more judges a record of a former topic.
_CLOCKS_DIFFER_MS: Final = 3_600_000
_NUMBERS = re.compile(r"-(0|[1-9]\d{0,8})-(0|[1-9]\d{0,17})", re.ASCII)


class Account:
    """A record of the accounts topic."""

    def __init__(self, record: Record) -> None:
        self.value = record.value()
        #: Ms since the epoch.
        self.timestamp = record.timestamp()[1]


@dataclass(frozen=True)
class Found:
    """What is known about an id."""

    id: str
    status: Status
    account: Account | None = None
    verdict: RecordedVerdict | None = None
    dead_letter: DeadLetter | None = None


def parse_id(text: str, accounts_topic: str) -> tuple[int, int]:
    """Partition and offset of an id. Raises NoIdError, whose text does not repeat it."""
    numbers = None
    if text.startswith(accounts_topic):
        numbers = _NUMBERS.fullmatch(text, len(accounts_topic))
    if numbers is None:
        raise NoIdError(
            f"this is no id of topic {accounts_topic}: write {accounts_topic}-PARTITION-OFFSET "
            "(FRAUD_ACCOUNTS_TOPIC names the topic)"
        )
    return int(numbers[1]), int(numbers[2])


def look_up(settings: Settings, text: str, stop: Callable[[], bool] = lambda: False) -> Found:
    """Find the account with this id and its outcome, in some dozen reads; blocks.

    Raises NoIdError, ClusterError; Stopped when `stop` returned True.
    """
    partition, offset = parse_id(text, settings.accounts_topic)
    with RecordReader(settings, stop=stop) as reader:
        return _Lookup(settings, reader, partition, offset).found()


def find_letter(settings: Settings, text: str) -> Record | None:
    """Find the dead letter of the account with this id, in some dozen reads; blocks.

    None where there is none. None also where the account was deleted: only its timestamp
    tells its dead letter from one of a former topic. Raises NoIdError, ClusterError.
    """
    partition, offset = parse_id(text, settings.accounts_topic)
    with RecordReader(settings) as reader:
        return _Lookup(settings, reader, partition, offset).letter()


class _Lookup:
    """Of one id."""

    def __init__(
        self, settings: Settings, reader: RecordReader, partition: int, offset: int
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._partition = partition
        self._offset = offset
        self._id = record_id(settings.accounts_topic, partition, offset)

    def found(self) -> Found:
        span = self._span(self._settings.accounts_topic)
        account = self._account(span)
        verdict = self._outcome(self._settings.verdicts_topic, self._verdict_in, account)
        if verdict is not None:
            return Found(self._id, "judged", account, verdict)
        letter = self._outcome(self._settings.dead_letters_topic, self._letter_in, account)
        if letter is not None:
            return Found(self._id, "dead_letter", account, dead_letter=letter)
        return Found(self._id, self._status(span, account), account)

    def letter(self) -> Record | None:
        account = self._account(self._span(self._settings.accounts_topic))
        if account is None:
            return None
        return self._outcome(self._settings.dead_letters_topic, self._letter_record_in, account)

    def _span(self, topic: str) -> Span:
        return topic_spans(self._settings, topic).get(self._partition, Span(0, 0))

    def _account(self, span: Span) -> Account | None:
        if not span.begin <= self._offset < span.end:
            return None
        topic, offset = self._settings.accounts_topic, self._offset
        return self._reader.first(topic, self._partition, offset, offset + 1, Account)

    def _status(self, span: Span, account: Account | None) -> Status:
        """Of an account without verdict and dead letter."""
        rows = rows_in(changelog_topic(self._settings), last_rows(self._settings))
        row = rows.get(self._partition)
        if account is not None:
            return "deleted" if row is not None and self._offset < row.next_offset else "pending"
        return "deleted" if self._offset < span.begin else "absent"

    def _outcome(
        self,
        topic: str,
        outcome_in: Callable[[Record], tuple[int, int, T] | None],
        account: Account | None,
    ) -> T | None:
        """The verdict or dead letter about the account.

        Those of a partition are in the order of the accounts. What was given long before the
        account was sent is about a former topic, and comes before all.
        """
        newest_former = (account.timestamp if account else 0) - _CLOCKS_DIFFER_MS

        def read(begin: int, end: int) -> Entry[T] | None:
            def pick(record: Record) -> Entry[T] | None:
                outcome = outcome_in(record)
                if outcome is None:
                    return None
                about, at, found = outcome
                return Entry(record.offset(), -1 if at < newest_former else about, found)

            return self._reader.first(topic, self._partition, begin, end, pick)

        span = self._span(topic)
        entry = first_from(self._offset, span.begin, span.end, read)
        return entry.found if entry is not None and entry.account == self._offset else None

    def _verdict_in(self, record: Record) -> tuple[int, int, RecordedVerdict] | None:
        verdict = read_recorded(record.value())
        if verdict is None or not self._is_ours(verdict.topic, verdict.partition):
            return None
        return verdict.offset, verdict.verified_at, verdict

    def _letter_in(self, record: Record) -> tuple[int, int, DeadLetter] | None:
        try:
            letter = DeadLetter.from_message(None, None, headers_of(record))
        except ValueError:
            return None
        if not self._is_ours(letter.topic, letter.partition):
            return None
        return letter.offset, letter.failed_at, letter

    def _letter_record_in(self, record: Record) -> tuple[int, int, Record] | None:
        found = self._letter_in(record)
        return None if found is None else (*found[:2], record)

    def _is_ours(self, topic: str, partition: int) -> bool:
        return topic == self._settings.accounts_topic and partition == self._partition
