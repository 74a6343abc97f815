"""Judging anew what a real Kafka holds."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.rules.file import read_rules
from cli.support.errors import Interrupted
from cli.whatif.command import Trial
from cli.whatif.join import LeftOut
from cli.whatif.result import WhatIf
from cluster import ClusterError
from cluster.startup import check
from config import Settings
from rules.versions import active
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, delete_before
from tests.integration.commands.test_commands import faust
from tests.integration.rules.judged_accounts import fakes, send_accounts, verdict_on
from tests.topics import produce
from tools.devbroker import EmbeddedBroker

UNCHANGED = Path(active.__file__).parents[1] / "builtin.toml"
LARGE = (
    UNCHANGED.read_text()
    + """
[[rule]]
name = "large"
when = "amount > 9000"
then = "review"
"""
)


def judged(
    settings: Settings,
    stream: StreamByHand,
    partition: int,
    values: Sequence[bytes],
    begin: int = 0,
) -> None:
    """Send accounts and judge them in two transactions."""
    send_accounts(settings, partition, values)
    verdicts = [verdict_on(settings, partition, n, each) for n, each in enumerate(values, begin)]
    for some in (verdicts[:20], verdicts[20:]):
        begin += len(some)
        stream.judge(partition, [], values=some, next_offset=begin)


def tried(
    settings: Settings,
    file: Path = UNCHANGED,
    since: int | None = None,
    until: int | None = None,
    sample: int | None = None,
) -> WhatIf:
    return Trial(file, read_rules(file)).on_topics(settings, since, until, sample)


def rules_with(folder: Path, text: str) -> Path:
    file = folder / "rules.toml"
    file.write_text(text)
    return file


def test_an_unchanged_set_flips_nothing(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 0, fakes(500))
    judged(settings, stream, 3, fakes(230, seed=6))
    result = tried(settings)
    assert (result.tally.compared, result.tally.flips, result.tally.unknown) == (730, 0, 0)
    assert result.tally.other_reasons == 0
    assert result.left_out == LeftOut()
    assert result.tally.hits["card_checksum"] == 25 + 12


def test_exactly_the_known_flips_are_found(
    settings: Settings, stream: StreamByHand, tmp_path: Path
) -> None:
    values = fakes(1_000)
    judged(settings, stream, 1, values)
    large = [json.loads(value)["Amount"] > 9000 for value in values]
    bad = [index % 20 == 0 for index in range(1_000)]
    flips = sum(one and not other for one, other in zip(large, bad, strict=True))
    result = tried(settings, rules_with(tmp_path, LARGE))
    assert (result.tally.flips, result.tally.unknown) == (flips, 0)
    assert flips > 0
    assert result.tally.by_rule["large"].now.count == flips
    without = LARGE.replace("card_well_formed and not luhn_ok", "amount > 1000000")
    result = tried(settings, rules_with(tmp_path, without))
    assert result.tally.unknown == sum(
        other and not one for one, other in zip(large, bad, strict=True)
    )


def test_what_cannot_be_compared_is_counted(
    kafka: Kafka, settings: Settings, stream: StreamByHand
) -> None:
    values = fakes(30)
    send_accounts(settings, 2, values)
    verdicts = [verdict_on(settings, 2, n, values[n]) for n in range(20)]
    changed = verdict_on(settings, 2, 20, values[20], amount=0.01)
    other = settings.model_copy(update={"accounts_topic": "of-another-stream"})
    strange = [b"x", verdict_on(other, 2, 5, values[5])]
    produce(kafka.bootstrap, settings.verdicts_topic, strange, partition=2)
    given = [*verdicts[:10], *verdicts[11:], changed, verdicts[0]]
    stream.judge(2, [], values=given, next_offset=21)
    delete_before(settings, settings.accounts_topic, 2, 4)
    result = tried(settings)
    assert result.tally.compared == 20 - 1 - 4
    assert result.left_out == LeftOut(
        account_deleted=4 + 1,
        not_of_account=1,
        without_verdict=1,
        other_streams=1,
        not_verdicts=1,
    )


def test_a_time_can_be_chosen(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 0, fakes(100))
    time.sleep(0.05)
    between = time.time_ns() // 1_000_000
    time.sleep(0.05)
    judged(settings, stream, 0, fakes(50, seed=6), begin=100)
    assert tried(settings, since=between).tally.compared == 50
    assert tried(settings, until=between).tally.compared == 100
    assert tried(settings, since=between, until=between).tally.compared == 0
    assert tried(settings, since=between).left_out == LeftOut()


def test_a_sample_is_the_same_each_time(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 0, fakes(1_000))
    one, other = tried(settings, sample=100), tried(settings, sample=100)
    assert 50 < one.tally.compared < 200
    assert one.tally.versions == other.tally.versions
    assert one.left_out.not_sampled == 1_000 - one.tally.compared
    assert one.one_in > 5


def test_verdicts_of_version_0_1_are_compared(settings: Settings, stream: StreamByHand) -> None:
    values = fakes(60)
    send_accounts(settings, 0, values)
    verdicts = []
    for offset, value in enumerate(values):
        fields = json.loads(verdict_on(settings, 0, offset, value))
        for name in ("outcome", "score", "rules", "veritas"):
            del fields[name]
        verdicts.append(json.dumps(fields).encode())
    stream.judge(0, [], values=verdicts, next_offset=60)
    result = tried(settings)
    assert (result.tally.compared, result.tally.flips, result.tally.unknown) == (60, 0, 0)


def test_it_can_be_stopped_and_needs_verdicts(settings: Settings, stream: StreamByHand) -> None:
    judged(settings, stream, 0, fakes(100))
    with pytest.raises(Interrupted):
        Trial(UNCHANGED, read_rules(UNCHANGED)).on_topics(settings, stop=lambda: True)
    gone = settings.model_copy(update={"verdicts_topic": "not-there"})
    with pytest.raises(ClusterError, match="no topic not-there"):
        tried(gone)


def test_the_command_says_by_its_exit_code_whether_too_much_flips(
    settings: Settings, stream: StreamByHand, tmp_path: Path
) -> None:
    judged(settings, stream, 0, fakes(200))
    done = faust(settings, "what-if", str(UNCHANGED), "--max-flips", "0")
    assert done.returncode == 0, done.stderr
    assert "0 outcomes flip: within 0." in done.stdout
    file = rules_with(tmp_path, LARGE)
    done = faust(settings, "what-if", str(file), "--max-flips", "0.5%", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["exceeded"] is True
    assert document["matrix"]["authorized"]["review"]["count"] > 0
    file.write_text("[[rule]]")
    done = faust(settings, "what-if", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{file}:1:1: rule number 1: name is missing" in done.stderr


def test_it_reads_the_embedded_broker(embedded_broker: EmbeddedBroker) -> None:
    settings = Settings(broker=embedded_broker.url, create_topics=False)
    check(settings, timeout=0)
    judged(settings, StreamByHand(settings), 1, fakes(50))
    assert (tried(settings).tally.compared, tried(settings).tally.flips) == (50, 0)
