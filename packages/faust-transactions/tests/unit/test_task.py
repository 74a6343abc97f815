"""What a worker makes of what was fetched of its partition, and what it has left to do there."""

import pytest
from faust.types import TP
from faust_transactions.errors import IllegalTransition
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.task import Fetch, Fetched, Origin, State, StreamTask
from faust_transactions.testing import StoredRecord
from support.scripted_engine import Row


def task(position: int = 10) -> StreamTask:
    """Sought to its position; the seek was number 5."""
    made = StreamTask(TP("in", 0))
    made.start_at(position)
    made.sought(5)
    return made


def records(*offsets: int) -> list[StoredRecord]:
    return [StoredRecord(offset, b"") for offset in offsets]


def handed_out(owned: StreamTask, fetch: Fetch) -> Origin:
    assert owned.accept(fetch) is Fetched.NEXT
    return owned.hand_out(fetch.records)


def test_of_a_partition_that_was_not_sought_yet_nothing_is_known() -> None:
    new = StreamTask(TP("in", 0))
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
    owned.commit(None, 13, ())
    owned.finished(origin)
    assert owned.lag(13) == 0


def test_the_oldest_record_is_the_first_that_is_not_done() -> None:
    owned = task(0)
    assert owned.accept(Fetch(6, records(0, 1, 2), 3, 3)) is Fetched.NEXT
    batches = [[StoredRecord(n, b"", timestamp=1_000 + n)] for n in range(3)]
    owned.buffered.extend(batches)
    assert owned.pending_since == 1_000
    first, second = (owned.hand_out(owned.buffered.popleft()) for _ in range(2))
    assert owned.pending_since == 1_000
    owned.finished(first)
    assert owned.pending_since == 1_001
    owned.finished(second)
    assert owned.pending_since == 1_002
    stale = owned.hand_out(owned.buffered.popleft())
    owned.restart_fetching(7)
    owned.finished(stale)
    assert owned.outstanding == 0
    assert task(0).pending_since is None


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


def test_an_end_below_what_the_last_fetch_reported_is_an_older_one() -> None:
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


def test_a_task_runs_from_its_first_seek_on() -> None:
    new = StreamTask(TP("in", 0))
    states = [new.state]
    new.restore(Row(3, 7))
    assert (new.row, new.position) == (Row(3, 7), 7)
    for fetch in (1, 2):
        new.sought(fetch)
        states.append(new.state)
    assert states == [State.RESTORING, State.RUNNING, State.RUNNING]


def test_what_is_known_is_set_only_in_the_state_for_it() -> None:
    running = task()
    with pytest.raises(IllegalTransition, match="in-0: only while RESTORING, not RUNNING"):
        running.restore(Row())
    with pytest.raises(IllegalTransition):
        running.start_at(3)
    assert running.leave()
    with pytest.raises(IllegalTransition):
        running.commit(Row(), 11, ())


async def test_states_are_left_in_order() -> None:
    left, stopped = task(), task()
    assert left.leave()
    assert not left.leave(), "once"
    assert not left.stop("too late")
    assert left.state is State.LEAVING
    assert stopped.stop("another topic")
    assert not stopped.leave(), "it does not rejoin the group"
    assert (stopped.state, stopped.stopped_reason) == (State.STOPPED, "another topic")
    for each in (left, stopped):
        each.close()
        each.close()
        assert each.state is State.CLOSED
        assert not each.stop("too late")


def test_a_stopped_task_takes_nothing_more() -> None:
    stopped = task()
    stopped.stop("another topic")
    assert stopped.is_full
    assert stopped.accept(Fetch(6, records(10), 11, 11)) is Fetched.OLD


def test_a_seek_does_not_bring_a_stopped_task_back() -> None:
    stopped = task()
    stopped.stop("another topic")
    stopped.sought(9)
    assert stopped.state is State.STOPPED


def test_a_topic_id_that_is_not_known_just_now_is_not_forgotten() -> None:
    restored = StreamTask(TP("in", 0))
    restored.restore(Row(1, 5), TopicIdentity("in", "id-1"))
    assert restored.source == TopicIdentity("in", "id-1")
    restored.confirm_source(TopicIdentity("in"), 0.0)
    assert restored.source == TopicIdentity("in", "id-1")


def test_what_is_passed_over_leaves_what_is_in_flight() -> None:
    owned = task(10)
    origin = handed_out(owned, Fetch(6, records(10, 11), 12, 12))
    owned.wait_for_range()
    owned.skipped(7, 50)
    assert owned.is_current(origin)
    assert owned.next_fetch == 50
    assert owned.lag(60) == 12
    later = handed_out(owned, Fetch(8, records(50), 51, 60))
    assert not owned.is_contiguous(later)
    owned.commit(Row(), 12, ())
    assert owned.is_contiguous(later)
