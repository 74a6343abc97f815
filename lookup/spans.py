"""Where the verdicts of a time are."""

from __future__ import annotations

from collections.abc import Mapping

from faust_transactions import Span

from cluster import ClusterError, topic_spans
from config import Settings

__all__ = ["verdict_spans"]


def verdict_spans(settings: Settings, since: int | None, until: int | None) -> Mapping[int, Span]:
    """The verdicts of each partition that were written in that time. Raises ClusterError."""
    topic = settings.verdicts_topic
    spans = topic_spans(settings, topic, since=since)
    if not spans:
        raise ClusterError(f"no topic {topic}: there are no verdicts")
    if until is None:
        return spans
    later = topic_spans(settings, topic, since=until + 1)
    return {
        partition: Span(span.begin, max(span.begin, min(span.end, later[partition].begin)))
        for partition, span in spans.items()
    }
