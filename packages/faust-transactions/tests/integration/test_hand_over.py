"""What a former owner had open when its partition was handed over, on a real Kafka."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import KafkaException
from faust_transactions import compat
from faust_transactions.commit.client import group_metadata
from faust_transactions.commit.producer import TransactionalWriter
from faust_transactions.errors import Fenced
from faust_transactions.stores.signature import transactional_id
from support.copying import wait_until
from support.group import Group, Member, members_of, position_of

from tests.brokers import Kafka


@pytest.fixture
def group(kafka: Kafka, topic_prefix: str) -> Group:
    return Group(kafka.bootstrap, topic_prefix)


@pytest.fixture
def join(group: Group) -> Iterator[Callable[..., Member]]:
    with ExitStack() as stack:

        def joined(beside: Member | None = None) -> Member:
            member = Member(group, beside)
            stack.callback(member.leave)
            return member

        yield joined


def test_group_metadata_is_made_as_librdkafka_makes_it(
    group: Group, join: Callable[..., Member]
) -> None:
    member = join()
    of_librdkafka: Any = member.consumer.consumer_group_metadata()
    generation = int.from_bytes(of_librdkafka[7:11], "little", signed=True)
    assert group_metadata(group.name, generation, member.consumer.memberid() or "") == of_librdkafka


async def test_the_coordinator_names_the_members_of_a_group(kafka: Kafka, group: Group) -> None:
    consumer = AIOKafkaConsumer(
        group.source.topic, bootstrap_servers=kafka.bootstrap, group_id=group.name
    )
    await consumer.start()
    try:
        _, member_id = compat.group_member(consumer)
        assert member_id
        assert await compat.group_members(consumer) == frozenset({member_id})
    finally:
        await consumer.stop()


def test_a_member_of_an_older_generation_commits_nothing(
    group: Group, join: Callable[..., Member]
) -> None:
    member = join()
    older = member.consumer.consumer_group_metadata()
    member.commit(5, older, signed=False)
    member.consumer.unsubscribe()
    member.consumer.subscribe([group.source.topic], on_assign=member._assigned)
    member.wait_for_assignment(2)
    for signed in (True, False):
        with pytest.raises(Fenced):
            member.commit(6, older, signed=signed)
    assert position_of(group.read_back(join_again(group, member))) == 5


def join_again(group: Group, member: Member) -> Member:
    """The same consumer as the member that it is now."""
    member.writer.close()
    member.id = transactional_id(group.name, member.consumer.memberid() or "")
    member.writer = TransactionalWriter(group.conf, member.id)
    member.writer.fence()
    return member


def test_a_first_transaction_that_a_worker_left_open_is_aborted(
    group: Group, join: Callable[..., Member]
) -> None:
    """No committed row names it; the row behind the last stable offset does."""
    former = join()
    asleep = former.producer()
    former.write_row(asleep, 5)
    former.send_offset(asleep, 5)
    former.consumer.close()
    assert group.read_back(join()) is None
    with pytest.raises(KafkaException):
        asleep.commit_transaction(30)


def test_a_worker_that_sent_an_offset_and_no_record_yet_is_fenced(
    group: Group, join: Callable[..., Member]
) -> None:
    """Nothing shows that its transaction is open; the committed row names it."""
    former = join()
    former.commit(5, signed=False)
    asleep = former.producer()
    former.send_offset(asleep, 7)
    former.consumer.close()
    assert position_of(group.read_back(join())) == 5
    asleep.produce(group.rows, b"{}", b"0", 0)
    with pytest.raises(KafkaException):
        asleep.commit_transaction(30)


def test_what_a_worker_committed_last_is_read_back_when_it_has_left(
    group: Group, join: Callable[..., Member]
) -> None:
    former = join()
    former.commit(5, signed=False)
    former.commit(7)
    former.consumer.close()
    owner = join()
    assert position_of(group.read_back(owner)) == 7
    owner.commit(9, signed=False)
    with pytest.raises(Fenced):
        former.commit(8, owner.consumer.consumer_group_metadata())
    assert position_of(group.read_back(owner)) == 9


def test_a_worker_that_is_still_a_member_is_waited_for_and_not_fenced(
    group: Group, join: Callable[..., Member], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    former = join()
    former.commit(5, signed=False)
    ending = former.producer()
    former.send_offset(ending, 7)
    former.write_row(ending, 7)
    owner = join(former)
    with ThreadPoolExecutor() as threads:
        restored = threads.submit(group.read_back, owner)
        wait_until(lambda: f"waiting for the open transaction of {former.id} to end" in caplog.text)
        assert not restored.done()
        ending.commit_transaction(30)
        assert position_of(restored.result()) == 7
    ending.begin_transaction()
    former.write_row(ending, 8)
    ending.abort_transaction(30)


def test_a_worker_that_was_expelled_fences_nobody(
    group: Group, join: Callable[..., Member]
) -> None:
    former = join()
    former.commit(5, signed=False)
    former.consumer.close()
    other = join()
    other.consumer.close()
    wait_until(lambda: members_of(group.conf, group.name) == frozenset())
    with pytest.raises(Fenced, match="no longer a member of its consumer group"):
        group.read_back(other)
    former.writer.renew()  # nobody did
