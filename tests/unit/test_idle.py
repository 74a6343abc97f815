from dataclasses import dataclass
from typing import Any

from batching.idle import IdleTenures


@dataclass(eq=False)
class Owned:
    """A tenure as far as it is looked at."""

    position: int | None = 10
    state: Any = "row"
    committing_since: float | None = None


def test_idle_is_who_stands_where_it_stood_at_the_last_look() -> None:
    idle, first, second = IdleTenures[Owned](), Owned(), Owned()
    assert idle.since_last_look([first, second]) == []
    second.position = 11
    assert idle.since_last_look([first, second]) == [first]
    assert idle.since_last_look([first, second]) == [first, second]


def test_who_never_committed_or_is_committing_is_not_idle() -> None:
    idle = IdleTenures[Owned]()
    owned = [Owned(position=None), Owned(state=None), Owned(committing_since=1.0)]
    assert idle.since_last_look(owned) == []
    assert idle.since_last_look(owned) == []


def test_one_look_is_no_proof_that_a_transaction_hangs() -> None:
    idle, owned = IdleTenures[Owned](), Owned()
    idle.since_last_look([owned])
    assert idle.since_last_look([owned]) == [owned]
    assert not idle.hangs(owned)
    assert idle.since_last_look([owned]) == [owned]
    assert idle.hangs(owned)


def test_a_commit_in_between_makes_it_begin_anew() -> None:
    idle, owned = IdleTenures[Owned](), Owned()
    idle.since_last_look([owned])
    idle.since_last_look([owned])
    assert not idle.hangs(owned)
    owned.position = 11
    idle.since_last_look([owned])
    idle.since_last_look([owned])
    assert not idle.hangs(owned)
