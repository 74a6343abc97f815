"""Publishing rule sets to running workers, and taking them back."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.ruleset import load
from rules.versions.active import builtin
from rules.versions.publication import Publication
from tests.brokers import Kafka
from tests.integration.group.test_owners import name
from tests.integration.stream.test_stream import ARTICLE, Start, Stream, wait_for
from tests.topics import produce, read_topic
from tests.worker import Worker
from tools.devbroker import EmbeddedBroker

Write = Callable[..., Path]
FAILURE = 1


@pytest.fixture
def stream(kafka: Kafka, topic_prefix: str, start_worker: Start) -> Stream:
    return Stream(kafka, topic_prefix, start_worker)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a rule set that sends amounts above a limit to review."""

    def write(limit: int) -> Path:
        path = tmp_path / f"above-{limit}.toml"
        path.write_text(
            f'[[rule]]\nname = "above_{limit}"\nwhen = "amount > {limit}"\nthen = "review"\n'
        )
        return path

    return write


def version_of(file: Path) -> str:
    return load(file.read_text()).version


def judges_by(worker: Worker) -> str | None:
    found = re.search(
        r'^fraud_rules_info\{version="(\w+)"\} 1', worker.get("/metrics")[1], re.MULTILINE
    )
    return found and found[1]


def ready(worker: Worker) -> str:
    status, answer = worker.get("/health/ready")
    return "ready" if status == 200 else str(answer)


def last_verdict(stream: Stream, number: int) -> tuple[str, str, list[str]]:
    """Of so many, once they are there: version, outcome and reasons."""
    wait_for(lambda: len(read_topic(stream.bootstrap, stream.verdicts)), number)
    records = read_topic(stream.bootstrap, stream.verdicts)
    verdicts = [json.loads(each.value or b"") for each in records]
    last = max(verdicts, key=lambda verdict: verdict["offset"])
    return last["rules"], last["outcome"], last["reasons"]


def publish_three(stream: Stream, worker: Worker, write: Write) -> None:
    """Publish three sets; after each command the worker judges by what it published."""
    assert judges_by(worker) == builtin().version
    for limit in (1, 2, 3):
        file = write(limit)
        done = stream.run("rules", "publish", str(file), "--note", f"limit {limit}")
        assert done.stdout.splitlines() == [
            f"version {version_of(file)} is published",
            "1 worker judges by it",
        ], done.stderr
        assert (done.returncode, judges_by(worker)) == (0, version_of(file))
        produce(stream.bootstrap, stream.accounts, [ARTICLE], partition=2)
        verdict = last_verdict(stream, limit)
        assert verdict == (version_of(file), "review", [f"above_{limit}"])
    again = stream.run("rules", "publish", str(write(3)))
    assert (again.returncode, again.stdout.splitlines()) == (
        0,
        [
            f"version {version_of(write(3))} is active already; nothing was written",
            "1 worker judges by it",
        ],
    )
    noted = write(3)
    noted.write_text(f"# a comment\n{noted.read_text()}note = 'why'\n")
    done = stream.run("rules", "publish", str(noted), "--note", "says why")
    same = "it decides as before, and has other notes, comments or layout"
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"version {version_of(noted)} is published: {same}", "1 worker judges by it"],
    )
    assert stream.run("rules", "show").stdout == noted.read_text()
    assert worker.get("/rules/")[1]["rules"][0]["note"] == "why"
    back = stream.run("rules", "rollback", version_of(write(1))[:6], "--author", "ann")
    assert (back.returncode, judges_by(worker)) == (0, version_of(write(1)))
    shown = stream.run("rules", "show")
    assert shown.stdout == write(1).read_text()
    listed = json.loads(stream.run("rules", "list", "--json").stdout)
    assert [(each["version"], each["note"], each["active"]) for each in listed] == [
        *((version_of(write(limit)), f"limit {limit}", False) for limit in (1, 2, 3)),
        (version_of(write(3)), "says why", False),
        (version_of(write(1)), f"rollback to {version_of(write(1))[:6]}", True),
    ]
    assert listed[-1]["author"] == "ann"
    home = stream.run("rules", "rollback", "builtin")
    assert (home.returncode, judges_by(worker)) == (0, builtin().version)


def test_three_versions_on_a_real_kafka(stream: Stream, write: Write) -> None:
    worker = stream.worker()
    worker.wait_ready()
    publish_three(stream, worker, write)
    assert worker.stop() == 0


def test_three_versions_on_the_embedded_broker(
    embedded_broker: EmbeddedBroker, topic_prefix: str, start_worker: Start, write: Write
) -> None:
    kafka = Kafka(embedded_broker.address)
    stream = Stream(kafka, topic_prefix, start_worker)
    stream.env["FRAUD_CREATE_TOPICS"] = "0"
    worker = stream.worker()
    worker.wait_ready()
    publish_three(stream, worker, write)
    assert worker.stop() == 0
    last = stream.run("rules", "publish", str(write(9)))
    assert (last.returncode, last.stdout.splitlines()[1]) == (
        0,
        "no worker is running; the next to start judges by it",
    )


def test_without_a_worker_the_next_to_start_judges_by_it(stream: Stream, write: Write) -> None:
    done = stream.run("rules", "publish", str(write(5)))
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"version {version_of(write(5))} is published",
            "no worker is running; the next to start judges by it",
        ],
    )
    worker = stream.worker()
    worker.wait_ready()
    assert judges_by(worker) == version_of(write(5))


def test_a_file_with_faults_is_not_published(stream: Stream, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[[rule]]\nname = "x"\nwhen = "ammount > 1"\nthen = "review"\n')
    done = stream.run("rules", "publish", str(file))
    assert done.returncode == FAILURE
    assert done.stdout == f"{file}:3:9: rule x: unknown field `ammount`: did you mean `amount`?\n"
    assert json.loads(stream.run("rules", "list", "--json").stdout) == []


def test_what_a_worker_cannot_use_leaves_it_on_its_rules_until_a_rollback(
    stream: Stream, write: Write
) -> None:
    worker = stream.worker()
    worker.wait_ready()
    good = version_of(write(1))
    assert stream.run("rules", "publish", str(write(1))).returncode == 0
    topic = stream.env["FRAUD_RULES_TOPIC"]
    produce(stream.bootstrap, topic, [b"garbage"], key=b"x")
    wait_for(lambda: worker.metric("fraud_rules_refused"), 1)
    assert (judges_by(worker), ready(worker)) == (good, "ready")
    assert "it is no rule set. Judging goes on by rules" in worker.log
    newer = Publication("0123456789ab", write(2).read_text(), 1, program="9.0.0")
    produce(stream.bootstrap, topic, [newer.dumps()], key=newer.key)
    reason = f"judging by rules {good}, as rules {newer.version} in topic {topic} cannot be used"
    wait_for(lambda: reason in ready(worker), True)
    assert (judges_by(worker), worker.metric("fraud_rules_refused")) == (good, 1)
    listed = stream.run("rules", "list").stdout
    assert "no rule set (offset 1)" in listed
    assert stream.run("rules", "rollback", good).returncode == 0
    wait_for(lambda: ready(worker), "ready")
    assert worker.metric("fraud_rules_refused") == 0


def test_a_worker_that_hangs_is_named_and_one_that_was_killed_is_waited_for(
    stream: Stream, write: Write
) -> None:
    # Long enough for a command to find the one that hangs among the members on a busy machine.
    patient = {"FRAUD_SESSION_TIMEOUT": "25"}
    first, second = stream.worker(**patient), stream.worker(**patient)
    for worker in (first, second):
        worker.wait_ready()
    both = stream.run("rules", "publish", str(write(3)))
    assert both.stdout.splitlines()[1:] == ["2 workers judge by it"]
    second.send(signal.SIGSTOP)
    late = stream.run("rules", "publish", str(write(1)), "--timeout", "2")
    assert late.returncode == FAILURE
    assert late.stdout.splitlines()[1:] == [
        "1 of 2 workers do not judge by it:",
        f"  {name(second)} still judges by {version_of(write(3))}",
    ]
    assert judges_by(first) == version_of(write(1))
    again = stream.run("rules", "publish", str(write(1)), "--timeout", "2")
    assert (again.returncode, again.stdout.splitlines()[1:]) == (
        FAILURE,
        late.stdout.splitlines()[1:],
    ), "what is active already is waited for, too"
    second.kill()
    done = stream.run("rules", "publish", str(write(2)), "--timeout", "60")
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["1 worker judges by it"])
