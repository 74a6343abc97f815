"""Transactions that hang: their coordinator knows of none, so it never writes their markers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

__all__ = ["UNVERIFIED", "Record", "leave_hanging"]

#: What a broker needs that takes records of a transaction which their coordinator does not know.
UNVERIFIED = {"transaction.partition.verification.enable": "false"}

#: Topic, partition, key, value, headers.
Record = tuple[str, int, bytes, bytes, list[Any]]


def leave_hanging(bootstrap: str, transactional_id: str, records: Iterable[Record]) -> None:
    """Write records that are open until this transactional id ends a transaction in there.

    As when the brokers lose the markers (`faust_transactions.kafka.hanging`), which only a stop of
    theirs at the right moment makes them do.
    """
    asyncio.run(_leave_hanging(bootstrap, transactional_id, records))


async def _leave_hanging(bootstrap: str, transactional_id: str, records: Iterable[Record]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id)
    await producer.start()
    try:
        await producer.begin_transaction()
        # The coordinator is not asked to add the partitions.
        producer._txn_manager.maybe_add_partition_to_txn = lambda _partition: None
        for topic, partition, key, value, headers in records:
            await producer.send_and_wait(topic, value, key, partition, headers=headers)
    finally:
        await producer.stop()
