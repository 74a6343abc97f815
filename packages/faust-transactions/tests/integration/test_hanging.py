"""A transaction whose markers the brokers lose.

Kafka 4.3 does so when the only broker that has the partitions is gone while a commit comes in.
"""

import asyncio
import json
from collections.abc import Callable

import faust
from confluent_kafka import Producer
from faust.types import TP
from faust_transactions import Engine
from faust_transactions.commit.refusals import Headers
from faust_transactions.kafka.hanging import HangingTransactionDetector, open_since
from faust_transactions.kafka.tail import read_last
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.restore.restorer import TaskRestorer
from faust_transactions.stores.signature import SIGNATURE, transactional_id
from prometheus_client import CollectorRegistry
from support.copying import Copying, Start, wait_until
from support.engine_app import Sums
from support.group import nobody
from support.transaction_state import COMPLETE, status
from support.two_brokers import FIRST, NO_LEADER, SECOND, create_on, leaders, second_broker

from tests.brokers import Kafka
from tests.not_here import skip_or_fail
from tools.devbroker import KafkaServer

RECORDS = 10


class FormerOwner:
    """Copies the records of partition 0 as the app's worker does, and has left the group since."""

    def __init__(self, copying: Copying) -> None:
        self._copying = copying
        self._conf = {"bootstrap.servers": copying.bootstrap, "log_level": 0}
        self._name = transactional_id(copying.name, "former")
        self.rows = f"{copying.name}-sums-changelog"
        self.out = f"{copying.name}-out"

    def hanging(self) -> set[str]:
        """Topics in whose partition 0 a transaction is open."""
        partitions = [TP(self.rows, 0), TP(self.out, 0)]
        return {tp.topic for tp in open_since(self._conf, partitions)}

    @property
    def committed(self) -> int:
        """The next offset by the last row that can be read; of what hangs nothing can."""
        row = json.loads(read_last(self._conf, self.rows, [0])[0].value or b"")
        return int(row["next_offset"])

    def is_decided(self) -> bool:
        """Whether its coordinator writes no more markers of its last transaction."""
        return status(self._conf, self._name) in COMPLETE

    def write(self) -> Producer:
        """Copy what comes next in a transaction that is still to be committed."""
        start = self.committed
        values = [b"%d" % number for number in range(start, start + RECORDS)]
        self._copying.send_values(*values)
        producer = Producer({**self._conf, "transactional.id": self._name})
        producer.init_transactions(30)
        producer.begin_transaction()
        for offset, value in enumerate(values, start):
            producer.produce(self.out, value, b"0-%d" % offset, 0)
        row = {"count": 0, "bytes": 0, "next_offset": start + RECORDS}
        signature: Headers = [(SIGNATURE, self._name.encode())]
        producer.produce(self.rows, json.dumps(row).encode(), b"0", 0, headers=signature)
        assert not producer.flush(30)
        return producer


def test_what_hangs_of_a_former_owner_is_aborted_and_written_again(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    coordinator = own_kafka()
    leader = second_broker(own_kafka, coordinator)
    copying = Copying(coordinator.bootstrap, topic_prefix, start_worker)
    former = FormerOwner(copying)
    create_on(FIRST, coordinator.bootstrap, "__transaction_state", {"cleanup.policy": "compact"})
    create_on(SECOND, coordinator.bootstrap, former.rows, {"cleanup.policy": "compact"})
    for topic in ("in", "out", "rare"):
        create_on(SECOND, coordinator.bootstrap, f"{topic_prefix}-{topic}")
    wait_for_leader(copying, SECOND)
    copying.send_values(b"first")
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0

    producer = former.write()
    leader.stop()
    wait_for_leader(copying, NO_LEADER)
    producer.commit_transaction(30)
    leader.start()
    wait_for_leader(copying, SECOND)
    wait_until(former.is_decided)
    if not former.hanging():
        skip_or_fail("REQUIRE_KAFKA", "this Kafka writes the markers when the leader is back")
    assert former.hanging() == {former.rows, former.out}
    check_that_an_owner_would_notice(coordinator.bootstrap, copying.name, former.committed)

    worker.start()
    copying.wait_for_all()
    assert not former.hanging()
    assert "lost the end of its last transaction" in worker.log
    assert worker.stop() == 0


def wait_for_leader(copying: Copying, broker: int) -> None:
    topics = [f"{copying.name}-{name}" for name in ("in", "out", "sums-changelog")]
    wait_until(lambda: all(leaders(copying.bootstrap, topic) == {broker} for topic in topics))


def check_that_an_owner_would_notice(bootstrap: str, name: str, readable: int) -> None:
    """An owner that committed what hangs finds it when it looks, before and after the next one."""
    app = faust.App(name, broker=f"kafka://{bootstrap}")
    source, other = TP(f"{name}-in", 0), TP(f"{name}-in", 1)
    conf = {"bootstrap.servers": bootstrap}
    engine = Engine(app, conf, metrics=EngineMetrics(CollectorRegistry()))
    restorer = TaskRestorer(app, conf, {source.topic: engine.table("sums", Sums)}, {}, nobody)

    async def look_twice() -> list[list[TP]]:
        detector = HangingTransactionDetector()
        return [await restorer.hanging([source, other], detector) for _ in range(2)]

    assert asyncio.run(look_twice()) == [[], [source]]

    found = restorer.hanging_before([source, other])
    assert list(found) == [source]
    assert "hangs" in str(found[source])

    assert restorer.changed({source: Sums(next_offset=readable), other: None}) == {}
    hanging = readable + RECORDS
    for known, committed in ((hanging, Sums(next_offset=hanging)), (None, None)):
        changed = restorer.changed({source: committed, other: None})
        assert {tp: str(error) for tp, error in changed.items()} == {
            source: f"committed up to {known}, but the row says {readable}"
        }


def test_another_producers_hanging_transaction_is_reported_and_waited_for(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send_values(b"first")
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0

    rows = f"{topic_prefix}-sums-changelog"
    somebody = Producer(
        {"bootstrap.servers": kafka.bootstrap, "transactional.id": f"{topic_prefix}-somebody"}
    )
    somebody.init_transactions(30)
    somebody.begin_transaction()
    somebody.produce(rows, b"{}", b"0", 0)
    assert not somebody.flush(30)

    worker.start()
    copying.send_values(b"second")
    remedy = f"kafka-transactions.sh --bootstrap-server ... abort --topic {rows} --partition 0 "
    wait_until(lambda: remedy in worker.log)
    assert worker.get("/health/ready")[1]["text"] == "waiting for partitions"
    somebody.abort_transaction(30)
    copying.wait_for_all()
    assert worker.stop() == 0
