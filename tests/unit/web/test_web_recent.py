import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.printable.shown_verdict import shown_verdict
from web.live.recent import RecentVerdicts

VERDICT: dict[str, Any] = {
    "id": "bankaccount-3-1042",
    "topic": "bankaccount",
    "partition": 3,
    "offset": 1042,
    "account": "9f0c" * 8,
    "card": "************5614",
    "amount": 644.78,
    "authorized": False,
    "reasons": ["veritas_declined"],
    "verified_at": 1795410452087,
}


class FakeRecords:
    def __init__(self) -> None:
        self.looks = 0
        self.closed = 0
        self.fails = False

    async def latest(self, size: int) -> list[bytes]:
        self.looks += 1
        if self.fails:
            raise OSError("broker away")
        return [json.dumps(VERDICT).encode(), b"no verdict"][:size]

    async def close(self) -> None:
        self.closed += 1


def test_a_verdict_is_shown_without_what_nobody_needs() -> None:
    assert shown_verdict(json.dumps(VERDICT).encode()) == {
        "id": "bankaccount-3-1042",
        "at": 1795410452087,
        "card": "************5614",
        "amount": 644.78,
        "authorized": False,
        "outcome": "unauthorized",
        "reasons": ["veritas_declined"],
        "allowed_by": "",
        "shadow": [],
    }


def test_a_card_that_somebody_wrote_in_full_is_not_shown() -> None:
    shown = shown_verdict(json.dumps({**VERDICT, "card": "3558018114425614"}).encode())
    assert shown is not None
    assert shown["card"] == "****"


def test_a_card_in_another_field_is_not_shown_either() -> None:
    card = "4111111111111111"
    for changes in (
        {"id": card},
        {"id": f"{card}-0-0", "topic": card},
        {"partition": int(card)},
        {"offset": int(card)},
        {"amount": int(card)},
        {"reasons": [card, f"see {card}"]},
    ):
        shown = shown_verdict(json.dumps({**VERDICT, **changes}).encode())
        assert card not in str(shown), changes


@given(
    st.binary()
    | st.builds(
        lambda value: json.dumps(value).encode(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(sorted(VERDICT)), inner)
            ),
        ),
    )
)
def test_whatever_is_in_the_topic_nothing_raises(value: bytes) -> None:
    shown = shown_verdict(value)
    if shown is not None:
        assert shown["card"].lstrip("*").isdigit() or set(shown["card"]) <= {"*"}


async def test_nothing_is_read_while_nobody_watches() -> None:
    records = FakeRecords()
    recent = RecentVerdicts(records, interval=0.01)
    await asyncio.sleep(0.05)
    assert records.looks == 0
    with recent.watch():
        await asyncio.sleep(0.05)
        assert [one["id"] for one in recent.verdicts] == ["bankaccount-3-1042"]
    await asyncio.sleep(0.05)
    looks = records.looks
    await asyncio.sleep(0.05)
    assert records.looks == looks
    assert records.closed == 1


async def test_two_watch_with_one_pair_of_eyes() -> None:
    records = FakeRecords()
    recent = RecentVerdicts(records, interval=10)
    with recent.watch():
        with recent.watch():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        assert records.looks == 1


async def test_who_comes_back_just_after_leaving_is_served() -> None:
    records = FakeRecords()
    recent = RecentVerdicts(records, interval=0.01)
    with recent.watch():
        await asyncio.sleep(0.02)
    with recent.watch():
        looks = records.looks
        await asyncio.sleep(0.05)
        assert records.looks > looks


async def test_a_failure_is_said_once_and_looked_past(caplog: pytest.LogCaptureFixture) -> None:
    records = FakeRecords()
    records.fails = True
    recent = RecentVerdicts(records, interval=0.01)
    with recent.watch():
        await asyncio.sleep(0.05)
        assert len(caplog.records) == 1
        records.fails = False
        await asyncio.sleep(0.05)
        assert recent.verdicts


async def test_it_lets_go_at_once_when_the_last_one_leaves() -> None:
    records = FakeRecords()
    with RecentVerdicts(records, interval=60).watch():
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.02)
    assert records.closed == 1
