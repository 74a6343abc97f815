"""What `reconcile` counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field

_LISTED = 100


@dataclass
class Listing:
    """How many of a kind were found, and the first hundred of them."""

    total: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, item: str) -> None:
        """Count one more."""
        self.total += 1
        if len(self.ids) < _LISTED:
            self.ids.append(item)

    @property
    def unlisted(self) -> int:
        """Those that are counted only."""
        return self.total - len(self.ids)


@dataclass
class Findings:
    """The findings of one partition, or of all. An outcome is a verdict or a dead letter."""

    accounts: int = 0
    verdicts: int = 0
    dead_letters: int = 0
    #: Accounts that the stream has not reached yet.
    pending: int = 0
    #: Outcomes whose account is deleted: whether there was one cannot be verified.
    accounts_deleted: int = 0
    #: Accounts without outcome, but theirs may be among those that are deleted.
    outcomes_deleted: int = 0
    #: Deleted offsets without outcome: transaction markers, or lost accounts.
    offsets_deleted: int = 0
    #: Offsets that retention deleted before the stream judged them.
    lost: int = 0
    #: Outcomes of records of a former topic of the same name.
    former: int = 0
    missing: Listing = field(default_factory=Listing)
    duplicate: Listing = field(default_factory=Listing)
    orphaned: Listing = field(default_factory=Listing)

    @property
    def unverifiable(self) -> int:
        """What deleted records leave open."""
        return self.accounts_deleted + self.outcomes_deleted + self.offsets_deleted

    @property
    def proven(self) -> bool:
        """True when each account that is due ended in exactly one outcome."""
        listed = self.missing.total or self.duplicate.total or self.orphaned.total
        return not (listed or self.lost or self.former)


_COUNTS = (
    *("accounts", "verdicts", "dead_letters", "pending", "lost", "former"),
    *("accounts_deleted", "outcomes_deleted", "offsets_deleted"),
)


def total(partitions: Iterable[Findings], elsewhere: Listing) -> Findings:
    """The findings of all partitions, and the orphans that belong to none of them."""
    every = [*partitions, Findings(orphaned=elsewhere)]
    return Findings(
        **{name: sum(getattr(found, name) for found in every) for name in _COUNTS},
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
