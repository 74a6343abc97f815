"""The last verdicts for the page; read only while a page is open."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from records.printable.shown_verdict import shown_verdict

logger = logging.getLogger(__name__)

SIZE = 50


class VerdictSource(Protocol):
    """Where the verdicts come from: `faust_transactions.LatestRecords`."""

    async def latest(self, size: int, /) -> Sequence[bytes]:
        """The values of the last `size` records, newest first."""

    async def close(self) -> None:
        """Close the connection; `latest` opens another one."""


class RecentVerdicts:
    """The last 50 verdicts, about a second old at most while a page watches."""

    def __init__(self, records: VerdictSource, interval: float = 1.0) -> None:
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
                    self.verdicts = [one for one in map(shown_verdict, records) if one is not None]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), self._interval)
        finally:
            self._looking = None
            await self._records.close()
