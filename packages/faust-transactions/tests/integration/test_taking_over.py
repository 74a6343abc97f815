"""What a killed worker left open in many partitions, and who ends it, on a real Kafka."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from confluent_kafka import KafkaException, Producer
from faust.types import TP
from faust_transactions.kafka.hanging import open_since
from faust_transactions.stores.signature import SIGNATURE, transactional_id
from support.copying import Copying, Start
from support.group import Group, Member, position_of
from support.hanging import UNVERIFIED, Record, leave_hanging

from tests.brokers import Kafka
from tests.topics import create_topic
from tools.devbroker import KafkaServer


class Killed:
    """A worker that was killed in its first transaction of all partitions."""

    def __init__(self, copying: Copying) -> None:
        self.id = transactional_id(copying.name, "killed")
        self._copying = copying
        self.rows = f"{copying.name}-sums-changelog"
        create_topic(
            copying.bootstrap, self.rows, copying.partitions, config={"cleanup.policy": "compact"}
        )

    @property
    def written(self) -> Iterator[Record]:
        """A row and an output in each partition."""
        signature = [(SIGNATURE, self.id.encode())]
        for partition in range(self._copying.partitions):
            row = b'{"count": 1, "bytes": 1, "next_offset": 1}'
            yield self.rows, partition, b"%d" % partition, row, signature
            yield f"{self._copying.name}-out", partition, b"%d-0" % partition, b"never", []

    def leave_open(self) -> Producer:
        """Send what it has written; the producer could still commit it."""
        bootstrap = self._copying.bootstrap
        producer = Producer(
            {"bootstrap.servers": bootstrap, "transactional.id": self.id, "log_level": 0}
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for topic, partition, key, value, headers in self.written:
            producer.produce(topic, value, key, partition, headers=headers)
        assert not producer.flush(30)
        return producer

    def open_rows(self) -> dict[TP, int]:
        partitions = range(self._copying.partitions)
        conf = {"bootstrap.servers": self._copying.bootstrap}
        return open_since(conf, [TP(self.rows, partition) for partition in partitions])


def test_a_transaction_that_is_open_in_many_partitions_costs_no_membership(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    """No heartbeat is sent during a restore: it must not take longer than the session."""
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker, partitions=64)
    copying.create()
    copying.send(640)
    killed = Killed(copying)
    producer = killed.leave_open()
    assert len(killed.open_rows()) == 64

    worker = copying.worker()
    copying.wait_for_all()
    assert worker.log.count("restored") == 1
    assert "rejoining" not in worker.log
    with pytest.raises(KafkaException):
        producer.commit_transaction(30)
    assert worker.stop() == 0


@pytest.mark.parametrize("hangs", [False, True], ids=["open", "hanging"])
def test_what_a_killed_worker_left_is_ended_by_two_that_start_together(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start, hangs: bool
) -> None:
    server = own_kafka(properties={**UNVERIFIED, "group.initial.rebalance.delay.ms": "3000"})
    copying = Copying(server.bootstrap, topic_prefix, start_worker, partitions=8)
    copying.create()
    copying.send(80)
    killed = Killed(copying)
    if hangs:
        leave_hanging(server.bootstrap, killed.id, killed.written)
    else:
        killed.leave_open()
    assert len(killed.open_rows()) == 8

    workers = [copying.worker(), copying.worker()]
    copying.wait_for_all()
    for worker in workers:
        worker.wait_ready()
        assert len(worker.get("/health/ready")[1]["rows"]) == 4
        assert "cannot restore" not in worker.log
        assert "hangs in its changelog" not in worker.log
    assert not killed.open_rows()
    assert [worker.stop() for worker in workers] == [0, 0]


class BothAbort(logging.Filter):
    """Lets no worker abort for the first time before another one is about to.

    Each has fenced the former owner then, so one of them is fenced by the other.
    """

    def __init__(self) -> None:
        super().__init__()
        self._both = threading.Barrier(2, timeout=30)
        self._came: set[int] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if "lost the end" in record.getMessage() and threading.get_ident() not in self._came:
            self._came.add(threading.get_ident())
            self._both.wait()
        return True


@pytest.fixture
def both_abort() -> Iterator[None]:
    both, logger = BothAbort(), logging.getLogger("faust_transactions.restore.hand_over")
    logger.addFilter(both)
    yield
    logger.removeFilter(both)


@pytest.mark.usefixtures("both_abort")
# A fenced producer says so once more.
@pytest.mark.filterwarnings("ignore:Producer abort_transaction failed during close")
def test_two_workers_abort_what_hangs_of_one_former_owner(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = own_kafka(properties=UNVERIFIED)
    group = Group(server.bootstrap, topic_prefix, partitions=8)
    with ExitStack() as stack:
        former = Member(group)
        former.commit(5, signed=False, partitions=range(8))
        former.leave()
        leave_hanging(
            server.bootstrap, former.id, [group.row(7, former.id, number) for number in range(8)]
        )
        owners = [Member(group)]
        stack.callback(owners[0].leave)
        owners.append(Member(group, beside=owners[0]))
        stack.callback(owners[1].leave)
        assert [len(owner.partitions) for owner in owners] == [4, 4]
        with ThreadPoolExecutor() as threads:
            restoring = [threads.submit(group.restore, owner, owner.partitions) for owner in owners]
            restored = [each.result() for each in restoring]
        for owner, rows in zip(owners, restored, strict=True):
            assert {position_of(rows[number]) for number in owner.partitions} == {5}
        assert not open_since(group.conf, [TP(group.rows, number) for number in range(8)])
        for owner in owners:
            owner.commit(6, signed=False, partitions=owner.partitions)
        rows = group.restore(owners[0], owners[0].partitions)
        assert {position_of(row) for row in rows.values()} == {6}
