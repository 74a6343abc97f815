"""The comparison of programs: options, ratios, tables, what is kept."""

from pathlib import Path

import pytest

from tools.bench import compare, options
from tools.bench.growth.history import Start
from tools.bench.growth.partitions import Size, sizes
from tools.bench.growth.soak import Look
from tools.bench.latency import Latency
from tools.bench.results import comparison, document, store
from tools.bench.results import sizes as growth_tables
from tools.bench.support import environments
from tools.bench.support.environments import Environment, Skipped, listed
from tools.bench.support.programs import PROGRAMS, WHAT
from tools.bench.support.vitals import Vitals, parse, total
from tools.bench.throughput import Measured


def run(program: str, number: int, rate: float, cpu: float = 10.0, peak: int = 100) -> Measured:
    verdicts = round(2 * rate)
    return Measured(program, number, verdicts, 2.0, 5.0, cpu, 9.0, peak * 1_000_000)


def delay(program: str, load: str, number: int, p50: float, p99: float) -> Latency:
    rate = 20_000 if load == "half" else int(load)
    return Latency(program, number, load, rate, 900, p50, p99 / 2, p99, 2 * p99, 3 * p99, 0.4)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")][1:-1]


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert comparison.spread([3, 1, 2]) == "2.00 (1.00 to 3.00)"
    assert comparison.spread([1234.6], 0) == "1,235"
    assert comparison.spread([]) == "-"


def test_ratios_are_of_the_same_round() -> None:
    above = [run("ours", 1, 100), run("ours", 2, 300), run("ours", 3, 5)]
    below = [run("streams", 2, 100), run("streams", 1, 50)]
    assert comparison.ratios(above, below, lambda one: one.rate) == [2.0, 3.0]


def test_what_was_not_measured_makes_no_ratio() -> None:
    above, below = [run("ours", 1, 100, peak=0)], [run("streams", 1, 50, peak=0)]
    assert comparison.ratios(above, below, lambda one: one.peak) == []


def test_the_throughput_begins_with_the_ratios() -> None:
    runs = [
        run(name, number, rate, cpu, peak)
        for name, rates, cpu, peak in (
            ("ours", (100, 200, 300), 10.0, 100),
            ("ours-2", (150, 300, 450), 11.0, 200),
            ("streams", (100, 100, 100), 20.0, 400),
        )
        for number, rate in enumerate(rates, start=1)
    ]
    first, second = comparison.throughput(runs).split("\n\n")[1::2]
    streams = next(line for line in first.splitlines() if "Kafka Streams" in line)
    assert cells(streams)[1:] == [
        "exactly once",
        "2.00 (1.00 to 3.00)",
        "3.00 (1.50 to 4.50)",
        "0.50 (0.50 to 0.50)",
        "0.25 (0.25 to 0.25)",
    ]
    ours = second.splitlines()[2]
    assert cells(ours) == [
        *(WHAT["ours"], "exactly once", "200 (100 to 300)", "10.0 (10.0 to 10.0)"),
        *("9.0", "100", "5.0"),
    ]


def test_one_program_alone_has_no_ratios() -> None:
    assert comparison.throughput([run("stock", 1, 100)]).count("\n\n") == 1


def test_the_latency_is_compared_at_the_same_rate() -> None:
    found = [
        delay("ours", "1000", 1, 5, 20),
        delay("streams", "1000", 1, 10, 100),
        delay("ours", "half", 1, 8, 30),
    ]
    first, second = comparison.latency(found).split("\n\n")[1::2]
    assert len(first.splitlines()) == 3
    assert cells(first.splitlines()[2])[2:] == ["1,000", "0.50", "0.20", "0.20"]
    assert cells(second.splitlines()[4])[2:] == [
        *("half of its maximum: 20,000", "8.0", "30.0", "60.0", "90.0", "0.4")
    ]


def test_latency_without_ours_is_not_compared() -> None:
    assert comparison.latency([delay("streams", "500", 1, 5, 20)]).count("\n\n") == 1


def test_figures_of_a_latency_are_its_percentiles() -> None:
    values = [float(number) for number in range(1, 1_001)]
    found = Latency.of("ours", 2, ("1000", 1_000), values, [0.1] * 990 + [0.4] * 10)
    assert found == Latency(
        "ours", 2, "1000", 1_000, 1_000, 500.0, 900.0, 990.0, 999.0, 1_000.0, 0.1
    )


SIZE = Size(128, 1, 16_800.4, 30.04, 647, 623_000_000, 700_000_000, 0.096)


def test_growth_is_a_row_a_size() -> None:
    timed = Size(**{**vars(SIZE), "at": 1_000, "p50": 5.04, "p99": 60.0})
    rows = growth_tables.growth([SIZE, timed]).splitlines()
    figures = ["128", "1", "16,800", "30.0", "647", "623", "700", "9.6"]
    assert cells(rows[4]) == [*figures, "-", "-"]
    assert cells(rows[5]) == [*figures, "5.0", "60.0"]


def test_growth_without_latency_has_no_columns_for_it() -> None:
    assert "p99" not in growth_tables.growth([SIZE])


def test_each_size_is_measured_once() -> None:
    assert list(sizes([1, 4], [1, 2], 4)) == [(1, 1), (4, 1), (4, 2)]


def test_the_soak_has_a_slope() -> None:
    looks = [Look(10.0 * n, 1_000.0, 100_000_000 + n * 500_000, 27, 0.5, n) for n in (1, 2, 3)]
    rows = [cells(line) for line in growth_tables.soak(looks).splitlines()[4:]]
    assert rows[0] == ["memory (RSS), MB", "100.5", "101.5", "101.5", "+3.00"]
    assert rows[4] == ["lag", "1", "3", "3", "+6.0"]


def test_what_is_kept_comes_back_and_other_parts_stay(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    store.save("throughput", [run("ours", 1, 100)], 0.2, ["flechtwerk: no Python"], file)
    store.save("history", [Start(1_000, 3.0, 90, 100)], 0.2, file=file)
    store.save("history", [Start(2_000, 4.0, 90, 100)], 7.5, file=file)
    assert store.load("throughput", file) == [run("ours", 1, 100)]
    assert store.load("history", file) == [Start(2_000, 4.0, 90, 100)]
    assert store.load("soak", file) == []
    assert "Skipped: flechtwerk: no Python" in document.table_of("throughput", file)
    assert "load before it 7.5" in document.table_of("history", file)
    assert "Not to be quoted" in document.table_of("history", file)
    assert "Not to be quoted" not in document.table_of("throughput", file)
    assert document.table_of("soak", file) == ""


STATUS = "Name:\tjava\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t27\n"
STAT = "7 (a name) 9) S 1 7 7 0 -1 4194560 1 0 0 0 300 200 0 0 20 0 27 0"


def test_the_vitals_of_a_process_are_read() -> None:
    found = parse(STATUS, STAT)
    assert (found.resident, found.peak, found.threads) == (1024 * 1024, 2048 * 1024, 27)
    assert found.cpu > 0


def test_a_process_that_has_just_ended_has_no_memory() -> None:
    assert parse("Name:\tjava\nState:\tZ (zombie)\n", STAT).resident == 0


def test_vitals_add_up() -> None:
    assert total([Vitals(1, 2, 3, 0.5), Vitals(1, 2, 3, 0.5)]) == Vitals(2, 4, 6, 1.0)
    assert total([]) == Vitals()


def test_the_usual_run_compares_all_programs() -> None:
    chosen = options.read([])
    assert [program.name for program in chosen.programs] == list(PROGRAMS)
    assert (chosen.accounts, chosen.rounds, chosen.seconds, chosen.warm_up) == (500_000, 5, 30, 45)
    assert chosen.rates == ["500", "1000", "5000", "half"]


def test_a_quick_run_does_less_and_what_is_named_still_counts() -> None:
    chosen = options.read(["throughput", "--quick", "--rounds", "2"])
    assert (chosen.accounts, chosen.rounds) == (30_000, 2)


def test_a_full_run_measures_every_part_that_is_kept() -> None:
    assert set(options.PARTS["full"]) == set(compare.PARTS)
    assert options.read(["full"]).minutes == 20


def test_the_rate_of_a_latency_is_the_only_one() -> None:
    chosen = options.read(
        ["latency", "--rate", "1000", "--seconds", "30", "--latency-of", "streams,ours"]
    )
    assert (chosen.rates, chosen.seconds) == (["1000"], 30)
    assert [program.name for program in chosen.latency_of] == ["streams", "ours"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["throughput", "--programs", "ours,spark"],
        ["latency", "--rates", "1000,fast"],
        ["growth", "--sizes", "1,0"],
        ["growth", "--workers", ""],
        ["throughput", "--rounds", "0"],
    ],
)
def test_what_cannot_be_measured_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options.read(arguments)
    assert "error:" in capsys.readouterr().err


def test_every_program_has_its_words() -> None:
    assert WHAT.keys() == PROGRAMS.keys()


def test_a_version_is_read_from_a_list() -> None:
    assert listed("# a\nquixstreams-x==1\nQuixStreams==3.28.1\n", "quixstreams") == "3.28.1"
    with pytest.raises(KeyError):
        listed("quixstreams>=3\n", "quixstreams")


def test_a_python_that_is_too_old_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_PYTHON", raising=False)
    future = Environment("plot", needs=(9, 0), setting="A_PYTHON")
    with pytest.raises(Skipped, match=r"plot needs Python 9\.0, .* set A_PYTHON to one"):
        future.make()
    monkeypatch.setenv("A_PYTHON", "/no/such/python")
    with pytest.raises(Skipped, match="/no/such/python cannot be run"):
        future.make()


def test_the_lists_of_the_environments_are_exact() -> None:
    for one in (environments.QUIX, environments.FLECHTWERK, environments.PLOT):
        lines = (environments.LISTS / f"{one.name}.txt").read_text().splitlines()
        packages = [line for line in lines if not line.startswith("#")]
        assert packages
        assert all("==" in line for line in packages)
