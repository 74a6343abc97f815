"""Listing and replaying dead letters, on a real Kafka."""

import base64
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from cli.dead_letters.list_letters import list_letters
from cli.dead_letters.replay_letters import replay
from cli.dead_letters.replay_sending import Replaying
from cli.dead_letters.selection import Selection
from cli.dead_letters.show_letter import show_letters
from cli.support.errors import CommandError
from cluster.startup import check
from config import Settings
from records import DeadLetter
from tests.brokers import Kafka
from tests.integration.by_hand import StreamByHand, dead_letter, delete_before
from tests.integration.worker.test_startup import named
from tests.raw_records import send_raw
from tests.topics import Read, create_topic, produce, read_topic
from tests.worker import Worker

CARD = "3558018114425614"
NOON = 1_769_860_800_000
# No worker is there to judge what is sent.
UNWATCHED = Replaying(1.0)


@pytest.fixture
def bury(settings: Settings) -> Callable[..., None]:
    """Writes dead letters as a worker does."""
    stream = StreamByHand(settings)

    def bury(*letters: DeadLetter) -> None:
        stream.producer.begin_transaction()
        for letter in letters:
            stream.bury(letter)
        stream.commit()

    return bury


def listed(settings: Settings, *, limit: int = 100, json: bool = False, **which: Any) -> str:
    out = io.StringIO()
    selection = Selection(**which)
    console = Console(file=out, width=200)
    list_letters(settings, selection, limit=limit, json=json, console=console)
    return out.getvalue()


def listed_ids(settings: Settings, **options: Any) -> list[str]:
    lines = listed(settings, json=True, **options).splitlines()
    return [json.loads(line)["id"] for line in lines]


def replayed(
    settings: Settings,
    *,
    again: bool = False,
    limit: int | None = None,
    how: Replaying | None = UNWATCHED,
    **which: Any,
) -> str:
    out = io.StringIO()
    replay(
        settings,
        Selection(**which),
        again=again,
        limit=limit,
        how=how,
        confirm=lambda _question: True,
        console=Console(file=out, width=200),
    )
    return out.getvalue()


def ids(settings: Settings, *offsets: int) -> frozenset[str]:
    return frozenset(f"{settings.accounts_topic}-1-{offset}" for offset in offsets)


def accounts(kafka: Kafka, settings: Settings) -> list[Read]:
    return read_topic(kafka.bootstrap, settings.accounts_topic)


def three(settings: Settings) -> list[DeadLetter]:
    return [
        dead_letter(settings, 1, 0, failed_at=NOON, code="not_json"),
        dead_letter(settings, 1, 1, failed_at=NOON + 1000, code="field_missing"),
        dead_letter(settings, 2, 0, failed_at=NOON + 500, code="not_json"),
    ]


def test_they_are_listed_the_newest_last(settings: Settings, bury: Callable[..., None]) -> None:
    bury(*three(settings))
    topic = settings.accounts_topic
    assert listed_ids(settings) == [f"{topic}-1-0", f"{topic}-2-0", f"{topic}-1-1"]
    assert listed_ids(settings, limit=2) == [f"{topic}-2-0", f"{topic}-1-1"]
    assert set(listed_ids(settings, limit=0)) == set(listed_ids(settings))


def test_they_are_filtered_by_code_time_and_id(
    settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))
    topic = settings.accounts_topic
    assert listed_ids(settings, codes=frozenset({"field_missing"})) == [f"{topic}-1-1"]
    assert listed_ids(settings, since=NOON + 500) == [f"{topic}-2-0", f"{topic}-1-1"]
    assert listed_ids(settings, until=NOON + 500) == [f"{topic}-1-0", f"{topic}-2-0"]
    assert listed_ids(settings, ids=ids(settings, 0)) == [f"{topic}-1-0"]


def test_a_line_of_json_says_all_but_the_bytes(
    settings: Settings, bury: Callable[..., None]
) -> None:
    bury(dead_letter(settings, 1, 7, value=b"four", failed_at=NOON, detail="why"))
    assert json.loads(listed(settings, json=True)) == {
        "id": f"{settings.accounts_topic}-1-7",
        "error": "not_json",
        "detail": "why",
        "failed_at": NOON,
        "value_bytes": 4,
        "replay_of": None,
        "replay_count": 0,
    }


def test_the_table_shows_id_time_code_and_detail(
    settings: Settings, bury: Callable[..., None]
) -> None:
    bury(dead_letter(settings, 1, 7, failed_at=NOON, detail="[red]why[/red]"))
    text = listed(settings)
    row = next(line for line in text.splitlines() if "not_json" in line and "│" in line)
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[1:] == ["2026-01-31 12:00:00", "not_json", "[red]why[/red]", ""]
    assert cells[0] == f"{settings.accounts_topic}-1-7"
    assert "1 dead letter: not_json 1" in text


def test_what_was_asked_for_and_is_not_there_is_named(
    settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))
    assert "None of 3 dead letters matches." in listed(settings, codes=frozenset({"no_json"}))
    assert "None of 3 dead letters matches." in replayed(settings, codes=frozenset({"no_json"}))
    assert "None of 3 dead letters matches." in listed(settings, ids=ids(settings, 9))
    text = listed(settings, ids=ids(settings, 0, 9))
    assert "1 dead letter not found (or not with this code and time): " in text
    assert f"{min(ids(settings, 9))}\n" in text
    assert "not found" not in listed(settings, ids=ids(settings, 0))


def test_a_cut_list_says_so(settings: Settings, bury: Callable[..., None]) -> None:
    bury(*three(settings))
    text = listed(settings, limit=1)
    assert "3 dead letters: not_json 2, field_missing 1" in text
    assert "the newest 1; --limit 0 shows all" in text


def test_no_card_number_is_ever_shown(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    value = json.dumps({"CreditCardNumber": CARD}).encode()
    # A careless tool may put one anywhere.
    bury(dead_letter(settings, 1, int(CARD), value=value, detail=CARD, key=CARD.encode()))
    bury(dead_letter(settings, 1, 2, value=value, code=CARD, topic=CARD))
    shown = listed(settings) + listed(settings, json=True) + replayed(settings, how=None)
    shown += replayed(settings)
    assert CARD not in shown
    assert CARD[:12] not in shown
    assert "************5614" in shown


def test_other_records_in_the_topic_are_counted(kafka: Kafka, settings: Settings) -> None:
    produce(kafka.bootstrap, settings.dead_letters_topic, [b"x", b"y"])
    text = listed(settings)
    assert "No dead letters." in text
    assert "2 records of the topic are not dead letters." in text


def test_letters_of_another_stream_are_neither_listed_nor_replayed(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    other = f"{settings.accounts_topic}-eu"
    bury(dead_letter(settings, 1, 0), dead_letter(settings, 1, 1, topic=other))
    assert listed_ids(settings) == [f"{settings.accounts_topic}-1-0"]
    assert f"1 dead letter is of another stream, of topic {other}." in listed(settings)
    refused = f"1 dead letter of another stream, of topic {other}: {other}-1-1; .*nothing was sent"
    with pytest.raises(CommandError, match=refused):
        replayed(settings, ids=frozenset({f"{other}-1-1", f"{settings.accounts_topic}-1-0"}))
    assert accounts(kafka, settings) == []
    assert "1 dead letter acknowledged" in replayed(settings, codes=frozenset({"not_json"}))
    [sent] = accounts(kafka, settings)
    assert sent.headers["replay_of"].decode() == f"{settings.accounts_topic}-1-0"


def test_numbers_that_nothing_holds_make_no_dead_letter(settings: Settings) -> None:
    stream = StreamByHand(settings)
    stream.producer.begin_transaction()
    for name in ("failed_at", "offset", "partition"):
        headers: list[tuple[str, str | bytes | None]] = [
            (each, b"9" * 5_000 if each == name else value)
            for each, value in dead_letter(settings, 1, 1).headers()
        ]
        stream.producer.produce(settings.dead_letters_topic, b"x", None, 1, headers=headers)
    stream.commit()
    assert listed(settings, json=True) == ""
    assert "3 records of the topic are not dead letters." in listed(settings)


def test_key_and_bytes_go_back_untouched_with_their_origin(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(
        dead_letter(settings, 1, 0, key=b"\xff\x00k", value=b"\xff{not json\x00"),
        dead_letter(settings, 1, 1, key=None, value=None),
        dead_letter(settings, 1, 2, value=b""),
        dead_letter(settings, 1, 3),
    )
    text = replayed(settings, ids=ids(settings, 0, 1, 2))
    assert "3 dead letters acknowledged" in text
    found = {each.headers["replay_of"].decode(): each for each in accounts(kafka, settings)}
    assert found.keys() == ids(settings, 0, 1, 2)
    pairs = [(found[one].key, found[one].value) for one in sorted(found)]
    assert pairs == [(b"\xff\x00k", b"\xff{not json\x00"), (None, None), (None, b"")]
    assert {each.headers["replay_count"] for each in found.values()} == {b"1"}


def test_they_are_replayed_by_code(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))
    replayed(settings, codes=frozenset({"not_json"}))
    assert len(accounts(kafka, settings)) == 2


def test_what_was_replayed_is_left_out_the_next_time(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))
    replayed(settings, ids=ids(settings, 0))
    text = replayed(settings, codes=frozenset({"not_json"}))
    assert "1 were replayed before and are skipped" in text
    assert "1 dead letter acknowledged" in text
    assert "No dead letters to replay." in replayed(settings, codes=frozenset({"not_json"}))
    assert len(accounts(kafka, settings)) == 2
    assert "2 dead letters acknowledged" in replayed(
        settings, codes=frozenset({"not_json"}), again=True
    )
    assert len(accounts(kafka, settings)) == 4


def test_what_fails_again_keeps_its_origin_and_counts_on(
    kafka: Kafka, settings: Settings, start_worker: Callable[..., Worker]
) -> None:
    names = ("app_id", "accounts_topic", "verdicts_topic", "dead_letters_topic")
    env = {Settings.env_name(name): getattr(settings, name) for name in names}
    start_worker({"FRAUD_BROKER": kafka.url, "FRAUD_PRODUCE_SIZE": "0", **env})
    produce(kafka.bootstrap, settings.accounts_topic, [b"garbage"], partition=1, key=b"k")
    first = min(ids(settings, 0))
    failed = wait_for_letters(settings, 1)
    assert [(each["id"], each["replay_count"]) for each in failed] == [(first, 0)]

    replayed(settings, codes=frozenset({"not_json"}))
    failed = wait_for_letters(settings, 2)
    assert [(each["replay_of"], each["replay_count"]) for each in failed] == [(None, 0), (first, 1)]
    # Neither the one that was sent back, nor what came of it; they are one input.
    text = replayed(settings, codes=frozenset({"not_json"}))
    assert "1 were replayed before and are skipped" in text
    assert "No dead letters to replay." in text

    assert "1 dead letter ack" in replayed(settings, codes=frozenset({"not_json"}), again=True)
    failed = wait_for_letters(settings, 3)
    assert (failed[-1]["replay_of"], failed[-1]["replay_count"]) == (first, 2)
    assert {each.key for each in accounts(kafka, settings)} == {b"k"}
    assert {each.value for each in accounts(kafka, settings)} == {b"garbage"}


def test_headers_with_names_that_are_no_text_are_no_replay(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(dead_letter(settings, 1, 0))
    for topic in (settings.accounts_topic, settings.dead_letters_topic):
        send_raw(kafka.bootstrap, topic, 1, 50 * [(None, b"v", [(b"\xff\xfe", b"x")])])
    assert "1 dead letter acknowledged" in replayed(settings, ids=ids(settings, 0))
    assert "No dead letters to replay." in replayed(settings, ids=ids(settings, 0))
    assert "50 records of the topic are not dead letters." in listed(settings)


def wait_for_letters(settings: Settings, number: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while len(lines := listed(settings, json=True).splitlines()) < number:
        assert time.monotonic() < deadline, lines
        time.sleep(0.2)
    return [json.loads(line) for line in lines]


def test_an_unknown_id_sends_nothing(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))
    with pytest.raises(CommandError, match=r"1 dead letter not found .*-1-9; nothing was sent"):
        replayed(settings, ids=ids(settings, 0, 9))
    with pytest.raises(CommandError, match=r"\*{12}5614; nothing was sent"):
        replayed(settings, ids=frozenset({CARD}))
    assert accounts(kafka, settings) == []


def test_a_no_sends_nothing(kafka: Kafka, settings: Settings, bury: Callable[..., None]) -> None:
    bury(*three(settings))
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(CommandError, match="nothing was sent"):
        replay(
            settings,
            Selection(),
            again=False,
            how=UNWATCHED,
            confirm=refuse,
            console=Console(quiet=True),
        )
    assert asked == [f"Send 3 dead letters to topic {settings.accounts_topic}?"]
    assert accounts(kafka, settings) == []


def test_what_comes_while_it_asks_is_not_sent(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*three(settings))

    def bury_one_more(_question: str) -> bool:
        bury(dead_letter(settings, 1, 2))
        return True

    which = Selection(codes=frozenset({"not_json"}))
    replay(
        settings,
        which,
        again=False,
        how=UNWATCHED,
        confirm=bury_one_more,
        console=Console(quiet=True),
    )
    assert len(accounts(kafka, settings)) == 2
    assert "1 dead letter acknowledged" in replayed(settings, codes=frozenset({"not_json"}))


def test_what_is_too_large_for_the_accounts_is_reported_and_all_others_are_sent(
    kafka: Kafka, topic_prefix: str
) -> None:
    settings = named(topic_prefix, kafka.url)
    limit = {"max.message.bytes": "2500"}
    create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=limit)
    check(settings, timeout=0)
    stream = StreamByHand(settings)
    stream.producer.begin_transaction()
    # By their key they go to one partition, and so in one batch, which is refused as a whole.
    for offset in range(10):
        value = bytes(3000 if offset == 5 else 1000)
        stream.bury(dead_letter(settings, 1, offset, key=b"k", value=value))
    stream.commit()
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 dead letter not replayed"):
        replay(
            settings,
            Selection(),
            again=False,
            how=UNWATCHED,
            confirm=lambda _question: True,
            console=Console(file=out, width=200),
        )
    assert "9 dead letters acknowledged" in out.getvalue()
    assert "1 failed: Broker: Message size too large" in out.getvalue()
    sent = accounts(kafka, settings)
    assert len({each.partition for each in sent}) == 1
    origins = {each.headers["replay_of"].decode() for each in sent}
    assert origins == ids(settings, *range(10)) - ids(settings, 5)
    assert {(each.key, len(each.value or b"")) for each in sent} == {(b"k", 1000)}


def test_large_ones_are_replayed_where_the_accounts_take_them(
    kafka: Kafka, topic_prefix: str
) -> None:
    settings = named(topic_prefix, kafka.url)
    limit = {"max.message.bytes": "5000000"}
    create_topic(kafka.bootstrap, settings.accounts_topic, 4, config=limit)
    check(settings, timeout=0)
    stream = StreamByHand(settings)
    stream.producer.begin_transaction()
    for offset, size in enumerate((4_000_000, 6_000_000, 10)):
        stream.bury(dead_letter(settings, 1, offset, value=bytes(size)))
    stream.commit()
    with pytest.raises(CommandError, match="1 dead letter not replayed"):
        replayed(settings)
    assert sorted(len(each.value or b"") for each in accounts(kafka, settings)) == [10, 4_000_000]


def test_a_limit_sends_so_many_and_the_next_time_others(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    bury(*(dead_letter(settings, 1, offset) for offset in range(5)))
    assert "3 of 5 by --limit" in replayed(settings, limit=3)
    assert len(accounts(kafka, settings)) == 3
    assert "2 dead letters acknowledged" in replayed(settings, limit=3)
    origins = [each.headers["replay_of"].decode() for each in accounts(kafka, settings)]
    assert sorted(origins) == sorted(ids(settings, *range(5)))


def test_a_dry_run_says_what_would_become_of_each_and_sends_nothing(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    account = {"FirstName": "A", "LastName": "B", "CreditCardNumber": "4" + 15 * "1", "Amount": 1}
    bury(
        dead_letter(settings, 1, 0),
        dead_letter(settings, 1, 1, code="veritas_failed", value=json.dumps(account).encode()),
        dead_letter(
            settings, 1, 2, code="field_type", value=json.dumps(account | {"Amount": 0}).encode()
        ),
        dead_letter(settings, 1, 3),
    )
    rows = {
        tuple(cell.strip() for cell in line.split("│")[1:-1])
        for line in replayed(settings, how=None, ids=ids(settings, 0, 1, 2)).splitlines()
        if "│" in line
    }
    assert rows == {
        ("not_json", "dead letter again: not_json", "1"),
        ("veritas_failed", "Veritas would be asked", "1"),
        ("field_type", "verdict: unauthorized", "1"),
    }
    assert accounts(kafka, settings) == []
    assert "4 dead letters acknowledged" in replayed(settings)


def shown(settings: Settings, letter_id: str, *, payload: bool = False, json: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80)
    show_letters(settings, letter_id, payload=payload, json=json, console=console)
    return out.getvalue()


def test_one_is_shown_with_its_headers_and_its_bytes_on_demand_only(
    settings: Settings, bury: Callable[..., None]
) -> None:
    value = b'{"CreditCardNumber": "%s"\xff\x1b[31m' % CARD.encode()
    bury(dead_letter(settings, 1, 7, value=value, key=b"k", failed_at=NOON), *three(settings))
    [wanted] = ids(settings, 7)
    lines = shown(settings, wanted).splitlines()
    assert lines[0] == f"Dead letter {wanted}, failed at 2026-01-31 12:00:00 (UTC)"
    assert lines[1] == f"  in {settings.dead_letters_topic}-1 at offset 0"
    assert {"  error: not_json", "  detail: broken at line 1 column 1", "  offset: 7"} <= set(lines)
    assert f"  failed_at: {NOON}" in lines
    assert "  key: 1 bytes" in lines
    assert f"  value: {len(value)} bytes" in lines
    assert CARD not in "".join(lines)
    text = shown(settings, wanted, payload=True)
    assert text.endswith(
        f'  value: {len(value)} bytes\n{{"CreditCardNumber": "{CARD}"\\xff\\x1b[31m\n'
    )

    document = json.loads(shown(settings, wanted, json=True))
    assert document["headers"]["error"] == "not_json"
    assert (document["key_bytes"], document["value_bytes"]) == (1, len(value))
    assert "value" not in document
    document = json.loads(shown(settings, wanted, json=True, payload=True))
    assert base64.b64decode(document["value"]) == value
    assert base64.b64decode(document["key"]) == b"k"


def test_one_that_is_not_there_or_not_ours_is_not_shown(
    settings: Settings, bury: Callable[..., None]
) -> None:
    bury(dead_letter(settings, 1, 1, topic="other"))
    with pytest.raises(CommandError, match="other-1-1 is of another stream, of topic other"):
        shown(settings, "other-1-1")
    with pytest.raises(CommandError, match=r"no dead letter \*{12}5614 in topic"):
        shown(settings, CARD)


def test_one_whose_account_is_there_is_found_without_reading_the_topic(
    kafka: Kafka, settings: Settings, bury: Callable[..., None]
) -> None:
    topic, now = settings.accounts_topic, time.time_ns() // 1_000_000
    produce(kafka.bootstrap, topic, [b"no account"] * 40, partition=1)
    former = [dead_letter(settings, 1, at, failed_at=NOON, code="former") for at in range(90)]
    bury(*former, *(dead_letter(settings, 1, at, failed_at=now + at) for at in range(30)))
    for at in (0, 17, 29):
        document = json.loads(shown(settings, f"{topic}-1-{at}", json=True))
        assert (document["error"], document["failed_at"]) == ("not_json", now + at)
    with pytest.raises(CommandError, match="no dead letter"):
        shown(settings, f"{topic}-1-99")
    # Of accounts that are gone all letters are shown: which one is meant cannot be told.
    delete_before(settings, topic, 1, 20)
    found = shown(settings, f"{topic}-1-17", json=True).splitlines()
    assert [json.loads(line)["error"] for line in found] == ["former", "not_json"]
