"""Records that no client of ours would write: the names of their headers are any bytes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

Header = tuple[bytes, bytes | None]
Record = tuple[bytes | None, bytes | None, Sequence[Header]]
"""Key, value, headers."""


class RawName(str):
    """A name that is written as these bytes, as a client in another language may do."""

    __slots__ = ("raw",)
    raw: bytes

    def encode(self, *_: Any) -> bytes:
        return self.raw


def builder(compression: int = 0) -> Any:
    """aiokafka's builder of batches, which leaves the encoding of names to the names."""
    return _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10_000_000,
    )


def raw_headers(headers: Sequence[Header]) -> list[tuple[RawName, bytes | None]]:
    named = []
    for raw, content in headers:
        name = RawName()
        name.raw = raw
        named.append((name, content))
    return named


def send_raw(bootstrap: str, topic: str, partition: int, records: Sequence[Record]) -> None:
    """Send the records in one batch and wait for the acknowledgement."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        try:
            batch = producer.create_batch()
            batch._builder = builder()
            for key, value, headers in records:
                batch.append(key=key, value=value, timestamp=None, headers=raw_headers(headers))
            await (await producer.send_batch(batch, topic, partition=partition))
        finally:
            await producer.stop()

    asyncio.run(send())
