"""Points in time as text."""

from datetime import UTC, datetime


def moment(time_ms: int) -> str:
    """A time in ms since the epoch as text, in UTC."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
