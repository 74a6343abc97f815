import os
import struct
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from tools.bench import rules
from tools.bench.browser import Memory, resident_bytes
from tools.bench.load.accounts import expected
from tools.bench.page import ALONE, WATCHED, Sample
from tools.bench.support import report
from tools.bench.support.figures import busy, percentile, ratio, slope, table
from tools.bench.support.programs import PROGRAMS, with_web
from tools.bench.support.proof import WorkNotDone, complete, in_newest_rows, in_order
from tools.bench.support.topology import Topology
from tools.bench.throughput import Measured

VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1)


def verdict(
    partition: int, offset: int, *, in_partition: int | None = None, authorized: bool = True
) -> Message:
    fields = {"partition": partition, "offset": offset, "authorized": authorized}
    value = orjson.dumps({"id": f"accounts-{partition}-{offset}", **fields})
    where = partition if in_partition is None else in_partition
    return Message(topic="verdicts", partition=where, value=value, timestamp=(2, 1_000 + offset))


def row(partition: int, key: bytes, value: bytes | None) -> Message:
    return Message(topic="changelog", partition=partition, key=key, value=value)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.001, 1), (0.01, 1), (0.07, 7), (0.5, 50), (0.99, 99), (0.991, 100), (1, 100)],
)
def test_a_percentile_is_the_value_of_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


@given(values=VALUES, share=st.floats(min_value=0.001, max_value=1))
def test_a_percentile_is_exceeded_by_no_more_than_the_rest(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-5
    assert sum(value < found for value in values) < share * len(values) + 1e-5


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_out_of_range_has_no_percentile(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_without_a_base_is_a_dash() -> None:
    assert ratio(3, 2) == "1.50"
    assert ratio(3, 2, 1) == "1.5"
    assert ratio(3, None) == "-"


def test_a_table_is_aligned_markdown() -> None:
    assert table(["name", "n"], [["a", "1"], ["longer", "10"]]).splitlines() == [
        "| name   |  n |",
        "| ------ | -: |",
        "| a      |  1 |",
        "| longer | 10 |",
    ]


def test_a_busy_machine_is_reported_and_a_quiet_one_is_not() -> None:
    assert busy(0.3, 2) is None
    assert "load 8.8 on 2 cores" in (busy(8.8, 2) or "")


def test_a_slope_is_growth_a_minute() -> None:
    assert slope([(0, 5), (30, 6), (60, 7)]) == pytest.approx(2)
    assert slope([(0, 7), (10, 7), (20, 7)]) == 0
    assert slope([(0, 1), (10, 3), (20, 1), (30, 3)]) == pytest.approx(2.4)
    assert slope([]) == slope([(3, 4)]) == slope([(3, 4), (3, 9)]) == 0


def test_the_report_of_a_page_has_first_last_largest_and_slope() -> None:
    memories = [Memory(2_000_000, 900, 300_000_000), Memory(2_500_000, 900, 310_000_000)]
    samples = [Sample(60.0 * n, one, 20_000.0, 7 * n) for n, one in enumerate(memories)]
    lines = report.page_memory(samples).splitlines()
    cells = {row[1]: row[2:-1] for row in ([c.strip() for c in x.split("|")] for x in lines[4:])}
    assert cells["JavaScript heap, MB"] == ["2.00", "2.50", "2.50", "+0.500"]
    assert cells["DOM nodes"] == ["900", "900", "900", "+0.0"]
    assert cells["lag"] == ["0", "7", "7", "+7.0"]


def test_the_report_of_a_pages_cost_compares_the_medians() -> None:
    runs = [
        Measured(name, number, 2 * rate, 2.0, 5.0, 20.0, 9.0)
        for name, rates in {ALONE: (100, 200, 300), WATCHED: (90, 196, 900)}.items()
        for number, rate in enumerate(rates, start=1)
    ]
    cells = [cell.strip() for cell in report.page_cost(runs).splitlines()[-1].split("|")]
    assert cells[1:-1] == ["watched", "90", "196", "900", "196", "0.980", "20.0"]


def test_the_worker_of_a_page_has_its_web() -> None:
    run = Topology("b:1", "g", "a", "v", "d", 4, Path("/tmp/x"))
    assert with_web("watched", 7).command(run, 0)[-2:] == ["--web-port", "7"]
    assert PROGRAMS["ours"].command(run, 0)[-1] == "--without-web"


def test_workers_of_one_group_have_data_of_their_own() -> None:
    run = Topology("b:1", "g", "a", "v", "d", 4, Path("/tmp/x"))
    program = PROGRAMS["ours-2"]
    commands = [program.command(run, number) for number in range(program.processes)]
    assert [one[one.index("--datadir") + 1] for one in commands] == [
        "/tmp/x/faust-0",
        "/tmp/x/faust-1",
    ]


def test_programs_have_the_settings_of_the_run_only_and_keep_bytecode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAUD_PRODUCE_SIZE", "7")
    monkeypatch.setenv("FRAUD_LOG_FORMAT", "json")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("BENCH_OTHER", "kept")
    found = Topology("b:1", "g", "a", "v", "d", 4, Path("/tmp/x")).environment()
    assert found["FRAUD_PRODUCE_SIZE"] == "0"
    assert not {"FRAUD_LOG_FORMAT", "PYTHONDONTWRITEBYTECODE"} & found.keys()
    assert found["BENCH_OTHER"] == "kept"


def test_the_memory_of_a_process_is_reported_and_that_of_none_is_nothing() -> None:
    assert resident_bytes(os.getpid()) > 1_000_000
    assert resident_bytes(2**22 + 1) == 0


def test_verdicts_in_order_are_proved_and_timed() -> None:
    found = in_order([verdict(0, 0), verdict(1, 0), verdict(0, 1), verdict(0, 2)], "accounts")
    assert (len(found.times), found.first, found.until(1_001)) == (4, 1_000, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([], id="none at all"),
        pytest.param([verdict(0, 1)], id="the first is missing"),
        pytest.param([verdict(0, 0), verdict(0, 2)], id="one is missing"),
        pytest.param([verdict(0, 0), verdict(0, 0)], id="double"),
        pytest.param([verdict(0, 0), verdict(0, 2), verdict(0, 1)], id="out of order"),
        pytest.param([verdict(1, 0, in_partition=0)], id="in another partition"),
        pytest.param([Message(topic="verdicts", partition=0, value=b"{}")], id="no id"),
    ],
)
def test_verdicts_that_are_not_one_for_each_account_are_found(wrong: list[Message]) -> None:
    with pytest.raises(WorkNotDone):
        in_order(wrong, "accounts")


def test_verdicts_anywhere_are_proved_complete() -> None:
    found = complete([verdict(0, 1, in_partition=3), verdict(1, 0), verdict(0, 0)], "accounts")
    assert (len(found.times), found.first) == (3, 1_000)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([], id="none at all"),
        pytest.param([verdict(0, 1)], id="the first is missing"),
        pytest.param([verdict(0, 0), verdict(0, 2)], id="one is missing"),
        pytest.param([verdict(0, 0), verdict(0, 0, in_partition=1)], id="double"),
        pytest.param([Message(topic="verdicts", partition=0, value=b"{}")], id="no id"),
    ],
)
def test_verdicts_anywhere_that_are_not_one_for_each_account_are_found(
    wrong: list[Message],
) -> None:
    with pytest.raises(WorkNotDone):
        complete(wrong, "accounts")


@pytest.mark.parametrize("check", [in_order, complete])
def test_a_verdict_with_the_wrong_answer_is_found(check: Callable[..., object]) -> None:
    def answers(_partition: int, offset: int) -> bool:
        return offset == 0

    check([verdict(0, 0), verdict(0, 1, authorized=False)], "accounts", answers)
    with pytest.raises(WorkNotDone, match="accounts-0-1: authorized is True"):
        check([verdict(0, 0), verdict(0, 1)], "accounts", answers)


def test_what_is_expected_of_an_account_follows_its_place_in_the_pool() -> None:
    answers = expected(4)
    pool = [answers(number % 4, number // 4) for number in range(20_000)]
    assert pool[:10_000] == pool[10_000:]
    assert 0.45 < sum(pool[:10_000]) / 10_000 < 0.55


def test_only_the_newest_row_of_a_key_counts() -> None:
    rows = [row(0, b"a", b"1"), row(1, b"a", b"10"), row(0, b"b", b"100"), row(0, b"a", b"2")]
    assert in_newest_rows(rows, int) == 112


def test_a_deleted_row_counts_nothing() -> None:
    assert in_newest_rows([row(0, b"a", b"1"), row(0, b"a", None)], int) == 0


@pytest.mark.parametrize(
    ("program", "written"),
    [
        ("stock", b"7"),
        ("streams", struct.pack(">4q", 3, 4, 5, 12)),
        (
            "ours",
            orjson.dumps({"authorized": 2, "review": 1, "unauthorized": 4, "dead_letters": 5}),
        ),
        ("quix-eos", b'{"authorized":3,"unauthorized":4}'),
        ("flechtwerk", b'{"unauthorized":7}'),
    ],
)
def test_the_rows_of_each_program_are_read(program: str, written: bytes) -> None:
    counted = PROGRAMS[program].counted
    assert counted is not None
    assert counted(written) == 7


def test_rules_are_judged_by_the_function_and_the_evaluator_alike() -> None:
    """The measurement itself compares which rules hold, and fails where they do not agree."""
    costs = rules.measure((1, 30))
    assert [cost.rules for cost in costs] == [1, 30]
    assert all(min(cost.function, cost.decided, cost.evaluator) > 0 for cost in costs)
    assert rules.report(costs).count("\n") == 5
