"""A transaction whose markers the brokers lose.

Kafka 4.3 does so when its only broker is stopped in order while a commit comes in.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import faust
from confluent_kafka import KafkaException, Producer
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
from support.transaction_state import COMPLETE, ENDING, status

from tests.brokers import Kafka
from tests.not_here import skip_or_fail
from tests.topics import create_topic
from tools.devbroker import KafkaServer

#: What a broker says when its partitions have no leader any more, moments before it ends.
LEADERLESS = "partition(s) to local followers"
RECORDS = 10


class FormerOwner:
    """Copies the records of partition 0 as the app's worker does, and has left the group since."""

    def __init__(self, server: KafkaServer, copying: Copying) -> None:
        self._server = server
        self._copying = copying
        self._conf = {"bootstrap.servers": server.bootstrap, "log_level": 0}
        self.rows = f"{copying.name}-sums-changelog"
        self._out = f"{copying.name}-out"
        #: The end of the source partition, which has one record to begin with.
        self._sent = 1

    def hanging(self) -> set[str]:
        """Topics in whose partition 0 a transaction is open."""
        partitions = [TP(self.rows, 0), TP(self._out, 0)]
        return {tp.topic for tp in open_since(self._conf, partitions)}

    @property
    def committed(self) -> int:
        """The next offset by the last row that can be read; of what hangs nothing can."""
        row = json.loads(read_last(self._conf, self.rows, [0])[0].value or b"")
        return int(row["next_offset"])

    def copy_while_the_broker_stops(self) -> bool:
        """Write a transaction, and commit it once the partitions have lost their leader.

        Returns whether its markers are lost for good. At other moments the commit is refused, or
        the coordinator writes what it left out when it is back.
        """
        start = self.committed
        values = [b"%d" % number for number in range(start, start + RECORDS)]
        if start == self._sent:  # else the last attempt was aborted, and its records are there
            self._copying.send_values(*values)
            self._sent += RECORDS
        name = transactional_id(self._copying.name, "former")
        producer = Producer({**self._conf, "transactional.id": name})
        producer.init_transactions(30)
        producer.begin_transaction()
        for offset, value in enumerate(values, start):
            producer.produce(self._out, value, b"0-%d" % offset, 0)
        row = {"count": 0, "bytes": 0, "next_offset": start + RECORDS}
        signature: Headers = [(SIGNATURE, name.encode())]
        producer.produce(self.rows, json.dumps(row).encode(), b"0", 0, headers=signature)
        assert not producer.flush(30)
        stopping = self._stop()
        with suppress(KafkaException):  # where the coordinator has gone already
            producer.commit_transaction(2)
        stopping.join()
        producer.purge()
        self._server.start()
        # A coordinator that is slow to come back writes the markers yet, one that is done does not.
        wait_until(lambda: status(self._conf, name) not in ENDING)
        return status(self._conf, name) in COMPLETE and bool(self.hanging())

    def _stop(self) -> threading.Thread:
        """Begin to stop the broker; returns when its partitions have no leader."""
        log = self._server.log_file
        said = log.stat().st_size
        stopping = threading.Thread(target=self._server.stop)
        stopping.start()
        with log.open(encoding="utf-8", errors="replace") as lines:
            lines.seek(said)
            while stopping.is_alive() and LEADERLESS not in lines.read():
                time.sleep(0.001)
        return stopping


def test_what_hangs_of_a_former_owner_is_aborted_and_written_again(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, start_worker: Start
) -> None:
    server = own_kafka()
    copying = Copying(server.bootstrap, topic_prefix, start_worker)
    copying.create()
    # The more partitions lose their leader, the longer the moment in which markers are left out.
    create_topic(server.bootstrap, f"{topic_prefix}-others", 300)
    copying.send_values(b"first")
    worker = copying.worker()
    copying.wait_for_all()
    assert worker.stop() == 0

    former = FormerOwner(server, copying)
    for _ in range(8):
        if former.copy_while_the_broker_stops():
            break
    else:
        skip_or_fail("REQUIRE_KAFKA", "this Kafka left no marker out in 8 stops")
    assert former.hanging() == {former.rows, f"{copying.name}-out"}
    check_that_an_owner_would_notice(server.bootstrap, copying.name, former.committed)

    worker.start()
    copying.wait_for_all()
    assert not former.hanging()
    assert "lost the end of its last transaction" in worker.log
    assert worker.stop() == 0


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
