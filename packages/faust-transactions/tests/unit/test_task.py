"""What a worker makes of what was fetched of its partition, and what it has left to do there."""

from typing import Any, cast

from faust.types import TP
from faust_transactions.task import Fetch, Fetched, Origin, StreamTask
from faust_transactions.testing import StoredRecord


class Writer:
    transactional_id = "app-in-0"


def task(position: int = 10) -> StreamTask:
    """Sought to its position; the seek was number 5."""
    made = StreamTask(TP("in", 0), cast(Any, Writer()))
    made.position = position
    made.sought(5)
    return made


def records(*offsets: int) -> list[StoredRecord]:
    return [StoredRecord(offset, b"") for offset in offsets]


def handed_out(owned: StreamTask, fetch: Fetch) -> Origin:
    assert owned.accept(fetch) is Fetched.NEXT
    return owned.hand_out(fetch.records[-1].offset + 1, len(fetch.records))


def test_of_a_partition_that_was_not_sought_yet_nothing_is_known() -> None:
    new = StreamTask(TP("in", 0), cast(Any, Writer()))
    assert new.lag(100) is None
    assert new.accept(Fetch(1, records(0), 1, 1)) is Fetched.OLD


def test_before_the_first_fetch_everything_up_to_the_end_may_be_a_record() -> None:
    assert task(10).lag(25) == 15
    assert task(10).lag(None) == 0
    assert task(10).lag(5) == 0, "an end that was asked for before the position was committed"


def test_records_are_in_the_lag_until_they_are_done() -> None:
    owned = task(10)
    origin = handed_out(owned, Fetch(6, records(10, 11, 12), 13, 13))
    assert owned.lag(13) == 3
    assert owned.lag(20) == 10, "seven have come since"
    owned.position = 13
    owned.finished(origin)
    assert owned.lag(13) == 0


def test_what_fetching_went_past_is_no_lag() -> None:
    owned = task(10)
    assert owned.lag(511) == 501
    assert owned.accept(Fetch(5, (), 511, 511)) is Fetched.NEXT
    assert owned.lag(511) == 0, "an aborted transaction of 500 records and its marker"
    assert owned.position == 10, "nothing was committed"


def test_gaps_among_records_in_hand_are_no_lag() -> None:
    owned = task(0)
    owned.accept(Fetch(6, records(0, 700, 900), 1_000, 1_000))
    assert owned.lag(1_000) == 3


def test_what_an_open_transaction_holds_back_is_no_lag() -> None:
    owned = task(10)
    owned.accept(Fetch(5, (), 10, 10))
    assert owned.lag(10) == 0, "both ends are the last stable offset"


def test_an_end_below_what_the_last_fetch_told_is_an_older_one() -> None:
    owned = task(10)
    handed_out(owned, Fetch(6, records(10), 11, 40))
    assert owned.lag(20) == 30


def test_a_beginning_that_moved_past_the_position_is_no_lag() -> None:
    owned = task(10)
    owned.accept(Fetch(5, (), 300, 320))
    assert owned.lag(320) == 20


def test_a_seek_has_everything_above_the_position_still_to_be_done() -> None:
    owned = task(10)
    origin = handed_out(owned, Fetch(6, records(10, 11), 12, 12))
    owned.sought(7)
    assert owned.lag(12) == 2
    owned.finished(origin)
    assert owned.lag(12) == 2, "a batch from before the seek is in hand no more"
    handed_out(owned, Fetch(8, records(10, 11), 12, 12))
    assert owned.lag(12) == 2


def test_what_was_fetched_before_a_seek_or_the_last_fetch_is_old() -> None:
    owned = task(10)
    assert owned.accept(Fetch(4, (), 99, 99)) is Fetched.OLD
    assert owned.accept(Fetch(5, records(10), 11, 99)) is Fetched.OLD
    handed_out(owned, Fetch(6, records(10), 11, 11))
    assert owned.accept(Fetch(5, (), 99, 99)) is Fetched.OLD
    assert owned.accept(Fetch(6, records(98), 99, 99)) is Fetched.OLD
    assert owned.lag(11) == 1


def test_records_that_never_arrived_are_a_gap_also_when_nothing_follows_them() -> None:
    owned = task(10)
    assert owned.accept(Fetch(7, records(12), 13, 13)) is Fetched.GAP
    assert owned.accept(Fetch(6, (), 12, 12)) is Fetched.GAP
    assert owned.lag(12) == 2, "they are not done"
