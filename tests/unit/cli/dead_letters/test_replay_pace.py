"""In which portions replays are sent, how fast, and when too many of them failed."""

import threading
import time
from itertools import islice

import click
import pytest

from cli.dead_letters.replay_pace import Pace
from cli.dead_letters.replay_sending import Replaying, paced
from cli.support.sender import Outgoing
from cli.support.share_option import ShareParameter


def test_portions_double_up_to_a_thousand() -> None:
    pace, portions = Pace(0.1), []
    for _ in range(6):
        portions.append(pace.portion)
        assert not pace.is_too_many(0, pace.portion)
    assert portions == [100, 200, 400, 800, 1_000, 1_000]


@pytest.mark.parametrize(
    ("max_failed", "failed", "sent", "too_many"),
    [
        (0.1, 10, 100, False),
        (0.1, 11, 100, True),
        (0.1, 100, 1_000, False),
        (0.1, 101, 1_000, True),
        # Fewer than ten never stop it, whatever their share.
        (0.1, 1, 1, False),
        (0.1, 9, 9, False),
        (0.1, 10, 10, True),
        (0.0, 9, 1_000, False),
        (0.0, 10, 1_000, True),
        (1.0, 1_000, 1_000, False),
        (0.999, 1_000, 1_000, True),
    ],
)
def test_when_too_many_failed(max_failed: float, failed: int, sent: int, too_many: bool) -> None:
    assert Pace(max_failed).is_too_many(failed, sent) == too_many


def test_at_100_percent_nothing_is_watched() -> None:
    assert Replaying(0.999).watches
    assert not Replaying(1.0).watches


def test_the_share_is_of_one_portion_so_a_good_beginning_hides_nothing() -> None:
    pace = Pace(0.1)
    for _ in range(100):
        assert not pace.is_too_many(0, pace.portion)
    assert pace.is_too_many(101, 1_000)


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0%", 0.0), ("0.5%", 0.005)])
def test_shares_are_percentages(text: str, share: float) -> None:
    assert ShareParameter().convert(text, None, None) == pytest.approx(share)


@pytest.mark.parametrize("text", ["10", "101%", "-1%", "%", "ten%", "1e1%", "٣%"])
def test_other_texts_are_no_shares(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a share: write 10%"):
        ShareParameter().convert(text, None, None)


def test_a_rate_spreads_the_records() -> None:
    began = time.monotonic()
    records = [Outgoing(b"%d" % number) for number in range(11)]
    assert list(paced(records, 50.0, threading.Event())) == records
    # Ten pauses of 20 ms; it may take longer, never less.
    assert time.monotonic() - began >= 0.2


def test_a_slow_rate_ends_as_soon_as_it_is_to_stop() -> None:
    stop = threading.Event()
    records = paced([Outgoing(b"1"), Outgoing(b"2")], 0.0001, stop)
    assert list(islice(records, 1)) == [Outgoing(b"1")]
    stop.set()
    assert list(records) == []
