"""Which rules the workers of the group say they judge by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from confluent_kafka.admin import AdminClient

from cluster.reach import quiet
from cluster.reading.first_partition import PartitionReader
from cluster.reading.owners import group_members
from cluster.single import workers_topic
from config import Settings
from rules.versions.announcement import Announcement, read_announcement

__all__ = ["Workers"]


class Workers:
    """Looks at the group's members and at what they said, as often as it is asked to.

    For one thread; as a context manager it is closed at the end of the block.
    """

    def __init__(self, settings: Settings) -> None:
        self._group_id = settings.app_id
        self._reader = PartitionReader(settings, workers_topic(settings))
        self._client = AdminClient(quiet(settings))
        self._said: dict[str, Announcement] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    def said(self) -> Mapping[str, Announcement]:
        """Worker -> its last announcement; without those that stopped in order.

        Raises ClusterError.
        """
        for record in self._reader.read(timeout=10.0):
            name = (record.key or b"").decode(errors="replace")
            self._said.pop(name, None)
            found = read_announcement(record.value)
            if found is not None and found.worker == name:
                self._said[name] = found
        return self._said

    def present(self) -> set[str]:
        """Names of the group's members; of the embedded broker's, all that said something."""
        members = group_members(self._client, self._group_id, timeout=3.0)
        return set(self._said) if members is None else members
