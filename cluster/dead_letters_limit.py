"""The `max.message.bytes` that the dead letters topic needs."""

from typing import Final

from confluent_kafka.admin import AdminClient
from faust_transactions import MAX_RECORD_BYTES

from cluster.topic_config import MAX_MESSAGE_BYTES, topic_configs

__all__ = ["HEADROOM", "dead_letters_config", "dead_letters_limit"]

HEADROOM: Final = 4096
"""More than the headers of a dead letter take: the names of two topics have at most 249 characters
each, a code and a detail less than 500 together."""

# For a topic that we create: sixteen times Kafka's default, which the accounts topic has, so that
# there is room for what was compressed there. The limit alone takes no space.
_CREATED: Final = 16 * 1024 * 1024


def dead_letters_limit(accounts_limit: int) -> int:
    """Bytes that suffice for the dead letter of any account that its topic takes uncompressed.

    Not more than the producer sends; above that there is nothing to configure.
    """
    return min(accounts_limit + HEADROOM, MAX_RECORD_BYTES)


def dead_letters_config(client: AdminClient, accounts_topic: str) -> dict[str, str]:
    """Configuration of a new dead letters topic; the accounts topic must exist."""
    accounts = topic_configs(client, [accounts_topic]).get(accounts_topic, {})
    limit = dead_letters_limit(int(accounts.get(MAX_MESSAGE_BYTES, 0)))
    return {MAX_MESSAGE_BYTES: str(max(_CREATED, limit))}
