"""The topics that have one partition: rule sets, what workers say of them, held partitions."""

from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    ClusterMetadata,
)

from cluster.topic_config import MAX_MESSAGE_BYTES
from config import Settings
from rules.versions.publication import LARGEST_RECORD

__all__ = ["RULES_LIMIT", "control_topic", "single_topics", "too_many_partitions", "workers_topic"]

#: Bytes that suffice for a record of the rules topic with its key and the batch around it.
RULES_LIMIT: Final = LARGEST_RECORD + 4_096

# Every record is kept by its key.
_RULES: Final = {"cleanup.policy": "compact", MAX_MESSAGE_BYTES: str(RULES_LIMIT)}
# A few records are live, everything before them is waste. Kafka takes no segments below 1 MiB.
_SMALL: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(1024 * 1024),
    "segment.ms": str(24 * 60 * 60 * 1000),
    "min.cleanable.dirty.ratio": "0.1",
}


def workers_topic(settings: Settings) -> str:
    """The internal topic in which each worker says which rules it judges by."""
    return f"{settings.app_id}-workers"


def control_topic(settings: Settings) -> str:
    """The internal topic that says which partitions are held, and which of them go on."""
    return f"{settings.app_id}-control"


def single_topics(settings: Settings) -> dict[str, dict[str, str]]:
    """Each of them with the configuration that it is created with."""
    return {
        settings.rules_topic: _RULES,
        workers_topic(settings): _SMALL,
        control_topic(settings): _SMALL,
    }


def too_many_partitions(settings: Settings, found: ClusterMetadata) -> str | None:
    """One line on a topic of these that has several partitions, or None.

    The order of publications is that of one partition. The embedded broker, which has no
    controller, gives every topic the same number; only the first partition is used.
    """
    if found.controller_id not in found.brokers:
        return None
    for name in single_topics(settings):
        number = len(found.topics[name].partitions) if name in found.topics else 0
        if number > 1:
            return f"topic {name} has {number} partitions, not 1: {_remedy(settings, name)}"
    return None


def _remedy(settings: Settings, name: str) -> str:
    again = "delete it (its records are of no use afterwards) and start again"
    if name == settings.rules_topic:
        return f"set FRAUD_RULES_TOPIC to another topic, or {again}"
    return again
