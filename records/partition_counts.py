"""The row of the table: what has become of the accounts of one source partition."""

from collections.abc import Mapping
from typing import Any, Final

from records.bounds import COUNTS, EPOCH_MS, OFFSETS
from records.wire import WireRecord

_OLD_WINDOW: Final = "recent"
"""Name of `invalid_window` in the rows of version 0.1."""


class PartitionCounts(WireRecord):
    """What was committed for one partition of the accounts topic, since its beginning.

    Everything below `next_offset` is done. `reasons` counts verdicts by reason (one verdict can
    have several), `codes` dead letters by code. `worker` is who wrote the row (`host:port` of its
    web), `updated_at` when, in milliseconds since the epoch. `invalid_window` says which of the
    last records could not become an account, as hexadecimal digits (`agents.window`); empty when
    none. `key` is the id of the writer's token key (`records.token.key_id`); rows of version 0.1
    have none.
    """

    authorized: int = 0
    unauthorized: int = 0
    dead_letters: int = 0
    next_offset: int = 0
    reasons: dict[str, int] = {}  # noqa: RUF012 - Faust reads the defaults from the class
    codes: dict[str, int] = {}  # noqa: RUF012
    worker: str = ""
    updated_at: int = 0
    invalid_window: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        # Faust hands the same default dict to every record; each gets its own.
        self.reasons = dict(self.reasons)
        self.codes = dict(self.codes)

    @classmethod
    def from_data(cls, data: Any, *, preferred_type: Any = None) -> Any:
        """The row that this JSON object describes, also one that version 0.1 wrote.

        Raises ValueError when a number is not in its range (`records.bounds`).
        """
        if isinstance(data, Mapping) and _OLD_WINDOW in data and "invalid_window" not in data:
            data = {**data, "invalid_window": data[_OLD_WINDOW]}
        row: PartitionCounts = super().from_data(data, preferred_type=preferred_type)
        row._check_bounds()
        return row

    @property
    def total(self) -> int:
        """Verdicts; dead letters are not among them."""
        return self.authorized + self.unauthorized

    def _check_bounds(self) -> None:
        counts = (self.authorized, self.unauthorized, self.dead_letters)
        tallies = (*self.reasons.values(), *self.codes.values())
        if (
            any(type(number) is not int or number not in COUNTS for number in (*counts, *tallies))
            or self.next_offset not in OFFSETS
            or self.updated_at not in EPOCH_MS
        ):
            raise ValueError("PartitionCounts: a number is out of its range")
