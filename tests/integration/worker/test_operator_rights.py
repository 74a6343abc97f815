"""Commands with the rights that docs/kafka.md says each of them needs, and no others."""

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from rich.console import Console

from cli.dead_letters.replay_letters import replay
from cli.dead_letters.replay_outcomes import Outcomes
from cli.dead_letters.replay_sending import Replaying
from cli.dead_letters.selection import Selection
from cli.partitions.release import decided
from cli.rebuild.rebuilding import rebuild, write_rows
from cli.support.errors import CommandError
from cluster import ClusterError, changelog_topic, committed_rows
from cluster.reading.control import Holds, write_release
from cluster.reading.first_partition import append
from cluster.single import control_topic
from cluster.startup import StartupError, check
from config import Settings
from records.hold import Hold
from records.release import Release
from tests.integration.by_hand import StreamByHand, dead_letter
from tests.integration.stream.test_stream import ARTICLE
from tests.integration.worker import rights
from tests.integration.worker.rights import DESCRIBE, GROUP, LITERAL, READ, TOPIC, WRITE, Right
from tests.integration.worker.test_startup import named
from tests.topics import delete_topic, produce
from tools.devbroker import KafkaServer

PASSWORD = "in-wonderland"
CHECKS_RIGHTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # The plain listener is the tests' own, and the server's.
    "super.users": "User:ANONYMOUS",
}
NOON = 1_769_860_800_000


@pytest.fixture(scope="module")
def server(can_run_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with KafkaServer(
        tmp_path_factory.mktemp("rights"),
        protocols=["SASL_PLAINTEXT"],
        users={"operator": PASSWORD},
        properties=CHECKS_RIGHTS,
    ) as running:
        yield running


class Site:
    """A stream as its workers see it, and the settings of an operator with a login of its own."""

    def __init__(self, server: KafkaServer, prefix: str) -> None:
        self.bootstrap = server.bootstrap
        self.workers = named(prefix, f"kafka://{server.bootstrap}")
        check(self.workers, timeout=0)
        self.stream = StreamByHand(self.workers)
        self.operator = named(
            prefix,
            f"kafka://{server.bootstrap_of('SASL_PLAINTEXT')}",
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_sasl_mechanism="SCRAM-SHA-256",
            kafka_sasl_username="operator",
            kafka_sasl_password=PASSWORD,
        )


@pytest.fixture
def site(server: KafkaServer, topic_prefix: str) -> Site:
    return Site(server, topic_prefix)


def works_only_with(site: Site, needed: list[Right], command: Callable[[Settings], None]) -> None:
    """The command works with these rights, and without any one of them it does not."""
    rights.grant(site.bootstrap, "operator", iter(needed))
    _until_it_works(site, command)
    for right in needed:
        rights.revoke(site.bootstrap, "operator", right)
        _until_it_is_refused(site, command)
        rights.grant(site.bootstrap, "operator", iter([right]))
        _until_it_works(site, command)


def _until_it_works(site: Site, command: Callable[[Settings], None]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ClusterError, CommandError):
            return command(site.operator)
    return command(site.operator)


def _until_it_is_refused(site: Site, command: Callable[[Settings], object]) -> None:
    deadline = time.monotonic() + 30
    with suppress(ClusterError, CommandError):
        while True:
            command(site.operator)
            assert time.monotonic() < deadline, "it is not refused after 30 s"


def test_rebuild_rows(site: Site) -> None:
    settings = site.workers
    changelog = changelog_topic(settings)
    produce(site.bootstrap, settings.accounts_topic, [ARTICLE] * 2, partition=0)
    site.stream.judge(0, [0], dead=[1], next_offset=2)
    delete_topic(site.bootstrap, changelog)
    _until_it_is_refused(site, rebuild)
    needed: list[Right] = [
        (TOPIC, settings.accounts_topic, LITERAL, READ),
        (TOPIC, settings.verdicts_topic, LITERAL, READ),
        (TOPIC, settings.dead_letters_topic, LITERAL, READ),
        (TOPIC, changelog, LITERAL, READ),
        (GROUP, settings.app_id, LITERAL, DESCRIBE),
    ]

    def read(operator: Settings) -> None:
        found = rebuild(operator)
        assert found is not None
        assert list(found.rows) == [0]

    works_only_with(site, needed, read)
    rights.grant(site.bootstrap, "operator", iter(needed))
    for may in (WRITE, rights.CREATE):
        rights.grant(site.bootstrap, "operator", iter([(TOPIC, changelog, LITERAL, may)]))

    def write(operator: Settings) -> None:
        found = rebuild(operator)
        if found is not None and found.rows:
            write_rows(operator, found)

    _until_it_works(site, write)
    assert committed_rows(settings)[0].next_offset == 2


def test_partitions_release(site: Site) -> None:
    settings = site.workers
    hold = Hold(0, 0, 2, 1, NOON, "too many")
    append(settings, control_topic(settings), hold.key, hold.dumps())
    control = control_topic(settings)
    needed: list[Right] = [
        (TOPIC, settings.accounts_topic, LITERAL, DESCRIBE),
        (TOPIC, changelog_topic(settings), LITERAL, READ),
        (TOPIC, control, LITERAL, READ),
        (TOPIC, control, LITERAL, WRITE),
    ]

    def release(operator: Settings) -> None:
        assert decided(operator, 0).hold == hold
        write_release(operator, Release(0, 0, 2, None, at=NOON))

    works_only_with(site, needed, release)
    with Holds(settings) as said:
        said.look()
        assert said.releases[0].end == 2


def test_dead_letters_replay(site: Site) -> None:
    settings = site.workers
    site.stream.producer.begin_transaction()
    site.stream.bury(dead_letter(settings, 0, 0, failed_at=NOON))
    site.stream.commit()
    needed: list[Right] = [
        (TOPIC, settings.accounts_topic, LITERAL, READ),
        (TOPIC, settings.dead_letters_topic, LITERAL, READ),
        (TOPIC, settings.rules_topic, LITERAL, READ),
    ]
    # Without it a read fails now and then.
    group: Right = (GROUP, settings.app_id, LITERAL, DESCRIBE)
    rights.grant(site.bootstrap, "operator", iter([group]))

    def replayed(operator: Settings, how: Replaying | None) -> str:
        out = io.StringIO()
        replay(
            operator,
            Selection(codes=frozenset({"not_json"})),
            again=True,
            how=how,
            confirm=lambda _question: True,
            console=Console(file=out, width=200),
        )
        return out.getvalue()

    def tried(operator: Settings) -> None:
        assert "dead letter again: not_json" in replayed(operator, None)

    works_only_with(site, needed, tried)
    write: Right = (TOPIC, settings.accounts_topic, LITERAL, WRITE)
    rights.grant(site.bootstrap, "operator", iter([write]))
    sent: list[str] = []
    _until_it_works(site, lambda operator: sent.append(replayed(operator, Replaying(1.0))))
    assert "1 dead letter acknowledged" in sent[0]

    def watched(operator: Settings) -> None:
        outcomes = Outcomes(operator, lambda _replay: True)
        assert committed_rows(operator) == {}
        assert not outcomes.failed()

    changelog: Right = (TOPIC, changelog_topic(settings), LITERAL, READ)
    works_only_with(site, [changelog], watched)


def test_a_worker_without_the_right_to_its_dead_letters_says_that_it_does_not_compare_them(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    produce(site.bootstrap, site.workers.accounts_topic, [b"no account"], partition=0)
    site.stream.judge(0, [], dead=[0], next_offset=1)
    rights.grant(site.bootstrap, "operator", rights.of_a_worker(site.operator))
    caplog.set_level(logging.INFO, "fraud_app")

    def start(settings: Settings) -> None:
        caplog.clear()
        try:
            check(settings, timeout=0)
        except StartupError as exc:  # the broker does not know the rights yet
            raise ClusterError(str(exc)) from exc

    _until_it_works(site, start)
    [record] = [each for each in caplog.records if "was not compared" in each.getMessage()]
    assert record.levelno == logging.INFO
    line = record.getMessage()
    assert line.startswith(f"topic {site.operator.dead_letters_topic} was not compared with topic ")
    assert "(no right to read it)" in line
