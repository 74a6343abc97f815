import tracemalloc
from collections import Counter

from faust_transactions import Span
from hypothesis import given
from hypothesis import strategies as st

from cli.reconcile.ledger import Findings, Listing, PartitionLedger, total

END = 60
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
    for offset in outcomes:
        ledger.verdict(offset)
    for offset in accounts:
        ledger.account(offset)
    return ledger.findings(begin, provable_from=provable_from, compacted=lambda: compacted)


def test_one_outcome_for_each_account_is_proven() -> None:
    found = findings({1, 4, 7}, [1, 4, 7])
    assert found == Findings(accounts=3, verdicts=3)
    assert found.proven


def test_a_dead_letter_is_an_outcome() -> None:
    ledger = PartitionLedger("t", 0, Span(0, 2), 2)
    ledger.account(0)
    ledger.account(1)
    ledger.verdict(1)
    ledger.dead_letter(0)
    found = ledger.findings(0, provable_from=0, compacted=lambda: False)
    assert found == Findings(accounts=2, verdicts=1, dead_letters=1)


def test_a_verdict_and_a_dead_letter_are_duplicates() -> None:
    ledger = PartitionLedger("t", 0, Span(0, 2), 2)
    ledger.account(0)
    ledger.verdict(0)
    ledger.dead_letter(0)
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
        ledger.account(offset)
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
            found.account(offset)
            found.verdict(offset)
            found.dead_letter(offset)  # duplicate
            found.verdict(-1 - offset)  # orphaned
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.found.duplicate.total, found.found.orphaned.total) == (number, number)
    assert peak < number, "two bits for each account, and a hundred ids of a kind"


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
