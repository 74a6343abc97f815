"""How large the records of a topic may be, and whether what goes out can be as large as it must.

A dead letter is the input, key and value, and headers that say why. One that its topic refuses
stops the partition, so the limit of the dead letters has to be above that of the accounts. The
limit is `max.message.bytes`, of the topic or else of the broker, and it is for a batch of records
as it is sent: of one that is compressed the records may be much larger than it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    ConfigResource,
)
from faust_transactions import MAX_RECORD_BYTES, PRODUCER_BATCH_BYTES

from cluster.errors import ClusterError, reason
from config import Settings

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES: Final = "max.message.bytes"

#: What the headers of a dead letter take at most, with much to spare: the names of two topics have
#: 249 characters each, a code and a detail less than 500 together.
HEADROOM: Final = 4096

# Of a topic that we make. Sixteen times Kafka's own limit, which it is for accounts as well, so
# that there is room for what was compressed. No record takes more space by it.
_USUAL = 16 * 1024 * 1024
_ANSWER = 3.0


def dead_letters_limit(accounts_limit: int) -> int:
    """Bytes that suffice for the dead letter of any account that its topic takes uncompressed.

    Not more than our producer sends; above that there is nothing to configure.
    """
    return min(accounts_limit + HEADROOM, MAX_RECORD_BYTES)


def dead_letters_config(client: AdminClient, settings: Settings) -> dict[str, str]:
    """The configuration with which the dead letters' topic is created, the accounts being there."""
    accounts = described(client, [settings.accounts_topic]).get(settings.accounts_topic, 0)
    return {MAX_MESSAGE_BYTES: str(max(_USUAL, dead_letters_limit(accounts)))}


def warn_of_limits(client: AdminClient, settings: Settings) -> None:
    """Warns of each output topic that would refuse what may have to be written to it.

    No error: such records are rare, and all is judged until one comes. Where the brokers do not
    tell their configuration, for which a right of its own is needed, or do not answer, nothing is
    compared.
    """
    try:
        limits = described(client, settings.topics)
    except ClusterError as exc:
        logger.warning("the topics' limits were not compared: %s", exc)
        return
    for line in objections(settings, limits):
        logger.warning("%s", line)


def objections(settings: Settings, limits: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with the limits, topic -> bytes, in a line for each topic and with a remedy."""
    accounts, letters = settings.accounts_topic, settings.dead_letters_topic
    needed = dead_letters_limit(limits.get(accounts, 0))
    if limits.get(letters, needed) < needed:
        yield (
            f"topic {letters} has {MAX_MESSAGE_BYTES}={limits[letters]}, topic {accounts} has "
            f"{limits[accounts]}: a record of that size that is no account would stop its "
            "partition, as a dead letter has headers besides; "
            + _remedy(letters, max(needed, PRODUCER_BATCH_BYTES))
        )
    elif limits.get(letters, PRODUCER_BATCH_BYTES) < PRODUCER_BATCH_BYTES:
        yield _too_small_for_a_batch(letters, limits[letters])
    if limits.get(settings.verdicts_topic, PRODUCER_BATCH_BYTES) < PRODUCER_BATCH_BYTES:
        yield _too_small_for_a_batch(settings.verdicts_topic, limits[settings.verdicts_topic])


def described(client: AdminClient, topics: Iterable[str]) -> dict[str, int]:
    """Topic -> its limit in bytes; without those of which the brokers do not tell it.

    Raises ClusterError when no broker answers at all.
    """
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
    found: dict[str, int] = {}
    try:
        cluster = client.list_topics(timeout=_ANSWER)
    except KafkaException as exc:
        raise ClusterError(f"Kafka does not list its topics: {reason(exc.args[0])}") from exc
    if cluster.controller_id not in cluster.brokers:
        # The embedded broker has no controller, and the question would wait for one.
        return found
    for resource, answer in client.describe_configs(asked, request_timeout=_ANSWER).items():
        try:
            found[resource.name] = int(answer.result()[MAX_MESSAGE_BYTES].value)
        except KafkaException as exc:
            # Not everybody may ask.
            why = reason(exc.args[0])
            logger.debug("no %s of topic %s: %s", MAX_MESSAGE_BYTES, resource.name, why)
    return found


def _too_small_for_a_batch(topic: str, limit: int) -> str:
    return (
        f"topic {topic} has {MAX_MESSAGE_BYTES}={limit}: many records at once are written in "
        f"batches of up to {PRODUCER_BATCH_BYTES} bytes, and one that is refused would stop its "
        "partition; " + _remedy(topic, PRODUCER_BATCH_BYTES)
    )


def _remedy(topic: str, limit: int) -> str:
    return (
        "raise it by kafka-configs.sh --alter --entity-type topics "
        f"--entity-name {topic} --add-config {MAX_MESSAGE_BYTES}={limit}"
    )
