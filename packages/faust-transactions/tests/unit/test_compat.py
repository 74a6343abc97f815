"""What `compat` relies on in Faust, mode and aiokafka is there, and does what it is relied on for.

A failure here after an upgrade names what changed. Change `compat` and `CHECKED`, nothing else.
"""

import ast
import asyncio
import inspect
import re
import socket
import sys
import threading
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import confluent_kafka
import faust
import faust.cli.base
import faust_transactions
import mode
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import ConnectionGroup
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IncompatibleBrokerVersion,
    InvalidSessionTimeoutError,
    NodeNotReadyError,
    NotCoordinatorForGroupError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.sender import Sender
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.fetch import FetchRequest
from faust.assignor.partition_assignor import PartitionAssignor
from faust.cli.worker import worker as worker_command
from faust.exceptions import AlreadyConfiguredWarning
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.consumer import ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.web.drivers.aiohttp import Web
from faust_transactions import compat
from faust_transactions.commit.client import group_metadata
from mode import threads

SOURCES = Path(faust_transactions.__file__).parent


def may_touch(path: Path) -> bool:
    """Whether a module may use what is private: see the head of `compat`."""
    name = path.relative_to(SOURCES).as_posix()
    return name.startswith("compat/") or name == "kafka/header_names.py"


def source(thing: Any) -> str:
    return inspect.getsource(thing)


def changed(what: str) -> str:
    """The message of a test that fails."""
    name = what.partition(".")[0]
    dist = {"aiokafka": "aiokafka", "faust": "faust-streaming", "mode": "mode-streaming"}[name]
    return (
        f"{what} is not as in {dist} {compat.CHECKED[dist]} ({version(dist)} is installed): "
        "see who relies on it in compat/"
    )


# -- the rule itself


@pytest.mark.parametrize("dist", sorted(compat.CHECKED))
def test_the_installed_versions_are_those_that_were_checked(dist: str) -> None:
    assert version(dist) == compat.CHECKED[dist], f"check compat/ on {dist} {version(dist)}"


def private_uses(tree: ast.AST) -> list[str]:
    """`line: what` for each private attribute of something else than the object itself."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not re.match(r"_(?!_)", node.attr):
            continue
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in {"self", "cls"}:
            continue
        if isinstance(owner, ast.Name) and owner.id == "KafkaError" and node.attr.isupper():
            continue  # librdkafka's local errors, documented under this name
        found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def test_nothing_private_is_used_outside_compat() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{use}"
        for path in sorted(SOURCES.rglob("*.py"))
        if not may_touch(path)
        for use in private_uses(ast.parse(path.read_text()))
    ]
    assert found == [], "put these behind a function in compat/"


def overridden(module: Any) -> list[str]:
    """Private methods of Faust, mode and aiokafka that classes of this module replace."""
    foreign = ("faust.", "mode.", "aiokafka.")
    return [
        f"{cls.__name__}.{name}"
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__
        for name in vars(cls)
        if re.match(r"_(?!_)", name)
        for base in cls.__mro__[1:]
        if base.__module__.startswith(foreign) and name in vars(base)
    ]


def test_nothing_private_is_overridden_outside_compat() -> None:
    names = [
        "faust_transactions." + path.relative_to(SOURCES).as_posix()[:-3].replace("/", ".")
        for path in SOURCES.rglob("*.py")
        if not may_touch(path) and path.stem != "__init__"
    ]
    # mode's machinery puts its own registries into each class.
    kept = {"_abc_impl", "_tasks"}
    found = {
        one
        for name in names
        for one in overridden(__import__(name, fromlist=["*"]))
        if one.partition(".")[2] not in kept
    }
    assert found == set(), "put these into a base class in compat/"


def test_the_rule_sees_a_private_use() -> None:
    tree = ast.parse("a._b\nself._b\na.b._c()\nKafkaError._TRANSPORT\na.__class__")
    assert private_uses(tree) == ["1: a._b", "3: a.b._c"]


# -- aiokafka's consumer


@pytest.fixture
async def consumer() -> AsyncIterator[AIOKafkaConsumer]:
    """One that never connects."""
    made = AIOKafkaConsumer(fetch_max_wait_ms=1500)
    yield made
    await made.stop()


async def test_a_fetch_is_held_back_no_longer_than_asked_for(
    consumer: AIOKafkaConsumer,
) -> None:
    assert consumer._fetch_max_wait_ms == 1500, changed("aiokafka.AIOKafkaConsumer")
    assert consumer._fetcher is None, changed("aiokafka.AIOKafkaConsumer")
    compat.set_fetch_wait(consumer, 100)
    assert consumer._fetch_max_wait_ms == 100
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in source(AIOKafkaConsumer.start), changed(
        "aiokafka.AIOKafkaConsumer.start"
    )
    made = SimpleNamespace(_fetch_max_wait_ms=100)
    consumer._fetcher = made
    compat.set_fetch_wait(consumer, 400)
    assert made._fetch_max_wait_ms == 400
    consumer._fetcher = None
    assert "self._fetch_max_wait_ms," in source(fetcher.Fetcher), changed(
        "aiokafka.consumer.fetcher.Fetcher"
    )


async def test_the_position_and_the_last_stable_offset_are_read(
    consumer: AIOKafkaConsumer,
) -> None:
    tp = TP("t", 0)
    assert compat.reading_state(consumer, tp) == (None, None)
    consumer.assign([tp])
    assert compat.reading_state(consumer, tp) == (None, None), changed(
        "aiokafka.consumer.subscription_state.TopicPartitionState"
    )
    state = consumer._subscription.subscription.assignment.state_value(tp)
    state.seek(7)
    state.lso = 9
    assert compat.reading_state(consumer, tp) == (7, 9)
    assert compat.reading_state(consumer, TP("t", 1)) == (None, None)
    assert ".lso = " in source(fetcher.Fetcher), changed("aiokafka.consumer.fetcher.Fetcher")


async def test_failed_fetches_are_reported_by_partition(consumer: AIOKafkaConsumer) -> None:
    assert "await self._client.send(node_id, request)" in source(
        fetcher.Fetcher._proc_fetch_request
    ), changed("aiokafka.consumer.fetcher.Fetcher._proc_fetch_request")
    answers: list[Any] = [
        SimpleNamespace(topics=[("t", [(0, 1, 9, "…"), (1, 0, 9, "…")]), ("u", [(0, 3, 9)])]),
        NodeNotReadyError(),
    ]

    async def send(_node: int, _request: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    consumer._client.send = send
    reported: list[tuple[TP, type[BaseException]]] = []
    compat.watch_fetch_errors(consumer, lambda tp, error: reported.append((tp, error)))
    request = FetchRequest(1, 1, 1, 0, [("t", [(0, 7, 1), (1, 7, 1)]), ("u", [(0, 7, 1)])])
    await consumer._client.send(1, request)
    assert reported == [
        (TP("t", 0), OffsetOutOfRangeError),
        (TP("u", 0), UnknownTopicOrPartitionError),
    ]
    reported.clear()
    with pytest.raises(NodeNotReadyError):
        await consumer._client.send(1, request)
    assert [tp for tp, _ in reported] == [TP("t", 0), TP("t", 1), TP("u", 0)]
    answers.append("another answer")
    assert await consumer._client.send(1, object()) == "another answer"


async def test_the_coordinator_is_asked_for_the_groups_members() -> None:
    sent: list[tuple[Any, ...]] = []
    members = [("one", "client", "host", b"", b""), ("two", "client", "host", b"", b"")]
    answers: list[Any] = [
        SimpleNamespace(groups=[(0, "app", "Stable", "consumer", "faust", members, 0)]),
        SimpleNamespace(groups=[(16, "app", "", "", "", [])]),
        IncompatibleBrokerVersion(),
    ]

    async def send(node_id: int, request: Any, *, group: Any) -> Any:
        sent.append((node_id, type(request), group))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    coordinator = SimpleNamespace(coordinator_id=7, group_id="app")
    stub: Any = SimpleNamespace(_coordinator=coordinator, _client=SimpleNamespace(send=send))
    assert await compat.group_members(stub) == frozenset({"one", "two"})
    assert sent == [(7, DescribeGroupsRequest, ConnectionGroup.COORDINATION)]
    with pytest.raises(NotCoordinatorForGroupError):
        await compat.group_members(stub)
    assert await compat.group_members(stub) is None, "the embedded broker"
    coordinator.coordinator_id = None
    with pytest.raises(GroupCoordinatorNotAvailableError):
        await compat.group_members(stub)


async def test_polling_without_a_fetch_ends_the_idle_time(consumer: AIOKafkaConsumer) -> None:
    subscription = consumer._subscription
    subscription._last_fetch_ended -= 100
    assert subscription.fetcher_idle_time > 99
    compat.keep_polling(consumer)
    assert subscription.fetcher_idle_time < 1, changed(
        "aiokafka.consumer.subscription_state.SubscriptionState.fetch_context"
    )
    assert "fetcher_idle_time" in source(group_coordinator.GroupCoordinator)


async def test_a_coordinator_that_is_lost_is_seen_and_a_rejoin_asked_for(
    consumer: AIOKafkaConsumer,
) -> None:
    made = group_coordinator.GroupCoordinator(
        consumer._client, subscription_state.SubscriptionState()
    )
    consumer._coordinator = made
    made.coordinator_id = 1
    first, lost = compat.coordinator_state(consumer)
    made.coordinator_dead()
    assert (lost, compat.coordinator_state(consumer)[1]) == (False, True), changed(
        "aiokafka.consumer.group_coordinator.GroupCoordinator.coordinator_dead"
    )
    assert compat.coordinator_state(consumer)[0] is first
    compat.request_rejoin(consumer)
    subscription = SimpleNamespace(assignment=object())
    assert made.need_rejoin(subscription), changed(
        "aiokafka.consumer.group_coordinator.GroupCoordinator.request_rejoin"
    )


async def test_the_generation_and_the_members_id_are_read(consumer: AIOKafkaConsumer) -> None:
    made = group_coordinator.GroupCoordinator(
        consumer._client, subscription_state.SubscriptionState()
    )
    consumer._coordinator = made
    name = "aiokafka.consumer.group_coordinator.GroupCoordinator"
    assert compat.group_member(consumer) == (-1, ""), changed(f"{name}.__init__")
    made.generation, made.member_id = 7, "worker-1"
    assert compat.group_member(consumer) == (7, "worker-1")
    made.reset_generation()
    assert compat.group_member(consumer) == (-1, ""), changed(f"{name}.reset_generation")
    joining = source(group_coordinator.CoordinatorGroupRebalance)
    for line in ("member_id = response.member_id", "generation = response.generation_id"):
        assert f"self._coordinator.{line}" in joining, changed(f"{name}: {line}")


def test_group_metadata_is_made_as_librdkafka_makes_it() -> None:
    """`test_hand_over.py` compares that of a member."""
    nobody = confluent_kafka.Consumer({"group.id": "orders"})
    assert group_metadata("orders", -1, "") == nobody.consumer_group_metadata()


async def test_what_ends_the_membership_in_the_group_is_raised(consumer: AIOKafkaConsumer) -> None:
    subscription = subscription_state.SubscriptionState()
    subscription.register_fetch_waiters(set())
    made = group_coordinator.GroupCoordinator(consumer._client, subscription)
    consumer._coordinator = made
    compat.check_membership(consumer)
    waiting = asyncio.ensure_future(made._push_error_to_user(InvalidSessionTimeoutError()))
    with pytest.raises(InvalidSessionTimeoutError):
        compat.check_membership(consumer)
    await asyncio.wait_for(waiting, 5)
    compat.check_membership(consumer)
    assert "_push_error_to_user" in source(group_coordinator.GroupCoordinator), changed(
        "aiokafka.consumer.group_coordinator.GroupCoordinator._push_error_to_user"
    )


async def test_an_app_ends_with_its_worker_and_an_exit_code() -> None:
    stopped: list[object] = []

    class Above(mode.Worker):
        async def stop(self) -> None:
            stopped.append(self)

    app = faust.App("ended", broker="kafka://nowhere.invalid")
    above = Above()
    app.beacon.reattach(above.beacon)
    compat.end_app(app, 3)
    await asyncio.sleep(0)
    assert stopped == [above], changed("mode.Service.beacon")
    assert isinstance(above.crash_reason, SystemExit)
    assert above.crash_reason.code == 3
    assert "raise self.crash_reason" in source(mode.Worker), changed("mode.Worker")


class EndlessGoodbye:
    """aiokafka's consumer with a connection that ends when it is cut off, and not before."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        writer = SimpleNamespace(transport=SimpleNamespace(abort=self.ended.set))
        never_opened = SimpleNamespace(_writer=None)
        connections = {1: SimpleNamespace(_writer=writer), 2: never_opened}
        self._client = SimpleNamespace(_conns=connections)

    async def stop(self) -> None:
        await self.ended.wait()


async def test_a_connection_that_is_not_closed_in_order_is_cut_off() -> None:
    consumer: Any = EndlessGoodbye()
    async with asyncio.timeout(60):
        await compat.close_consumer(consumer)
    assert consumer.ended.is_set()


class SlowToStop:
    """aiokafka's consumer, which takes some turns of the loop to stop."""

    def __init__(self) -> None:
        self.stopped = False
        self._client = SimpleNamespace(_conns={})

    async def stop(self) -> None:
        await asyncio.sleep(0.05)
        self.stopped = True


async def test_a_consumer_is_closed_though_the_caller_is_cancelled_meanwhile() -> None:
    consumer: Any = SlowToStop()
    closing = asyncio.create_task(compat.close_consumer(consumer))
    await asyncio.sleep(0.01)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert consumer.stopped


async def test_a_consumer_that_was_never_started_is_closed(consumer: AIOKafkaConsumer) -> None:
    assert consumer._client._conns == {}, changed("aiokafka.AIOKafkaClient")
    await compat.close_consumer(consumer)
    assert "self._writer" in source(sys.modules["aiokafka.conn"].AIOKafkaConnection), changed(
        "aiokafka.conn.AIOKafkaConnection"
    )


async def test_a_producer_with_records_under_way_is_closed_in_time() -> None:
    producer = AIOKafkaProducer()
    # A task that waits for acknowledgements until it is cancelled, as `_sender_routine` does.
    waiting = asyncio.create_task(asyncio.Event().wait())
    producer._sender._sender_task = waiting
    with pytest.raises(asyncio.CancelledError):
        await compat.close_producer(producer, 5)
    assert waiting.cancelled(), changed("aiokafka.producer.sender.Sender.close")
    assert inspect.iscoroutinefunction(Sender.close)
    producer._closed = True


# -- Faust's transport


class Consumer(compat.Consumer):
    """Without a loop or a broker."""

    def __init__(self) -> None:
        self.in_transaction = False


def test_the_worker_reads_committed_records_only(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Thread(compat.ConsumerThread):
        def __init__(self) -> None:
            self.consumer: Any = SimpleNamespace(in_transaction=False)

        def on_consumer_created(self, consumer: Any) -> None:
            made.append(consumer)

    def create(thread: Any, _transport: Any) -> str:
        return "committed" if thread.consumer.in_transaction else "uncommitted"

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_create_worker_consumer", create)
    thread = Thread()
    assert thread._create_worker_consumer(None) == "committed"
    assert (made, thread.consumer.in_transaction) == (["committed"], False)


def test_faust_takes_the_isolation_level_from_one_flag() -> None:
    text = source(driver.AIOKafkaConsumerThread._create_worker_consumer)
    assert text.count("in_transaction") == 1, changed("faust.transport.drivers.aiokafka")
    assert 'isolation_level = "read_committed"' in text
    assert "self._create_worker_consumer(" in source(driver.AIOKafkaConsumerThread._create_consumer)


def test_each_fetch_passes_through_one_method() -> None:
    text = source(driver.AIOKafkaConsumerThread.getmany)
    assert "self._fetch_records" in text, changed("faust.transport.drivers.aiokafka")
    parameters = list(inspect.signature(driver.AIOKafkaConsumerThread._fetch_records).parameters)
    assert parameters[:3] == ["self", "consumer", "active_partitions"]
    assert hasattr(driver.AIOKafkaConsumerThread, "_ensure_consumer")


@pytest.mark.parametrize("method", [Recovery.on_recovery_completed, Recovery._resume_streams])
def test_faust_seeks_after_it_has_resumed_the_partitions(method: Any) -> None:
    """`BatchConsumer.perform_seek` wakes the fetcher, which needs partitions to fetch from."""
    text = source(method)
    resumed, sought = text.index("resume_partitions("), text.index("perform_seek(")
    assert resumed < sought, changed(f"faust.tables.recovery.{method.__qualname__}")


class FetchThread(compat.ConsumerThread):
    """In the test's own loop."""

    def __init__(self) -> None:
        self.thread_loop = asyncio.get_running_loop()


async def test_a_fetch_that_waits_can_be_ended(
    monkeypatch: pytest.MonkeyPatch, consumer: AIOKafkaConsumer
) -> None:
    waiting = asyncio.Event()
    subscription = consumer._subscription

    async def fetch(*_: Any, **__: Any) -> Any:
        with subscription.fetch_context():
            waiting.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread = FetchThread()
    fetching = asyncio.create_task(thread._fetch_records(consumer, set()))
    await waiting.wait()
    thread.end_fetch()
    assert await fetching == {}
    subscription._last_fetch_ended -= 100
    assert subscription.fetcher_idle_time > 99, "it counts as ended for max_poll_interval_ms"


async def test_only_the_fetch_under_way_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    brought = {TP("in", 0): ["record"]}

    async def fetch(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(0)
        return brought

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread = FetchThread()
    thread.end_fetch()
    assert await thread._fetch_records(None, set()) == brought
    thread.end_fetch()
    assert await thread._fetch_records(None, set()) == brought


async def test_an_error_of_a_fetch_is_no_end_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    with pytest.raises(TimeoutError):
        await FetchThread()._fetch_records(None, set())


async def test_a_fetch_that_is_ended_takes_no_records_with_it() -> None:
    """Of aiokafka, which holds them until it hands them out."""
    waiting = asyncio.Event()
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    records: dict[TP, Any] = {}

    def create_waiter() -> asyncio.Future[None]:
        waiting.set()
        return waiter

    stub: Any = SimpleNamespace(
        _subscriptions=SimpleNamespace(reassignment_in_progress=False),
        _records=records,
        _create_fetch_waiter=create_waiter,
        _closed=False,
    )
    fetching = asyncio.create_task(fetcher.Fetcher.fetched_records(stub, {TP("in", 0)}, 600.0))
    await waiting.wait()
    records[TP("in", 0)] = "fetched"
    waiter.set_result(None)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert records == {TP("in", 0): "fetched"}, changed("aiokafka.consumer.fetcher.Fetcher")


@pytest.mark.parametrize(
    "name",
    ["_new_consumer_thread", "_getmany", "_get_active_partitions", "_to_message"],
)
def test_fausts_consumer_has_the_methods_that_are_relied_on(name: str) -> None:
    assert callable(getattr(driver.Consumer, name, None)), changed(
        f"faust.transport.drivers.aiokafka.Consumer.{name}"
    )


@pytest.mark.parametrize("name", ["_committed_offset", "_read_offset"])
def test_fausts_consumer_keeps_its_offsets(name: str) -> None:
    assert f"self.{name} = defaultdict" in source(FaustConsumer), changed(
        f"faust.transport.consumer.Consumer.{name}"
    )


def test_a_public_name_of_ours_hides_none_of_fausts() -> None:
    """A base class of `compat` that overrides by accident would break Faust."""
    for ours, theirs in (
        (compat.Consumer, driver.Consumer),
        (compat.ConsumerThread, driver.AIOKafkaConsumerThread),
        (compat.WorkerCommand, worker_command),
    ):
        own = {name for name in vars(ours) if not name.startswith("_")}
        own -= {"logger"}  # mode's metaclass puts one into each class
        own -= {"abstract"}  # Faust's way to say that a class is no command
        own -= {"on_start", "stop"}  # overridden on purpose, and call Faust's
        assert {name for name in own if hasattr(theirs, name)} == set(), ours


def test_a_worker_command_is_a_command_only_once_it_is_subclassed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faust.cli.base.cli, "commands", dict(faust.cli.base.cli.commands))
    assert "workercommand" not in faust.cli.base.cli.commands
    before = faust.cli.base.cli.commands["worker"]

    class worker(compat.WorkerCommand):  # noqa: N801 - the class's name is the command's
        """Start worker instance for given app."""

    assert faust.cli.base.cli.commands["worker"] is not before, changed(
        "faust.cli.base.Command.abstract"
    )
    assert "workercommand" not in faust.cli.base.cli.commands


def test_the_thread_is_made_by_one_method() -> None:
    assert "self._thread = self._new_consumer_thread()" in source(ThreadDelegateConsumer), changed(
        "faust.transport.consumer.ThreadDelegateConsumer"
    )


async def test_a_consumer_thread_that_is_stopped_while_it_starts_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_run = threading.Event()
    started: list[object] = []

    class Held(threads.WorkerThread):
        def run(self) -> None:
            may_run.wait(10)
            super().run()

    class Thread(compat.ConsumerThread):
        async def on_start(self) -> None:
            started.append(self)

    monkeypatch.setattr(Thread, "__abstractmethods__", frozenset())
    monkeypatch.setattr(Thread, "__post_init__", lambda _: None)
    consumer: Any = SimpleNamespace(transport=SimpleNamespace(app=None))
    thread: Any = Thread(consumer, Worker=Held)
    starting = asyncio.create_task(thread.start())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(thread.stop())
    await asyncio.sleep(0)
    may_run.set()
    try:
        await asyncio.wait_for(asyncio.gather(starting, stopping), 10)
        assert not thread._thread.is_alive()
        assert not started
    finally:
        if thread._thread.is_alive():
            await mode.Service.stop(thread)


async def test_a_consumer_thread_whose_brokers_do_not_answer_ends_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Thread(compat.ConsumerThread):
        def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:
            host, port = silent.getsockname()
            return AIOKafkaConsumer(bootstrap_servers=f"{host}:{port}")

    monkeypatch.setattr(Thread, "__abstractmethods__", frozenset())
    monkeypatch.setattr(Thread, "__post_init__", lambda _: None)
    consumer: Any = SimpleNamespace(transport=SimpleNamespace(app=None))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        thread: Any = Thread(consumer)
        starting = asyncio.create_task(thread.start())
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            await asyncio.wait_for(asyncio.gather(starting, thread.stop()), 10)
    assert not thread._thread.is_alive()


def test_fausts_producer_forgets_aiokafkas_before_it_stops_it() -> None:
    assert "producer, self._producer = self._producer, None" in source(driver.Producer.on_stop), (
        changed("faust.transport.drivers.aiokafka.Producer.on_stop")
    )


# -- Faust's tables, assignor, worker and web server


class Row(faust.Record):
    number: int = 0


def test_a_changelog_is_taken_out_of_fausts_recovery() -> None:
    app = faust.App("compat", store="memory://")
    manager = TableManager(app)
    table = app.Table("rows", value_type=Row)
    manager.add(table)
    name = table.changelog_topic.get_topic_name()
    assert name in manager.changelog_topics, changed("faust.tables.manager.TableManager.add")
    compat.exclude_changelog(manager, table)
    assert name not in manager.changelog_topics
    assert "if table not in self._channels" in source(TableManager._update_channels), changed(
        "faust.tables.manager.TableManager._update_channels"
    )


def test_the_assignor_knows_every_workers_partitions() -> None:
    app = faust.App("compat", store="memory://")
    assignor = PartitionAssignor(app)
    app.assignor = assignor
    assert compat.owners_by_url(app) == assignor.external_topic_distribution == {}, changed(
        "faust.assignor.partition_assignor.PartitionAssignor"
    )


def test_the_assignor_is_asked_to_leave_no_room_for_standbys() -> None:
    app = faust.App("compat", store="memory://")
    assert "replicas=self.replicas" in source(PartitionAssignor._perform_assignment), changed(
        "faust.assignor.partition_assignor.PartitionAssignor"
    )
    compat.assign_no_standbys(app)
    assert app.assignor.replicas == 0
    assert "table_standby_replicas > 0" in source(
        driver.AIOKafkaConsumerThread._create_worker_consumer
    ), changed("AIOKafkaConsumerThread._create_worker_consumer")


def test_a_worker_stops_without_modes_extra_second() -> None:
    assert "asyncio.sleep(1.0)" in source(mode.Worker._sentinel_task), changed("mode.Worker")
    text = source(mode.Worker.stop_and_shutdown) + source(mode.Worker._shutdown_loop)
    assert "self._sentinel_task()" in text, changed("mode.Worker")


def test_signals_call_the_methods_that_may_be_overridden() -> None:
    assert "self._cry()" in source(mode.Worker._on_sigusr1), changed("mode.Worker._on_sigusr1")
    assert "self._enter_debugger()" in source(mode.Worker._on_sigusr2), changed(
        "mode.Worker._on_sigusr2"
    )


def test_the_options_of_the_command_line_are_read_in_one_place() -> None:
    assert "self._init_worker_options(" in source(worker_command), changed(
        "faust.cli.worker.worker"
    )


def test_the_web_server_runs_the_runner_that_was_set() -> None:
    app = faust.App("compat", store="memory://")
    assert hasattr(app.web, "_runner"), changed("faust.web.drivers.aiohttp.Web")
    runner = object()
    compat.set_web_runner(app, runner)
    assert app.web._runner is runner
    assert "self._runner.setup()" in source(Web), changed("faust.web.drivers.aiohttp.Web")


def test_a_setting_that_was_given_is_distinguished_from_a_default() -> None:
    app = faust.App("compat", store="memory://", stream_wait_empty=True)
    given = compat.given_settings(app)
    assert (given["stream_wait_empty"], given.get("broker_max_poll_records")) == (True, None), (
        changed("faust.App")
    )


def test_a_setting_is_changed_without_a_warning_about_a_late_change() -> None:
    app = faust.App("compat", store="memory://")
    assert app.conf.broker_request_timeout == 90.0
    with pytest.warns(AlreadyConfiguredWarning):
        app.conf.broker_request_timeout = 91.0
    compat.write_setting(app, "broker_request_timeout", 92.0)
    assert compat.setting_without_reading(app, "broker_request_timeout") == 92.0
    app.conf.broker_request_timeout = 93.0
    assert app.conf.broker_request_timeout == 93.0, changed("faust.App")
