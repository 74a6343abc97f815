"""How a writer answers each kind of error, with a scripted producer."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust.types import TP
from faust_transactions.commit import delivery
from faust_transactions.commit.part import Part
from faust_transactions.commit.producer import Output, TransactionalWriter
from faust_transactions.errors import Abandoned, Fenced, StateMismatch, TransactionRefused
from faust_transactions.restore.hand_over import fence_old_id
from support.scripted import Script, error

OUTPUTS: list[Output] = [("out", 0, None, b"v", None)]
ROW: Output = ("rows", 0, b"0", b"{}", None)
ONE_TRANSACTION = [
    "begin_transaction",
    "send_offsets_to_transaction",
    "produce out",
    "produce rows",
    "flush",
    "commit_transaction",
]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def writer(script: Script) -> TransactionalWriter:
    made = TransactionalWriter({}, "app:worker", script.new_producer)
    made.fence()
    script.calls.clear()
    return made


def write(writer: TransactionalWriter, check_rows: Callable[[], None] = lambda: None) -> None:
    part = Part(TP("in", 0), 7, ROW, OUTPUTS)
    writer.write([part], b"group", lambda _parts: check_rows())


def by(producer: int, calls: list[str]) -> list[str]:
    return [f"{producer} {call}" for call in calls]


def refused(writer: TransactionalWriter) -> str:
    with pytest.raises(TransactionRefused) as caught:
        write(writer)
    return str(caught.value)


def test_a_transaction_is_delivered_before_it_is_committed(
    script: Script, writer: TransactionalWriter
) -> None:
    write(writer)
    assert script.calls == by(1, ONE_TRANSACTION)


def test_the_row_is_delivered_before_the_offset_until_one_that_names_the_worker_is_committed(
    script: Script, writer: TransactionalWriter
) -> None:
    """Whoever takes a partition over finds in its changelog who may still commit its offset."""
    first = Part(TP("in", 0), 7, ROW, OUTPUTS, signed=False)
    second = Part(TP("in", 1), 3, ROW, OUTPUTS, signed=False)
    third = Part(TP("in", 2), 5, ROW, OUTPUTS)
    writer.write([first, second, third], b"group", lambda _parts: None)
    assert script.calls == by(
        1,
        [
            "begin_transaction",
            *["produce rows"] * 2,
            "flush",
            "send_offsets_to_transaction",
            *["produce out"] * 3,
            "produce rows",
            "flush",
            "commit_transaction",
        ],
    )


@pytest.mark.parametrize("code", [KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID])
def test_a_member_of_an_older_generation_aborts_and_reads_no_row(
    script: Script, writer: TransactionalWriter, code: int
) -> None:
    script["send_offsets_to_transaction"].append(error(code, txn_requires_abort=True))
    with pytest.raises(Fenced):
        write(writer, lambda: pytest.fail("the row is another owner's"))
    assert script.calls == by(1, [*ONE_TRANSACTION[:2], "abort_transaction"])


def test_a_retriable_error_repeats_the_call_and_nothing_else(
    script: Script, writer: TransactionalWriter
) -> None:
    script["commit_transaction"].append(error(KafkaError._TIMED_OUT, retriable=True))
    write(writer)
    assert script.calls == by(1, [*ONE_TRANSACTION, "commit_transaction"])


@pytest.mark.parametrize(
    "code", [KafkaError._MSG_TIMED_OUT, KafkaError.NOT_ENOUGH_REPLICAS, KafkaError._TRANSPORT]
)
def test_an_error_that_passes_aborts_and_writes_the_same_records_again(
    script: Script, writer: TransactionalWriter, code: int
) -> None:
    checked: list[int] = []
    script["commit_transaction"].append(error(code, txn_requires_abort=True))
    write(writer, lambda: checked.append(len(script.calls)))
    assert script.calls == by(1, [*ONE_TRANSACTION, "abort_transaction", *ONE_TRANSACTION])
    assert checked == [len(ONE_TRANSACTION) + 1], "after the abort, before anything is written"
    assert writer.aborted == 1


@pytest.mark.parametrize("code", [KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH])
def test_a_fenced_writer_writes_nothing_more(
    script: Script, writer: TransactionalWriter, code: int
) -> None:
    script["commit_transaction"].append(error(code, fatal=True))
    with pytest.raises(Fenced):
        write(writer)
    assert script.calls == by(1, ONE_TRANSACTION)


@pytest.mark.parametrize(
    ("code", "flags"),
    [
        (KafkaError.INVALID_PRODUCER_ID_MAPPING, {"txn_requires_abort": True}),
        (KafkaError.INVALID_PRODUCER_ID_MAPPING, {"fatal": True}),
        (KafkaError.INVALID_TXN_STATE, {"fatal": True}),
        (KafkaError.UNKNOWN_PRODUCER_ID, {"fatal": True}),
        (KafkaError._CONFLICT, {"retriable": True}),
    ],
)
def test_a_producer_of_no_more_use_is_replaced_and_the_row_read_before_anything_is_written(
    script: Script, writer: TransactionalWriter, code: int, flags: dict[str, bool]
) -> None:
    checked: list[list[str]] = []
    script["send_offsets_to_transaction"].append(error(code, "", **flags))
    write(writer, lambda: checked.append(script.calls[-1:]))
    first = by(1, ONE_TRANSACTION[:2])
    assert script.calls == [*first, "2 init_transactions", *by(2, ONE_TRANSACTION)]
    assert checked == [["2 init_transactions"]]


def test_a_new_producer_writes_nothing_where_the_row_is_another(
    script: Script, writer: TransactionalWriter
) -> None:
    def mismatch() -> None:
        raise StateMismatch("committed up to 5, but the row says 7")

    code = KafkaError.INVALID_PRODUCER_ID_MAPPING
    script["send_offsets_to_transaction"].append(error(code, txn_requires_abort=True))
    with pytest.raises(StateMismatch):
        write(writer, mismatch)
    assert script.calls[-1] == "2 init_transactions"


def test_a_new_producer_that_does_not_help_is_a_refusal(
    script: Script, writer: TransactionalWriter
) -> None:
    again = error(KafkaError.INVALID_PRODUCER_ID_MAPPING, "unknown id", txn_requires_abort=True)
    script.always["send_offsets_to_transaction"] = again
    assert refused(writer) == "unknown id"
    assert len(script.producers) == 2


def test_what_is_not_known_to_pass_is_refused_after_an_abort(
    script: Script, writer: TransactionalWriter
) -> None:
    unknown = error(KafkaError.SECURITY_DISABLED, "Security disabled", txn_requires_abort=True)
    script["commit_transaction"].append(unknown)
    assert refused(writer) == "Security disabled"
    assert script.calls == by(1, [*ONE_TRANSACTION, "abort_transaction"])


def test_a_right_that_was_taken_away_is_refused_though_it_ends_the_producer(
    script: Script, writer: TransactionalWriter
) -> None:
    code = KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    script["send_offsets_to_transaction"].append(error(code, fatal=True))
    script["abort_transaction"].append(error(code, fatal=True))
    script["init_transactions"].append(error(code))
    line = (
        'no right to use transactional ids that begin with "app:": '
        "grant Write and Describe on them (TRANSACTIONAL_ID_AUTHORIZATION_FAILED)"
    )
    assert refused(writer) == line
    assert writer.disturbed, "the next batch begins with another producer"
    writer.renew()
    write(writer)
    assert script.calls[-6:] == by(3, ONE_TRANSACTION)


def test_a_topic_that_is_unknown_when_a_record_is_produced_is_named(
    script: Script, writer: TransactionalWriter
) -> None:
    script["produce rows"].append(error(KafkaError._UNKNOWN_PARTITION))
    assert refused(writer) == "topic rows has too few partitions: add partitions to it"
    assert script.calls[-2:] == ["1 abort_transaction", "1 list_topics"]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (None, "topic rows does not exist, or this user may not describe it: create it, or"),
        (error(KafkaError._TRANSPORT), "topic out or rows does not exist"),
    ],
)
def test_a_missing_topic_that_librdkafka_does_not_name_is_looked_up(
    script: Script, writer: TransactionalWriter, answer: KafkaError | None, line: str
) -> None:
    text = "Failed to add partition to transaction: Broker: Unknown topic or partition"
    code = KafkaError.UNKNOWN_TOPIC_OR_PART
    script["commit_transaction"].append(error(code, text, txn_requires_abort=True))
    script["list_topics"].append(answer)
    script.topics = {"out": 1}
    assert refused(writer).startswith(line)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "CHECK_TOPICS_AFTER", 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("topics", "line"),
    [
        ({"rows": 1}, "topic out does not exist, or this user may not describe it: create it, or"),
        ({"rows": 0, "out": 1}, "topic rows has no partition 0: add partitions to it"),
    ],
)
def test_records_that_stay_are_refused_by_the_topic_that_is_missing(
    script: Script, writer: TransactionalWriter, topics: dict[str, int], line: str
) -> None:
    script.always["flush"] = 2
    script.topics = topics
    assert refused(writer).startswith(line)
    assert "1 commit_transaction" not in script.calls, "after which nothing could be aborted"
    assert script.calls[-1] == "1 abort_transaction"


@pytest.mark.usefixtures("impatient")
def test_records_that_stay_where_all_topics_are_there_are_refused_in_the_end(
    script: Script, writer: TransactionalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DELIVERY_TIMEOUT", 0.0)
    script["list_topics"].append(error(KafkaError._TRANSPORT))
    script.always["flush"] = 2
    assert refused(writer) == (
        "records were not delivered within 0 s: check leaders and in-sync replicas of out, rows"
    )


def test_an_error_met_while_records_wait_is_asked_for(
    script: Script, writer: TransactionalWriter
) -> None:
    script["flush"].append(2)
    no_right = error(KafkaError.TOPIC_AUTHORIZATION_FAILED, txn_requires_abort=True)
    script["begin_transaction"].extend([None, no_right])
    assert refused(writer).startswith("no right to write to topic out or rows: grant Write")


def test_what_is_no_record_is_refused_without_its_data(
    script: Script, writer: TransactionalWriter
) -> None:
    script["produce out"].append(TypeError("4111111111111111 is no bytes"))
    assert refused(writer) == "a record cannot be written: TypeError"
    assert script.calls[-1] == "1 abort_transaction"
    write(writer)


@pytest.mark.parametrize(
    "call", ["begin_transaction", "produce rows", "flush", "abort_transaction"]
)
@pytest.mark.parametrize(
    "met",
    [error(KafkaError._FENCED, fatal=True), error(KafkaError._STATE), error(KafkaError._FAIL)],
)
def test_an_abort_that_fails_ends_its_writer(
    script: Script, writer: TransactionalWriter, call: str, met: KafkaException
) -> None:
    """Another error must not end the worker: whoever still finds it open takes a new writer."""
    script[call].append(met)
    with pytest.raises(Fenced):
        writer.abort_in([TP("rows", 0)])


def test_a_writer_that_was_stopped_begins_no_transaction(
    script: Script, writer: TransactionalWriter
) -> None:
    writer.stop()
    with pytest.raises(Abandoned):
        write(writer)
    assert script.calls == []


def test_fencing_that_is_refused_names_the_remedy(script: Script) -> None:
    writer = TransactionalWriter({}, "app:worker", script.new_producer)
    script["init_transactions"].append(error(KafkaError.INVALID_TRANSACTION_TIMEOUT))
    with pytest.raises(
        TransactionRefused, match=r"brokers' transaction\.max\.timeout\.ms: lower it"
    ):
        writer.fence()


ASK = "1 list_topics rows"


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([1], 1),
        # A bootstrap connection has no id, and is closed once its broker is known.
        ([-1, 1], 2),
        ([-1, error(KafkaError._DESTROY), 1], 3),
        # It stays where no broker advertises its address, and serves as well.
        ([-1, -1, -1, 1], 3),
        # What is wrong with the brokers is for init_transactions to report.
        ([error(KafkaError._TRANSPORT)], 1),
    ],
)
def test_a_fence_begins_when_a_broker_is_connected(
    script: Script, answers: list[Any], asked: int
) -> None:
    writer = TransactionalWriter({}, "id", script.new_producer, first_topic="rows")
    script["list_topics rows"].extend(answers)
    writer.fence()
    assert script.calls == [*[ASK] * asked, "1 init_transactions"]


def test_connecting_ends_when_the_writer_is_stopped(script: Script) -> None:
    writer = TransactionalWriter({}, "id", script.new_producer, first_topic="rows")
    writer.stop()
    with pytest.raises(Abandoned):
        writer.fence()
    assert script.calls == []


def test_a_new_app_needs_no_right_to_the_ids_of_version_0_1(script: Script) -> None:
    writer = TransactionalWriter({}, "app-in-0", script.new_producer)
    no_right = error(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    script.always["init_transactions"] = no_right
    fence_old_id(writer, has_row=False)
    with pytest.raises(TransactionRefused, match=r"ids that begin with .app-in-"):
        fence_old_id(writer, has_row=True)


def test_what_a_call_waits_for_can_be_seen_until_it_is_stopped(script: Script) -> None:
    writer = TransactionalWriter({}, "app:worker", script.new_producer)
    away = error(KafkaError._TIMED_OUT, "no coordinator", retriable=True)
    script.always["init_transactions"] = away
    ended: list[Any] = []

    def fence() -> None:
        try:
            writer.fence()
        except Abandoned as exc:
            ended.append(exc)

    thread = threading.Thread(target=fence)
    thread.start()
    while writer.waiting_for is None and thread.is_alive():
        pass
    assert writer.waiting_for == "init_transactions: no coordinator"
    writer.stop()
    thread.join(10)
    assert len(ended) == 1
    assert writer.waiting_for is None


def test_a_lost_connection_is_noted_until_the_next_fence(
    script: Script, writer: TransactionalWriter
) -> None:
    assert not writer.disturbed
    script.producers[0].report(error(KafkaError._ALL_BROKERS_DOWN))
    assert writer.disturbed
    writer.renew()
    assert not writer.disturbed
    script.producers[0].report(error(KafkaError._ALL_BROKERS_DOWN))
    assert not writer.disturbed, "the one that was left"


def test_the_client_closes_idle_connections_before_a_broker_does_unless_configured() -> None:
    script = Script()
    TransactionalWriter({}, "a", script.new_producer)
    TransactionalWriter({"connections.max.idle.ms": 5_000}, "b", script.new_producer)
    found = [producer.conf["connections.max.idle.ms"] for producer in script.producers]
    assert found == [180_000, 5_000]
