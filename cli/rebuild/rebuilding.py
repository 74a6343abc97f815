"""Reads the outputs into rows, and writes these into the changelog."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from faust_transactions import TopicIdentity

from cli.reading.positions import accounts_identity, describe_mismatches, mismatches, positions_in
from cli.rebuild.checks import (
    check_accounts_exist,
    check_no_transaction,
    check_no_worker,
    check_unchanged,
)
from cli.rebuild.tally import RowTally
from cli.support.errors import CommandError
from cluster import (
    ClusterError,
    changelog_topic,
    committed_offsets,
    committed_rows,
    connect,
    topic_spans,
)
from cluster.errors import reason
from cluster.reach import quiet
from cluster.reading.offsets import open_transactions
from cluster.reading.owners import group_members, is_listed
from cluster.reading.rows import last_rows, rows_in
from cluster.startup.former import check_former_topic
from cluster.startup.progress import check_identity
from cluster.topics import check_partitions, ensure_changelog
from config import Settings
from lookup.bounded_read import BoundedRead
from records import PartitionCounts

_ANSWER = 5.0
_WRITTEN = 30.0


class Rebuilt(NamedTuple):
    """The rows of partitions that the changelog has not, or has as they were earlier.

    `without_outcome` has, for each of them, the offsets that have no outcome though later ones
    have. `no_outcome_left` has those beyond the last outcome that the group committed as judged.
    """

    topic: TopicIdentity
    before: Mapping[int, PartitionCounts]
    rows: Mapping[int, PartitionCounts]
    without_outcome: Mapping[int, int]
    no_outcome_left: Mapping[int, int]


def rebuild(
    settings: Settings,
    *,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Rebuilt | None:
    """Read both outputs; writes nothing. None when `stop` returned True before the end.

    Raises CommandError while the group has members or a transaction is open, ClusterError.
    """
    client = connect(settings, timeout=0)
    check_nothing_runs(client, settings)
    check_partitions(client, settings)
    check_identity(settings)
    topic = accounts_identity(settings)
    last = last_rows(settings)
    before = rows_in(changelog_topic(settings), last)
    spans = topic_spans(settings, topic.name, "read_uncommitted")
    if elsewhere := mismatches(positions_in(before, last), topic, spans):
        raise CommandError(describe_mismatches(elsewhere, topic))
    check_former_topic(settings, {partition: row.next_offset for partition, row in before.items()})
    check_accounts_exist(spans, settings)
    tally = RowTally(settings, before, {partition: span.end for partition, span in spans.items()})
    outputs = {
        (output, partition): span
        for output in (settings.verdicts_topic, settings.dead_letters_topic)
        for partition, span in topic_spans(settings, output).items()
    }
    done, size = 0, sum(span.end - span.begin for span in outputs.values())
    for batch in BoundedRead(settings, outputs).batches(stop):
        for record in batch:
            tally.enter(record)
        done += len(batch)
        progress(done, size)
    rows = dict(sorted(tally.rebuilt.items()))
    gaps = {partition: tally.without_outcome(partition) for partition in rows}
    if stop():
        return None
    # The group's offset is of the same transaction as the last outcome, which may be deleted.
    return Rebuilt(topic, before, rows, gaps, tally.raise_to(committed_offsets(settings)))


def check_nothing_runs(client: AdminClient, settings: Settings) -> None:
    """Refuse while somebody may write rows or outcomes: raises CommandError, ClusterError.

    Of an open transaction nothing is visible, and it may be committed after the rows were written.
    """
    members = group_members(client, settings.app_id, _ANSWER)
    if members is None and _is_gone(client, settings):
        members = set()
    check_no_worker(members, settings)
    written = (changelog_topic(settings), settings.verdicts_topic, settings.dead_letters_topic)
    check_no_transaction(open_transactions(settings, *written))


def _is_gone(client: AdminClient, settings: Settings) -> bool:
    """Whether the group does not exist, as when its offsets expired or the cluster is another one.

    Raises ClusterError where this login may not know it.
    """
    committed_offsets(settings)
    return is_listed(client, settings.app_id, _ANSWER) is False


def write_rows(settings: Settings, found: Rebuilt) -> None:
    """Write the rows, as of this accounts topic, into a changelog that is made where it is gone.

    Raises CommandError when a worker runs or ran since `rebuild` read the rows; ClusterError.
    """
    client = connect(settings, timeout=0)
    check_nothing_runs(client, settings)
    check_unchanged(found.before, committed_rows(settings))
    ensure_changelog(client, settings)
    topic = changelog_topic(settings)
    config: dict[str, Any] = {**quiet(settings), "enable.idempotence": True}
    producer = Producer({**config, "message.timeout.ms": int(_WRITTEN * 1000)})
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    try:
        for partition, row in found.rows.items():
            value, key = row.dumps(serializer="json"), b"%d" % partition
            headers: Any = found.topic.headers()
            producer.produce(topic, value, key, partition, on_delivery=delivered, headers=headers)
        left = producer.flush(_WRITTEN + 1)
    except KafkaException as exc:
        raise ClusterError(f"topic {topic} cannot be written: {reason(exc.args[0])}") from exc
    if failed or left:
        why = reason(failed[0]) if failed else f"no acknowledgement in {_WRITTEN:g} s"
        raise ClusterError(f"topic {topic} cannot be written: {why}; run the command again")
