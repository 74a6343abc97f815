"""From the records of the three topics to the ledgers of the partitions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from faust_transactions import Span

from cli.reconcile.ledger import Findings, Listing, PartitionLedger
from cli.support.bounded_read import Record, headers_of
from cli.support.record_ids import printable_id
from config.settings import Settings
from records import DeadLetter, record_id


class Proof:
    """Takes the records of the three topics in any order, and says what they come to.

    `spans` are those of the accounts topic, `dues` the offsets below which the stream says that
    everything is judged. `elsewhere` lists outcomes that name none of our partitions.
    """

    def __init__(
        self, settings: Settings, spans: Mapping[int, Span], dues: Mapping[int, int]
    ) -> None:
        self.topic = settings.accounts_topic
        self.elsewhere = Listing()
        self.ledgers = {
            partition: PartitionLedger(self.topic, partition, span, dues.get(partition, 0))
            for partition, span in spans.items()
        }
        self._first_outcomes: dict[tuple[str, int], int] = {}
        self._verdicts, self._dead_letters = settings.verdicts_topic, settings.dead_letters_topic

    def enter(self, record: Record) -> None:
        """Enters a record of one of the three topics, within the span of its partition."""
        topic = record.topic()
        if topic == self.topic:
            self.ledgers[record.partition()].account(record.offset())
        elif topic == self._verdicts:
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

        `begins` are where the accounts begin by now, `deleted` the partitions of the other two
        topics from which records were deleted; for `compacted` see `PartitionLedger.findings`.
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
        try:
            data = orjson.loads(record.value() or b"")
            topic, partition, offset = data["topic"], data["partition"], data["offset"]
            named = data["id"]
        except (ValueError, TypeError, KeyError):
            self._orphaned("not a verdict", record)
            return
        # In Python True is 1, and 1.0 is; in an id they are not.
        sound = type(offset) is int and named == record_id(topic, partition, offset)
        if not sound or not self._is_ours(topic, partition, record):
            self._orphaned(str(named), record)
            return
        self._first_outcomes.setdefault((self._verdicts, partition), offset)
        self.ledgers[partition].verdict(offset)

    def _enter_dead_letter(self, record: Record) -> None:
        try:
            letter = DeadLetter.from_message(None, None, headers_of(record))
        except ValueError:
            self._orphaned("not a dead letter", record)
            return
        if not self._is_ours(letter.topic, letter.partition, record):
            self._orphaned(letter.id, record)
            return
        self._first_outcomes.setdefault((self._dead_letters, letter.partition), letter.offset)
        self.ledgers[letter.partition].dead_letter(letter.offset)

    def _is_ours(self, topic: Any, partition: Any, record: Record) -> bool:
        """An outcome is in the partition of its account."""
        here = type(partition) is int and partition == record.partition()
        return topic == self.topic and here and partition in self.ledgers

    def _orphaned(self, what: str, record: Record) -> None:
        where = f"{record.topic()}-{record.partition()}@{record.offset()}"
        self.elsewhere.add(f"{printable_id(what, self.topic)} ({where})")
