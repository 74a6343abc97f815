"""aiokafka's consumer and producer: what has no public way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import ConnectionGroup
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IncompatibleBrokerVersion,
    KafkaError,
    for_code,
)
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

__all__ = [
    "check_membership",
    "close_consumer",
    "close_producer",
    "coordinator_state",
    "group_member",
    "group_members",
    "keep_polling",
    "leave_fetch_context",
    "reading_state",
    "request_rejoin",
    "set_fetch_wait",
    "watch_fetch_errors",
]

#: Longest wait (s) for a consumer to close its connections in order.
CLOSE_TIMEOUT = 1.0


def set_fetch_wait(consumer: AIOKafkaConsumer, milliseconds: int) -> None:
    """Limit how long a broker may hold a fetch back while it has no data, from the next fetch on.

    Faust passes ``fetch_max_wait_ms=1500`` as a constant and has no setting for it
    (``AIOKafkaConsumerThread._create_worker_consumer``). Relies on
    ``AIOKafkaConsumer._fetch_max_wait_ms``, which ``start()`` hands to the fetcher, and the
    attribute of the same name of ``AIOKafkaConsumer._fetcher``, which it reads for each fetch.
    """
    consumer._fetch_max_wait_ms = milliseconds
    if consumer._fetcher is not None:
        consumer._fetcher._fetch_max_wait_ms = milliseconds


def watch_fetch_errors(
    consumer: AIOKafkaConsumer, report: Callable[[TP, type[BaseException]], None]
) -> None:
    """Report each failed fetch of a partition, with the class of aiokafka's error.

    The fetcher keeps most of them to itself; where the broker does not have an offset it goes on at
    the partition's beginning, with a line at level info (``auto_offset_reset``; without it a fetch
    by another part of the app would fail, too). Called before whatever the fetcher does about the
    error. Relies on ``_client.send(node_id, request)``, by which the fetcher sends its requests,
    on ``request.topics`` (partition first) and ``response.topics`` (partition, error code first).
    """
    client = cast(Any, consumer._client)
    send = client.send

    async def watched(node_id: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(request, FetchRequest):
            return await send(node_id, request, *args, **kwargs)
        try:
            response = await send(node_id, request, *args, **kwargs)
        except KafkaError as exc:
            for tp, _ in _by_partition(request):
                report(tp, type(exc))
            raise
        for tp, error_code in _by_partition(response):
            if error_code:
                report(tp, for_code(error_code))
        return response

    client.send = watched


def _by_partition(message: Any) -> Iterator[tuple[TP, int]]:
    """Each partition of a fetch request or response, and the field after its number."""
    for topic, partitions in message.topics:
        for partition, field, *_ in partitions:
            yield TP(topic, partition), field


def reading_state(consumer: AIOKafkaConsumer, tp: TP) -> tuple[int | None, int | None]:
    """Next offset to be fetched and the last stable offset; None where not known.

    ``AIOKafkaConsumer.position()`` is a coroutine that may wait for the brokers, and
    ``last_stable_offset()`` raises for a partition that is not assigned. Relies on
    ``_subscription.subscription.assignment.state_value(tp)`` and its ``has_valid_position``,
    ``position`` and ``lso``.
    """
    subscription = consumer._subscription.subscription
    assignment = subscription and subscription.assignment
    state = assignment and assignment.state_value(tp)
    if not state:
        return None, None
    return state.position if state.has_valid_position else None, state.lso


def keep_polling(consumer: AIOKafkaConsumer) -> None:
    """Count as a poll for ``max_poll_interval_ms`` (KIP-62) without fetching anything.

    ``getmany()`` would fetch. Relies on ``_subscription.fetch_context()``, whose end resets
    ``fetcher_idle_time``; Faust's own ``_fetch_records`` enters it too.
    """
    with consumer._subscription.fetch_context():
        pass


def leave_fetch_context(consumer: AIOKafkaConsumer) -> None:
    """Count a fetch that was cancelled as ended.

    ``_subscription.fetch_context()`` does not when an exception passes through it, and a consumer
    with a fetch under way counts as polling for ever. Relies on ``_subscription._fetch_count``.
    """
    consumer._subscription._fetch_count -= 1
    keep_polling(consumer)


def coordinator_state(consumer: AIOKafkaConsumer) -> tuple[object, bool]:
    """The lookup that found the group's coordinator, and whether the coordinator was lost since.

    The object is another one after each lookup, also when it finds the same broker again. No public
    attribute tells of the coordinator. Relies on ``_coordinator._coordinator_dead_fut``, made anew
    by each lookup and resolved by ``coordinator_dead()``.
    """
    lookup = consumer._coordinator._coordinator_dead_fut
    return lookup, lookup.done()


def group_member(consumer: AIOKafkaConsumer) -> tuple[int, str]:
    """Generation of the group and this member's id in it, as of the last rebalance.

    aiokafka keeps them to itself. Relies on ``_coordinator.generation`` and ``member_id``.
    """
    coordinator = consumer._coordinator
    return coordinator.generation, coordinator.member_id


async def group_members(consumer: AIOKafkaConsumer) -> frozenset[str] | None:
    """The ids of the members of this consumer's group; None where brokers do not know the question.

    By the consumer's connection to the coordinator: librdkafka's AdminClient may end the process
    when the coordinator is killed meanwhile (librdkafka#4605). Raises KafkaError. Relies on
    ``_coordinator.coordinator_id`` and ``group_id``, and on ``_client.send(node_id, request,
    group=)``.
    """
    coordinator = consumer._coordinator
    if coordinator.coordinator_id is None:
        raise GroupCoordinatorNotAvailableError
    request = DescribeGroupsRequest([coordinator.group_id])
    try:
        answer = await consumer._client.send(
            coordinator.coordinator_id, request, group=ConnectionGroup.COORDINATION
        )
    except (IncompatibleBrokerVersion, NotImplementedError):  # the embedded broker
        return None
    ((error_code, _group, _state, _protocol_type, _protocol, members, *_),) = answer.groups
    if error_code:
        raise for_code(error_code)
    return frozenset(member_id for member_id, *_ in members)


def check_membership(consumer: AIOKafkaConsumer) -> None:
    """Raise the error that aiokafka's group coordination waits with, or ended with; once.

    ``getmany()`` and ``getone()`` raise it, which Faust does not call: it asks the fetcher itself.
    Relies on ``_coordinator.check_errors()``, after which the coordination tries again.
    """
    consumer._coordinator.check_errors()


def request_rejoin(consumer: AIOKafkaConsumer) -> None:
    """Rejoin the group as soon as its coordinator is known.

    ``subscribe()`` is the public way, but while the brokers are away it ends aiokafka's
    coordination task in an assertion when they are back. Relies on
    ``_coordinator.request_rejoin()`` (``GroupCoordinator``).
    """
    consumer._coordinator.request_rejoin()


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, started or not. Raises only when the caller itself is cancelled.

    Also then its connections are closed on return.

    ``stop()`` waits for the broker's part in ending TLS, half a minute where the broker is just
    sending, and lets a CancelledError of its own fetcher out, which leaves connections open.
    Relies on ``_client._conns`` (values with ``_writer``, an ``asyncio.StreamWriter`` or None) and
    ``_client.close()``.
    """
    closing = asyncio.ensure_future(_close_consumer(consumer))
    try:
        await asyncio.wait([closing])
    finally:
        # A service that ends by itself may be cancelled amid this.
        if not closing.done():
            await asyncio.wait([closing])
    await closing


async def _close_consumer(consumer: AIOKafkaConsumer) -> None:
    connections = [one._writer for one in consumer._client._conns.values() if one._writer]
    closing = asyncio.ensure_future(consumer.stop())
    done, _ = await asyncio.wait([closing], timeout=CLOSE_TIMEOUT)
    if not done:
        for connection in connections:
            connection.transport.abort()
        await asyncio.wait([closing])
    if closing.cancelled() or closing.exception() is not None:
        await consumer._client.close()


async def close_producer(producer: AIOKafkaProducer, timeout: float) -> None:  # noqa: ASYNC109
    """Close a producer that has records which no broker acknowledges, in about ``timeout`` s.

    ``stop()`` waits for the acknowledgements. Relies on ``_sender.close()``, which cancels the task
    that waits for them; the connections are closed before, else that task waits for its requests.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await producer.client.close()
            await producer._sender.close()
