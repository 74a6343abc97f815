import logging
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, KafkaException
from faust_transactions.observe.failures import ReasonLog, kind, where

CARD = "4111111111111111"


def by_key() -> None:
    raise KeyError(CARD)


def by_decoding() -> None:
    f"{CARD}ÿ".encode("latin-1").decode()


def with_a_cause() -> None:
    try:
        by_decoding()
    except UnicodeDecodeError as exc:
        raise ValueError(f"no account: {CARD}") from exc


def in_passing() -> None:
    try:
        by_key()
    finally:
        raise RuntimeError(CARD)


def in_a_group() -> None:
    raised = []
    for each in (by_key, with_a_cause):
        try:
            each()
        except Exception as exc:  # noqa: BLE001
            raised.append(exc)
    raise ExceptionGroup(CARD, raised)


@pytest.mark.parametrize("failing", [by_key, by_decoding, with_a_cause, in_passing, in_a_group])
def test_what_is_logged_of_an_exception_holds_nothing_of_the_record(
    failing: Callable[[], None],
) -> None:
    with pytest.raises(Exception) as caught:
        failing()
    told = kind(caught.value) + where(caught.value)
    assert CARD not in told
    assert f"in {failing.__name__}" in told
    assert 'test_failures.py", line ' in told


def test_every_exception_that_led_to_it_is_logged_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        in_a_group()
    assert kind(caught.value) == "ExceptionGroup of KeyError, ValueError"
    told = where(caught.value)
    for name in ("ExceptionGroup of", "KeyError,", "ValueError,", "UnicodeDecodeError,"):
        assert sum(line.startswith(name) for line in told.splitlines()) == 1, name


def test_an_exception_that_is_its_own_context_is_logged_once() -> None:
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    assert where(one).count("most recent call last") == 2


def test_kafkas_errors_are_reported_in_full() -> None:
    assert "Broker: Message size too large" in kind(KafkaException(KafkaError(10)))


def test_a_reason_is_logged_once_a_minute_and_each_change_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    log = ReasonLog(logging.getLogger("reasons"), logging.WARNING, clock=lambda: now)
    for now, reason in ((0, "away"), (1, "away"), (2, "slow"), (3, "away"), (62, "away")):
        log(reason, "%s at %d", reason, now)
    now = 63
    log("away", "away at 63")
    log.forget()
    log("away", "away again")
    assert caplog.messages == ["away at 0", "slow at 2", "away at 3", "away at 63", "away again"]
