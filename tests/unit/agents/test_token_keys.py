import logging
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from agents.token_keys import KEPT, TokenKeys
from records import PartitionCounts

OURS, THEIRS = "aaaaaaaa", "bbbbbbbb"
STARTED = 1_795_410_452_087


class Group:
    """The rows of a group, as `TokenKeys` reads them, and a clock."""

    def __init__(self) -> None:
        self.rows: dict[int, PartitionCounts] = {}
        self.ready = True
        self.now = 0.0
        self.registry = CollectorRegistry()
        self.keys = TokenKeys(OURS, self, self.registry, lambda: self.now, STARTED)

    def commit(self, partition: int, key: str, worker: str = "b:6066", at: int = 0) -> None:
        row = self.rows.get(partition, PartitionCounts())
        self.rows[partition] = PartitionCounts(
            next_offset=row.next_offset + 1, key=key, worker=worker, updated_at=STARTED + at
        )

    @property
    def number(self) -> float | None:
        return self.registry.get_sample_value("fraud_token_keys")


@pytest.fixture
def group() -> Group:
    return Group()


def looked(group: Group, *acts: Callable[[], None]) -> tuple[str, str]:
    for act in (lambda: None, *acts):
        act()
        group.keys.look()
    return group.keys.health


def test_one_key_is_well(group: Group) -> None:
    assert looked(group, lambda: group.commit(0, OURS)) == ("ok", "key aaaaaaaa")
    assert group.keys.not_ready_reason is None
    assert group.number == 1


def test_a_row_of_another_key_is_a_warning_and_one_line(
    group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    level, text = looked(group, lambda: group.commit(0, THEIRS), lambda: group.commit(0, THEIRS))
    assert level == "warn"
    assert text == (
        "workers of this group use different FRAUD_TOKEN_KEY: key ids aaaaaaaa (this worker), "
        "bbbbbbbb (b:6066)"
    )
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert caplog.records[0].getMessage().startswith(text)
    assert group.number == 2


def test_rows_from_before_the_start_do_not_count(group: Group) -> None:
    group.commit(0, THEIRS, at=-1)
    group.commit(1, "", at=-1)
    assert looked(group, lambda: group.commit(1, OURS))[0] == "ok"


def test_nothing_is_compared_before_all_rows_were_read(group: Group) -> None:
    group.ready = False
    group.commit(0, THEIRS, at=-1)
    group.keys.look()
    group.commit(1, THEIRS, at=-1)
    group.ready = True
    assert looked(group)[0] == "ok"


def test_a_row_from_between_the_start_and_the_first_look_counts(group: Group) -> None:
    group.commit(0, THEIRS, at=0)
    assert looked(group)[0] == "warn"


def test_a_row_of_version_0_1_has_no_key_to_differ(group: Group) -> None:
    assert looked(group, lambda: group.commit(0, ""))[0] == "ok"


def test_it_ends_with_the_next_row_of_our_key(
    group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    health = looked(group, lambda: group.commit(0, THEIRS), lambda: group.commit(0, OURS))
    assert health[0] == "ok"
    assert "one FRAUD_TOKEN_KEY again" in caplog.records[-1].getMessage()


def test_it_ends_when_no_such_row_comes_any_more(group: Group) -> None:
    assert looked(group, lambda: group.commit(0, THEIRS))[0] == "warn"
    group.now = KEPT + 1
    assert looked(group)[0] == "ok"


def test_what_somebody_wrote_into_the_row_is_shown_without_card_numbers(group: Group) -> None:
    card = "4111111111111111"
    _, text = looked(group, lambda: group.commit(0, f"\n{card}", f"{card}\x1b[2J"))
    assert card not in text
    assert text.isprintable()
