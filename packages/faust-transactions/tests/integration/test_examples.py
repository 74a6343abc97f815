"""The two examples, run as their heads say, on a real Kafka."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.brokers import Kafka
from tests.topics import Read, create_topic, produce, read_topic, wait_for_records
from tests.worker import Worker

EXAMPLES = Path(__file__).parents[2] / "examples"
PRODUCTS = ("tea", "coffee", "cocoa")

Start = Callable[..., Worker]


def order(number: int) -> bytes:
    return json.dumps({"product": PRODUCTS[number % 3], "units": 1}).encode()


def totals(bootstrap: str, topic: str) -> dict[tuple[int, bytes], list[int]]:
    """Partition and product -> its totals, in order."""
    found: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for read in read_topic(bootstrap, topic):
        assert read.key is not None
        found[read.partition, read.key].append(json.loads(read.value or b"")["total"])
    return found


def test_every_order_counts_once_though_the_worker_is_killed(
    kafka: Kafka, topic_prefix: str, start_worker: Start
) -> None:
    prefix = f"{topic_prefix}-"
    for name in ("orders", "order-totals", "orders-rejected"):
        create_topic(kafka.bootstrap, prefix + name)
    env = {"PYTHONPATH": str(EXAMPLES), "KAFKA": kafka.bootstrap, "PREFIX": prefix}
    worker = start_worker(env, app="orders")
    sent = 3_000
    produce(kafka.bootstrap, f"{prefix}orders", map(order, range(sent)))
    written = f"{prefix}order-totals"
    wait_for_records(kafka.bootstrap, written, 1)
    worker.kill()
    produce(kafka.bootstrap, f"{prefix}orders", [*map(order, range(sent)), b"no order"])
    worker.start()
    wait_for_records(kafka.bootstrap, written, 2 * sent, timeout=120)
    found = totals(kafka.bootstrap, written)
    # Orders of one unit: the totals of a product in a partition are 1, 2, 3, … each once.
    assert all(each == list(range(1, len(each) + 1)) for each in found.values())
    assert sum(map(len, found.values())) == 2 * sent
    rejected = f"{prefix}orders-rejected"
    wait_for_records(kafka.bootstrap, rejected, 1)
    assert [read.value for read in read_topic(kafka.bootstrap, rejected)] == [b"no order"]


class Countries(BaseHTTPRequestHandler):
    """The service: knows one country, and fails at the first request."""

    asked: Counter[str]

    def do_GET(self) -> None:
        country = self.path.rpartition("/")[2]
        self.asked[country] += 1
        if self.asked.total() == 1:
            self.send_error(503)
        elif country != "NO":
            self.send_error(404)
        else:
            body = b'{"name":"Norway"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def countries() -> Iterator[ThreadingHTTPServer]:
    Countries.asked = Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Countries)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_visits_are_enriched_in_order_and_once_though_the_service_fails(
    kafka: Kafka, topic_prefix: str, start_worker: Start, countries: ThreadingHTTPServer
) -> None:
    prefix = f"{topic_prefix}-"
    for name in ("visits", "visits-enriched", "visits-unknown"):
        create_topic(kafka.bootstrap, prefix + name)
    visits = [{"page": f"/{number}", "country": "NO"} for number in range(50)]
    values = [json.dumps(visit).encode() for visit in visits]
    odd = [b'{"page": "/", "country": "XX"}', b"no visit"]
    produce(kafka.bootstrap, f"{prefix}visits", [*values, *odd], partition=2)
    port = countries.server_address[1]
    env = {"PYTHONPATH": str(EXAMPLES), "KAFKA": kafka.bootstrap, "PREFIX": prefix}
    start_worker({**env, "LOOKUP": f"http://127.0.0.1:{port}/countries"}, app="enrichment")

    def read(name: str) -> list[Read]:
        return read_topic(kafka.bootstrap, prefix + name)

    wait_for_records(kafka.bootstrap, f"{prefix}visits-enriched", len(visits))
    found = [json.loads(each.value or b"") for each in read("visits-enriched")]
    assert found == [{**visit, "country_name": "Norway"} for visit in visits]
    wait_for_records(kafka.bootstrap, f"{prefix}visits-unknown", len(odd))
    assert [each.value for each in read("visits-unknown")] == odd
    assert Countries.asked["NO"] + Countries.asked["XX"] >= 3
