"""Polls the group's progress over open connections."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient
from faust_transactions import (
    TAIL_CONSUMER,
    TopicIdentity,
    TopicIds,
    committed_spans,
    last_records,
    partitions_of,
)

from cluster.errors import TIMED_OUT, TRANSPORT, ClusterError, reason
from cluster.reach import ClientErrors, quiet
from cluster.reading.control import Holds
from cluster.reading.owners import partition_owners
from cluster.reading.rows import rows_in
from cluster.topics import changelog_topic
from config import Settings
from records import PartitionCounts
from records.hold import Hold

# A broker that is back shall be seen soon; librdkafka's own longest pause is 10 s.
_RECONNECT = {"reconnect.backoff.max.ms": 1_000}


@dataclass(frozen=True)
class Progress:
    """The table's rows, where the accounts begin and end, by partition; empty without the topic.

    `owners` are the workers that own the partitions; None while that is not known. `topic` is the
    accounts topic as it is now, `sources` the topics that rows say they are of, where they do.
    """

    rows: Mapping[int, PartitionCounts]
    begins: Mapping[int, int]
    ends: Mapping[int, int]
    owners: Mapping[int, str] | None = None
    topic: TopicIdentity | None = None
    sources: Mapping[int, TopicIdentity | None] = field(default_factory=dict)
    #: What workers said of held partitions; empty where that cannot be read.
    holds: Mapping[int, Hold] = field(default_factory=dict)


class Watch:
    """Reads progress as often as it is asked to. For one thread; to be closed."""

    def __init__(self, settings: Settings) -> None:
        self._errors = ClientErrors()
        self._settings = settings
        self._accounts = settings.accounts_topic
        self._changelog = changelog_topic(settings)
        # Nothing joins the group; it is named for clusters where only that group is allowed.
        conf = {"group.id": settings.app_id, **_RECONNECT, **TAIL_CONSUMER}
        self._consumer = Consumer({**quiet(settings, self._errors), **conf})
        self._admin = AdminClient({**quiet(settings), **_RECONNECT})
        self._holds = Holds(settings)
        self._ids = TopicIds({**quiet(settings), **_RECONNECT})

    def look(self, timeout: float = 3.0) -> Progress:
        """What is committed now, some tens of milliseconds old.

        Raises ClusterError when no broker answers within about `timeout` seconds or one refuses;
        the next look may succeed.
        """
        deadline = time.monotonic() + timeout
        self._errors.last = None
        try:
            last = last_records(self._consumer, self._changelog, None, deadline)
            rows = rows_in(self._changelog, last)
            left = max(0.1, deadline - time.monotonic())
            ids = self._ids.of([self._accounts], left)
            # After the rows, so that no row is ahead of its end.
            partitions = partitions_of(self._consumer, self._accounts, deadline)
            spans = committed_spans(self._consumer, self._accounts, partitions, deadline)
        except KafkaException as exc:
            raise ClusterError(self._reason(exc)) from exc
        except TimeoutError as exc:
            raise ClusterError(str(exc)) from exc
        owners = partition_owners(
            self._admin, self._settings, max(0.1, deadline - time.monotonic())
        )
        begins = {partition: span.begin for partition, span in spans.items()}
        ends = {partition: span.end for partition, span in spans.items()}
        topic = TopicIdentity(self._accounts, ids.get(self._accounts))
        sources = {at: TopicIdentity.from_headers(last[at].headers) for at in rows}
        return Progress(rows, begins, ends, owners, topic, sources, self._held(deadline))

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()
        self._holds.close()

    def _held(self, deadline: float) -> Mapping[int, Hold]:
        try:
            return self._holds.look(max(0.1, deadline - time.monotonic()))
        except ClusterError:
            return {}  # this login may have no right to it

    def _reason(self, exc: KafkaException) -> str:
        """A call says only that it had no answer; why, librdkafka reports beside it."""
        self._consumer.poll(0)
        error = exc.args[0]
        return self._errors.text if error.code() in (TRANSPORT, TIMED_OUT) else reason(error)
