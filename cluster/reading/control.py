"""Held partitions and releases, as the control topic has them; blocking."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from cluster.errors import ClusterError
from cluster.reading.first_partition import PartitionReader, append
from cluster.single import control_topic
from config import Settings
from records.hold import Hold, read_hold
from records.release import Release, read_release

__all__ = ["Holds", "current_holds", "write_release"]


class Holds:
    """Looks at what workers said about held partitions, as often as it is asked to.

    `records.hold.still_held` says which are in effect. For one thread; as a context manager it is
    closed at the end of the block.
    """

    def __init__(self, settings: Settings) -> None:
        self._reader = PartitionReader(settings, control_topic(settings))
        self._holds: dict[bytes | None, Hold] = {}
        #: By partition, the last releases as of the last look.
        self.releases: dict[int, Release] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def look(self, timeout: float = 10.0) -> Mapping[int, Hold]:
        """Partition -> what was said last; empty without the topic. Raises ClusterError."""
        for record in self._reader.read(timeout):
            self._holds.pop(record.key, None)
            if found := read_hold(record.key, record.value):
                self._holds[record.key] = found
            elif release := read_release(record.key, record.value):
                self.releases[release.partition] = release
        return {each.partition: each for each in self._holds.values()}

    def close(self) -> None:
        """Close the connection."""
        self._reader.__exit__()


def current_holds(settings: Settings) -> Mapping[int, Hold]:
    """What was said last, for who shows it beside other things: empty where it cannot be read."""
    with suppress(ClusterError), Holds(settings) as holds:
        return holds.look()
    return {}


def write_release(settings: Settings, release: Release, timeout: float = 30.0) -> None:
    """Write it, acknowledged by all in-sync replicas. Raises ClusterError."""
    append(settings, control_topic(settings), release.key, release.dumps(), timeout)
