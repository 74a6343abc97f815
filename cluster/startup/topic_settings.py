"""Whether the topics' settings let the stream work: what they refuse, and what they lose.

What cannot work is an error, what works until something rare comes is a warning. Each is one line
with the topic, its setting and the command that changes it.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from confluent_kafka.admin import AdminClient
from faust_transactions import PRODUCER_BATCH_BYTES

from cluster.dead_letters_limit import dead_letters_limit
from cluster.errors import ClusterError
from cluster.retention import RETENTION_MS, difference
from cluster.single import RULES_LIMIT, control_topic, single_topics, workers_topic
from cluster.topic_config import MAX_MESSAGE_BYTES, Config, replica_counts, topic_configs
from cluster.topics import changelog_topic
from config import Settings

logger = logging.getLogger(__name__)

_CLEANUP: Final = "cleanup.policy"
_MIN_INSYNC: Final = "min.insync.replicas"
# The brokers refuse records whose timestamp is farther from their clock (KIP-937).
_CLOCK_LIMITS: Final = (
    "message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms",
    "message.timestamp.difference.max.ms",
)
_SECOND: Final = 1_000
# A batch may be sent again for minutes while a broker is away, and clocks differ by seconds.
_SOUND_CLOCK_LIMIT: Final = 5 * 60 * _SECOND
_SOUND_RETENTION: Final = 24 * 60 * 60 * _SECOND


class Problem(NamedTuple):
    """What is wrong with a topic, in one line; `fatal` where the stream cannot work so."""

    line: str
    fatal: bool = False


def check_topic_settings(client: AdminClient, settings: Settings) -> None:
    """Log a warning for each problem; raise ClusterError for the first fatal one.

    Where the brokers do not tell their configuration, for which a right of its own is needed,
    nothing is compared.
    """
    topics = [
        *settings.topics,
        changelog_topic(settings),
        *single_topics(settings),
    ]
    try:
        configs = topic_configs(client, topics)
        replicas = replica_counts(client) if configs else {}
    except ClusterError as exc:
        logger.warning("the topics' settings were not compared: %s", exc)
        return
    found = sorted(problems(settings, configs, replicas), key=lambda problem: not problem.fatal)
    for problem in found:
        if problem.fatal:
            raise ClusterError(problem.line)
        logger.warning("%s", problem.line)


def problems(
    settings: Settings, configs: Mapping[str, Config], replicas: Mapping[str, int]
) -> Iterator[Problem]:
    """What is wrong, by topic -> its configuration and topic -> copies of a partition.

    Topics and names that are not in them are passed over.
    """
    accounts, verdicts, letters = settings.topics
    changelog = changelog_topic(settings)
    for topic in (verdicts, letters, changelog):
        if topic in configs:
            yield from _replication(topic, configs[topic], replicas.get(topic, 0))
            yield from _clock(topic, configs[topic])
    yield from _cleanup(settings, configs)
    yield from _single_topics(settings, configs)
    yield from _retention(accounts, configs.get(accounts, {}))
    days = settings.verdicts_retention
    yield from _verdicts_retention(verdicts, days, configs.get(verdicts, {}))
    sizes = {topic: int(config[MAX_MESSAGE_BYTES]) for topic, config in configs.items()}
    yield from (Problem(line) for line in too_small(settings, sizes))


def _replication(topic: str, config: Config, replicas: int) -> Iterator[Problem]:
    needed = int(config.get(_MIN_INSYNC, 1))
    if replicas and needed > replicas:
        # With the feature eligible.leader.replicas.version (KIP-966), which new clusters have from
        # Kafka 4.1 on, brokers take the number of copies instead. Clients cannot see the feature.
        yield Problem(
            f"topic {topic} has {_MIN_INSYNC}={needed} and {replicas} "
            f"{'copy' if replicas == 1 else 'copies'} of each partition: brokers before Kafka 4.1 "
            f"take no records so: {_configure(topic, _MIN_INSYNC, replicas)}, or add copies"
        )


def _clock(topic: str, config: Config) -> Iterator[Problem]:
    if config.get("message.timestamp.type") == "LogAppendTime":
        return
    for name in _CLOCK_LIMITS:
        limit = int(config.get(name, _SOUND_CLOCK_LIMIT))
        if limit < _SOUND_CLOCK_LIMIT:
            yield Problem(
                f"topic {topic} has {name}={limit}: what reaches the broker later, or by a clock "
                "that differs more, is refused and stops its partition: "
                + _configure(topic, name, 60 * 60 * _SECOND),
                fatal=limit < _SECOND,
            )


def _cleanup(settings: Settings, configs: Mapping[str, Config]) -> Iterator[Problem]:
    accounts, verdicts, letters = settings.topics
    policies = {topic: config.get(_CLEANUP, "") for topic, config in configs.items()}
    if "compact" in policies.get(letters, ""):
        yield Problem(
            f"topic {letters} has {_CLEANUP}={policies[letters]}: it refuses dead letters without "
            f"a key, and the first one stops its partition: {_configure(letters, _CLEANUP)}",
            fatal=True,
        )
    if "compact" in policies.get(verdicts, ""):
        yield Problem(
            f"topic {verdicts} has {_CLEANUP}={policies[verdicts]}: Kafka deletes all but the last "
            f"verdict of a card: {_configure(verdicts, _CLEANUP)}"
        )
    if "compact" in policies.get(accounts, ""):
        yield Problem(
            f"topic {accounts} has {_CLEANUP}={policies[accounts]}: Kafka deletes accounts that "
            f"wait when another one has their key: {_configure(accounts, _CLEANUP)}"
        )
    changelog = changelog_topic(settings)
    if "delete" in policies.get(changelog, ""):
        yield Problem(
            f"topic {changelog} has {_CLEANUP}={policies[changelog]}: Kafka deletes the rows of "
            "quiet partitions, and with them how far those are judged: "
            + _configure(changelog, _CLEANUP, "compact")
        )


def _single_topics(settings: Settings, configs: Mapping[str, Config]) -> Iterator[Problem]:
    rules, workers = settings.rules_topic, workers_topic(settings)
    policies = {topic: config.get(_CLEANUP, "compact") for topic, config in configs.items()}
    if policies.get(rules, "compact") != "compact":
        yield Problem(
            f"topic {rules} has {_CLEANUP}={policies[rules]}: Kafka deletes the active rule set "
            f"after a while: {_configure(rules, _CLEANUP, 'compact')}",
            fatal=True,
        )
    if policies.get(workers, "compact") != "compact":
        yield Problem(
            f"topic {workers} has {_CLEANUP}={policies[workers]}: Kafka deletes which rules quiet "
            "workers judge by, and rules publish would wait for them: "
            + _configure(workers, _CLEANUP, "compact")
        )
    control = control_topic(settings)
    if policies.get(control, "compact") != "compact":
        yield Problem(
            f"topic {control} has {_CLEANUP}={policies[control]}: Kafka deletes which partitions "
            "are held, and they could not be released: " + _configure(control, _CLEANUP, "compact")
        )
    limit = int(configs.get(rules, {}).get(MAX_MESSAGE_BYTES, RULES_LIMIT))
    if limit < RULES_LIMIT:
        yield Problem(
            f"topic {rules} has {MAX_MESSAGE_BYTES}={limit}: it refuses large rule sets: "
            + _configure(rules, MAX_MESSAGE_BYTES, RULES_LIMIT)
        )


def _retention(accounts: str, config: Config) -> Iterator[Problem]:
    limit = int(config.get(RETENTION_MS, -1))
    if "delete" in config.get(_CLEANUP, "") and 0 <= limit < _SOUND_RETENTION:
        yield Problem(
            f"topic {accounts} has {RETENTION_MS}={limit}: accounts that wait longer than "
            f"{limit / _SECOND:g} s, as in an outage, are deleted unjudged: "
            + _configure(accounts, RETENTION_MS, 7 * _SOUND_RETENTION)
        )


def _verdicts_retention(topic: str, days: int, config: Config) -> Iterator[Problem]:
    found = difference(topic, days, config)
    if found is None:
        return
    line, name, value = found
    if value is not None:
        line = f"{line}: {_configure(topic, name, value)}"
    yield Problem(line)


def too_small(settings: Settings, limits: Mapping[str, int]) -> Iterator[str]:
    """The output topics that refuse a record they may have to take, by topic -> limit in bytes.

    A dead letter is the input, key and value, and headers that say why. One that its topic refuses
    stops the partition, so the limit of the dead letters has to be above that of the accounts. The
    limit is for a batch of records as it is sent: of one that is compressed the records may be
    much larger.
    """
    accounts, verdicts, letters = settings.topics
    needed = dead_letters_limit(limits.get(accounts, 0))
    if limits.get(letters, needed) < needed:
        yield (
            f"topic {letters} has {MAX_MESSAGE_BYTES}={limits[letters]}, topic {accounts} has "
            f"{limits[accounts]}: a record of that size that is no account would stop its "
            "partition, as a dead letter has headers besides: "
            + _configure(letters, MAX_MESSAGE_BYTES, max(needed, PRODUCER_BATCH_BYTES))
        )
    elif limits.get(letters, PRODUCER_BATCH_BYTES) < PRODUCER_BATCH_BYTES:
        yield _too_small_for_a_batch(letters, limits[letters])
    if limits.get(verdicts, PRODUCER_BATCH_BYTES) < PRODUCER_BATCH_BYTES:
        yield _too_small_for_a_batch(verdicts, limits[verdicts])


def _too_small_for_a_batch(topic: str, limit: int) -> str:
    return (
        f"topic {topic} has {MAX_MESSAGE_BYTES}={limit}: many records at once are written in "
        f"batches of up to {PRODUCER_BATCH_BYTES} bytes, and one that is refused would stop its "
        f"partition: {_configure(topic, MAX_MESSAGE_BYTES, PRODUCER_BATCH_BYTES)}"
    )


def _configure(topic: str, name: str, value: object = "delete") -> str:
    return (
        f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} "
        f"--add-config {name}={value}"
    )
