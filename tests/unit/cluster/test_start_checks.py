"""What the checks of a start say, from what the brokers answered."""

from collections.abc import Iterable

import pytest

from cluster.partitions import mismatch
from cluster.retention import creation_config
from cluster.startup.group import refusal
from cluster.startup.other_streams import shared_outputs
from cluster.startup.topic_settings import Problem, problems
from config import Settings

SETTINGS = Settings(
    app_id="app", accounts_topic="in", verdicts_topic="out", dead_letters_topic="dead"
)
CHANGELOG = "app-verdict_counts-changelog"
TOPICS = ("in", "out", "dead", CHANGELOG)
SOUND = {
    "cleanup.policy": "delete",
    "max.message.bytes": "20000000",
    "message.timestamp.after.max.ms": "3600000",
    "message.timestamp.before.max.ms": "9223372036854775807",
    "message.timestamp.type": "CreateTime",
    "min.insync.replicas": "1",
    "retention.ms": "604800000",
}


def found(topic: str, **changes: str) -> list[Problem]:
    """What is said when this topic differs from sound ones."""
    configs = {name: dict(SOUND) for name in TOPICS}
    configs["in"]["max.message.bytes"] = "1000000"
    configs[CHANGELOG]["cleanup.policy"] = "compact"
    configs[topic] |= {name.replace("_", "."): value for name, value in changes.items()}
    return list(problems(SETTINGS, configs, dict.fromkeys(TOPICS, 2)))


def test_sound_topics_and_unknown_ones_are_passed_over() -> None:
    assert found("in") == []
    assert list(problems(SETTINGS, {}, {})) == []


@pytest.mark.parametrize("topic", ["out", "dead", CHANGELOG])
@pytest.mark.parametrize(("limit", "fatal"), [("0", True), ("999", True), ("60000", False)])
def test_a_clock_limit_that_a_retry_exceeds_is_named(topic: str, limit: str, fatal: bool) -> None:
    for side in ("before", "after", "difference"):
        (problem,) = found(topic, **{f"message_timestamp_{side}_max_ms": limit})
        assert problem.fatal is fatal
        assert problem.line.startswith(f"topic {topic} has message.timestamp.{side}.max.ms={limit}")


def test_a_topic_that_takes_the_brokers_time_has_no_clock_limit() -> None:
    changes = {"message_timestamp_before_max_ms": "0", "message_timestamp_type": "LogAppendTime"}
    assert found("out", **changes) == []


@pytest.mark.parametrize("topic", ["out", "dead", CHANGELOG])
def test_fewer_copies_than_writing_may_need_are_named(topic: str) -> None:
    assert found(topic, min_insync_replicas="2") == []
    (problem,) = found(topic, min_insync_replicas="3")
    assert "min.insync.replicas=3 and 2 copies of each partition" in problem.line
    assert found("in", min_insync_replicas="3") == []


@pytest.mark.parametrize(
    ("retention", "policy", "number"),
    [
        ("3600000", "delete", 1),
        ("3600000", "compact,delete", 2),
        ("3600000", "compact", 1),
        ("86400000", "delete", 0),
        ("-1", "delete", 0),
    ],
)
def test_accounts_that_are_deleted_soon_are_named(retention: str, policy: str, number: int) -> None:
    assert len(found("in", retention_ms=retention, cleanup_policy=policy)) == number


@pytest.mark.parametrize(
    ("changes", "words", "remedy"),
    [
        (
            {"retention_ms": "3600000"},
            "keeps verdicts for 0.0416667 days",
            "retention.ms=604800000",
        ),
        ({"retention_bytes": "1000000"}, "deletes verdicts by size", "retention.bytes=-1"),
        ({"retention_ms": "2592000000"}, "keeps verdicts for 30 days", None),
        ({"retention_ms": "-1"}, "keeps verdicts for ever", None),
    ],
)
def test_verdicts_that_are_kept_otherwise_than_set_are_named(
    changes: dict[str, str], words: str, remedy: str | None
) -> None:
    (problem,) = found("out", **changes)
    assert not problem.fatal
    assert words in problem.line
    assert "FRAUD_VERDICTS_RETENTION says for 7 days" in problem.line
    if remedy:
        assert problem.line.endswith(f"--entity-name out --add-config {remedy}")
    else:
        # The command would delete verdicts.
        assert "kafka-configs" not in problem.line
        days = {"2592000000": 30, "-1": -1}[changes["retention_ms"]]
        assert f"set FRAUD_VERDICTS_RETENTION={days}, " in problem.line


@pytest.mark.parametrize(
    ("days", "retention", "number"),
    [(-1, "-1", 0), (-1, "604800000", 1), (30, "2592000000", 0), (1, "86400000", 0)],
)
def test_the_verdicts_retention_is_that_of_the_setting(
    days: int, retention: str, number: int
) -> None:
    settings = SETTINGS.model_copy(update={"verdicts_retention": days})
    assert creation_config(days) == {"retention.ms": "-1" if days < 0 else f"{days * 86400000}"}
    configs = {"out": SOUND | {"retention.ms": retention}}
    assert len(list(problems(settings, configs, {}))) == number


def test_verdicts_of_which_nothing_is_deleted_by_age_are_passed_over() -> None:
    configs = {"out": SOUND | {"cleanup.policy": "", "retention.ms": "1"}}
    assert list(problems(SETTINGS, configs, {})) == []


@pytest.mark.parametrize(
    ("topic", "policy", "fatal"),
    [("dead", "compact", True), ("dead", "compact,delete", True), ("out", "compact", False)],
)
def test_a_compacted_output_is_named(topic: str, policy: str, fatal: bool) -> None:
    (problem,) = found(topic, cleanup_policy=policy)
    assert problem.fatal is fatal
    assert problem.line.endswith(f"--entity-name {topic} --add-config cleanup.policy=delete")


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_a_changelog_that_loses_rows_is_named(policy: str) -> None:
    (problem,) = found(CHANGELOG, cleanup_policy=policy)
    assert problem.line.endswith("--add-config cleanup.policy=compact")


@pytest.mark.parametrize("numbers", [{}, dict.fromkeys(TOPICS, 4), {"in": 4}])
def test_equal_numbers_of_partitions_are_fine(numbers: dict[str, int]) -> None:
    assert mismatch(SETTINGS, numbers) is None


def steps(topics: Iterable[str], number: int) -> str:
    tool = "kafka-topics.sh --bootstrap-server localhost:9092 --alter"
    commands = "; ".join(f"{tool} --topic {topic} --partitions {number}" for topic in topics)
    return f"stop all workers, add partitions ({commands})"


@pytest.mark.parametrize(
    ("numbers", "wrong", "add", "largest"),
    [
        (dict.fromkeys(TOPICS, 6), "in has 6", [], 6),
        ({"in": 6, "out": 4, "dead": 6}, "in has 6", ["out"], 6),
        ({"in": 4, "out": 3, "dead": 4}, "out has 3", ["out"], 4),
        ({"in": 4, "out": 4, "dead": 5}, "dead has 5", ["out", "in"], 5),
        ({"out": 3, "dead": 5}, "dead has 5", ["out"], 5),
    ],
)
def test_numbers_of_partitions_that_differ_have_one_remedy(
    numbers: dict[str, int], wrong: str, add: list[str], largest: int
) -> None:
    said = [steps(add, largest)] if add else []
    if largest != 4:
        said.append(f"set FRAUD_PARTITIONS={largest}")
    start = f"topic {wrong} partitions, FRAUD_PARTITIONS says 4: "
    assert mismatch(SETTINGS, numbers) == start + " and ".join(said)


def test_only_a_changelog_with_more_partitions_is_to_be_made_anew() -> None:
    equal = {"in": 4, "out": 4, "dead": 4}
    line = mismatch(SETTINGS, {**equal, CHANGELOG: 6}, CHANGELOG)
    assert line is not None
    assert line.startswith(f"topic {CHANGELOG} has 6 partitions, topic in and FRAUD_PARTITIONS ")
    assert f"stop all workers, delete topic {CHANGELOG} and run " in line
    assert "FRAUD_PARTITIONS=" not in line
    # Others grow, too, or the setting says so.
    for numbers in ({**equal, "out": 6, CHANGELOG: 6}, {"out": 4, CHANGELOG: 6}):
        assert "set FRAUD_PARTITIONS=6" in str(mismatch(SETTINGS, numbers, CHANGELOG))
    assert steps([CHANGELOG], 4) in str(mismatch(SETTINGS, {**equal, CHANGELOG: 3}, CHANGELOG))


@pytest.mark.parametrize(
    ("numbers", "wrong", "or_else"),
    [
        (dict.fromkeys(TOPICS, 4), "in has 4", "set FRAUD_PARTITIONS=4"),
        (
            {"in": 5, "out": 4, "dead": 4},
            "in has 5",
            f"{steps(['dead', 'out'], 5)} and set FRAUD_PARTITIONS=5",
        ),
    ],
)
def test_a_setting_above_all_numbers_is_what_the_topics_can_grow_to(
    numbers: dict[str, int], wrong: str, or_else: str
) -> None:
    eight = SETTINGS.model_copy(update={"partitions": 8})
    line = mismatch(eight, numbers)
    start = f"topic {wrong} partitions, FRAUD_PARTITIONS says 8: "
    assert line == f"{start}{steps([*sorted(numbers.keys() - {'in'}), 'in'], 8)}, or {or_else}"


@pytest.mark.parametrize(
    ("seconds", "config", "is_refused"),
    [
        (10, {}, False),
        (6, {"group.min.session.timeout.ms": "6000"}, False),
        (5, {"group.min.session.timeout.ms": "6000"}, True),
        (1800, {"group.max.session.timeout.ms": "1800000"}, False),
        (1801, {"group.max.session.timeout.ms": "1800000"}, True),
    ],
)
def test_a_session_timeout_is_compared_with_the_brokers_limits(
    seconds: float, config: dict[str, str], is_refused: bool
) -> None:
    line = refusal(seconds, config)
    assert (line is not None) is is_refused
    assert line is None or line.startswith(f"FRAUD_SESSION_TIMEOUT is {seconds}, ")


def test_records_of_this_stream_alone_are_nothing_to_say() -> None:
    assert shared_outputs(SETTINGS, {"in"}, set()) is None


def test_the_other_stream_and_the_settings_are_named() -> None:
    line = shared_outputs(SETTINGS, {"in", "b", "a"}, {"c"})
    assert line == (
        "another stream writes to the outputs of this one (topic out holds records of accounts "
        "topic a, b; topic dead holds records of accounts topic c): give each stream its own "
        "FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC"
    )
