"""The table's rows, read from its changelog without a worker."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from confluent_kafka import Consumer, KafkaException
from faust_transactions import TAIL_CONSUMER, LastRecord, last_records

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from cluster.topics import changelog_topic
from config import Settings
from records import PartitionCounts


class Rows:
    """Reads the rows as often as it is asked to, over one connection.

    For one thread; as a context manager it is closed at the end of the block.
    """

    def __init__(self, settings: Settings) -> None:
        # Nothing joins the group; it is named for clusters where only that group is allowed.
        own = {"group.id": settings.app_id, **TAIL_CONSUMER}
        self._consumer = Consumer({**quiet(settings), **own})
        self._topic = changelog_topic(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def look(self, timeout: float = 10.0) -> dict[int, PartitionCounts]:
        """As `committed_rows`."""
        return rows_in(self._topic, self.records(timeout))

    def records(self, timeout: float = 10.0) -> dict[int, LastRecord]:
        """As `last_rows`."""
        with _explained(self._topic, timeout):
            return last_records(self._consumer, self._topic, None, time.monotonic() + timeout)


def committed_rows(settings: Settings, timeout: float = 10.0) -> dict[int, PartitionCounts]:
    """Source partition -> its row as last committed; without those that have none yet.

    Empty as well when there is no changelog topic. Raises ClusterError.
    """
    with Rows(settings) as rows:
        return rows.look(timeout)


def last_rows(settings: Settings, timeout: float = 10.0) -> dict[int, LastRecord]:
    """Source partition -> the record of its row, whose headers name the source topic.

    Raises ClusterError.
    """
    with Rows(settings) as rows:
        return rows.records(timeout)


def rows_in(topic: str, last: Mapping[int, LastRecord]) -> dict[int, PartitionCounts]:
    """The rows that the last records of the changelog `topic` hold. Raises ClusterError."""
    rows = {}
    for partition, record in last.items():
        if record.value is not None:
            try:
                rows[partition] = PartitionCounts.loads(record.value, serializer="json")
            except Exception as exc:
                where = f"partition {partition}, offset {record.offset}"
                raise ClusterError(
                    f"topic {topic} holds a row that cannot be read ({where}): write the row "
                    "before it once more, with its key and headers (docs/operations.md)"
                ) from exc
    return rows


@contextmanager
def _explained(topic: str, timeout: float) -> Iterator[None]:
    try:
        yield
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be read: {reason(exc.args[0])}") from exc
    except TimeoutError as exc:
        raise ClusterError(f"{exc} in {timeout:g} s: look at the brokers' state") from exc
