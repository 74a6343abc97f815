"""Keeps a library from saying one thing a hundred times a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

__all__ = ["RateLimitFilter"]

_MOST_KEPT: Final = 1_000


class RateLimitFilter(logging.Filter):
    """Of what these loggers say, lets the same message through once in `pause` seconds.

    While the brokers are away aiokafka reports each attempt of each of its clients, some hundred
    lines a second. The same is what has the same text before the arguments are put in. The next
    line that comes through says how many did not.
    """

    def __init__(
        self,
        names: tuple[str, ...] = ("aiokafka",),
        pause: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._names = names
        self._pause = pause
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if not record.name.startswith(self._names):
            return True
        key = (record.name, str(record.msg))
        now = self._clock()
        since, left_out = self._said.get(key, (float("-inf"), 0))
        if now - since < self._pause:
            self._said[key] = (since, left_out + 1)
            return False
        if len(self._said) >= _MOST_KEPT:
            self._said.clear()
        self._said[key] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} ({left_out} more like this since the last one)"
        return True
