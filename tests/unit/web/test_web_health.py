from dataclasses import dataclass

import pytest
from faust_transactions import Health, Level

from web.health import HealthSource, not_ready_reason, worst


@dataclass
class Part:
    level: Level = "ok"
    text: str = "fine"
    not_ready_reason: str | None = None

    @property
    def health(self) -> Health:
        return Health(self.level, self.text)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], None),
        ([Part(), Part("warn", "slow")], None),
        ([Part(), Part("warn", "rebalancing", "rebalancing")], "rebalancing"),
        ([Part("bad", "failed 3 times")], "failed 3 times"),
        ([Part("bad", "unavailable; next probe in 3 s", "unavailable")], "unavailable"),
        ([Part("warn", "a", "first"), Part("bad", "second")], "first"),
    ],
)
def test_the_first_part_that_is_not_ready_or_bad_says_why(
    parts: list[HealthSource], reason: str | None
) -> None:
    assert not_ready_reason(parts) == reason


def test_the_worst_health_of_a_line_is_shown_and_the_first_of_several() -> None:
    parts = [Part(), Part("warn", "first"), Part("warn", "second")]
    assert worst(parts) == ("warn", "first")
    assert worst([*parts, Part("bad", "third")]) == ("bad", "third")
