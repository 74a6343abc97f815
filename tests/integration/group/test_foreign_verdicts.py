"""Verdicts that others wrote into our topic, seen from the page's stream of a real worker."""

import json
from typing import Any

import pytest

from tests.brokers import Kafka
from tests.integration.group.test_owners import page
from tests.integration.stream.test_stream import ARTICLE, Start, Stream, wait_for
from tests.topics import produce

VERDICT: dict[str, Any] = {
    "id": "elsewhere-0-1",
    "topic": "elsewhere",
    "partition": 0,
    "offset": 1,
    "account": "f" * 32,
    "card": "************1111",
    "amount": 1.0,
    "authorized": True,
    "reasons": [],
    "verified_at": 1_795_410_452_087,
}
ODD: list[dict[str, Any]] = [
    {"verified_at": 1e30},
    {"verified_at": 10**18},
    {"amount": 10**30},
    {"partition": 10**18},
    {"reasons": ["x" * 1_000] * 200},
    {"topic": "x" * 100_000},
    {"reasons": [[[[]]]]},
]


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


def test_the_page_goes_on_whatever_others_wrote_into_the_verdicts(stream: Stream) -> None:
    worker = stream.worker()
    worker.wait_ready()
    produce(stream.bootstrap, stream.accounts, [ARTICLE], partition=1)
    wait_for(lambda: worker.get("/verdicts/")[1]["total"], 1)
    foreign = [json.dumps(VERDICT | odd).encode() for odd in ODD]
    foreign += [b"[" * 50_000, b'{"id":' * 10_000, b"\xff", json.dumps(VERDICT).encode()]
    produce(stream.bootstrap, stream.verdicts, foreign, partition=1)
    # One is as a verdict is written, wherever it comes from; `10**30` is a finite double.
    shown = {f"{stream.accounts}-1-0", "elsewhere-0-1"}
    wait_for(lambda: {one["id"] for one in page(worker)["recent"]}, shown)
    assert all(abs(one["amount"]) <= 1e30 for one in page(worker)["recent"])
    assert "Traceback" not in worker.log
    assert worker.stop() == 0
