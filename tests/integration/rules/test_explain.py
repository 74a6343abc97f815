"""Finding an account and its verdict on a real Kafka."""

import json
import math
from http import HTTPStatus
from typing import Any

import pytest

from cluster.errors import Stopped
from cluster.startup import check
from config import Settings
from lookup.account import look_up
from lookup.errors import NoIdError
from lookup.explain.answers import explain_answers
from lookup.explain.explainer import Explainer
from lookup.reader import RecordReader
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, delete_before, recreate
from tests.integration.commands.test_commands import faust
from tests.integration.rules.judged_accounts import fakes, send_accounts, verdict_on
from tests.topics import produce
from tools.devbroker import EmbeddedBroker

PARTITION = 2
HOUR = 3_600_000
NUMBER = 600


def record_id(settings: Settings, offset: int) -> str:
    return f"{settings.accounts_topic}-{PARTITION}-{offset}"


def judged(settings: Settings, stream: StreamByHand, number: int = NUMBER) -> list[bytes]:
    """Send accounts and judge them in batches of several sizes, each tenth as a dead letter."""
    values = fakes(number)
    send_accounts(settings, PARTITION, values)
    begin, size = 0, 1
    while begin < number:
        end = min(begin + size, number)
        alive = [offset for offset in range(begin, end) if offset % 10 != 9]
        verdicts = [verdict_on(settings, PARTITION, n, values[n]) for n in alive]
        dead = [offset for offset in range(begin, end) if offset % 10 == 9]
        stream.judge(PARTITION, [], values=verdicts, dead=dead, next_offset=end)
        begin, size = end, size * 7
    return values


def test_every_outcome_is_found_and_explained(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream)
    explain = Explainer(settings)
    for offset in (0, 1, 2, 9, 20, 57, 299, 300, NUMBER - 2, NUMBER - 1):
        document = explain(record_id(settings, offset))
        assert document["id"] == record_id(settings, offset)
        if offset % 10 == 9:
            assert document["status"] == "dead_letter"
        else:
            assert document["status"] == "judged"
            assert document["again"]["same"], document


def test_it_takes_few_reads(
    settings: Settings, stream: StreamByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(settings, stream)
    reads = 0
    first = RecordReader.first

    def counted(reader: RecordReader, *read: Any) -> object:
        nonlocal reads
        reads += 1
        return first(reader, *read)

    monkeypatch.setattr(RecordReader, "first", counted)
    assert look_up(settings, record_id(settings, 451)).status == "judged"
    assert 0 < reads <= math.log2(2 * NUMBER) + 2


def test_what_others_wrote_is_passed_over(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    values = fakes(30)
    send_accounts(settings, PARTITION, values)
    other = settings.model_copy(update={"accounts_topic": "of-another-stream"})
    ours = [verdict_on(settings, PARTITION, n, value) for n, value in enumerate(values)]
    for begin in (0, 13, 29):
        strange = [b"x", b"{}", verdict_on(other, PARTITION, 1_000 - begin, values[begin])] * 20
        produce(kafka.bootstrap, settings.verdicts_topic, strange, partition=PARTITION)
        end = {0: 13, 13: 29, 29: 30}[begin]
        stream.judge(PARTITION, [], values=ours[begin:end], next_offset=end)
    for offset in (0, 13, 29):
        assert look_up(settings, record_id(settings, offset)).status == "judged"


def test_an_aborted_verdict_is_none(settings: Settings, stream: StreamByHand) -> None:
    values = fakes(3)
    send_accounts(settings, PARTITION, values)
    stream.judge(PARTITION, [0, 1, 2], next_offset=3, commit=False)
    stream.producer.abort_transaction(30)
    assert look_up(settings, record_id(settings, 1)).status == "pending"
    verdicts = [verdict_on(settings, PARTITION, n, value) for n, value in enumerate(values)]
    stream.judge(PARTITION, [], values=verdicts, next_offset=3)
    assert Explainer(settings)(record_id(settings, 1))["again"]["same"]


def test_accounts_that_were_not_reached_and_offsets_without_account(
    settings: Settings, stream: StreamByHand
) -> None:
    judged(settings, stream, 20)
    send_accounts(settings, PARTITION, fakes(5))
    assert look_up(settings, record_id(settings, 22)).status == "pending"
    assert look_up(settings, record_id(settings, 25)).status == "absent"
    other = f"{settings.accounts_topic}-99-0"
    assert look_up(settings, other).status == "absent"
    with pytest.raises(NoIdError):
        look_up(settings, "of-another-stream-1-2")


def test_what_retention_deleted_is_said(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 20)
    delete_before(settings, settings.accounts_topic, PARTITION, 5)
    explain = Explainer(settings)
    document = explain(record_id(settings, 3))
    assert (document["status"], document["again"]) == ("judged", None)
    assert document["remark"] == "the accounts topic no longer has the account"
    delete_before(settings, settings.verdicts_topic, PARTITION, 15)
    assert explain(record_id(settings, 3))["status"] == "deleted"
    assert explain(record_id(settings, 6))["status"] == "deleted"
    assert explain(record_id(settings, 18))["again"]["same"]


def test_verdicts_about_a_former_topic_are_not_taken_for_these(
    settings: Settings, stream: StreamByHand
) -> None:
    values = fakes(40)
    send_accounts(settings, PARTITION, values)
    made = [verdict_on(settings, PARTITION, n, value) for n, value in enumerate(values)]
    hours_ago = json.loads(made[0])["verified_at"] - 2 * HOUR
    former = [
        verdict_on(settings, PARTITION, n, value, verified_at=hours_ago)
        for n, value in enumerate(values)
    ]
    stream.judge(PARTITION, [], values=former, next_offset=40)
    recreate(settings, settings.accounts_topic)
    others = fakes(10, seed=6)
    send_accounts(settings, PARTITION, others)
    verdicts = [verdict_on(settings, PARTITION, n, value) for n, value in enumerate(others)]
    stream.judge(PARTITION, [], values=verdicts, next_offset=10)
    for offset in (0, 5, 9):
        assert Explainer(settings)(record_id(settings, offset))["again"]["same"]


def test_a_worker_answers_with_the_status_that_fits(
    settings: Settings, stream: StreamByHand
) -> None:
    judged(settings, stream, 20)
    answer = explain_answers(settings, lambda: False)
    assert answer(record_id(settings, 3))[0] == HTTPStatus.OK
    assert answer(record_id(settings, 9))[0] == HTTPStatus.OK
    status, document = answer(record_id(settings, 77))
    assert (status, document["status"]) == (HTTPStatus.NOT_FOUND, "absent")
    status, document = answer("4111111111111111")
    assert (status, list(document)) == (HTTPStatus.NOT_FOUND, ["error"])
    assert "4111" not in document["error"]
    gone = settings.model_copy(update={"broker": "kafka://127.0.0.1:1"})
    assert explain_answers(gone, lambda: True)(record_id(settings, 3))[0] == 503


def test_a_stop_ends_it(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 20)
    with pytest.raises(Stopped):
        look_up(settings, record_id(settings, 3), lambda: True)


def test_the_command_explains(settings: Settings, stream: StreamByHand) -> None:
    values = judged(settings, stream, 30)
    done = faust(settings, "explain", record_id(settings, 20))
    assert done.returncode == 0, done.stderr
    assert f"{record_id(settings, 20)}: unauthorized (card_checksum)" in done.stdout
    assert "card_well_formed=true, luhn_ok=false" in done.stdout
    assert "Judging it again gives the same." in done.stdout
    assert json.loads(values[20])["CreditCardNumber"] not in done.stdout
    done = faust(settings, "explain", "--json", record_id(settings, 20))
    assert json.loads(done.stdout)["again"]["same"]
    done = faust(settings, "explain", "nonsense")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: this is no id of topic")


def test_it_reads_the_embedded_broker(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    check(settings, timeout=0)
    judged(settings, StreamByHand(settings), 30)
    explain = Explainer(settings)
    assert explain(record_id(settings, 20))["again"]["same"]
    assert explain(record_id(settings, 29))["status"] == "dead_letter"
    assert explain(record_id(settings, 99))["status"] == "absent"
