"""Partitions as a log line names them."""

import pytest
from faust.types import TP
from faust_transactions.observe.names import partition_names


@pytest.mark.parametrize(
    ("partitions", "named"),
    [
        ([], ""),
        ([("a", 3)], "a 3"),
        ([("a", 2), ("a", 0), ("a", 1)], "a 0-2"),
        ([("a", 0), ("a", 1), ("a", 3), ("a", 5), ("a", 6)], "a 0-1, 3, 5-6"),
        ([("b", 1), ("a", 9), ("a", 10), ("b", 3)], "a 9-10; b 1, 3"),
        ([("a", number) for number in range(128)], "a 0-127"),
    ],
)
def test_partitions_that_follow_each_other_are_one_span(
    partitions: list[tuple[str, int]], named: str
) -> None:
    assert partition_names(TP(*each) for each in partitions) == named
