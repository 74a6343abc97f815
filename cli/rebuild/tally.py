"""The rows that verdicts and dead letters add up to, without Kafka."""

import copy
from collections import Counter
from collections.abc import Mapping

from faust_transactions import headers_of

from config import Settings
from lookup.bounded_read import Record
from records import DeadLetter, PartitionCounts, record_id
from records.verdict import read_verdict

_VERDICTS = frozenset({"authorized", "review", "unauthorized"})


class RowTally:
    """Adds what the outputs hold to the rows that there are.

    Enter the records of both outputs, each partition's in order; an outcome that a row counts
    already is passed over, and so is one of another stream, of another partition than its own, or
    of an account at or beyond `ends`. `rebuilt` then has the rows that have changed. What fired of
    the rules (`hits`) is in no output, so that it stays as the row has it.
    """

    def __init__(
        self, settings: Settings, rows: Mapping[int, PartitionCounts], ends: Mapping[int, int]
    ) -> None:
        self.rebuilt: dict[int, PartitionCounts] = {}
        self._first: dict[int, int] = {}
        self._entered: Counter[int] = Counter()
        self._topic, self._verdicts = settings.accounts_topic, settings.verdicts_topic
        self._rows = rows
        self._ends = ends

    def enter(self, record: Record) -> None:
        """Enter a record of the verdicts or the dead letters topic."""
        if record.topic() == self._verdicts:
            self._enter_verdict(record)
        else:
            self._enter_dead_letter(record)

    def without_outcome(self, partition: int) -> int:
        """Offsets that a rebuilt row would count as judged though no outcome of them was entered.

        Markers of the producers' transactions are among them, and accounts that would be skipped
        where somebody else wrote an outcome.
        """
        judged = self.rebuilt[partition].next_offset - self._first[partition]
        return judged - self._entered[partition]

    def raise_to(self, committed: Mapping[int, int]) -> dict[int, int]:
        """Count as judged what the group committed, though outcomes of it are no longer there.

        To be called when all records are entered. Returns the number of offsets by which a rebuilt
        row was raised, by partition.
        """
        raised = {}
        for partition, row in self.rebuilt.items():
            judged = min(committed.get(partition, 0), self._ends.get(partition, 0))
            if judged > row.next_offset:
                raised[partition] = judged - row.next_offset
                row.next_offset = judged
        return raised

    def _enter_verdict(self, record: Record) -> None:
        verdict = read_verdict(record.value())
        if verdict is None or verdict.outcome not in _VERDICTS:
            return
        place = (verdict.topic, verdict.partition)
        if verdict.id != record_id(*place, verdict.offset):
            return
        row = self._row(record, place, verdict.offset, verdict.verified_at)
        if row is None:
            return
        setattr(row, verdict.outcome, getattr(row, verdict.outcome) + 1)
        for name in verdict.reasons:
            row.reasons[name] = row.reasons.get(name, 0) + 1
        row.key = verdict.key

    def _enter_dead_letter(self, record: Record) -> None:
        try:
            letter = DeadLetter.from_message(None, None, headers_of(record))
        except ValueError:
            return
        place = (letter.topic, letter.partition)
        row = self._row(record, place, letter.offset, letter.failed_at)
        if row is None:
            return
        row.dead_letters += 1
        row.codes[letter.code] = row.codes.get(letter.code, 0) + 1

    def _row(
        self, record: Record, place: tuple[str, int], offset: int, at_ms: int
    ) -> PartitionCounts | None:
        """The row to count it in; None where it is not to be counted."""
        partition = record.partition()
        known = self._rows.get(partition)
        if place != (self._topic, partition) or offset >= self._ends.get(partition, 0):
            return None
        if known is not None and offset < known.next_offset:
            return None
        if partition not in self.rebuilt:
            self.rebuilt[partition] = PartitionCounts() if known is None else copy.deepcopy(known)
            self._first[partition] = offset if known is None else known.next_offset
        self._first[partition] = min(self._first[partition], offset)
        self._entered[partition] += 1
        row = self.rebuilt[partition]
        row.next_offset = max(row.next_offset, offset + 1)
        row.updated_at = max(row.updated_at, at_ms)
        row.worker = ""
        return row
