"""Sending anew what was refused together, each record by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

Headers = list[tuple[str, str | bytes | None]]


class OneByOne:
    """A producer that puts each record into a batch of its own.

    Brokers refuse a batch as a whole: when it is larger than the topic takes, those in it that
    would fit are refused as well. It connects when the first record is given to it.
    """

    def __init__(
        self, config: Mapping[str, Any], delivered: Callable[[KafkaError | None, Message], None]
    ) -> None:
        self._config = {
            **config,
            "batch.num.messages": 1,
            # Not many, so that it shows soon when none of them fares better than before.
            "queue.buffering.max.messages": 1_000,
            "on_delivery": delivered,
        }
        self._producer: Producer | None = None

    def __len__(self) -> int:
        """Records under way."""
        return 0 if self._producer is None else len(self._producer)

    def send(self, topic: str, refused: Message, headers: Headers | None) -> None:
        """Sends the record that a delivery report is about, its headers besides.

        Waits while too many are under way.
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
        """Tells of what was delivered meanwhile."""
        if self._producer is not None:
            self._producer.poll(0)

    def purge(self) -> None:
        """Gives up what is under way."""
        if self._producer is not None:
            self._producer.purge(blocking=False)
