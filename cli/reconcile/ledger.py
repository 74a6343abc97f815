"""The proof, without Kafka: which accounts there are, and what each of them ended in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faust_transactions import Span

from cli.support.offset_set import OffsetSet
from records import record_id

_LISTED = 100


@dataclass
class Listing:
    """How many of a kind were found, and the first hundred of them."""

    total: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, item: str) -> None:
        """One more."""
        self.total += 1
        if len(self.ids) < _LISTED:
            self.ids.append(item)

    @property
    def unlisted(self) -> int:
        """Those that are counted only."""
        return self.total - len(self.ids)


@dataclass
class Findings:
    """What the ledger of one partition, or of all, comes to."""

    accounts: int = 0
    verdicts: int = 0
    dead_letters: int = 0
    #: Not judged yet, and not due either: the stream had not come so far.
    pending: int = 0
    #: Judged, but the account is deleted: no telling whether it was one.
    accounts_deleted: int = 0
    #: No verdict or dead letter, but it may be among those that are deleted.
    outcomes_deleted: int = 0
    missing: Listing = field(default_factory=Listing)
    duplicate: Listing = field(default_factory=Listing)
    orphaned: Listing = field(default_factory=Listing)

    @property
    def proven(self) -> bool:
        """True when nothing is missing, duplicate or orphaned."""
        return not (self.missing.total or self.duplicate.total or self.orphaned.total)


class PartitionLedger:
    """The accounts of one partition, the outcomes that name them, and how the two fit.

    `span` is where the accounts go from and to. Below `due` everything is judged, as the stream
    itself says. First enter all records, in any order; then ask for the `findings`.
    """

    def __init__(self, topic: str, partition: int, span: Span, due: int) -> None:
        self.topic = topic
        self.partition = partition
        self.span = span
        self.due = due
        self.found = Findings()
        self._accounts = OffsetSet()
        self._outcomes = OffsetSet()

    def account(self, offset: int) -> None:
        """Enter an account."""
        self._accounts.add(offset)

    def verdict(self, offset: int) -> None:
        """Enter a verdict on the account at this offset."""
        self.found.verdicts += 1
        self._outcome(offset)

    def dead_letter(self, offset: int) -> None:
        """Enter the dead letter of the record at this offset."""
        self.found.dead_letters += 1
        self._outcome(offset)

    def findings(
        self, begin: int, *, provable_from: int, compacted: Callable[[], bool]
    ) -> Findings:
        """What it all comes to; to be asked for once.

        `begin` is where the accounts begin by now: what was below it is deleted. The outcomes of
        accounts below `provable_from` may be deleted. `compacted` tells whether accounts may be
        deleted one by one, which leaves no trace; it is asked only when that matters.
        """
        found = self.found
        found.accounts = len(self._accounts)
        for offset in self._outcomes.minus(self._accounts):
            if offset < begin or compacted():
                found.accounts_deleted += 1
            else:
                found.orphaned.add(self._id(offset))
        for offset in self._accounts.minus(self._outcomes):
            if offset >= self.due:
                found.pending += 1
            elif offset < provable_from:
                found.outcomes_deleted += 1
            else:
                found.missing.add(self._id(offset))
        return found

    def _outcome(self, offset: int) -> None:
        if not 0 <= offset < self.span.end:
            self.found.orphaned.add(self._id(offset))
        elif not self._outcomes.add(offset):
            self.found.duplicate.add(self._id(offset))

    def _id(self, offset: int) -> str:
        return record_id(self.topic, self.partition, offset)


def total(partitions: Iterable[Findings], elsewhere: Listing) -> Findings:
    """The findings of all partitions, and the orphans that belong to none of them."""
    every = [*partitions, Findings(orphaned=elsewhere)]
    return Findings(
        accounts=sum(found.accounts for found in every),
        verdicts=sum(found.verdicts for found in every),
        dead_letters=sum(found.dead_letters for found in every),
        pending=sum(found.pending for found in every),
        accounts_deleted=sum(found.accounts_deleted for found in every),
        outcomes_deleted=sum(found.outcomes_deleted for found in every),
        missing=_joined(found.missing for found in every),
        duplicate=_joined(found.duplicate for found in every),
        orphaned=_joined(found.orphaned for found in every),
    )


def _joined(listings: Iterable[Listing]) -> Listing:
    joined = Listing()
    for listing in listings:
        joined.total += listing.total
        joined.ids = [*joined.ids, *listing.ids][:_LISTED]
    return joined
