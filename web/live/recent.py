"""The last verdicts for the page; read only while a page is open."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from records import Verdict, read_verdict, record_id
from records.card import is_card_amount
from records.text import shown

logger = logging.getLogger(__name__)

SIZE = 50
_MASKED_CARD = re.compile(r"\*+\d{0,4}")
_LONGEST_ID = 300
_LONGEST_REASON = 60
#: A verdict can name hundreds of rules; nobody reads them in a line.
_MOST_REASONS = 20
_PARTITIONS = 10**5
#: From twelve digits on a number could be a card's; no topic is that long.
_OFFSETS = 10**11


class LatestRecords(Protocol):
    """Where the verdicts come from (`faust_transactions.kafka.latest` is one)."""

    async def latest(self, size: int, /) -> Sequence[bytes]:
        """The values of the last `size` records, newest first."""

    async def close(self) -> None:
        """Close the connection; `latest` opens another one."""


class RecentVerdicts:
    """The last 50 verdicts, about a second old at most while a page watches."""

    def __init__(self, records: LatestRecords, interval: float = 1.0) -> None:
        self._records = records
        self._interval = interval
        self._watchers = 0
        self._looking: asyncio.Task[None] | None = None
        self._left = asyncio.Event()
        self.verdicts: list[dict[str, Any]] = []

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Keep the verdicts up to date inside the `with`; needs a running loop."""
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
        logged = False
        try:
            while self._watchers:
                try:
                    records = await self._records.latest(SIZE)
                except Exception as exc:  # noqa: BLE001 - whatever it is, the worker goes on
                    if not logged:
                        logger.warning(
                            "cannot read the last verdicts (%s): the page goes without them",
                            type(exc).__name__,
                        )
                    logged = True
                else:
                    logged = False
                    self.verdicts = [one for one in map(entry, records) if one is not None]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), self._interval)
        finally:
            self._looking = None
            await self._records.close()


def entry(value: bytes) -> dict[str, Any] | None:
    """What the page shows of a record of the verdicts topic; None when it is not a verdict.

    Anybody may write to the topic: card numbers in its texts are masked.
    """
    verdict = read_verdict(value)
    if verdict is None or is_card_amount(verdict.amount):
        return None
    if verdict.partition >= _PARTITIONS or verdict.offset >= _OFFSETS:
        return None
    return {
        "id": _id(verdict),
        "at": verdict.verified_at,
        "card": verdict.card if _MASKED_CARD.fullmatch(verdict.card) else "****",
        "amount": float(verdict.amount),
        "authorized": verdict.authorized,
        "outcome": verdict.outcome,
        "reasons": _names(verdict.reasons),
        "allowed_by": shown(verdict.allowed_by, _LONGEST_REASON),
        "shadow": _names(verdict.shadow),
    }


def _names(rules: Sequence[str]) -> list[str]:
    return [shown(name, _LONGEST_REASON) for name in rules[:_MOST_REASONS]]


def _id(verdict: Verdict) -> str:
    """The verdict's id, made anew: its digits as a whole would pass for a card number's."""
    return record_id(shown(verdict.topic, _LONGEST_ID), verdict.partition, verdict.offset)
