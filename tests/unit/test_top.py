import io
from typing import Any

import pytest
from rich.console import Console

from cluster import ClusterError, Progress
from commands.errors import CommandError
from commands.top import Board, watch_on
from commands.top_picture import picture
from commands.top_rates import Rates
from records import PartitionCounts
from records.totals import progress_document
from settings import Settings

OWNERS = {n: f"worker-{n % 2}.far.example.org:16066" for n in range(64)}
CODES = ["empty", "too_large", "not_utf8", "not_json", "too_deep", "number_range", "field_type"]


def row(number: int = 0, **fields: Any) -> PartitionCounts:
    given = {
        "authorized": 1_617_283_000 + number,
        "unauthorized": 617_284,
        "next_offset": 100,
    }
    return PartitionCounts(**given | fields)


def document(
    rows: dict[int, PartitionCounts],
    ends: dict[int, int] | None = None,
    owners: dict[int, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    head = {"title": "fraud-app", "at": 1795410452.0, "per_second": {}, "problem": None}
    return head | progress_document(rows, {}, ends or {}, owners=owners) | more


def drawn(seen: dict[str, Any], width: int = 80, height: int | None = None) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width).print(picture(seen, height))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_the_picture_has_totals_share_rate_lag_owners_and_reasons() -> None:
    first = row(authorized=30, unauthorized=10, reasons={"veritas_declined": 9, "name_blank": 3})
    second = row(1, authorized=0, unauthorized=0, dead_letters=2, codes={"empty": 2})
    seen = document(
        {0: first, 1: second}, {0: 110, 1: 1_100}, OWNERS, per_second={0: 7.0, 1: 1_000.4}
    )
    text = "\n".join(drawn(seen))
    assert "accounts 40 " in text
    assert "authorized 30 (75.0 %)" in text
    assert "unauthorized 10" in text
    assert "accounts/s 1,007" in text
    assert "to be judged 1,010" in text
    assert "dead letters 2" in text
    assert "Kafka answers" in text
    assert "owner" in text
    assert "worker-0:16066" in text
    assert "veritas_declined         9  90.0 %  █████████" in text
    assert "empty" in text


def test_eighty_columns_hold_all_numbers_of_a_busy_stream() -> None:
    rows = {n: row(n) for n in range(3)}
    seen = document(
        rows, dict.fromkeys(rows, 2_000_000_000), OWNERS, per_second=dict.fromkeys(rows, 99e3)
    )
    lines = drawn(seen)
    assert max(map(len, lines)) <= 80
    for one in rows.values():
        assert any(f"{one.authorized:,}  " in line for line in lines)
    assert sum("1,999,999,900" in line for line in lines) == 3


@pytest.mark.parametrize("height", [20, 24, 50])
def test_what_has_no_room_on_the_screen_is_summed_up(height: int) -> None:
    rows = {n: row(n, codes=dict.fromkeys(CODES, 1)) for n in range(64)}
    ends = {n: 100 + n for n in rows}
    lines = drawn(document(rows, ends, OWNERS), height=height)
    assert len(lines) <= height
    [more] = [line for line in lines if "more partitions" in line]
    hidden = int(more.split()[0].removeprefix("+"))
    assert f" {sum(range(hidden)):,} " in more, "those with the least to do are hidden"
    assert any(line.startswith("   63 ") for line in lines)


def test_a_broker_that_is_away_is_told_with_the_last_figures() -> None:
    text = "\n".join(drawn(document({0: row()}, problem="Connection refused")))
    assert "Kafka does not answer: Connection refused; these are the last figures seen" in text
    assert "1,617,283,000" in text


def test_an_owner_that_is_not_known_is_told_apart_from_none() -> None:
    rows = {0: row(), 1: row()}
    [first, second] = [line.split() for line in drawn(document(rows, owners={0: "a:1"}))[7:9]]
    assert (first[-1], second[-1]) == ("a:1", "nobody")
    assert "nobody" not in "\n".join(drawn(document(rows)))


def test_a_name_from_outside_cannot_write_to_the_terminal() -> None:
    seen = document({0: row()}, owners={0: "\x1b[2J:4111111111111111"})
    assert "\x1b" not in "\n".join(drawn(seen))
    assert "4111111111111111" not in "\n".join(drawn(seen))


def test_before_anything_there_is_a_picture_too() -> None:
    text = "\n".join(drawn(document({})))
    assert "no accounts topic yet" in text
    assert "accounts 0" in text


def test_a_rate_is_over_the_last_seconds() -> None:
    rates = Rates()
    assert rates.per_second == {}
    rates.add(0.0, {0: 0})
    assert rates.per_second == {}
    for second in range(1, 21):
        rates.add(float(second), {0: 100 * second if second > 10 else 0})
    assert rates.per_second == {0: 100.0}


def test_a_partition_that_was_not_there_or_began_anew_has_no_rate() -> None:
    rates = Rates()
    rates.add(0.0, {0: 50})
    rates.add(1.0, {0: 10, 1: 1_000_000})
    assert rates.per_second == {0: 0.0, 1: 0.0}


def test_the_last_look_stays_while_there_is_none_and_the_next_one_counts() -> None:
    answers: list[Progress | ClusterError] = [
        Progress({0: row(next_offset=100)}, {}, {0: 100}, {0: "a:1"}),
        ClusterError("Connection refused"),
        Progress({0: row(next_offset=300)}, {}, {0: 300}, {0: "a:1"}),
    ]
    times = iter([0.0, 4.0])

    def look() -> Progress:
        answer = answers.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    board = Board(Settings(), look, lambda: next(times))
    assert board.document()["problem"] is None
    away = board.document()
    assert away["problem"] == "Connection refused"
    assert away["counts"]["total"] == row().total
    assert away["per_second"] == {}, "nobody knows"
    assert away["partitions"][0]["owner"] is None
    assert board.document()["per_second"] == {0: 50.0}


def test_it_wants_a_terminal() -> None:
    with pytest.raises(CommandError, match="--once"):
        watch_on(Settings(), Console(file=io.StringIO()))
