from dataclasses import dataclass

import pytest
from faust_transactions.observe.health import Owned, Rejoins, health

NOW = 1_000.0
NONE = Rejoins()


@dataclass
class Partition:
    """A partition as the engine knows it; an `Owned`."""

    name: str = "in-0"
    failures: int = 0
    problem: str = ""
    refused: str | None = None
    committing_since: float | None = None
    working_since: float | None = None


def judged(
    *owned: Owned, not_ready_reason: str | None = None, rejoins: Rejoins = NONE
) -> tuple[str, str]:
    return health(not_ready_reason, owned, rejoins, NOW)


def test_an_engine_that_works_says_on_how_much() -> None:
    assert judged(Partition(), Partition()) == ("ok", "working on 2 partitions")
    assert judged(Partition()) == ("ok", "working on 1 partition")
    assert judged() == ("ok", "no partitions: other workers have them all")


@pytest.mark.parametrize("not_ready_reason", ["waiting for partitions", "rebalancing"])
def test_what_keeps_it_from_working_is_a_warning(not_ready_reason: str) -> None:
    assert judged(Partition(), not_ready_reason=not_ready_reason) == ("warn", not_ready_reason)


def test_a_batch_that_fails_is_a_warning_first_and_bad_when_it_goes_on() -> None:
    once = Partition(failures=1, problem="ValueError")
    assert judged(Partition(), once) == ("warn", "in-0: failed once: ValueError")
    often = Partition("in-3", failures=3, problem="too large")
    assert judged(once, often) == (
        "bad",
        "in-3 (and 1 more): failed 3 times in a row: too large",
    )


def test_what_the_brokers_refuse_is_bad_at_once_and_whatever_else() -> None:
    refused = Partition("in-1", failures=1, problem="other words", refused="topic out is gone")
    assert judged(Partition(failures=9, problem="x"), refused) == ("bad", "in-1: topic out is gone")
    assert judged(
        refused, refused, not_ready_reason="rebalancing", rejoins=Rejoins(3, "fenced")
    ) == (
        "bad",
        "in-1 (and 1 more): topic out is gone",
    )


def test_a_commit_that_takes_long_is_bad() -> None:
    slow = Partition("in-2", committing_since=NOW - 12)
    assert judged(Partition(committing_since=NOW - 0.1), slow) == (
        "bad",
        "in-2: Kafka has not committed for 12 s",
    )
    assert judged(Partition(committing_since=NOW - 0.1))[0] == "ok"


def test_a_batch_that_is_worked_on_for_long_is_a_warning() -> None:
    long = Partition("in-2", working_since=NOW - 90)
    assert judged(Partition(working_since=NOW - 59), long) == (
        "warn",
        "in-2: the agent has worked on one batch for 90 s",
    )
    assert judged(Partition(working_since=NOW - 59))[0] == "ok"


def test_joining_the_group_again_and_again_without_a_commit_is_bad_whatever_else() -> None:
    assert judged(Partition(), rejoins=Rejoins(1, "fenced"))[0] == "ok"
    found = judged(not_ready_reason="rebalancing", rejoins=Rejoins(3, "no commit in 20 s"))
    assert found == ("bad", "rejoined the group 3 times: no commit in 20 s")
