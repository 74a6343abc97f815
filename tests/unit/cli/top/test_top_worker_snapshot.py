import json
from typing import Any

import pytest

from cli.support.errors import CommandError
from cli.top.worker_snapshot import read_snapshot
from cli.top.worker_stream import WorkerStream

SNAPSHOT: dict[str, Any] = {
    "worker": "worker-a:6066",
    "version": "1.2.3",
    "health": {
        "worker": {"level": "ok", "text": "ready"},
        "engine": {"level": "warn", "text": "rebalancing"},
        "provider": {"level": "bad", "text": "away for 2 minutes"},
        "counts": {"level": "ok", "text": "up to date"},
    },
    "history": {
        "at": [1, 2],
        "authorized": [5, 6],
        "review": [0, 4],
        "unauthorized": [1, 2],
        "dead_letters": [0, 1],
    },
    "partitions": [{"partition": 0, "owner": "worker-a:6066"}, {"partition": 1, "owner": ""}],
}


def test_what_a_worker_tells_is_read_and_what_is_no_worker_is_not() -> None:
    found = read_snapshot(SNAPSHOT)
    assert found is not None
    assert list(found.rates) == [6, 13]
    assert found.owners == {0: "worker-a:6066"}
    moving = read_snapshot({**SNAPSHOT, "partitions": [{"partition": 0, "owner": None}]})
    assert moving is not None
    assert moving.owners is None
    faults: list[Any] = [None, [], {}, {**SNAPSHOT, "history": 1}, {**SNAPSHOT, "worker": 5}]
    for wrong in faults:
        assert read_snapshot(wrong) is None


def test_what_a_worker_tells_cannot_write_to_the_terminal() -> None:
    found = read_snapshot(json.loads(json.dumps({**SNAPSHOT, "version": "\x1b]x4111111111111111"})))
    assert found is not None
    assert found.version == "?]x************1111"


@pytest.mark.parametrize("url", ["", "6066", "host:6066", "ftp://host", "http://", "http://h:x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="--url"):
        WorkerStream(url)


def test_a_worker_that_is_not_there_is_a_problem_and_no_error() -> None:
    stream = WorkerStream("http://127.0.0.1:1")
    stream.start()
    stream.wait(10)
    assert stream.state == (None, "Connection refused")
    stream.close()
