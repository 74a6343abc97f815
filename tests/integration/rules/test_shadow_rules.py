"""Two workers judge the same accounts, one of them by twenty shadow rules more.

SHADOW_ACCOUNTS says how many accounts.
"""

import os
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from rules.ruleset import load
from tests import shadow_rules
from tests.brokers import Kafka
from tests.integration.rules.judged_accounts import fakes
from tests.integration.stream.test_stream import Start, Stream, total, wait_for
from tests.topics import create_topic, produce, read_topic
from tests.worker import ROOT, Worker

BUILTIN = (ROOT / "rules" / "builtin.toml").read_text("utf-8")
PARTITIONS = 4


def varied(number: int) -> list[bytes]:
    """Accounts of which each seventh has a card of another network and length."""
    made = fakes(number)
    for index in range(0, number, 7):
        made[index] = orjson.dumps(
            orjson.loads(made[index]) | {"CreditCardNumber": "378282246310005"}
        )
    return made


def verdicts(stream: Stream) -> dict[str, dict[str, Any]]:
    """Each verdict by its id."""
    records = read_topic(stream.bootstrap, stream.verdicts)
    found = [orjson.loads(record.value or b"") for record in records]
    by_id = {verdict["id"]: verdict for verdict in found}
    assert len(by_id) == len(found)
    return by_id


def hits_in_metrics(worker: Worker) -> dict[str, int]:
    lines = re.findall(
        r'^fraud_rule_hits_total\{mode="shadow",rule="(\w+)"\} (\S+)',
        worker.get("/metrics")[1],
        re.MULTILINE,
    )
    return {name: int(float(number)) for name, number in lines if float(number)}


def hits_on_the_web(worker: Worker) -> dict[str, int]:
    rules = worker.get("/rules/")[1]["rules"]
    return {each["name"]: n for each in rules if (n := each["shadow_hits"]["all"])}


@pytest.fixture
def streams(kafka: Kafka, topic_prefix: str, start_worker: Start) -> tuple[Stream, Stream]:
    """Two groups with topics of their own but for the accounts."""
    plain, shadowed = (
        Stream(kafka, f"{topic_prefix}-{name}", start_worker) for name in ("plain", "shadowed")
    )
    shadowed.accounts = shadowed.env["FRAUD_ACCOUNTS_TOPIC"] = plain.accounts
    create_topic(kafka.bootstrap, plain.accounts, PARTITIONS)
    return plain, shadowed


def test_twenty_shadow_rules_change_no_verdict(
    streams: tuple[Stream, Stream], tmp_path: Path
) -> None:
    plain, shadowed = streams
    file = tmp_path / "shadows.toml"
    source = BUILTIN + shadow_rules.source()
    file.write_text(source, "utf-8")
    published = shadowed.run("rules", "publish", str(file))
    assert published.returncode == 0, published.stdout + published.stderr
    number = int(os.environ.get("SHADOW_ACCOUNTS", "4000"))
    accounts = varied(number)
    for partition in range(PARTITIONS):
        produce(
            plain.bootstrap, plain.accounts, accounts[partition::PARTITIONS], partition=partition
        )
    workers = plain.worker(), shadowed.worker()
    for worker in workers:
        worker.wait_ready()
        wait_for(partial(total, worker), number, timeout=120)
    without, with_them = verdicts(plain), verdicts(shadowed)
    version, builtin = load(source).version, load(BUILTIN).version
    assert without.keys() == with_them.keys()
    counted: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for name, verdict in with_them.items():
        counted.update(verdict.pop("shadow"))
        outcomes[verdict["outcome"]] += 1
        assert verdict.pop("rules") == version
        assert without[name].pop("rules") == builtin
        for each in (verdict, without[name]):
            del each["verified_at"]
        assert verdict == without[name]
    assert len(outcomes) == 2
    assert {name for name in shadow_rules.NAMES if not counted[name]} <= {"shadow_fails"}
    assert counted["shadow_each"] == number
    assert hits_in_metrics(workers[1]) == hits_on_the_web(workers[1]) == counted
    assert hits_on_the_web(workers[0]) == hits_in_metrics(workers[0]) == {}
    for worker in workers:
        assert worker.stop() == 0
    proofs = [stream.run("reconcile") for stream in streams]
    assert [proof.returncode for proof in proofs] == [0, 0], proofs
