"""`GET /verdicts/ID`: what `explain` prints, as a worker answers it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from cluster import ClusterError
from config import Settings
from lookup.errors import NoIdError
from lookup.explain.explainer import Explainer

Answer = tuple[HTTPStatus, dict[str, Any]]


def explain_answers(settings: Settings, stop: Callable[[], bool]) -> Callable[[str], Answer]:
    """The function that answers; it blocks for some tens of milliseconds, and shows no names.

    404 where there is no verdict and no dead letter, 503 while Kafka does not answer. ``stop`` ends
    it.
    """
    explain = Explainer(settings, stop)

    def answer(record_id: str) -> Answer:
        try:
            document = explain(record_id)
        except NoIdError as exc:
            return HTTPStatus.NOT_FOUND, {"error": str(exc)}
        except ClusterError as exc:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(exc)}
        is_there = document["status"] in ("judged", "dead_letter")
        return HTTPStatus.OK if is_there else HTTPStatus.NOT_FOUND, document

    return answer
