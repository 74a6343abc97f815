"""The records of the control topic: what is read, and what is not."""

import json
from typing import Any

import pytest

from records import PartitionCounts
from records.hold import Hold, hold_key, read_hold, still_held
from records.release import Release, read_release

HOLD = Hold(3, 510, 710, 600, 1_795_410_452_087, "501 of its last 1,000", "here:6066")
RELEASE = Release(3, 510, 710, None, 1_795_410_452_087, author="ann", note="fixed")


def test_both_are_read_as_they_were_written() -> None:
    assert read_hold(HOLD.key, HOLD.dumps()) == HOLD
    assert read_release(RELEASE.key, RELEASE.dumps()) == RELEASE
    timed = Release(3, 510, 710, 1_795_410_999_999, 1)
    assert read_release(timed.key, timed.dumps()) == timed


def test_neither_is_taken_for_the_other() -> None:
    assert read_hold(RELEASE.key, RELEASE.dumps()) is None
    assert read_release(HOLD.key, HOLD.dumps()) is None
    assert read_hold(hold_key(4), HOLD.dumps()) is None
    assert read_release(b"release-4", RELEASE.dumps()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"partition": -1},
        {"partition": True},
        {"partition": "3"},
        {"begin": 711},
        {"end": 2**63},
        {"end": 510},
        {"at": 10**18},
        {"at": None},
        {"begin": 510.0},
    ],
)
def test_numbers_that_cannot_be_are_not_read(changes: dict[str, Any]) -> None:
    for made, read in ((HOLD, read_hold), (RELEASE, read_release)):
        document = json.loads(made.dumps()) | changes
        assert read(made.key, json.dumps(document).encode()) is None


@pytest.mark.parametrize("changes", [{"until": -1}, {"until": "soon"}, {"author": None}])
def test_a_release_whose_time_or_author_is_none_is_not_read(changes: dict[str, Any]) -> None:
    document = json.loads(RELEASE.dumps()) | changes
    assert read_release(RELEASE.key, json.dumps(document).encode()) is None


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"[]", b"{}", b"\xff", b"{" * 9_000])
def test_garbage_is_neither(value: bytes | None) -> None:
    assert read_hold(HOLD.key, value) is None
    assert read_release(RELEASE.key, value) is None


def test_a_hold_is_in_effect_until_its_first_record_is_done() -> None:
    holds = {3: HOLD}
    assert still_held(holds, {}) == holds
    assert still_held(holds, {3: PartitionCounts(next_offset=510)}) == holds
    assert still_held(holds, {3: PartitionCounts(next_offset=511)}) == {}


def test_what_is_shown_of_a_hold_holds_no_card_number_and_no_second_line() -> None:
    forged = Hold(3, 510, 710, 600, 1, "card 4111111111111111\nall is well" + "!" * 500)
    reason = forged.document()["reason"]
    assert "4111111111111111" not in reason
    assert "\n" not in reason
    assert len(reason) <= 200
