from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import BankAccount, DeadLetter, PartitionCounts, Verdict, read_verdict, record_id
from records.card import mask
from records.codec.bounds import MOST_RULES
from records.codec.verdict_encoder import VerdictEncoder
from records.codec.wire import WireRecord
from records.outcome import Outcome
from records.partition_counts import FORMER, MOST_NAMES, added
from records.replay import Replay
from records.verdict import VerdictPlace, read_place
from tests.unit.records import strategies as some

CARD = "3558018114425614"
ON_THE_WIRE = (
    b'{"FirstName":"Jimmie","LastName":"Swaniawski",'
    b'"CreditCardNumber":"3558018114425614","Amount":644.78}'
)
VERDICT_ON_THE_WIRE = (
    b'{"id":"bankaccount-3-1042","topic":"bankaccount","partition":3,"offset":1042,'
    b'"account":"9f0c1d2e3f405162738495a6b7c8d9ea","card":"************5614","amount":644.78,'
    b'"authorized":false,"reasons":["veritas_declined"],"verified_at":1795410452087,"key":"a1b2c3d4",'
    b'"outcome":"unauthorized","score":0,"rules":"0f1e2d3c4b5a","veritas":false}'
)
FIELDS: dict[str, Any] = {
    "first_name": "Jimmie",
    "last_name": "Swaniawski",
    "credit_card_number": CARD,
    "amount": 644.78,
}
LETTER: dict[str, Any] = {
    "key": b"k",
    "value": b"\xff",
    "code": "not_utf8",
    "detail": "byte 0 is not UTF-8",
    "topic": "bankaccount",
    "partition": 3,
    "offset": 1042,
    "failed_at": 1795410452087,
}


def test_an_account_is_written_as_the_contract_says() -> None:
    assert BankAccount(**FIELDS).dumps() == ON_THE_WIRE


def test_an_account_is_read_from_what_the_contract_says() -> None:
    assert BankAccount.loads(ON_THE_WIRE) == BankAccount(**FIELDS)


def test_a_verdict_is_written_as_the_contract_says() -> None:
    encoder = VerdictEncoder("bankaccount", 3, 1795410452087, "a1b2c3d4", "0f1e2d3c4b5a")
    ending = encoder.ending("unauthorized", ("veritas_declined",), 0, False, None, ())
    account, card = b"9f0c1d2e3f405162738495a6b7c8d9ea", mask(CARD).encode()
    written = encoder.encode(1042, account, card, 644.78, ending)
    assert written == VERDICT_ON_THE_WIRE


@given(some.accounts | some.verdicts | some.rows)
def test_what_is_written_is_read_back_equal(record: WireRecord) -> None:
    assert type(record).loads(record.dumps()) == record


@given(some.accounts | some.verdicts | some.rows)
def test_no_metadata_of_faust_is_on_the_wire(record: WireRecord) -> None:
    assert "__faust" not in orjson.loads(record.dumps())


@given(some.dead_letters)
def test_a_dead_letter_is_read_back_equal_from_its_message(letter: DeadLetter) -> None:
    assert DeadLetter.from_message(letter.key, letter.value, letter.headers()) == letter


@given(some.verdicts, some.card_numbers(0, 22), st.binary(min_size=16, max_size=16))
def test_the_fast_encoding_and_the_record_write_the_same(
    verdict: Verdict, card: str, token: bytes
) -> None:
    verdict.id = record_id(verdict.topic, verdict.partition, verdict.offset)
    verdict.account, verdict.card = token.hex(), mask(card)
    encoder = VerdictEncoder(
        verdict.topic, verdict.partition, verdict.verified_at, verdict.key, verdict.rules
    )
    ending = encoder.ending(
        cast(Outcome, verdict.outcome),
        verdict.reasons,
        verdict.score,
        verdict.veritas,
        verdict.allowed_by,
        verdict.shadow,
    )
    encoded = encoder.encode(
        verdict.offset, verdict.account.encode(), verdict.card.encode(), verdict.amount, ending
    )
    assert encoded == verdict.dumps()
    assert Verdict.loads(encoded) == verdict


def test_what_is_empty_is_left_out_where_that_is_the_rule() -> None:
    verdict = Verdict.loads(VERDICT_ON_THE_WIRE)
    assert not {"allowed_by", "shadow"} & set(orjson.loads(verdict.dumps()))
    verdict.allowed_by, verdict.shadow = "friend", ("trial",)
    told = orjson.loads(verdict.dumps())
    assert (told["allowed_by"], told["shadow"]) == ("friend", ["trial"])


def test_unknown_fields_are_passed_over_whatever_their_names() -> None:
    data = orjson.loads(ON_THE_WIRE) | {
        "Currency": "EUR",
        "__strict__": True,
        "self": 1,
        "dumps": CARD,
        "__faust": {"ns": "records.verdict.Verdict"},
    }
    account = BankAccount.from_data(data)
    assert type(account) is BankAccount
    assert account == BankAccount(**FIELDS)
    assert account.dumps() == ON_THE_WIRE
    assert "Currency" in data  # the caller's object is as it was


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Amount": None}, "BankAccount: Amount is null"),
        ({"Amount": "644.78"}, "BankAccount: Amount is a str"),
        ({"Amount": True}, "BankAccount: Amount is a bool"),
        ({"FirstName": 5}, "BankAccount: FirstName is a int"),
        ({"CreditCardNumber": int(CARD)}, "BankAccount: CreditCardNumber is a int"),
    ],
)
def test_a_field_of_another_type_is_refused_without_its_value(
    change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError) as error:
        BankAccount.from_data(orjson.loads(ON_THE_WIRE) | change)
    assert str(error.value) == complaint


@pytest.mark.parametrize("name", ["FirstName", "LastName", "CreditCardNumber", "Amount"])
def test_a_missing_field_is_refused_by_name(name: str) -> None:
    data = orjson.loads(ON_THE_WIRE)
    del data[name]
    with pytest.raises(ValueError, match=f"^BankAccount: {name} is missing$"):
        BankAccount.from_data(data)


@pytest.mark.parametrize("payload", [b"null", b"[]", b"5", b'"3558018114425614"'])
def test_json_that_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a JSON object is needed") as error:
        Verdict.loads(payload)
    assert CARD not in str(error.value)


def test_a_row_written_with_fewer_fields_is_read_with_the_defaults() -> None:
    assert PartitionCounts.loads(b'{"authorized":3}') == PartitionCounts(authorized=3)


def test_a_row_of_version_0_1_is_read_with_its_window() -> None:
    old = b'{"authorized":3,"next_offset":4,"codes":{"empty":1},"recent":"5"}'
    row = PartitionCounts.loads(old)
    assert row == PartitionCounts(
        authorized=3, next_offset=4, codes={"empty": 1}, invalid_window="5", key=""
    )
    assert b'"recent"' not in row.dumps()
    assert PartitionCounts.loads(row.dumps()) == row


@pytest.mark.parametrize(
    "change",
    [
        {"authorized": -1},
        {"dead_letters": 2**63},
        {"next_offset": -1},
        {"updated_at": 10**15},
        {"reasons": {"name_blank": "many"}},
        {"codes": {"empty": -1}},
        {"codes": {"empty": 1e30}},
        {"review": -1},
        {"hits": {"large": -1}},
        {"shadow_hits": {"trial": 2**63}},
    ],
)
def test_a_row_with_a_number_out_of_its_range_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of its range"):
        PartitionCounts.from_data(change)


def verdict_with(**changes: Any) -> bytes:
    return orjson.dumps(orjson.loads(VERDICT_ON_THE_WIRE) | changes)


def test_a_verdict_of_ours_is_read() -> None:
    assert read_verdict(VERDICT_ON_THE_WIRE) == Verdict.loads(VERDICT_ON_THE_WIRE)
    assert read_verdict(verdict_with(score=3, features={"count_10m": 4})) is not None


@pytest.mark.parametrize(
    ("authorized", "reasons", "outcome", "veritas"),
    [
        (True, [], "authorized", True),
        (False, ["veritas_declined"], "unauthorized", False),
        (False, ["name_blank"], "unauthorized", None),
    ],
)
def test_what_a_verdict_of_version_0_1_does_not_say_follows_from_what_it_says(
    authorized: bool, reasons: list[str], outcome: str, veritas: bool | None
) -> None:
    old = orjson.loads(verdict_with(authorized=authorized, reasons=reasons))
    for name in ("key", "outcome", "score", "rules", "veritas"):
        del old[name]
    verdict = read_verdict(orjson.dumps(old))
    assert verdict is not None
    assert (verdict.key, verdict.rules, verdict.score) == ("", "", 0)
    assert (verdict.outcome, verdict.veritas) == (outcome, veritas)


def test_a_verdict_that_names_every_rule_of_the_largest_set_is_read() -> None:
    names = [f"{number:064d}" for number in range(MOST_RULES)]
    value = verdict_with(outcome="review", reasons=[*names, "rule_error", "veritas_declined"])
    assert read_verdict(value) is not None
    assert len(value) < 40_000
    assert read_verdict(verdict_with(shadow=names)) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"verified_at": 1e30},
        {"verified_at": 10**18},
        {"verified_at": -1},
        {"partition": -1},
        {"partition": 2**31},
        {"offset": 2**63},
        {"offset": True},
        {"amount": "1"},
        {"amount": None},
        {"id": "x" * 300},
        {"topic": "x" * 250},
        {"account": "x" * 101},
        {"card": "*" * 1_000},
        {"key": "x" * 101},
        {"reasons": ["x"] * 503},
        {"reasons": ["x" * 101]},
        {"reasons": [1]},
        {"reasons": {"a": 1}},
        {"reasons": "name_blank"},
        {"authorized": 1},
        {"authorized": True},
        {"outcome": "authorized"},
        {"outcome": "refused"},
        {"outcome": None},
        {"score": "1"},
        {"score": True},
        {"rules": "x" * 101},
        {"rules": 1},
        {"veritas": 1},
        {"veritas": "true"},
        {"allowed_by": "x" * 101},
        {"shadow": ["x"] * 503},
        {"shadow": [1]},
        {"shadow": "name_blank"},
    ],
    ids=lambda change: repr(change)[:30],
)
def test_what_is_out_of_bounds_is_no_verdict_of_ours(change: dict[str, Any]) -> None:
    assert read_verdict(verdict_with(**change)) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"[]",
        b"[" * 10_000,
        b'{"id":' * 5_000,
        VERDICT_ON_THE_WIRE.replace(b"644.78", b"1e999"),
        VERDICT_ON_THE_WIRE.replace(b"644.78", b"NaN"),
        VERDICT_ON_THE_WIRE.replace(b'"score":0', b'"score":1e999'),
        VERDICT_ON_THE_WIRE + b" " * 70_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_other_bytes_are_no_verdict(value: bytes | None) -> None:
    assert read_verdict(value) is None
    assert read_place(value) is None or b"id" in (value or b"")[:5]


@given(some.verdicts)
def test_every_verdict_that_is_written_within_bounds_is_read(verdict: Verdict) -> None:
    assert read_verdict(verdict.dumps()) == verdict
    place = read_place(verdict.dumps())
    assert place is not None
    assert place == tuple(getattr(verdict, name) for name in VerdictPlace._fields)


def test_rows_do_not_share_their_tallies() -> None:
    row = PartitionCounts()
    row.reasons["name_blank"] = 1
    row.codes["empty"] = 1
    given_tally = {"name_blank": 1}
    other = PartitionCounts(reasons=given_tally)
    other.reasons["name_blank"] = 2
    assert PartitionCounts().reasons == {}
    assert PartitionCounts().codes == {}
    assert given_tally == {"name_blank": 1}


def test_the_total_of_a_row_is_its_verdicts() -> None:
    row = PartitionCounts(authorized=3, review=4, unauthorized=2, dead_letters=7)
    assert row.total == 9


def test_a_tally_grows_by_name() -> None:
    assert added({"a": 1, "b": 2}, {"b": 1, "c": 4}, ()) == {"a": 1, "b": 3, "c": 4}


def test_a_full_tally_keeps_what_is_in_use_and_sums_up_the_rest() -> None:
    old = {f"old_{number}": 2 for number in range(MOST_NAMES - 2)}
    full = added(old, {"new": 5, "rule_error": 1}, {"new"})
    assert len(full) == MOST_NAMES
    over = added(full, {"newer": 7}, {"new", "newer"})
    assert over == {"new": 5, "rule_error": 1, "newer": 7, FORMER: 2 * (MOST_NAMES - 2)}
    again = added({**over, **{f"x_{n}": 1 for n in range(MOST_NAMES)}}, {"newer": 1}, {"newer"})
    assert again == {"rule_error": 1, "newer": 8, FORMER: 2 * (MOST_NAMES - 2) + 5 + MOST_NAMES}


@given(some.tallies, some.tallies, st.sets(st.text()))
def test_no_hit_is_lost_in_a_tally(
    tally: dict[str, int], more: dict[str, int], in_use: set[str]
) -> None:
    many = {f"old_{number}": 1 for number in range(MOST_NAMES - 3)}
    total = added({**tally, **many}, more, in_use)
    assert sum(total.values()) == sum(tally.values()) + len(many) + sum(more.values())
    assert len(total) <= max(MOST_NAMES, len(in_use) + 3)


def test_a_dead_letter_has_the_headers_of_the_contract() -> None:
    assert DeadLetter(**LETTER).headers() == [
        ("error", b"not_utf8"),
        ("detail", b"byte 0 is not UTF-8"),
        ("topic", b"bankaccount"),
        ("partition", b"3"),
        ("offset", b"1042"),
        ("failed_at", b"1795410452087"),
    ]


@pytest.mark.parametrize("value", [b"\xff\x00", b"", None])
def test_a_dead_letter_is_sent_as_the_bytes_it_came_in(value: bytes | None) -> None:
    assert DeadLetter(**LETTER | {"value": value}).dumps() == value


def test_a_dead_letter_is_shown_in_json_without_its_bytes() -> None:
    shown = orjson.loads(orjson.dumps(DeadLetter(**LETTER).to_representation()))
    assert shown == {
        "id": "bankaccount-3-1042",
        "error": "not_utf8",
        "detail": "byte 0 is not UTF-8",
        "topic": "bankaccount",
        "partition": 3,
        "offset": 1042,
        "failed_at": 1795410452087,
        "replay_of": None,
        "replay_count": 0,
        "key_bytes": 1,
        "value_bytes": 1,
    }


def test_a_dead_letter_of_a_replayed_record_says_so_behind_the_headers_of_the_contract() -> None:
    plain = DeadLetter(**LETTER)
    letter = DeadLetter(**LETTER, replay=Replay("bankaccount-3-7", 2))
    assert letter.headers() == [
        *plain.headers(),
        ("replay_of", b"bankaccount-3-7"),
        ("replay_count", b"2"),
    ]
    shown = letter.to_representation()
    assert (shown["replay_of"], shown["replay_count"]) == ("bankaccount-3-7", 2)


def test_headers_of_others_do_not_disturb_a_dead_letter() -> None:
    letter = DeadLetter(**LETTER)
    headers = [("traceparent", b"\xff"), *letter.headers(), ("nothing", None)]
    assert DeadLetter.from_message(letter.key, letter.value, headers) == letter


@pytest.mark.parametrize("name", ["error", "detail", "topic", "partition", "offset", "failed_at"])
def test_a_message_without_one_of_the_headers_is_no_dead_letter(name: str) -> None:
    headers = [each for each in DeadLetter(**LETTER).headers() if each[0] != name]
    for lacking in (headers, [*headers, (name, None)]):
        with pytest.raises(ValueError, match=f"not a dead letter: no header '{name}'"):
            DeadLetter.from_message(None, None, lacking)


@pytest.mark.parametrize(
    "header",
    [
        ("offset", b"x"),
        ("offset", b"-1"),
        ("offset", b"9223372036854775808"),
        ("offset", b" 1"),
        ("partition", b"2147483648"),
        ("failed_at", b"1" * 30),
        ("failed_at", b"9" * 5_000),
        ("failed_at", b"253402300800000"),
        ("topic", b"t" * 250),
        ("detail", b"\xff"),
    ],
)
def test_a_message_with_a_header_that_cannot_be_read_is_no_dead_letter(
    header: tuple[str, bytes],
) -> None:
    headers = [*DeadLetter(**LETTER).headers(), header]
    with pytest.raises(ValueError, match="a header cannot be read"):
        DeadLetter.from_message(None, None, headers)


def records_that_hold_a_card(card: str) -> list[WireRecord]:
    """Each kind of record, with the card wherever text can be, also where it never belongs."""
    return [
        BankAccount(first_name=card, last_name=f"x{card}", credit_card_number=card, amount=1.0),
        BankAccount(first_name="", last_name="", credit_card_number=int(card), amount=1.0),
        Verdict(
            id=card,
            topic=card,
            partition=0,
            offset=0,
            account=card,
            card=card,
            amount=1.0,
            authorized=False,
            reasons=(card,),
            verified_at=0,
        ),
        DeadLetter(
            key=card.encode(),
            value=f'{{"CreditCardNumber":"{card}"}}'.encode(),
            code=card,
            detail=f"what of {card}?",
            topic=card,
            partition=0,
            offset=0,
            failed_at=0,
            replay=Replay(card, 1),
        ),
        PartitionCounts(reasons={card: 1}, codes={card: 1}, worker=card),
    ]


@given(some.card_numbers())
def test_no_record_shows_more_of_a_card_than_its_last_four_digits(card: str) -> None:
    for record in records_that_hold_a_card(card):
        for text in (repr(record), str(record), f"{record}", f"{[record]}"):
            assert card not in text
            assert card[:5] not in text
            assert card[-5:] not in text


def test_an_account_is_shown_with_its_card_masked() -> None:
    assert repr(BankAccount(**FIELDS)) == (
        "<BankAccount: first_name='Jimmie', last_name='Swaniawski', "
        "credit_card_number='************5614', amount=644.78>"
    )


def test_a_token_is_shown_whole() -> None:
    verdict = Verdict.loads(VERDICT_ON_THE_WIRE)
    verdict.account = "12345678901234" + "ab" * 9  # by chance as long as a card
    assert f"account='{verdict.account}'" in repr(verdict)


def test_a_record_that_is_not_filled_yet_can_be_shown() -> None:
    for record in (BankAccount, Verdict, DeadLetter, PartitionCounts):
        assert record.__name__ in repr(record.__new__(record))


@pytest.mark.parametrize(
    "make",
    [
        lambda: BankAccount(FIELDS["first_name"], CARD),
        lambda: BankAccount(**FIELDS, other=CARD),
        lambda: BankAccount(CARD, CARD, CARD, 1.0, CARD),
        lambda: BankAccount.from_data({"CreditCardNumber": CARD}),
        lambda: BankAccount.from_data({"FirstName": [CARD], "CreditCardNumber": CARD}),
        lambda: BankAccount.from_data([CARD]),
        lambda: BankAccount.loads(b'{"CreditCardNumber":"3558018114425614"'),
        lambda: DeadLetter.from_message(None, CARD.encode(), [("error", CARD.encode())]),
        lambda: DeadLetter.from_data({"value": CARD}),
    ],
)
def test_no_exception_of_a_record_shows_a_card(make: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    cause: BaseException | None = error.value
    while cause is not None:
        assert CARD not in repr(cause)
        assert CARD not in str(cause)
        cause = cause.__cause__ or cause.__context__


@given(st.text(), st.integers(0), st.integers(0))
def test_the_id_says_where_the_input_is(topic: str, partition: int, offset: int) -> None:
    assert record_id(topic, partition, offset) == f"{topic}-{partition}-{offset}"
