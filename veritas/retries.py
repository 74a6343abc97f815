"""Retries of a call about one account, and the pauses between them."""

import random
from collections.abc import AsyncIterable
from typing import Final

import stamina

from veritas.call import CallFailed

#: Seconds that an account waits for a Retry-After while the breaker is closed, at most.
LONGEST_WAIT: Final = 10.0
#: Accounts that were throttled together are retried over so many seconds.
SPREAD: Final = 0.3
#: Pauses between two attempts grow from the first to the last (s); up to `JITTER` s is added.
FIRST_PAUSE, LAST_PAUSE, JITTER = 0.2, 1.0, 0.3


def endless_attempts() -> AsyncIterable[stamina.Attempt]:
    """Endless attempts: another one after each failed call, with growing, jittered pauses."""
    return stamina.retry_context(
        on=pause_after,
        attempts=None,
        timeout=None,
        wait_initial=FIRST_PAUSE,
        wait_max=LAST_PAUSE,
        wait_jitter=JITTER,
    )


def pause_after(error: Exception) -> bool | float:
    """Whether stamina makes another attempt, or after how many seconds."""
    if not isinstance(error, CallFailed):
        return False
    if error.retry_after is None:
        return True
    return min(error.retry_after, LONGEST_WAIT) + random.uniform(0, SPREAD)
