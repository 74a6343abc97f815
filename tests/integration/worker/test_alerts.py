"""Each alert fires on what a real worker tells while it suffers what the alert is about.

`tests/functional/test_observe.py` has the rules on made-up series. Here the series are scraped from
workers, and promtool judges them.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.brokers import Kafka
from tests.integration.commands.recorded import Recorded
from tests.promtool import promtool
from tests.topics import produce
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker, KafkaServer, free_port

STREAM = {"NoProgress", "PartitionHeld", "TransactionsAborting"}
STREAM |= {"InvalidRecords", "AuthorizedShareOutOfBand", "ReviewShareUp", "RuleErrors"}
STREAM |= {"PartitionStopped", "OffsetsLost", "TokenKeysDiffer", "RulesRefused", "RulesDiffer"}
SLOW = {"LagGrowing", "LatencyHigh", "PendingTooLong"}
GROUP = {"WorkerDown", "NoWorker", "BrokerUnreachable", "PartitionsUnowned"}
GROUP |= {"WorkerGone", "WorkerRestarting"}
ALL = STREAM | SLOW | GROUP | {"BreakerOpen", "VeritasDegraded"}

Start = Callable[..., Worker]


def environment(broker: str, **settings: str) -> dict[str, str]:
    """A worker that makes 50 accounts a second; settings by name, without FRAUD_."""
    made = {"BROKER": broker, "PRODUCE_SIZE": "10", "PRODUCE_INTERVAL": "0.2", **settings}
    return {f"FRAUD_{name}": value for name, value in made.items()}


def account(card: str, *numbers: int) -> bytes:
    """With another name for other numbers; half of those with a good card are authorized."""
    name = "-".join(map(str, numbers))
    fields = {"FirstName": name, "LastName": "B", "CreditCardNumber": card, "Amount": 1.0}
    return json.dumps(fields).encode()


@pytest.fixture(autouse=True, scope="module")
def can_be_judged() -> None:
    """Skips where there is no promtool, before anything is started."""
    promtool("--version")


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="module")
def worker(broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker to which tests send what they like, and which is well when they end."""
    env = environment(broker.url, CREATE_TOPICS="0")
    with Worker(tmp_path_factory.mktemp("worker"), env, forked=True) as worker:
        worker.wait_ready()
        yield worker


def test_a_healthy_worker_raises_no_alert(worker: Worker, tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, pause=0.3)
    recorded.watch(one=worker)
    recorded.scrape(24)
    recorded.assert_firing(silent=ALL)


def test_invalid_records_are_reported(
    worker: Worker, broker: EmbeddedBroker, tmp_path: Path
) -> None:
    recorded = Recorded(tmp_path)
    recorded.watch(one=worker)
    for _ in range(6):
        recorded.scrape(2)
        produce(broker.address, "bankaccount", [b"{"] * 20)
    recorded.scrape(4)
    recorded.assert_firing("InvalidRecords", silent=ALL - {"InvalidRecords"})


def test_another_share_of_authorized_accounts_is_reported(
    worker: Worker, broker: EmbeddedBroker, tmp_path: Path
) -> None:
    recorded = Recorded(tmp_path, interval="1m")
    # Three minutes are over within a second here, and a worker may well pause for that long.
    others = ALL - {"AuthorizedShareOutOfBand", "NoProgress", "LagGrowing"}
    recorded.watch(one=worker)
    for card in ("4111111111111111", "none"):
        for burst in range(4):
            produce(broker.address, "bankaccount", [account(card, burst, n) for n in range(500)])
            recorded.scrape(5)
        if card != "none":
            recorded.assert_firing(silent=others | {"AuthorizedShareOutOfBand"})
    recorded.assert_firing("AuthorizedShareOutOfBand", silent=others)


def test_a_working_worker_s_metrics_are_as_prometheus_wants_them(worker: Worker) -> None:
    text = worker.get("/metrics")[1]
    assert 'faust_transactions_lag_records{partition="0",topic="bankaccount"}' in text
    assert promtool("check", "metrics", text=text) == ""


def test_a_dead_service_is_reported_then_a_dead_worker_then_one_without_partitions(
    embedded_broker: EmbeddedBroker, start_worker: Start, tmp_path: Path
) -> None:
    def start(**settings: str) -> Worker:
        more = {"CREATE_TOPICS": "0", "SESSION_TIMEOUT": "60", **settings}
        return start_worker(environment(embedded_broker.url, **more))

    recorded = Recorded(tmp_path, pause=0.1)  # nothing moves that could be missed
    waiting = start(VERITAS_URL=f"http://127.0.0.1:{free_port()}")
    waiting.wait_ready(path="/health/live")
    recorded.watch(one=waiting)
    recorded.scrape_until(lambda: 2 in recorded.last("veritas_breaker_state").values())
    recorded.scrape(24)
    recorded.assert_firing("BreakerOpen", "NoProgress", silent=GROUP)

    waiting.kill()
    recorded.scrape(6)
    recorded.assert_firing("WorkerDown", "NoWorker", silent={"BreakerOpen"})

    # Until the dead one's session ends the group waits for it, and this one for the group.
    idle = start()
    idle.wait_ready(path="/health/live")
    recorded.watch(two=idle)
    recorded.scrape(10)
    recorded.assert_firing("PartitionsUnowned", silent={"WorkerDown", "NoWorker"})


def test_a_worker_that_is_fenced_again_and_again_is_reported_then_one_that_holds_a_partition(
    kafka: Kafka, topic_prefix: str, start_worker: Start, tmp_path: Path
) -> None:
    # On a real Kafka: the embedded broker fences nobody.
    topics = {
        "ACCOUNTS_TOPIC": f"{topic_prefix}-in",
        "VERDICTS_TOPIC": f"{topic_prefix}-out",
        "DEAD_LETTERS_TOPIC": f"{topic_prefix}-dead",
    }
    worker = start_worker(environment(kafka.url, APP_ID=topic_prefix, **topics))
    worker.wait_ready()
    recorded = Recorded(tmp_path)
    recorded.watch(one=worker)
    recorded.scrape(2)
    client: dict[str, str | int | float | bool] = {
        "bootstrap.servers": kafka.bootstrap,
        "log_level": 0,
    }

    admin = AdminClient(client)  # kept: an answer does not come to one that is gone

    def fence() -> None:
        group = admin.describe_consumer_groups([topic_prefix])[topic_prefix]
        for member in group.result(10).members:
            name = f"{topic_prefix}:{member.member_id}"
            # The worker may fence at the same moment; the next round fences it.
            with suppress(KafkaException):
                Producer(client | {"transactional.id": name}).init_transactions(10)

    while recorded.scrapes < 64 or fenced(recorded) < 8:
        before = fenced(recorded)
        fence()
        recorded.scrape_until(lambda before=before: fenced(recorded) > before)  # type: ignore[misc]
        recorded.scrape(3)
    # Whoever is fenced that often may well get nowhere.
    others = ALL - SLOW - {"TransactionsAborting", "NoProgress"}
    recorded.assert_firing("TransactionsAborting", silent=others)

    produce(kafka.bootstrap, topics["ACCOUNTS_TOPIC"], [b"{"] * 1_000, partition=2)
    recorded.scrape_until(lambda: 1 in recorded.last("fraud_partition_held").values())
    recorded.assert_firing("PartitionHeld", silent=GROUP)


def test_brokers_that_a_worker_does_not_reach_are_reported(
    own_kafka: Callable[..., KafkaServer], start_worker: Start, tmp_path: Path
) -> None:
    server = own_kafka()
    worker = start_worker(environment(f"kafka://{server.bootstrap}"))
    worker.wait_ready()
    recorded = Recorded(tmp_path)
    recorded.watch(one=worker)
    recorded.scrape(8)
    recorded.assert_firing(silent={"BrokerUnreachable"})
    server.kill()
    recorded.scrape_until(lambda: 0 in recorded.last("fraud_broker_connected").values())
    recorded.scrape(3)
    recorded.assert_firing(silent={"BrokerUnreachable"})
    recorded.scrape(3)
    status, answer = worker.get("/health/ready")
    assert (status, answer["reason"]) == (503, "Kafka does not answer")
    # The worker itself answers, and still takes its partitions for its own.
    others = {"WorkerDown", "NoWorker", "WorkerGone", "WorkerRestarting", "PartitionsUnowned"}
    recorded.assert_firing("BrokerUnreachable", silent=others)


def fenced(recorded: Recorded) -> float:
    """Transactions that ended so, at the last scrape."""
    outcomes = recorded.last("faust_transactions_total")
    return outcomes["instance=one:6066,job=worker,outcome=fenced"]
