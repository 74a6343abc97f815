"""Every use of something private in Faust, mode and aiokafka.

Each function and base class here says what it relies on and why there is no public way. All were
checked on the versions in `CHECKED`; `tests/unit/test_compat.py` has a test for each of them, which
names what changed when it fails. The one exception is `kafka/header_names.py`, a decoder that takes
the place of aiokafka's and has tests of its own.

confluent-kafka's error codes that begin with an underscore (``KafkaError._PARTITION_EOF``) are not
private: they are librdkafka's documented local errors (``RD_KAFKA_RESP_ERR__PARTITION_EOF``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar, cast

import faust
import faust.cli.worker
import mode
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from faust_transactions.kafka.header_names import accept_any_header_names

__all__ = [
    "CHECKED",
    "Consumer",
    "ConsumerThread",
    "Worker",
    "WorkerCommand",
    "check_membership",
    "close_consumer",
    "close_producer",
    "coordinator_state",
    "current_producer",
    "end_app",
    "exclude_changelog",
    "given_settings",
    "keep_polling",
    "owners_by_url",
    "reading_state",
    "request_rejoin",
    "set_fetch_wait",
    "set_web_runner",
    "setting_without_reading",
    "watch_fetch_errors",
    "write_setting",
]

#: The versions that this module was checked on.
CHECKED: Mapping[str, str] = {
    "faust-streaming": "0.15.3",
    "mode-streaming": "0.7.1",
    "aiokafka": "0.14.0",
}

#: Longest wait (s) for a consumer to close its connections in order.
CLOSE_TIMEOUT = 1.0


# -- aiokafka's consumer


def set_fetch_wait(consumer: AIOKafkaConsumer, milliseconds: int) -> None:
    """Limit how long a broker may hold a fetch back while it has no data. Before ``start()``.

    Faust passes ``fetch_max_wait_ms=1500`` as a constant and has no setting for it
    (``AIOKafkaConsumerThread._create_worker_consumer``). Relies on
    ``AIOKafkaConsumer._fetch_max_wait_ms``, which ``start()`` hands to the fetcher.
    """
    consumer._fetch_max_wait_ms = milliseconds


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


def coordinator_state(consumer: AIOKafkaConsumer) -> tuple[object, bool]:
    """The lookup that found the group's coordinator, and whether the coordinator was lost since.

    The object is another one after each lookup, also when it finds the same broker again. No public
    attribute tells of the coordinator. Relies on ``_coordinator._coordinator_dead_fut``, made anew
    by each lookup and resolved by ``coordinator_dead()``.
    """
    lookup = consumer._coordinator._coordinator_dead_fut
    return lookup, lookup.done()


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


# -- Faust's transport


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, reading committed records, with methods to override.

    Relies on ``_create_worker_consumer`` (called once, in the thread, before the consumer starts),
    on its reading of ``consumer.in_transaction`` for the isolation level and for nothing else, on
    ``_fetch_records`` (called in the thread for each fetch) and on ``_ensure_consumer``. Faust has
    no setting for the isolation level but ``processing_guarantee``, which brings its own
    transactions along, and no hook around a fetch.
    """

    @property
    def client(self) -> AIOKafkaConsumer:
        """Aiokafka's consumer. Raises Faust's ConsumerNotStarted before there is one."""
        return self._ensure_consumer()

    def on_consumer_created(self, consumer: AIOKafkaConsumer) -> None:
        """Configure aiokafka's consumer before it starts. To be overridden."""

    async def fetched(
        self, consumer: AIOKafkaConsumer, partitions: set[TP], records: Mapping[TP, Any]
    ) -> Mapping[TP, Any]:
        """Turn what a fetch brought into what `Consumer.fetch` returns. To be overridden."""
        return records

    def _create_worker_consumer(self, transport: Any) -> Any:
        self.consumer.in_transaction = True
        accept_any_header_names()
        try:
            consumer = super()._create_worker_consumer(transport)
        finally:
            self.consumer.in_transaction = False
        self.on_consumer_created(consumer)
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[TP], *args: Any, **kwargs: Any
    ) -> Any:
        records = await super()._fetch_records(consumer, active_partitions, *args, **kwargs)
        return await self.fetched(consumer, active_partitions, records)


class Consumer(driver.Consumer):
    """Faust's consumer, with public names for what a subclass needs of it.

    Relies on ``_new_consumer_thread``, ``_thread``, ``_wait_next_records`` (called by ``getmany``
    of Faust's consumer), ``_getmany``, ``_get_active_partitions``, ``_committed_offset``,
    ``_read_offset`` and ``_to_message``. Faust has no hook between its fetch and its conductor.
    """

    #: The class of `thread`.
    Thread: ClassVar[type[ConsumerThread]] = ConsumerThread

    _thread: ConsumerThread

    @property
    def thread(self) -> ConsumerThread:
        """The thread in which aiokafka's consumer runs."""
        return self._thread

    @property
    def active_partitions(self) -> set[TP]:
        """The assigned partitions that are not paused."""
        return self._get_active_partitions()

    def group_offset(self, tp: TP) -> int | None:
        """The offset the group had committed at the last `perform_seek`."""
        return self._committed_offset[tp]

    def note_position(self, tp: TP, offset: int) -> None:
        """Tell Faust where a partition is read from, after a seek in the thread."""
        self._read_offset[tp] = offset

    async def fetch(self, partitions: set[TP], timeout: float) -> Mapping[TP, Any]:  # noqa: ASYNC109
        """Fetch from these partitions, in the thread; what `ConsumerThread.fetched` returned."""
        return cast("Mapping[TP, Any]", await self._getmany(partitions, timeout))

    def message(self, tp: TP, record: Any) -> Any:
        """Faust's message of a fetched record."""
        return self._to_message(tp, record)

    def _new_consumer_thread(self) -> Any:
        return self.Thread(self, loop=self.loop, beacon=self.beacon)


def current_producer(producer: driver.Producer) -> AIOKafkaProducer | None:
    """Aiokafka's producer behind Faust's, None when it is not started.

    Faust's ``on_stop()`` forgets it before it stops it, so that whoever limits the time of that has
    to hold it. Relies on ``Producer._producer``.
    """
    return producer._producer


# -- Faust's settings


def given_settings(app: faust.App) -> Mapping[str, Any]:
    """The settings that the app was made with, without Faust's defaults.

    ``app.conf`` does not tell a default from the same value given. Relies on
    ``App._default_options``, the id and the keyword arguments of ``faust.App``.
    """
    return app._default_options[1]


def setting_without_reading(app: faust.App, name: str) -> Any:
    """A setting's value, so that `write_setting` may still change it.

    Faust warns when a setting is written that was read before. Relies on ``Settings._accessed``,
    the names that were read.
    """
    accessed: set[str] = app.conf._accessed
    before = set(accessed)
    value = getattr(app.conf, name)
    accessed.intersection_update(before)
    return value


def write_setting(app: faust.App, name: str, value: Any) -> None:
    """Change a setting of an app that may have read it already, as its own start does.

    The engine changes what is used when the worker starts, so Faust's warning about a late change
    would mislead. Relies on ``Settings._accessed``.
    """
    app.conf._accessed.discard(name)
    setattr(app.conf, name, value)


# -- Faust's tables and assignor


def exclude_changelog(manager: TableManager, table: Any) -> None:
    """Take a table's changelog out of Faust's recovery. After ``TableManager.add``.

    Faust recovers every table that has a changelog. Relies on ``_changelogs`` (topic name to table:
    what is recovered) and ``_channels`` (``_update_channels`` subscribes to the changelog of a
    table only while it has no channel).
    """
    topic = table.changelog_topic
    manager._changelogs.pop(topic.get_topic_name())
    cast("dict[Any, Any]", manager._channels)[table] = topic


def owners_by_url(app: faust.App) -> Mapping[str, Mapping[str, Iterable[int]]]:
    """URL of each worker's web server -> source topic -> partitions, as of the last rebalance.

    Faust's assignor sends the whole distribution to each member. Relies on
    ``app.assignor.external_topics_metadata()``, a public method that is documented nowhere; Faust's
    router has it only for one key at a time.
    """
    return cast(Any, app.assignor).external_topics_metadata()  # type: ignore[no-any-return]


# -- Faust's worker and its web server


def end_app(app: faust.App, code: int = 1) -> None:
    """Stop the app's worker in order, as a signal would, and let it exit with this code.

    ``app.crash()`` is the public way; it logs tracebacks and skips the orderly stop. Relies on
    ``app.beacon.walk()``, which comes to the worker, on the worker raising ``crash_reason`` at its
    end, and on ``_starting_fut``, which a worker that is still starting waits for.
    """
    workers = [node.data for node in app.beacon.walk() if isinstance(node.data, mode.Worker)]
    for worker in workers:
        worker.crash_reason = SystemExit(code)
        _stopping.add(stopping := asyncio.ensure_future(_stop(worker)))
        stopping.add_done_callback(_stopping.discard)


async def _stop(worker: mode.Worker) -> None:
    await worker.stop()
    if worker._starting_fut is not None:
        worker._starting_fut.cancel()


#: Kept, as the loop itself does not keep its tasks.
_stopping: set[asyncio.Task[None]] = set()


class Worker(faust.Worker):
    """``faust.Worker`` that stops without mode's extra second.

    Relies on ``_sentinel_task``, the last task of the loop, in which mode sleeps for a second
    (``mode.worker.Worker.stop_and_shutdown``). To keep SIGUSR1 and SIGUSR2 from printing local
    variables and from opening a debugger, override `on_sigusr1` and `on_sigusr2`; they rely on
    ``_cry`` and ``_enter_debugger``.
    """

    #: Seconds for cancelled tasks to end and for connections to close.
    last_cycles = 0.05

    async def on_sigusr1(self) -> None:
        """Print the stacks of all threads with their local variables, as mode does."""
        await super()._cry()

    def on_sigusr2(self) -> None:
        """Open a debugger, as mode does."""
        super()._enter_debugger()

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(self.last_cycles)

    async def _cry(self) -> None:
        await self.on_sigusr1()

    def _enter_debugger(self) -> None:
        self.on_sigusr2()


class WorkerCommand(faust.cli.worker.worker):
    """The ``worker`` command, with a method that is called once its options are in ``app.conf``.

    Relies on ``_init_worker_options``, which copies them there and after which the app is
    finalized.
    """

    def on_options_read(self, app: faust.App) -> None:
        """Change the configuration that depends on the command line. To be overridden."""

    def _init_worker_options(self, *args: Any, **kwargs: Any) -> None:
        super()._init_worker_options(*args, **kwargs)
        self.on_options_read(cast(faust.App, self.app))


def set_web_runner(app: faust.App, runner: Any) -> None:
    """Serve the app's pages by this ``aiohttp.web.AppRunner``. Before the app starts.

    Faust makes the runner itself, without any choice. Relies on ``app.web._runner``
    (``faust.web.drivers.aiohttp.Web``).
    """
    cast(Any, app.web)._runner = runner
