"""What a worker writes: JSON lines alone where they are asked for, and no card number at all."""

import json
import re
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.brokers import Kafka
from tests.topics import create_topic, produce, read_topic
from tests.worker import Worker
from tools.devbroker import KafkaServer

CARDS = ["4111111111111111", "378282246310005"]
StartKafka = Callable[..., KafkaServer]
StartWorker = Callable[..., Worker]


def account(card: str) -> bytes:
    return json.dumps(
        {"FirstName": "Jimmie", "LastName": "S", "CreditCardNumber": card, "Amount": 1.5}
    ).encode()


def lines_of(worker: Worker) -> list[dict[str, Any]]:
    """Every line of standard output and error, read as JSON."""
    return [json.loads(line) for line in worker.log.splitlines()]


def wait_for(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_all_that_a_worker_writes_is_json_without_cards(
    own_kafka: StartKafka, start_worker: StartWorker
) -> None:
    kafka = own_kafka()  # a new one, whose coordinators have yet to load
    env = {"FRAUD_BROKER": kafka.url, "FRAUD_LOG_FORMAT": "json"}
    # So few that each has a line of its own, however long the start takes.
    env |= {"FRAUD_PRODUCE_INTERVAL": "5"}
    worker = start_worker(env | {"FRAUD_LOG_FORMATS": "?"}, level="debug")
    worker.wait_ready()
    values = [account(card) for card in CARDS] + [b"no account " + CARDS[0].encode()]
    produce(kafka.bootstrap, "bankaccount", values)
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"] == 1)
    wait_for(lambda: worker.get("/verdicts/")[1]["total"] > len(CARDS))
    worker.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: "what every thread and task is doing" in worker.log)
    records = read_topic(kafka.bootstrap, "bankaccount")
    cards = re.findall(r"\b\d{12,19}\b", " ".join(str(record.value) for record in records))
    assert {*CARDS} < {*cards}, "those of the producer agent are there too"
    kafka.kill()
    wait_for(lambda: "aiokafka" in worker.log.rpartition("every thread")[2])
    assert worker.stop() == 0
    lines = lines_of(worker)
    for line in lines:
        assert list(line)[:5] == ["time", "level", "logger", "message", "pid"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    for card in cards:
        assert card not in worker.log
    outcomes = [line["outcome"] for line in lines if line["logger"] == "verdicts"]
    assert outcomes.count("dead_letter") == 1
    assert len(outcomes) > len(values)
    told = [line["message"] for line in lines if line["logger"] == "fraud_app"]
    assert "starts: app id fraud-app" in told[0]
    assert "FRAUD_LOG_FORMATS is set, but there is no such setting" in told
    assert told[-1] == "stopped"


def test_why_a_worker_does_not_start_is_json_too(
    kafka: Kafka, topic_prefix: str, start_worker: StartWorker
) -> None:
    create_topic(kafka.bootstrap, topic_prefix, 2)
    env = {"FRAUD_BROKER": kafka.url, "FRAUD_ACCOUNTS_TOPIC": topic_prefix}
    env |= {"FRAUD_APP_ID": topic_prefix, "FRAUD_LOG_FORMAT": "json"}
    for more, reason in (({}, "has 2 partitions"), ({"FRAUD_PARTITIONS": "x"}, "'x', but must be")):
        worker = start_worker(env | more)
        assert worker.wait() == 1
        assert reason in lines_of(worker)[-1]["message"]


def test_a_line_for_people_is_an_event(
    kafka: Kafka, topic_prefix: str, start_worker: StartWorker
) -> None:
    names = {"ACCOUNTS": "in", "VERDICTS": "out", "DEAD_LETTERS": "dead"}
    env = {f"FRAUD_{key}_TOPIC": f"{topic_prefix}-{name}" for key, name in names.items()}
    env |= {"FRAUD_BROKER": kafka.url, "FRAUD_APP_ID": topic_prefix, "FRAUD_SEED": "1"}
    worker = start_worker(env)
    worker.wait_ready()
    wait_for(lambda: "AUTHORIZED bank account for" in worker.log)
    assert worker.stop() == 0
    lines = worker.log.splitlines()
    for line in lines:
        assert re.match(r"\[[\d-]+ [\d:,]+\] \[\d+\] \[[A-Z]+\] ", line), line
    told = [line.split("] ", 3)[3] for line in lines if "] [INFO] " in line]
    told = [line for line in told if "AUTHORIZED" not in line]
    assert [line.split(" ")[0] for line in told] == [
        *("fraud_app", "topic", "judging", "restored", "started,", "stopping", "revoked", "stopped")
    ]
