"""Accounts and verdicts of one partition: what is paired, and why something is not."""

from collections.abc import Iterator

from faust_transactions import Span

from cli.whatif.join import AccountRecord, LeftOut, join
from cli.whatif.reading import is_sampled
from records.recorded import RecordedVerdict

HOUR = 3_600_000
NOW = 1_795_410_452_087


def verdict(offset: int, at: int = NOW) -> RecordedVerdict:
    return RecordedVerdict(
        topic="accounts",
        partition=0,
        offset=offset,
        account="f" * 32,
        card="************5614",
        amount=1.0,
        outcome="authorized",
        reasons=(),
        verified_at=at,
        key="",
        score=0,
        rules="",
        veritas=True,
        allowed_by="",
        shadow=(),
    )


def accounts(*offsets: int, at: int = NOW) -> Iterator[AccountRecord]:
    return iter([AccountRecord(offset, b"%d" % offset, at) for offset in offsets])


def joined(
    verdicts: list[RecordedVerdict], records: Iterator[AccountRecord], span: Span
) -> tuple[list[int], LeftOut]:
    left_out = LeftOut()
    pairs = list(join(iter(verdicts), records, span, left_out))
    assert all(one.offset == other.offset for one, other in pairs)
    return [one.offset for one, _ in pairs], left_out


def test_each_verdict_has_its_account() -> None:
    found, left_out = joined([verdict(n) for n in range(3)], accounts(0, 1, 2), Span(0, 3))
    assert found == [0, 1, 2]
    assert left_out == LeftOut()


def test_accounts_without_verdict_are_passed_over() -> None:
    found, left_out = joined([verdict(0), verdict(3)], accounts(0, 1, 2, 3, 4), Span(0, 5))
    assert found == [0, 3]
    assert left_out == LeftOut(without_verdict=2)


def test_accounts_behind_the_last_verdict_are_not_read() -> None:
    records = accounts(*range(5_000))
    joined([verdict(0)], records, Span(0, 5_000))
    assert next(records).offset > 0, "some are left"


def test_verdicts_of_deleted_accounts_are_counted() -> None:
    found, left_out = joined([verdict(n) for n in (1, 4, 5)], accounts(5, 6), Span(5, 7))
    assert found == [5]
    assert left_out == LeftOut(account_deleted=2)


def test_verdicts_without_account_are_counted() -> None:
    # Offset 1 is a gap, and 9 is behind the end: neither takes accounts from later verdicts.
    found, left_out = joined([verdict(n) for n in (0, 1, 9, 2)], accounts(0, 2), Span(0, 3))
    assert found == [0, 2]
    assert left_out == LeftOut(account_missing=2)


def test_a_verdict_that_comes_again_counts_once() -> None:
    found, left_out = joined([verdict(n) for n in (0, 1, 1, 0, 2)], accounts(0, 1, 2), Span(0, 3))
    assert found == [0, 1, 2]
    assert left_out == LeftOut(out_of_order=2)


def test_verdicts_about_a_former_topic_are_known_by_their_age() -> None:
    former = [verdict(n, NOW - 2 * HOUR) for n in range(100)]
    found, left_out = joined([*former, verdict(0), verdict(1)], accounts(0, 1), Span(0, 2))
    assert found == [0, 1]
    assert left_out == LeftOut(former_topic=100)


def test_one_producer_with_a_wrong_clock_makes_no_verdict_a_former_one() -> None:
    ahead = AccountRecord(0, b"", NOW + 1_000 * HOUR)
    records = iter([ahead, *accounts(1, 2)])
    assert joined([verdict(n) for n in range(3)], records, Span(0, 3))[0] == [0, 1, 2]


def test_accounts_without_a_timestamp_make_no_verdict_a_former_one() -> None:
    assert joined([verdict(0)], accounts(0, at=-1), Span(0, 1))[0] == [0]


def test_without_accounts_every_verdict_is_counted() -> None:
    assert joined([verdict(0)], accounts(), Span(0, 0)) == ([], LeftOut(account_missing=1))
    assert joined([verdict(0)], accounts(), Span(5, 5)) == ([], LeftOut(account_deleted=1))


def test_what_is_not_wanted_is_counted_and_takes_its_account() -> None:
    left_out = LeftOut()
    pairs = join(
        iter([verdict(0), verdict(1)]),
        accounts(0, 1),
        Span(0, 2),
        left_out,
        lambda one: one.offset == 1,
    )
    assert [one.offset for one, _ in pairs] == [1]
    assert left_out == LeftOut(not_sampled=1)


def test_a_sample_is_the_same_each_time_and_about_as_large_as_wanted() -> None:
    ids = [f"accounts-{n % 4}-{n}" for n in range(10_000)]
    chosen = [one for one in ids if is_sampled(one, 10)]
    assert 800 < len(chosen) < 1_200
    assert chosen == [one for one in ids if is_sampled(one, 10)]
    assert all(is_sampled(one, 1) for one in ids)
