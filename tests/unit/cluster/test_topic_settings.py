"""What is said of topics whose settings do not let the stream work."""

import pytest
from faust_transactions import MAX_RECORD_BYTES, PRODUCER_BATCH_BYTES

from cluster.dead_letters_limit import HEADROOM, dead_letters_limit
from cluster.startup.topic_settings import too_small
from config import Settings
from records import DeadLetter
from records.replay import Replay

SETTINGS = Settings(accounts_topic="in", verdicts_topic="out", dead_letters_topic="dead")
USUAL = 1_048_588


def test_equal_limits_are_too_little_as_dead_letters_have_headers() -> None:
    (line,) = too_small(SETTINGS, {"in": USUAL, "out": USUAL, "dead": USUAL})
    assert "topic dead has max.message.bytes=1048588, topic in has 1048588" in line
    assert line.endswith(f"--entity-name dead --add-config max.message.bytes={USUAL + HEADROOM}")


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"in": USUAL},
        {"dead": PRODUCER_BATCH_BYTES, "out": PRODUCER_BATCH_BYTES},
        {"in": 10_000, "out": PRODUCER_BATCH_BYTES, "dead": PRODUCER_BATCH_BYTES},
        {"in": USUAL, "out": USUAL, "dead": USUAL + HEADROOM},
        {"in": 2**31 - 1, "out": USUAL, "dead": 2**31 - 1},
        {"in": 2**31 - 1, "out": USUAL, "dead": MAX_RECORD_BYTES},
    ],
    ids=repr,
)
def test_there_is_nothing_to_say(limits: dict[str, int]) -> None:
    assert list(too_small(SETTINGS, limits)) == []


@pytest.mark.parametrize("topic", ["out", "dead"])
def test_a_topic_that_takes_no_full_batch_is_reported(topic: str) -> None:
    limits = {"in": 90_000, "out": USUAL, "dead": USUAL, topic: PRODUCER_BATCH_BYTES - 1}
    (line,) = too_small(SETTINGS, limits)
    assert f"topic {topic} has max.message.bytes=999999" in line
    assert line.endswith(f"max.message.bytes={PRODUCER_BATCH_BYTES}")


def test_each_topic_has_its_line() -> None:
    assert len(list(too_small(SETTINGS, {"in": 90_000, "out": 9, "dead": 9}))) == 2


def test_the_headers_of_any_dead_letter_fit_into_the_headroom() -> None:
    topic = "t" * 249
    letter = DeadLetter(
        key=None,
        value=None,
        code="veritas_rejected",
        detail="d" * 400,
        topic=topic,
        partition=2**31 - 1,
        offset=2**63 - 1,
        failed_at=2**63 - 1,
        replay=Replay(f"{topic}-9999-99999999999", 999_999_999),
    )
    # A header's name and content have their lengths in front, of five bytes each at most.
    size = sum(len(name) + len(content) + 10 for name, content in letter.headers())
    assert size + 100 < dead_letters_limit(0)
