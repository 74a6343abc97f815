"""Takes a sample of the totals every few seconds, page or no page."""

from typing import Any

from mode import Service

from web import documents
from web.history import INTERVAL
from web.state import WebState


class Sampler(Service):
    """Fills `state.history` while it runs."""

    mundane_level = "debug"

    def __init__(self, state: WebState, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._state = state

    @Service.task
    async def _sample(self) -> None:
        while not self.should_stop:
            # Before the group's counts are known, all of them would look like new ones.
            if self._state.feed.ready:
                self._state.history.add(documents.sample(self._state))
            await self.sleep(INTERVAL)
