"""What the operator reads of a refusal."""

import pytest
from confluent_kafka import KafkaError
from faust_transactions.commit.refusals import REMEDIES, Answer, Output, answer_to, explain
from support.scripted import error

OUTPUTS: list[Output] = [
    ("verdicts", 0, None, b"v" * 900, None),
    ("verdicts.dead", 0, b"k", b"v" * 1_000, [("error", b"12345")]),
]


def failed(topic: str, epoch: int = 0) -> str:
    return (
        f"ProduceRequest for {topic} [0] with 1 message(s) failed: Broker: no (broker 1 "
        f"PID{{Id:0,Epoch:{epoch}}}, base seq 0): current transaction must be aborted"
    )


@pytest.mark.parametrize("topic", ["verdicts", "verdicts.dead"])
def test_the_topic_is_the_one_that_librdkafka_names(topic: str) -> None:
    line = explain(error(KafkaError.INVALID_RECORD, failed(topic)), OUTPUTS)
    assert line == (
        f"topic {topic} takes no record without a key: it has cleanup.policy=compact, "
        "set cleanup.policy=delete (INVALID_RECORD)"
    )


def test_where_no_topic_is_named_all_of_the_transaction_are() -> None:
    line = explain(error(KafkaError.TOPIC_AUTHORIZATION_FAILED, "Failed to add partition"), OUTPUTS)
    assert line.startswith("no right to write to topic verdicts or verdicts.dead: grant Write")


def test_a_record_too_large_comes_with_its_size() -> None:
    line = explain(error(KafkaError.MSG_SIZE_TOO_LARGE, failed("verdicts.dead")), OUTPUTS)
    assert "raise max.message.bytes of that topic" in line
    assert line.startswith("topic verdicts.dead takes no record or batch so large: ")
    assert line.endswith("(the largest record has up to 1024 bytes) (MSG_SIZE_TOO_LARGE)")


@pytest.mark.parametrize("code", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.SECURITY_DISABLED])
def test_a_reason_is_the_same_at_each_try(code: int) -> None:
    first, second = (explain(error(code, failed("verdicts", epoch)), OUTPUTS) for epoch in (1, 2))
    assert first == second


def test_an_error_without_a_remedy_is_explained_in_librdkafkas_words() -> None:
    assert explain(error(KafkaError.SECURITY_DISABLED, "Security disabled")) == "Security disabled"


@pytest.mark.parametrize("code", REMEDIES)
def test_every_remedy_is_one_line_and_its_error_refused(code: int) -> None:
    line = explain(error(code, failed("verdicts")), OUTPUTS, transactional_id="app:in:0")
    assert ": " in line
    assert "\n" not in line
    assert answer_to(error(code, txn_requires_abort=True)) is Answer.REFUSED


def test_retriable_errors_are_repeated_whatever_their_code() -> None:
    assert answer_to(error(KafkaError.SECURITY_DISABLED, retriable=True)) is Answer.REPEAT
