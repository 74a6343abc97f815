"""The upgrade from version 0.1, whose transactional ids were made otherwise."""

import json

import pytest
from confluent_kafka import KafkaException, Producer
from support.copying import Copying, Start, wait_until

from tests.brokers import Kafka


def test_a_worker_of_version_0_1_is_shut_out_and_its_open_transaction_ended(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    copying = Copying(kafka.bootstrap, topic_prefix, start_worker)
    copying.create()
    copying.send_values(b"by 0.1", b"left open")
    rows = f"{topic_prefix}-sums-changelog"
    # The worker declares its changelog.
    first = copying.worker(ENGINE_MAX="1")
    copying.wait_for_all()
    assert first.stop() == 0

    former = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "transactional.id": f"{topic_prefix}-{topic_prefix}-in-0",
        }
    )
    former.init_transactions(30)
    former.begin_transaction()
    # A row without headers, as version 0.1 wrote it.
    row = json.dumps({"count": 2, "bytes": 15, "next_offset": 2}).encode()
    former.produce(rows, row, b"0", 0)
    former.commit_transaction(30)
    former.begin_transaction()
    former.produce(f"{topic_prefix}-out", b"never", b"0-2", 0)
    former.produce(rows, b"{}", b"0", 0)
    assert not former.flush(30)

    worker = copying.worker()
    copying.send_values(b"by 0.2")
    copying.wait_for_all(timeout=40)
    with pytest.raises(KafkaException):
        former.commit_transaction(30)
    assert "hangs in its rows" not in worker.log
    assert worker.stop() == 0

    # The row has its headers now: nobody is shut out under the old id any more.
    former = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "transactional.id": f"{topic_prefix}-{topic_prefix}-in-0",
        }
    )
    former.init_transactions(30)
    worker.start()
    wait_until(lambda: worker.log.count("restored") == 2)
    former.begin_transaction()
    former.produce(f"{topic_prefix}-rare", b"still there", b"other", 1)
    former.commit_transaction(30)
    assert worker.stop() == 0
