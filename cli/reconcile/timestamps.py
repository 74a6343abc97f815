"""Lower bounds of the timestamps of a partition's records, in little memory."""

from cluster.reading.account_times import BLOCK


class EarliestTimestamps:
    """The earliest timestamp in each block of 1,024 offsets, in ms since the epoch.

    Producers' clocks differ. The earliest timestamp of a block is ahead of the true time only if
    the clocks of all its producers are.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}

    def add(self, offset: int, timestamp_ms: int) -> None:
        """Enter a record; a negative timestamp means that it has none."""
        block = offset // BLOCK
        self._blocks[block] = min(timestamp_ms, self._blocks.get(block, timestamp_ms))

    def around(self, offset: int) -> int:
        """The earliest timestamp near this offset; 0 or less where nothing is known."""
        return self._blocks.get(offset // BLOCK, 0)

    @property
    def of_all(self) -> int:
        """The earliest timestamp of the partition; 0 or less where nothing is known."""
        return min(self._blocks.values(), default=0)
