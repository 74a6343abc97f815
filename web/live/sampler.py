"""Samples the totals every few seconds, whether or not a page is open."""

from typing import Any

from mode import Service

from web import documents, rules
from web.live.history import INTERVAL
from web.live.state import WebState


class Sampler(Service):
    """Adds to `state.history` and `state.rule_hits` while it runs."""

    mundane_level = "debug"

    def __init__(self, state: WebState, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._state = state

    @Service.task
    async def _sample(self) -> None:
        while not self.should_stop:
            # The first counts after the start would look like a burst.
            if self._state.feed.ready:
                self._state.history.add(documents.sample(self._state))
                self._state.rule_hits.add(rules.hits(self._state))
            await self.sleep(INTERVAL)
