"""What topics and brokers are configured to do, as far as brokers tell."""

import logging
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    ClusterMetadata,
    ConfigResource,
)

from cluster.errors import ClusterError, reason

logger = logging.getLogger(__name__)

Config = Mapping[str, str]

MAX_MESSAGE_BYTES = "max.message.bytes"

_ANSWER = 3.0


def topic_configs(client: AdminClient, topics: Iterable[str]) -> dict[str, Config]:
    """Topic -> its configuration, defaults included.

    A topic is left out where the brokers do not tell it: it does not exist, this login may not ask,
    or the broker is the embedded one. Raises ClusterError when no broker answers at all.
    """
    if _controller(client) is None:
        return {}
    found: dict[str, Config] = {}
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
    for resource, answer in client.describe_configs(resources, request_timeout=_ANSWER).items():
        try:
            entries = answer.result()
        except KafkaException as exc:
            logger.debug("no configuration of topic %s: %s", resource.name, reason(exc.args[0]))
        else:
            found[resource.name] = {name: entry.value for name, entry in entries.items()}
    return found


def broker_config(client: AdminClient) -> Config:
    """The configuration of a broker; empty where brokers do not tell it. Raises ClusterError."""
    broker = _controller(client)
    if broker is None:
        return {}
    resource = ConfigResource(ConfigResource.Type.BROKER, str(broker))
    try:
        answer = client.describe_configs([resource], request_timeout=_ANSWER)[resource]
        return {name: entry.value for name, entry in answer.result().items()}
    except KafkaException as exc:
        logger.debug("no configuration of broker %s: %s", broker, reason(exc.args[0]))
        return {}


def replica_counts(client: AdminClient) -> dict[str, int]:
    """Topic -> copies of the partition that has the fewest. Raises ClusterError."""
    return {
        name: min((len(one.replicas) for one in topic.partitions.values()), default=0)
        for name, topic in _metadata(client).topics.items()
    }


def _controller(client: AdminClient) -> int | None:
    """The controller's id. The embedded broker has none, and librdkafka would wait for one."""
    cluster = _metadata(client)
    return cluster.controller_id if cluster.controller_id in cluster.brokers else None


def _metadata(client: AdminClient) -> ClusterMetadata:
    try:
        return client.list_topics(timeout=_ANSWER)
    except KafkaException as exc:
        raise ClusterError(f"Kafka does not list its topics: {reason(exc.args[0])}") from exc
