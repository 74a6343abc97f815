"""The row of the table: what has become of the accounts of one source partition."""

from records.wire import WireRecord


class PartitionCounts(WireRecord):
    """What was committed for one partition of the accounts topic, since its beginning.

    Everything below `next_offset` is done. `reasons` counts verdicts by reason (one verdict can
    have several), `codes` dead letters by code. `worker` is who wrote the row (`host:port` of its
    web), `updated_at` when, in milliseconds since the epoch. `recent` says which of the last
    records could not become an account, as hexadecimal digits (`agents.window`); empty when none.
    """

    authorized: int = 0
    unauthorized: int = 0
    dead_letters: int = 0
    next_offset: int = 0
    reasons: dict[str, int] = {}  # noqa: RUF012 - Faust reads the defaults from the class
    codes: dict[str, int] = {}  # noqa: RUF012
    worker: str = ""
    updated_at: int = 0
    recent: str = ""

    def __post_init__(self) -> None:
        # Faust hands the same default dict to every record; each gets its own.
        self.reasons = dict(self.reasons)
        self.codes = dict(self.codes)

    @property
    def total(self) -> int:
        """Verdicts; dead letters are not among them."""
        return self.authorized + self.unauthorized
