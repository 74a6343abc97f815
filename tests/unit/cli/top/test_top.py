import io
from typing import Any

import pytest
from rich.console import Console

from cli.support.errors import CommandError
from cli.top.command import watch
from cli.top.picture import picture
from cli.top.trend import bars
from cli.top.worker_snapshot import read_snapshot
from config import Settings
from records import PartitionCounts
from records.hold import Hold
from records.totals import progress_document
from tests.unit.cli.top.test_top_worker_snapshot import SNAPSHOT

OWNERS = {n: f"worker-{n % 2}.far.example.org:16066" for n in range(64)}
CODES = ["empty", "too_large", "not_utf8", "not_json", "too_deep", "number_range", "field_type"]


VERDICTS = [
    {
        "id": f"bankaccount-0-{number}",
        "at": 1795410452000 + number,
        "card": f"************{1000 + number}",
        "amount": 12_345_678.5,
        "authorized": number % 2 == 0,
        "outcome": "unauthorized" if number % 2 else "authorized",
        "reasons": ["amount_not_positive", "card_checksum"] if number % 2 else [],
    }
    for number in range(50)
]


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
    head: dict[str, Any] = {
        "title": "fraud-app",
        "at": 1795410452.0,
        "per_second": {},
        "problem": None,
        "mismatch": None,
        "rates": [1.0, 4.0],
        "verdicts": [],
        "worker": None,
        "worker_problem": "Connection refused",
        "worker_url": "http://127.0.0.1:6066",
    }
    return head | progress_document(rows, {}, ends or {}, owners=owners) | more


def drawn(seen: dict[str, Any], width: int = 80, height: int | None = None) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width).print(picture(seen, height))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_held_partition_is_in_a_line_of_its_own_with_the_reason() -> None:
    seen = document({0: row(), 1: row(1)}, {0: 110, 1: 1_100}, OWNERS)
    assert not any("held" in line for line in drawn(seen))
    hold = Hold(1, 100, 300, 200, 1, "501 of its last 1,000 records are dead letters")
    seen |= progress_document({0: row(), 1: row(1)}, {}, {0: 110, 1: 1_100}, holds={1: hold})
    for height in (None, 24, 14):
        lines = drawn(seen, height=height)
        assert "held: partition 1: 501 of its last 1,000 records are dead letters" in lines
        assert height is None or len(lines) <= height


def test_the_picture_has_totals_share_rate_lag_owners_and_reasons() -> None:
    first = row(authorized=30, unauthorized=10, reasons={"veritas_declined": 9, "name_blank": 3})
    second = row(1, authorized=0, unauthorized=0, dead_letters=2, codes={"empty": 2})
    seen = document(
        {0: first, 1: second}, {0: 110, 1: 1_100}, OWNERS, per_second={0: 7.0, 1: 1_000.4}
    )
    text = "\n".join(drawn(seen))
    assert "accounts 40 " in text
    assert "authorized 30 (75.0 %)" in text
    assert "unauthorized 10    review 0" in text
    assert "accounts/s 1,007" in text
    assert "to be judged 1,010" in text
    assert "dead letters 2" in text
    assert "Kafka answers" in text
    assert "owner" in text
    assert "worker-0:16066" in text
    assert "veritas_declined         9  90.0 %  █████████" in text
    assert "empty" in text


def test_what_is_to_be_reviewed_has_a_column_where_there_is_any() -> None:
    waiting = row(authorized=30, review=20, unauthorized=10, reasons={"large": 24})
    lines = drawn(document({0: waiting, 1: row(1)}, {0: 100, 1: 100}, OWNERS))
    assert "review 20" in "\n".join(lines)
    [head] = [line for line in lines if line.startswith("part.")]
    assert head.split() == [
        "part.", "authorized", "review", "unauthorized", "dead", "lag", "acc./s", "owner",
    ]  # fmt: skip
    [first] = [line for line in lines if " 30 " in line and "worker-0" in line]
    assert first.split()[:6] == ["0", "30", "20", "10", "0", "0"]
    shown = [VERDICTS[0] | {"outcome": "review", "authorized": False, "reasons": ["large"]}]
    assert "review" in drawn(document({0: row()}, verdicts=shown))[-1]


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


@pytest.mark.parametrize("height", [10, 14, 15, 19, 20, 24, 50])
def test_what_has_no_room_on_the_screen_is_summed_up(height: int) -> None:
    rows = {n: row(n, codes=dict.fromkeys(CODES, 1)) for n in range(64)}
    ends = {n: 100 + n for n in rows}
    lines = drawn(document(rows, ends, OWNERS, verdicts=VERDICTS), height=height)
    assert len(lines) <= height
    [more] = [line for line in lines if "more partitions" in line]
    hidden = int(more.split()[0].removeprefix("+"))
    if hidden == len(rows):
        return  # no room for any of them
    assert f" {sum(range(hidden)):,} " in more, "those with the least to do are hidden"
    assert any(line.startswith("   63 ") for line in lines)


def test_a_broker_that_is_away_is_reported_with_the_last_figures() -> None:
    text = "\n".join(drawn(document({0: row()}, problem="Connection refused")))
    assert "Kafka does not answer: Connection refused; these are the last figures seen" in text
    assert "1,617,283,000" in text


def test_a_topic_that_was_re_created_is_shown_in_place_of_the_brokers_state() -> None:
    text = "\n".join(drawn(document({0: row()}, mismatch="the accounts topic x was re-created")))
    assert "The accounts topic x was re-created" in text
    assert "Kafka answers" not in text


def test_an_owner_that_is_not_known_is_distinguished_from_none() -> None:
    rows = {0: row(), 1: row()}
    lines = drawn(document(rows, owners={0: "a:1"}))
    [first, second] = [line.split() for line in lines if "1,617,283,000" in line][-2:]
    assert (first[-1], second[-1]) == ("a:1", "unassigned")
    assert "unassigned" not in "\n".join(drawn(document(rows)))


def test_a_name_from_outside_cannot_write_to_the_terminal() -> None:
    seen = document({0: row()}, owners={0: "\x1b[2J:4111111111111111"})
    assert "\x1b" not in "\n".join(drawn(seen))
    assert "4111111111111111" not in "\n".join(drawn(seen))


def test_the_state_of_engine_and_provider_is_that_of_a_worker() -> None:
    text = "\n".join(drawn(document({0: row()}, worker=read_snapshot(SNAPSHOT))))
    assert "worker worker-a:6066, version 1.2.3: ready" in text
    assert "engine: rebalancing" in text
    assert "verification service: away for 2 minutes" in text


def test_token_keys_have_a_line_where_workers_use_different_ones() -> None:
    def text(level: str) -> str:
        tokens = {"level": level, "text": "workers of this group use different FRAUD_TOKEN_KEY"}
        worker = read_snapshot({**SNAPSHOT, "health": {**SNAPSHOT["health"], "tokens": tokens}})
        return "\n".join(drawn(document({0: row()}, worker=worker)))

    assert "account tokens: workers of this group use different FRAUD_TOKEN_KEY" in text("warn")
    assert "account tokens" not in text("ok")


def test_without_a_worker_it_says_where_it_asked_and_what_is_not_known() -> None:
    text = "\n".join(drawn(document({0: row()})))
    assert "no worker at http://127.0.0.1:6066 (Connection refused): name one with --url" in text
    assert "engine and verification service: unknown" in text


def test_the_last_verdicts_are_listed_in_eighty_columns() -> None:
    lines = drawn(document({0: row()}, verdicts=VERDICTS))
    begin = next(n for n, line in enumerate(lines) if line.startswith("last verdicts"))
    assert len(lines) == begin + 11, "ten without a screen"
    assert "************1000  12,345,678.50" in lines[begin + 1]
    assert lines[begin + 2].split()[1:4] == ["unauthorized", "************1001", "12,345,678.50"]
    assert "amount_not_" in lines[begin + 2]
    assert max(map(len, lines)) <= 80
    assert "unreadable" in "\n".join(drawn(document({0: row()}, verdicts=None)))


def test_an_amount_of_300_digits_leaves_room_for_the_rest() -> None:
    huge = [VERDICTS[0] | {"amount": amount} for amount in (1e300, -1e12, 999_999_999_999.0)]
    lines = drawn(document({0: row()}, verdicts=huge))
    begin = next(n for n, line in enumerate(lines) if line.startswith("last verdicts"))
    shown = [line.split()[3] for line in lines[begin + 1 : begin + 4]]
    assert shown == ["1.00e+300", "-1.00e+12", "999,999,999,999.00"]
    assert all("************1000" in line for line in lines[begin + 1 : begin + 4])


def test_what_others_wrote_is_no_markup() -> None:
    forged = VERDICTS[0] | {"reasons": ["[/x]", "[bold]y"]}
    rows = {0: row(unauthorized=1, reasons={"[/x]": 1}, codes={"[bold]z": 1}, dead_letters=1)}
    seen = "\n".join(drawn(document(rows, verdicts=[forged])))
    assert "[/x], [bold]y" in seen
    assert "[bold]z" in seen


def test_on_a_low_screen_verdicts_give_way_first_then_the_trend_and_the_reasons() -> None:
    rows = {n: row(n, reasons={"veritas_declined": 1, "name_blank": 1}) for n in range(4)}
    seen = document(rows, {}, OWNERS, verdicts=VERDICTS, worker=read_snapshot(SNAPSHOT))

    def shown(height: int) -> set[str]:
        text = "\n".join(drawn(seen, height=height))
        assert len(text.splitlines()) <= height
        marks = ("engine: rebalancing", "last verdicts", "last 10 s, up to", "veritas_declined")
        return {mark for mark in marks if mark in text}

    assert shown(30) == {
        "engine: rebalancing",
        "last verdicts",
        "last 10 s, up to",
        "veritas_declined",
    }
    assert shown(20) == {"engine: rebalancing", "last 10 s, up to", "veritas_declined"}
    assert shown(15) == {"engine: rebalancing", "veritas_declined"}
    assert shown(12) == {"engine: rebalancing"}
    gravest = drawn(seen, height=12)[2]
    assert gravest.startswith("verification service: away for 2 minutes  engine: rebalancing")


def test_a_bar_is_as_high_as_its_part_of_the_highest() -> None:
    assert bars([0, 50, 100], 80) == "▁▅█"
    assert bars([0, 0, 100, 100], 2) == "▁█"
    assert bars([0, 0], 80) == "▁▁"
    assert len(bars(range(180), 53)) == 53


def test_before_anything_there_is_a_picture_too() -> None:
    text = "\n".join(drawn(document({})))
    assert "no accounts topic yet" in text
    assert "accounts 0" in text


def test_it_wants_a_terminal() -> None:
    with pytest.raises(CommandError, match="--once"):
        watch(Settings(), Console(file=io.StringIO()), "http://127.0.0.1:1")
