"""Lookups in the topics beside the stream: why a verdict is so, the verdicts of a token."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

#: Requests that wait for the one that is being answered.
MOST_WAITING: Final = 8

Answer = tuple[HTTPStatus, Mapping[str, Any]]


class Lookups:
    """Answers requests by a function that blocks, in one thread of its own.

    So a page that asks too much slows down itself, and not the stream: one lookup runs at a time,
    some wait, and for more `get` answers None at once.
    """

    def __init__(self, look_up: Callable[[str], Answer]) -> None:
        self._look_up = look_up
        # Starts its thread with the first request.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookup")
        self._open = 0

    async def get(self, what: str) -> Answer | None:
        """Status and document about this id or token; None while too many requests wait."""
        if self._open > MOST_WAITING:
            return None
        self._open += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._look_up, what)
        finally:
            self._open -= 1
