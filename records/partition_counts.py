"""The row of the table: what has become of the accounts of one source partition."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from records.codec.bounds import COUNTS, EPOCH_MS, OFFSETS
from records.codec.wire import WireRecord
from records.outcome import STANDING_REASONS

_OLD_WINDOW: Final = "recent"
"""Name of `invalid_window` in the rows of version 0.1."""

MOST_NAMES: Final = 200
"""Names in a tally of rules: from more on, only rules that are still in use have their own."""
FORMER: Final = "(former)"
"""What rules that are no longer in use have in a full tally; no rule has this name."""


class PartitionCounts(WireRecord):
    """What was committed for one partition of the accounts topic, since its beginning.

    Everything below `next_offset` is done. `reasons` counts verdicts by reason (one verdict can
    have several), `codes` dead letters by code. `worker` is who wrote the row (`host:port` of its
    web), `updated_at` when, in milliseconds since the epoch. `invalid_window` says which of the
    last records could not become an account, in hexadecimal digits (`agents.limit.window`); "" for
    none. `key` is the id of the writer's token key (`records.token.key_id`); rows of version 0.1
    have none. `hits` counts how often each rule fired, allow rules included, and `shadow_hits` how
    often each shadow rule did. `added` says how many names they and `reasons` have at most.
    """

    authorized: int = 0
    review: int = 0
    unauthorized: int = 0
    dead_letters: int = 0
    next_offset: int = 0
    reasons: dict[str, int] = {}  # noqa: RUF012 - Faust reads the defaults from the class
    codes: dict[str, int] = {}  # noqa: RUF012
    hits: dict[str, int] = {}  # noqa: RUF012
    shadow_hits: dict[str, int] = {}  # noqa: RUF012
    worker: str = ""
    updated_at: int = 0
    invalid_window: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        # Faust hands the same default dict to every record; each gets its own.
        self.reasons = dict(self.reasons)
        self.codes = dict(self.codes)
        self.hits = dict(self.hits)
        self.shadow_hits = dict(self.shadow_hits)

    @classmethod
    def from_data(cls, data: Any, *, preferred_type: Any = None) -> Any:
        """The row that this JSON object describes, also one that version 0.1 wrote.

        Raises ValueError when a number is not in its range (`records.codec.bounds`).
        """
        if isinstance(data, Mapping) and _OLD_WINDOW in data and "invalid_window" not in data:
            data = {**data, "invalid_window": data[_OLD_WINDOW]}
        row: PartitionCounts = super().from_data(data, preferred_type=preferred_type)
        row._check_bounds()
        return row

    @property
    def total(self) -> int:
        """Verdicts; dead letters are not among them."""
        return self.authorized + self.review + self.unauthorized

    def _check_bounds(self) -> None:
        counts = (self.authorized, self.review, self.unauthorized, self.dead_letters)
        tallies = (self.reasons, self.codes, self.hits, self.shadow_hits)
        numbers = (*counts, *(number for tally in tallies for number in tally.values()))
        if (
            any(type(number) is not int or number not in COUNTS for number in numbers)
            or self.next_offset not in OFFSETS
            or self.updated_at not in EPOCH_MS
        ):
            raise ValueError("PartitionCounts: a number is out of its range")


def added(
    tally: Mapping[str, int], more: Mapping[str, int], in_use: Collection[str]
) -> dict[str, int]:
    """The sum of two tallies of rules, bounded, as a row is one message.

    It has at most `MOST_NAMES` names. Where there would be more, what rules that are not `in_use`
    have is summed up as `FORMER`; so there are more than that only where as many are in use.
    """
    total = dict(tally)
    for name, number in more.items():
        total[name] = total.get(name, 0) + number
    if len(total) <= MOST_NAMES:
        return total
    kept = {name: n for name, n in total.items() if name in in_use or name in STANDING_REASONS}
    former = sum(total.values()) - sum(kept.values())
    return {**kept, FORMER: former} if former else kept
