"""The proof of what a worker did, and of what somebody else did to its verdicts afterwards."""

import json
from collections.abc import Callable
from typing import Any

from config import Settings
from tests.brokers import Kafka
from tests.integration.by_hand import delete_before, recreate
from tests.integration.stream.test_stream import Stream, total, wait_for
from tests.topics import Read, create_topic, produce, read_topic
from tests.verdicts import written
from tests.worker import Worker

ACCOUNTS = 400


def proof_of(stream: Stream) -> dict[str, Any]:
    done = stream.run("reconcile", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if document["proven"] else 1), done.stderr
    return document


def id_of(record: Read) -> str:
    name: str = json.loads(record.value or b"")["id"]
    return name


def test_a_verdict_deleted_duplicated_or_invented_by_hand_is_found(
    kafka: Kafka, topic_prefix: str, start_worker: Callable[..., Worker]
) -> None:
    stream = Stream(kafka, topic_prefix, start_worker)
    worker = stream.worker()
    worker.wait_ready()
    assert stream.run("produce", str(ACCOUNTS), "--seed", "3").returncode == 0
    wait_for(lambda: total(worker), ACCOUNTS)
    assert worker.stop() == 0
    proof = proof_of(stream)
    assert (proof["proven"], proof["verdicts"]) == (True, ACCOUNTS)

    # Kafka deletes single records from no topic, so it is a copy that lacks two.
    verdicts = read_topic(stream.bootstrap, stream.verdicts)
    original, copy = stream.verdicts, f"{topic_prefix}-copy"
    create_topic(stream.bootstrap, copy, 4)
    deleted, twice = [verdicts[5], verdicts[-1]], [verdicts[50], verdicts[250]]
    for partition in range(4):
        kept = [v for v in [*verdicts, *twice] if v.partition == partition and v not in deleted]
        produce(stream.bootstrap, copy, [v.value for v in kept], partition=partition)
    # Of an account that never came, and of one whose partition is another.
    invented = [
        written(stream.accounts, 1, ACCOUNTS),
        written(stream.accounts, 2, 3),
    ]
    produce(stream.bootstrap, copy, invented, partition=1)
    stream.env["FRAUD_VERDICTS_TOPIC"] = copy
    proof = proof_of(stream)
    assert not proof["proven"]
    assert proof["missing"] == {"total": 2, "ids": sorted(map(id_of, deleted))}
    assert sorted(proof["duplicate"]["ids"]) == sorted(map(id_of, twice))
    assert proof["orphaned"]["total"] == 2
    assert f"{stream.accounts}-1-{ACCOUNTS}" in proof["orphaned"]["ids"]
    assert any(one.startswith(f"{stream.accounts}-2-3 (") for one in proof["orphaned"]["ids"])

    # What retention deletes is no fault, and is reported.
    stream.env["FRAUD_VERDICTS_TOPIC"] = original
    settings = Settings(
        broker=kafka.url,
        app_id=topic_prefix,
        accounts_topic=stream.accounts,
        verdicts_topic=original,
        dead_letters_topic=stream.dead,
    )
    first = [v for v in verdicts if v.partition == 0]
    delete_before(settings, original, 0, first[10].offset)
    delete_before(settings, stream.accounts, 3, 20)
    proof = proof_of(stream)
    assert proof["proven"]
    assert proof["unverifiable"] == {
        "accounts_deleted": 20,
        "outcomes_deleted": 10,
        "offsets_deleted": 0,
    }
    assert proof["partitions"]["3"]["first_offset"] == 20
    text = stream.run("reconcile").stdout
    assert "nothing is missing, duplicate or orphaned, but 30 are unverifiable." in text
    assert f"{stream.accounts}-3 begins at offset 20" in text

    # The same names for other accounts: their verdicts prove nothing.
    recreate(settings, stream.accounts)
    produce(stream.bootstrap, stream.accounts, [b"{}"] * ACCOUNTS)
    proof = proof_of(stream)
    assert not proof["proven"]
    assert (proof["former"], proof["pending"]) == (ACCOUNTS - 10, ACCOUNTS)
    assert sorted(proof["mismatches"]) == ["0", "1", "2", "3"]
    assert proof["mismatches"]["0"]["topic_id"] != proof["topic_id"]
    assert "was re-created (topic id " in stream.run("reconcile").stdout
    assert "was re-created (topic id " in stream.run("counts").stderr
