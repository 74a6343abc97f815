"""The table's rows, read from its changelog without a worker."""

from collections.abc import Mapping

from confluent_kafka import KafkaException
from faust_transactions import LastRecord, read_last

from cluster.errors import ClusterError, reason
from cluster.reach import quiet
from cluster.topics import changelog_topic
from config import Settings
from records import PartitionCounts


def committed_rows(settings: Settings, timeout: float = 10.0) -> dict[int, PartitionCounts]:
    """Source partition -> its row as last committed; without those that have none yet.

    Empty as well when there is no changelog topic. Raises ClusterError.
    """
    return rows_in(changelog_topic(settings), last_rows(settings, timeout))


def last_rows(settings: Settings, timeout: float = 10.0) -> dict[int, LastRecord]:
    """Source partition -> the record of its row, whose headers name the source topic.

    Raises ClusterError.
    """
    topic = changelog_topic(settings)
    try:
        return read_last({**quiet(settings), "group.id": settings.app_id}, topic, timeout=timeout)
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be read: {reason(exc.args[0])}") from exc
    except TimeoutError as exc:
        raise ClusterError(f"{exc} in {timeout:g} s: look at the brokers' state") from exc


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
                    "before it once more, with its key"
                ) from exc
    return rows
