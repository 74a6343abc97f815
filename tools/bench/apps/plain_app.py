"""The same work by a loop over confluent-kafka: `python -m tools.bench.apps.plain_app`.

What one writes without a framework: take what is there, judge it, write the verdicts and the
group's offsets in one transaction. It is exactly once while the group's offsets are all the state
that there is: the loop keeps no counts. It is not prepared for faults: it ends at the first error,
and the next start goes on after the last transaction.
"""

import orjson
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from tools.bench.apps.judged import ACCOUNTS, BROKER, GROUP, VERDICTS, account_in, verdict_on

_AT_ONCE = 2_000
"""Records in a transaction at most; that of ours."""
_WAIT = 1.0


def main() -> None:
    """Run until the process is ended."""
    consumer = Consumer(
        {
            "bootstrap.servers": BROKER,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": BROKER,
            "transactional.id": f"{GROUP}-0",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.init_transactions()
    consumer.subscribe([ACCOUNTS])
    while True:
        # `consume` would wait for all 2,000 or its time-out.
        first = consumer.poll(_WAIT)
        if first is not None:
            _transact(consumer, producer, [first, *consumer.consume(_AT_ONCE - 1, 0)])


def _transact(consumer: Consumer, producer: Producer, messages: list[Message]) -> None:
    offsets: dict[int, int] = {}
    producer.begin_transaction()
    for message in messages:
        if error := message.error():
            raise KafkaException(error)
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        account = account_in(message.value())
        verdict = verdict_on(account, topic, partition, offset, message.timestamp()[1])
        producer.produce(VERDICTS, orjson.dumps(verdict), verdict["account"], partition)
        offsets[partition] = offset + 1
    following = [TopicPartition(ACCOUNTS, *each) for each in offsets.items()]
    producer.send_offsets_to_transaction(following, consumer.consumer_group_metadata())
    producer.commit_transaction()


if __name__ == "__main__":
    main()
