"""The whole stream on a real Kafka: what the README promises, seen from outside."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests import forked
from tests.brokers import Kafka
from tests.raw_records import send_raw
from tests.topics import produce, read_topic
from tests.worker import Worker, environment
from tools.devbroker import KafkaServer

Start = Callable[..., Worker]
ARTICLE = (
    b'{"FirstName":"Jimmie","LastName":"Swaniawski",'
    b'"CreditCardNumber":"4111111111111111","Amount":644.78}'
)


class Stream:
    """Names of this test's topics, its workers, and the command line beside them."""

    def __init__(self, kafka: Kafka, prefix: str, start: Start) -> None:
        self.bootstrap = kafka.bootstrap
        self.accounts, self.verdicts, self.dead = (
            f"{prefix}-{name}" for name in ("in", "out", "dead")
        )
        self.env = {
            "FRAUD_BROKER": kafka.url,
            "FRAUD_APP_ID": prefix,
            "FRAUD_ACCOUNTS_TOPIC": self.accounts,
            "FRAUD_VERDICTS_TOPIC": self.verdicts,
            "FRAUD_DEAD_LETTERS_TOPIC": self.dead,
            "FRAUD_RULES_TOPIC": f"{prefix}-rules",
            "FRAUD_PRODUCE_SIZE": "0",
        }
        self._start = start

    def worker(self, *, app: str = "fraud_app", level: str = "info", **env: str) -> Worker:
        return self._start(self.env | env, app=app, level=level)

    def run(self, *command: str, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        return forked.run(["-A", "fraud_app", *command], environment(self.env), timeout)


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


def wait_for(ask: Callable[[], Any], expected: Any, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while (answer := ask()) != expected:
        assert time.monotonic() < deadline, f"{answer!r}, not {expected!r}"
        time.sleep(0.2)


def total(worker: Worker) -> int:
    return int(worker.get("/verdicts/")[1]["total"])


def has_judged(worker: Worker) -> bool:
    return total(worker) > 0


def test_all_workers_tell_the_groups_totals_whoever_comes_and_goes(stream: Stream) -> None:
    first, second = stream.worker(), stream.worker()
    for worker in (first, second):
        worker.wait_ready()
    assert stream.run("produce", "20000", "--seed", "1").returncode == 0
    wait_for(lambda: (total(first), total(second)), (20_000, 20_000))
    authorized = first.get("/verdicts/")[1]["authorized"]
    counts = stream.run("counts", "--json")
    assert counts.returncode == 0, counts.stderr
    assert json.loads(counts.stdout) == first.get("/verdicts/")[1]
    assert first.stop() == 0
    third = stream.worker()
    third.wait_ready()
    wait_for(lambda: total(third), 20_000)
    assert third.get("/verdicts/")[1]["authorized"] == authorized
    proof = stream.run("reconcile", "--json")
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_a_message_written_by_hand_is_judged(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    produce(stream.bootstrap, stream.accounts, [ARTICLE, b"garbage"], partition=2)
    wait_for(lambda: worker.get("/verdicts/")[1]["dead_letters"], 1)
    (verdict,) = read_topic(stream.bootstrap, stream.verdicts)
    told = json.loads(verdict.value or b"")
    assert (told["id"], told["card"]) == (f"{stream.accounts}-2-0", "************1111")
    assert (verdict.partition, verdict.key) == (2, told["account"].encode())
    (letter,) = read_topic(stream.bootstrap, stream.dead)
    assert (letter.value, letter.headers["error"]) == (b"garbage", b"not_json")


def test_a_header_whose_name_is_no_text_stops_nobody(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    headers = [(b"\xff\xfe", b"x"), (b"traceparent", None)]
    raw = [(b"k", ARTICLE, headers), (b"k", b"garbage", headers), (None, ARTICLE, [])]
    send_raw(stream.bootstrap, stream.accounts, 2, raw)
    produce(stream.bootstrap, stream.accounts, [ARTICLE], partition=2)
    wait_for(lambda: (total(worker), worker.get("/verdicts/")[1]["dead_letters"]), (3, 1))
    assert worker.get("/verdicts/")[1]["partitions"]["2"]["next_offset"] == 4
    (letter,) = read_topic(stream.bootstrap, stream.dead)
    assert (letter.key, letter.value) == (b"k", b"garbage")
    assert stream.run("reconcile").returncode == 0


def test_the_producer_agent_sends_what_the_article_reads(stream: Stream) -> None:
    worker = stream.worker(FRAUD_PRODUCE_SIZE="3", FRAUD_PRODUCE_INTERVAL="0.2", FRAUD_SEED="7")
    worker.wait_ready()
    wait_for(lambda: len(read_topic(stream.bootstrap, stream.accounts)) >= 6, True)
    for record in read_topic(stream.bootstrap, stream.accounts):
        account = json.loads(record.value or b"")
        assert list(account) == ["FirstName", "LastName", "CreditCardNumber", "Amount"]
        assert re.fullmatch(r"\d{12,19}", account["CreditCardNumber"])
        assert isinstance(account["Amount"], float)
    wait_for(lambda: "AUTHORIZED bank account for" in worker.log, True)


def test_a_stop_under_load_is_quick_and_loses_nothing(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    assert stream.run("produce", "60000").returncode == 0
    wait_for(lambda: total(worker) > 0, True)
    assert worker.stop(timeout=10) == 0
    worker.start()
    worker.wait_ready()
    wait_for(lambda: total(worker), 60_000)
    assert stream.run("reconcile").returncode == 0


def test_no_full_card_number_leaves_the_accounts(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    produce(stream.bootstrap, stream.accounts, [ARTICLE] * 3)
    wait_for(lambda: total(worker), 3)
    pages = [str(worker.get(path)[1]) for path in ("/verdicts/", "/metrics", "/")]
    topics = [str(read_topic(stream.bootstrap, topic)) for topic in (stream.verdicts, stream.dead)]
    for text in [*pages, *topics, worker.log]:
        assert "4111111111111111" not in text


def test_another_number_of_partitions_is_reported_in_one_line(stream: Stream) -> None:
    first = stream.worker()
    first.wait_ready()
    assert first.stop() == 0
    second = stream.worker(FRAUD_PARTITIONS="6")
    assert second.wait(timeout=30) == 1
    told = second.log.strip().splitlines()[-1]
    assert "FRAUD_PARTITIONS" in told
    assert "4" in told
    assert "6" in told


def test_a_stop_while_the_broker_is_away_does_not_wait_for_it(
    own_kafka: Callable[..., KafkaServer], start_worker: Start
) -> None:
    server = own_kafka()
    # With fake accounts on their way, which is what Faust's own producer would wait for. Each is
    # a stream of its own.
    env = {"FRAUD_BROKER": server.url, "FRAUD_PRODUCE_INTERVAL": "0.1"}
    names = ("APP_ID", "VERDICTS_TOPIC", "DEAD_LETTERS_TOPIC")
    silent, gone = (
        start_worker(env | {f"FRAUD_{name}": f"{stream}-{name}" for name in names})
        for stream in ("silent", "gone")
    )
    for worker in (silent, gone):
        worker.wait_ready()
        wait_for(partial(has_judged, worker), True)
    for worker, away in ((silent, server.pause), (gone, server.kill)):
        away()
        time.sleep(2)
        # Far below what Kafka's clients would wait for: 30 s and more.
        assert worker.stop(timeout=20) == 0
