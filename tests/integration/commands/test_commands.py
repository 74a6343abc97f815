"""The commands as an operator types them: `faust -A fraud_app …`, on a real Kafka."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from rich.console import Console

from agents.fakes import FakeAccounts
from cli.produce.command import send_accounts
from cli.support import sender as sending
from cli.support.errors import CommandError
from cli.support.sender import Outgoing, Sender
from cluster.startup import check
from config import Settings
from records import BankAccount, decode
from tests import forked
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand
from tests.integration.worker.test_startup import named
from tests.topics import count_offsets, create_topic, produce, read_topic
from tools.devbroker import EmbeddedBroker, KafkaServer, free_port

ROOT = Path(__file__).parents[3]
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return named(topic_prefix, kafka.url)


def environment(settings: Settings) -> dict[str, str]:
    topics = ("accounts_topic", "verdicts_topic", "dead_letters_topic", "rules_topic")
    names = ("broker", "app_id", *topics)
    ours = {f"FRAUD_{name.upper()}": getattr(settings, name) for name in names}
    others = {name: value for name, value in os.environ.items() if not name.startswith("FRAUD_")}
    return {**others, **ours, "FRAUD_TOKEN_KEY": "key-of-these-tests"}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "faust", "-A", "fraud_app", *words]


def faust(settings: Settings, *words: str, stdin: str | None = None) -> Done:
    if stdin is None:
        return forked.run(["-A", "fraud_app", *words], environment(settings), timeout=120)
    return subprocess.run(
        command(*words),
        cwd=ROOT,
        env=environment(settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def accounts(kafka: Kafka, settings: Settings) -> list[BankAccount]:
    decoded = [decode(each.value) for each in read_topic(kafka.bootstrap, settings.accounts_topic)]
    assert all(isinstance(each, BankAccount) for each in decoded)
    return [each for each in decoded if isinstance(each, BankAccount)]


def test_produce_sends_and_says_how_many(kafka: Kafka, settings: Settings) -> None:
    done = faust(settings, "produce", "5000")
    assert done.returncode == 0
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert line.startswith(
        f"5,000 of 5,000 accounts acknowledged in topic {settings.accounts_topic} in "
    )
    records = read_topic(kafka.bootstrap, settings.accounts_topic)
    assert Counter(each.partition for each in records) == dict.fromkeys(range(4), 1250)
    assert {each.key for each in records} == {None}
    assert len(accounts(kafka, settings)) == 5000


def test_produce_is_reproducible(kafka: Kafka, topic_prefix: str) -> None:
    def sent(name: str, seed: int, *, unique: bool) -> list[tuple[int, bytes | None]]:
        settings = named(f"{topic_prefix}-{name}", kafka.url)
        quiet = Console(quiet=True)
        send_accounts(settings, 100, FakeAccounts(seed), seed=seed, unique=unique, console=quiet)
        return written(settings)

    def written(settings: Settings) -> list[tuple[int, bytes | None]]:
        records = read_topic(kafka.bootstrap, settings.accounts_topic)
        return [(each.partition, each.value) for each in records]

    same = sent("a", 7, unique=False)
    unique = sent("b", 7, unique=True)
    assert sent("c", 8, unique=False) != same
    assert sent("d", 7, unique=True) == unique != same
    typed = named(f"{topic_prefix}-e", kafka.url)
    assert faust(typed, "produce", "100", "--seed", "7").returncode == 0
    assert written(typed) == same


def test_produce_nothing_is_nothing(settings: Settings) -> None:
    done = faust(settings, "produce", "0")
    assert (done.returncode, done.stdout) == (0, "0 accounts: nothing to send\n")


@pytest.mark.parametrize("size", ["-1", "many", "1.5", "1000000000001"])
def test_produce_refuses_what_is_no_size(settings: Settings, size: str) -> None:
    done = faust(settings, "produce", size)
    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_a_failed_send_is_counted_and_reported(kafka: Kafka, topic_prefix: str) -> None:
    settings = named(topic_prefix, kafka.url)
    tiny = {"max.message.bytes": "50"}
    create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=tiny)
    done = faust(settings, "produce", "20")
    assert done.returncode == 1
    assert "0 of 20 accounts acknowledged" in done.stdout
    assert "20 failed: " in done.stdout
    assert "error: 20 of 20 accounts not acknowledged" in done.stderr


def test_hopeless_sending_ends(kafka: Kafka, topic_prefix: str) -> None:
    settings = named(topic_prefix, kafka.url)
    create_topic(kafka.bootstrap, topic_prefix, 1, config={"max.message.bytes": "50"})
    values = (Outgoing(bytes(100)) for _ in range(10**7))
    sent = Sender(settings, topic_prefix).send(values)
    assert sent.acknowledged == 0
    assert 1000 <= sent.failures <= 200_000


def test_a_broker_that_goes_away_is_reported(
    own_kafka: Callable[..., KafkaServer], topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sending._CONFIG, "message.timeout.ms", 2000)
    server = own_kafka()
    settings = named(topic_prefix, f"kafka://{server.bootstrap}")
    check(settings)
    sender = Sender(settings, settings.accounts_topic)

    def until_it_is_gone() -> Any:
        yield from (Outgoing(b"x") for _ in range(1000))
        while sender.sent.acknowledged < 1000:
            yield Outgoing(b"x")
            time.sleep(0.001)
        server.kill()
        yield from (Outgoing(b"x") for _ in range(2000))

    sent = sender.send(until_it_is_gone())
    assert sent.acknowledged >= 1000
    assert sum(sent.failed.values()) >= 1000
    assert sent.unknown == 0


def test_ctrl_c_tells_what_was_acknowledged(kafka: Kafka, settings: Settings) -> None:
    with subprocess.Popen(
        command("produce", "1000000000"),
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first.startswith("accounts: ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == ""
    told = int(out.partition(" of ")[0].rpartition("\n")[2].replace(",", ""))
    assert told == count_offsets(kafka.bootstrap, settings.accounts_topic)
    assert "were not sent" in out


def test_counts_shows_the_rows(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"{}"] * 10, partition=2)
    row = {"authorized": 4, "review": 3, "unauthorized": 2, "dead_letters": 1}
    StreamByHand(settings).judge(2, [], next_offset=7, row=row)
    nothing = dict.fromkeys((*row, "next_offset"), 0)
    done = faust(settings, "counts", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        **row,
        "total": 9,
        "partitions": {
            **{str(partition): nothing for partition in (0, 1, 3)},
            "2": {**row, "next_offset": 7},
        },
    }
    done = faust(settings, "counts")
    assert (done.returncode, done.stderr) == (0, "")
    assert ["2", "4", "3", "2", "1", "7", "3"] in [
        line.replace("│", " ").split() for line in done.stdout.splitlines()
    ]


def test_counts_without_topics_are_nothing(kafka: Kafka, settings: Settings) -> None:
    done = faust(settings, "counts")
    assert done.returncode == 0
    assert f"Topic {settings.accounts_topic} does not exist yet." in done.stdout
    assert (
        settings.accounts_topic
        not in AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10).topics
    )


def test_reconcile_ends_with_zero_only_when_all_is_proven(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    produce(kafka.bootstrap, settings.accounts_topic, [b"{}"] * 3, partition=1)
    stream = StreamByHand(settings)
    stream.judge(1, [0, 1, 2], next_offset=3)
    done = faust(settings, "reconcile")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 accounts in " in done.stdout
    assert "nothing is missing, duplicate or orphaned" in done.stdout
    stream.judge(1, [0], next_offset=3)
    done = faust(settings, "reconcile")
    assert done.returncode == 1
    assert f"duplicate: {settings.accounts_topic}-1-0" in done.stdout
    done = faust(settings, "reconcile", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["proven"] is False
    assert document["duplicate"] == {"total": 1, "ids": [f"{settings.accounts_topic}-1-0"]}
    assert document["partitions"]["1"]["duplicate"] == 1


def test_dead_letters_are_listed_and_replayed(kafka: Kafka, settings: Settings) -> None:
    check(settings, timeout=0)
    stream = StreamByHand(settings)
    stream.judge(1, [], dead=[0, 1, 2], next_offset=3)
    done = faust(settings, "dead-letters", "list", "--json", "--code", "not_json")
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert len(found) == 3
    replay = ("dead-letters", "replay", "--max-failed", "100%")
    done = faust(settings, *replay, found[0], stdin="")
    assert done.returncode == 1
    assert "Send 1 dead letter to topic" in done.stderr
    assert "error: nothing was sent" in done.stderr
    done = faust(settings, *replay, found[0], stdin="y\n")
    assert done.returncode == 0
    ids = "\ufeff# those of today\n\n" + "\n".join(found)
    done = faust(settings, *replay, "--file", "-", "--dry-run", stdin=ids)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dead letter again: not_json" in done.stdout
    assert len(read_topic(kafka.bootstrap, settings.accounts_topic)) == 1
    done = faust(settings, *replay, "--file", "-", "--yes", stdin=ids)
    assert done.returncode == 0
    assert "1 were replayed before" in done.stdout
    assert len(read_topic(kafka.bootstrap, settings.accounts_topic)) == 3


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--until", "2h"], "choose what to replay: IDS, --code, --file or --since"),
        (["--code", "empty", "--max-failed", "10"], "is not a share: write 10%"),
        (["--file", sys.executable], "--file is not UTF-8 text"),
    ],
    ids=["nothing chosen", "no share", "no text"],
)
def test_a_replay_refuses_what_it_cannot_take_as_it_was_meant(
    settings: Settings, words: list[str], line: str
) -> None:
    done = faust(settings, "dead-letters", "replay", *words, "--yes")
    assert done.returncode == 2
    assert line in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_broker_it_is_one_line(topic_prefix: str) -> None:
    settings = named(topic_prefix, f"kafka://127.0.0.1:{free_port()}")
    commands = [["produce", "10"], ["dead-letters", "replay", "--code", "empty"]]
    # At once, as each waits for as long as a broker may take to answer.
    with ThreadPoolExecutor(len(commands)) as pool:
        ended = list(pool.map(lambda words: faust(settings, *words), commands))
    for done in ended:
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(f"error: no Kafka broker answers at {settings.broker[8:]} (")
        assert "FRAUD_BROKER" in line


def test_they_work_on_the_embedded_broker(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    quiet = Console(quiet=True)
    send_accounts(settings, 100, FakeAccounts(1), seed=1, unique=False, console=quiet)
    assert len(read_topic(embedded_broker.address, settings.accounts_topic)) == 100


def test_the_function_raises_when_not_all_arrived(kafka: Kafka, topic_prefix: str) -> None:
    settings = named(topic_prefix, kafka.url)
    tiny = {"max.message.bytes": "50"}
    create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=tiny)
    with pytest.raises(CommandError, match="3 of 3"):
        send_accounts(
            settings, 3, FakeAccounts(1), seed=1, unique=True, console=Console(quiet=True)
        )
