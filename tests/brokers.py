"""Brokers and names for all tests; marks the tests by their folder; says what was skipped."""

import os
import re
import signal
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import forked
from tests.not_here import skip_or_fail
from tests.quick_kafka import class_archive, format_data, shared_kafka
from tests.worker import Worker
from tools.devbroker import BrokerUnavailableError, EmbeddedBroker, KafkaServer
from tools.devbroker.java import java
from tools.devbroker.libraries import libraries

SLOW = {"integration", "browser", "chaos", "soak"}
FOLDERS = {"unit", "functional", *SLOW}
#: Kafkas for all processes of a run, besides those that tests have to themselves.
SHARED_KAFKAS = 2


# How long an example takes depends on what else the machine does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Let SIGINT end the processes that tests start, whatever started pytest.

    A shell starts background jobs with SIGINT ignored, and children inherit that; a handler they
    do not inherit, they begin with the default.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Kafka:
    """A real Kafka that tests share: topics of one's own, and no stopping it."""

    bootstrap: str

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"


@pytest.fixture(scope="session")
def can_run_kafka() -> Iterator[None]:
    """Skips, or fails, where this machine cannot run a Kafka of its own."""
    missing = None
    try:
        java()
        libraries()
    except BrokerUnavailableError as error:
        missing = f"no real Kafka: {error}"
    if missing is not None:  # out here, where no second traceback goes before the reason
        skip_or_fail("REQUIRE_KAFKA", missing)
    with pytest.MonkeyPatch.context() as patch:
        options = f"-XX:SharedArchiveFile={class_archive()}"
        patch.setenv("JDK_JAVA_OPTIONS", f"{os.environ['JDK_JAVA_OPTIONS']} {options}")
        yield


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kafka]:
    """The Kafka of FRAUD_TEST_BROKER, else one of those that are started for this run."""
    given = os.environ.get("FRAUD_TEST_BROKER")
    if given:
        yield Kafka(given.removeprefix("kafka://").replace(";", ","))
        return
    request.getfixturevalue("can_run_kafka")
    base, process = tmp_path_factory.getbasetemp(), os.environ.get("PYTEST_XDIST_WORKER")
    if process:  # its folder is in that of the run
        base = base.parent / f"shared-{int(process.removeprefix('gw')) % SHARED_KAFKAS}"
    with shared_kafka(base / "kafka") as bootstrap:
        yield Kafka(bootstrap)


@pytest.fixture
def own_kafka(can_run_kafka: None, tmp_path: Path) -> Iterator[Callable[..., KafkaServer]]:
    """Starts a Kafka for this test alone, which may stop, kill or pause it.

    Takes the arguments of KafkaServer but the directory. Each costs some seconds.
    """
    servers: list[KafkaServer] = []

    def start(**options: Any) -> KafkaServer:
        server = KafkaServer(tmp_path / f"kafka-{len(servers)}", **options)
        servers.append(server)
        format_data(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """Begins the names of topics, groups and apps of this test, and of no other or earlier one."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[:60]}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session", autouse=True)
def programs_start_quickly() -> Iterator[None]:
    """Hundreds of processes start here and live for seconds, so starting them is what they cost.

    Optimizing a Kafka server costs more than it brings: starting one takes half the processor time
    without. Every `java` heeds the variable. Workers and commands compile the program once, not
    each anew, whatever the environment says of bytecode: a third of the time that they need.
    """
    with pytest.MonkeyPatch.context() as patch:
        options = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        patch.setenv("JDK_JAVA_OPTIONS", f"{options} {os.environ.get('JDK_JAVA_OPTIONS', '')}")
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield
        forked.close()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts workers: start_worker(env, app="fraud_app"), without waiting.

    They are forked, but with forked=False. Those still there at the test's end are killed.
    """
    workers: list[Worker] = []

    def start(env: dict[str, str], **options: Any) -> Worker:
        worker = Worker(tmp_path / f"worker-{len(workers)}", env, **{"forked": True} | options)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        worker.kill()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests, and say which of them pytest-xdist gives to one process.

    Those of a file that share a server of its own; all others go to whichever process has nothing
    to do. It begins with the largest groups. The short tests, which need no server, are the last:
    they fill the time in which a process still has a long one.
    """
    for item in items:
        for folder in FOLDERS.intersection(item.path.parts):
            item.add_marker(folder)
            if folder == "browser":
                item.add_marker(pytest.mark.xdist_group(folder))
            elif folder == "integration" and _shares_with_its_file(item):
                item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: not SLOW.intersection(item.path.parts))


def _shares_with_its_file(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(each.scope == "module" for found in fixtures for each in found)


@pytest.hookimpl(trylast=True)  # behind the coverage: it is what one has to see
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tests that were skipped, by reason."""
    files: dict[str, Counter[str]] = defaultdict(Counter)
    for report in terminalreporter.getreports("skipped"):
        _, _, message = report.longrepr
        files[message.removeprefix("Skipped: ")][report.nodeid.partition("::")[0]] += 1
    for reason, counts in files.items():
        terminalreporter.section(f"{counts.total()} tests were skipped: {reason}", sep="-")
        for name, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:5} in {name}")
