"""The topics that the stream needs, as they are and as they should be."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # public, but not in its __all__
    AdminClient,
    ClusterMetadata,
    NewTopic,
    TopicMetadata,
)

from cluster.dead_letters_limit import dead_letters_config
from cluster.errors import ClusterError, reason
from cluster.partitions import mismatch
from cluster.reach import quiet, wait
from cluster.retention import creation_config, kept, wanted_ms
from cluster.single import more_partitions, single_topics
from cluster.topic_config import topic_configs
from config import Settings, internal_topics

logger = logging.getLogger(__name__)

_ANSWER = 10.0
_CREATED = 15.0
_APPEARS = 5.0

# One row per partition is live, everything before it is waste: small segments and a low dirty
# ratio, so that compaction finds something to do. Kafka takes no segments below 1 MiB.
_CHANGELOG = {
    "cleanup.policy": "compact",
    "segment.bytes": str(8 * 1024 * 1024),
    "segment.ms": str(10 * 60 * 1000),
    "min.cleanable.dirty.ratio": "0.1",
}


def changelog_topic(settings: Settings) -> str:
    """The topic of the table's rows."""
    return internal_topics.changelog(settings.app_id)


def ensure_topics(
    client: AdminClient, settings: Settings, *, stop: threading.Event | None = None
) -> None:
    """Makes sure that the topics are there with the partitions that they need.

    Missing ones are created, or, where the program may not (FRAUD_CREATE_TOPICS=0), asked for by
    name, which lets them appear on brokers that create topics by themselves. Another worker that
    creates them at the same time is no problem. Nothing is created when an existing one is wrong.

    Raises ClusterError; Stopped when `stop` was set while a topic was waited for.
    """
    letters = settings.dead_letters_topic
    wanted: dict[str, dict[str, str]] = {
        settings.accounts_topic: {},
        settings.verdicts_topic: creation_config(settings.verdicts_retention),
        changelog_topic(settings): _CHANGELOG,
        **single_topics(settings),
    }
    config: dict[str, str] = {}
    # All of them first, so that nothing is created beside one that is wrong.
    missing = _missing(client, settings, [*wanted, letters])
    if settings.create_topics and letters in missing:
        # How large dead letters may become is known once the accounts are there.
        _ensure(client, settings, wanted, stop)
        config = dead_letters_config(client, settings.accounts_topic)
    _ensure(client, settings, {**wanted, letters: config}, stop)
    for line in more_partitions(settings, _listed(client)):
        logger.warning("%s", line)
    if settings.create_topics and settings.verdicts_topic in missing:
        keeps = kept(wanted_ms(settings.verdicts_retention))
        logger.info(
            "topic %s keeps verdicts %s (FRAUD_VERDICTS_RETENTION)", settings.verdicts_topic, keeps
        )


def check_partitions(client: AdminClient, settings: Settings) -> None:
    """Raise ClusterError where one of the topics that are there has other partitions."""
    _missing(client, settings, [*settings.topics, changelog_topic(settings)])


def ensure_single_topics(client: AdminClient, settings: Settings) -> None:
    """Like `ensure_topics`, for the rules topic and that of the workers only."""
    _ensure(client, settings, single_topics(settings), None)


def ensure_changelog(client: AdminClient, settings: Settings) -> None:
    """Like `ensure_topics`, for the changelog only."""
    _ensure(client, settings, {changelog_topic(settings): _CHANGELOG}, None)


def _ensure(
    client: AdminClient,
    settings: Settings,
    wanted: Mapping[str, Mapping[str, str]],
    stop: threading.Event | None,
) -> None:
    missing = _missing(client, settings, wanted)
    if missing and settings.create_topics:
        _create(client, settings, {name: wanted[name] for name in missing})
    elif missing:
        _touch(settings, missing)
    deadline = time.monotonic() + (_CREATED if settings.create_topics else _APPEARS)
    while missing := _missing(client, settings, wanted):
        if time.monotonic() > deadline:
            raise ClusterError(_not_there(settings, sorted(missing)))
        wait(0.1, stop)


def is_compacted(client: AdminClient, topic: str) -> bool:
    """True when records of the topic may be deleted one by one; False where that is not known."""
    config = topic_configs(client, [topic]).get(topic, {})
    return "compact" in config.get("cleanup.policy", "")


def _missing(client: AdminClient, settings: Settings, wanted: Iterable[str]) -> set[str]:
    """The topics that cannot be used yet. Raises ClusterError for one with other partitions."""
    topics = _listed(client).topics
    wanted = set(wanted)
    partitioned = {name for name in wanted if name in topics} - single_topics(settings).keys()
    numbers = {name: number for name in partitioned if (number := len(topics[name].partitions))}
    line = mismatch(settings, numbers, changelog_topic(settings))
    if line is not None:
        raise ClusterError(line)
    return {name for name in wanted if name not in topics or not _has_leaders(topics[name])}


def _listed(client: AdminClient) -> ClusterMetadata:
    try:
        # All topics: asking for one by its name would create it on many a broker.
        return client.list_topics(timeout=_ANSWER)
    except KafkaException as exc:
        raise ClusterError(f"Kafka does not list its topics: {reason(exc.args[0])}") from exc


def _has_leaders(topic: TopicMetadata) -> bool:
    partitions = topic.partitions.values()
    return bool(partitions) and all(one.leader >= 0 for one in partitions)


def _create(
    client: AdminClient, settings: Settings, wanted: Mapping[str, Mapping[str, str]]
) -> None:
    new = [
        NewTopic(
            name, _partitions(settings, name), settings.replication_factor, config=dict(config)
        )
        for name, config in wanted.items()
    ]
    for name, created in client.create_topics(new, operation_timeout=_ANSWER).items():
        try:
            created.result(_CREATED)
        except KafkaException as exc:
            if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise ClusterError(_not_created(settings, name, exc.args[0])) from exc


def _not_created(settings: Settings, name: str, error: KafkaError) -> str:
    what = f"topic {name} cannot be created ({reason(error)})"
    if error.code() == KafkaError.INVALID_REPLICATION_FACTOR:
        factor = settings.replication_factor
        return f"{what}: FRAUD_REPLICATION_FACTOR={factor} needs as many brokers"
    return f"{what}: create it with {_form(settings, name)}, then try again"


def _touch(settings: Settings, names: set[str]) -> None:
    # A producer's question for a topic is the one that creates it where brokers do that.
    producer = Producer(quiet(settings))
    for name in names:
        try:
            producer.list_topics(name, timeout=_ANSWER)
        except KafkaException as exc:
            raise ClusterError(f"topic {name} cannot be asked for: {reason(exc.args[0])}") from exc


def _not_there(settings: Settings, names: list[str]) -> str:
    if settings.create_topics:
        return f"topic {', '.join(names)} has no leaders: look at the state of the brokers"
    steps = ", ".join(f"{name} with {_form(settings, name)}" for name in names)
    return f"no topic {', '.join(names)}, FRAUD_CREATE_TOPICS is 0: create {steps}"


def _partitions(settings: Settings, name: str) -> int:
    return 1 if name in single_topics(settings) else settings.partitions


def _form(settings: Settings, name: str) -> str:
    number = _partitions(settings, name)
    counted = "1 partition" if number == 1 else f"{number} partitions"
    is_compacted_one = name == changelog_topic(settings) or name in single_topics(settings)
    return f"{counted} and cleanup.policy=compact" if is_compacted_one else counted
