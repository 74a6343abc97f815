"""From the records of the three topics to the ledgers of the partitions."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE
from faust_transactions import headers_of

from cli.reconcile.findings import Findings, Listing
from cli.reconcile.ledger import PartitionLedger
from config import Settings
from lookup.bounded_read import Record
from records import DeadLetter, record_id
from records.printable.text import shown
from records.printable.untrusted_names import count_name, printable_id
from records.verdict import read_place

_KEY_ID = re.compile(r"[0-9a-f]{8}")


class Proof:
    """Takes the records of the three topics: first all accounts, then the outcomes, in any order.

    An outcome is a verdict or a dead letter. Outcomes of other accounts topics are counted by topic
    in `other_streams`. `elsewhere` lists records of the outputs that are neither. `keys` counts
    verdicts by the id of the token key; those of version 0.1 have none. `outcomes` counts them by
    outcome.
    """

    def __init__(self, settings: Settings, ledgers: Mapping[int, PartitionLedger]) -> None:
        self.topic = settings.accounts_topic
        self.ledgers = ledgers
        self.elsewhere = Listing()
        self.other_streams: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self._first_outcomes: dict[tuple[str, int], int] = {}
        self._verdicts, self._dead_letters = settings.verdicts_topic, settings.dead_letters_topic

    def enter_account(self, record: Record) -> None:
        """Enter a record of the accounts topic, within the span of its partition."""
        kind, timestamp_ms = record.timestamp()
        has_none = kind == TIMESTAMP_NOT_AVAILABLE
        ledger = self.ledgers[record.partition()]
        ledger.account(record.offset(), -1 if has_none else timestamp_ms)

    def enter_outcome(self, record: Record) -> None:
        """Enter a record of the verdicts or the dead letters topic."""
        if record.topic() == self._verdicts:
            self._enter_verdict(record)
        else:
            self._enter_dead_letter(record)

    def findings(
        self,
        begins: Mapping[int, int],
        deleted: Iterable[tuple[str, int]],
        compacted: Callable[[], bool],
    ) -> dict[int, Findings]:
        """The findings of each partition; to be asked for once.

        `begins` are where the accounts begin by now, `deleted` the partitions of the two outputs
        from which records were deleted; for `compacted` see `PartitionLedger.findings`.
        """
        thinned = set(deleted)
        return {
            partition: ledger.findings(
                begins.get(partition, ledger.span.begin),
                provable_from=max(
                    # With none left, each of them may have been deleted.
                    self._first_outcomes.get((topic, partition), ledger.span.end)
                    if (topic, partition) in thinned
                    else 0
                    for topic in (self._verdicts, self._dead_letters)
                ),
                compacted=compacted,
            )
            for partition, ledger in sorted(self.ledgers.items())
        }

    def _enter_verdict(self, record: Record) -> None:
        verdict = read_place(record.value())
        if verdict is None:
            self._orphaned("not a verdict", record)
            return
        partition, offset = verdict.partition, verdict.offset
        if verdict.id != record_id(verdict.topic, partition, offset):
            self._orphaned(verdict.id, record)
            return
        if not self._is_ours(verdict.topic, partition, verdict.id, record):
            return
        if verdict.key in self.keys or _KEY_ID.fullmatch(verdict.key):
            count_name(self.keys, verdict.key)
        self.outcomes[verdict.outcome] += 1
        self._first_outcomes.setdefault((self._verdicts, partition), offset)
        self.ledgers[partition].verdict(offset, verdict.verified_at)

    def _enter_dead_letter(self, record: Record) -> None:
        try:
            letter = DeadLetter.from_message(None, None, headers_of(record))
        except ValueError:
            self._orphaned("not a dead letter", record)
            return
        if self._is_ours(letter.topic, letter.partition, letter.id, record):
            self._first_outcomes.setdefault((self._dead_letters, letter.partition), letter.offset)
            self.ledgers[letter.partition].dead_letter(letter.offset, letter.failed_at)

    def _is_ours(self, topic: str, partition: int, name: str, record: Record) -> bool:
        """Whether an outcome is one of this stream's; otherwise count it as what it is.

        An outcome is in the partition of its account.
        """
        if topic != self.topic:
            count_name(self.other_streams, shown(topic, 249))
            return False
        if partition != record.partition() or partition not in self.ledgers:
            self._orphaned(name, record)
            return False
        return True

    def _orphaned(self, what: str, record: Record) -> None:
        where = f"{record.topic()}-{record.partition()}@{record.offset()}"
        self.elsewhere.add(f"{printable_id(what, self.topic)} ({where})")
