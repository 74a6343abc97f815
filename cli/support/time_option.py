"""Points in time on a command line."""

import re
import time
from datetime import UTC, datetime

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,6})([smhdw])")


class TimeParameter(click.ParamType):
    """`2h` (that long ago; s, m, h, d, w) or ISO 8601, UTC unless it has another offset.

    The value is in ms since the epoch.
    """

    name = "time"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse it; a usage error when it is neither."""
        if isinstance(value, int):
            return value
        ago = _AGO.fullmatch(value)
        if ago:
            return time.time_ns() // 1_000_000 - int(ago[1]) * _UNITS[ago[2]] * 1000
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time: write 2h, or 2026-01-31T12:00", param, ctx)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)


def check_order(since: int | None, until: int | None) -> None:
    """Raise a usage error when `since` (ms) is later than `until`."""
    if since is not None and until is not None and since > until:
        raise click.UsageError("--since is later than --until")


class DurationParameter(click.ParamType):
    """`10m` (s, m, h) or 0; the value is in ms."""

    name = "duration"

    def __init__(self, longest_ms: int) -> None:
        self._longest_ms = longest_ms

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse it; a usage error when it is none, or too long."""
        if value == "0":
            return 0
        found = _AGO.fullmatch(value)
        duration = int(found[1]) * _UNITS[found[2]] * 1000 if found else 0
        if not 0 < duration <= self._longest_ms:
            longest = f"{self._longest_ms // 3_600_000}h"
            self.fail(f"{value!r} is not a duration: write 10m, at most {longest}", param, ctx)
        return duration
