"""Which worker owns which partition, as the group's coordinator knows it."""

from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from config import Settings

# The state of a group whose members all have their assignment.
_SETTLED = "Stable"
# The states of a group without members: all have left, or it never existed.
_DESERTED = frozenset({"Empty", "Dead"})


def partition_owners(
    client: AdminClient, settings: Settings, timeout: float
) -> dict[int, str] | None:
    """Partition of the accounts topic -> the worker that owns it, by its client id.

    A partition that is not in it has no owner. None while that is not known: the group is
    rebalancing or was never there, the brokers do not say within `timeout` seconds, or this login
    may not ask. A worker that was killed is the owner until its session has timed out.
    """
    group = _describe(client, settings.app_id, timeout)
    if group is not None and group.state in _DESERTED:
        return {}
    if group is None or group.state != _SETTLED:
        return None
    return {
        partition: member.client_id
        for member in group.members
        for topic, partitions in _assigned(member.assignment)
        if topic == settings.accounts_topic
        for partition in partitions
    }


def group_members(client: AdminClient, group_id: str, timeout: float) -> set[str] | None:
    """The workers that are members of the group, by their client ids; None while not known.

    A worker that was killed is a member until its session has timed out.
    """
    group = _describe(client, group_id, timeout)
    if group is None:
        return None
    return set() if group.state in _DESERTED else {each.client_id for each in group.members}


def is_listed(client: AdminClient, group_id: str, timeout: float) -> bool | None:
    """Whether the brokers list the group; None where they do not answer.

    They list none that was never there, that expired, or that this login may not see.
    """
    try:
        return bool(client.list_groups(group=group_id, timeout=timeout))
    except KafkaException:
        return None


def _describe(client: AdminClient, group_id: str, timeout: float) -> Any:
    """The group, or None where the brokers do not report it."""
    try:
        # Not describe_consumer_groups: librdkafka 2.16 aborts the process now and then when the
        # coordinator goes away meanwhile (an assertion in rd_kafka_enq_once_del_source_return).
        found: Any = client.list_groups(group=group_id, timeout=timeout)
        [group] = found
    except (KafkaException, ValueError):
        # The embedded broker among others, which knows no such question.
        return None
    return None if group.error is not None else group


def _assigned(assignment: bytes) -> list[tuple[str, list[int]]]:
    """Topics and partitions in a member's assignment, in the form of Kafka's consumer protocol."""
    if not assignment:
        return []
    decoded: Any = ConsumerProtocolMemberAssignment.decode(assignment)
    return [(topic, list(partitions)) for topic, partitions in decoded.assignment]
