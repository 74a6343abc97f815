"""A cluster of two brokers, and topics on one of them alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    NewTopic,
)

from tools.devbroker import KafkaServer, free_port

__all__ = ["FIRST", "NO_LEADER", "SECOND", "create_on", "leaders", "second_broker"]

#: Their node ids. The first is the controller, too.
FIRST, SECOND = 1, 2
#: What a partition without a leader names instead.
NO_LEADER = -1


def second_broker(start: Callable[..., KafkaServer], first: KafkaServer) -> KafkaServer:
    """A broker that joins the first one's cluster."""
    listener = f"PLAINTEXT://127.0.0.1:{(port := free_port())}"
    lines = (first.directory / "server.properties").read_text().splitlines()
    shared = dict(line.split("=", 1) for line in lines if line.startswith("controller.quorum."))
    own = {"node.id": str(SECOND), "process.roles": "broker"}
    addresses = {"listeners": listener, "advertised.listeners": listener}
    return start(port=port, properties=shared | own | addresses)


def create_on(
    broker: int, bootstrap: str, topic: str, config: Mapping[str, str] | None = None
) -> None:
    """Create a topic of 4 partitions on this broker alone."""
    new = NewTopic(topic, 4, replica_assignment=[[broker]] * 4, config=dict(config or {}))
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([new])[topic].result(30)


def leaders(bootstrap: str, topic: str) -> set[int]:
    """The node ids that lead the topic's partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    return {one.leader for one in admin.list_topics(topic, 30).topics[topic].partitions.values()}
