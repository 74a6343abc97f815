"""The latest verdicts in `top`, read from their topic."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError
from faust_transactions import LatestRecords
from rich.table import Table
from rich.text import Text

from cli.top.figures import table
from cluster.clients import aiokafka_kwargs
from config import Settings
from records.printable.shown_verdict import shown_verdict

_TIMEOUT = 3.0
_LONG_AMOUNT = 1e12
_STYLES: Mapping[str, str] = {
    "authorized": "cyan",
    "review": "magenta",
    "unauthorized": "yellow",
}


class LastVerdicts:
    """Reads the end of the verdicts topic on demand; to be closed."""

    def __init__(self, settings: Settings) -> None:
        # Its complaints about a broker that is away would be written across the picture.
        for name in ("aiokafka", "asyncio"):
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
        self._records = LatestRecords(settings.verdicts_topic, aiokafka_kwargs(settings))
        self._runner = asyncio.Runner()

    def look(self, size: int) -> list[dict[str, Any]] | None:
        """The latest, newest first, as `shown_verdict` gives them; None if unreadable."""
        try:
            values = self._runner.run(asyncio.wait_for(self._records.latest(size), _TIMEOUT))
        except (KafkaError, OSError, TimeoutError):
            return None
        return [one for one in map(shown_verdict, values) if one is not None]

    def close(self) -> None:
        """Close the connection."""
        with self._runner:
            self._runner.run(self._records.close())


def verdicts_table(verdicts: Sequence[Mapping[str, Any]] | None, most: int) -> Table:
    """A line for each of the first `most`; only reasons are cut."""
    drawn = table()
    for name in ("last verdicts", "outcome", "card"):
        drawn.add_column(name, no_wrap=True)
    drawn.add_column("amount", justify="right", no_wrap=True)
    drawn.add_column("reasons", no_wrap=True, overflow="ellipsis", ratio=1)
    drawn.expand = True
    for one in (verdicts or ())[:most]:
        drawn.add_row(
            time.strftime("%H:%M:%S", time.localtime(one["at"] / 1000)),
            Text(one["outcome"], _STYLES[one["outcome"]]),
            Text(one["card"]),
            _amount(one["amount"]),
            # Any producer may have written the verdict: rich would parse a str as markup.
            Text(", ".join(one["reasons"])),
        )
    if not verdicts:
        drawn.add_row("none yet" if verdicts is not None else "unreadable", *[""] * 4)
    return drawn


def _amount(amount: float) -> str:
    """As money; in powers of ten where it is too long for the line."""
    return f"{amount:,.2f}" if abs(amount) < _LONG_AMOUNT else f"{amount:.2e}"
