import logging

import pytest

from agents.degraded.reasons import Bounds, Reason
from agents.degraded.state import BEGINS_AFTER, ENDS_AFTER, ChangeLog, Persistence

BOUNDS = Bounds(lag=30.0, latency=30.0, veritas_failures=0.25, veritas_latency=1.0)
SLOW: dict[Reason, str] = {"veritas_latency": "slow"}
LAG: dict[Reason, str] = {"lag": "lag"}


class Clock:
    """One look a second."""

    def __init__(self, *, log: ChangeLog | None = None) -> None:
        self.state = Persistence()
        self.now = 100.0
        self._log = log

    def looks(self, seconds: float, found: dict[Reason, str]) -> list[bool]:
        """Look for so long; whether the worker was degraded at each look."""
        seen = []
        for _ in range(int(seconds)):
            self.now += 1.0
            self.state.update(self.now, found)
            if self._log is not None:
                self._log.update(self.now, self.state.active)
            seen.append(bool(self.state.active))
        return seen


def test_a_reason_begins_when_its_bound_was_exceeded_for_a_while() -> None:
    assert Clock().looks(5, SLOW) == [False] * int(BEGINS_AFTER) + [True] * 2


def test_a_moment_above_the_bound_begins_nothing() -> None:
    clock = Clock()
    for _ in range(20):
        assert not any(clock.looks(BEGINS_AFTER, SLOW) + clock.looks(1, {}))


def test_a_reason_ends_when_its_bound_was_not_exceeded_for_long() -> None:
    clock = Clock()
    clock.looks(10, SLOW)
    seen = clock.looks(40, {})
    assert seen.index(False) == ENDS_AFTER - 1


def test_a_value_around_the_bound_does_not_flap() -> None:
    clock = Clock()
    clock.looks(10, SLOW)
    for _ in range(20):
        assert all(clock.looks(ENDS_AFTER - 1, {}) + clock.looks(1, SLOW))


def test_the_figures_are_those_of_now_or_say_how_old_they_are() -> None:
    clock = Clock()
    clock.looks(10, SLOW)
    assert clock.state.active == SLOW
    clock.looks(4, {})
    assert clock.state.active == {"veritas_latency": "slow (last seen 4 s ago)"}


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_each_change_is_one_line_and_each_reason_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    clock = Clock(log=ChangeLog(BOUNDS.setting))
    clock.looks(60, SLOW)
    clock.looks(60, SLOW | LAG)
    clock.looks(60, SLOW)
    clock.looks(60, SLOW | LAG)
    assert lines(caplog) == [
        "degraded (veritas_latency): slow; the bound is FRAUD_DEGRADED_VERITAS_LATENCY=1",
        "degraded (lag): lag; the bound is FRAUD_DEGRADED_LAG=30",
    ]
    clock.looks(60, {})
    assert lines(caplog)[2:] == ["no longer degraded (veritas_latency, lag), after 266 s"]
    clock.looks(60, LAG)
    assert lines(caplog)[3:] == ["degraded (lag): lag; the bound is FRAUD_DEGRADED_LAG=30"]


def test_a_worker_that_is_not_degraded_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    Clock(log=ChangeLog(BOUNDS.setting)).looks(100, {})
    assert lines(caplog) == []
