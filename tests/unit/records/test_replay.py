"""The two headers of a replayed record: written by us, read from anybody."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.replay import REPLAY_COUNT, REPLAY_OF, Replay, replay_in
from tests.unit.records import strategies as some

TOPIC = "bank-2024-12"

names = st.sampled_from([REPLAY_OF, REPLAY_COUNT]) | st.text(max_size=5)
contents = (
    st.none()
    | st.binary(max_size=400)
    | st.builds(b"bank-2024-12-%d-%d".__mod__, st.tuples(st.integers(0), st.integers(0)))
    | st.builds(b"%d".__mod__, st.integers())
)


@given(st.integers(0, 99), st.integers(0, 10**9 - 1), st.integers(1, 10**6))
@example(0, 10**10 - 1, 1)
@example(9999, 10**7 - 1, 1)
@example(11, 10**10 + 1, 1)
def test_a_replay_survives_its_headers(partition: int, offset: int, times: int) -> None:
    replay = Replay(f"{TOPIC}-{partition}-{offset}", times)
    assert replay_in(replay.headers(), TOPIC) == replay


def test_the_origin_may_be_of_another_topic() -> None:
    replay = Replay("accounts-of-old-3-1042", 1)
    assert replay_in(replay.headers(), TOPIC) == replay


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("replay_of", b"a-0-1")],
        [("replay_count", b"1")],
        [("replay_of", b"a-0-1"), ("replay_count", b"x")],
        [("replay_of", b"a-0-1"), ("replay_count", None)],
        [("replay_of", None), ("replay_count", b"1")],
        [("replay_of", b"a-0-1"), ("replay_count", b"0")],
        [("replay_of", b"a-0-1"), ("replay_count", b"-1")],
        [("replay_of", b"a-0-1"), ("replay_count", b" 1")],
        [("replay_of", b"a-0-1"), ("replay_count", b"1_0")],
        [("replay_of", b"a-0-1"), ("replay_count", b"9" * 1_000_000)],
        [("replay_of", b"a"), ("replay_count", b"1")],
        [("replay_of", b"a b-0-1"), ("replay_count", b"1")],
        [("replay_of", b"a-0-1\n"), ("replay_count", b"1")],
        [("replay_of", "a-0-\u0661".encode()), ("replay_count", b"1")],
        [("replay_of", b"\xff-0-1"), ("replay_count", b"1")],
        [("replay_of", b"a" * 1_000_000 + b"-0-1"), ("replay_count", b"1")],
        [("replay_of", b"4111111111111111-0-1"), ("replay_count", b"1")],
        [("replay_of", b"a-0-4111111111111111"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-0-4111111111111111"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-41111-11111111111"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-5-61234567890"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-01-5"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-1-05"), ("replay_count", b"1")],
        [("replay_of", b"bank-2024-12-10000-5"), ("replay_count", b"1")],
    ],
    ids=lambda headers: repr(headers)[:40],
)
def test_headers_that_make_no_sense_are_no_replay(
    headers: list[tuple[str, bytes | None]],
) -> None:
    assert replay_in(headers, TOPIC) is None


@given(st.lists(st.tuples(names, contents), max_size=4))
def test_no_headers_whatever_raise_and_what_is_taken_over_is_short(
    headers: list[tuple[str, bytes | None]],
) -> None:
    found = replay_in(headers, TOPIC)
    if found is not None:
        assert replay_in(found.headers(), TOPIC) == found
        assert sum(len(content) for _, content in found.headers()) < 300


@given(some.card_numbers())
def test_no_card_is_taken_over(card: str) -> None:
    for origin in (card, f"{card}-0-1", f"a-0-{card}", f"a-{card}-1", f"{TOPIC}-0-{card}"):
        for times in (b"1", card.encode()):
            assert (
                replay_in([("replay_of", origin.encode()), ("replay_count", times)], TOPIC) is None
            )


@given(some.well_formed_cards(), st.text("0123456789", max_size=2))
@example("4111111111111111", "")
@example("561234567890", "")
def test_no_card_is_taken_over_in_two_parts(card: str, more: str) -> None:
    for digits in (card, card + more, more + card):
        for split in range(1, len(digits)):
            origin = f"{TOPIC}-{digits[:split]}-{digits[split:]}".encode()
            headers = [(REPLAY_OF, origin), (REPLAY_COUNT, b"1")]
            assert replay_in(headers, TOPIC) is None
