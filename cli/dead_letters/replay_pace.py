"""How many replays are sent before it is known what became of them, and when that is enough."""

from typing import Final

FIRST: Final = 100
"""Records of the first portion."""
LARGEST: Final = 1_000
"""Records of a portion, at most."""
FEWEST: Final = 10
"""Fewer dead letters of a portion than this never stop a replay."""


class Pace:
    """Portions of 100, 200, 400, 800, and then 1,000 records.

    After each it is known what became of all of its records. More than the share `max_failed` of
    them as dead letters, and at least ten, are too many: so when nothing is fixed a hundred records
    fail again, and never more than a thousand. With 1.0 no number is too many.
    """

    def __init__(self, max_failed: float) -> None:
        self._max_failed = max_failed
        #: Records of the next portion.
        self.portion = FIRST

    @property
    def watches(self) -> bool:
        """Whether outcomes matter."""
        return self._max_failed < 1.0

    def is_too_many(self, failed: int, sent: int) -> bool:
        """Take the outcome of a portion: so many of its records are dead letters again."""
        self.portion = min(2 * self.portion, LARGEST)
        return self.watches and failed >= FEWEST and failed > self._max_failed * sent
