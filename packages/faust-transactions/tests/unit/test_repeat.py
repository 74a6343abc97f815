"""Work that the engine repeats while the app runs."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from faust_transactions.engine import repeat


class App:
    """What `repeat` needs of a Faust app; ``should_stop`` after so many pauses."""

    def __init__(self, pauses: int) -> None:
        self.pauses: list[float] = []
        self._most = pauses

    @property
    def should_stop(self) -> bool:
        return len(self.pauses) >= self._most

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def task(self, body: Callable[[], Awaitable[None]]) -> None:
        self.body = body


async def test_it_repeats_with_a_pause_before_each_run_until_the_app_stops() -> None:
    app = App(pauses=3)
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1

    repeat(cast(Any, app), 2.5, work)
    assert runs == 0
    await app.body()
    assert (runs, app.pauses) == (3, [2.5] * 3)
