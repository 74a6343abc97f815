"""Which verdicts `verdicts find` finds, and what it says about a search; no Kafka."""

import json
from typing import Any

import pytest
from faust_transactions import Span

from cli.verdicts.find import Result, is_cut, is_settled, window
from cli.verdicts.query import Query
from cli.verdicts.remarks import remarks
from cli.verdicts.sieve import Sieve
from lookup.account import Found
from records.outcome import OUTCOMES, Outcome
from records.token import key_id, token
from tests.verdicts import DECLINED, read, written

CARD = "4111111111111111"
TOKEN = token(CARD, b"key")
KEY = key_id(b"key")
MINUTE = 60_000


def verdict(offset: int = 7, **changes: Any) -> bytes:
    return written("in", 2, offset, **{"account": TOKEN, "key": KEY, **changes})


def declined(offset: int = 8, **changes: Any) -> bytes:
    return verdict(offset, **DECLINED | changes)


def offsets(query: Query, *values: bytes | None) -> list[int]:
    return [one.offset for one in Sieve(query).pick(values)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [7, 8, 9, 10]),
        (Query(token=TOKEN), [7, 8]),
        (Query(token="0" * 32), []),
        (Query(id="in-2-8"), [8]),
        (Query(id="in-2-80"), []),
        (Query(outcome="authorized"), [7, 9]),
        (Query(outcome="unauthorized"), [8]),
        (Query(outcome="review"), [10]),
        (Query(reason="veritas_declined"), [8]),
        (Query(reason="declined"), []),
        (Query(reason="card_checksum", outcome="authorized"), []),
        (Query(since=5), [8, 9, 10]),
        (Query(until=5), [7, 8]),
        (Query(since=5, until=5), [8]),
    ],
    ids=repr,
)
def test_verdicts_match_every_criterion(query: Query, expected: list[int]) -> None:
    values = (
        verdict(7, verified_at=4),
        declined(8, verified_at=5),
        verdict(9, account="e" * 32, verified_at=6),
        declined(10, account="e" * 32, verified_at=6, outcome="review", reasons=("big",)),
    )
    assert offsets(query, *values) == expected


def test_verdicts_of_version_0_1_and_those_laid_out_otherwise_are_found() -> None:
    fields = json.loads(declined())
    fields = {name: fields[name] for name in list(fields)[:10]}
    assert "outcome" not in fields
    query = Query(token=TOKEN, outcome="unauthorized", reason="card_checksum")
    assert offsets(query, json.dumps(fields, indent=2).encode()) == [8]


def test_what_is_no_verdict_is_passed_over() -> None:
    strange = [None, b"", b"{}", b"\xff", b'"%b"' % TOKEN.encode(), b'{"account":"%b"' % b"x"]
    sieve = Sieve(Query(token=TOKEN), KEY)
    assert [one.offset for one in sieve.pick([*strange, verdict()])] == [7]
    assert (sieve.read, sieve.found, sieve.other_keys) == (7, 1, {})


def test_a_token_that_stands_elsewhere_is_none_of_the_card() -> None:
    assert offsets(Query(token=TOKEN), declined(account="e" * 32, reasons=(TOKEN,))) == []


def test_verdicts_of_other_keys_are_counted_by_key() -> None:
    other = verdict(account="e" * 32, key="0badc0de")
    unnamed = verdict(key="")
    spaced = json.dumps(json.loads(verdict())).encode()
    hostile = verdict(key=CARD)
    sieve = Sieve(Query(token=TOKEN), KEY)
    sieve.pick([verdict(), other, other, unnamed, spaced, hostile])
    assert sieve.other_keys == {"0badc0de": 2, "": 1, "************1111": 1}
    without = Sieve(Query(token=TOKEN))
    without.pick([other])
    assert not without.other_keys


def test_times_are_looked_for_with_room_for_clocks() -> None:
    assert window(Query()) == (None, None)
    assert window(Query(since=60 * MINUTE, until=90 * MINUTE)) == (50 * MINUTE, 100 * MINUTE)
    # Kafka's own words for the beginning and the end are times below 0.
    assert window(Query(since=1)) == (0, None)


@pytest.mark.parametrize(
    ("begin", "first", "expected"), [(0, 0, False), (5, 5, True), (9, 5, False)]
)
def test_deleted_verdicts_matter_where_they_were_in_the_time(
    begin: int, first: int, expected: bool
) -> None:
    assert is_cut({0: Span(begin, 10), 1: Span(0, 3)}, {0: Span(first, 10), 1: Span(0, 3)}) is (
        expected
    )


def test_an_account_with_another_end_has_no_verdict_elsewhere() -> None:
    assert is_settled(Found("in-2-7", "judged", verdict=read(verdict())))
    assert is_settled(Found("in-2-7", "dead_letter"))
    assert is_settled(Found("in-2-7", "pending"))
    assert not is_settled(Found("in-2-7", "deleted"))
    assert not is_settled(Found("in-2-7", "absent"))


def said(result: Result, key: str | None = None) -> str:
    return "\n".join(remarks(result, key))


def test_the_number_found_and_read_is_said() -> None:
    assert said(Result(1, seconds=0.04)) == "1 verdict found in 0.0 s."
    assert said(Result(2_000, 1_000_000, seconds=4)) == (
        "2,000 verdicts found, 1,000,000 read in 4.0 s."
    )


def test_verdicts_of_another_key_are_said_as_their_tokens_cannot_be_found() -> None:
    text = said(Result(0, 9, other_keys={"0badc0de": 1_200, "": 1}), KEY)
    assert "1,200 verdicts have a token of another key (0badc0de)" in text
    assert f"This FRAUD_TOKEN_KEY is {KEY}" in text
    assert "1 verdict does not name a token key" in text


def test_why_nothing_was_found_is_said() -> None:
    assert "is a dead letter" in said(Result(0, status="dead_letter"))
    assert "not judged yet" in said(Result(0, status="pending"))
    assert "retention" in said(Result(0, is_cut=True))
    assert "retention" not in said(Result(1, is_cut=True))
    assert "out-3 was read up to offset 12" in said(Result(0, stopped_at={("out", 3): 12}))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_verdicts_of_other_outcomes_need_no_parsing_as_a_worker_lays_them_out(
    outcome: Outcome,
) -> None:
    refusals = Query(outcome=outcome).refusals
    for other in OUTCOMES:
        value = verdict(outcome=other)
        assert any(each in value for each in refusals) == (other != outcome)
    # A text that quotes such a field is escaped, so it does not hide a verdict.
    quoting = verdict(outcome=outcome, allowed_by='"outcome":"review","outcome":"authorized"')
    assert [one.outcome for one in Sieve(Query(outcome=outcome)).pick([quoting])] == [outcome]


def test_a_search_by_outcome_finds_those_of_version_0_1_and_laid_out_otherwise() -> None:
    old = json.loads(verdict())
    del old["outcome"]
    spaced = json.dumps(json.loads(verdict(9)), indent=1).encode()
    assert offsets(Query(outcome="authorized"), json.dumps(old).encode(), spaced) == [7, 9]
