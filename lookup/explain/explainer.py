"""Explains verdicts of the stream that the settings describe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from cluster.reading.publications import read_publications
from config import Settings
from lookup.account import Found, look_up
from lookup.explain.document import explanation
from lookup.explain.versions import Versions


class Explainer:
    """Finds accounts with their verdicts, and says why they were judged so. Blocks."""

    def __init__(self, settings: Settings, stop: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._stop = stop
        self._versions = Versions(partial(read_publications, settings))

    def __call__(self, record_id: str, *, names: bool = False) -> dict[str, Any]:
        """The document about this id; ``names`` are shown only where asked for.

        Raises NoIdError when it is no id, ClusterError.
        """
        return self.document(look_up(self._settings, record_id, self._stop), names=names)

    def document(self, found: Found, *, names: bool = False) -> dict[str, Any]:
        """The document about what was found. Raises ClusterError."""
        version = None if found.verdict is None else self._versions.find(found.verdict.rules)
        return explanation(found, version, names=names)
