"""The commands' small parts, and how they end."""

import io
import signal
import time
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import click
import faust
import faust.cli.base
import pytest
from rich.console import Console

import cli
from agents.fakes import FakeAccounts
from cli.counts import Counts
from cli.dead_letters.letters import Letter
from cli.dead_letters.selection import Selection, selection_of
from cli.produce.command import in_turn
from cli.support.blocking_command import exit_code
from cli.support.errors import CommandError, Interrupted
from cli.support.interruption import interruption
from cli.support.moment import moment
from cli.support.progress import shown_progress
from cli.support.time_option import DurationParameter, TimeParameter, check_order
from cluster import ClusterError
from config import Settings
from records import PartitionCounts
from records.codec.bounds import EPOCH_MS
from records.hold import Hold
from records.printable.untrusted_names import printable_id
from records.replay import Replay
from web.documents import counts as web_counts
from web.live.state import WebState


def raising(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CommandError("no such thing: do this"), 1, "error: no such thing: do this\n"),
        (ClusterError("a [b]broker[/b] is away"), 1, "error: a [b]broker[/b] is away\n"),
        (Interrupted(), 130, ""),
        (KeyboardInterrupt(), 130, ""),
        (click.UsageError("say which"), 2, "Error: say which\n"),
        (CommandError("no 4111111111111111"), 1, "error: no ************1111\n"),
    ],
)
def test_errors_are_one_line_and_a_code(
    error: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(lambda: raising(error)) == code
    assert capsys.readouterr() == ("", told)


def test_a_command_that_returns_nothing_ends_well() -> None:
    assert exit_code(lambda: None) == 0
    assert exit_code(lambda: 3) == 3


def test_a_programming_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(lambda: 1 // 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_raises(number: signal.Signals) -> None:
    former = signal.getsignal(number)
    with interruption() as asked:
        assert not asked.is_set()
        signal.raise_signal(number)
        assert asked.wait(1)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is former


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_values_are_spread_evenly(seed: int | None) -> None:
    sent = list(in_turn([b"%d" % n for n in range(10)], 4, seed))
    assert [one.value for one in sent] == [b"%d" % n for n in range(10)]
    assert all((b.partition - a.partition) % 4 == 1 for a, b in pairwise(sent))
    assert sorted(Counter(one.partition for one in sent).values()) == [2, 2, 3, 3]


def test_the_seed_decides_where_it_begins() -> None:
    firsts = [next(in_turn([b"x"], 50, 7)).partition for _ in range(5)]
    assert len(set(firsts)) == 1
    assert len({next(in_turn([b"x"], 50, seed)).partition for seed in range(20)}) > 1


def test_without_a_terminal_progress_is_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    out = io.StringIO()
    with shown_progress(Console(file=out), "accounts") as advance:
        for _ in range(12):
            now += 1
            advance(1500, 2000)
    assert out.getvalue() == (
        "accounts: 1,500 of 2,000 after 5 s\naccounts: 1,500 of 2,000 after 10 s\n"
    )


def test_on_a_terminal_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setenv("TERM", "xterm")
    out = io.StringIO()
    with shown_progress(Console(file=out, force_terminal=True, width=100), "accounts") as advance:
        now += 2
        advance(1500, 2000)
    assert "1500/2000" in out.getvalue()
    assert "750/s" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "ms"),
    [("10m", 600_000), ("90s", 90_000), ("24h", 86_400_000), ("1d", 86_400_000), ("0", 0)],
)
def test_a_duration_is_a_number_and_a_unit_or_0(text: str, ms: int) -> None:
    assert DurationParameter(86_400_000).convert(text, None, None) == ms


@pytest.mark.parametrize("text", ["0m", "25h", "10", "-1m", "m", "10 m", "999999w"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="write 10m, at most 24h"):
        DurationParameter(86_400_000).convert(text, None, None)


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name[:2] == "--"}


def test_list_show_and_replay_have_options_of_their_own() -> None:
    cli.attach(faust.App("options"), Settings(), FakeAccounts, "0.0.0")
    group = faust.cli.base.cli.commands["dead-letters"]
    assert isinstance(group, click.Group)
    choosing = {"--code", "--file", "--since", "--until"}
    assert options(group.commands["list"]) == choosing | {"--limit", "--json"}
    assert options(group.commands["show"]) == {"--payload", "--json"}
    sending = {"--again", "--limit", "--rate", "--max-failed", "--dry-run", "--yes"}
    assert options(group.commands["replay"]) == choosing | sending


@pytest.mark.parametrize(("given", "share"), [([], 0.25), (["--max-failed", "40%"], 0.4)])
def test_a_setting_is_what_a_replay_stops_at_unless_an_option_says_otherwise(
    given: list[str], share: float
) -> None:
    cli.attach(faust.App("replay"), Settings(replay_max_failed=0.25), FakeAccounts, "0.0.0")
    group = faust.cli.base.cli.commands["dead-letters"]
    assert isinstance(group, click.Group)
    context = group.commands["replay"].make_context("replay", [*given, "--since", "2h"])
    assert context.params["max_failed"] == share


def test_the_help_of_replay_names_the_default_once() -> None:
    cli.attach(faust.App("replay"), Settings(replay_max_failed=0.25), FakeAccounts, "0.0.0")
    group = faust.cli.base.cli.commands["dead-letters"]
    assert isinstance(group, click.Group)
    text = group.commands["replay"].get_help(click.Context(group.commands["replay"]))
    assert text.count("[default: ") == 1
    assert "[default: 25%]" in text


CARD = "4111111111111111"


@pytest.mark.parametrize(
    "words",
    [
        ["verdicts", "find", "--outcome", CARD],
        ["verdicts", "find", "--since", CARD],
        ["verdicts", "find", f"--{CARD}"],
        ["verdicts", CARD],
        ["partitions", "release", CARD],
        ["partitions", "release", "1", CARD],
        ["dead-letters", "list", "--limit", CARD + "x"],
    ],
)
def test_a_usage_error_does_not_repeat_a_card_number(words: list[str]) -> None:
    cli.attach(faust.App("usage"), Settings(), FakeAccounts, "0.0.0")
    group = faust.cli.base.cli.commands[words[0]]
    assert isinstance(group, click.Group)
    with pytest.raises(click.UsageError) as caught:
        group.main(words[1:], standalone_mode=False)
    assert CARD not in caught.value.format_message()


HOLDS = {3: Hold(3, 77, 90, 80, 1_000, "too many"), 1: Hold(1, 8, 9, 8, 1_000, "former")}
ROWS = {
    1: PartitionCounts(authorized=3, review=4, unauthorized=2, dead_letters=1, next_offset=9),
    3: PartitionCounts(authorized=10, unauthorized=20, dead_letters=30, next_offset=77),
}


def test_counts_are_the_document_of_the_contract() -> None:
    document = Counts("bankaccount", {1: ROWS[1]}, {}, {0: 0, 1: 12}).document()
    names = ("authorized", "review", "unauthorized", "dead_letters", "next_offset")
    nothing = dict.fromkeys(names, 0)
    assert document == {
        "authorized": 3,
        "review": 4,
        "unauthorized": 2,
        "total": 9,
        "dead_letters": 1,
        "partitions": {
            "0": nothing,
            "1": {
                **nothing,
                "authorized": 3,
                "review": 4,
                "unauthorized": 2,
                "dead_letters": 1,
                "next_offset": 9,
            },
        },
    }


def test_the_document_is_that_of_the_web() -> None:
    ends = dict.fromkeys(range(4), 100)
    feed = SimpleNamespace(rows=ROWS, source_ends=ends)
    state = cast(WebState, SimpleNamespace(feed=feed, partitions=4, holds=lambda: HOLDS))
    counts = Counts("bankaccount", ROWS, {}, ends, holds=HOLDS)
    assert counts.document() == web_counts(state)
    assert "Partition 3 is held at offset 80 since 1970-01-01 00:00:01 UTC: too many." in shown(
        counts
    )
    # That of partition 1 is of a batch that was committed since.
    assert [n for n, one in counts.document()["partitions"].items() if "held" in one] == ["3"]


def shown(counts: Counts) -> str:
    out = io.StringIO()
    counts.show(Console(file=out, width=120))
    return out.getvalue()


def test_the_table_shows_the_lag() -> None:
    text = shown(Counts("bankaccount", ROWS, {2: 40}, {0: 5, 1: 12, 2: 42, 3: 77}))
    rows = [line.replace("│", " ").split() for line in text.splitlines() if "│" in line]
    assert rows == [
        ["0", "0", "0", "0", "0", "0", "5"],
        ["1", "3", "4", "2", "1", "9", "3"],
        ["2", "0", "0", "0", "0", "0", "2"],
        ["3", "10", "0", "20", "30", "77", "0"],
        ["total", "13", "4", "22", "31", "10"],
    ]


def test_nothing_is_judged_of_a_topic_that_was_re_created() -> None:
    found = Counts("bankaccount", ROWS, {}, {1: 4, 3: 77}, mismatched={1})
    rows = [line.replace("│", " ").split() for line in shown(found).splitlines() if "│" in line]
    assert rows[0] == ["1", "3", "4", "2", "1", "9", "4"]


def test_counts_say_when_there_is_nothing_to_count() -> None:
    assert "Topic bankaccount does not exist yet." in shown(Counts("bankaccount", {}, {}, {}))
    assert "No account has a verdict or dead letter yet." in shown(
        Counts("bankaccount", {}, {}, {0: 4})
    )


def letter(**changes: object) -> Letter:
    fields = {
        "id": "bankaccount-1-5",
        "code": "not_json",
        "detail": "",
        "topic": "bankaccount",
        "failed_at": 1000,
        "replay": None,
        "value_bytes": 3,
        "place": ("dead", 1),
        "offset": 8,
    }
    return Letter(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), True),
        (Selection(ids=frozenset({"bankaccount-1-5"})), True),
        (Selection(ids=frozenset({"bankaccount-1-6"})), False),
        (Selection(codes=frozenset({"not_json", "empty"})), True),
        (Selection(codes=frozenset({"empty"})), False),
        (Selection(since=1000, until=1000), True),
        (Selection(since=1001), False),
        (Selection(until=999), False),
        (Selection(ids=frozenset({"bankaccount-1-5"}), codes=frozenset({"empty"})), False),
    ],
)
def test_a_selection_takes_what_fits_all_of_it(selection: Selection, taken: bool) -> None:
    assert selection(letter()) is taken


def test_a_replay_of_a_replay_keeps_the_first_origin() -> None:
    first = letter().next_replay
    assert first == Replay("bankaccount-1-5", 1)
    second = letter(id="bankaccount-2-9", replay=first).next_replay
    assert second == Replay("bankaccount-1-5", 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accounts-2024-11-3-1234567", "accounts-2024-11-3-1234567"),
        ("other-4111111111111111", "other-************1111"),
        ("accounts-2024-11-4111-11111111116", None),
        ("accounts-2024-11-3-4111111111111111", None),
        ("4111 1111 1111 1111", "************1111"),
        ("accounts-2024-11-3-5\n", None),
        ("x\x1b[31m", "x?[31m"),
    ],
)
def test_ids_are_shown_without_card_numbers(text: str, told: str | None) -> None:
    found = printable_id(text, "accounts-2024-11")
    assert told in (found, None)
    assert "4111111111111111" not in found
    assert "4111-11111111116" not in found
    assert found.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00", 1_769_860_800_000),
        ("2026-01-31T12:00Z", 1_769_860_800_000),
        ("2026-01-31T13:00+01:00", 1_769_860_800_000),
        ("2026-01-31", 1_769_817_600_000),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(text: str, expected: int) -> None:
    assert TimeParameter().convert(text, None, None) == expected


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400)]
)
def test_times_can_be_so_long_ago(text: str, seconds: int) -> None:
    assert time.time() - TimeParameter().convert(text, None, None) / 1000 == pytest.approx(
        seconds, abs=5
    )


@pytest.mark.parametrize("text", ["", "soon", "-2h", "2x", "2026-13-01"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        TimeParameter().convert(text, None, None)


@pytest.mark.parametrize(("since", "until"), [(1, 1), (1, 2), (None, 0), (5, None), (None, None)])
def test_times_in_order_are_taken(since: int | None, until: int | None) -> None:
    check_order(since, until)


def test_a_time_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(click.UsageError, match="--since is later than --until"):
        check_order(2, 1)
    with pytest.raises(click.UsageError, match="--since is later than --until"):
        selection_of([], [], None, 2, 1)


def test_moments_are_shown_in_utc() -> None:
    assert moment(1_769_860_800_000) == "2026-01-31 12:00:00"
    assert moment(EPOCH_MS[-1]) == "9999-12-31 23:59:59"
