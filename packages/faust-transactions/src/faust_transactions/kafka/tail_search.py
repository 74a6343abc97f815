"""Finding the last record of a partition from its end, without reading it from the start."""

from dataclasses import dataclass

FIRST_WINDOW = 64
_WIDEN = 8


@dataclass
class TailSearch:
    """The search in one partition whose offsets run from `begin` to `end` (exclusive).

    It reads the last 64 offsets and widens eightfold for as long as it meets nothing but commit
    markers, aborted records and gaps left by compaction. So a few fetches do, however long the
    partition is, and where there is no record at all not much over twice its length is read.
    """

    begin: int
    end: int
    window: int = FIRST_WINDOW
    settled: bool = False
    _found: bool = False

    @property
    def start(self) -> int:
        """The offset to read from, up to `end`."""
        return max(self.begin, self.end - self.window)

    def advance(self, position: int, *, found: bool, exhausted: bool = False) -> int | None:
        """Note how far was read; returns the offset to go back to, or None to read on.

        `found`: a record was among what was read. `exhausted`: the broker has nothing more to
        give although `position` is short of `end` (compaction took the last offsets).
        """
        self._found = self._found or found
        if self.settled or (position < self.end and not exhausted):
            return None
        if self._found or self.start == self.begin:
            self.settled = True
            return None
        self.window *= _WIDEN
        return self.start
