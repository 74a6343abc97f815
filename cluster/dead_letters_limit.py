"""How large the dead letters' topic has to let its records be."""

from typing import Final

from confluent_kafka.admin import AdminClient
from faust_transactions import MAX_RECORD_BYTES

from cluster.topic_config import MAX_MESSAGE_BYTES, topic_configs

__all__ = ["HEADROOM", "dead_letters_config", "dead_letters_limit"]

HEADROOM: Final = 4096
"""What the headers of a dead letter take at most, with much to spare: the names of two topics have
249 characters each, a code and a detail less than 500 together."""

# Of a topic that we make. Sixteen times Kafka's own limit, which accounts have, so that there is
# room for what was compressed. No record takes more space by it.
_CREATED: Final = 16 * 1024 * 1024


def dead_letters_limit(accounts_limit: int) -> int:
    """Bytes that suffice for the dead letter of any account that its topic takes uncompressed.

    Not more than the producer sends; above that there is nothing to configure.
    """
    return min(accounts_limit + HEADROOM, MAX_RECORD_BYTES)


def dead_letters_config(client: AdminClient, accounts_topic: str) -> dict[str, str]:
    """The configuration that the dead letters' topic is created with; the accounts exist."""
    accounts = topic_configs(client, [accounts_topic]).get(accounts_topic, {})
    limit = dead_letters_limit(int(accounts.get(MAX_MESSAGE_BYTES, 0)))
    return {MAX_MESSAGE_BYTES: str(max(_CREATED, limit))}
