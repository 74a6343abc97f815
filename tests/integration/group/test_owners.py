"""Who owns a partition, as each worker tells it on its page and Kafka to `top`."""

import json
import socket
import urllib.request
from collections import Counter
from typing import Any

import pytest

from tests.brokers import Kafka
from tests.integration.stream.test_stream import Start, Stream, wait_for
from tests.worker import Worker


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


def page(worker: Worker) -> dict[str, Any]:
    """What the page of a worker shows now."""
    url = f"{worker.url}/verdicts/stream?events=dashboard"
    with urllib.request.urlopen(url, timeout=30) as answer:
        for line in answer:
            if line == b"event: dashboard\n":
                document: dict[str, Any] = json.loads(next(answer).removeprefix(b"data: "))
                return document
    raise AssertionError("the stream ended")


def owners(worker: Worker) -> Counter[str | None]:
    """Owner -> number of partitions."""
    return Counter(one["owner"] for one in page(worker)["partitions"])


def name(worker: Worker) -> str:
    return f"{socket.gethostname()}:{worker.web_port}"


def top(stream: Stream, worker: Worker) -> list[str]:
    done = stream.run("top", "--once", "--url", worker.url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def ending_with(lines: list[str], end: str) -> int:
    return sum(line.rstrip().endswith(end) for line in lines)


def test_an_owner_is_shown_before_it_has_judged_anything_and_when_it_changes(
    stream: Stream,
) -> None:
    first, second = stream.worker(), stream.worker()
    first.wait_ready()
    second.wait_ready()
    both = {name(first): 2, name(second): 2}
    wait_for(lambda: owners(first), both)
    wait_for(lambda: owners(second), both)
    assert {page(one)["worker"] for one in (first, second)} == set(both)
    picture = top(stream, second)
    assert ending_with(picture, f":{second.web_port}") == 2
    assert f"worker {name(second)}, version 0.2.0: ready" in picture
    assert "engine: working on 2 partitions" in picture
    assert "verification service: simulated" in picture
    assert first.stop() == 0
    wait_for(lambda: owners(second), {name(second): 4})
    assert ending_with(top(stream, second), f":{second.web_port}") == 4
    assert second.stop() == 0
    picture = top(stream, second)
    assert ending_with(picture, "unassigned") == 4
    assert f"no worker at {second.url} (Connection refused): name one with --url" in picture
