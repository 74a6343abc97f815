"""Members of a consumer group that hand partitions over, in the test's own process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import faust
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from faust.types import TP
from faust_transactions import Engine
from faust_transactions.commit.part import Part
from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.kafka.tail import LastRecord
from faust_transactions.observe.metrics import EngineMetrics
from faust_transactions.restore.restorer import TaskRestorer
from faust_transactions.stores.signature import SIGNATURE, transactional_id
from faust_transactions.task import StreamTask
from prometheus_client import CollectorRegistry

from support.engine_app import Sums
from tests.topics import create_topic

__all__ = ["Group", "Member", "members_of", "nobody", "position_of"]


async def nobody() -> frozenset[str]:
    """The members of a group that has none."""
    return frozenset()


def members_of(conf: dict[str, Any], group: str) -> frozenset[str]:
    """The ids of a group's members. Blocks."""
    client = AdminClient(conf)  # held until the answer is here
    answers = client.describe_consumer_groups([group], request_timeout=10)
    return frozenset(str(member.member_id) for member in answers[group].result(11).members)


class Group:
    """A group whose members own the partitions of its topic."""

    def __init__(self, bootstrap: str, name: str, partitions: int = 1) -> None:
        self.name = name
        self.conf: dict[str, Any] = {"bootstrap.servers": bootstrap}
        self.source = TP(f"{name}-in", 0)
        app = faust.App(name, broker=f"kafka://{bootstrap}")
        table = Engine(app, self.conf, metrics=EngineMetrics(CollectorRegistry())).table(
            "sums", Sums
        )
        self.rows = table.changelog_topic_name
        for topic in (self.source.topic, self.rows):
            create_topic(bootstrap, topic, partitions)
        self._new_restorer = partial(
            TaskRestorer, app, self.conf, {self.source.topic: table}, {}, self._members
        )

    async def _members(self) -> frozenset[str]:
        return await asyncio.to_thread(members_of, self.conf, self.name)

    def read_back(self, member: Member) -> LastRecord | None:
        """Restore partition 0 as this member; its last committed row."""
        return self.restore(member, [0]).get(0)

    def restore(self, member: Member, partitions: Iterable[int]) -> dict[int, LastRecord]:
        """Restore partitions as a worker that is this member; all last committed rows."""

        async def restored() -> dict[int, LastRecord]:
            tasks = [StreamTask(TP(self.source.topic, number)) for number in partitions]
            async with asyncio.timeout(30):
                rows = await self._new_restorer().read_back(tasks, member.writer)
            return {tp.partition: row for tp, row in rows.items()}

        return asyncio.run(restored())

    def row(
        self, position: int, writer: str, partition: int = 0
    ) -> tuple[str, int, bytes, bytes, list[Any]]:
        value = Sums(next_offset=position).dumps(serializer="json")
        return (self.rows, partition, b"%d" % partition, value, [(SIGNATURE, writer.encode())])


class Member:
    """A member of the group, with the writer that it has as a worker."""

    def __init__(self, group: Group, beside: Member | None = None) -> None:
        self._group = group
        self.consumer = Consumer(
            {**group.conf, "group.id": group.name, "enable.auto.commit": False}
        )
        self.joined = 0
        self.consumer.subscribe([group.source.topic], on_assign=self._assigned)
        self.wait_for_assignment(1, beside)
        self.id = transactional_id(group.name, self.consumer.memberid() or "")
        self.writer = TransactionalWriter(group.conf, self.id)
        self.writer.fence()

    def _assigned(self, *_: object) -> None:
        self.joined += 1

    def wait_for_assignment(self, number: int, beside: Member | None = None) -> None:
        """Take part in the group until it was assigned so often, beside another member."""
        deadline = time.monotonic() + 60
        while self.joined < number:
            assert time.monotonic() < deadline
            self.consumer.poll(0.1)
            if beside is not None:
                beside.consumer.poll(0.1)

    @property
    def partitions(self) -> list[int]:
        """Those that it is assigned."""
        return sorted(assigned.partition for assigned in self.consumer.assignment())

    def commit(
        self,
        position: int,
        metadata: Any = None,
        *,
        signed: bool = True,
        partitions: Iterable[int] = (0,),
    ) -> None:
        """Commit a batch, in the present generation unless another's metadata is given."""
        parts = [
            Part(
                TP(self._group.source.topic, partition),
                position,
                self._group.row(position, self.id, partition),
                [],
                signed=signed,
            )
            for partition in partitions
        ]
        metadata = metadata or self.consumer.consumer_group_metadata()
        self.writer.write(parts, metadata, lambda _parts: None)

    def producer(self) -> Producer:
        """One in place of the writer's, to do part of a transaction."""
        made = Producer({**self._group.conf, "transactional.id": self.id, "log_level": 0})
        made.init_transactions(30)
        made.begin_transaction()
        return made

    def send_offset(self, producer: Producer, position: int) -> None:
        offset = TopicPartition(self._group.source.topic, 0, position)
        metadata = self.consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction([offset], metadata, 30)

    def write_row(self, producer: Producer, position: int) -> None:
        topic, partition, key, value, headers = self._group.row(position, self.id)
        producer.produce(topic, value, key, partition, headers=headers)
        assert not producer.flush(30)

    def leave(self) -> None:
        self.consumer.close()
        self.writer.leave()


def position_of(row: LastRecord | None) -> int | None:
    return None if row is None else Sums.loads(row.value or b"", serializer="json").next_offset
