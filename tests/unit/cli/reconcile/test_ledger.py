import tracemalloc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from faust_transactions import Span
from hypothesis import given
from hypothesis import strategies as st

from cli.reconcile.findings import Findings, Listing, total
from cli.reconcile.ledger import PartitionLedger

END = 60
NOW = 1_795_410_452_000
offsets = st.integers(0, END - 1)


def findings(
    accounts: set[int],
    outcomes: list[int],
    *,
    due: int = END,
    begin: int = 0,
    provable_from: int = 0,
    compacted: bool = False,
) -> Findings:
    ledger = PartitionLedger("t", 3, Span(begin, END), due)
    for offset in accounts:
        ledger.account(offset, NOW)
    for offset in outcomes:
        ledger.verdict(offset, NOW)
    return ledger.findings(begin, provable_from=provable_from, compacted=lambda: compacted)


def test_one_outcome_for_each_account_is_proven() -> None:
    found = findings({1, 4, 7}, [1, 4, 7])
    assert found == Findings(accounts=3, verdicts=3)
    assert found.proven


def test_a_dead_letter_is_an_outcome() -> None:
    ledger = PartitionLedger("t", 0, Span(0, 2), 2)
    ledger.account(0, NOW)
    ledger.account(1, NOW)
    ledger.verdict(1, NOW)
    ledger.dead_letter(0, NOW)
    found = ledger.findings(0, provable_from=0, compacted=lambda: False)
    assert found == Findings(accounts=2, verdicts=1, dead_letters=1)


def test_a_verdict_and_a_dead_letter_are_duplicates() -> None:
    ledger = PartitionLedger("t", 0, Span(0, 2), 2)
    ledger.account(0, NOW)
    ledger.verdict(0, NOW)
    ledger.dead_letter(0, NOW)
    found = ledger.findings(0, provable_from=0, compacted=lambda: False)
    assert found.duplicate == Listing(1, ["t-0-0"])
    assert not found.proven


def test_an_account_without_outcome_is_missing_once_it_is_due() -> None:
    found = findings({1, 2, 3}, [], due=2)
    assert found.missing == Listing(1, ["t-3-1"])
    assert found.pending == 2


def test_an_offset_without_record_owes_nothing() -> None:
    assert findings({0, 2}, [0, 2]).proven


def test_an_outcome_without_account_is_orphaned() -> None:
    found = findings({1}, [1, 2, END, -1, 10**18])
    assert found.orphaned.ids == ["t-3-60", "t-3--1", f"t-3-{10**18}", "t-3-2"]


def test_outcomes_of_deleted_accounts_are_unverifiable() -> None:
    found = findings({10, 11}, [3, 4, 10, 11], begin=10)
    assert found.accounts_deleted == 2
    assert found.proven


def test_of_a_compacted_topic_an_account_may_be_gone_anywhere() -> None:
    found = findings({10}, [10, 11], compacted=True)
    assert found.accounts_deleted == 1
    assert found.proven


def test_accounts_whose_outcome_may_be_deleted_are_unverifiable() -> None:
    found = findings({1, 5, 9}, [5], provable_from=5)
    assert found.outcomes_deleted == 1
    assert found.missing.ids == ["t-3-9"]


@given(st.sets(offsets), st.lists(offsets), st.integers(0, END), st.integers(0, END), st.booleans())
def test_everything_is_counted_once(
    accounts: set[int], outcomes: list[int], due: int, provable_from: int, compacted: bool
) -> None:
    found = findings(accounts, outcomes, due=due, provable_from=provable_from, compacted=compacted)
    judged = Counter(outcomes)
    open_ = accounts - set(judged)
    assert found.accounts == len(accounts)
    assert found.duplicate.total == sum(number - 1 for number in judged.values())
    assert found.orphaned.total + found.accounts_deleted == len(set(judged) - accounts)
    assert found.pending == len([offset for offset in open_ if offset >= due])
    assert found.pending + found.missing.total + found.outcomes_deleted == len(open_)


def test_long_lists_are_cut_but_counted() -> None:
    ledger = PartitionLedger("t", 0, Span(0, 1000), 1000)
    for offset in range(1000):
        ledger.account(offset, NOW)
    found = ledger.findings(0, provable_from=0, compacted=lambda: False)
    assert found.missing.total == 1000
    assert found.missing.ids == [f"t-0-{offset}" for offset in range(100)]
    assert found.missing.unlisted == 900


def test_memory_does_not_grow_with_what_is_found() -> None:
    number = 50_000
    found = PartitionLedger("t", 0, Span(0, number), number)
    tracemalloc.start()
    try:
        for offset in range(number):
            found.account(offset, NOW)
        for offset in range(number):
            found.verdict(offset, NOW)
            found.dead_letter(offset, NOW)  # duplicate
            found.verdict(-1 - offset, NOW)  # orphaned
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.found.duplicate.total, found.found.orphaned.total) == (number, number)
    assert peak < number, "two bits for each account, and a hundred ids of a kind"


def judged(
    accounts: range, outcomes: Mapping[int, int | None], *, due: int | None = 100, **options: Any
) -> Findings:
    """Accounts of NOW, in a partition of 100 offsets that begins with the first of them.

    `outcomes` says for each offset by how many ms its verdict is younger than the accounts.
    """
    begin = options.pop("begin", accounts.start)
    provable_from = options.pop("provable_from", 0)
    ledger = PartitionLedger("t", 3, Span(accounts.start, 100), due, **options)
    for offset in accounts:
        ledger.account(offset, NOW)
    for offset, later in outcomes.items():
        ledger.verdict(offset, None if later is None else NOW + later)
    return ledger.findings(begin, provable_from=provable_from, compacted=lambda: False)


def test_a_verdict_older_than_its_account_is_of_a_former_topic() -> None:
    found = judged(range(100), dict.fromkeys(range(60), -5_000) | dict.fromkeys(range(60, 100), 5))
    assert (found.former, found.verdicts) == (60, 40)
    assert found.missing.total == 60, "the accounts of today were never judged"
    assert not found.proven


def test_a_verdict_behind_the_end_that_is_older_than_all_accounts_is_of_a_former_topic() -> None:
    found = judged(range(100), dict.fromkeys(range(100), 5) | {150: -5_000, 160: 5})
    assert (found.former, found.orphaned.ids) == (1, ["t-3-160"])


def test_clocks_may_differ() -> None:
    times = dict.fromkeys(range(100), -900)
    assert judged(range(100), times).proven
    minutes = dict.fromkeys(range(100), -3_000_000)
    assert judged(range(100), minutes, clocks_differ=3_600_000).proven
    assert judged(range(100), minutes).former == 100


def test_one_producer_whose_clock_is_ahead_makes_no_former_topic() -> None:
    ledger = PartitionLedger("t", 3, Span(0, 100), 100)
    for offset in range(100):
        ledger.account(offset, NOW + (60_000 if offset % 2 else 0))
        ledger.verdict(offset, NOW + 5)
    assert ledger.findings(0, provable_from=0, compacted=lambda: False).proven


def test_a_clock_that_was_never_set_makes_no_former_topic() -> None:
    assert judged(range(100), dict.fromkeys(range(100), 5_000 - NOW)).proven


def test_without_timestamps_nothing_is_older() -> None:
    assert judged(range(100), dict.fromkeys(range(100))).proven
    ledger = PartitionLedger("t", 3, Span(0, 1), 1)
    ledger.account(0, -1)
    ledger.verdict(0, 5)
    assert ledger.findings(0, provable_from=0, compacted=lambda: False).proven


@pytest.mark.parametrize("later", [-5, -5_000, None])
def test_of_a_position_in_a_former_topic_nothing_is_due_and_old_outcomes_are_former(
    later: int | None,
) -> None:
    found = judged(range(100), dict.fromkeys(range(140), later), due=140, former=True)
    assert (found.former, found.pending, found.missing.total) == (140, 100, 0)
    assert not found.proven


def test_what_was_judged_of_a_re_created_topic_before_it_was_noticed_is_known_by_its_age() -> None:
    outcomes = dict.fromkeys(range(100), -5_000) | dict.fromkeys(range(27, 100), 5)
    found = judged(range(100), outcomes, due=100, former=True)
    assert (found.former, found.verdicts) == (27, 73)
    assert (found.missing.total, found.pending) == (27, 0), "those to be judged are named"
    assert not found.proven


def test_offsets_that_were_deleted_unjudged_are_lost() -> None:
    behind = judged(range(90, 100), dict.fromkeys(range(50), 5), due=50)
    assert (behind.lost, behind.accounts_deleted, behind.pending) == (40, 50, 10)
    assert not behind.proven
    went_on = judged(range(90, 100), dict.fromkeys([*range(50), *range(90, 100)], 5))
    assert (went_on.lost, went_on.accounts_deleted) == (40, 50)
    assert not went_on.proven


def test_accounts_that_were_deleted_after_they_were_judged_are_not_lost() -> None:
    found = judged(range(90, 100), dict.fromkeys(range(100), 5))
    assert (found.lost, found.accounts_deleted) == (0, 90)
    assert found.proven


def test_what_was_deleted_before_the_stream_began_is_not_lost() -> None:
    assert judged(range(90, 100), dict.fromkeys(range(90, 100), 5)).proven
    assert judged(range(90, 100), {}, due=None).proven


def test_deleted_offsets_of_a_topic_with_transactions_may_be_markers() -> None:
    remaining = PartitionLedger("t", 3, Span(90, 100), 100)
    for offset in range(90, 100, 2):
        remaining.account(offset, NOW)
    for offset in range(0, 100, 2):
        remaining.verdict(offset, NOW)
    found = remaining.findings(90, provable_from=0, compacted=lambda: False)
    assert (found.lost, found.offsets_deleted) == (0, 45)
    assert found.proven


@pytest.mark.parametrize(("due", "lost", "unverifiable"), [(99, 0, 1), (98, 2, 0)])
def test_one_offset_behind_the_last_judged_may_be_a_marker(
    due: int, lost: int, unverifiable: int
) -> None:
    found = judged(range(100, 100), dict.fromkeys(range(due), 5), due=due)
    assert (found.lost, found.offsets_deleted) == (lost, unverifiable)


def test_where_verdicts_are_deleted_a_missing_one_is_not_a_loss() -> None:
    outcomes = dict.fromkeys([*range(40, 50), *range(90, 100)], 5)
    assert judged(range(90, 100), outcomes, provable_from=90).lost == 0


def test_the_total_is_the_sum() -> None:
    parts = [findings({1, 2}, [1, 1]), findings({5}, [5, 9], due=0)]
    whole = total(parts, Listing(1, ["elsewhere"]))
    assert whole == Findings(
        accounts=3,
        verdicts=4,
        missing=Listing(1, ["t-3-2"]),
        duplicate=Listing(1, ["t-3-1"]),
        orphaned=Listing(2, ["t-3-9", "elsewhere"]),
    )
