"""No card number is anywhere but where it may be: after a whole run every place is searched."""

import contextlib
import http.client
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from tests.brokers import Kafka
from tests.integration.service import Service
from tests.integration.stream.planted_cards import (
    Planted,
    account,
    card_number,
    cards_in,
    planted,
    send,
)
from tests.integration.stream.test_stream import Stream, wait_for
from tests.topics import read_topic
from tests.worker import Worker
from tools.devbroker import KafkaServer

Cards = dict[str, str]
COMMANDS = [
    ("counts",),
    ("reconcile", "--json"),
    ("dead-letters", "list", "--json", "--limit", "0"),
    ("what-if", "rules/examples/article.toml"),
    ("what-if", "rules/examples/names.toml", "--json"),
    ("verdicts", "find"),
    ("verdicts", "find", "--json"),
]


@pytest.fixture(scope="module")
def broker(can_run_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker on which nobody else has written."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield Kafka(server.bootstrap)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "veritas.log")
    service.start("--error-share", "0.05", "--reject-share", "0.1")
    yield service
    service.kill()


def is_done(worker: Worker, stream: Stream) -> bool:
    """Whether everything that is in the accounts topic now has been judged."""
    ends = {
        record.partition: record.offset for record in read_topic(stream.bootstrap, stream.accounts)
    }
    rows = worker.get("/verdicts/")[1]["partitions"]
    return all(rows[str(partition)]["next_offset"] > last for partition, last in ends.items())


class Watcher:
    """Somebody who has the page open: all that its event stream brings."""

    def __init__(self, worker: Worker) -> None:
        self.seen = b""
        self._connection = http.client.HTTPConnection("127.0.0.1", worker.web_port, timeout=60)
        self._connection.request("GET", "/verdicts/stream?events=dashboard")
        self._answer = self._connection.getresponse()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(http.client.HTTPException, OSError):
            while chunk := self._answer.read1():
                self.seen += chunk

    def join(self) -> None:
        """Waits until the worker has ended the stream."""
        self._thread.join(30)
        self._answer.close()
        self._connection.close()


@pytest.fixture
def watch() -> Iterator[Callable[[Worker], Watcher]]:
    """Opens the page; closed at the test's end, whatever becomes of it."""
    with contextlib.ExitStack() as opened:

        def start(worker: Worker) -> Watcher:
            watcher = Watcher(worker)
            opened.callback(watcher.join)
            return watcher

        yield start


def explanations(worker: Worker, stream: Stream) -> str:
    """Why the first accounts of each partition were judged so."""
    ids = [f"{stream.accounts}-{p}-{offset}" for p in range(4) for offset in range(12)]
    found = [worker.get(f"/verdicts/{one}") for one in ids]
    assert {200} <= {status for status, _ in found} <= {200, 404}
    return "\n".join(json.dumps(document) for _, document in found)


def answers(worker: Worker, card: str) -> str:
    """What the worker's web says to requests good and bad, some with a card in them."""
    head = b"Host: x\r\nConnection: close\r\n"
    paths = ["/", "/verdicts/", "/metrics", "/health/live", "/health/ready", "/static/app.js"]
    paths += [f"/{card}", f"/verdicts/?card={card}", f"/static/{card}.js", f"/table/{card}"]
    paths += [f"/verdicts/{card}", f"/verdicts/x-1-{card}"]
    requests = [f"GET {path} HTTP/1.1\r\n".encode() + head + b"\r\n" for path in paths]
    body = account(CreditCardNumber=card)
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    requests += [
        b"POST /verdicts/ HTTP/1.1\r\n" + head + length + body,
        b"GET /verdicts/ HTTP/1.1\r\n" + head + f"X-Card: {card}\r\n\r\n".encode(),
        # No HTTP: not even these bytes may come back or be logged.
        f"{card} / HTTP/1.1\r\n\r\n".encode(),
        f"GET /{card} HTTP/9.9\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\n" + head + f"{card} {card}\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\n" + head + f"X: {card * 1000}\r\n\r\n".encode(),
        f"GET /{card * 1000} HTTP/1.1\r\n\r\n".encode(),
        body,
    ]
    return "\n".join(exchange(worker.web_port, request) for request in requests)


def exchange(port: int, request: bytes) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode("latin-1")


def slowly(records: Iterable[Planted], worker: Worker) -> Iterator[Planted]:
    for number, record in enumerate(records):
        yield record
        if number in (10, 20):
            worker.send(signal.SIGUSR1)
            worker.send(signal.SIGUSR2)
        time.sleep(0.06)


def everything_in(bootstrap: str, stream: Stream) -> dict[str, str]:
    """Every topic's keys, values and headers, Kafka's own topics' too; less what may hold cards."""
    found = {}
    for topic in AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics:
        if topic == stream.accounts:
            continue
        found[topic] = ""
        for record in read_topic(bootstrap, topic, isolation="read_uncommitted"):
            kept = record
            if topic == stream.dead:
                kept = record._replace(key=None, value=None)
            found[topic] += repr(kept) + "\n"
    return found


def cards_of(bootstrap: str, stream: Stream, records: list[Planted]) -> Cards:
    """The planted ones, the one of all other fields, and those that the producer agent made."""
    cards = {record.card: record.place for record in records} | {card_number(0): "of all records"}
    for record in read_topic(bootstrap, stream.accounts):
        made = re.search(rb'"CreditCardNumber":"(\d+)"', record.value or b"")
        if made:
            cards[made[1].decode()] = "of the producer agent"
    return cards


def test_no_card_number_is_anywhere_but_where_it_may_be(
    broker: Kafka,
    topic_prefix: str,
    start_worker: Callable[..., Worker],
    service: Service,
    watch: Callable[[Worker], Watcher],
    tmp_path: Path,
) -> None:
    stream = Stream(broker, topic_prefix, start_worker)
    worker = stream.worker(
        level="debug",
        FRAUD_VERITAS_URL=service.url,
        FRAUD_PRODUCE_SIZE="2",
        FRAUD_PRODUCE_INTERVAL="0.2",
    )
    worker.wait_ready()
    watcher = watch(worker)
    records = planted()
    send(broker.bootstrap, stream.accounts, records, partitions=4)
    wait_for(lambda: is_done(worker, stream), True)
    # Again and slowly, so that the log has a line for each; with both signals in between.
    send(broker.bootstrap, stream.accounts, slowly(records, worker), partitions=4)
    told = {"web": answers(worker, card_number(9_000))}
    wait_for(lambda: is_done(worker, stream), True)
    wait_for(lambda: b'"card":"************' in watcher.seen, True)
    with ThreadPoolExecutor(len(COMMANDS)) as pool:
        ended = list(pool.map(lambda command: stream.run(*command), COMMANDS))
    for command, done in zip(COMMANDS, ended, strict=True):
        assert done.returncode == 0, done.stdout + done.stderr
        told[" ".join(command)] = done.stdout + done.stderr
    told["explanations"] = explanations(worker, stream)
    assert worker.stop() == 0
    watcher.join()
    assert service.stop() == 0

    told |= {
        "event stream": watcher.seen.decode(),
        "log": worker.log,
        "veritas": (tmp_path / "veritas.log").read_text(),
    }
    told |= everything_in(broker.bootstrap, stream)
    cards = cards_of(broker.bootstrap, stream, records) | {card_number(9_000): "a request"}
    leaks = {where: found for where, text in told.items() if (found := cards_in(text, cards))}
    assert leaks == {}

    # The search would have found them, and there was something to be found and to be looked at.
    letters = read_topic(broker.bootstrap, stream.dead)
    assert {"broken JSON", "the key of nothing"} <= cards_in(repr(letters), cards)
    assert "of the producer agent" in cards.values()
    assert {stream.verdicts, stream.dead, f"{topic_prefix}-verdict_counts-changelog"} <= set(told)
    assert {f"{topic_prefix}-__assignor-__leader", "__consumer_offsets"} <= set(told)
    assert "AUTHORIZED bank account for ************" in worker.log
    assert "DEAD LETTER" in worker.log
    assert "thread MainThread" in worker.log
    assert "[DEBUG]" in worker.log
    assert '"veritas_rejected"' in told["dead-letters list --json --limit 0"]


def test_an_exception_that_quotes_the_account_is_logged_without_it(
    broker: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(broker, topic_prefix, start_worker)
    options: dict[str, Any] = {
        "app": "tests.integration.stream.raising_app",
        "level": "debug",
        "FRAUD_LOG_FORMAT": "json",
    }
    worker = stream.worker(**options)
    worker.wait_ready()
    names = ["Key", "Decode", "Cause", "Other"]
    cards = {card_number(8_000 + number): name for number, name in enumerate(names)}
    records = [
        Planted(name, card, account(FirstName=name, CreditCardNumber=card))
        for card, name in cards.items()
    ]
    send(broker.bootstrap, stream.accounts, records, partitions=4)
    wait_for(lambda: worker.log.count("the batch failed") >= 8, True)
    worker.send(signal.SIGUSR1)
    wait_for(lambda: "thread MainThread" in worker.log, True)
    assert worker.stop() == 0
    assert cards_in(worker.log, cards) == set()
    for kind in ("KeyError", "UnicodeDecodeError", "RuntimeError", "ValueError"):
        assert f"ExceptionGroup of {kind}" in worker.log
    assert "raising_app.py" in worker.log, "it still says where"
    assert read_topic(broker.bootstrap, stream.verdicts) == []
