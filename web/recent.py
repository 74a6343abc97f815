"""The last verdicts, for whoever looks at the page; nobody looking, nothing is read."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import orjson

logger = logging.getLogger(__name__)

SIZE = 50
_MASKED_CARD = re.compile(r"\*+\d{0,4}")


class LatestRecords(Protocol):
    """Where the verdicts come from (`batching.latest` is one)."""

    async def latest(self, size: int, /) -> Sequence[bytes]:
        """The values of the last `size` records, newest first."""

    async def close(self) -> None:
        """Lets go of the connection; `latest` makes a new one."""


class RecentVerdicts:
    """The last 50 verdicts, at most about a second old while they are watched."""

    def __init__(self, records: LatestRecords, interval: float = 1.0) -> None:
        self._records = records
        self._interval = interval
        self._watchers = 0
        self._looking: asyncio.Task[None] | None = None
        self._left = asyncio.Event()
        self.verdicts: list[dict[str, Any]] = []

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Keeps the verdicts up to date inside the `with`; in a running loop."""
        self._watchers += 1
        self._left.clear()
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._left.set()

    async def _look(self) -> None:
        complained = False
        try:
            while self._watchers:
                try:
                    records = await self._records.latest(SIZE)
                except Exception as exc:  # noqa: BLE001 - the page does without, the worker goes on
                    if not complained:
                        logger.warning("last verdicts not readable (%s)", type(exc).__name__)
                    complained = True
                else:
                    complained = False
                    self.verdicts = [one for one in map(entry, records) if one is not None]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), self._interval)
        finally:
            self._looking = None
            await self._records.close()


def entry(value: bytes) -> dict[str, Any] | None:
    """What the page shows of a verdict; None for what is none.

    Anybody may write to the topic, so a card that is not masked is not shown.
    """
    try:
        verdict = orjson.loads(value)
        card = str(verdict["card"])
        return {
            "id": str(verdict["id"]),
            "at": int(verdict["verified_at"]),
            "card": card if _MASKED_CARD.fullmatch(card) else "****",
            "amount": float(verdict["amount"]),
            "authorized": bool(verdict["authorized"]),
            "reasons": [str(reason) for reason in verdict["reasons"]],
        }
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
