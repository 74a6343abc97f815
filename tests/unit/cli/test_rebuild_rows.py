"""The rows that outputs add up to."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from faust_transactions import TopicIdentity
from rich.console import Console

from cli.rebuild.checks import check_no_transaction, check_no_worker, check_unchanged
from cli.rebuild.command import show
from cli.rebuild.rebuilding import Rebuilt
from cli.rebuild.tally import RowTally
from cli.support.errors import CommandError
from config import Settings
from records import DeadLetter, PartitionCounts
from tests.verdicts import written

SETTINGS = Settings(accounts_topic="in", verdicts_topic="out", dead_letters_topic="dead")
ENDS = {0: 100, 1: 100}


class Stored:
    """A record of an output."""

    def __init__(
        self,
        topic: str,
        partition: int,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        self._topic, self._partition, self._value = topic, partition, value
        self._headers = list(headers)

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return 0

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def key(self) -> bytes | None:
        return None

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Any:
        return self._headers


def verdict(offset: int, partition: int = 0, *, topic: str = "in", **changes: Any) -> Stored:
    return Stored("out", partition, written(topic, partition, offset, **changes))


def letter(offset: int, partition: int = 0, *, code: str = "not_json") -> Stored:
    made = DeadLetter(
        key=None,
        value=b"x",
        code=code,
        detail="",
        topic="in",
        partition=partition,
        offset=offset,
        failed_at=9,
    )
    return Stored("dead", partition, b"x", made.headers())


def rebuilt(
    records: Sequence[Stored], rows: dict[int, PartitionCounts] | None = None
) -> dict[int, PartitionCounts]:
    tally = RowTally(SETTINGS, rows or {}, ENDS)
    for record in records:
        tally.enter(record)
    return tally.rebuilt


REFUSED: dict[str, Any] = {"authorized": False, "reasons": ("card_checksum",)}


def test_a_row_that_is_gone_counts_what_the_outputs_hold() -> None:
    records = [verdict(0), verdict(1, **REFUSED), letter(2), verdict(0, partition=1), letter(5)]
    row = rebuilt(records)[0]
    assert (row.authorized, row.unauthorized, row.dead_letters) == (1, 1, 2)
    assert (row.reasons, row.codes) == ({"card_checksum": 1}, {"not_json": 2})
    assert (row.next_offset, row.updated_at) == (6, 9)
    assert rebuilt(records)[1].next_offset == 1


def test_an_older_row_is_added_to_and_a_newer_one_is_left_alone() -> None:
    older = PartitionCounts(authorized=700, next_offset=2, reasons={"name_blank": 3})
    newer = PartitionCounts(authorized=800, next_offset=50)
    records = [verdict(1), verdict(2), verdict(3, **REFUSED), verdict(49, partition=1)]
    found = rebuilt(records, {0: older, 1: newer})
    assert list(found) == [0]
    assert (found[0].authorized, found[0].unauthorized, found[0].next_offset) == (701, 1, 4)
    assert found[0].reasons == {"name_blank": 3, "card_checksum": 1}
    assert (older.authorized, older.reasons) == (700, {"name_blank": 3})


@pytest.mark.parametrize(
    "record",
    [
        verdict(0, topic="other"),
        verdict(100),
        verdict(0, id="in-0-1"),
        Stored("out", 1, written("in", 0, 0)),
        Stored("out", 0, b"no verdict"),
        Stored("dead", 0, b"x", [("topic", b"in")]),
        letter(100),
    ],
)
def test_what_is_no_outcome_of_this_partition_is_passed_over(record: Stored) -> None:
    assert rebuilt([record]) == {}


@pytest.mark.parametrize(
    ("rows", "offsets", "without"),
    [
        ({}, [3, 4, 5], 0),
        ({}, [3, 5], 1),
        ({0: PartitionCounts(next_offset=3)}, [3, 4], 0),
        ({0: PartitionCounts(next_offset=3)}, [90], 87),
    ],
)
def test_accounts_that_would_be_skipped_are_counted(
    rows: dict[int, PartitionCounts], offsets: list[int], without: int
) -> None:
    tally = RowTally(SETTINGS, rows, ENDS)
    for offset in offsets:
        tally.enter(verdict(offset))
    assert tally.without_outcome(0) == without


def test_what_the_group_committed_counts_as_judged_where_the_last_outcomes_are_gone() -> None:
    known = PartitionCounts(authorized=5, next_offset=7)
    tally = RowTally(SETTINGS, {1: known}, ENDS)
    for record in (letter(3), verdict(7, partition=1)):
        tally.enter(record)
    # Partition 2 has nothing to rebuild a row from.
    assert tally.raise_to({0: 9, 1: 8, 2: 4}) == {0: 5}
    assert {p: row.next_offset for p, row in tally.rebuilt.items()} == {0: 9, 1: 8}
    assert tally.rebuilt[0].dead_letters == 1
    assert tally.raise_to({0: 6}) == {}
    assert tally.raise_to({0: 2_000}) == {0: 91}
    assert tally.rebuilt[0].next_offset == ENDS[0]


def test_rows_that_the_group_raised_are_marked() -> None:
    rows = {0: PartitionCounts(next_offset=9), 1: PartitionCounts(next_offset=8)}
    topic = TopicIdentity("in", None)
    console = Console(file=io.StringIO(), width=200)
    show(Rebuilt(topic, {}, rows, {0: 0, 1: 0}, {0: 5}), console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "9*" in printed
    assert "8*" not in printed
    assert "outcomes of up to 5 accounts are no longer there" in printed
    assert "9 offsets before" not in printed


def test_workers_must_be_stopped_and_known_to_be() -> None:
    check_no_worker(set(), SETTINGS)
    with pytest.raises(CommandError, match="stop all workers first: a:1, b:2"):
        check_no_worker({"b:2", "a:1"}, SETTINGS)
    with pytest.raises(CommandError, match="are not known"):
        check_no_worker(None, SETTINGS)


def test_an_open_transaction_is_named_with_what_to_do() -> None:
    check_no_transaction({})
    with pytest.raises(CommandError) as caught:
        check_no_transaction({("out", 2): 7, ("out", 1): 9})
    line = str(caught.value)
    assert line.startswith("a transaction is open in out-1 from offset 9 on and in 1 more ")
    assert line.endswith("abort --topic out --partition 1 --start-offset 9")
    assert "\n" not in line


def test_rows_that_a_worker_wrote_meanwhile_are_not_overwritten() -> None:
    before = {0: PartitionCounts(next_offset=3)}
    check_unchanged(before, {0: PartitionCounts(next_offset=3)})
    for now in ({}, {0: PartitionCounts(next_offset=4)}, {**before, 1: PartitionCounts()}):
        with pytest.raises(CommandError, match="a worker has judged accounts since"):
            check_unchanged(before, now)
