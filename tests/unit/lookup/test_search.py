"""The search for an outcome among those of a partition, and what an id is."""

import math
import random

import pytest

from lookup.account import parse_id
from lookup.errors import NoIdError
from lookup.search import Entry, first_from


class Partition:
    """Positions with the account that their record is about; counts how often it is read."""

    def __init__(self, records: dict[int, int]) -> None:
        self._records = records
        self.reads = 0

    def read(self, begin: int, end: int) -> Entry[str] | None:
        self.reads += 1
        for position in range(begin, end):
            if position in self._records:
                account = self._records[position]
                return Entry(position, account, f"about {account}")
        return None

    def search(self, account: int, begin: int = 0) -> Entry[str] | None:
        end = max(self._records, default=begin - 1) + 1
        return first_from(account, begin, max(begin, end), self.read)


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert Partition({}).search(5) is None


def test_the_first_outcome_from_the_account_on_is_found() -> None:
    partition = Partition({0: 10, 1: 11, 5: 14})
    found = [partition.search(account) for account in (9, 10, 11, 12, 14)]
    assert [one.account if one else None for one in found] == [10, 10, 11, 14, 14]
    assert partition.search(15) is None


def test_those_that_come_before_all_are_passed_over() -> None:
    partition = Partition({0: -1, 1: -1, 2: 0, 3: 1})
    found = partition.search(0)
    assert found is not None
    assert (found.position, found.found) == (2, "about 0")


def test_every_account_is_found_in_few_reads_whatever_the_gaps() -> None:
    chosen = random.Random(7)
    positions = sorted(chosen.sample(range(1_000, 60_000), 5_000))
    accounts = sorted(chosen.sample(range(100_000), 5_000))
    partition = Partition(dict(zip(positions, accounts, strict=True)))
    for position, account in zip(positions, accounts, strict=True):
        partition.reads = 0
        found = partition.search(account, begin=1_000)
        assert found is not None
        assert (found.position, found.account) == (position, account)
        assert partition.reads <= math.log2(60_000) + 1


def test_an_id_is_topic_partition_and_offset() -> None:
    assert parse_id("bank-account-2-3-1042", "bank-account-2") == (3, 1042)
    assert parse_id("t-0-0", "t") == (0, 0)


@pytest.mark.parametrize(
    "text",
    ["", "t", "t-1", "t-1-", "t-01-2", "t-1-02", "t-1--2", "other-1-2", "t-1-2 ", "t-1-2-3"],
)
def test_what_is_no_id_is_an_error(text: str) -> None:
    with pytest.raises(NoIdError, match="write t-PARTITION-OFFSET"):
        parse_id(text, "t")


@pytest.mark.parametrize("text", ["t-1-٣", "t-" + "9" * 30 + "-1", "t-1-" + "9" * 30])
def test_numbers_that_kafka_does_not_have_are_no_ids(text: str) -> None:
    with pytest.raises(NoIdError) as error:
        parse_id(text, "t")
    assert text not in str(error.value)
