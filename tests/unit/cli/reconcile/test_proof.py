from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME
from faust_transactions import Span

from cli.reconcile.findings import Findings
from cli.reconcile.ledger import PartitionLedger
from cli.reconcile.proof import Proof
from config import Settings
from lookup.bounded_read import Headers
from records import DeadLetter
from tests.verdicts import written

SETTINGS = Settings(
    accounts_topic="accounts-2024", verdicts_topic="verdicts", dead_letters_topic="dead"
)
SPANS = {0: Span(0, 100), 1: Span(0, 100)}


@dataclass
class FakeRecord:
    """Stands for a message of confluent-kafka."""

    in_topic: str
    in_partition: int
    at: int
    content: bytes | None = b"{}"
    told: Headers = field(default_factory=list)

    def topic(self) -> str:
        return self.in_topic

    def partition(self) -> int:
        return self.in_partition

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes | None:
        return None

    def value(self) -> bytes | None:
        return self.content

    def headers(self) -> Headers | None:
        return self.told or None

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_CREATE_TIME, 1


def account(offset: int, partition: int = 0) -> FakeRecord:
    return FakeRecord("accounts-2024", partition, offset)


def verdict(offset: int, partition: int = 0, at: int = 7, /, **changes: Any) -> FakeRecord:
    plain = written("accounts-2024", partition, offset)
    content = orjson.dumps(orjson.loads(plain) | changes)
    return FakeRecord("verdicts", partition, at, content)


def dead_letter(offset: int, partition: int = 0, topic: str = "accounts-2024") -> FakeRecord:
    letter = DeadLetter(
        key=None,
        value=b"x",
        code="not_json",
        detail="",
        topic=topic,
        partition=partition,
        offset=offset,
        failed_at=1,
    )
    return FakeRecord("dead", partition, 9, b"x", list(letter.headers()))


def proof_of(*records: FakeRecord, due: int = 100) -> Proof:
    ledgers = {
        partition: PartitionLedger("accounts-2024", partition, span, due)
        for partition, span in SPANS.items()
    }
    proof = Proof(SETTINGS, ledgers)
    for record in records:
        if record.in_topic == "accounts-2024":
            proof.enter_account(record)
    for record in records:
        if record.in_topic != "accounts-2024":
            proof.enter_outcome(record)
    return proof


def findings(proof: Proof, **options: Any) -> dict[int, Findings]:
    return proof.findings(
        **{"begins": dict.fromkeys(SPANS, 0), "deleted": (), "compacted": lambda: False, **options}
    )


def test_verdicts_and_dead_letters_meet_their_accounts_in_any_order() -> None:
    proof = proof_of(
        verdict(1), account(0), account(1), dead_letter(0), account(5, 1), verdict(5, 1)
    )
    found = findings(proof)
    assert found[0] == Findings(accounts=2, verdicts=1, dead_letters=1)
    assert found[1] == Findings(accounts=1, verdicts=1)
    assert proof.elsewhere.total == 0


@pytest.mark.parametrize(
    "record",
    [
        verdict(1, topic="other"),
        verdict(1, 0, 8, id="accounts-2024-0-2"),
        verdict(1, id=None),
        verdict(1, offset=True),
        verdict(1, offset="1"),
        verdict(1, offset=1.0, id="accounts-2024-0-1.0"),
        FakeRecord("verdicts", 1, 3, verdict(1, 0).content),
        FakeRecord("verdicts", 5, 3, verdict(1, 5).content),
        FakeRecord("verdicts", 0, 3, b"nonsense"),
        FakeRecord("verdicts", 0, 3, b"[1]"),
        FakeRecord("verdicts", 0, 3, b"{}"),
        FakeRecord("verdicts", 0, 3, None),
        FakeRecord("dead", 0, 3, b"x", []),
        FakeRecord("dead", 1, 3, b"x", dead_letter(1, 0).told),
    ],
)
def test_what_names_no_account_of_ours_is_orphaned(record: FakeRecord) -> None:
    proof = proof_of(account(1), record)
    assert proof.elsewhere.total == 1
    where = f"{record.in_topic}-{record.in_partition}@{record.at}"
    assert proof.elsewhere.ids[0].endswith(f"({where})")
    assert findings(proof)[0].missing.ids == ["accounts-2024-0-1"]


def test_an_invented_id_shows_no_card_number() -> None:
    proof = proof_of(verdict(1, id="4111111111111111"))
    assert proof.elsewhere.ids == ["************1111 (verdicts-0@7)"]


def test_ids_are_shown_whole_however_many_digits_they_have() -> None:
    proof = proof_of(verdict(1, id="accounts-2024-0-12345678901"))
    assert proof.elsewhere.ids == ["accounts-2024-0-12345678901 (verdicts-0@7)"]


def test_before_the_first_verdict_that_is_left_nothing_can_be_proven() -> None:
    records = [account(n) for n in (1, 5, 9)] + [verdict(5)]
    found = findings(proof_of(*records), deleted=[("verdicts", 0)])[0]
    assert found.outcomes_deleted == 1
    assert found.missing.ids == ["accounts-2024-0-9"]
    # Another partition's retention says nothing about this one.
    found = findings(proof_of(*records), deleted=[("verdicts", 1), ("dead", 1)])[0]
    assert found.missing.total == 2


def test_before_the_first_dead_letter_that_is_left_nothing_can_be_proven() -> None:
    records = [account(n) for n in (1, 5, 9)] + [verdict(5), dead_letter(9)]
    found = findings(proof_of(*records), deleted=[("dead", 0)])[0]
    assert found.outcomes_deleted == 1
    assert found.proven


def test_where_no_verdict_is_left_each_of_them_may_be_deleted() -> None:
    found = findings(proof_of(account(1), account(2), due=2), deleted=[("verdicts", 0)])[0]
    assert found.outcomes_deleted == 1
    assert found.pending == 1
    assert found.proven


def test_accounts_deleted_while_they_were_read_are_not_orphaned() -> None:
    found = findings(proof_of(verdict(1), verdict(3), account(3)), begins={0: 2})[0]
    assert found.accounts_deleted == 1
    assert found.proven


def test_outcomes_of_another_stream_are_counted_by_its_topic() -> None:
    others = [verdict(n, topic="eu", id=f"eu-0-{n}") for n in range(3)]
    proof = proof_of(account(0), verdict(0), *others, dead_letter(4, topic="eu"))
    assert proof.other_streams == {"eu": 4}
    assert proof.elsewhere.total == 0
    assert findings(proof)[0].proven


def test_names_of_other_streams_are_bounded_and_show_no_card_number() -> None:
    card = "4111111111111111"
    names = [card, *(f"topic-{n}" for n in range(100))]
    proof = proof_of(*(verdict(1, topic=name, id=f"{name}-0-1") for name in names))
    assert proof.other_streams.total() == 101
    assert len(proof.other_streams) == 21
    assert card not in str(proof.other_streams)


def test_verdicts_are_counted_by_the_key_of_their_token() -> None:
    proof = proof_of(
        *(account(n) for n in range(4)),
        *(verdict(n, key="0123abcd") for n in range(2)),
        verdict(2, key="ffffffff"),
        verdict(3, key=""),
    )
    assert proof.keys == {"0123abcd": 2, "ffffffff": 1}


def test_verdicts_are_counted_by_outcome_those_of_version_0_1_too() -> None:
    proof = proof_of(
        *(account(n) for n in range(4)),
        verdict(0, outcome="review", authorized=False),
        verdict(1),
        verdict(2, outcome="", authorized=True),
        verdict(3, outcome="", authorized=False),
        verdict(4, outcome="refused"),
    )
    assert proof.outcomes == {"review": 1, "authorized": 2, "unauthorized": 1}
    assert proof.elsewhere.ids == ["not a verdict (verdicts-0@7)"]


@pytest.mark.parametrize("field", ["verified_at", "offset", "partition"])
@pytest.mark.parametrize("number", [1e30, 10**19, -1, True, None, "1"])
def test_numbers_that_nothing_holds_make_no_verdict(field: str, number: Any) -> None:
    proof = proof_of(account(1), verdict(1, 0, 7, **{field: number}))
    assert proof.elsewhere.ids == ["not a verdict (verdicts-0@7)"]


def test_numbers_that_nothing_holds_make_no_dead_letter() -> None:
    record = dead_letter(1)
    record.told = [(n, b"9" * 400 if n == "failed_at" else v) for n, v in record.told]
    assert proof_of(account(1), record).elsewhere.ids == ["not a dead letter (dead-0@9)"]
