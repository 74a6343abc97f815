"""The topics that have one partition: rule sets, what workers say of them, held partitions."""

from collections.abc import Iterator
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    ClusterMetadata,
)

from cluster.topic_config import MAX_MESSAGE_BYTES
from config import Settings, internal_topics
from rules.versions.publication import LARGEST_RECORD

__all__ = ["RULES_LIMIT", "control_topic", "more_partitions", "single_topics", "workers_topic"]

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
    return internal_topics.workers(settings.app_id)


def control_topic(settings: Settings) -> str:
    """The internal topic that says which partitions are held, and which of them go on."""
    return internal_topics.control(settings.app_id)


def single_topics(settings: Settings) -> dict[str, dict[str, str]]:
    """Each of them with the configuration that it is created with."""
    return {
        settings.rules_topic: _RULES,
        workers_topic(settings): _SMALL,
        control_topic(settings): _SMALL,
    }


def more_partitions(settings: Settings, found: ClusterMetadata) -> Iterator[str]:
    """A line on each topic of these that has several partitions, of which only the first is used.

    Brokers that create topics by themselves make them so when one is deleted under running workers,
    as often as it is deleted. Of the embedded broker, which has no controller and gives every topic
    the same number, there is nothing to say.
    """
    if found.controller_id not in found.brokers:
        return
    for name in single_topics(settings):
        number = len(found.topics[name].partitions) if name in found.topics else 0
        if number > 1:
            yield (
                f"topic {name} has {number} partitions, not 1: only the first one is used. Brokers "
                "that create topics by themselves (auto.create.topics.enable) made it, or somebody "
                "by hand; to have it as it should be, delete it while no worker runs"
                + _lost_with(settings, name)
            )


def _lost_with(settings: Settings, name: str) -> str:
    return ", and publish the rules again" if name == settings.rules_topic else ""
