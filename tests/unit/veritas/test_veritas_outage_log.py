import logging

import pytest

from veritas.outage import APART, LASTS, OutageLog

WAIT = ["accounts wait, down"]
BACK = ["the verification service answers again"]


class Service:
    """A service that goes and comes back, and a probe each second while it is away."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        self._caplog = caplog
        self.now = 1_000.0
        self._log = OutageLog(lambda: self.now)

    def away(self, seconds: float, *reasons: str) -> list[str]:
        """What is logged during an outage of so long, the end included."""
        self._caplog.clear()
        for reason in reasons or ("down",):
            for _ in range(int(seconds / (len(reasons) or 1))):
                self._log.unavailable(reason)
                self.now += 1.0
        self._log.over()
        return [record.getMessage() for record in self._caplog.records]


def test_an_outage_is_logged_at_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(caplog)
    assert service.away(1) == WAIT + BACK
    service.now += APART
    assert service.away(600) == WAIT + BACK


def test_one_that_follows_soon_is_logged_when_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(caplog)
    service.away(5)
    for _ in range(50):
        service.now += 1.0
        assert service.away(LASTS) == []
    service.now += 1.0
    assert service.away(LASTS + 1) == WAIT + BACK


def test_a_service_that_was_well_for_a_while_is_logged_at_once_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service(caplog)
    service.away(5)
    service.now += APART - 1
    assert service.away(5) == []
    service.now += APART
    assert service.away(5) == WAIT + BACK


def test_each_change_of_reason_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    said = Service(caplog).away(30, "down", "throttled", "down")
    assert said == [*WAIT, "accounts wait, throttled", *WAIT, *BACK]
