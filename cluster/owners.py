"""Which worker owns which partition, as the group's coordinator knows it."""

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from settings import Settings

# What the coordinator says of a group whose members have been told what is theirs.
_SETTLED = ConsumerGroupState.STABLE
# Nobody is in it: a group that all have left, and one that never was.
_DESERTED = frozenset({ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD})


def partition_owners(
    client: AdminClient, settings: Settings, timeout: float
) -> dict[int, str] | None:
    """Partition of the accounts topic -> the worker that owns it, by its client id.

    A partition that is not in it has no owner. None while that is not known: the group is
    rebalancing, the brokers do not say within `timeout` seconds, or this login may not ask. A
    worker that was killed is the owner until its session has timed out.
    """
    try:
        asked = client.describe_consumer_groups([settings.app_id], request_timeout=timeout)
        group = asked[settings.app_id].result(timeout)
    except (KafkaException, TimeoutError):
        # The embedded broker among others, which knows no such question.
        return None
    if group.state in _DESERTED:
        return {}
    if group.state != _SETTLED:
        return None
    return {
        one.partition: member.client_id
        for member in group.members
        for one in member.assignment.topic_partitions
        if one.topic == settings.accounts_topic
    }
