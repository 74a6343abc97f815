"""Questions to the brokers are asked until there is an answer, or the app stops."""

import logging
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust_transactions.errors import Abandoned, RestoreFailed
from faust_transactions.restore import asking
from faust_transactions.restore.asking import PatientCalls
from support.scripted import error
from support.scripted_engine import ScriptedWriter


class Asked:
    """A question that raises each of these errors before it is answered."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)

    def __call__(self, answer: str) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return answer


def calls(*, stops: bool = False) -> PatientCalls:
    return PatientCalls(lambda: stops, logging.getLogger("restoring"))


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ASK_AGAIN", 0.0)


@pytest.mark.usefixtures("no_pause")
async def test_a_question_is_asked_again_while_the_error_passes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = KafkaException(error(KafkaError._TRANSPORT, "broker away"))
    question = Asked(away, TimeoutError("not read to its end"))
    assert await calls().ask(question, "answer") == "answer"
    assert "partitions cannot be restored yet, trying again: broker away" in caplog.text
    assert "trying again: not read to its end" in caplog.text


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (KafkaError._UNKNOWN_PARTITION, "give it as many partitions as the source topic has"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "grant Read on it"),
    ],
)
async def test_a_question_that_is_refused_ends_the_restore(code: int, line: str) -> None:
    with pytest.raises(RestoreFailed, match=line):
        await calls().ask(Asked(KafkaException(error(code, "refused"))), "answer")


async def test_a_question_that_is_asked_once_raises_its_error() -> None:
    with pytest.raises(KafkaException):
        await calls().once(Asked(KafkaException(error(KafkaError._TRANSPORT))), "answer")


async def test_waiting_ends_when_the_app_stops() -> None:
    with pytest.raises(Abandoned):
        await calls(stops=True).pause(0)


async def test_writers_are_worked_on_side_by_side_a_number_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "SIDE_BY_SIDE", 2)
    two_at_once = threading.Barrier(2, timeout=5)
    writers = [ScriptedWriter(f"app:{number}") for number in range(4)]
    done: list[int] = []

    def call(number: int) -> None:
        two_at_once.wait()
        done.append(number)

    await calls().each(writers, [lambda number=number: call(number) for number in range(4)])  # type: ignore[misc]
    assert (sorted(done[:2]), sorted(done[2:])) == ([0, 1], [2, 3])


async def test_what_a_call_raises_is_raised() -> None:
    def refuse() -> None:
        raise RestoreFailed("no right")

    with pytest.raises(RestoreFailed):
        await calls().each([ScriptedWriter()], [refuse])
