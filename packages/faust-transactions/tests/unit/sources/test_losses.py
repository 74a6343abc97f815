"""Records that retention deleted: each offset counted once, health for a bounded time."""

import logging

import pytest
from faust.types import TP
from faust_transactions.sources.losses import NOT_READY_FOR, Losses
from prometheus_client import CollectorRegistry, Counter

IN = TP("in", 3)


class Setup:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = Counter("lost", "Lost.", ["topic", "partition"], registry=self.registry)
        self.now = 1_000.0
        self.losses = Losses(counter, lambda: self.now)
        self.losses.watch(IN)

    @property
    def counted(self) -> float | None:
        return self.registry.get_sample_value("lost_total", {"topic": "in", "partition": "3"})


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_without_a_loss_the_counter_is_there_and_health_says_nothing(setup: Setup) -> None:
    setup.losses.note(IN, 10, 10)
    setup.losses.suspect(IN, 10, 5)
    assert setup.counted == 0
    assert setup.losses.health() is None


def test_a_loss_is_counted_once_however_often_it_is_seen(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.losses.note(IN, 100, 250)
    setup.losses.note(IN, 100, 250)
    assert setup.counted == 150
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert line.getMessage() == (
        "in-3: retention deleted 150 offsets before they were processed, from 100 up to 250; "
        "raise retention.ms or retention.bytes of the topic"
    )


def test_of_a_larger_loss_only_what_is_new_is_counted(setup: Setup) -> None:
    setup.losses.note(IN, 100, 250)
    setup.losses.note(IN, 80, 300)
    assert setup.counted == 220


def test_what_waits_to_be_lost_is_reported_once_and_not_counted(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.losses.suspect(IN, 100, 250)
    setup.losses.suspect(IN, 100, 300)
    assert setup.counted == 0
    assert len(caplog.records) == 1
    setup.losses.note(IN, 200, 300)
    assert setup.counted == 100
    setup.losses.suspect(IN, 400, 500)
    assert len(caplog.records) == 3


def test_a_loss_is_bad_for_ten_minutes_and_then_a_warning(setup: Setup) -> None:
    setup.losses.note(IN, 0, 5)
    assert (setup.losses.health() or ("",))[0] == "bad"
    setup.now += NOT_READY_FOR
    found = setup.losses.health()
    assert found is not None
    assert found.level == "warn"
    assert found.text.startswith("in-3: retention deleted 5 offsets")
