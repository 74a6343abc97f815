"""Finding verdicts on a real Kafka."""

import json
import subprocess
import time
from typing import Any

import pytest

from cli.verdicts.find import Result, find
from cli.verdicts.query import Query
from cluster import ClusterError
from cluster.errors import Stopped
from config import Settings
from lookup.errors import NoIdError
from records.recorded import RecordedVerdict
from records.token import key_id, token
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, bootstrap, delete_before
from tests.integration.commands.test_commands import faust
from tests.integration.rules.judged_accounts import KEY, fakes, send_accounts, verdict_on
from tests.integration.worker.test_startup import named
from tests.topics import produce
from tests.verdicts import written

PARTITION = 2
NUMBER = 40
CARD = "4111111111111111"
HOUR = 3_600_000


def judged(settings: Settings, stream: StreamByHand) -> list[bytes]:
    """Accounts and their verdicts; each tenth is a dead letter, the last two are not judged."""
    values = fakes(NUMBER)
    send_accounts(settings, PARTITION, values)
    alive = [n for n in range(NUMBER - 2) if n % 10 != 9]
    dead = [n for n in range(NUMBER - 2) if n % 10 == 9]
    verdicts = [verdict_on(settings, PARTITION, n, values[n], key=key_id(KEY)) for n in alive]
    stream.judge(PARTITION, [], values=verdicts, dead=dead, next_offset=NUMBER - 2)
    return values


def found(settings: Settings, **criteria: Any) -> tuple[list[RecordedVerdict], Result]:
    verdicts: list[RecordedVerdict] = []
    key = key_id(KEY) if "token" in criteria else None
    result = find(settings, Query(**criteria), verdicts.extend, key=key)
    assert result.found == len(verdicts)
    return verdicts, result


def record_id(settings: Settings, offset: int) -> str:
    return f"{settings.accounts_topic}-{PARTITION}-{offset}"


def of_card(settings: Settings, partition: int, offset: int, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"account": token(CARD, KEY), "key": key_id(KEY), **changes}
    return written(settings.accounts_topic, partition, offset, **fields)


def test_the_verdicts_of_a_card_are_found_in_all_partitions(
    settings: Settings, stream: StreamByHand
) -> None:
    judged(settings, stream)
    for partition in range(4):
        ours, theirs = (
            of_card(settings, partition, 1),
            of_card(settings, partition, 2, key="0badc0de"),
        )
        produce(bootstrap(settings), settings.verdicts_topic, [ours, theirs], partition=partition)
    verdicts, result = found(settings, token=token(CARD, KEY))
    assert sorted((one.partition, one.offset) for one in verdicts) == [
        (partition, offset) for partition in range(4) for offset in (1, 2)
    ]
    assert result.other_keys == {"0badc0de": 4}
    nothing, _ = found(settings, token=token(CARD, b"another key"))
    assert nothing == []


def test_an_id_is_found_without_reading_the_topic(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream)
    for offset in (0, 8, NUMBER - 3):
        (verdict,), result = found(settings, id=record_id(settings, offset))
        assert (verdict.offset, result.read, result.status) == (offset, 0, "judged")
    (_,), _ = found(settings, id=record_id(settings, 0), outcome="unauthorized")
    nothing, result = found(settings, id=record_id(settings, 0), outcome="authorized")
    assert (nothing, result.read) == ([], 0)


def test_what_became_of_an_account_without_verdict_is_known(
    settings: Settings, stream: StreamByHand
) -> None:
    judged(settings, stream)
    for offset, status in ((9, "dead_letter"), (NUMBER - 1, "pending"), (NUMBER, "absent")):
        nothing, result = found(settings, id=record_id(settings, offset))
        assert (nothing, result.status) == ([], status)
    with pytest.raises(NoIdError):
        found(settings, id=CARD)
    with pytest.raises(Stopped):
        find(settings, Query(id=record_id(settings, 1)), lambda _: None, stop=lambda: True)


def test_an_id_is_found_where_the_search_cannot(settings: Settings, stream: StreamByHand) -> None:
    """In another partition, or out of order."""
    judged(settings, stream)
    strange = written(settings.accounts_topic, PARTITION, NUMBER + 60)
    produce(bootstrap(settings), settings.verdicts_topic, [strange], partition=0)
    (verdict,), result = found(settings, id=record_id(settings, NUMBER + 60))
    assert verdict.offset == NUMBER + 60
    assert result.read > 0


def test_times_outcomes_and_reasons_narrow_it(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream)
    refused, _ = found(settings, reason="card_checksum")
    assert [one.offset for one in refused] == [0, 20]
    declined, _ = found(settings, outcome="unauthorized", reason="veritas_declined")
    approved, _ = found(settings, outcome="authorized")
    assert len(refused) + len(declined) + len(approved) == 35
    now = time.time_ns() // 1_000_000
    assert len(found(settings, since=now - HOUR, until=now + HOUR)[0]) == 35
    for outside in ({"since": now + HOUR}, {"until": now - HOUR}):
        nothing, result = found(settings, **outside)
        assert (nothing, result.read) == ([], 0)


def test_aborted_verdicts_are_not_found_and_deleted_ones_are_said(
    settings: Settings, stream: StreamByHand
) -> None:
    judged(settings, stream)
    stream.judge(PARTITION, [NUMBER - 2], next_offset=NUMBER - 1, commit=False)
    stream.producer.abort_transaction(30)
    nothing, result = found(settings, token="f" * 32)
    assert (nothing, result.is_cut) == ([], False)
    delete_before(settings, settings.verdicts_topic, PARTITION, 5)
    nothing, result = found(settings, token="f" * 32)
    assert (nothing, result.is_cut) == ([], True)


def test_without_the_topic_there_is_an_error(kafka: Kafka, topic_prefix: str) -> None:
    with pytest.raises(ClusterError, match="no topic"):
        found(named(topic_prefix, kafka.url), token="f" * 32)


def test_the_command_reads_a_card_and_prints_what_it_finds(
    settings: Settings, stream: StreamByHand
) -> None:
    values = judged(settings, stream)
    card = json.loads(values[3])["CreditCardNumber"]
    done = faust(settings, "verdicts", "find", "--card", stdin=f"{card}\n")
    assert done.returncode == 0, done.stderr
    (header, line) = done.stdout.splitlines()
    assert header.startswith("judged at (UTC)")
    assert record_id(settings, 3) in line
    assert "1 verdict found, 35 read in " in done.stderr
    assert card not in done.stdout + done.stderr
    done = faust(settings, "verdicts", "find", "--card", "--json", stdin=card)
    assert json.loads(done.stdout)["id"] == record_id(settings, 3)
    done = faust(settings, "verdicts", "find", "--id", record_id(settings, 20), "--json")
    assert json.loads(done.stdout)["reasons"] == ["card_checksum"]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--card",), 1, "0 verdicts found, 35 read"),
        (("--card", CARD), 2, "options only"),
        (("--token", CARD), 2, "a token is 32 hex digits"),
        (("--id", CARD), 1, "this is no id of topic"),
        (("--reason", CARD), 2, "a reason is a rule's name"),
        ((f"--card={CARD}",), 2, "does not take a value"),
    ],
)
def test_nothing_found_is_1_and_no_error_repeats_a_card(
    settings: Settings, stream: StreamByHand, words: tuple[str, ...], code: int, text: str
) -> None:
    judged(settings, stream)
    done: subprocess.CompletedProcess[str] = faust(
        settings, "verdicts", "find", *words, stdin=f"{CARD}\n"
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert CARD not in done.stderr
