"""The proof for one partition, without Kafka: its accounts, and the outcome of each."""

from collections.abc import Callable

from faust_transactions import Span

from cli.reading.offset_set import OffsetSet
from cli.reconcile.findings import Findings
from cli.reconcile.timestamps import EarliestTimestamps
from cluster.reading.account_times import CLOCK_IS_SET_MS, CLOCKS_DIFFER_MS
from records import record_id


class PartitionLedger:
    """The accounts of one partition and the outcomes that name them.

    `span` holds the accounts. Below `due` all are judged, as the stream itself says; None when it
    says nothing. `former`: what the stream says of this partition is about a former topic of the
    same name, or about another topic; so is every outcome that is not known to be newer than its
    account. Otherwise an outcome is of a former topic when it is older than its account by more
    than `clocks_differ` ms.

    First enter all accounts, then all outcomes, each in any order; then ask for the `findings`.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        span: Span,
        due: int | None,
        *,
        former: bool = False,
        clocks_differ: int = CLOCKS_DIFFER_MS,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.span = span
        self.due = due
        self.former = former
        self.found = Findings()
        self._clocks_differ = clocks_differ
        self._accounts = OffsetSet()
        self._outcomes = OffsetSet()
        self._timestamps = EarliestTimestamps()
        self._earliest: int | None = None

    def account(self, offset: int, timestamp_ms: int) -> None:
        """Enter an account; a negative timestamp means that it has none."""
        self._accounts.add(offset)
        self._timestamps.add(offset, timestamp_ms)

    def verdict(self, offset: int, at_ms: int | None) -> None:
        """Enter a verdict on the account at this offset, and when it was given."""
        if self._outcome(offset, at_ms):
            self.found.verdicts += 1

    def dead_letter(self, offset: int, at_ms: int | None) -> None:
        """Enter the dead letter of the record at this offset, and when it failed."""
        if self._outcome(offset, at_ms):
            self.found.dead_letters += 1

    def findings(
        self, begin: int, *, provable_from: int, compacted: Callable[[], bool]
    ) -> Findings:
        """The findings; to be asked for once.

        `begin` is where the accounts begin by now: those below it are deleted. The outcomes of
        accounts below `provable_from` may be deleted. `compacted` says whether accounts may be
        deleted one by one, which leaves no trace; called only when that matters.
        """
        found = self.found
        found.accounts = len(self._accounts)
        for offset in self._outcomes.minus(self._accounts):
            if offset < begin or compacted():
                found.accounts_deleted += 1
            else:
                found.orphaned.add(self._id(offset))
        due = 0 if self.due is None else self.due
        if self.former:
            # Nothing more is judged there. Where a part is, the others are to be known by name.
            due = self.span.end if len(self._outcomes) else 0
        for offset in self._accounts.minus(self._outcomes):
            if offset >= due:
                found.pending += 1
            elif offset < provable_from:
                found.outcomes_deleted += 1
            else:
                found.missing.add(self._id(offset))
        if not self.former:
            self._count_deleted(begin, provable_from)
        return found

    def _count_deleted(self, begin: int, provable_from: int) -> None:
        """Count the deleted offsets that have no outcome.

        A transaction's marker takes an offset and is no account. In a partition whose remaining
        records leave no offset out there are none, so each deleted offset was an account. What the
        stream did not reach can end in one marker, that of the last account it judged.
        """
        due = begin if self.due is None else self.due
        unreached = max(0, begin - max(due, provable_from))
        first = max(self._outcomes.first or 0, provable_from)
        left_out = 0
        if self._outcomes.first is not None:
            judged = Span(first, max(first, min(begin, due)))
            left_out = judged.end - judged.begin - self._outcomes.count(judged.begin, judged.end)
        if 0 < len(self._accounts) == self.span.end - self.span.begin:
            self.found.lost += unreached + left_out
        else:
            self.found.offsets_deleted += left_out
            if unreached == 1:
                self.found.offsets_deleted += 1
            else:
                self.found.lost += unreached

    def _outcome(self, offset: int, at_ms: int | None) -> bool:
        """False for an outcome of a former topic's record."""
        if self._is_former(offset, at_ms):
            self.found.former += 1
            return False
        if not 0 <= offset < self.span.end:
            self.found.orphaned.add(self._id(offset))
        elif not self._outcomes.add(offset):
            self.found.duplicate.add(self._id(offset))
        return True

    def _is_former(self, offset: int, at_ms: int | None) -> bool:
        if not self.former:
            return at_ms is not None and self._is_older(offset, at_ms)
        if at_ms is None or offset not in self._accounts:
            return True
        account = self._timestamps.around(offset)
        return account <= 0 or at_ms < account

    def _is_older(self, offset: int, at_ms: int) -> bool:
        if offset < 0 or at_ms < CLOCK_IS_SET_MS:
            return False
        if offset in self._accounts:
            return at_ms + self._clocks_differ < self._timestamps.around(offset)
        if offset < self.span.end:
            # The account may be deleted: there is nothing to compare with.
            return False
        if self._earliest is None:
            self._earliest = self._timestamps.of_all
        return at_ms + self._clocks_differ < self._earliest

    def _id(self, offset: int) -> str:
        return record_id(self.topic, self.partition, offset)
