"""What is in the rules topic, for commands; blocking."""

from __future__ import annotations

from cluster.reading.first_partition import append, read_all
from config import Settings
from rules.versions.publication import Entry, Publication, remaining

__all__ = ["publish", "read_entries", "read_publications"]


def read_publications(settings: Settings, timeout: float = 30.0) -> list[Publication]:
    """All publications, oldest first; the last one is active, or unreadable records follow it.

    Empty while nothing was published, also without the topic. Raises ClusterError.
    """
    entries = read_entries(settings, timeout)
    return [each.publication for each in entries if each.publication is not None]


def read_entries(settings: Settings, timeout: float = 30.0) -> list[Entry]:
    """All records of the topic, unreadable ones included, oldest first. Raises ClusterError."""
    return remaining(read_all(settings, settings.rules_topic, timeout))


def publish(settings: Settings, publication: Publication, timeout: float = 30.0) -> int:
    """Write it as the active one; returns its offset. Raises ClusterError, ValueError."""
    return append(settings, settings.rules_topic, publication.key, publication.dumps(), timeout)
