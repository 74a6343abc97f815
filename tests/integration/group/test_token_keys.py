"""Two workers of one group with different keys of the account token, on a real Kafka."""

import json
from functools import partial
from typing import Any

import pytest

from records.token import key_id
from tests.brokers import Kafka
from tests.integration.group.test_owners import page
from tests.integration.stream.test_stream import ARTICLE, Start, Stream, wait_for
from tests.topics import produce, read_topic
from tests.worker import Worker

ONE, OTHER = "the first key", "another key"
IDS = {key_id(ONE.encode()), key_id(OTHER.encode())}
LINE = "workers of this group use different FRAUD_TOKEN_KEY: key ids"


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


def tokens(worker: Worker) -> dict[str, Any]:
    """What the page says of the account tokens."""
    found: dict[str, Any] = page(worker)["health"]["tokens"]
    return found


def level(worker: Worker) -> str:
    return str(tokens(worker)["level"])


def lines(worker: Worker) -> int:
    return worker.log.count(LINE)


def send(stream: Stream) -> None:
    for partition in range(4):
        produce(stream.bootstrap, stream.accounts, [ARTICLE], partition=partition)


def test_two_keys_in_one_group_are_found_and_said_by_both_workers(stream: Stream) -> None:
    workers = [stream.worker(FRAUD_TOKEN_KEY=key) for key in (ONE, OTHER)]
    for worker in workers:
        worker.wait_ready()
    wait_for(
        lambda: {one["owner"] for one in page(workers[0])["partitions"]} - {None, ""},
        _names(workers),
    )
    send(stream)
    for worker in workers:
        wait_for(partial(level, worker), "warn")
        text = tokens(worker)["text"]
        assert text.startswith(LINE)
        assert all(each in text for each in IDS)
        assert worker.metric("fraud_token_keys") == 2
        wait_for(partial(lines, worker), 1)
        assert worker.get("/health/ready")[0] == 200
    verdicts = [
        json.loads(record.value or b"") for record in read_topic(stream.bootstrap, stream.verdicts)
    ]
    assert len(verdicts) == 4
    assert {verdict["key"] for verdict in verdicts} == IDS
    assert len({verdict["account"] for verdict in verdicts}) == 2

    # All stopped and started with one key: what the rows say of the past is no fault.
    for worker in workers:
        assert worker.stop() == 0
    again = stream.worker(FRAUD_TOKEN_KEY=ONE)
    again.wait_ready()
    send(stream)
    wait_for(lambda: again.get("/verdicts/")[1]["total"], 8)
    assert tokens(again) == {"level": "ok", "text": f"key {key_id(ONE.encode())}"}
    assert LINE not in again.log


def _names(workers: list[Worker]) -> set[str]:
    return {str(page(worker)["worker"]) for worker in workers}
