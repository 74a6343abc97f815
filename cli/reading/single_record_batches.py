"""Sends records in batches of one, after a batch of several was refused."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

Headers = list[tuple[str, str | bytes | None]]


class SingleRecordProducer:
    """A producer that puts each record into a batch of its own.

    Brokers refuse a batch as a whole: when it is larger than the topic accepts, records in it that
    would fit are refused as well. Connects at the first record.
    """

    def __init__(
        self, config: Mapping[str, Any], delivered: Callable[[KafkaError | None, Message], None]
    ) -> None:
        self._config = {
            **config,
            "batch.num.messages": 1,
            # Few, so that it shows soon when every record is refused again.
            "queue.buffering.max.messages": 1_000,
            "on_delivery": delivered,
        }
        self._producer: Producer | None = None

    def __len__(self) -> int:
        """Records in flight."""
        return 0 if self._producer is None else len(self._producer)

    def send(self, topic: str, refused: Message, headers: Headers | None) -> None:
        """Send the record of a delivery report again, with its headers.

        Blocks while too many are in flight.
        """
        if self._producer is None:
            self._producer = Producer(self._config)
        where: dict[str, Any] = {"partition": refused.partition()}
        if headers is not None:
            where["headers"] = headers
        while True:
            try:
                self._producer.produce(topic, refused.value(), refused.key(), **where)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def poll(self) -> None:
        """Run the callbacks of delivered records."""
        if self._producer is not None:
            self._producer.poll(0)

    def purge(self) -> None:
        """Give up what is in flight."""
        if self._producer is not None:
            self._producer.purge(blocking=False)
